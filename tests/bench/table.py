"""`make bench`: run every bench_*.py here, then print what their last lines say as one table."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def rows(results: dict[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(bench, figure, value) of every result, the bench named once."""
    made = []
    for bench, result in results.items():
        name = bench
        for key, value in result.items():
            if key == "bench":
                continue
            shown = f"{value:,.4g}" if isinstance(value, float) else str(value)
            shown = f"{value:,}" if isinstance(value, int | float) and abs(value) >= 1000 else shown
            made.append((name, key, shown))
            name = ""
    return made


def main() -> int:
    """Run them one after the other; the exit status is 1 when one failed."""
    results: dict[str, dict[str, Any]] = {}
    failed = []
    for script in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = script.stem.removeprefix("bench_")
        print(f"── {name} ".ljust(72, "─"), flush=True)
        done = subprocess.run(
            [sys.executable, script], stdout=subprocess.PIPE, text=True, check=False
        )
        print(done.stdout, end="", flush=True)
        lines = done.stdout.strip().splitlines()
        if done.returncode != 0 or not lines:
            failed.append(name)
            continue
        results[name] = json.loads(lines[-1])
    table = [("bench", "figure", "value"), *rows(results)]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    print()
    for bench, figure, value in table:
        print(f"{bench:<{widths[0]}}  {figure:<{widths[1]}}  {value:>{widths[2]}}")
    for name in failed:
        print(f"{name} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
