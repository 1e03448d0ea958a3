"""Features of GeoJSON, GeoPackage, KML and FlatGeobuf files, read and written through GDAL."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError, GeometryError
from shapely.geometry.base import BaseGeometry

from watchline.errors import GeodataUnreadable

MAX_BYTES = 64 * 1024 * 1024
MAX_FEATURES = 20_000


class Format(StrEnum):
    """By the ending of the file's name."""

    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"
    KML = "kml"
    FLATGEOBUF = "fgb"


_DRIVERS = {
    Format.GEOJSON: "GeoJSON",
    Format.GEOPACKAGE: "GPKG",
    Format.KML: "LIBKML",
    Format.FLATGEOBUF: "FlatGeobuf",
}
#: What a file of each format begins with. GDAL goes by content and would open other formats too,
#: among them some that name further files and addresses to read.
_HEADS = {
    Format.GEOJSON: b"{",
    Format.GEOPACKAGE: b"SQLite format 3\0",
    Format.KML: b"<",
    Format.FLATGEOBUF: b"fgb\x03",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A geometry with its fields; `ring_closed`: the file left a ring of it open."""

    geometry: BaseGeometry | None
    fields: dict[str, Any] = field(default_factory=dict)
    ring_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What a file holds; `crs` as PROJ knows it, None if the file does not say."""

    features: list[Feature]
    crs: str | None


def read(data: bytes, format: Format) -> Features:
    """All features of a file's first layer.

    Errors: GeodataUnreadable with `reason` too_large, not_that_format, unreadable, many_layers,
    too_many_features.
    """
    if len(data) > MAX_BYTES:
        raise GeodataUnreadable(reason="too_large")
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(_HEADS[format]) or (format is Format.KML and b"<kml" not in head):
        raise GeodataUnreadable(reason="not_that_format", format=format.value)
    with tempfile.TemporaryDirectory(prefix="watchline-") as folder:
        path = Path(folder) / f"features.{format.value}"
        path.write_bytes(data)
        try:
            layers = pyogrio.list_layers(path)
            if len(layers) != 1:
                raise GeodataUnreadable(reason="many_layers", layers=len(layers))
            count = pyogrio.read_info(path, force_feature_count=True)["features"]
            if count > MAX_FEATURES:
                raise GeodataUnreadable(reason="too_many_features", most=MAX_FEATURES)
            meta, _, wkb, columns = pyogrio.raw.read(path, datetime_as_string=True)
        except (DataSourceError, DataLayerError, FieldError, GeometryError) as error:
            raise GeodataUnreadable(reason="unreadable") from error
    names = [str(name) for name in meta["fields"]]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    if not names:
        rows = [{} for _ in wkb]
    return Features(
        features=[_feature(one, row) for one, row in zip(wkb, rows, strict=True)],
        crs=meta["crs"],
    )


def _feature(wkb: bytes | None, row: dict[str, Any]) -> Feature:
    fields = {name: _plain(value) for name, value in row.items()}
    if wkb is None:
        return Feature(geometry=None, fields=fields)
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    closed = geometry is None
    if closed:
        geometry = shapely.from_wkb(wkb, on_invalid="fix")
    return Feature(
        geometry=None if geometry is None else shapely.force_2d(geometry),
        fields=fields,
        ring_closed=closed and geometry is not None,
    )


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if value != value else value  # NaN is how a missing number comes


def write(features: Sequence[Feature], format: Format, layer: str) -> bytes:
    """A file in WGS 84 with these features; all have the same fields, texts or numbers."""
    names = list(features[0].fields) if features else ["id"]
    columns = [_column([feature.fields[name] for feature in features]) for name in names]
    with tempfile.TemporaryDirectory(prefix="watchline-") as folder:
        path = Path(folder) / f"{layer}.{format.value}"
        pyogrio.raw.write(
            path,
            geometry=np.array([shapely.to_wkb(one.geometry) for one in features], object),
            field_data=columns,
            fields=np.array(names, object),
            field_mask=[
                np.array([feature.fields[name] is None for feature in features], np.bool_)
                for name in names
            ],
            geometry_type="Unknown",
            crs="EPSG:4326",
            driver=_DRIVERS[format],
            layer=layer,
        )
        return path.read_bytes()


def _column(values: Sequence[Any]) -> Any:
    if any(isinstance(value, float) for value in values):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    return np.array(values, object)
