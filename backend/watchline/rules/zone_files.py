"""Geofences with their rules from and to files of geodata.

A feature's fields: id, name, kind (area, line, circle, corridor), purpose, p_in, p_out, directions
(of a line's segments, with commas), radius_m of a circle (a point), left_m and right_m of a
corridor (a line), schedule and rules (JSON). What is left out is as for a drawn geofence; without
a kind, polygons are areas and lines are lines.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from pydantic import ValidationError

from watchline.errors import GeofenceInvalid, WatchlineError
from watchline.geofences import files, placing
from watchline.geofences.files import Feature, Format
from watchline.geofences.store import Frame
from watchline.rules import put_zones
from watchline.rules.zones import GeofenceDraft, GeofenceView

_PLAIN = ("id", "name", "kind", "purpose", "p_in", "p_out")
#: KML has names of its own for these.
_ALIASES = {"Name": "name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The geofences of a file, ready for `put_zones.put`, and what was repaired in which."""

    prepared: put_zones.Prepared
    repairs: list[dict[str, str]]


def read(
    data: bytes,
    format: Format,
    frame: Frame,
    progress: Callable[[float], None] = lambda share: None,
) -> Read:
    """Read and check a file. Takes seconds for thousands: a thread's work.

    Errors: GeodataUnreadable, and GeofenceInvalid, GeofenceOutsideSector and RuleInvalid naming
    the `geofence` (its id, or else its number).
    """
    told = files.read(data, format)
    progress(0.1)
    repairs: list[dict[str, str]] = []
    features = [
        Feature(
            geometry=feature.geometry,
            fields=_fields(feature, number),
            ring_closed=feature.ring_closed,
        )
        for number, feature in enumerate(told.features, 1)
    ]
    for feature in features:
        if feature.geometry is None:
            raise GeofenceInvalid(reason="no_geometry", geofence=feature.fields["id"])
    shapes, moved = placing.place(
        [feature.geometry for feature in features if feature.geometry is not None],
        told.crs,
        frame.area,
    )
    if moved is not None:
        repairs.append({"geofence": "*", "repair": moved})
    drafts = []
    for feature, shape in zip(features, shapes, strict=True):
        id = feature.fields["id"]
        try:
            mended, what = placing.mend(shape)
            drafts.append(_draft(feature.fields, mended))
        except ValidationError as error:
            wrong = [".".join(map(str, item["loc"])) for item in error.errors()[:10]]
            raise GeofenceInvalid(reason="fields_invalid", geofence=id, fields=wrong) from error
        except WatchlineError as error:
            raise type(error)(**error.params, geofence=id) from error
        if feature.ring_closed:
            what.insert(0, "ring_closed")
        repairs += [{"geofence": id, "repair": repair} for repair in what]
    progress(0.3)
    prepared = put_zones.prepare(drafts, frame, lambda share: progress(0.3 + 0.7 * share))
    return Read(prepared=prepared, repairs=repairs)


def _fields(feature: Feature, number: int) -> dict[str, Any]:
    fields = {_ALIASES.get(name, name): value for name, value in feature.fields.items()}
    fields["id"] = str(fields.get("id") or f"imported-{number}")
    fields["name"] = str(fields.get("name") or fields["id"])
    return fields


def _draft(fields: dict[str, Any], shape: shapely.Geometry) -> GeofenceDraft:
    draft = {name: fields[name] for name in _PLAIN if fields.get(name) not in (None, "")}
    kind = draft.setdefault("kind", "area" if shape.geom_type == "Polygon" else "line")
    points = shapely.get_coordinates(shape).tolist()
    if kind == "circle":
        if shape.geom_type != "Point":
            raise GeofenceInvalid(reason="wrong_type", type=shape.geom_type)
        draft["geom"] = {
            "type": "Circle",
            "coordinates": points[0],
            "radius_m": fields.get("radius_m"),
        }
    elif kind == "corridor":
        if shape.geom_type != "LineString":
            raise GeofenceInvalid(reason="wrong_type", type=shape.geom_type)
        widths = {side: fields.get(side) or 0.0 for side in ("left_m", "right_m")}
        draft["geom"] = {"type": "Corridor", "coordinates": points, **widths}
    elif shape.geom_type == "Point":
        raise GeofenceInvalid(reason="wrong_type", type=shape.geom_type)
    else:
        draft["geom"] = json.loads(shapely.to_geojson(shape))
    if kind in ("circle", "corridor"):
        draft["kind"] = "area"
    if fields.get("directions"):
        draft["directions"] = str(fields["directions"]).split(",")
    for name in ("schedule", "rules"):
        if fields.get(name):
            draft[name] = _json(fields[name], name)
    return GeofenceDraft.model_validate(draft)


def _json(text: Any, name: str) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise GeofenceInvalid(reason="fields_invalid", fields=[name]) from error


def write(views: Sequence[GeofenceView], format: Format) -> bytes:
    """A file that brings no change when it is read again."""
    return files.write([_feature(view) for view in views], format, "geofences")


def _feature(view: GeofenceView) -> Feature:
    drawn = view["drawn"] or {}
    kind: str = drawn["type"].lower() if drawn else view["kind"]
    geometry: shapely.Geometry
    if kind == "circle":
        geometry = shapely.Point(drawn["coordinates"])
    elif kind == "corridor":
        geometry = shapely.LineString(drawn["coordinates"])
    else:
        geometry = shapely.from_geojson(json.dumps(view["geom"]))
    rules = [
        {name: value for name, value in rule.items() if name != "version"} for rule in view["rules"]
    ]
    return Feature(
        geometry=geometry,
        fields={
            "id": view["id"],
            "name": view["name"],
            "kind": kind,
            "purpose": str(view["purpose"]),
            "p_in": view["p_in"],
            "p_out": view["p_out"],
            "directions": None if view["directions"] is None else ",".join(view["directions"]),
            "radius_m": _number(drawn.get("radius_m")),
            "left_m": _number(drawn.get("left_m")),
            "right_m": _number(drawn.get("right_m")),
            "schedule": None if view["schedule"] is None else json.dumps(view["schedule"]),
            "rules": json.dumps(rules),
        },
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
