"""Kept machine code is made anew when any source it came from changes."""

import os
import subprocess
import sys
from pathlib import Path

USER = """
from helper import FACTOR
from watchline.geofences.compiled import compiled

@compiled
def times(x: float) -> float:
    return FACTOR * x

print(times(2.0), sum(times.stats.cache_hits.values()))
"""


def run(folder: Path, factor: float) -> str:
    (folder / "helper.py").write_text(f"FACTOR = {factor}\n")
    (folder / "user.py").write_text(USER)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kept")}
    done = subprocess.run(
        [sys.executable, "user.py"], cwd=folder, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_constant_of_another_file(tmp_path: Path) -> None:
    assert run(tmp_path, 3.0) == "6.0 0"
    assert run(tmp_path, 3.0) == "6.0 1"
    assert run(tmp_path, 5.0) == "10.0 0"
