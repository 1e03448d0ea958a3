"""Deadlines are kept by the sector's clock across a kill of worker and hub, and a wrong clock."""

import contextlib
import glob
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.oracle import TORTURE
from plain_sector import SECTOR
from raised import rebuilt
from system import System, wait_for

pytestmark = [pytest.mark.slow]

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
CALL = {"source": "phone", "title": "Shots", "severity": "low", "lon": 24.0, "lat": 50.5}


@pytest.fixture
def system(cluster, database, tmp_path: Path) -> Iterator[System]:
    """A sector without sensors; worker and hub run."""
    made = System(cluster=cluster, database=database.name, folder=tmp_path)
    try:
        made.import_sector(SECTOR)
        made.serve()
        yield made
    finally:
        made.stop()


def rung(system: System) -> list[tuple[int, float, float]]:
    """(incident, seconds from its deadline to when it rang, and to when that was written)."""
    return system.query(
        """WITH slept AS (
               SELECT i.id, i.no, to_timestamp((e.detail ->> 'until_us')::bigint / 1e6) AS until
                 FROM incident i JOIN incident_event e ON e.incident_id = i.id
                WHERE e.kind = 'snoozed')
           SELECT s.no, extract(epoch FROM e.at - s.until), extract(epoch FROM e.known_at - s.until)
             FROM incident_event e JOIN slept s ON s.id = e.incident_id
            WHERE e.kind = 'rang_again' ORDER BY s.no"""
    )


@pytest.mark.skipif(not TORTURE, reason="a long test for `make torture`")
def test_sleep_ends_in_time_whatever_dies_and_whatever_clock_is_wrong(
    system: System, database
) -> None:
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: the worker's clock cannot be made wrong")
    with contextlib.closing(system.login()) as client:
        ids = [client.post("/api/sectors/test/incidents", json=CALL).json()["id"] for _ in range(3)]
        # Its own clock jumps by hours; the sector lives by the database's.
        system.kill("worker")
        wrong = {"LD_PRELOAD": LIBRARY, "FAKETIME": "+5h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        system.start("worker", "watchline", "worker", **wrong)
        system.until_healthy("worker", system.worker)
        for id, seconds in zip(ids, (60, 61, 3600), strict=True):
            body = {"seconds": seconds, "reason": "wait for the patrol"}
            assert client.post(f"/api/incidents/{id}/snooze", json=body).is_success
        # The shortest sleep that people may ask for would be long for a test: bring them nearer.
        shorten(system, 1, by_s=52)
        shorten(system, 2, by_s=42)
    wait_for("the first to ring", lambda: rung(system), 60)
    system.kill("worker")
    system.kill("hub")
    wait_for("the second to be due", lambda: due(system, 2), 60)
    system.start("worker")
    system.until_healthy("worker", system.worker)
    wait_for("the second to ring", lambda: len(rung(system)) == 2, 60)
    time.sleep(2.5)  # two more ticks
    (first, second) = rung(system)
    assert first[:2] == (1, 0) and second[:2] == (2, 0), "each once, timed by its deadline"
    assert 0 <= first[2] < 1.5 + 4, "± 1 s and a tick; the rest is for a busy machine"
    assert second[2] > 0
    assert system.query(
        "SELECT no, status FROM incident WHERE alarm_at IS NOT NULL ORDER BY 1"
    ) == [
        (1, "acknowledged"),
        (2, "acknowledged"),
    ]
    assert rebuilt(database) == 3


def shorten(system: System, no: int, by_s: int) -> None:
    """Let the sleep of one end sooner, in its event and its row, as if it had been asked so."""
    with system.connect() as connection:
        ((id,),) = connection.execute("SELECT id FROM incident WHERE no = %s", [no]).fetchall()
        connection.execute("UPDATE sector SET rev = rev + 1")
        connection.execute(
            """UPDATE incident_event SET detail = jsonb_set(detail, '{until_us}',
                      to_jsonb((detail ->> 'until_us')::bigint - %s * 1000000))
                WHERE kind = 'snoozed' AND incident_id = %s""",
            [by_s, id],
        )
        connection.execute(
            "UPDATE incident SET snoozed_until = snoozed_until - %s * interval '1 s' WHERE id = %s",
            [by_s, id],
        )
        connection.commit()


def due(system: System, no: int) -> bool:
    asked = "SELECT snoozed_until < clock_timestamp() FROM incident WHERE no = %s"
    return bool(system.query(asked, no)[0][0])
