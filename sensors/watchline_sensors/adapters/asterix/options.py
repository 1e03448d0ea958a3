"""The [sensor.asterix] table of edge.toml."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated

import msgspec

from watchline_sensors.adapters.asterix.edition import Edition, EditionUnknown, edition
from watchline_sensors.adapters.asterix.reports import Source
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import ObjectClass
from watchline_sensors.errors import ConfigError

_Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]


class AsterixOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one radar is heard and how well it measures.

    `listen` is the local address its datagrams are sent to; sensors may share one, told apart
    by SAC and SIC. `rho_sigma_m` and `theta_sigma_deg` are the radar's own standard errors of
    slant range and azimuth, used where a report carries none (I010/500). `ground_height_m`:
    height above the ellipsoid of the ground it watches. `silent_s`: a radar not heard for so
    long has failed. `classes` reads the six spare bits of I010/020, where the vendor puts a
    classification: value -> class. A class, there or in the standard's bits, is held to be
    right with probability `class_p`.
    `quarantine` is a file that keeps samples of refused datablocks (one for all radars of an
    address, at most 2 MB).
    """

    sac: _Octet
    sic: _Octet
    rho_sigma_m: Annotated[float, msgspec.Meta(gt=0, le=10_000)]
    theta_sigma_deg: Annotated[float, msgspec.Meta(gt=0, le=90)]
    listen: str | None = None
    category: int = 10
    edition: str = "1.1"
    speed_sigma_mps: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 2.0
    ground_height_m: Annotated[float, msgspec.Meta(ge=-1000, le=10_000)] | None = None
    silent_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    classes: dict[str, ObjectClass] = {}
    quarantine: str | None = None
    class_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.7

    @property
    def source(self) -> Source:
        """(SAC, SIC)."""
        return self.sac, self.sic

    @property
    def address(self) -> tuple[str, int] | None:
        """`listen` as (host, port), or None when it is absent or not an address."""
        host, _, port = (self.listen or "").rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            return None
        return host.strip("[]"), int(port)


def options_of(sensor: SensorConfig) -> AsterixOptions:
    """A sensor's options, decoded; raises ConfigError."""
    try:
        return msgspec.convert(sensor.options, AsterixOptions)
    except msgspec.ValidationError as error:
        raise ConfigError([f"sensor {sensor.id}, [sensor.asterix]: {error}"]) from error


def edition_of(options: AsterixOptions) -> Edition:
    """The edition these options pin; raises EditionUnknown."""
    if options.category != 10:
        raise EditionUnknown(f"category {options.category}: only category 10 is read")
    return edition(options.category, options.edition)


def _is_multicast(address: tuple[str, int] | None) -> bool:
    try:
        return address is not None and ip_address(address[0]).is_multicast
    except ValueError:  # a host name
        return False


def problems(sensors: Sequence[SensorConfig], *, listening: bool) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is.

    `listening`: they are to be heard by UDP, so that each needs an address.
    """
    found: list[str] = []
    heard: dict[tuple[str | None, Source], str] = {}
    for sensor in sensors:
        place = f"sensor {sensor.id}, [sensor.asterix]"
        try:
            options = options_of(sensor)
            edition_of(options)
        except ConfigError as error:
            found += error.problems
            continue
        except EditionUnknown as error:
            found.append(f"{place}: {error}")
            continue
        if listening and options.address is None:
            found.append(f'{place}: listen: use an address and a port, like "127.0.0.1:8600"')
        elif listening and _is_multicast(options.address):
            found.append(f"{place}: listen: {options.listen} is multicast; only unicast is heard")
        if any(not key.isdecimal() or int(key) > 63 for key in options.classes):
            found.append(f"{place}: classes: the keys are numbers from 0 to 63")
        key = (options.listen if listening else None, options.source)
        if key in heard:
            found.append(
                f"{place}: SAC {options.sac} SIC {options.sic} is already sensor {heard[key]}"
            )
        heard.setdefault(key, sensor.id)
    return found
