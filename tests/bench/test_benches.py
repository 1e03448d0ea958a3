"""The benchmarks still fit what they measure; how fast that is, `make bench` says."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

HERE = Path(__file__).parent


def loaded(script: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with its neighbours in reach as when it is run."""
    monkeypatch.syspath_prepend(HERE)
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, script.stem, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", sorted(HERE.glob("bench_*.py")), ids=lambda path: path.stem)
def test_every_benchmark_finds_what_it_needs(script, monkeypatch):
    assert callable(loaded(script, monkeypatch).main)


def test_areas_lines_and_states_are_judged_as_they_are_called(monkeypatch):
    bench = loaded(HERE / "bench_fences.py", monkeypatch)
    monkeypatch.setattr(bench, "ROUNDS", 1)
    rng = np.random.default_rng(1)
    x, y, turn = rng.uniform(-0.5, 0.5, (3, 500)) * [[bench.EXTENT_M], [bench.EXTENT_M], [6.0]]
    made = bench.areas(20, rng), bench.lines(20, rng)
    assert bench.bench_areas(made[0], x, y, turn)["ours_prob_per_s"] > 0
    assert bench.bench_lines(made[1], x, y, turn)["ours_per_s"] > 0
    compiled = bench.engine.compile_rules(made[0] + made[1], bench.rules_over(made[0] + made[1]))
    assert not compiled.refused
