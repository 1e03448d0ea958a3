"""The probability of being inside: the Gaussian mass of a polygon (DESIGN 4.8).

Whitened by the covariance, the mass that an edge shuts off, seen from the mean, is
(1/2π) ∫ (1 − exp(−h²/(2cos²θ))) dθ over the angle that it spans, h being the distance of its
line; signed by the side that the mean lies on, these add up to the polygon's mass, holes
(which run the other way round) subtracting. With t = h·tanθ the integral becomes
h ∫ g(h² + t²) dt with g(u) = (1 − exp(−u/2))/u, an entire function: six Gauss–Legendre nodes
per 5 σ of edge (two or three for a short one) leave an error below 4e-6. Beyond 5 σ the
exponential is below 4e-6 and only angles count; these add up to the winding number, so that
only near edges have to be visited.
"""

import math

import numpy as np

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats, is_left

#: Beyond this many σ an edge counts by its angle alone.
REACH = 5.0
_PANEL = 5.0
_SHORT, _MIDDLING = 0.5, 1.5  # σ of edge that two and three nodes are enough for
_TWO = math.sqrt(1.0 / 3.0)
_THREE = math.sqrt(0.6)
_X, _W = np.polynomial.legendre.leggauss(6)
_X0, _X1, _X2 = (float(x) for x in _X[3:])
_W0, _W1, _W2 = (float(w) for w in _W[3:])
_STEPS = 64.0  # table steps per unit of u; linear between them, error 1.3e-6


def _table() -> Floats:
    u = np.arange(int(REACH**2 * _STEPS) + 3) / _STEPS
    return np.append(0.5, -np.expm1(-u[1:] / 2) / u[1:])


_G = _table()
#: Points are asked about this many σ beside where they are: one on a vertex has no angle.
NUDGE_X, NUDGE_Y = 1e-7, 0.618e-7
#: Smallest variance (m²) and largest |correlation| that are told apart from none and one.
MIN_VARIANCE = 1e-12
_MAX_CORRELATION = 1.0 - 1e-9


@compiled
def whitener(var_x: float, cov_xy: float, var_y: float) -> tuple[float, float, float]:
    """(a, b, c): u = a·x, v = c·(y − b·u) have unit covariance; degenerate input is clamped."""
    sx = math.sqrt(max(var_x, MIN_VARIANCE))
    sy = math.sqrt(max(var_y, MIN_VARIANCE))
    rho = min(max(cov_xy / (sx * sy), -_MAX_CORRELATION), _MAX_CORRELATION)
    return 1.0 / sx, rho * sy, 1.0 / (sy * math.sqrt(1.0 - rho * rho))


@compiled
def _g(u: float) -> float:
    scaled = u * _STEPS
    i = int(scaled)
    return float(_G[i] + (scaled - i) * (_G[i + 1] - _G[i]))


@compiled
def _pair(hh: float, middle: float, off: float) -> float:
    left, right = middle - off, middle + off
    return _g(hh + left * left) + _g(hh + right * right)


@compiled
def _integral(hh: float, low: float, high: float) -> float:
    """∫ g(hh + t²) dt by Gauss–Legendre."""
    length = high - low
    if length <= _SHORT:
        return 0.5 * length * _pair(hh, 0.5 * (low + high), 0.5 * length * _TWO)
    if length <= _MIDDLING:
        middle, half = 0.5 * (low + high), 0.5 * length
        outer = _pair(hh, middle, half * _THREE)
        return half * (5.0 * outer + 8.0 * _g(hh + middle * middle)) / 9.0
    panels = int(length / _PANEL) + 1
    half = 0.5 * length / panels
    total = 0.0
    for k in range(panels):
        middle = low + (2 * k + 1) * half
        total += _W0 * _pair(hh, middle, _X0 * half)
        total += _W1 * _pair(hh, middle, _X1 * half)
        total += _W2 * _pair(hh, middle, _X2 * half)
    return half * total


def _atan_coefficients() -> tuple[float, ...]:
    """atan(z)/z on [0, 1] as a polynomial in z², error below 4e-6."""
    z = (0.5 + 0.5 * np.cos(np.pi * (np.arange(400) + 0.5) / 400)) ** 0.5
    fit = np.polynomial.Chebyshev.fit(z**2, np.arctan(z) / z, 5, domain=[0.0, 1.0])
    return tuple(fit.convert(kind=np.polynomial.Polynomial).coef)


_A0, _A1, _A2, _A3, _A4, _A5 = _atan_coefficients()


@compiled
def _angle(y: float, x: float) -> float:
    """atan2(y, x) for y >= 0, three times as fast."""
    run = abs(x)
    steep = y > run
    big, small = (y, run) if steep else (run, y)
    if big == 0.0:
        return 0.0
    z = small / big
    w = z * z
    turn = z * (_A0 + w * (_A1 + w * (_A2 + w * (_A3 + w * (_A4 + w * _A5)))))
    if steep:
        turn = 0.5 * math.pi - turn
    return turn if x >= 0.0 else math.pi - turn


@compiled
def shut_off(
    ax: float,
    ay: float,
    bx: float,
    by: float,
    x: float,
    y: float,
    a: float,
    b: float,
    c: float,
) -> float:
    """What to take from the winding number for one edge: zero beyond 5 σ.

    2π times (angle − h ∫ g dt)/2π over the part of the edge within 5 σ, positive when the
    mean (x, y) is on its left; (a, b, c) is the covariance's `whitener`.
    """
    ex, ey = bx - ax, by - ay
    px, dx = (ax - x) * a, ex * a
    py, dy = ((ay - y) - b * px) * c, (ey - b * dx) * c
    square = dx * dx + dy * dy
    # The same product as in predicates.is_left: one side for the winding and for the angle.
    cross = ex * (y - ay) - ey * (x - ax)
    area = cross * a * c
    if area * area >= REACH * REACH * square:
        return 0.0
    length = math.sqrt(square)
    h = abs(area) / length
    hh = h * h
    reach = math.sqrt(REACH * REACH - hh)
    start = (px * dx + py * dy) / length
    low, high = max(start, -reach), min(start + length, reach)
    if low >= high:
        return 0.0
    angle = _angle(h * (high - low), hh + low * high) - h * _integral(hh, low, high)
    if cross > 0.0 or (cross == 0.0 and (ey < 0.0 or (ey == 0.0 and ex > 0.0))):
        return angle
    return -angle


@compiled
def mass_of(edges: Floats, x: float, y: float, var_x: float, cov_xy: float, var_y: float) -> float:
    """The Gaussian mass of the polygon with these edges (n, 4), shell left, holes right about."""
    a, b, c = whitener(var_x, cov_xy, var_y)
    x += NUDGE_X / a
    y += NUDGE_Y * math.sqrt(max(var_y, MIN_VARIANCE))
    winding = 0
    near = 0.0
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (ay <= y) != (by <= y):
            left = is_left(ax, ay, bx, by, x, y)
            if left and by > ay:
                winding += 1
            elif by < ay and not left:
                winding -= 1
        near += shut_off(ax, ay, bx, by, x, y, a, b, c)
    return min(max(winding - near / (2.0 * math.pi), 0.0), 1.0)
