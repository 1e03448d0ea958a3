"""CAT034 and CAT048 of real radars, held against the decode that a third party put beside them.

The text names every item with its octets and every value in its unit; here both are read out
of it and compared, item by item and value by value, with what we make of the capture.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, field

import pytest

from asterix_wire import DATA, datablocks, items, packets, records
from watchline_sensors.adapters.asterix.cat048 import MonoradarReport
from watchline_sensors.adapters.asterix.decode import Datablock, decode_datagram
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.reader import Values
from watchline_sensors.adapters.asterix.reports import Report, ServiceMessage

CAPTURE = DATA / "cat034-048.pcap"
PINNED = {34: edition(34, "1.27"), 48: edition(48, "1.27")}
RADARS = [(25, sic) for sic in (11, 12, 13, 14, 201, 204, 205)]
EDITIONS = {(category, *radar): one for category, one in PINNED.items() for radar in RADARS}

NM_M, FOOT_M, KNOT_MPS = 1852.0, 0.3048, 1852.0 / 3600


@dataclass
class Told:
    """One record of the text: its items' octets, and (item, label) -> what is said of it."""

    category: int
    octets: dict[str, bytes] = field(default_factory=dict)
    words: dict[tuple[str, str], str] = field(default_factory=dict)

    def number(self, item: str, label: str) -> float | None:
        """The whole number as it stands on the wire."""
        words = self.words.get((item, label))
        return None if words is None else int(words.split()[0])

    def quantity(self, item: str, label: str) -> float | None:
        """The value in its unit: what stands in brackets before the unit."""
        words = self.words.get((item, label))
        return None if words is None else float(words.partition("(")[2].split()[0])


@pytest.fixture(scope="module")
def told() -> list[Told]:
    path = CAPTURE.with_name("cat034-048.expected.txt")
    if not path.exists():
        pytest.skip("the radar capture (../shared/data) is not beside this clone")
    found: list[Told] = []
    category, item = 0, ""
    for line in path.read_text("ascii").splitlines():
        if line.startswith("Category:"):
            category = int(line.split()[1])
        elif line.startswith("Data Record"):
            found.append(Told(category))
        elif line.startswith("Item "):
            item = line.split()[1]
        elif re.fullmatch(r"\[( [0-9A-F]{2})+ \]", line):
            found[-1].octets[item] = bytes.fromhex(line[1:-1])
        elif line.startswith("\t"):
            label, _, words = line.strip().partition(": ")
            found[-1].words.setdefault((item, label), words)
    return found


@pytest.fixture(scope="module")
def wire(told) -> list[Values]:
    return [
        one
        for payload in packets(CAPTURE)
        for data in datablocks(payload)
        for one in records(data[3:], PINNED[data[0]])
    ]


@pytest.fixture(scope="module")
def reports(told) -> list[Report]:
    found = [one for payload in packets(CAPTURE) for one in decode_datagram(payload, EDITIONS)]
    assert len(found) == 120 and all(isinstance(one, Datablock) for one in found)
    return [report for one in found for report in one.reports]


def test_the_octets_of_every_item_are_those_of_the_text(told, wire):
    assert len(told) == len(wire) == 162
    for theirs, ours in zip(told, wire, strict=True):
        assert items(ours, PINNED[theirs.category]) == theirs.octets
    print(f"162 records, {sum(len(one.octets) for one in told)} items")


def test_every_value_of_a_target_report_is_that_of_the_text(told, reports):
    compared: Counter[str] = Counter()

    def same(ours: float | None, theirs: float | None, what: str, near: float = 0.0) -> None:
        assert (ours is None) == (theirs is None), what
        if ours is not None:
            assert ours == pytest.approx(theirs, abs=near, rel=0.0), what
            compared[what] += 1

    for theirs, ours in zip(told, reports, strict=True):
        if theirs.category != 48:
            continue
        assert isinstance(ours, MonoradarReport)
        sac = theirs.number("010", "System Area Code")
        assert ours.source == (sac, theirs.number("010", "System Identification Code"))
        same(ours.time_of_day_s, theirs.quantity("140", "Time Of Day"), "time of day")
        same(ours.kind, theirs.number("020", "TYP"), "type")
        same(ours.simulated, theirs.number("020", "SIM"), "simulated")
        same(ours.test, theirs.number("020", "RAB"), "field monitor")
        # The text rounds to 1e-7 of its unit.
        rho_nm = None if ours.rho_m is None else ours.rho_m / NM_M
        same(rho_nm, theirs.quantity("040", "RHO"), "rho", 1e-7)
        same(ours.theta_deg, theirs.quantity("040", "THETA"), "theta", 1e-7)
        for axis, value in (("X", ours.x_m), ("Y", ours.y_m)):
            value_nm = None if value is None else value / NM_M
            same(value_nm, theirs.quantity("042", f"{axis} component"), axis, 1e-7)
        knots = None if ours.speed_mps is None else ours.speed_mps / KNOT_MPS
        same(knots, theirs.quantity("200", "Calculated groundspeed"), "speed", 1e-6)
        same(ours.heading_deg, theirs.quantity("200", "Calculated heading"), "heading", 1e-7)
        feet = None if ours.height_m is None else ours.height_m / FOOT_M
        same(feet, theirs.quantity("110", "3D_Height"), "height", 1e-6)
        level = theirs.quantity("090", "FlightLevel")
        if level is not None and ours.height_m is None:
            same(ours.target_height_m / FOOT_M / 100, level, "flight level", 1e-9)
        quarters = theirs.number("090", "FlightLevel")
        assert (ours.flight_level is None) == (quarters is None)
        assert quarters is None or ours.flight_level & 0x3FFF == quarters & 0x3FFF
        code = theirs.words.get(("070", "Mode-3/A reply code"))
        assert (ours.mode_3a is None) == (code is None)
        assert code is None or f"{ours.mode_3a & 0xFFF:04o}" == code
        address = theirs.words.get(("220", "AircraftAddress"))
        assert (None if ours.address is None else f"{ours.address:06X}") == address
        same(ours.track, theirs.number("161", "Track Number"), "track")
        same(ours.ends_track, theirs.number("170", "TRE") or 0, "end of track")
        same(ours.sensor_plane, 1 - (theirs.number("170", "TCC") or 0), "radar plane")
    assert compared["track"] == 128 and compared["rho"] == 126
    assert (compared["X"], compared["height"], compared["flight level"]) == (64, 48, 78)
    print(dict(compared))


def test_every_service_message_is_that_of_the_text(told, reports):
    kinds = {1: "start_of_cycle", 2: "sector_crossing"}
    seen: Counter[str] = Counter()
    for theirs, ours in zip(told, reports, strict=True):
        if theirs.category != 34:
            continue
        assert isinstance(ours, ServiceMessage)
        assert ours.kind == kinds[theirs.number("000", "Message Type")]
        assert ours.time_of_day_s == theirs.quantity("030", "Time of day")
        seen[ours.kind] += 1
        nogo = theirs.number("050", "Operational Release Status of the System")
        assert (ours.state is None) == (nogo is None)
        if ours.state is not None:
            seen["state"] += 1
            assert bool(ours.state.nogo) == nogo
            overloads = ("Radar Data Processor Overload Indicator",
                         "Transmission Subsystem Overload Status")  # fmt: skip
            assert ours.state.overloaded == any(theirs.number("050", one) for one in overloads)
            assert ours.state.time_invalid == theirs.number("050", "Time Source Validity")
    assert seen == {"start_of_cycle": 2, "sector_crossing": 32, "state": 10}


def test_the_radars_x_and_y_prove_the_units_of_rho(reports):
    """They were computed by the radar: with any other unit of rho or x they would not agree."""
    both, worst_m = 0, 0.0
    for one in reports:
        if isinstance(one, MonoradarReport) and one.rho_m is not None and one.x_m is not None:
            both += 1
            theta = math.radians(one.theta_deg)
            x_m, y_m = one.rho_m * math.sin(theta), one.rho_m * math.cos(theta)
            worst_m = max(worst_m, math.hypot(x_m - one.x_m, y_m - one.y_m))
    assert both == 64
    # The tracked x and y lie within a plot's error of its rho and theta: at 360 km some 500 m.
    assert worst_m < 700
    print(f"{both} plots, {worst_m:.1f} m at most")


def test_aviconv_reads_every_record_alike(told, wire, reports, aviconv):
    theirs = [one for payload in packets(CAPTURE) for one in aviconv(payload)]
    for values, ours, other in zip(wire, reports, theirs, strict=True):
        raw = {
            f"I{other.category:03d}/{name}": octets.hex()
            for name, octets in items(values, PINNED[other.category]).items()
        }
        assert raw == other.raw_items
        assert ours.time_of_day_s == other.time_of_day_s
        if isinstance(ours, MonoradarReport):
            assert (ours.track, ours.theta_deg) == (other.track_number, other.theta_deg)
            assert ours.heading_deg == other.heading_deg
            if other.rho_nm is not None:
                assert ours.rho_m == other.rho_nm * NM_M
                assert ours.speed_mps == pytest.approx(other.ground_speed_kt * KNOT_MPS)
