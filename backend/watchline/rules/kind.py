"""A rule kind: one file in kinds/, found by its name."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from watchline.errors import RuleInvalid
from watchline.geofences.model import Geofence, GeofenceKind
from watchline.rules import kinds
from watchline.rules.events import Event

#: Evidence beside what every finding has (`sensors`, `hits`), or None: the rule did not hold.
Judge = Callable[[Any, Geofence, Any], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file in kinds/ exports as KIND; its `params` type is the schema of Rule.params."""

    name: str
    geofence: GeofenceKind
    event: type[Event]
    params: type[msgspec.Struct]
    judge: Judge


@cache
def all_kinds() -> Mapping[str, Kind]:
    """Every kind by name: one per module of watchline.rules.kinds."""
    found = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        kind: Kind = importlib.import_module(f"{kinds.__name__}.{module.name}").KIND
        found[kind.name] = kind
    return MappingProxyType(found)


def read_params(kind: str, params: Mapping[str, Any], geofence: GeofenceKind) -> msgspec.Struct:
    """The parameters of a rule of this kind over such a geofence, checked.

    Raises RuleInvalid with `reason` kind_unknown, geofence_kind_wrong or params_invalid.
    """
    known = all_kinds().get(kind)
    if known is None:
        raise RuleInvalid(reason="kind_unknown", kind=kind, known=sorted(all_kinds()))
    if known.geofence is not geofence:
        raise RuleInvalid(reason="geofence_kind_wrong", kind=kind, needs=known.geofence.value)
    try:
        return msgspec.convert(dict(params), known.params)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise RuleInvalid(reason="params_invalid", kind=kind) from error
