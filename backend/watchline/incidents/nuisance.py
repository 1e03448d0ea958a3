"""How often alarms are nuisance or false, by where they come from; and what could be filtered.

A *nuisance* alarm has a cause that was really there and harmless (an animal, the weather, our own
people); a *false* one has none (no target found, technical). Both are rates per day with the exact
Poisson interval (Garwood 1936). What nobody has judged is counted beside them and in no rate. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

from scipy.special import gammaincinv
from typing_extensions import TypedDict

from watchline_sensors.contract import CLASS_ORDER

Verdict = Literal["genuine", "nuisance", "false", "unknown", "unjudged"]
_FALSE = frozenset(("no_target", "technical"))
#: A filter is worth a thought when it would have hidden so many harmless ones.
_WORTH = 3
#: More would not be read.
MOST_FILTERS = 20
MOST_SHOWN = 20
#: As many as one bulk resolution takes.
MOST_OPEN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An alarm, its features when it was raised, and what became of it."""

    id: UUID
    no: int
    status: str
    disposition: str | None
    life_at_risk: bool
    rule: str
    rule_name: str | None
    geofence: str | None
    geofence_name: str | None
    hour: int
    sensors: Sequence[str]
    hits: int | None
    classes: Sequence[float] | None

    @property
    def verdict(self) -> Verdict:
        """What people have made of it."""
        if self.status != "resolved" or self.disposition is None:
            return "unjudged"
        kind = self.disposition.partition("_")[0]
        if kind == "genuine":
            return "genuine"
        if kind == "nuisance":
            return "nuisance"
        return "false" if self.disposition in _FALSE else "unknown"

    @property
    def likeliest(self) -> str | None:
        """The likeliest class of its newest track."""
        if not self.classes:
            return None
        best = max(range(len(self.classes)), key=self.classes.__getitem__)
        return CLASS_ORDER[best].value


class Rate(TypedDict):
    """Alarms per day, with the exact 95 % interval."""

    per_day: float
    low: float
    high: float


class Group(TypedDict):
    """Alarms with one thing in common; `open` are those that somebody may still resolve."""

    key: str
    name: str
    alarms: int
    genuine: int
    nuisance: int
    false: int
    unknown: int
    unjudged: int
    nar: Rate
    far: Rate
    open: list[UUID]


class Hidden(TypedDict):
    """An alarm that a filter would have hidden."""

    id: UUID
    no: int
    verdict: Verdict
    life_at_risk: bool


class Filter(TypedDict):
    """A condition that a person could add to a rule, and all that it would have hidden.

    `kind` is min_hits, not_hour, not_class or not_alone (a sensor that nobody confirms).
    """

    kind: str
    rule: str
    rule_name: str
    geofence: str | None
    geofence_name: str | None
    value: str | int
    genuine: int
    harmless: int
    unjudged: int
    of: int
    hidden: list[Hidden]


class Nuisance(TypedDict):
    """What the dispositions of some days say."""

    days: int
    complete: bool
    all: Group
    by: dict[str, list[Group]]
    filters: list[Filter]


def report(alarms: Sequence[Judged], days: int, *, complete: bool) -> Nuisance:
    """Rates by sensor, geofence, hour of the day and weather, and suggested filters.

    An alarm counts for each of its sensors. No weather is stored yet, so all is of one: unknown.
    """
    return {
        "days": days,
        "complete": complete,
        "all": _group("all", "", alarms, days),
        "by": {
            "sensor": _groups(alarms, days, lambda alarm: [(name, name) for name in alarm.sensors]),
            "geofence": _groups(
                alarms,
                days,
                lambda alarm: [(alarm.geofence or "", alarm.geofence_name or alarm.geofence or "")],
            ),
            "hour": _groups(alarms, days, lambda alarm: [(f"{alarm.hour:02}", f"{alarm.hour:02}")]),
            "weather": _groups(alarms, days, lambda alarm: [("unknown", "unknown")]),
        },
        "filters": suggested(alarms),
    }


def interval(count: int, exposure: float, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a Poisson rate (Garwood 1936).

    >>> [round(bound, 3) for bound in interval(0, 1.0)], [round(b, 3) for b in interval(10, 1.0)]
    ([0.0, 3.689], [4.795, 18.39])
    """
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(gammaincinv(count, tail))
    return low / exposure, float(gammaincinv(count + 1, 1 - tail)) / exposure


def suggested(alarms: Sequence[Judged]) -> list[Filter]:
    """Conditions that would have hidden harmless alarms, those that hide nothing genuine first.

    Nothing is ever applied by a machine. What a filter hides is listed with the genuine alarms
    first, life at risk before all.
    """
    by_rule: dict[tuple[str, str | None], list[Judged]] = {}
    for alarm in alarms:
        by_rule.setdefault((alarm.rule, alarm.geofence), []).append(alarm)
    found = [
        made
        for of_rule in by_rule.values()
        for kind, value, hides in _conditions(of_rule)
        if (made := _filter(kind, value, hides, of_rule)) is not None
    ]
    found.sort(key=lambda each: (each["genuine"], -each["harmless"], each["kind"]))
    return found[:MOST_FILTERS]


_Hides = Callable[[Judged], bool]


def _conditions(alarms: Iterable[Judged]) -> Iterable[tuple[str, str | int, _Hides]]:
    harmless = [alarm for alarm in alarms if alarm.verdict in ("nuisance", "false")]
    for hits in sorted({alarm.hits for alarm in harmless if alarm.hits is not None}):
        yield "min_hits", hits + 1, partial(_has_hits, hits)
    for hour in sorted({alarm.hour for alarm in harmless}):
        yield "not_hour", hour, partial(_is_at, hour)
    for name in sorted({alarm.likeliest for alarm in harmless if alarm.likeliest is not None}):
        yield "not_class", name, partial(_looks_like, name)
    for sensor in sorted({alarm.sensors[0] for alarm in harmless if len(alarm.sensors) == 1}):
        yield "not_alone", sensor, partial(_is_seen_by_alone, sensor)


def _has_hits(most: int, alarm: Judged) -> bool:
    return alarm.hits is not None and alarm.hits <= most


def _is_at(hour: int, alarm: Judged) -> bool:
    return alarm.hour == hour


def _looks_like(name: str, alarm: Judged) -> bool:
    return alarm.likeliest == name


def _is_seen_by_alone(sensor: str, alarm: Judged) -> bool:
    return list(alarm.sensors) == [sensor]


def _filter(kind: str, value: str | int, hides: _Hides, alarms: Sequence[Judged]) -> Filter | None:
    hidden = [alarm for alarm in alarms if hides(alarm)]
    count = _counts(hidden)
    harmless = count["nuisance"] + count["false"]
    if harmless < _WORTH:
        return None
    first = alarms[0]
    hidden.sort(key=lambda a: (a.verdict != "genuine", not a.life_at_risk, a.verdict, -a.no))
    return {
        "kind": kind,
        "rule": first.rule,
        "rule_name": first.rule_name or first.rule,
        "geofence": first.geofence,
        "geofence_name": first.geofence_name,
        "value": value,
        "genuine": count["genuine"],
        "harmless": harmless,
        "unjudged": count["unjudged"] + count["unknown"],
        "of": len(alarms),
        "hidden": [
            {"id": a.id, "no": a.no, "verdict": a.verdict, "life_at_risk": a.life_at_risk}
            for a in hidden[:MOST_SHOWN]
        ],
    }


def _groups(
    alarms: Sequence[Judged],
    days: int,
    keys: Callable[[Judged], Iterable[tuple[str, str]]],
) -> list[Group]:
    held: dict[tuple[str, str], list[Judged]] = {}
    for alarm in alarms:
        for key in keys(alarm):
            held.setdefault(key, []).append(alarm)
    made = [_group(key, name, members, days) for (key, name), members in held.items()]
    return sorted(made, key=lambda group: (-group["nuisance"] - group["false"], group["key"]))


def _group(key: str, name: str, alarms: Sequence[Judged], days: int) -> Group:
    count = _counts(alarms)
    return {
        "key": key,
        "name": name,
        "alarms": len(alarms),
        "genuine": count["genuine"],
        "nuisance": count["nuisance"],
        "false": count["false"],
        "unknown": count["unknown"],
        "unjudged": count["unjudged"],
        "nar": _rate(count["nuisance"], days),
        "far": _rate(count["false"], days),
        "open": [alarm.id for alarm in alarms if alarm.status != "resolved"][:MOST_OPEN],
    }


def _counts(alarms: Iterable[Judged]) -> Mapping[Verdict, int]:
    count: dict[Verdict, int] = dict.fromkeys(
        ("genuine", "nuisance", "false", "unknown", "unjudged"), 0
    )
    for alarm in alarms:
        count[alarm.verdict] += 1
    return count


def _rate(count: int, days: int) -> Rate:
    low, high = interval(count, days)
    return {"per_day": count / days, "low": low, "high": high}
