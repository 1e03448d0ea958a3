"""edge.toml as types; everything wrong with it is told at once and in plain words."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from enum import EnumType
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from watchline_sensors.contract import FieldOfView, NorthReference, SensorInfo, SensorKind
from watchline_sensors.errors import ConfigError

_T = TypeVar("_T", bound=msgspec.Struct)
#: From a frame's capture until its finds are in the spool: coding, the way, and looking at it.
_LEAST_CAMERA_DELAY_MS = 300
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class SensorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[sensor]] table. Pose in WGS 84, height in metres above the ellipsoid.

    `options` is the sub-table named after the adapter, as it stands in the file;
    the adapter decodes it with a Struct of its own.
    """

    id: str
    adapter: str
    name: str
    kind: SensorKind
    lon_deg: float
    lat_deg: float
    height_m: float
    north: NorthReference = NorthReference.TRUE
    north_offset_deg: float = 0.0
    field_of_view: FieldOfView | None = None
    site: str | None = None
    simulated: bool = False
    options: dict[str, Any] = {}

    def info(self, now_us: int) -> SensorInfo:
        """This sensor as it is described to the hub."""
        return SensorInfo(
            sensor=self.id,
            at_us=now_us,
            kind=self.kind,
            name=self.name,
            lon_deg=self.lon_deg,
            lat_deg=self.lat_deg,
            height_m=self.height_m,
            north=self.north,
            north_offset_deg=self.north_offset_deg,
            field_of_view=self.field_of_view,
            site=self.site,
            simulated=self.simulated,
        )


class EdgeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The [edge] table. `state` is the folder of spool and key, made when absent.

    `watermark_delay_ms` is the least time an adapter is allowed between a sighting and its
    arrival in the spool; `ca_file` holds the certificates an https hub is checked against,
    when the system's own do not know it.
    """

    id: str
    hub: str
    state: Path
    spool_max_mb: int = 1500
    watermark_delay_ms: int = 50
    ca_file: Path | None = None

    @property
    def spool_path(self) -> Path:
        """The spool's file."""
        return self.state / "spool.db"

    @property
    def key_path(self) -> Path:
        """The signing key's file."""
        return self.state / "edge.key"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole edge.toml."""

    edge: EdgeConfig
    sensors: list[SensorConfig]


def load_config(path: Path) -> Config:
    """Read edge.toml; relative paths count from its folder.

    Raises ConfigError with every problem found, each one sentence that names the place.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([f"{path} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path} is not UTF-8 text"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not TOML: {error}"]) from error
    return parse_config(raw, base=path.resolve().parent)


def parse_config(raw: dict[str, Any], *, base: Path) -> Config:
    """The same from a decoded document; pure. Raises ConfigError."""
    problems: list[str] = []
    for key in raw.keys() - {"edge", "sensor"}:
        problems.append(f"{_unknown(key, ['edge', 'sensor'])} at the top level")
    edge = _edge(raw.get("edge"), base, problems)
    sensors = _sensors(raw.get("sensor", []), problems)
    if edge is not None and edge.watermark_delay_ms < _LEAST_CAMERA_DELAY_MS:
        problems += [
            f"sensor {sensor.id}: a thermal camera's sightings come after the watermark; "
            f"[edge] watermark_delay_ms: use {_LEAST_CAMERA_DELAY_MS} or more (1000 is usual)"
            for sensor in sensors
            if sensor.adapter == "thermal"
        ]
    if problems or edge is None:
        raise ConfigError(problems)
    return Config(edge=edge, sensors=sensors)


def _edge(raw: object, base: Path, problems: list[str]) -> EdgeConfig | None:
    if not isinstance(raw, dict):
        problems.append("the table [edge] is missing")
        return None
    edge = _convert({"state": "state", **raw}, EdgeConfig, "[edge]", problems)
    if edge is None:
        return None
    if not _ID.fullmatch(edge.id):
        problems.append(f"[edge] id {edge.id!r}: use 1 to 64 letters, digits, '.', '_' or '-'")
    if not is_http_url(edge.hub):
        problems.append(f"[edge] hub {edge.hub!r}: use an address like https://hub.example:8610")
    if not 1 <= edge.spool_max_mb <= 1_000_000:
        problems.append("[edge] spool_max_mb: use a number from 1 to 1000000")
    if not 0 <= edge.watermark_delay_ms <= 2000:
        problems.append("[edge] watermark_delay_ms: use a number from 0 to 2000")
    return msgspec.structs.replace(
        edge,
        hub=edge.hub.rstrip("/"),
        state=base / edge.state,
        ca_file=None if edge.ca_file is None else base / edge.ca_file,
    )


def _sensors(raw: object, problems: list[str]) -> list[SensorConfig]:
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        problems.append("sensors are written as [[sensor]] tables, with two brackets")
        return []
    sensors: list[SensorConfig] = []
    for number, one in enumerate(raw, start=1):
        place = f"sensor {one['id']}" if isinstance(one.get("id"), str) else f"[[sensor]] {number}"
        sensor = _sensor(one, place, problems)
        if sensor is None:
            continue
        if any(other.id == sensor.id for other in sensors):
            problems.append(f"{place}: this id is used twice")
        sensors.append(sensor)
    return sensors


def _sensor(raw: dict[str, Any], place: str, problems: list[str]) -> SensorConfig | None:
    adapter = raw.get("adapter")
    plain = dict(raw)
    options = plain.pop(adapter, {}) if isinstance(adapter, str) else {}
    if not isinstance(options, dict):
        problems.append(f"{place}: [sensor.{adapter}] must be a table")
        return None
    if "options" in plain:
        problems.append(f"{place}: write the options as [sensor.{adapter}]")
        return None
    if isinstance(plain.get("field_of_view"), dict):
        known = FieldOfView.__struct_fields__
        where = f"{place}, [sensor.field_of_view]"
        for key in plain["field_of_view"].keys() - set(known):
            problems.append(f"{where}: {_unknown(key, known)}")
    names = [name for name in SensorConfig.__struct_fields__ if name != "options"]
    names += [adapter] if isinstance(adapter, str) else []
    sensor = _convert({**plain, "options": options}, SensorConfig, place, problems, names)
    if sensor is None:
        return None
    if not _ID.fullmatch(sensor.id):
        problems.append(f"{place}: the id may hold 1 to 64 letters, digits, '.', '_' or '-'")
    if (code := sensor.info(0).defect()) is not None:
        problems.append(f"{place}: {_DEFECTS.get(code, code)}")
    return sensor


_DEFECTS = {
    "sensor.position_out_of_range": "lon_deg must lie in -180..180 and lat_deg in -90..90 "
    "(are they swapped?)",
    "sensor.pose_invalid": "height_m or north_offset_deg is out of range",
    "sensor.name_invalid": "the name may hold 1 to 128 characters",
    "sensor.field_of_view_invalid": "field_of_view needs azimuth_deg in 0..360, width_deg above 0 "
    "and at most 360, and min_range_m below max_range_m",
}


def _convert(
    raw: dict[str, Any], kind: type[_T], place: str, problems: list[str], names: Sequence[str] = ()
) -> _T | None:
    allowed = set(kind.__struct_fields__)
    for key in raw.keys() - allowed:
        problems.append(f"{place}: {_unknown(key, names or allowed)}")
    missing = {field.name for field in msgspec.structs.fields(kind) if field.required} - raw.keys()
    for key in sorted(missing):
        problems.append(f"{place}: {key} is missing")
    if missing:
        return None
    try:
        return msgspec.convert(
            {key: raw[key] for key in raw.keys() & allowed}, kind, dec_hook=_path
        )
    except msgspec.ValidationError as error:
        problems.append(f"{place}: {_plain(str(error), kind)}")
        return None


def _path(kind: type, raw: object) -> object:
    if kind is Path and isinstance(raw, str):
        return Path(raw)
    raise TypeError("Expected `str`")


def _unknown(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"there is no key {key!r}" + (f" (did you mean {near[0]!r}?)" if near else "")


def _plain(message: str, kind: type[msgspec.Struct]) -> str:
    """msgspec's "Expected `float`, got `str` - at `$.x`", with the place first."""
    what, _, where = message.partition(" - at ")
    key = where.strip("`").removeprefix("$").lstrip(".")
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    if what.startswith("Invalid enum value") and isinstance(types.get(key), EnumType):
        return f"{key}: use one of {', '.join(types[key])}"
    what = what[:1].lower() + what[1:].replace("`", "")
    return f"{key}: {what}" if key else what


def is_http_url(text: str) -> bool:
    """Whether this is an http or https address with a host and a sane port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
