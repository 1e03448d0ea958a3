"""Hold detections until every connected edge has passed their time. Pure; DESIGN §4.7."""

from dataclasses import dataclass

import numpy as np

from watchline.detections.rows import Rows, concatenate

#: An edge that was silent for longer no longer holds the others back.
CONNECTED_US = 3_000_000
#: The longest that ticks wait for a slow edge (DESIGN §4.7: reorder_ms, 2,000 at most).
MOST_HOLD_US = 2_000_000


@dataclass(slots=True)
class _Edge:
    watermark_us: int | None
    heard_us: int


class ReorderBuffer:
    """Rows wait here, slot by slot of their `at`, and leave in one order.

    A slot leaves when all connected edges' watermarks have passed its end, or when one of
    its rows has waited `hold_us`; never before the wall clock has passed it. Times in µs.
    `expected` edges (those heard shortly before the last stop) count as connected until
    `grace_until_us`, so that a restart does not make the slower one's backlog late.
    """

    def __init__(
        self, *, slot_us: int, hold_us: int, expected: frozenset[int], grace_until_us: int
    ) -> None:
        self._slot_us = slot_us
        self._hold_us = hold_us
        self._awaited = set(expected)
        self._grace_until_us = grace_until_us
        self._edges: dict[int, _Edge] = {}
        self._waiting: list[Rows] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def connected(self, now_us: int) -> list[int]:
        """The edges heard within the last seconds."""
        return [n for n, edge in self._edges.items() if now_us - edge.heard_us <= CONNECTED_US]

    def heard(self, edge: int, watermark_us: int | None, now_us: int) -> None:
        """Note an edge's promise; a watermark never goes back, nor past our clock.

        None: an edge whose clock is off. It has no say in when slots leave.
        """
        known = self._edges.get(edge)
        if watermark_us is not None:
            before_us = None if known is None else known.watermark_us
            watermark_us = max(min(watermark_us, now_us), before_us or 0)
        self._edges[edge] = _Edge(watermark_us, now_us)
        self._awaited.discard(edge)

    def put(self, rows: Rows) -> None:
        """Take rows in; they must be newer than the track clock."""
        if len(rows):
            self._waiting.append(rows)
            self._rows += len(rows)

    def passed_us(self, now_us: int) -> int:
        """The time before which nothing more is awaited: for ticks, which move the track clock.

        The connected edges' watermarks say it: at most `MOST_HOLD_US` behind the newest, at
        least the hold time behind the wall clock, and never past what waits here. Without a
        watermark the wall clock stands for them.
        """
        marks = self._marks(now_us)
        waiting = [int(rows["at_us"].min()) for rows in self._waiting]
        passed = max(min(marks, default=0), max(marks, default=now_us) - MOST_HOLD_US)
        return min([passed, now_us - self._hold_us, *waiting])

    def _marks(self, now_us: int) -> list[int]:
        marks = [self._edges[n].watermark_us for n in self.connected(now_us)]
        return [mark for mark in marks if mark is not None]

    def release(self, now_us: int) -> Rows | None:
        """The rows of all slots that may leave now, in order; None when there are none."""
        if not self._waiting:
            return None
        rows = concatenate(self._waiting)
        slots = rows["at_us"] // self._slot_us
        bound = self._bound(rows, slots, now_us)
        leaving = slots < bound
        if not leaving.any():
            self._waiting = [rows]
            return None
        staying = rows.take(~leaving)
        self._waiting = [staying] if len(staying) else []
        self._rows = len(staying)
        return rows.take(leaving).in_time_order()

    def _bound(self, rows: Rows, slots: np.ndarray, now_us: int) -> int:
        """The first slot that may not leave yet."""
        in_grace = bool(self._awaited) and now_us < self._grace_until_us
        bound = 0
        marks = self._marks(now_us)
        if marks and not in_grace:
            bound = (min(marks) + 1) // self._slot_us
        hold_us = self._hold_us
        overdue = rows["arrived_us"] <= now_us - hold_us
        if overdue.any() and not in_grace:
            bound = max(bound, int(slots[overdue].max()) + 1)
        return min(bound, now_us // self._slot_us)
