"""Machine code is kept on disk where possible, is never stale, and is never a reason to fail."""

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_names = itertools.count()

INNER = """
from watchline.compiled import kernel

@kernel
def part(x):
    return x + {add}
"""

OUTER = """
from pathlib import Path
from inner import part
from watchline.compiled import entry

@entry(__file__, str(Path(__file__).with_name("inner.py")))
def whole(x):
    return 2 * part(x)
"""


def load(folder: Path, add: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write both files, import them as a new process would, and give the compiled function."""
    (folder / "inner.py").write_text(INNER.format(add=add))
    (folder / "outer.py").write_text(OUTER)
    inner = _import(folder / "inner.py", "inner")
    monkeypatch.setitem(__import__("sys").modules, "inner", inner)
    return _import(folder / "outer.py", f"outer{next(_names)}").whole


def _import(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    return module


def hits(function: Any) -> int:
    return sum(function.stats.cache_hits.values())


def test_the_second_start_reads_what_the_first_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(tmp_path, 1, monkeypatch)
    assert first(1) == 4 and hits(first) == 0
    second = load(tmp_path, 1, monkeypatch)
    assert second(1) == 4 and hits(second) == 1


def test_a_change_in_another_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(tmp_path, 1, monkeypatch)(1) == 4
    changed = load(tmp_path, 5, monkeypatch)
    assert changed(1) == 12 and hits(changed) == 0


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 40])
def test_a_file_cut_short_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, left: int
) -> None:
    assert load(tmp_path, 1, monkeypatch)(1) == 4
    (kept,) = (tmp_path / "__pycache__").glob(f"*.{suffix}")
    kept.write_bytes(kept.read_bytes()[:left])
    assert load(tmp_path, 1, monkeypatch)(1) == 4
    again = load(tmp_path, 1, monkeypatch)
    assert again(1) == 4 and hits(again) == 1


def test_without_a_place_to_write_it_compiles_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of a program installed by root, run by a user without a home."""
    (tmp_path / "__pycache__").write_text("a file where the folder should be")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/dev/null/nowhere")
    monkeypatch.setattr("numba.core.config.CACHE_DIR", "")
    function = load(tmp_path, 1, monkeypatch)
    assert function(1) == 4 and hits(function) == 0


def test_a_disk_that_fills_up_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = load(tmp_path, 1, monkeypatch)
    folder = tmp_path / "__pycache__"
    for kept in folder.iterdir():
        kept.unlink()
    folder.rmdir()
    folder.write_text("no room")
    assert function(1) == 4
