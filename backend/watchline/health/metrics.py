"""The figures that Prometheus collects; pure.

Labels are sectors, enrolled edges and codes of ours, so the number of series is bounded by what an
operator has set up. No user, track, plate or position is ever a label or a value.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from watchline.health.model import Alarm, Facts
from watchline.health.view import edges

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorFigures:
    """What a sector's live picture knows: its writer's last pulse, and the screens open here.

    The counts are the writer's since its start.
    """

    sector: str
    writer_up: bool
    rev: int
    detections_per_s: float
    lag_ms: float
    backlog: int
    edges_connected: int
    detections: int
    late: int
    uncertain: int
    commits: int
    commit_s: float
    screens: int
    screens_dropped: int


def exposition(
    facts: Facts | None,
    alarms: Sequence[Alarm],
    figures: Sequence[SectorFigures],
    failed_reads: int,
) -> bytes:
    """All metrics in the text format 0.0.4; `facts` is None until the database was read once."""

    class Once(Collector):
        def collect(self) -> Iterable[Metric]:
            yield from _of_sectors(figures)
            yield from _of_hub(alarms, failed_reads)
            if facts is not None:
                yield from _of_facts(facts)

    return generate_latest(Once())


def _of_sectors(figures: Sequence[SectorFigures]) -> Iterator[Metric]:
    gauges: dict[str, tuple[str, list[float]]] = {
        "watchline_writer_up": (
            "Whether the sector's writer answers.",
            [float(each.writer_up) for each in figures],
        ),
        "watchline_rev": ("The sector's last commit.", [each.rev for each in figures]),
        "watchline_detections_per_second": (
            "Detections committed in the last second.",
            [each.detections_per_s for each in figures],
        ),
        "watchline_lag_seconds": (
            "Median of commit time minus detection time in the last second.",
            [each.lag_ms / 1000 for each in figures],
        ),
        "watchline_backlog_items": (
            "Items received and not committed yet.",
            [each.backlog for each in figures],
        ),
        "watchline_edges_connected": (
            "Edges heard within the last seconds.",
            [each.edges_connected for each in figures],
        ),
        "watchline_screens": ("Live streams open here.", [each.screens for each in figures]),
    }
    for name, (what, values) in gauges.items():
        gauge = GaugeMetricFamily(name, what, labels=["sector"])
        for each, value in zip(figures, values, strict=True):
            gauge.add_metric([each.sector], value)
        yield gauge
    counters: dict[str, tuple[str, list[float]]] = {
        "watchline_commits": ("Commits of the sector's writer.", [e.commits for e in figures]),
        "watchline_commit_seconds": ("Time in these commits.", [e.commit_s for e in figures]),
        "watchline_screens_dropped": (
            "Screens that did not read what they were sent.",
            [e.screens_dropped for e in figures],
        ),
    }
    for name, (what, values) in counters.items():
        counter = CounterMetricFamily(name, what, labels=["sector"])
        for each, value in zip(figures, values, strict=True):
            counter.add_metric([each.sector], value)
        yield counter
    stored = CounterMetricFamily(
        "watchline_detections",
        "Detections stored: fed live, too late for that, or of an uncertain clock.",
        labels=["sector", "timing"],
    )
    for each in figures:
        stored.add_metric([each.sector, "live"], each.detections)
        stored.add_metric([each.sector, "late"], each.late)
        stored.add_metric([each.sector, "uncertain"], each.uncertain)
    yield stored


def _of_hub(alarms: Sequence[Alarm], failed_reads: int) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "watchline_database_read_errors", "Looks at the database that failed.", value=failed_reads
    )
    standing = GaugeMetricFamily(
        "watchline_alarms", "Standing alarms about the system.", labels=["code"]
    )
    codes = [alarm.code for alarm in alarms]
    for code in sorted(set(codes)):
        standing.add_metric([code], codes.count(code))
    yield standing


def _of_facts(facts: Facts) -> Iterator[Metric]:
    reruns = GaugeMetricFamily("watchline_reruns", "Historical reruns.", labels=["sector", "state"])
    expected = GaugeMetricFamily(
        "watchline_ledger_expected", "Seqs that the edge has given out.", labels=["edge"]
    )
    books = GaugeMetricFamily(
        "watchline_ledger_items",
        "What became of them; all kinds together are what is expected.",
        labels=["edge", "kind"],
    )
    skew = GaugeMetricFamily(
        "watchline_edge_skew_seconds", "Median of arrival minus stamp.", labels=["edge"]
    )
    silence = GaugeMetricFamily(
        "watchline_edge_silence_seconds", "Since the edge was last heard.", labels=["edge"]
    )
    for writer in facts.writers:
        reruns.add_metric([writer.sector, "waiting"], writer.reruns_waiting)
        reruns.add_metric([writer.sector, "done"], writer.reruns_done)
        for edge in edges(facts, writer.sector):
            expected.add_metric([edge["id"]], edge["expected"])
            for kind, value in (
                ("detection", edge["detections"]),
                ("other", edge["others"]),
                ("quarantined", edge["quarantined"]),
                ("lost", edge["lost"]),
                ("on_the_way", edge["on_the_way"]),
                ("missing", edge["missing"]),
            ):
                books.add_metric([edge["id"], kind], value)
            if edge["skew_ms"] is not None:
                skew.add_metric([edge["id"]], edge["skew_ms"] / 1000)
            if edge["seen_at"] is not None:
                age_s = (facts.at - edge["seen_at"]).total_seconds()
                silence.add_metric([edge["id"]], max(0.0, age_s))
    refused = CounterMetricFamily(
        "watchline_refused_envelopes",
        "Envelopes refused as a whole; no edge: from somebody who is not enrolled.",
        labels=["edge", "code"],
    )
    for row in facts.refusals:
        refused.add_metric([row.edge, row.code], row.total)
    yield from (reruns, expected, books, skew, silence, refused)
