"""Metrics: the right figures, a bounded number of series, and nobody reads them unasked."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr, ValidationError

from watchline.health.metrics import SectorFigures, exposition
from watchline.health.model import Alarm, EdgeRow, Facts, RefusalRow, WriterRow
from watchline.settings import MetricsSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "a-token-of-the-tests"
FIGURES = SectorFigures(
    sector="s",
    writer_up=True,
    rev=77,
    detections_per_s=10.5,
    lag_ms=250.0,
    backlog=3,
    edges_connected=1,
    detections=100,
    late=20,
    uncertain=3,
    commits=30,
    commit_s=0.6,
    screens=2,
    screens_dropped=1,
)
EDGE = EdgeRow(
    edge='e"\n\\', sector="s", seen_at=NOW - timedelta(seconds=4), skew_ms=-1500.0,
    expected=20, detections=9, others=3, quarantined=2, lost=1, missing=4,
)  # fmt: skip


def facts(edges: int = 1) -> Facts:
    return Facts(
        at=NOW,
        writers=[WriterRow(sector="s", seen_at=NOW, since=NOW, reruns_waiting=1, reruns_done=6)],
        edges=[EDGE, *(EdgeRow(edge=f"e{n}", sector="s", seen_at=None) for n in range(edges - 1))],
        refusals=[
            RefusalRow(
                edge="", sector=None, code="edge.unknown", total=9, recent=1, since=NOW, last_at=NOW
            )
        ],
    )


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_facts():
    alarm = Alarm(code="edge.silent", severity="warning", sector="s", since=None)
    told = samples(exposition(facts(), [alarm, alarm], [FIGURES], 5))
    books = {key[2]: value for key, value in told.items() if key[0] == "watchline_ledger_items"}
    assert books == {
        "detection": 9, "other": 3, "quarantined": 2, "lost": 1, "missing": 4, "on_the_way": 1,
    }  # fmt: skip
    assert sum(books.values()) == told["watchline_ledger_expected", EDGE.edge] == 20
    assert told["watchline_edge_skew_seconds", EDGE.edge] == -1.5
    assert told["watchline_edge_silence_seconds", EDGE.edge] == 4
    assert told["watchline_detections_total", "s", "late"] == 20
    assert told["watchline_commit_seconds_total", "s"] == 0.6
    assert told["watchline_refused_envelopes_total", "edge.unknown", ""] == 9
    assert told["watchline_reruns", "s", "waiting"] == 1
    assert told["watchline_alarms", "edge.silent"] == 2
    assert told["watchline_database_read_errors_total",] == 5


def test_series_grow_with_what_is_enrolled_and_with_nothing_else():
    def count(edges: int) -> int:
        return len(samples(exposition(facts(edges), [], [FIGURES], 0)))

    assert count(51) - count(1) == 50 * 7  # expected and six kinds; the silent have no more
    assert count(1) < 40
    assert len(samples(exposition(None, [], [], 0))) == 1


async def test_only_a_login_or_the_token_opens_them(hub, admin):
    async with hub.browser() as browser:
        for header in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}):
            assert (await browser.get("/metrics", headers=header)).status_code == 401
        hub.settings.metrics.token = SecretStr(TOKEN)
        for wrong in ("", TOKEN[:-1], TOKEN + "x", "ключ"):
            header = {"Authorization": f"Bearer {wrong}".encode()}
            assert (await browser.get("/metrics", headers=header)).status_code == 401
        answer = await browser.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        assert (await browser.get("/api/health", headers={"Authorization": f"Bearer {TOKEN}"})
        ).status_code == 401  # it opens nothing else  # fmt: skip
    # A hub that has just started looks at its sectors within a second.
    async with asyncio.timeout(30):
        while ("watchline_rev", "test") not in samples((await admin.get("/metrics")).content):
            await asyncio.sleep(0.1)
    told = samples((await admin.get("/metrics")).content)
    assert told["watchline_rev", "test"] >= 0
    assert not any("administrator" in part for key in told for part in key)


def test_a_token_that_could_be_guessed_is_refused():
    with pytest.raises(ValidationError):
        MetricsSettings(token="short")
