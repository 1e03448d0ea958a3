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
    """Where one target truly was: samples in the order of time; `size` is how many a group is."""

    target: str
    object: str
    unit: str | None
    at_us: NDArray[np.int64]  # (k,)
    lon: Floats  # (k,)
    lat: Floats  # (k,)
    size: int = 1


def read_truth(path: Path) -> list[TruePath]:
    """Read truth.jsonl; a last line cut short by a kill is left out. Raises ValueError."""
    heads: dict[str, dict[str, Any]] = {}
    samples: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break
            row = json.loads(line)
            heads.setdefault(row["target"], row)
            samples[row["target"]].append((row["at_us"], row["lon"], row["lat"]))
    return [
        TruePath(
            target=target,
            object=head["class"],
            unit=head.get("unit"),
            at_us=np.array([at_us for at_us, _, _ in samples[target]], np.int64),
            lon=np.array([lon for _, lon, _ in samples[target]], float),
            lat=np.array([lat for _, _, lat in samples[target]], float),
            size=head.get("size", 1),
        )
        for target, head in heads.items()
    ]
