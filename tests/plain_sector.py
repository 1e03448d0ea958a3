"""A sector of plain shapes: a square meadow and a ditch north of it."""

from typing import Any

from watchline_sensors.contract import SensorInfo

#: A degree of longitude at 50.5° N is about 70,950 m, of latitude 111,250 m.
ORIGIN = (24.0, 50.5)


def lon_lat(east_m: float, north_m: float) -> list[float]:
    """A place given in metres from the test sector's origin; good to a metre within 3 km."""
    return [ORIGIN[0] + east_m / 70_945.0, ORIGIN[1] + north_m / 111_247.0]


def ring(east_m: float, north_m: float, size_m: float) -> list[list[float]]:
    """A square by its centre and side."""
    h = size_m / 2
    corners = [(-h, -h), (h, -h), (h, h), (-h, h), (-h, -h)]
    return [lon_lat(east_m + x, north_m + y) for x, y in corners]


#: The one on the mast.
RADAR = SensorInfo(
    sensor="radar",
    at_us=1_700_000_000_000_000,
    kind="radar",
    name="Radar",
    lon_deg=ORIGIN[0],
    lat_deg=ORIGIN[1],
    height_m=200.0,
    site="mast",
)

SECTOR: dict[str, Any] = {
    "sector": {
        "id": "test",
        "name": "Test sector",
        "time_zone": "Europe/Warsaw",
        "synthetic": True,
        "origin": list(ORIGIN),
        "geom": {"type": "Polygon", "coordinates": [ring(0, 0, 40_000)]},
    },
    "sites": [{"id": "mast", "name": "Mast", "lon": ORIGIN[0], "lat": ORIGIN[1]}],
    "edges": [],
    "geofences": [
        {
            "id": "meadow",
            "name": "Meadow",
            "kind": "area",
            "geom": {"type": "Polygon", "coordinates": [ring(0, 0, 400)]},
        },
        {
            "id": "ditch",
            "name": "Ditch",
            "kind": "line",
            "geom": {
                "type": "LineString",
                "coordinates": [lon_lat(-1000, 600), lon_lat(1000, 600)],
            },
            "directions": ["right_to_left"],
        },
    ],
    "rules": [
        {
            "id": "meadow-enter",
            "name": "Somebody in the meadow",
            "kind": "enter",
            "geofence_id": "meadow",
            "severity": "high",
            "params": {},
        },
        {
            "id": "meadow-exit",
            "name": "Somebody left the meadow",
            "kind": "exit",
            "geofence_id": "meadow",
            "severity": "low",
            "params": {},
        },
        {
            "id": "ditch-cross",
            "name": "Somebody crossed the ditch",
            "kind": "cross",
            "geofence_id": "ditch",
            "severity": "very_high",
            "params": {},
        },
    ],
}
