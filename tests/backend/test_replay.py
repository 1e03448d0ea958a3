"""The same input, however it is cut, doubled and interleaved: the same state and incidents.

Two edges' recorded items go through a real writer into two databases, in two ways that have
nothing in common but the rules: each watermark holds, and nothing waits longer than 0.4 s.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
import pytest

from hand_writer import SECOND, HandClock, HandWriter, envelope, hand_writer
from own_writer import import_sector
from plain_sector import lon_lat
from watchline.rules.state import RuleState
from watchline.tracks.state import TrackerState
from watchline_sensors.contract import Detection, Health, Item, Lane, Position, SensorInfo

START_US = 1_790_000_000_000_000
SECONDS = 40
#: When all tracks have ended.
END_US = START_US + 120 * SECOND
EDGES = ("east", "west")


def night(seed: int = 5) -> dict[str, list[Item]]:
    """What two radars saw: walkers through meadow and ditch, and clutter, each in its order."""
    rng = np.random.default_rng(seed)
    items: dict[str, list[Item]] = {}
    for k, edge in enumerate(EDGES):
        seen: list[Detection] = []
        for walker in range(5):
            speed = 20.0 + 8.0 * walker
            for second in range(SECONDS):
                at_us = START_US + second * SECOND + 37_000 * walker + 311_000 * k
                east = 60.0 * walker - 120 + rng.normal(0, 2)
                north = -450 + speed * (at_us - START_US) / SECOND + rng.normal(0, 2)
                seen.append(sighting(edge, at_us, east, north))
        for _ in range(3 * SECONDS):
            at_us = START_US + int(rng.integers(0, SECONDS * SECOND))
            seen.append(sighting(edge, at_us, *rng.uniform(-900, 900, 2)))
        # Both radars look at the same instant now and then.
        seen += [sighting(edge, START_US + s * SECOND, 500.0 + k, 500.0) for s in range(0, 40, 5)]
        seen.sort(key=lambda detection: detection.at_us)
        items[edge] = [described(edge, k), *seen]
    return items


def sighting(edge: str, at_us: int, east_m: float, north_m: float) -> Detection:
    lon, lat = lon_lat(float(east_m), float(north_m))
    return Detection(
        sensor=f"radar {edge}",
        at_us=at_us,
        position=Position(lon_deg=lon, lat_deg=lat, var_east_m2=6.0, var_north_m2=6.0),
    )


def described(edge: str, k: int) -> SensorInfo:
    lon, lat = lon_lat(500.0 * k, 0.0)
    return SensorInfo(
        sensor=f"radar {edge}", at_us=START_US, kind="radar", name=edge, lon_deg=lon, lat_deg=lat,
        height_m=200.0,
    )  # fmt: skip


@dataclass
class Player:
    """One edge as a way of sending: it keeps its watermark's promise and nothing else."""

    edge: str
    items: list[Item]
    rng: np.random.Generator
    sent: int = 0
    old: list[Any] = field(default_factory=list)

    def due(self, now_us: int) -> Iterator[Any]:
        """Everything seen until a moment ago, in one or several envelopes, some of them twice."""
        until_us = now_us - int(self.rng.integers(20_000, 150_000))
        upto = self.sent
        while upto < len(self.items) and self.items[upto].at_us <= until_us:
            upto += 1
        cuts = sorted({self.sent, upto, *self.rng.integers(self.sent, upto + 1, 3).tolist()})
        for low, high in itertools.pairwise(cuts):
            made = envelope(
                self.edge, low + 1, self.items[low:high], now_us,
                watermark_us=self.promise(high, until_us),
            )  # fmt: skip
            yield made
            self.old.append(made)
        self.sent = upto
        if self.rng.random() < 0.3 and self.old:
            again = self.old[int(self.rng.integers(len(self.old)))]
            yield msgspec.structs.replace(again, lane=Lane.ARCHIVE, sent_at_us=now_us)
        yield envelope(
            self.edge, upto + 1, [], now_us,
            watermark_us=self.promise(upto, until_us), highest_seq=upto,
        )  # fmt: skip

    def promise(self, sent: int, until_us: int) -> int:
        return min([until_us, *(item.at_us - 1 for item in self.items[sent : sent + 1])])


def play(writer: HandWriter, clock: HandClock, seed: int) -> None:
    """Send the night in the manner of `seed`, then let a minute pass."""
    rng = np.random.default_rng(seed)
    items = night()
    players = [Player(edge, items[edge], rng) for edge in rng.permutation(EDGES).tolist()]
    while clock.time_us < START_US + SECONDS * SECOND + SECOND:
        clock.time_us += int(rng.integers(30_000, 250_000))
        for player in rng.permutation(np.array(players, object)).tolist():
            for made in player.due(clock.time_us):
                writer.send(made)
                if rng.random() < 0.3:
                    writer.turn()
        writer.turn()
    while clock.time_us < END_US - 3 * SECOND:
        clock.time_us += SECOND
        for player in players:
            for made in player.due(clock.time_us):
                writer.send(made)
        writer.turn()
    clock.time_us = END_US
    for player in players:
        player.items.append(
            Health(sensor=f"radar {player.edge}", at_us=END_US - SECOND, state="ok")
        )
        for made in player.due(END_US):
            writer.send(made)
    writer.turn()


def outcome(writer: HandWriter) -> dict[str, Any]:
    """Everything that was decided, without wall times and without the numbers of sensors."""
    query = writer.query
    sensors = dict(query("SELECT no, id FROM sensor"))
    rank = {no: k for k, (no, _) in enumerate(sorted(sensors.items(), key=lambda s: s[1]), 1)}
    ((tracker, rules),) = query("SELECT tracker, rules FROM sector_state")
    return {
        "tracker": relabelled(TrackerState.unpack(bytes(tracker)), rank).pack(),
        "rules": RuleState.unpack(bytes(rules)).pack(),
        "detections": query(
            """SELECT edge_id, boot, seq, at, timing::text, track_id, ST_AsText(geom)
                 FROM detection ORDER BY 1, 2, 3"""
        ),
        "ledger": query(
            """SELECT edge_id, boot, settled::text, highest_seq, detections, others, lost
                 FROM ledger ORDER BY 1, 2"""
        ),
        "tracks": query(
            """SELECT id, no, historical, status, first_at, last_at, ST_AsText(geom), hits, classes,
                      sensors FROM track ORDER BY 1"""
        ),
        "incidents": query(
            """SELECT id, no, opened_at, last_at, status, condition, severity, historical, rule_id,
                      rule_version, geofence_id, geofence_version, ST_AsText(geom), track_ids,
                      findings FROM incident ORDER BY 1"""
        ),
        "events": query(
            "SELECT incident_id, no, at, kind, detail FROM incident_event ORDER BY 1, 2"
        ),
        "findings": [
            (*row, json.dumps(evidence | {"sensors": [sensors[n] for n in evidence["sensors"]]}))
            for *row, evidence in query(
                """SELECT id, incident_id, rule_id, rule_version, track_id, at, ST_AsText(geom),
                          evidence FROM finding ORDER BY 1"""
            )
        ],
    }


def relabelled(state: TrackerState, rank: dict[int, int]) -> TrackerState:
    label = np.array([rank.get(no, 0) for no in range(max(rank) + 1)], np.int32)
    tracks = state.tracks.copy()
    for name in ("sensors", "last_sensor"):
        tracks[name] = label[tracks[name]]
    return replace(state, tracks=tracks)


@pytest.mark.slow
def test_two_ways_of_sending_end_alike(cluster, _template, database) -> None:
    second = replace(database, name=f"{database.name}_b")
    cluster.clone_database(_template, second.name)
    try:
        outcomes = []
        for target, seed in ((database, 1), (second, 3)):
            import_sector(target, *EDGES)
            clock = HandClock(START_US)
            with hand_writer(target, clock) as writer:
                play(writer, clock, seed)
                outcomes.append(outcome(writer))
    finally:
        cluster.drop_database(second.name)
    one, other = outcomes
    assert {row[4] for row in one["detections"]} == {"l"}, "all in time"
    assert len(one["detections"]) == sum(map(len, night().values())) - 2
    assert {row[2].split("-")[1] for row in one["findings"]} == {"enter", "exit", "cross"}
    for what in one:
        assert one[what] == other[what], what
