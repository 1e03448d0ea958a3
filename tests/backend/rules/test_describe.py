"""Each rule kind has its page, and the page is what its file says."""

from pathlib import Path

from watchline.rules.describe import write

PAGES = Path(__file__).resolve().parents[3] / "docs/reference/rules"


def test_the_pages_are_those_that_make_docs_makes(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: path.read_text() for path in PAGES.iterdir()} == made
