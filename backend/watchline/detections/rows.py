"""Detections as columns: one packed record a detection, and a heap for its texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.contract import CLASS_ORDER, Detection

#: One detection; NaN: not told. Angles in degrees, lengths in metres, the frame of lon/lat is
#: WGS 84 and that of the covariance its local east and north. `sensor` and `edge` are the
#: database's numbers. A text is `*_size` octets of the heap from `*_from` on, none when −1.
ROW = np.dtype(
    [
        ("at_us", "<i8"),
        ("arrived_us", "<i8"),
        ("boot", "<i8"),
        ("seq", "<i8"),
        ("lon_deg", "<f8"),
        ("lat_deg", "<f8"),
        ("var_east_m2", "<f8"),
        ("cov_m2", "<f8"),
        ("var_north_m2", "<f8"),
        ("bearing_deg", "<f8"),
        ("bearing_sigma_deg", "<f8"),
        ("range_m", "<f8"),
        ("range_sigma_m", "<f8"),
        ("east_mps", "<f8"),
        ("north_mps", "<f8"),
        ("speed_sigma_mps", "<f8"),
        ("score", "<f8"),
        ("track_from", "<i8"),  # the device's own track number
        ("extras_from", "<i8"),  # as JSON
        ("track_size", "<i4"),
        ("extras_size", "<i4"),
        ("sensor", "<i4"),
        ("edge", "<i4"),
        ("classes", "<f4", (len(CLASS_ORDER),)),
        ("spare", "<i4"),
    ]
)
#: numpy copies records field by field, octets at once.
_OCTETS = np.dtype((np.void, ROW.itemsize))
#: The floating-point columns, absent as NaN.
FLOATS = tuple(name for name in ROW.names or () if ROW[name] == np.dtype("<f8"))


@dataclass(frozen=True, slots=True)
class Rows:
    """n detections with their natural keys; `rows["at_us"]` is a column, see ROW."""

    table: NDArray[Any]  # (n,) of ROW
    heap: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.table[name]

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Rows":
        """The rows at `index` (positions or a mask), in that order."""
        return Rows(self.table.view(_OCTETS)[index].view(ROW), self.heap)

    def in_time_order(self) -> "Rows":
        """Sorted by (at, edge, boot, seq): the one order in which a sector lives."""
        table = self.table
        return self.take(np.lexsort((table["seq"], table["boot"], table["edge"], table["at_us"])))

    def by_boot(self) -> list[tuple[int, int, NDArray[np.int64]]]:
        """(edge number, boot, its seqs ascending) of each boot that has rows here."""
        edge, boot, seq = self["edge"], self["boot"], self["seq"]
        found = []
        left = np.ones(len(self), np.bool_)
        while left.any():
            first = int(left.argmax())
            mine = left & (boot == boot[first]) & (edge == edge[first])
            found.append((int(edge[first]), int(boot[first]), np.sort(seq[mine])))
            left &= ~mine
        return found


def concatenate(parts: Sequence[Rows]) -> Rows:
    """All rows of `parts`, one after the other; `parts` must not be empty."""
    if len(parts) == 1:
        return parts[0]
    table = np.concatenate([part.table.view(_OCTETS) for part in parts]).view(ROW)
    # Parts taken from one envelope share its heap.
    at: dict[int, int] = {}
    heaps: list[NDArray[np.uint8]] = []
    row = size = 0
    for part in parts:
        shift = at.get(id(part.heap))
        if shift is None:
            shift = at[id(part.heap)] = size
            heaps.append(part.heap)
            size += len(part.heap)
        table["track_from"][row : row + len(part)] += shift
        table["extras_from"][row : row + len(part)] += shift
        row += len(part)
    return Rows(table, np.concatenate(heaps))


def blank(n: int) -> NDArray[Any]:
    """n records of ROW in which nothing is told."""
    table = np.zeros(n, ROW)
    for name in FLOATS:
        table[name] = np.nan
    table["classes"] = np.nan
    table["track_size"] = table["extras_size"] = -1
    return table


def fill(row: Any, detection: Detection) -> None:
    """Write a detection's numbers into a blank record; texts, sensor and keys are not its own."""
    row["at_us"] = detection.at_us
    p, b, v = detection.position, detection.bearing, detection.velocity
    if p is not None:
        row["lon_deg"], row["lat_deg"] = p.lon_deg, p.lat_deg
        row["var_east_m2"], row["var_north_m2"] = p.var_east_m2, p.var_north_m2
        row["cov_m2"] = p.cov_east_north_m2
    if b is not None:
        row["bearing_deg"], row["bearing_sigma_deg"] = b.bearing_deg, b.sigma_deg
        if b.range_m is not None:
            row["range_m"] = b.range_m
        if b.range_sigma_m is not None:
            row["range_sigma_m"] = b.range_sigma_m
    if v is not None:
        row["east_mps"], row["north_mps"] = v.east_mps, v.north_mps
        row["speed_sigma_mps"] = v.sigma_mps
    if detection.classes is not None:
        row["classes"] = [detection.classes.get(name, 0.0) for name in CLASS_ORDER]
    if detection.score is not None:
        row["score"] = detection.score
