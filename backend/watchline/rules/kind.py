"""A rule kind: one file in kinds/, found by its name."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from watchline.errors import RuleInvalid
from watchline.geofences.model import Geofence, GeofenceKind
from watchline.rules import kinds
from watchline.rules.events import Event, Happening, Mark, Sign
from watchline.rules.qualify import Qualifiers
from watchline.rules.watch import Watch

#: Evidence beside what every finding has (`sensors`, `hits`), or None: the rule did not hold.
Evidence = dict[str, Any]
Remember = Callable[[Happening, Sequence[Mark], Any], tuple[Evidence | None, Sequence[Mark]]]
AREA = frozenset({GeofenceKind.AREA})
LINE = frozenset({GeofenceKind.LINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file in kinds/ exports as KIND. Everything in it is pure.

    `params` is the schema of Rule.params. A kind lives on one of these:

    - `events`: `judge(event, geofence, params)` is told each event of these types in order;
    - `remember`, in place of `judge`: as these, but also those at the geofences `others(params)`,
      and with the marks that the rule has kept of earlier ones; gives the marks to keep too;
    - `watch`: a condition that must hold for a time; `judge` is told it as Held;
    - `signs`: of which subjects a unit or sensor in the area gives a sign of life, and for how
      many seconds that counts; `judge` is told when these are over, as Silent. `expected`
      are subjects that count as seen when the rule begins.

    `fits` narrows `geofences` down by the parameters. `shape` gives what is compiled in place
    of the drawn geofence, None: as drawn. `cold` says, by the air
    temperature (None: unknown) and the time, whether the rule may hold then.
    """

    name: str
    geofences: frozenset[GeofenceKind]
    params: type[Qualifiers]
    fits: Callable[[Any], frozenset[GeofenceKind]] | None = None
    judge: Callable[[Any, Geofence, Any], Evidence | None] = lambda event, geofence, params: None
    events: tuple[type[Event], ...] = ()
    remember: Remember | None = None
    others: Callable[[Any], tuple[str, ...]] = lambda params: ()
    watch: Callable[[Any], Watch | None] = lambda params: None
    signs: Callable[[Sign, Any], Sequence[tuple[str, float]]] | None = None
    expected: Callable[[Any], Sequence[tuple[str, float]]] = lambda params: ()
    shape: Callable[[Geofence, Any], Geofence | None] = lambda geofence, params: None
    cold: Callable[[Any, float | None, int], bool] | None = None
    life_at_risk: bool = False


@cache
def all_kinds() -> Mapping[str, Kind]:
    """Every kind by name: one per module of watchline.rules.kinds."""
    found = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        kind: Kind = importlib.import_module(f"{kinds.__name__}.{module.name}").KIND
        found[kind.name] = kind
    return MappingProxyType(found)


def read_params(kind: str, params: Mapping[str, Any], geofence: GeofenceKind) -> Qualifiers:
    """The parameters of a rule of this kind over such a geofence, checked.

    Raises RuleInvalid with `reason` kind_unknown, geofence_kind_wrong or params_invalid, the last
    with the `place` in the parameters as a JSON path.
    """
    known = all_kinds().get(kind)
    if known is None:
        raise RuleInvalid(reason="kind_unknown", kind=kind, known=sorted(all_kinds()))
    if geofence not in known.geofences:
        needs = "_or_".join(sorted(known.geofences))
        raise RuleInvalid(reason="geofence_kind_wrong", kind=kind, needs=needs)
    try:
        made = msgspec.convert(dict(params), known.params)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        # msgspec ends with "- at `$.place`" when it can name one.
        _, _, place = str(error).rpartition(" - at ")
        raise RuleInvalid(
            reason="params_invalid",
            kind=kind,
            place=place.strip("`") if place.startswith("`") else "$",
        ) from error
    if known.fits is not None and geofence not in known.fits(made):
        needs = "_or_".join(sorted(known.fits(made)))
        raise RuleInvalid(reason="geofence_kind_wrong", kind=kind, needs=needs)
    return made
