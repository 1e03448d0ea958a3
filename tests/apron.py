"""Our fixture for the airport recording: where its radar stands, two areas and a line on its apron.

The recording itself (two hours of CAT010 that nobody here wrote) lies outside the repository.
"""

from pathlib import Path
from typing import Any

from system import ROOT

RECORDING = ROOT.parent / "shared/data/asterix/lebl-smr.cat010.ast"
#: Its own counts, told by three independent decoders.
RECORDS, TARGET_REPORTS, STARTS_OF_CYCLE, STATUS = 52_659, 38_309, 7_175, 7_175
RADAR = (2.0833, 41.2972)


def place(east_m: float, north_m: float) -> list[float]:
    """Metres from the radar to WGS 84; a degree is 83,760 m east and 111,070 m north there."""
    return [RADAR[0] + east_m / 83_760.0, RADAR[1] + north_m / 111_070.0]


def box(west_m: float, south_m: float, east_m: float, north_m: float) -> dict[str, Any]:
    """A rectangle in metres from the radar."""
    corners = [
        (west_m, south_m),
        (east_m, south_m),
        (east_m, north_m),
        (west_m, north_m),
        (west_m, south_m),
    ]
    return {"type": "Polygon", "coordinates": [[place(*corner) for corner in corners]]}


SECTOR: dict[str, Any] = {
    "sector": {
        "id": "apron",
        "name": "Airport apron (recording)",
        "time_zone": "Europe/Madrid",
        "synthetic": False,
        "origin": list(RADAR),
        "geom": box(-6000, -6000, 6000, 6000),
    },
    "sites": [{"id": "tower", "name": "Tower", "lon": RADAR[0], "lat": RADAR[1]}],
    "edges": [],
    "geofences": [
        {
            "id": "stand-north",
            "name": "Stands north",
            "kind": "area",
            "geom": box(-1300, 300, -900, 700),
        },
        {
            "id": "stand-south",
            "name": "Stands south",
            "kind": "area",
            "geom": box(-1700, -900, -1200, -500),
        },
        {
            "id": "taxiway",
            "name": "Taxiway",
            "kind": "line",
            "geom": {
                "type": "LineString",
                "coordinates": [place(-1500, -400), place(-1500, 500)],
            },
            "directions": ["both"],
        },
    ],
    "rules": [
        {
            "id": f"{geofence}-{kind}",
            "name": f"{kind} {geofence}",
            "kind": kind,
            "geofence_id": geofence,
            "severity": "medium",
            "params": {},
        }
        for geofence, kind in (
            ("stand-north", "enter"),
            ("stand-south", "enter"),
            ("taxiway", "cross"),
        )
    ],
}


def edge_toml(hub: str, state: Path) -> str:
    """The configuration of the edge that plays the recording."""
    return f"""
[edge]
id = "tower-edge"
hub = "{hub}"
state = "{state}"

[[sensor]]
id = "smr"
adapter = "asterix"
name = "Surface movement radar"
kind = "radar"
site = "tower"
lon_deg = {RADAR[0]}
lat_deg = {RADAR[1]}
height_m = 50.0

[sensor.field_of_view]
azimuth_deg = 0.0
width_deg = 360.0
min_range_m = 50.0
max_range_m = 4000.0

[sensor.asterix]
listen = "127.0.0.1:0"
sac = 0
sic = 7
editions = {{ 10 = "1.1" }}
rho_sigma_m = 6.0
theta_sigma_deg = 0.2
"""
