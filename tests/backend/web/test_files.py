"""No path leads out of a folder."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from watchline.web.files import inside

PIECE = st.sampled_from(
    [
        "a.txt",
        "deep",
        "..",
        ".",
        "",
        "link",
        "outside.txt",
        "/etc/passwd",
        "%2e%2e",
        "\0",
        "\\..",
        "．．",
        ".hidden",
        "~",
        "deep/../..",
        "x" * 300,
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("files")
    served = root / "served"
    (served / "deep").mkdir(parents=True)
    for path in (
        served / "a.txt",
        served / "deep" / "a.txt",
        served / ".hidden",
        root / "outside.txt",
    ):
        path.write_text("x")
    (served / "link").symlink_to(root)
    return served


def test_files_inside_are_found(folder):
    assert inside(folder, "a.txt") == folder / "a.txt"
    assert inside(folder, "deep/a.txt") == folder / "deep" / "a.txt"
    assert inside(folder / "missing", "a.txt") is None


@settings(deadline=None, max_examples=300)
@example(pieces=["link", "outside.txt"])
@example(pieces=["..", "outside.txt"])
@given(pieces=st.lists(PIECE, max_size=5))
def test_nothing_outside_is(folder, pieces):
    found = inside(folder, "/".join(pieces))
    assert found is None or found in (folder / "a.txt", folder / "deep" / "a.txt")
