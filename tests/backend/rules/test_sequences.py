"""What is told plot by plot over a polygon, a circle, a line, a corridor and a band on a border.

Each row is a walk and one word a plot: outside, enter, inside or exit, with `cross` where the line
in the middle was crossed by then. A walk is a chain of straight segments between its plots, sigma
is 1 m. The words are worked out by hand from lengths that stand beside them; beside that,
`depth_m` says from school geometry how deep inside a place is, and wherever that leaves no doubt
(3 sigma) the word has to agree with it.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import shapely

from judging import area, compiled, cut, line, path
from watchline.geofences.model import Direction, Geofence
from watchline.geofences.outline import circle, corridor
from watchline.rules import engine
from watchline.rules.state import RuleState

Depth = Callable[[float, float], float]
Walk = list[tuple[float, float]]


def told(walk: Walk, *geofences: Geofence) -> list[str]:
    """The words, one plot a step."""
    rules, plots, state = compiled(*geofences), path(walk), RuleState.empty()
    words = []
    for k in range(len(plots)):
        state, found = engine.step(state, cut(plots, k, k + 1), None, rules)
        kinds = [finding.kind for finding in found]
        held = bool((state.members["inside"] == 1).any())
        here = [kind for kind in kinds if kind != "cross"] or ["inside" if held else "outside"]
        words.append("+".join([*here, *(kind for kind in kinds if kind == "cross")]))
    return words


def hold(walk: Walk, expected: str, depth_m: Depth, *geofences: Geofence) -> None:
    """The words are the expected ones, and geometry does not contradict them."""
    words = told(walk, *geofences)
    assert words == expected.split()
    for place, word in zip(walk, words, strict=True):
        if abs(depth_m(*place)) >= 3.0:
            assert (word.split("+")[0] in ("enter", "inside")) == (depth_m(*place) > 0), place


def shape(made: shapely.Polygon) -> Geofence:
    return area(made.exterior.coords, *(ring.coords for ring in made.interiors))


def from_axis(x: float, y: float, *axis: tuple[float, float]) -> float:
    """The distance to a chain of segments, by the law of the right angle."""
    best = math.inf
    for (ax, ay), (bx, by) in pairwise(axis):
        length = math.hypot(bx - ax, by - ay)
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length
        across = ((y - ay) * (bx - ax) - (x - ax) * (by - ay)) / length
        beyond = max(0.0, -along, along - length)
        best = min(best, math.hypot(across, beyond))
    return best


# ── a polygon: the square 0..100 with a square hole 40..60 ───────────────────────────────────
BOX = shapely.box(0, 0, 100, 100).difference(shapely.box(40, 40, 60, 60))


def in_box(x: float, y: float) -> float:
    """The nearest of four walls; negative outside of them (in the hole, beyond a corner)."""
    shell = min(x, 100 - x, y, 100 - y)
    hole = min(x - 40, 60 - x, y - 40, 60 - y)
    return min(shell, -hole)


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        ([(-50, 20), (20, 20), (80, 20), (150, 20)], "outside enter inside exit"),
        # One segment from side to side: no plot has been inside.
        ([(-50, 20), (150, 20)], "outside outside"),
        # Over the hole: outside there; a segment over it with a plot on each side does not leave.
        ([(20, 50), (50, 50), (80, 50)], "enter exit enter"),
        ([(20, 50), (80, 50)], "enter inside"),
        # Straight into a corner, whose quarter holds p 1/4, and back.
        ([(-50, -50), (0, 0), (-50, -50)], "outside outside outside"),
        # Through the corner, on the diagonal, inside: 30 m from both walls.
        ([(-50, -50), (0, 0), (30, 30)], "outside outside enter"),
        # Along the southern edge, on it: p 1/2 is not in; come from inside it is not out.
        ([(-50, 0), (20, 0), (80, 0), (150, 0)], "outside outside outside outside"),
        ([(20, 20), (20, 0), (80, 0), (80, -50)], "enter inside inside exit"),
        # The whole way round outside, each segment 5 m off a wall.
        ([(-5, -5), (105, -5), (105, 105), (-5, 105)], "outside outside outside outside"),
        # Touches the hole's edge from inside.
        ([(20, 50), (40, 50), (20, 50)], "enter inside inside"),
    ],
)
def test_polygon(walk: Walk, expected: str) -> None:
    hold(walk, expected, in_box, shape(BOX))


# ── a circle: radius 100 about the origin; its chords are at most 0.5 m inside of it ─────────
ROUND = [(100 * math.cos(k * math.pi / 6), 100 * math.sin(k * math.pi / 6)) for k in range(5)]


def in_circle(x: float, y: float) -> float:
    return 100 - math.hypot(x, y)


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        ([(-150, 0), (0, 0), (150, 0)], "outside enter exit"),
        # The chord 80 m from the centre is 2 sqrt(100² - 80²) = 120 m long, from x = -60 to 60.
        ([(-65, 80), (-55, 80), (55, 80), (65, 80)], "outside enter inside exit"),
        # The same 92 m from it: 2 * 39.2 m long.
        ([(-50, 92), (-30, 92), (0, 92), (50, 92)], "outside enter inside exit"),
        # A diameter of 200 m between two plots, none of them inside.
        ([(-150, 0), (150, 0)], "outside outside"),
        # The tangent y = 100 touches at (0, 100): p 1/2 at most.
        ([(-60, 100), (0, 100), (60, 100)], "outside outside outside"),
        ([(-60, 104), (0, 104), (60, 104)], "outside outside outside"),
        # First seen inside, and in the very centre.
        ([(0, 0), (10, 0)], "enter inside"),
        ([(60, 60), (75, 75)], "enter exit"),  # 84.9 m and 106.1 m from the centre
        # First seen on the edge: unknown, then by where it goes.
        ([(100, 0), (110, 0)], "outside outside"),
        ([(100, 0), (90, 0)], "outside enter"),
        # Along the edge, 30 degrees a plot: from outside never in, from inside never out.
        (ROUND, "outside outside outside outside outside"),
        ([(0, 0), *ROUND, (130, 0)], "enter inside inside inside inside inside exit"),
        # A corner of its outline, at angle 0, hit from outside and left again.
        ([(150, 0), (100, 0), (150, 0)], "outside outside outside"),
        # A chord between two plots on the edge: its middle is 29 m deep, but nobody was seen there.
        ([(100, 0), (0, 100)], "outside outside"),
    ],
)  # fmt: skip
def test_circle(walk: Walk, expected: str) -> None:
    hold(walk, expected, in_circle, shape(circle(0, 0, 100)))


def test_ring() -> None:
    """Between 40 m and 100 m from the origin."""
    ring = shape(circle(0, 0, 100).difference(circle(0, 0, 40)))

    def in_ring(x: float, y: float) -> float:
        return min(100 - math.hypot(x, y), math.hypot(x, y) - 40)

    hold(
        [(-150, 0), (-70, 0), (0, 0), (70, 0), (150, 0)],
        "outside enter exit enter exit",
        in_ring,
        ring,
    )
    hold([(-70, 0), (70, 0)], "enter inside", in_ring, ring)  # over the hole in one segment
    hold([(0, 0), (30, 0)], "outside outside", in_ring, ring)  # begins in the hole
    hold([(-70, 40), (0, 40), (70, 40)], "enter inside inside", in_ring, ring)  # touches it


def test_a_circle_smaller_than_its_doubt() -> None:
    """Radius 2 m, sigma 5 m: at its centre p = 1 - exp(-2²/(2·5²)) = 0.077, in from 0.9 of it."""
    rules = compiled(shape(circle(0, 0, 2)))
    _, (found,) = engine.step(RuleState.empty(), path([(-90, 0), (0, 0)], sigma=5.0), None, rules)
    assert found.evidence["p"] == pytest.approx(1 - math.exp(-2 / 25), abs=2e-3)
    assert found.evidence["threshold"] == pytest.approx(0.9 * (1 - math.exp(-2 / 25)), abs=2e-3)
    # d m away p falls as exp(-d²/(2·5²)): below 0.9 of the centre's from 5 sqrt(-2 ln 0.9) = 2.3 m.
    for away, heard in ((2.0, 1), (2.6, 0)):
        _, found = engine.step(
            RuleState.empty(), path([(-90, 0), (away, 0)], sigma=5.0), None, rules
        )
        assert len(found) == heard


# ── a line: east along y = 0 for 1 km; the left is north ─────────────────────────────────────
AXIS = [(0, 0), (1000, 0)]
WIRE = line(AXIS)


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        ([(500, -60), (500, 60)], "outside outside+cross"),  # one segment, a plot on each side
        ([(500, -60), (500, 0), (500, 60)], "outside outside outside+cross"),  # a plot on it
        ([(500, -60), (500, 0), (500, -60)], "outside outside outside"),  # touched
        ([(500, 60), (500, -60), (500, 60)], "outside outside+cross outside+cross"),
        ([(-50, -60), (-50, 60)], "outside outside"),  # 50 m past its end
        ([(100, 0), (500, 0), (900, 0)], "outside outside outside"),  # along it
        ([(100, 8), (500, 8), (900, 8)], "outside outside outside"),  # beside it
        ([(1, -60), (1, 60)], "outside outside+cross"),  # 1 m within its end
        ([(-1, -60), (-1, 60)], "outside outside"),  # 1 m past it
        ([(500, 0), (500, 60)], "outside outside"),  # begins on it: from no side
    ],
)
def test_line(walk: Walk, expected: str) -> None:
    assert told(walk, WIRE) == expected.split()


# ── a corridor: 20 m on both sides of that line, with flat ends; crossing is of the line ─────
CORRIDOR = shape(corridor(np.array(AXIS, float), 20, 20))


def in_corridor(x: float, y: float) -> float:
    return min(20 - abs(y), x, 1000 - x)


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        # Straight over it: in at -20, over the line at 0, out at 20.
        ([(500, -60), (500, -10), (500, 10), (500, 60)], "outside enter inside+cross exit"),
        # In one segment: the 40 m inside were never seen, the line was crossed all the same.
        ([(500, -60), (500, 60)], "outside outside+cross"),
        # One plot inside, on the line itself.
        ([(500, -60), (500, 0), (500, 60)], "outside enter exit+cross"),
        # In and back on the same side; up to the line and back.
        ([(500, -60), (500, -10), (500, -60)], "outside enter exit"),
        ([(500, -60), (500, 0), (500, -60)], "outside enter exit"),
        # In and over the line, then back: crossed twice.
        ([(500, -60), (500, 10), (500, -60)], "outside enter+cross exit+cross"),
        # Lengthwise through its flat ends, on the line: over no side.
        ([(-60, 0), (60, 0), (940, 0), (1060, 0)], "outside enter inside exit"),
        ([(-60, 0), (1060, 0)], "outside outside"),
        # 5 m off the end: within 20 m of the line, yet outside, since the end is flat.
        ([(-60, 0), (-5, 0), (-60, 0)], "outside outside outside"),
        # Alongside: 25 m off is outside, on the edge neither, 15 m off inside.
        ([(100, 25), (500, 25), (900, 25)], "outside outside outside"),
        ([(100, 20), (500, 20), (900, 20)], "outside outside outside"),
        ([(100, 15), (500, 15), (900, 15)], "enter inside inside"),
        # From inside along the edge, then out.
        ([(100, 10), (300, 20), (900, 20), (900, 30)], "enter inside inside exit"),
        # Aslant 1 : 10, inside for 400 m and over the line in the middle of them.
        ([(200, -30), (400, -10), (600, 10), (800, 30)], "outside enter inside+cross exit"),
        # At a corner of the outline, where p is 1/4.
        ([(-30, 50), (0, 20), (-30, 50)], "outside outside outside"),
    ],
)
def test_corridor(walk: Walk, expected: str) -> None:
    hold(walk, expected, in_corridor, CORRIDOR, WIRE)


#: East 500 m, then north 500 m; the outer corner of its corridor is round.
BEND = [(0.0, 0.0), (500.0, 0.0), (500.0, 500.0)]


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        # By the outer corner, on its diagonal: 25 √2 = 35.4 m from the vertex is past its 20 m,
        # 10 √2 = 14.1 m is not.
        ([(560, -60), (525, -25), (510, -10)], "outside outside enter"),
        # From the outside over the vertex into the inner corner, and out of it: (470, 30) is
        # 30 m from both arms. The line turns there, so its two arms are cut once.
        ([(560, -60), (510, -10), (490, 10), (440, 60)], "outside enter inside+cross exit"),
        # Round the vertex, wide: over the first arm southwards, and back over the second.
        ([(440, 60), (440, -60), (560, -60), (560, 60), (440, 60)],
         "outside outside+cross outside outside outside+cross"),
        # Along the bend within it.
        ([(100, 5), (490, 5), (495, 400)], "enter inside inside"),
        # The short cut through the inner corner: (440, 60) is 60 m from both arms.
        ([(440, 0), (440, 60), (500, 60)], "enter exit enter"),
    ],
)  # fmt: skip
def test_corridor_with_a_bend(walk: Walk, expected: str) -> None:
    band = shape(corridor(np.array(BEND), 20, 20))
    hold(walk, expected, lambda x, y: 20 - from_axis(x, y, *BEND), band, line(BEND))


# ── the 50 m behind a border that runs east: its right, the south, is ours ───────────────────
BAND = shape(corridor(np.array(AXIS, float), 0, 50))


def in_band(x: float, y: float) -> float:
    return min(-y, 50 + y, x, 1000 - x)


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        # Over the border into the band and out of it on our side: 0 and -50.
        ([(500, 60), (500, -25), (500, -110)], "outside enter+cross exit"),
        # Both in one segment: 50 m inside, unseen; the border was crossed.
        ([(500, 60), (500, -110)], "outside outside+cross"),
        # Out of the band and over the border.
        ([(500, -110), (500, -25), (500, 60)], "outside enter exit+cross"),
        # Up to the border from our side and back; from theirs and back.
        ([(500, -25), (500, 0), (500, -110)], "enter inside exit"),
        ([(500, 60), (500, 0), (500, 60)], "outside outside outside"),
        # Along the border: on it, 5 m on their side, 5 m on ours.
        ([(100, 0), (500, 0), (900, 0)], "outside outside outside"),
        ([(100, 5), (500, 5), (900, 5)], "outside outside outside"),
        ([(100, -5), (500, -5), (900, -5)], "enter inside inside"),
        # Along its inner edge, 50 m from the border.
        ([(100, -50), (500, -50), (900, -50)], "outside outside outside"),
        # First seen in it, then over the border.
        ([(500, -25), (500, 60)], "enter exit+cross"),
        # Round the end of the border into the band: entered, never crossed.
        ([(100, 60), (-60, 60), (-60, -25), (100, -25)], "outside outside outside enter"),
    ],
)
def test_band_on_one_side(walk: Walk, expected: str) -> None:
    hold(walk, expected, in_band, BAND, WIRE)


def test_directions_over_a_corridor() -> None:
    """The line counts northwards alone; the corridor is entered from both sides."""
    _, found = engine.step(
        RuleState.empty(),
        path([(500, -60), (500, 0), (500, 60), (500, 0), (500, -60)]),
        None,
        compiled(CORRIDOR, line(AXIS, directions=[Direction.RIGHT_TO_LEFT])),
    )
    assert [finding.kind for finding in found] == ["enter", "cross", "exit", "enter", "exit"]
    assert found[1].evidence["direction"] == "right_to_left"  # from the south, its right
    assert found[1].at_us == 1_000_000 and found[1].y_m == pytest.approx(0.0)
