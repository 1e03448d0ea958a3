"""Warming up compiles once: the next process finds it kept."""

import subprocess
import sys

from watchline.warm import warm_up


def test_a_second_process_finds_it_all_compiled() -> None:
    warm_up()
    code = (
        "from numba.core.event import install_recorder; import watchline.warm as w\n"
        "with install_recorder('numba:compile') as seen: w.warm_up()\n"
        "print(len(seen.buffer))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 0
