"""truth.jsonl: where everything truly was."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePath:
    """Where one target truly was: samples in the order of time."""

    target: str
    object: str
    unit: str | None
    at_us: NDArray[np.int64]  # (k,)
    lon: Floats  # (k,)
    lat: Floats  # (k,)


def read_truth(path: Path) -> list[TruePath]:
    """Read truth.jsonl; a last line cut short by a kill is left out. Raises ValueError."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        if number == len(lines) - 1 and not line.endswith("\n"):
            break
        row = json.loads(line)
        rows[row["target"]].append(row)
    return [
        TruePath(
            target=target,
            object=several[0]["class"],
            unit=several[0].get("unit"),
            at_us=np.array([row["at_us"] for row in several], np.int64),
            lon=np.array([row["lon"] for row in several], float),
            lat=np.array([row["lat"] for row in several], float),
        )
        for target, several in rows.items()
    ]
