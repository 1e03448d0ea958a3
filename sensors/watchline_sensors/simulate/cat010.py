"""CAT010 records and datablocks as bytes, edition 1.1: what a ground radar puts on the wire.

Written from EUROCONTROL's part 7 of the ASTERIX standard, by hand, so that the simulator
shares no line with the decoder it exercises. I010/202 counts 1/4 m/s.
"""

import math
from dataclasses import dataclass

from watchline_sensors.simulate.errors import RecordError

#: The data items we send, in the order of their field reference numbers.
_FRN = {
    "010": 1, "000": 2, "020": 3, "140": 4, "040": 6, "042": 7,
    "200": 8, "202": 9, "161": 10, "170": 11, "270": 19, "550": 20,
}  # fmt: skip
_DAY_TICKS = 86_400 * 128
_MAX_DATAGRAM = 1_400  # below any usual MTU

TARGET_REPORT, START_OF_UPDATE_CYCLE, PERIODIC_STATUS = 1, 2, 3

_PRIMARY_RADAR = 3 << 5  # TYP of I010/020
_GROUND_VEHICLE = 2 << 1  # TOT of its first extension
_MORE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackItems:
    """I010/161, 170, 200 and 202 of one plot; velocity east and north of the device."""

    number: int
    vx_mps: float
    vy_mps: float


def tod_128(at_us: int) -> int:
    """A UTC time as I010/140: whole 1/128 s since midnight, rounded down."""
    return (at_us % 86_400_000_000) * 128 // 1_000_000


def start_of_update_cycle(source: tuple[int, int], at_us: int) -> bytes:
    """The record sent when the antenna passes north."""
    return _record({"010": bytes(source), "000": bytes([2]), "140": _u24(tod_128(at_us))})


def periodic_status(source: tuple[int, int], at_us: int, *, nogo: int = 0) -> bytes:
    """The record that says how the radar fares; `nogo` 0 operational, 1 degraded, 2 NOGO."""
    if not 0 <= nogo <= 3:
        raise RecordError("NOGO")
    return _record(
        {
            "010": bytes(source),
            "000": bytes([PERIODIC_STATUS]),
            "140": _u24(tod_128(at_us)),
            "550": bytes([nogo << 6]),
        }
    )


def target_report(
    source: tuple[int, int],
    at_us: int,
    *,
    rho_m: float,
    theta_deg: float,
    track: TrackItems | None = None,
    vehicle: bool = False,
    class_bits: int | None = None,
    length_m: int | None = None,
) -> bytes:
    """A plot in polar and Cartesian coordinates of the device, true north, metres.

    `vehicle` sets the standard's "ground vehicle"; `class_bits` go to the six bits of I010/020
    that the standard leaves spare, as security radars do with their own classification.
    """
    rho, theta = round(rho_m), round(theta_deg / 360.0 * 65_536) % 65_536
    angle = math.radians(theta_deg)
    x, y = round(rho_m * math.sin(angle)), round(rho_m * math.cos(angle))
    items = {
        "010": bytes(source),
        "000": bytes([TARGET_REPORT]),
        "020": _descriptor(vehicle, class_bits),
        "140": _u24(tod_128(at_us)),
        "040": _int(rho, 2, "I010/040 rho") + _int(theta, 2, "I010/040 theta"),
        "042": _int(x, 2, "I010/042 x", signed=True) + _int(y, 2, "I010/042 y", signed=True),
    }
    if length_m is not None:
        items["270"] = _int(length_m << 1, 1, "I010/270")
    if track is not None:
        items |= _track_items(track)
    return _record(items)


def end_of_track(source: tuple[int, int], at_us: int, number: int) -> bytes:
    """The last report for a track number (TRE): it carries no position."""
    return _record(
        {
            "010": bytes(source),
            "000": bytes([TARGET_REPORT]),
            "020": bytes([_PRIMARY_RADAR]),
            "140": _u24(tod_128(at_us)),
            "161": _track_number(number),
            "170": bytes([0x40]),
        }
    )


def datablocks(records: list[bytes]) -> list[bytes]:
    """The records in as few datablocks as fit a datagram each."""
    blocks: list[bytes] = []
    body = b""
    for record in records:
        if body and len(body) + len(record) > _MAX_DATAGRAM:
            blocks.append(_block(body))
            body = b""
        body += record
    return [*blocks, _block(body)] if body else blocks


def _descriptor(vehicle: bool, class_bits: int | None) -> bytes:
    kind = _GROUND_VEHICLE if vehicle else 0
    if class_bits is not None:
        if not 0 <= class_bits < 64:
            raise RecordError("I010/020 spare bits")
        return bytes([_PRIMARY_RADAR | _MORE, kind | _MORE, class_bits << 1])
    return bytes([_PRIMARY_RADAR | _MORE, kind]) if vehicle else bytes([_PRIMARY_RADAR])


def _track_items(track: TrackItems) -> dict[str, bytes]:
    speed = math.hypot(track.vx_mps, track.vy_mps) * 2**14 / 1852.0
    heading = math.degrees(math.atan2(track.vx_mps, track.vy_mps)) % 360.0
    return {
        "161": _track_number(track.number),
        "170": bytes([0x00]),  # confirmed, measured, in the sensor's plane
        "200": _int(round(speed), 2, "I010/200 speed")
        + _int(round(heading / 360.0 * 65_536) % 65_536, 2, "I010/200 heading"),
        "202": _int(round(track.vx_mps * 4), 2, "I010/202 vx", signed=True)
        + _int(round(track.vy_mps * 4), 2, "I010/202 vy", signed=True),
    }


def _track_number(number: int) -> bytes:
    if not 0 <= number <= 4095:
        raise RecordError("I010/161")
    return number.to_bytes(2, "big")


def _record(items: dict[str, bytes]) -> bytes:
    """The field specification and the items in the order of the standard profile."""
    numbered = sorted((_FRN[name], octets) for name, octets in items.items())
    octets = (numbered[-1][0] - 1) // 7 + 1
    fspec = bytearray(octets)
    for number, _ in numbered:
        fspec[(number - 1) // 7] |= 0x80 >> (number - 1) % 7
    for index in range(octets - 1):
        fspec[index] |= 1
    return bytes(fspec) + b"".join(content for _, content in numbered)


def _block(body: bytes) -> bytes:
    return b"\x0a" + (len(body) + 3).to_bytes(2, "big") + body


def _u24(value: int) -> bytes:
    if not 0 <= value < _DAY_TICKS:
        raise RecordError("I010/140")
    return value.to_bytes(3, "big")


def _int(value: int, size: int, what: str, *, signed: bool = False) -> bytes:
    try:
        return value.to_bytes(size, "big", signed=signed)
    except OverflowError as error:
        raise RecordError(what) from error
