"""Stored detections as the tracker takes them again."""

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import psycopg

from watchline.detections import store as detection_store
from watchline.detections.placing import edge_number
from watchline.detections.rows import Rows, blank
from watchline.tracks.config import SLOT_US

PAGE_ROWS = 5_000


def pages(
    connection: psycopg.Connection[Any], sector: str, from_us: int, to_us: int
) -> Generator[tuple[Rows, list[bytes | None]], None, None]:
    """The stretch's detections in order, in whole slots, each with its live track."""
    low = from_us - from_us % SLOT_US
    held: list[tuple[Any, ...]] = []
    read = detection_store.detections_between(connection, sector, low, to_us, PAGE_ROWS)
    with closing(read):
        for page in read:
            held += page
            slot_us = held[-1][0] // SLOT_US * SLOT_US
            cut = next(i for i, row in enumerate(held) if row[0] >= slot_us)
            if cut:
                yield rows_of(held[:cut])
                held = held[cut:]
    if held:
        yield rows_of(held)


def rows_of(found: Sequence[tuple[Any, ...]]) -> tuple[Rows, list[bytes | None]]:
    """Rows as `detections_between` reads them, in the tracker's order, each with its live track."""
    table = blank(len(found))
    table["at_us"] = table["arrived_us"] = [row[0] for row in found]
    table["sensor"] = [row[1] for row in found]
    table["edge"] = [edge_number(row[2]) for row in found]
    table["boot"], table["seq"] = [row[3] for row in found], [row[4] for row in found]
    for k, name in enumerate(_NUMBERS, start=5):
        table[name] = [np.nan if row[k] is None else row[k] for row in found]
    table["classes"] = [[np.nan] * 5 if row[-2] is None else row[-2] for row in found]
    rows = Rows(table, np.zeros(0, np.uint8))
    order = np.lexsort((rows["seq"], rows["boot"], rows["edge"], rows["at_us"]))
    live = [found[i][-1] for i in order.tolist()]
    return rows.take(order), [None if id is None else id.bytes for id in live]


#: As `detections_between` gives them.
_NUMBERS = (
    "lon_deg",
    "lat_deg",
    "var_east_m2",
    "cov_m2",
    "var_north_m2",
    "east_mps",
    "north_mps",
    "speed_sigma_mps",
    "bearing_deg",
    "bearing_sigma_deg",
    "range_m",
    "range_sigma_m",
)
