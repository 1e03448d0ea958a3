"""The [sensor.asterix] table of edge.toml."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from watchline_sensors.adapters.asterix.decode import CATEGORIES, Editions
from watchline_sensors.adapters.asterix.edition import EditionUnknown, edition
from watchline_sensors.adapters.asterix.endpoint import Endpoint, endpoint
from watchline_sensors.adapters.asterix.reports import Source
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import ObjectClass
from watchline_sensors.errors import ConfigError

_Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]
_Metres = Annotated[float, msgspec.Meta(gt=0, le=10_000)]
_Speed = Annotated[float, msgspec.Meta(gt=0, le=1000)]

#: The categories whose records are targets; a source sends one of them, and what goes with it.
_TARGETS = {"10": {"10"}, "48": {"34", "48"}, "62": {"62", "63", "65"}}


class AsterixOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one source is heard.

    `editions` pins what it sends: category -> edition, e.g. {34 = "1.27", 48 = "1.27"}.
    One of `listen` (the local address its datagrams go to; for a multicast group with the
    address of the `interface` that hears it) and `connect` (the address of a TCP server).
    Sources may share an address, told apart by SAC and SIC. `silent_s`: a source not heard for
    so long has failed. `quarantine` is a file that keeps samples of refused datablocks (one
    for all sources of an address, at most 2 MB).
    """

    sac: _Octet
    sic: _Octet
    editions: dict[str, str] = msgspec.field(default_factory=lambda: {"10": "1.1"})
    listen: str | None = None
    interface: str | None = None
    connect: str | None = None
    silent_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    quarantine: str | None = None

    @property
    def source(self) -> Source:
        """(SAC, SIC)."""
        return self.sac, self.sic


class RadarOptions(AsterixOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A radar (CAT010, CAT048) and how well it measures.

    `rho_sigma_m` and `theta_sigma_deg` are its own standard errors of slant range and azimuth,
    used where a report carries none (I010/500). `ground_height_m`: height above the ellipsoid
    of the ground it watches. `classes` reads the six spare bits of I010/020, where the vendor
    puts a classification: value -> class, "unknown" for the one that says it cannot tell. A
    class, there or in the standard's bits, is held to be right with probability `class_p`.
    """

    rho_sigma_m: _Metres
    theta_sigma_deg: Annotated[float, msgspec.Meta(gt=0, le=90)]
    speed_sigma_mps: _Speed = 2.0
    ground_height_m: Annotated[float, msgspec.Meta(ge=-1000, le=10_000)] | None = None
    classes: dict[str, ObjectClass] = {}
    class_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.7


class TrackerOptions(AsterixOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tracker (CAT062) and how well it knows where its tracks are.

    `position_sigma_m` and `speed_sigma_mps` are the standard errors east and north, used where
    a track carries none (I062/500).
    """

    position_sigma_m: _Metres
    speed_sigma_mps: _Speed = 2.0


def options_of(sensor: SensorConfig) -> RadarOptions | TrackerOptions:
    """A sensor's options, decoded; raises ConfigError."""
    try:
        if _is_tracker(sensor.options):
            return msgspec.convert(sensor.options, TrackerOptions)
        return msgspec.convert(sensor.options, RadarOptions)
    except msgspec.ValidationError as error:
        raise ConfigError([f"sensor {sensor.id}, [sensor.asterix]: {error}"]) from error


def endpoint_of(options: AsterixOptions) -> Endpoint:
    """Where these options hear their source; raises EndpointInvalid."""
    return endpoint(options.listen, options.interface, options.connect)


def editions_of(options: AsterixOptions) -> Editions:
    """The editions these options pin, for this source alone; raises EditionUnknown."""
    return {
        (int(category), *options.source): edition(int(category), text)
        for category, text in options.editions.items()
    }


def problems(sensors: Sequence[SensorConfig], *, listening: bool) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is.

    `listening`: they are to be heard, so that each needs an address.
    """
    found: list[str] = []
    heard: dict[tuple[Endpoint | None, Source], str] = {}
    for sensor in sensors:
        place = f"sensor {sensor.id}, [sensor.asterix]"
        try:
            options = options_of(sensor)
        except ConfigError as error:
            found += error.problems
            continue
        found += [f"{place}: {words}" for words in _editions_wrong(options)]
        if isinstance(options, RadarOptions) and any(
            not key.isdecimal() or int(key) > 63 for key in options.classes
        ):
            found.append(f"{place}: classes: the keys are numbers from 0 to 63")
        try:
            where = endpoint_of(options) if listening else None
        except ConfigError as error:
            found += [f"{place}: {words}" for words in error.problems]
            continue
        key = (where, options.source)
        if key in heard:
            found.append(
                f"{place}: SAC {options.sac} SIC {options.sic} is already sensor {heard[key]}"
            )
        heard.setdefault(key, sensor.id)
    return found


def _editions_wrong(options: AsterixOptions) -> list[str]:
    categories = set(options.editions)
    if strange := sorted(categories - {str(number) for number in CATEGORIES}):
        known = ", ".join(map(str, CATEGORIES))
        return [f"editions: category {', '.join(strange)} is not read (there is: {known})"]
    if not any({target} <= categories <= group for target, group in _TARGETS.items()):
        return ["editions: one source sends 10, or 48 with 34, or 62 with 63 and 65"]
    try:
        editions_of(options)
    except EditionUnknown as error:
        return [f"editions: {error}"]
    return []


def _is_tracker(raw: dict[str, Any]) -> bool:
    editions = raw.get("editions")
    return isinstance(editions, dict) and "62" in editions
