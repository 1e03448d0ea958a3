"""Changed geofences and rules are compiled beside the pipeline, and taken when they are ready."""

import os
import threading
import time

import pytest

from plain_sector import ORIGIN
from watchline import renewal
from watchline.errors import WatchlineError
from watchline.renewal import Renewal
from watchline.sectors.plane import SectorPlane


@pytest.fixture
def slow(monkeypatch, hub):
    """Compiling that waits to be let go; each takes what the database says at that time."""
    plain, gate, begun = renewal.read_and_compile, threading.Semaphore(0), []

    def held(connection, sector, plane):
        begun.append(sector)
        made = plain(connection, sector, plane)
        assert gate.acquire(timeout=20)
        return made

    monkeypatch.setattr(renewal, "read_and_compile", held)
    made = Renewal("test", SectorPlane(*ORIGIN), hub.database.url("ingest"))
    yield made, gate, begun
    for _ in range(9):
        gate.release()


def ids(compiled):
    return {id for id, _ in compiled.areas + compiled.lines}


async def test_what_was_in_force_is_used_until_the_next_is_ready(slow, hub):
    made, gate, _ = slow
    gate.release()
    made.see(1, None)
    first = made.latest()
    assert ids(first) == {"meadow", "ditch"} and first.refused == ()
    hub.execute("UPDATE geofence SET valid_to = now() WHERE id = 'ditch'")
    started = time.monotonic()
    made.see(2, renewal.PATIENCE_S)
    assert made.latest() is first and time.monotonic() - started < 1.0
    gate.release()
    made.see(2, None)
    assert ids(made.latest()) == {"meadow"}


async def test_many_changes_in_a_row_are_compiled_once_more_not_each(slow):
    made, gate, begun = slow
    for rev in range(1, 30):
        made.see(rev, 0.0)
    gate.release()
    gate.release()
    made.see(29, None)
    assert ids(made.latest()) == {"meadow", "ditch"}
    assert 1 <= len(begun) <= 2


async def test_nothing_is_read_again_when_nothing_has_changed(slow):
    made, gate, begun = slow
    gate.release()
    for _ in range(3):
        made.see(7, None)
    assert made.latest() is made.latest() and len(begun) == 1


async def test_what_goes_wrong_beside_the_pipeline_is_raised_in_it(monkeypatch, hub):
    def broken(*_):
        raise WatchlineError

    monkeypatch.setattr(renewal, "read_and_compile", broken)
    made = Renewal("test", SectorPlane(*ORIGIN), hub.database.url("ingest"))
    made.see(1, None)
    with pytest.raises(WatchlineError):
        made.latest()


async def test_it_yields_to_the_other_threads(hub):
    before = set(threading.enumerate())
    made = Renewal("test", SectorPlane(*ORIGIN), hub.database.url("ingest"))
    made.see(1, None)
    (thread,) = (t for t in set(threading.enumerate()) - before if t.name.startswith("compile"))
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id) == min(own + 10, 19)
    if own == 19:
        pytest.skip("this process stands back already: nothing to be seen")
