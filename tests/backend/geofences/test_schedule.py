"""When geofences are in force: wall clocks, the sun, pauses; and columns say the same."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judging import SQUARE, area
from watchline.geofences.force import Force
from watchline.geofences.model import in_force
from watchline.geofences.schedule import Local, Pause, Schedule, as_us
from watchline.geofences.sun import Light, elevation_deg, light_at

WARSAW = Local(zone=ZoneInfo("Europe/Warsaw"), lon_deg=24.0, lat_deg=50.5)


def fence(schedule=None, pauses=(), local=WARSAW, id="area"):
    made = area(SQUARE, id=id)
    told = None if schedule is None else Schedule.model_validate(schedule)
    fields = {name: getattr(made, name) for name in ("version", "kind", "rings")}
    return type(made)(id=id, schedule=told, pauses=tuple(pauses), local=local, **fields)


def us(text):
    return as_us(datetime.fromisoformat(text))


def weekly(*windows):
    return {"weekly": [dict(zip(("day", "start", "end"), w, strict=True)) for w in windows]}


# 2026-03-29 is the Sunday on which clocks go from 2:00 to 3:00, on 2026-10-25 from 3:00 to 2:00.
@pytest.mark.parametrize(
    ("windows", "at", "expected"),
    [
        ([(0, "22:00", "06:00")], "2026-06-15T22:00:00+02:00", True),  # a Monday
        ([(0, "22:00", "06:00")], "2026-06-15T21:59:59.999999+02:00", False),
        ([(0, "22:00", "06:00")], "2026-06-16T05:59:59+02:00", True),
        ([(0, "22:00", "06:00")], "2026-06-16T06:00:00+02:00", False),
        ([(6, "22:00", "06:00")], "2026-06-15T05:00:00+02:00", True),  # over the week's end
        ([(6, "22:00", "06:00")], "2026-06-14T05:00:00+02:00", False),
        ([(0, "00:00", "24:00")], "2026-06-15T23:59:59+02:00", True),
        ([(0, "00:00", "24:00")], "2026-06-16T00:00:00+02:00", False),
        ([(0, "08:00", "08:00")], "2026-06-16T07:59:00+02:00", True),  # a whole day
        # The hour that is left out: 2:30 never comes, and 3:30 comes an hour after 1:30.
        ([(6, "02:00", "03:00")], "2026-03-29T00:59:59+00:00", False),
        ([(6, "02:00", "03:00")], "2026-03-29T01:00:00+00:00", False),
        ([(6, "01:30", "03:30")], "2026-03-29T00:30:00+00:00", True),
        ([(6, "01:30", "03:30")], "2026-03-29T01:29:00+00:00", True),
        ([(6, "01:30", "03:30")], "2026-03-29T01:30:00+00:00", False),
        # The hour that comes twice counts twice.
        ([(6, "02:00", "03:00")], "2026-10-24T23:59:00+00:00", False),
        ([(6, "02:00", "03:00")], "2026-10-25T00:00:00+00:00", True),
        ([(6, "02:00", "03:00")], "2026-10-25T00:59:00+00:00", True),
        ([(6, "02:00", "03:00")], "2026-10-25T01:59:00+00:00", True),
        ([(6, "02:00", "03:00")], "2026-10-25T02:00:00+00:00", False),
    ],
)
def test_windows_go_by_the_clock_on_the_wall(windows, at, expected):
    assert in_force(fence(weekly(*windows)), us(at)) is expected


def test_the_nights_that_clocks_change_are_an_hour_shorter_and_longer():
    night = fence(weekly(*((day, "22:00", "06:00") for day in range(7))))
    for evening, hours in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-20", 8)):
        start = us(f"{evening}T12:00:00+00:00")
        minutes = sum(in_force(night, start + m * 60_000_000) for m in range(24 * 60))
        assert minutes == hours * 60


@pytest.mark.parametrize(
    ("at", "lon", "lat", "light"),
    [
        # Greenwich, 2026-06-21: sunrise 3:43, sunset 20:21 UTC, civil twilight from 2:56 to 21:09.
        ("2026-06-21T03:46:00+00:00", 0.0, 51.48, Light.DAY),
        ("2026-06-21T03:39:00+00:00", 0.0, 51.48, Light.TWILIGHT),
        ("2026-06-21T02:58:00+00:00", 0.0, 51.48, Light.TWILIGHT),
        ("2026-06-21T02:52:00+00:00", 0.0, 51.48, Light.DARK),
        ("2026-06-21T20:18:00+00:00", 0.0, 51.48, Light.DAY),
        ("2026-06-21T20:25:00+00:00", 0.0, 51.48, Light.TWILIGHT),
        ("2026-06-21T21:13:00+00:00", 0.0, 51.48, Light.DARK),
        # Midnight sun and polar night at 70° N.
        ("2026-06-21T23:00:00+00:00", 25.0, 70.0, Light.DAY),
        ("2026-12-21T10:20:00+00:00", 25.0, 70.0, Light.TWILIGHT),
        ("2026-12-21T18:00:00+00:00", 25.0, 70.0, Light.DARK),
    ],
)
def test_light_by_the_almanac(at, lon, lat, light):
    assert light_at(us(at) // 1_000_000, lon, lat) is light


def test_the_sun_stands_highest_at_the_equinox_over_the_equator():
    noon = datetime(2026, 3, 20, 12, 7, 30, tzinfo=UTC)  # the equation of time is 7.5 minutes
    assert elevation_deg(int(noon.timestamp()), 0.0, 0.0) == pytest.approx(89.8, abs=0.3)


def test_weekly_and_light_both_count():
    both = fence({**weekly((0, "12:00", "24:00")), "light": ["dark"]})
    assert not in_force(both, us("2026-06-15T15:00:00+02:00"))
    assert in_force(both, us("2026-06-15T23:00:00+02:00"))
    assert not in_force(both, us("2026-06-16T23:00:00+02:00"))


def test_a_pause_and_a_validity_begin_and_end_to_the_microsecond():
    at = us("2026-06-15T15:00:00.000007+02:00")
    paused = fence(pauses=[Pause(from_us=at, until_us=at + 5)])
    assert [in_force(paused, at + k) for k in (-1, 0, 4, 5)] == [True, False, False, True]
    valid = fence({"valid_from": "2026-06-15T13:00:00.000007Z", "valid_until": "2026-06-15T14:00Z"})
    until = us("2026-06-15T14:00:00+00:00")
    assert [in_force(valid, t) for t in (at - 1, at, until - 1, until)] == [0, 1, 1, 0]


clocks = st.integers(0, 1439).map(lambda m: f"{m // 60:02}:{m % 60:02}")
windows = st.lists(st.tuples(st.integers(0, 6), clocks, clocks), max_size=3)
moments = st.datetimes(datetime(2026, 3, 27), datetime(2026, 4, 2)).map(
    lambda d: d.replace(tzinfo=UTC)
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            windows,
            st.sets(st.sampled_from(Light), min_size=1),
            st.lists(moments, max_size=2, unique=True).map(sorted),
            st.lists(st.tuples(moments, st.integers(0, 86_400)), max_size=2),
        ),
        max_size=4,
    ),
    st.lists(moments, min_size=1, max_size=12),
)
def test_columns_say_what_each_says_by_itself(drafts, at):
    geofences = []
    for number, (told, light, valid, pauses) in enumerate(drafts):
        schedule = {**weekly(*told), "light": sorted(light)}
        if valid:
            schedule["valid_from"] = valid[0]
        if len(valid) == 2:
            schedule["valid_until"] = valid[1]
        some = [
            Pause(from_us=as_us(a), until_us=as_us(a + timedelta(seconds=s))) for a, s in pauses
        ]
        geofences.append(fence(schedule, some, id=str(number)))
    geofences.append(fence(id="always"))
    which, when = np.meshgrid(np.arange(len(geofences)), [as_us(a) for a in at])
    found = Force(geofences).holds(which.ravel().astype(np.int32), when.ravel())
    expected = [
        in_force(geofences[k], int(t)) for k, t in zip(which.ravel(), when.ravel(), strict=True)
    ]
    assert found.tolist() == expected


def test_nobody_is_in_force_of_nothing():
    nothing = np.zeros(0, np.int32)
    assert Force([]).holds(nothing, nothing.astype(np.int64)).tolist() == []
