"""Exclusions, detection limits, schedules and pauses in the engine."""

from dataclasses import replace

import numpy as np
import pytest

from judging import SECOND, SQUARE, area, compiled, judge, line, path, rules_for, told
from watchline.geofences.model import Pause, Purpose
from watchline.geofences.silence import Silence
from watchline.rules import engine


def purposed(purpose, *rings, id, **more):
    return replace(area(*rings, id=id), purpose=purpose, **more)


def box(low, high):
    return ((low, low), (high, low), (high, high), (low, high), (low, low))


def compiled_with(*geofences, watched):
    made = engine.compile_rules(geofences, rules_for(watched))
    assert made.refused == ()
    return made


WALK = [(-50, 50), (-20, 50), (20, 50), (50, 50), (80, 50), (120, 50), (150, 50)]


def test_plots_in_an_exclusion_raise_nothing():
    zone = area(SQUARE)
    clutter = purposed(Purpose.EXCLUSION, box(-200, 300), id="clutter")
    assert told(judge(compiled(zone), path(WALK))[1]) == [("enter", 2), ("exit", 5)]
    assert judge(compiled_with(zone, clutter, watched=[zone]), path(WALK))[1] == []


def test_a_path_goes_on_from_the_last_plot_before_an_exclusion():
    wire = line([(50, -100), (50, 200)])
    reeds = purposed(
        Purpose.EXCLUSION, ((10, 0), (90, 0), (90, 100), (10, 100), (10, 0)), id="reeds"
    )
    (found,) = judge(compiled_with(wire, reeds, watched=[wire]), path(WALK))[1]
    assert found.kind == "cross" and found.x_m == pytest.approx(50, abs=1e-6)
    bracket = found.evidence
    assert bracket["hits"] == 6  # told by the first plot beyond the reeds


def test_beyond_the_detection_limit_nothing_is_raised():
    zone = area(box(-1000, 1000))
    limit = purposed(Purpose.DETECTION_LIMIT, SQUARE, id="limit")
    other = purposed(Purpose.DETECTION_LIMIT, box(5000, 5100), id="other")
    made = compiled_with(zone, limit, other, watched=[zone])
    assert told(judge(made, path(WALK))[1]) == [("enter", 2)]
    assert judge(made, path(np.add(WALK, [2000, 0])))[1] == []


def test_what_is_paused_neither_excludes_nor_limits():
    always = (Pause(from_us=0, until_us=10**18),)
    x = np.array([50.0, 500.0])
    at = np.array([SECOND, SECOND])
    for purpose, heard in (
        (Purpose.EXCLUSION, [False, True]),
        (Purpose.DETECTION_LIMIT, [True, False]),
    ):
        fence = purposed(purpose, SQUARE, id="f")
        assert Silence([fence]).heard(x, x * 0 + 50, at).tolist() == heard
        assert Silence([replace(fence, pauses=always)]).heard(x, x * 0 + 50, at).all()


def test_a_plot_that_is_nowhere_is_heard_by_nobody_and_breaks_nothing():
    fence = purposed(Purpose.EXCLUSION, SQUARE, id="f")
    nan = np.array([np.nan])
    assert Silence([fence]).heard(nan, nan, np.array([0])).tolist() == [True]


def test_who_is_inside_when_a_geofence_returns_enters_then():
    zone = replace(area(SQUARE), pauses=(Pause(from_us=0, until_us=3 * SECOND),))
    found = judge(compiled(zone), path(WALK))[1]
    assert told(found) == [("enter", 3), ("exit", 5)]


def test_who_is_inside_when_a_geofence_is_disarmed_has_not_left():
    zone = replace(area(SQUARE), pauses=(Pause(from_us=3 * SECOND, until_us=9 * SECOND),))
    assert told(judge(compiled(zone), path(WALK))[1]) == [("enter", 2)]


def test_a_crossing_counts_by_when_it_was():
    wire = line([(50, -100), (50, 200)])
    for from_us, until_us, expected in (
        (2 * SECOND, 3 * SECOND, [("cross", 3)]),
        (3 * SECOND, 4 * SECOND, []),
    ):
        zone = replace(wire, pauses=(Pause(from_us=from_us, until_us=until_us),))
        assert told(judge(compiled(zone), path(WALK))[1]) == expected


def test_a_rule_on_what_is_not_for_alarms_is_refused():
    clutter = purposed(Purpose.EXCLUSION, SQUARE, id="clutter")
    refused = engine.compile_rules([clutter], rules_for([clutter])).refused
    assert {error.params["reason"] for error in refused} == {"purpose_wrong"}
