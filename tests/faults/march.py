"""The script of the long storm: who walks where, and so what has to be told of whom.

East, at 20 m/s, each on a lane of its own, through `units` stretches of 240 m that are all alike:
a zone of 140 m with an inner zone of 80 m in its middle and a wire through the middle of that,
and a second wire in the gap behind. Everything stretches over all lanes. Some walk alone, some as
two abreast all the way, some as two that part in the middle of the way.

    |<-30->|<------- inner 80 ------->|<-30->|<---- gap 100 ---->|
    zone   :            | wire        :      zone     | wire

So each walker brings eight events a stretch: the zone entered, stayed in for 2.5 s, hurried
through for 2 s and left, the inner zone entered and left, two wires crossed. Each happens once,
at a time that follows from the walker's start: no run of the product is needed to know it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plain_sector import ORIGIN, lon_lat

MPS = 20.0
UNIT_M, ZONE_M, EDGE_M, INNER_M = 240.0, 140.0, 30.0, 80.0
WIRES_M = (ZONE_M / 2, ZONE_M + 50.0)
#: Nobody sees anything for so long before the first zone; the starts differ by up to STAGGER_M.
LEAD_M, STAGGER_M = 120.0, 120.0
#: Two abreast; those who part move sideways by PART_M within the extra gap and some of the next.
ABREAST_M, PART_M, PART_MPS, GAP_M = 30.0, 120.0, 4.0, 300.0
#: From lane to lane: nobody counts as moving together with somebody of another lane.
LANE_M = 160.0
SIGMA_M = 2.0

#: (suffix of the rule, kind, parameters, metres into the stretch at which it happens).
ZONE_RULES: list[tuple[str, dict[str, Any], float]] = [
    ("enter", {}, 0.0),
    ("dwell", {"seconds": 2.5}, 2.5 * MPS),
    ("speed", {"least_mps": 10.0, "seconds": 2.0}, 2.0 * MPS),
    ("exit", {}, ZONE_M),
]
INNER_RULES: list[tuple[str, dict[str, Any], float]] = [
    ("enter", {}, EDGE_M),
    ("exit", {}, EDGE_M + INNER_M),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """One of them: `group` numbers the lane, `parts` is at which x (m) it moves sideways."""

    name: str
    group: int
    x_m: float  # at the start
    y_m: float
    parts_x_m: float | None = None

    def place(self, t_s: float) -> tuple[float, float]:
        """(east, north) in metres, `t_s` after the start."""
        x = self.x_m + MPS * t_s
        if self.parts_x_m is None:
            return x, self.y_m
        aside = (x - self.parts_x_m) / MPS * PART_MPS
        return x, self.y_m + min(max(aside, 0.0), PART_M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of the script: what has to be told, of whom, how long after the start."""

    rule: str
    geofence: str
    walker: Walker
    at_s: float
    #: Who belongs into one incident with it: a lane, or a walker that has parted.
    together: str


@dataclass(frozen=True, slots=True, kw_only=True)
class March:
    """So many stretches, walked by so many alone, in pairs, and in pairs that part."""

    units: int
    alone: int
    pairs: int
    parting: int

    def unit_x_m(self, unit: int) -> float:
        """Where a stretch begins; before the middle one is the gap for those who part."""
        return unit * UNIT_M + (GAP_M if unit >= self.units // 2 else 0.0)

    @property
    def seconds(self) -> float:
        """Until the last one has left the last zone and the wire behind it."""
        return (LEAD_M + STAGGER_M + self.unit_x_m(self.units)) / MPS

    def walkers(self) -> list[Walker]:
        """All of them, lane by lane from the south."""
        sizes = ["alone"] * self.alone + ["pair"] * self.pairs + ["parting"] * self.parting
        lanes = len(sizes) + self.parting  # who parts takes the room of the next lane
        made, y = [], -LANE_M * lanes / 2
        parts_x_m = self.unit_x_m(self.units // 2) - GAP_M
        for group, size in enumerate(sizes):
            x = -LEAD_M - (37.0 * group) % STAGGER_M
            made.append(Walker(name=f"{group}a", group=group, x_m=x, y_m=y))
            if size != "alone":
                other = None if size == "pair" else parts_x_m
                name, beside = f"{group}b", y + ABREAST_M
                made.append(Walker(name=name, group=group, x_m=x, y_m=beside, parts_x_m=other))
            y += 2 * LANE_M if size == "parting" else LANE_M
        return made

    def happenings(self) -> Iterator[Happening]:
        """Everything that has to be told."""
        for walker in self.walkers():
            for unit in range(self.units):
                apart = walker.parts_x_m is not None and unit >= self.units // 2
                together = walker.name if apart else str(walker.group)
                for geofence, kind, _, into_m in self._rules(unit):
                    yield Happening(
                        rule=f"{geofence}-{kind}",
                        geofence=geofence,
                        walker=walker,
                        at_s=(self.unit_x_m(unit) + into_m - walker.x_m) / MPS,
                        together=together,
                    )

    @staticmethod
    def _rules(unit: int) -> Iterator[tuple[str, str, dict[str, Any], float]]:
        """(geofence, kind, parameters, metres into the stretch)."""
        for kind, params, into_m in ZONE_RULES:
            yield f"zone-{unit}", kind, params, into_m
        for kind, params, into_m in INNER_RULES:
            yield f"inner-{unit}", kind, params, into_m
        for number, into_m in enumerate(WIRES_M):
            yield f"wire-{unit}-{number}", "cross", {}, into_m

    def sector(self) -> dict[str, Any]:
        """The sector's document: the stretches and their rules."""
        south, north = -12_000.0, 12_000.0
        geofences = []
        for unit in range(self.units):
            x = self.unit_x_m(unit)
            geofences += [
                _area(f"zone-{unit}", x, x + ZONE_M, south, north),
                _area(f"inner-{unit}", x + EDGE_M, x + EDGE_M + INNER_M, south, north),
            ]
            geofences += [
                {
                    "id": f"wire-{unit}-{number}",
                    "name": "Wire",
                    "kind": "line",
                    "geom": {
                        "type": "LineString",
                        "coordinates": [lon_lat(x + into_m, south), lon_lat(x + into_m, north)],
                    },
                }
                for number, into_m in enumerate(WIRES_M)
            ]
        rules = [
            {
                "id": f"{geofence}-{kind}",
                "name": "Rule",
                "kind": kind,
                "geofence_id": geofence,
                "severity": "medium",
                "params": params,
            }
            for unit in range(self.units)
            for geofence, kind, params, _ in self._rules(unit)
        ]
        corners = [(-19_000, -19_000), (19_000, -19_000), (19_000, 19_000), (-19_000, 19_000)]
        ring = [lon_lat(*corner) for corner in (*corners, corners[0])]
        return {
            "sector": {
                "id": "test",
                "name": "March",
                "time_zone": "Europe/Warsaw",
                "synthetic": True,
                "origin": list(ORIGIN),
                "geom": {"type": "Polygon", "coordinates": [ring]},
            },
            "sites": [],
            "edges": [],
            "geofences": geofences,
            "rules": rules,
        }


def seen(walker: Walker, t_s: float, sensor: str) -> tuple[float, float]:
    """Where a sensor sees a walker: off by SIGMA_M on each axis, the same at each asking."""
    dice = random.Random(f"{walker.name} {t_s:.3f} {sensor}")
    x, y = walker.place(t_s)
    return x + dice.gauss(0, SIGMA_M), y + dice.gauss(0, SIGMA_M)


def _area(id: str, west: float, east: float, south: float, north: float) -> dict[str, Any]:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {
        "id": id,
        "name": "Zone",
        "kind": "area",
        "geom": {"type": "Polygon", "coordinates": [[lon_lat(*corner) for corner in corners]]},
    }
