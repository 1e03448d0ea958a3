"""An edge as the API tells of it; pure."""

from datetime import datetime

from typing_extensions import TypedDict

from watchline.health.model import EdgeState, Facts, edge_state


class EdgeView(TypedDict):
    """An edge and its books: settled + on_the_way + missing = expected.

    `settled` = detections + others (descriptions, heartbeats) + quarantined + lost. `skew_ms` is
    the running median of arrival minus stamp.
    """

    id: str
    state: EdgeState
    seen_at: datetime | None
    skew_ms: float | None
    expected: int
    settled: int
    on_the_way: int
    missing: int
    detections: int
    others: int
    quarantined: int
    lost: int


def edges(facts: Facts, sector: str) -> list[EdgeView]:
    """The sector's edges, by id."""
    writer = next((row for row in facts.writers if row.sector == sector), None)
    return [
        {
            "id": edge.edge,
            "state": edge_state(edge, writer, facts.at),
            "seen_at": edge.seen_at,
            "skew_ms": edge.skew_ms,
            "expected": edge.expected,
            "settled": edge.settled,
            "on_the_way": max(0, edge.expected - edge.settled - edge.missing),
            "missing": edge.missing,
            "detections": edge.detections,
            "others": edge.others,
            "quarantined": edge.quarantined,
            "lost": edge.lost,
        }
        for edge in facts.edges
        if edge.sector == sector
    ]
