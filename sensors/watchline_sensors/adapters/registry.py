"""From an adapter's name in edge.toml to the adapters that serve its sensors.

A family is a module with `build(sensors) -> list[Adapter]` and `check(sensors) -> list[str]`.
Ours lie in `watchline_sensors.adapters.<name>.adapter`; others come by the entry-point
group `watchline.adapters`. Ours win, so that no installed package can take their names.
"""

import importlib
import importlib.util
import pkgutil
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol, cast

from watchline_sensors import adapters
from watchline_sensors.adapters import Adapter
from watchline_sensors.config import SensorConfig
from watchline_sensors.errors import AdapterUnknown, ConfigError

ENTRY_POINT_GROUP = "watchline.adapters"
#: It plays what a family has recorded.
_NO_FAMILIES = {"replay"}


class Family(Protocol):
    """What a device family's module offers."""

    def build(self, sensors: Sequence[SensorConfig]) -> list[Adapter]:
        """The adapters that together serve these sensors, in any number."""

    def check(self, sensors: Sequence[SensorConfig]) -> list[str]:
        """What is wrong with these sensors' options, in plain words; empty when nothing is."""


def names() -> list[str]:
    """Every adapter name that could be used here, sorted."""
    ours = {one.name for one in pkgutil.iter_modules(adapters.__path__) if one.ispkg}
    others = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    return sorted(ours - _NO_FAMILIES | others)


def family(name: str) -> Family:
    """The module of one device family; raises AdapterUnknown, and ConfigError when a library
    that it needs is not installed."""
    if name.isidentifier():
        module_name = f"watchline_sensors.adapters.{name}.adapter"
        if _exists(module_name):
            try:
                module = importlib.import_module(module_name)
            except ImportError as error:
                needed = f"pip install 'watchline-sensors[{name}]'"
                raise ConfigError([f"adapter {name} needs {error.name}: {needed}"]) from error
            if hasattr(module, "build"):
                return cast(Family, module)
    for point in entry_points(group=ENTRY_POINT_GROUP, name=name):
        return cast(Family, point.load())
    raise AdapterUnknown(name)


def check_adapters(sensors: Sequence[SensorConfig]) -> list[str]:
    """What is wrong with the sensors' adapters, in plain words; empty when nothing is."""
    problems: list[str] = []
    for name, members in _by_adapter(sensors).items():
        try:
            problems += family(name).check(members)
        except ConfigError as error:
            problems += error.problems
        except AdapterUnknown:
            known = ", ".join(names()) or "none"
            ids = ", ".join(sensor.id for sensor in members)
            problems.append(f"sensor {ids}: no adapter is called {name!r} (there is: {known})")
    return problems


def build_adapters(sensors: Sequence[SensorConfig]) -> list[Adapter]:
    """The adapters that serve these sensors; raises AdapterUnknown, ConfigError."""
    return [
        adapter
        for name, members in _by_adapter(sensors).items()
        for adapter in family(name).build(members)
    ]


def _by_adapter(sensors: Sequence[SensorConfig]) -> dict[str, list[SensorConfig]]:
    groups: dict[str, list[SensorConfig]] = defaultdict(list)
    for sensor in sensors:
        groups[sensor.adapter].append(sensor)
    return groups


def _exists(module_name: str) -> bool:
    try:
        return importlib.util.find_spec(module_name) is not None
    except ModuleNotFoundError:  # the family's own folder is missing
        return False
