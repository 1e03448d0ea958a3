"""Thousands of scripted events under kills of every process: none missing, none twice, no other.

What has to be told stands in the script (`faults.march`), not in a run of the product. Two
edges look on, so that the march is seen while one of them is dead. A coordinator works on the
incidents all the while.
"""

import itertools
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from faults.coordinator import Coordinator, written
from faults.killer import Killer, victims
from faults.line import Line
from faults.march import Happening, March, Walker
from faults.nursery import Nursery
from faults.oracle import TORTURE, lines
from plain_sector import ORIGIN
from raised import rebuilt
from system import wait_for
from watchline.db.cluster import Cluster
from watchline.history.report import ingest_report

pytestmark = [pytest.mark.faults, pytest.mark.slow]

MARCH, KILLS = March(units=18, alone=48, pairs=8, parting=4), 330
#: What is told is of a plot within so long of the script's time; of what happens while nobody
#: hears live plots, within so long of the first that is heard.
SLACK_S = 4.0
#: Both edges look every half second; so long before a gap nobody may be sure enough yet.
GAP_S, SURE_S = 1.0, 1.5
#: From the start of the edges to that of the march.
AHEAD_S = 8.0


@dataclass
class Onlookers(Line):
    """Edges whose devices see the march, half a second after each other."""

    start_us: int = 0

    def start_edges(self) -> None:
        """Now it is known when the march begins."""
        self.start_us = round((time.time() + AHEAD_S) * 1e6)
        for config in self.configs.values():
            text = config.read_text().replace("start_us = 0", f"start_us = {self.start_us}")
            config.write_text(text)
        super().start_edges()

    def add_device(self, edge: str) -> None:
        """Write it into the edge's configuration."""
        march = [MARCH.units, MARCH.alone, MARCH.pairs, MARCH.parting]
        phase_s = len(self.configs) / (self.devices + 1)
        with self.configs[edge].open("a") as config:
            config.write(
                f'[[sensor]]\nid = "{edge}-device"\nadapter = "onlooker"\nname = "Device"\n'
                f'kind = "other"\nlon_deg = {ORIGIN[0]}\nlat_deg = {ORIGIN[1]}\nheight_m = 200.0\n'
                f'[sensor.onlooker]\njournal = "{self.journal(edge)}"\nmarch = {march}\n'
                f"start_us = {self.start_us}\nphase_s = {phase_s}\n"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding as the database has it."""

    rule: str
    walker: Walker | None
    at_s: float
    incident: str
    historical: bool


@dataclass
class Tally:
    """Findings and incidents against the script."""

    missing: list[tuple[str, str]] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    incidents: int = 0
    incidents_missing: int = 0
    incidents_extra: int = 0
    historical: int = 0

    def sound(self) -> bool:
        """Whether all is as scripted."""
        return not (self.missing or self.extra or self.incidents_missing or self.incidents_extra)


def compare(
    script: list[Happening], found: list[Told], gaps: Sequence[tuple[float, float]]
) -> Tally:
    """Each event once; one incident for each rule and those who move together.

    What came too late to be told live is in a historical incident of its own. In the `gaps`
    (from, to) nothing was heard live.
    """
    tally = Tally(historical=sum(told.historical for told in found))
    expected = {(one.rule, one.walker.name): one for one in script}
    of_incident: dict[str, set[tuple[str, str, bool]]] = defaultdict(set)
    seen: Counter[tuple[str, str]] = Counter()
    for told in found:
        key = (told.rule, told.walker.name if told.walker else "nobody")
        due = expected.get(key)
        seen[key] += 1
        if due is None or seen[key] > 1 or not in_time(told.at_s, due.at_s, gaps):
            late_s = None if due is None else round(told.at_s - due.at_s, 1)
            tally.extra.append(f"{key} {late_s} s off, number {seen[key]}, {told}")
        if due is not None:
            of_incident[told.incident].add((told.rule, due.together, told.historical))
    tally.missing = sorted(expected.keys() - seen.keys())
    scripted = set().union(*of_incident.values()) if of_incident else set()
    tally.incidents = len(of_incident)
    # Two of one rule and group in one incident are one entry: a surplus is an incident too many,
    # a shortage one that hides two groups.
    tally.incidents_missing = sum(len(held) - 1 for held in of_incident.values())
    tally.incidents_extra = sum(map(len, of_incident.values())) - len(scripted)
    return tally


def in_time(told_s: float, due_s: float, gaps: Sequence[tuple[float, float]]) -> bool:
    """Whether an event is told of its time, or of the end of the gap in which it happened."""
    heard_s = next(
        (until_s for from_s, until_s in gaps if from_s - SURE_S <= due_s < until_s), due_s
    )
    return due_s - SLACK_S <= told_s <= heard_s + SLACK_S


def gaps_of(line: Onlookers) -> list[tuple[float, float]]:
    """(from, to) in seconds of the march between live plots further apart than GAP_S."""
    rows = line.query(
        """SELECT DISTINCT extract(epoch FROM at)::float8
             FROM detection WHERE timing = 'l' ORDER BY 1"""
    )
    heard = [at_s - line.start_us / 1e6 for (at_s,) in rows]
    return [(a, b) for a, b in itertools.pairwise(heard) if b - a > GAP_S]


def told_of(line: Onlookers) -> list[Told]:
    """All findings, each with the walker whose lane it is on."""
    walkers = MARCH.walkers()
    rows = line.query(
        """SELECT f.rule_id, ST_X(f.geom), ST_Y(f.geom), extract(epoch FROM f.at)::float8,
                  f.incident_id::text, i.historical
             FROM finding f JOIN incident i ON i.id = f.incident_id"""
    )
    return [
        Told(
            rule=rule,
            walker=on_lane(walkers, lon, lat),
            at_s=at_s - line.start_us / 1e6,
            incident=incident,
            historical=historical,
        )
        for rule, lon, lat, at_s, incident, historical in rows
    ]


def on_lane(walkers: list[Walker], lon: float, lat: float) -> Walker | None:
    """Who passes there."""
    x, y = (lon - ORIGIN[0]) * 70_945.0, (lat - ORIGIN[1]) * 111_247.0

    def off_m(walker: Walker) -> float:
        return abs(walker.place((x - walker.x_m) / 20.0)[1] - y)

    nearest = min(walkers, key=off_m)
    return nearest if off_m(nearest) < 12.0 else None


@pytest.fixture
def line(nursery: Nursery, tmp_path: Path) -> Iterator[Onlookers]:
    """Two onlookers over a durable cluster; nothing is started yet."""
    tmp_path.chmod(0o711)
    own = Cluster(tmp_path / "pg", tcp=False)
    made = Onlookers(
        cluster=own,
        database="march",
        folder=tmp_path,
        nursery=nursery,
        devices=2,
        sector=MARCH.sector(),
    )
    try:
        own.start(die_with_parent=True)
        own.prepare("march")
        yield made
    finally:
        made.stop()
        own.destroy()


def settled(line: Line) -> bool:
    """Whether the hub misses nothing that it knows of, and no rerun waits."""
    if line.query("SELECT count(*) FROM late_span WHERE rerun_at IS NULL") != [(0,)]:
        return False
    with line.connect() as connection:
        return all(edge["missing"] == 0 for edge in ingest_report(connection)["edges"])


def complete(one: dict[str, Any]) -> bool:
    """Whether an incident has all whom the script brings into it."""
    walker = on_lane(MARCH.walkers(), one["lon"], one["lat"])
    alone = walker is not None and walker.group < MARCH.alone
    return alone or len(one["tracks"]) == 2


@pytest.mark.skipif(not TORTURE, reason="a long test for `make torture`; test_kills kills here")
def test_scripted_events_are_told_once_whatever_is_killed(line: Onlookers) -> None:
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    line.prepare()
    line.serve()
    coordinator = Coordinator(line, line.login(), complete)
    line.start_edges()
    wait_for("the edges", lambda: line.query("SELECT count(*) FROM sensor") == [(2,)], 30)
    coordinator.start()
    killer, start = Killer(line), line.start_us / 1e6
    for number, victim in enumerate(victims(dice, KILLS, line.devices)):
        due_s = 1 + (MARCH.seconds - 2) * (number + dice.random()) / KILLS
        time.sleep(max(0.0, start + due_s - time.time()))
        killer.kill(victim)
    took_s = time.time() - start
    killer.until_recovered()
    time.sleep(max(0.0, start + MARCH.seconds + 1 - time.time()))
    before = line.count()
    wait_for("the sector to be written again", lambda: line.count() > before, 120)
    verdict = line.verdict(90)
    line.hush()
    wait_for("everything to be settled and rerun", lambda: settled(line), 300)
    coordinator.stop()
    script, people = list(MARCH.happenings()), written(line)
    gaps = gaps_of(line)
    tally = compare(script, told_of(line), gaps)
    lost = coordinator.done - people
    doubled = +Counter({key: n - 1 for key, n in people.items() if n > 1})
    share = ", ".join(f"{count} {name}" for name, count in sorted(killer.kills.items()))
    told = (
        f"scripted events under kills: seed={seed} events={len(script)} acked={verdict.acked} "
        f"lost={verdict.lost} dup={verdict.duplicate} missing={len(tally.missing)} "
        f"extra={len(tally.extra)} incidents={tally.incidents} "
        f"incidents_missing={tally.incidents_missing} incidents_extra={tally.incidents_extra} "
        f"historical={tally.historical} gaps={len(gaps)} "
        f"longest_gap_s={max((b - a for a, b in gaps), default=0.0):.1f} "
        f"verbs={coordinator.done.total()} doubted={coordinator.doubted} "
        f"verbs_lost={lost.total()} verbs_dup={doubled.total()} "
        f"kills={killer.kills.total()} ({share}) in {took_s:.0f} s"
    )
    print(told, flush=True)
    lines.append(told)
    assert tally.sound(), "\n".join([told, *map(str, [*tally.missing[:20], *tally.extra[:20]])])
    assert verdict.sound(), told
    assert not lost and not doubled, told
    assert took_s <= 1.5 * MARCH.seconds, f"the kills came late: {told}"
    assert coordinator.done.total() >= KILLS, f"the coordinator did nothing: {told}"
    assert rebuilt(line) == tally.incidents
