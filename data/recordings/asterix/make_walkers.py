"""Make walkers.cat010.ast and walkers.expected.json: a made-up night at a made-up radar.

Encoded by aviconv-asterix (not by anything of ours), placed by the plain geometry below (not by
`place.py`), so that the decoder and the placing are each held against somebody else's work.

    .venv/bin/python data/recordings/asterix/make_walkers.py

Twelve seconds around midnight UTC, one antenna turn a second: two walkers and a vehicle. In it
is one of everything a real feed surprises with: several records in a datablock, vendor bits in
the spare bits of I010/020, plots with only Cartesian or only WGS 84 positions, I010/500, a
report that ends a track without any position, an event-triggered status, a coasted update.
"""

import json
import math
from pathlib import Path

from aviconv_asterix import Cat010Record, encode_records
from aviconv_asterix.cat010 import UAP_010

HERE = Path(__file__).parent
SAC, SIC = 0, 21
LON_DEG, LAT_DEG, HEIGHT_M, GROUND_M = 23.6, 52.1, 171.0, 141.0
START_TOD_S = 86_394.0
MIDNIGHT_BEFORE_US = 1_768_348_800_000_000  # 2026-01-14T00:00:00Z
SPARE_BITS = {"walker": 5, "vehicle": 9}


def main() -> None:
    """Write both files beside this script."""
    stream, expected = recording()
    (HERE / "walkers.cat010.ast").write_bytes(stream)
    text = json.dumps(expected, indent=1) + "\n"
    (HERE / "walkers.expected.json").write_text(text, "utf-8")


def recording() -> tuple[bytes, dict[str, object]]:
    """The octets, and what has to come out of them."""
    blocks: list[bytes] = []
    detections: list[dict[str, object]] = []
    for turn in range(12):
        tod_s = START_TOD_S + turn
        blocks.append(encode_records([_service("start_of_update_cycle", tod_s)]))
        # One walker's datablock of its own; the others share one.
        blocks.append(encode_records([_walker(101, turn, tod_s, detections)]))
        shared = [_vehicle(202, turn, tod_s, detections)]
        if turn < 9:
            shared.append(_walker(303, turn, tod_s, detections, heading_deg=265.0, rho_m=1480.0))
        elif turn == 9:
            shared.append(_ended(303, tod_s, detections))
        blocks.append(encode_records(shared))
        if turn == 4:
            blocks.append(encode_records([_cartesian(tod_s, detections)]))
        if turn == 7:
            blocks.append(encode_records([_wgs84(tod_s, detections)]))
        kind, system = ("event_triggered_status", "40") if turn == 8 else ("periodic_status", "00")
        blocks.append(encode_records([_service(kind, tod_s + 0.9375, system)]))
    return b"".join(blocks), {
        "sensor": {
            "sac": SAC,
            "sic": SIC,
            "lon_deg": LON_DEG,
            "lat_deg": LAT_DEG,
            "height_m": HEIGHT_M,
            "ground_height_m": GROUND_M,
        },
        "first_day": "2026-01-14",
        "datablocks": len(blocks),
        "records": {"target_reports": len(detections), "start_of_cycle": 12, "status": 11,
                    "other": 1},
        "detections": detections,
    }  # fmt: skip


def _walker(
    track: int,
    turn: int,
    tod_s: float,
    out: list[dict[str, object]],
    heading_deg: float = 80.0,
    rho_m: float = 900.0,
) -> Cat010Record:
    east, north = _moved(rho_m, 40.0, heading_deg, 1.4, turn)
    return _track(
        track,
        tod_s + 0.25,
        east,
        north,
        1.4,
        heading_deg,
        SPARE_BITS["walker"],
        out,
        status="30" if turn == 6 else "00",  # once the radar only predicts
        size="02",
    )


def _vehicle(track: int, turn: int, tod_s: float, out: list[dict[str, object]]) -> Cat010Record:
    east, north = _moved(5200.0, 210.0, 15.0, 14.0, turn)
    return _track(
        track, tod_s + 0.625, east, north, 14.0, 15.0, SPARE_BITS["vehicle"], out,
        status="00", size="090b04",
    )  # fmt: skip


def _track(
    track: int,
    tod_s: float,
    east_m: float,
    north_m: float,
    speed_mps: float,
    heading_deg: float,
    spare_bits: int,
    out: list[dict[str, object]],
    *,
    status: str,
    size: str,
) -> Cat010Record:
    """A track update with everything in it; what the wire rounds is rounded for `out` too."""
    rho = round(math.hypot(east_m, north_m))
    theta = round(math.degrees(math.atan2(east_m, north_m)) % 360.0 * 65536 / 360.0) % 65536
    speed = round(speed_mps / 1852.0 * 2**14)
    angle = round(heading_deg * 65536 / 360.0)
    theta_deg, heading = theta * 360.0 / 65536, math.radians(angle * 360.0 / 65536)
    lon, lat = _on_ground(rho, theta_deg)
    out.append(
        _expected(
            tod_s, track, lon, lat,
            velocity=[speed * 1852 / 2**14 * math.sin(heading),
                      speed * 1852 / 2**14 * math.cos(heading)],
            extras={"spare_bits": spare_bits, "rho_m": rho, "theta_deg": theta_deg,
                    **({"extrapolated": 3} if status == "30" else {})},
        )
    )  # fmt: skip
    x, y = round(east_m), round(north_m)
    vx = round(speed_mps * math.sin(math.radians(heading_deg)) * 4)
    vy = round(speed_mps * math.cos(math.radians(heading_deg)) * 4)
    return _record(
        tod_s,
        typed={"rho_m": float(rho), "theta_deg": theta_deg, "x_m": float(x), "y_m": float(y),
               "ground_speed_kt": speed * 3600 / 2**14, "track_angle_deg": angle * 360 / 65536,
               "track_number": track},
        raw={"I010/020": f"6101{spare_bits << 1:02x}",
             "I010/202": (vx % 65536).to_bytes(2).hex() + (vy % 65536).to_bytes(2).hex(),
             "I010/170": status, "I010/270": size, "I010/131": "2a"},
    )  # fmt: skip


def _cartesian(tod_s: float, out: list[dict[str, object]]) -> Cat010Record:
    """A plot with nothing but x and y."""
    lon, lat = _along_ground(math.hypot(-420, 365), math.degrees(math.atan2(-420, 365)))
    out.append(_expected(tod_s + 0.5, None, lon, lat, velocity=None, extras={}))
    return _record(tod_s + 0.5, typed={"x_m": -420.0, "y_m": 365.0}, raw={"I010/020": "60"})


def _wgs84(tod_s: float, out: list[dict[str, object]]) -> Cat010Record:
    """A plot with a position of its own and its own standard deviations: 3 m, 5 m, 6 (m²)."""
    lat = round(52.1123 / 180 * 2**31) * 180 / 2**31
    lon = round(23.6123 / 180 * 2**31) * 180 / 2**31
    expected = _expected(tod_s + 0.5, None, lon, lat, velocity=None, extras={"test": 1})
    out.append({**expected, "covariance_m2": [9.0, 6.0, 25.0]})
    return _record(
        tod_s + 0.5,
        typed={"lat": lat, "lon": lon},
        raw={"I010/020": "6140", "I010/500": "0c140018"},
    )


def _ended(track: int, tod_s: float, out: list[dict[str, object]]) -> Cat010Record:
    """The radar gives a track up: no position at all."""
    out.append(_expected(tod_s + 0.25, track, None, None, velocity=None, extras={"ends_track": 1}))
    return _record(
        tod_s + 0.25, typed={"track_number": track}, raw={"I010/020": "60", "I010/170": "40"}
    )


def _service(kind: str, tod_s: float, system: str | None = None) -> Cat010Record:
    raw = {} if system is None else {"I010/550": system}
    return _record(tod_s, typed={}, raw=raw, kind=kind)


def _record(
    tod_s: float, *, typed: dict[str, object], raw: dict[str, str], kind: str = "target_report"
) -> Cat010Record:
    """aviconv's own builders for what it types, raw octets for what it does not."""
    fields = {
        "sac": SAC,
        "sic": SIC,
        "message_type": kind,
        "time_of_day_s": tod_s % 86_400.0,
        **typed,
    }
    items = dict(raw)
    for item in UAP_010:
        if item is not None and item.build is not None and item.id not in items:
            built = item.build(fields)
            if built is not None:
                items[item.id] = built.hex()
    return Cat010Record(sac=SAC, sic=SIC, raw_items=items)


def _expected(
    tod_s: float,
    track: int | None,
    lon: float | None,
    lat: float | None,
    *,
    velocity: list[float] | None,
    extras: dict[str, object],
) -> dict[str, object]:
    return {
        "at_us": MIDNIGHT_BEFORE_US + int(tod_s * 1_000_000),
        "sensor_track": None if track is None else str(track),
        "lon_deg": lon,
        "lat_deg": lat,
        "velocity_mps": velocity,
        "extras": extras,
    }


def _moved(
    rho_m: float, theta_deg: float, heading_deg: float, speed_mps: float, turn: int
) -> tuple[float, float]:
    theta, heading = math.radians(theta_deg), math.radians(heading_deg)
    return (
        rho_m * math.sin(theta) + speed_mps * turn * math.sin(heading),
        rho_m * math.cos(theta) + speed_mps * turn * math.cos(heading),
    )


def _on_ground(slant_m: float, azimuth_deg: float) -> tuple[float, float]:
    """Where a ray of this length meets the ground's height: bisect its elevation in space."""
    low, high = math.radians(-89.0), math.radians(5.0)
    for _ in range(80):
        middle = (low + high) / 2
        if _geodetic(*_ray(slant_m, azimuth_deg, middle))[2] > GROUND_M:
            high = middle
        else:
            low = middle
    return _geodetic(*_ray(slant_m, azimuth_deg, low))[:2]


def _along_ground(distance_m: float, azimuth_deg: float) -> tuple[float, float]:
    """A distance in the plane that touches the ellipsoid under the radar."""
    sin, cos = math.sin(math.radians(azimuth_deg)), math.cos(math.radians(azimuth_deg))
    return _geodetic(*_enu(distance_m * sin, distance_m * cos, 0.0, 0.0))[:2]


def _ray(slant_m: float, azimuth_deg: float, elevation: float) -> tuple[float, float, float]:
    azimuth, flat = math.radians(azimuth_deg), slant_m * math.cos(elevation)
    return _enu(
        flat * math.sin(azimuth), flat * math.cos(azimuth), slant_m * math.sin(elevation), HEIGHT_M
    )


def _enu(east: float, north: float, up: float, height_m: float) -> tuple[float, float, float]:
    """Earth-centred coordinates of a point given east, north, up of the radar's foot."""
    lat, lon = math.radians(LAT_DEG), math.radians(LON_DEG)
    a, e2 = 6_378_137.0, 0.0066943799901413165
    n = a / math.sqrt(1 - e2 * math.sin(lat) ** 2)
    x = (n + height_m) * math.cos(lat) * math.cos(lon)
    y = (n + height_m) * math.cos(lat) * math.sin(lon)
    z = (n * (1 - e2) + height_m) * math.sin(lat)
    inward = math.cos(lat) * up - math.sin(lat) * north
    return (
        x + inward * math.cos(lon) - east * math.sin(lon),
        y + inward * math.sin(lon) + east * math.cos(lon),
        z + math.cos(lat) * north + math.sin(lat) * up,
    )


def _geodetic(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Longitude, latitude (degrees) and ellipsoidal height, by iteration to the last digit."""
    a, e2 = 6_378_137.0, 0.0066943799901413165
    p = math.hypot(x, y)
    lat, height = math.atan2(z, p * (1 - e2)), 0.0
    for _ in range(10):
        n = a / math.sqrt(1 - e2 * math.sin(lat) ** 2)
        height = p / math.cos(lat) - n
        lat = math.atan2(z, p * (1 - e2 * n / (n + height)))
    return math.degrees(math.atan2(y, x)), math.degrees(lat), height


if __name__ == "__main__":
    main()
