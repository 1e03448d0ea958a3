"""The scenario of the kills: each few seconds somebody crosses the border, and six masts look on.

One dice throws nothing here: who comes when and where is a table, so that any run of it, however
disturbed, has the same true events.
"""

MASTS = [(6.4, 900), (7.0, 900), (7.6, 1000), (8.4, 1000), (9.0, 1100), (9.5, 1100)]
EVERY_S = 5.0
#: From the start of a mover until it has left the meadow and is gone.
WALK_S = 33.0

_HEAD = """
name = "Storm"
description = "Every 5 s somebody crosses the line, enters the meadow behind it and leaves it."
seed = 5
duration_s = {seconds}
[sector]
id = "storm"
name = "Test stretch"
[[geofence]]
id = "line"
name = "Border line"
kind = "line"
between_km = [5, 11]
inside_m = 0
direction = "in"
[[geofence.rule]]
id = "line-cross"
name = "Crossed"
kind = "cross"
severity = "high"
[[geofence]]
id = "meadow"
name = "Meadow"
kind = "area"
between_km = [5, 11]
inside_m = [30, 110]
[[geofence.rule]]
id = "meadow-enter"
name = "Entered"
kind = "enter"
severity = "medium"
[[geofence.rule]]
id = "meadow-exit"
name = "Left"
kind = "exit"
severity = "low"
"""

_MAST = """
[[site]]
id = "mast-{number}"
name = "Mast {number}"
at = [{km}, {inside_m}]
[[site.radar]]
id = "radar-{number}"
name = "Radar {number}"
sic = {sic}
port = {port}
false_per_scan = 0.0
theta_sigma_deg = 0.1
rho_sigma_m = 2.0
"""

_MOVER = """
[[mover]]
id = "mover-{number}"
class = "vehicle"
start_s = {start_s}
speed_mps = 9.0
path = [[{km}, -50], [{km}, 220]]
"""


def scenario(seconds: float) -> str:
    """The TOML for so many seconds; the last mover is through before they are over."""
    masts = [
        _MAST.format(number=number, km=km, inside_m=inside_m, sic=40 + number, port=8640 + number)
        for number, (km, inside_m) in enumerate(MASTS)
    ]
    movers = [
        _MOVER.format(number=number, start_s=number * EVERY_S, km=6.6 + 0.4 * (number * 5 % 8))
        for number in range(int((seconds - WALK_S) / EVERY_S))
    ]
    return "".join([_HEAD.format(seconds=seconds), *masts, *movers])
