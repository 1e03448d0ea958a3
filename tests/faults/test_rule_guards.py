"""Each guard of rules and incidents is shown to matter: with it all is told once, without it not.

The writer runs in the test's own process, turn by turn; it is killed by being forgotten, so that
the next one has what was committed and nothing else. `broken` takes one guard out.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from hand_writer import SECOND, HandClock, HandWriter, envelope, hand_writer
from judging import SQUARE, area, compiled, judge, path
from own_writer import EDGE, INFO, import_sector
from plain_sector import lon_lat
from watchline import step
from watchline.db.engine import async_engine
from watchline.errors import IncidentWrongStatus
from watchline.geofences.model import Geofence
from watchline.incidents import projection, record
from watchline.incidents.hand import take
from watchline.incidents.transitions import Status, Verb
from watchline.rules import engine
from watchline.sectors import writer
from watchline_sensors.contract import Detection, Position

pytestmark = [pytest.mark.faults, pytest.mark.slow]

START_US = 1_700_000_000_000_000
WITH_AND_WITHOUT = pytest.mark.parametrize("broken", [False, True], ids=["guarded", "broken"])


class Life:
    """Writers of the test sector, one after the other, and a walker they see."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._seq = 1
        self.clock = HandClock(START_US)
        self.kill()

    def kill(self) -> None:
        """Another writer takes the sector from what was committed."""
        self.end()
        self._context = hand_writer(self._database, self.clock)
        self.writer: HandWriter = self._context.__enter__()

    def end(self) -> None:
        """Close the present writer's connection, as a kill does."""
        if hasattr(self, "_context"):
            self._context.__exit__(None, None, None)

    def send(self, *items: Any) -> None:
        """Items in an envelope of their own, then as many turns as they need to be committed."""
        now_us = self.clock.now_us()
        self.writer.send(envelope(EDGE, self._seq, list(items), now_us))
        self._seq += len(items)
        self.writer.turn()

    def walk(self, seconds: range) -> None:
        """Northwards at 30 m/s from 300 m south of the meadow's middle: in from 4 to 16."""
        for second in seconds:
            at_us = START_US + second * SECOND
            self.clock.time_us = at_us + 50_000
            lon, lat = lon_lat(0.0, -300.0 + 30.0 * second)
            place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0)
            self.send(Detection(sensor="radar", at_us=at_us, position=place))
            self.pass_s(0.7)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, the edge being heard at its end."""
        self.clock.time_us += round(seconds * SECOND)
        self.send()

    def told(self) -> Counter[str]:
        """Findings by rule."""
        return Counter(rule for (rule,) in self.writer.query("SELECT rule_id FROM finding"))


@pytest.fixture
def life(database: Any) -> Iterator[Life]:
    import_sector(database)
    made = Life(database)
    made.send(INFO)
    try:
        yield made
    finally:
        made.end()


@WITH_AND_WITHOUT
def test_the_state_of_the_rules_is_committed_with_the_findings(
    life: Life, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken:  # it is written later, and there is no later
        save, empty = writer.save_state, engine.RuleState.empty().pack()
        monkeypatch.setattr(writer, "save_state", lambda *them: save(*them[:-1], empty))
    life.walk(range(9))
    life.kill()
    life.walk(range(9, 20))
    told = life.told()
    assert (told == {"meadow-enter": 1, "meadow-exit": 1}) is not broken, told


@WITH_AND_WITHOUT
def test_deadlines_are_in_the_database(
    life: Life, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken:  # each writer knows those that it has set itself
        read = record.open_incidents
        monkeypatch.setattr(
            record,
            "open_incidents",
            lambda *them: {id: replace(one, due_us=None) for id, one in read(*them).items()},
        )
    life.walk(range(9))
    life.kill()
    life.pass_s(181)  # three minutes are what a high severity may wait
    life.pass_s(2)
    rang = life.writer.query("SELECT at - (SELECT alarm_at FROM incident) FROM incident_event "
                             "WHERE kind = 'overdue'")  # fmt: skip
    assert (len(rang) == 1) is not broken


@WITH_AND_WITHOUT
def test_what_a_rerun_has_told_is_not_told_again(
    life: Life, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same plots once more, from the state before them, beside a rerun's finding of them."""
    if broken:
        monkeypatch.setattr(step, "unknown", lambda findings, known: findings)
    life.walk(range(4))
    keep = "CREATE TABLE kept AS SELECT * FROM sector_state"
    back = (
        "UPDATE sector_state s SET tracker = k.tracker, rules = k.rules, clock_us = k.clock_us "
        "FROM kept k"
    )
    with life._database.connect("owner") as connection:
        connection.execute(keep)
    life.walk(range(4, 9))
    assert life.told() == {"meadow-enter": 1}
    with life._database.connect("owner") as connection:
        connection.execute("UPDATE incident SET historical = true")
        connection.execute(back)
    life.kill()
    if broken:
        with pytest.raises(Exception, match="duplicate key"):
            life.walk(range(4, 9))
        return
    life.walk(range(4, 20))
    assert life.told() == {"meadow-enter": 1, "meadow-exit": 1}


@WITH_AND_WITHOUT
def test_a_verb_looks_at_the_status_it_finds(
    life: Life, broken: bool, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people resolve one incident at the same time."""
    if broken:
        monkeypatch.setattr(projection, "after", lambda status, verb: Status.RESOLVED)
    life.walk(range(9))
    ((id,),) = life.writer.query("SELECT id FROM incident")

    async def both() -> list[str]:
        engine = async_engine(database.url("app"))

        async def resolve(who: int) -> str:
            try:
                async with engine.begin() as connection:
                    hand = await take(connection, UUID(int=who), id)
                    await hand.happen(id, Verb.RESOLVE, disposition="no_target")
            except IncidentWrongStatus as refused:
                return refused.code
            return "done"

        try:
            return sorted(await asyncio.gather(resolve(1), resolve(2)))
        finally:
            await engine.dispose()

    outcome = asyncio.run(both())
    events = life.writer.query("SELECT count(*) FROM incident_event WHERE kind = 'resolved'")
    assert ((outcome, events) == (["done", "incident.wrong_status"], [(1,)])) is not broken


def forgetful(state: Any, rules: Any) -> Any:
    """Swapped without carrying over what is known of the tracks."""
    empty = engine.RuleState.empty()
    return replace(state, members=empty.members, beside=empty.beside, areas=rules.areas,
                   lines=rules.lines, watches=rules.watch_ids)  # fmt: skip


def credulous(state: Any, rules: Any) -> Any:
    """Swapped as if the new version had seen what the old one has."""
    return replace(state, areas=rules.areas, lines=rules.lines, watches=rules.watch_ids)


def swapped(state: Any, versions: list[Geofence], ways: list[list[tuple[int, int]]]) -> list[str]:
    """The kinds told while a track walks on under one version after the other."""
    kinds, second = [], 0
    for version, way in zip(versions, ways, strict=True):
        state, found = judge(compiled(version), path(way, start_s=second), state=state)
        kinds += [finding.kind for finding in found]
        second += len(way)
    return kinds


@WITH_AND_WITHOUT
def test_an_edited_geofence_takes_over_what_the_old_one_knew(
    broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside version 1 and still inside version 2, which is wider: one entry, one exit."""
    if broken:
        monkeypatch.setattr(engine, "swap", forgetful)
    versions = [area(SQUARE, version=1), area(np.array(SQUARE) * 1.2 - 10, version=2)]
    told = swapped(None, versions, [[(50, 50)], [(52, 50), (500, 50)]])
    assert told == (["enter", "enter", "exit"] if broken else ["enter", "exit"])


@WITH_AND_WITHOUT
def test_an_edited_geofence_does_not_believe_what_it_has_not_seen(
    broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside version 1; version 2 lies elsewhere: the area left its track, nobody went out."""
    if broken:
        monkeypatch.setattr(engine, "swap", credulous)
    versions = [area(SQUARE, version=1), area(np.array(SQUARE) + 1000, version=2)]
    told = swapped(None, versions, [[(50, 50)], [(52, 50)]])
    assert told == (["enter", "exit"] if broken else ["enter"])
