"""Which tracks move together: they walk beside each other or one behind the other. Pure."""

import math

from watchline.incidents.model import Mark

# Our choice, for people on foot in the dark: so far apart a group still keeps in touch, …
TOGETHER_M = 50.0
# … so much their velocities may differ. To both comes what the tracks are uncertain by: a young
# track's velocity is about as uncertain in a second as its place, …
TOGETHER_MPS = 1.5
# … and so long a track's course may be prolonged to compare it with another.
TOGETHER_US = 30_000_000


def distance_apart_m(one: Mark, other: Mark) -> float | None:
    """How far apart two tracks are at the later mark's time, or None: not moving together.

    The earlier one is prolonged at its velocity. Within 50 m and twice the uncertainty of both,
    with velocities that differ by at most 1.5 m/s and that uncertainty in a second, they move
    together. A track whose velocity is not known moves with nobody.
    """
    early, late = sorted((one, other), key=lambda mark: mark.at_us)
    lapse_us = late.at_us - early.at_us
    if early.vx_mps is None or early.vy_mps is None or late.vx_mps is None or late.vy_mps is None:
        return None
    if lapse_us > TOGETHER_US:
        return None
    sigma_m = math.hypot(early.sigma_m, late.sigma_m)
    differ_mps = math.hypot(late.vx_mps - early.vx_mps, late.vy_mps - early.vy_mps)
    if differ_mps > TOGETHER_MPS + sigma_m:
        return None
    lapse_s = lapse_us / 1e6
    apart_m = math.hypot(
        late.x_m - early.x_m - early.vx_mps * lapse_s,
        late.y_m - early.y_m - early.vy_mps * lapse_s,
    )
    return apart_m if apart_m <= TOGETHER_M + 2.0 * sigma_m else None
