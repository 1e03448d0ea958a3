"""Wrong clocks, by libfaketime: nothing is lost or reordered, it is flagged, nothing is judged.

The edge's clock jumps an hour ahead and two back, and starts in 1970 and in 2038. Monotonic time
goes on as it is, as on a machine whose clock is set. The radar knows the time of day; only the
date is the edge's.
"""

import glob
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.oracle import TORTURE
from scenario import Play
from system import ROOT, System, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
#: The promise; a busy machine gets as much again.
FLAGGED_S = 30.0
SLACK_S = 30.0
HOUR_S = 3600
EDGE = "edge 0"
#: What the edge says of it, or the radar's adapter, which knows the time of day.
STEPPED = "SELECT code IN ('clock.stepped', 'asterix.clock_off') FROM sensor_health"


class Clock:
    """The clock of a process: `set` moves it by seconds from the truth, while it runs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, offset_s: int) -> None:
        self._file.write_text(f"{offset_s:+d}")

    def environment(self) -> dict[str, str]:
        assert LIBRARY is not None
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


@pytest.fixture
def play(cluster, database, tmp_path: Path) -> Iterator[Play]:
    """The scenario `crossing`, over and over, in a system of its own."""
    system = System(cluster=cluster, database=database.name, folder=tmp_path)
    text = (ROOT / "data/scenarios/crossing.toml").read_text()
    scenario = tmp_path / "again.toml"
    scenario.write_text(text.replace("duration_s = 60", "duration_s = 60\nloop = true"))
    try:
        yield Play.prepare(system, scenario)
    finally:
        system.stop()


def skew_s(system: System, edge: str) -> float:
    """How far the hub takes the edge's clock to be behind."""
    ((skew_ms,),) = system.query("SELECT coalesce(skew_ms, 0) FROM edge WHERE id = %s", edge)
    return skew_ms / 1000


def count(system: System, timing: str) -> int:
    return system.query("SELECT count(*) FROM detection WHERE timing = %s", timing)[0][0]


def seconds_until(
    what: str, probe: Callable[[], object], limit_s: float = FLAGGED_S + SLACK_S
) -> float:
    began = time.monotonic()
    wait_for(what, probe, limit_s)
    return time.monotonic() - began


@pytest.mark.skipif(not TORTURE, reason="a long test for `make torture`")
@pytest.mark.skipif(LIBRARY is None, reason="NO CLOCK IS TESTED: libfaketime is not installed")
def test_wrong_clocks_lose_nothing_and_raise_nothing(play: Play) -> None:
    system, edge = play.system, play.edges[0]
    clock = Clock(system.folder / "clock")
    system.serve()
    config = str(play.out / edge / "edge.toml")
    system.start(EDGE, "watchline-edge", "run", "-c", config, **clock.environment())
    started = time.time()
    play.radars(start_at=started - 5, seconds=900)
    wait_for("live detections", lambda: count(system, "l") > 10, 60)

    flagged = {}
    for offset_s in (HOUR_S, -2 * HOUR_S):
        before = count(system, "u")
        clock.set(offset_s)
        off = lambda s=offset_s: abs(skew_s(system, edge) + s) < 5  # noqa: E731
        flagged[offset_s] = seconds_until(f"a skew of {-offset_s} s", off)
        wait_for("the edge's own word", lambda: system.query(STEPPED) == [(True,)], 60)
        wait_for("uncertain rows", lambda n=before: count(system, "u") > n, 60)
        clock.set(0)
        wait_for("the right time", lambda: abs(skew_s(system, edge)) < 2, 90)
        before = count(system, "l")
        wait_for("live detections again", lambda n=before: count(system, "l") > n + 5, 60)

    for year, offset_s in ((1970, 300 - int(time.time())), (2038, 380_000_000)):
        system.kill(EDGE, signal.SIGTERM)
        clock.set(offset_s)
        system.start(EDGE)
        before = count(system, "u")
        off = lambda s=offset_s: abs(skew_s(system, edge) + s) < 60  # noqa: E731
        flagged[year] = seconds_until(f"the skew of {year}", off, FLAGGED_S + SLACK_S)
        wait_for("uncertain rows", lambda n=before: count(system, "u") > n, 60)
    system.kill(EDGE, signal.SIGTERM)
    clock.set(0)
    system.start(EDGE)

    system.kill("radars", signal.SIGTERM)
    report = wait_for("everything to be settled", lambda: settled(system), 60)
    ended = time.time()
    system.kill(EDGE, signal.SIGTERM)
    assert "left 0" in system.log(EDGE).splitlines()[-1]
    print(
        f"stored={report['stored']} uncertain={count(system, 'u')} lost=0 "
        f"flagged_s={ {key: round(took_s, 1) for key, took_s in flagged.items()} }"
    )
    assert report["duplicates"] == 0
    assert sum(each["detections"] for each in report["edges"]) == report["stored"] > 30
    assert max(flagged.values()) <= FLAGGED_S + SLACK_S
    # In each boot the radar's time of day goes on from seq to seq, whatever the date.
    assert system.query(
        """SELECT count(*) FROM (
             SELECT at::time AT TIME ZONE 'UTC' AS tod, lag(at::time AT TIME ZONE 'UTC')
                    OVER (PARTITION BY edge_id, boot ORDER BY seq) AS before FROM detection) d
            WHERE tod < before - interval '0.3 s' AND tod > before - interval '12 hours'"""
    ) == [(0,)]
    # What was raised was so, and what was raised as of now was so just now.
    for at, known, historical in system.query(
        """SELECT extract(epoch FROM f.at)::float8, extract(epoch FROM i.known_at)::float8,
                  i.historical FROM finding f JOIN incident i ON i.id = f.incident_id"""
    ):
        assert started - 10 < at < ended
        assert historical or abs(known - at) < 61


def settled(system: System) -> dict | None:
    """The account, once nothing is missing."""
    report = json.loads(system.run("watchline", "report", "ingest"))
    return report if all(edge["missing"] == 0 for edge in report["edges"]) else None
