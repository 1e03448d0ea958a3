"""Where a camera looks, from targets that a radar saw while they were in its pictures.

Nobody tells which tracklet is which radar track. Each tracklet and each track of the same time
tell one aim under which they would be one target, if it stands still through their time; the true
pairs agree on it, the others do not (a coarse vote). The pairs near the winner are solved as
landmarks are, robustly; then once more with all that fit that solution.

The errors are those between targets: the solution is repeated without each track (delete-a-group
jackknife, Kott 2001), and widened as Student's t is by how few they are. What all plots of one
track share — the radar's error there, a foot hidden in the grass — counts once for it, however
many pairs it has. What *all* tracks share is in no residual and in none of the errors: the radars'
own error of north, their place, a clock that is off. The aim is true to them.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.calibrate import (
    Calibration,
    CalibrationFailed,
    Landmark,
    away,
    calibrate,
)
from watchline_sensors.adapters.thermal.feet import Feet
from watchline_sensors.adapters.thermal.lens import Aim, directions, pixels
from watchline_sensors.adapters.thermal.placing import View
from watchline_sensors.adapters.thermal.radar_tracks import RadarTrack

Floats = NDArray[np.float64]

#: So far the present aim may be off, unless told otherwise.
WITHIN_DEG = 5.0
#: A tracklet and a track are compared at so many times, over so long, and no more times ...
_LEAST, _LEAST_US, _MOST = 4, 3_000_000, 12
#: ... and no track has more pairs than this in the solution, so that none outvotes the others.
_MOST_OF_TRACK = 24
#: Standard error of a foot's pixel, beside the radar's.
_FOOT_PX = 1.5
#: Where a plot's own error is larger than this in the picture, it says nothing.
_WORST_PX = 30.0
#: A pair must cross so many σ of the picture, or it would go with whoever stands about there; ...
_MOVES = 6.0
#: ... on its way the aim it tells stays within so many σ (root mean square).
_STEADY = 2.0
#: A pair fits a solution up to so many σ.
_FITS = 3.0
#: A solution whose residuals are this many times as large as they should be is none: those of
#: pairs that agree by chance alone were 1.6 to 2 times as large in simulated traffic, true ones
#: up to 1.2.
_WORST_SCALE = 1.5
#: So often a solution is made of the pairs that fit the one before.
_TURNS = 2
#: Aims agree in the vote within this and 2 σ: a roll of 2° that nobody knows of moves a picture's
#: edge by as much.
_AGREE_DEG = 0.5
#: Different radar tracks that must agree: Student's t has a variance from 3 degrees of freedom on.
_LEAST_TRACKS = 4
#: Another aim on which this share of them agrees as well is no worse an answer.
_AMBIGUOUS = 0.6
#: Pairs must spread over this share of the picture's width, or the roll is a guess.
_SPREAD = 0.25
#: The solution is repeated without each of so many groups of tracks, at most.
_GROUPS = 20

_WALK = (
    "have somebody walk across the view, several times and away from others, and export that time"
)


class Matched(NamedTuple):
    """A calibration, and the pairs (n) that it stands on: landmarks named after their tracklets."""

    calibration: Calibration
    pairs: list[Landmark]
    tracks: int


class _Pair(NamedTuple):
    """A tracklet and a track that may be one target, at k times."""

    tracklet: int
    track: int
    marks: list[Landmark]
    away: Floats  # (k, 3) metres east, north, up
    sigma_px: Floats  # (k, 2) right, down
    aim_deg: Floats  # (2,) by how much azimuth and elevation are off, if they are one
    agree_deg: Floats  # (2,) and how well they tell it


def calibrate_by_tracks(
    view: View,
    feet: Sequence[Feet],
    tracks: Sequence[RadarTrack],
    *,
    within_deg: float = WITHIN_DEG,
    focal: bool = False,
) -> Matched:
    """Solve a camera's aim, which is within `within_deg` of the view's in azimuth and elevation.

    `feet` are tracklets in the pictures of the time of `tracks`; targets stand on the ground.
    `focal` solves the focal length too. Raises CalibrationFailed: too few tracks were seen by
    both, they cover too little of the picture, or two aims explain them about equally well.
    """
    pairs = _pairs(view, feet, tracks, within_deg)
    if not pairs:
        raise CalibrationFailed(
            f"none of {len(feet)} tracklets was seen with one of {len(tracks)} radar tracks within "
            f"{within_deg:g}° of the present aim: are they of the same time? If so, {_WALK}"
        )
    agree = _vote(pairs)
    _require(agree, pairs, within_deg)
    solved, fit = _settle(view, agree, pairs, focal)
    solved, fit = _against_rival(view, solved, fit, pairs, focal)
    chosen = _best(solved, fit)
    _require(chosen, pairs, within_deg)
    done, marks, groups = _solve(view, chosen, focal)
    x = np.percentile([one.x_px for one in marks], [5, 95])
    if x[1] - x[0] < _SPREAD * view.lens.width:
        share = (x[1] - x[0]) / view.lens.width
        raise CalibrationFailed(
            f"they cover {share:.0%} of the picture's width, {_SPREAD:.0%} are needed: {_WALK}"
        )
    return Matched(_honest(view, chosen, done, focal), marks, groups)


def _pairs(
    view: View, feet: Sequence[Feet], tracks: Sequence[RadarTrack], within_deg: float
) -> list[_Pair]:
    """All that may be one target: seen at the same time, near the aim, and steadily so."""
    near = [(k, track) for k, track in enumerate(tracks) if _near(view, track, within_deg)]
    found = []
    level = Aim(azimuth_deg=0.0, elevation_deg=0.0, roll_deg=view.aim.roll_deg)
    for tracklet, seen in enumerate(feet):
        rays = directions(view.lens, level, seen.xy_px)
        for k, track in near:
            if track.at_us[0] <= seen.at_us[-1] and seen.at_us[0] <= track.at_us[-1]:
                pair = _pair(view, tracklet, seen, rays, k, track)
                if pair is not None and np.abs(pair.aim_deg).max() <= within_deg:
                    found.append(pair)
    return found


def _near(view: View, track: RadarTrack, within_deg: float) -> bool:
    """Whether a track was ever in the picture, or would be under an aim that may be true."""
    wide, high = view.lens.width, view.lens.height
    axis = view.aim.axes()[2]
    corners = directions(view.lens, view.aim, [(0, 0), (wide, 0), (0, high), (wide, high)]) @ axis
    reach = math.acos(corners.min()) + math.radians(within_deg * math.sqrt(2.0))
    there = _away(view, track.plots)
    metres = np.linalg.norm(there, axis=1)
    ahead = there @ axis >= metres * math.cos(min(reach, math.pi))
    return bool((ahead & (metres <= view.max_range_m)).any())


def _pair(
    view: View, tracklet: int, seen: Feet, rays: Floats, number: int, track: RadarTrack
) -> _Pair | None:
    plots = track.at(seen.at_us)
    known = np.flatnonzero(~np.isnan(plots[:, 0]))
    if len(known) < _LEAST:
        return None
    # Evenly over the time: who is seen five times a second is no better known for it.
    some = known[np.unique(np.linspace(0, len(known) - 1, _MOST).round().astype(int))]
    there = _away(view, plots[some])
    sigma_px = _sigma_px(view, there, plots[some, 2])
    aims = _aims_deg(view, rays[some], there)
    good = ~np.isnan(aims).any(axis=1) & (sigma_px.max(axis=1) <= _WORST_PX)
    good &= np.linalg.norm(there, axis=1) >= view.min_range_m
    some, there, sigma_px, aims = some[good], there[good], sigma_px[good], aims[good]
    if len(some) < _LEAST or np.ptp(seen.at_us[some]) < _LEAST_US:
        return None
    moved = np.ptp(seen.xy_px[some], axis=0) / np.median(sigma_px, axis=0)
    if np.hypot(*moved) < _MOVES:
        return None
    sigma_deg = np.degrees(sigma_px / view.lens.matrix[:2])
    middle = np.median(aims, axis=0)
    if (np.sqrt((((aims - middle) / sigma_deg) ** 2).mean(axis=0)) > _STEADY).any():
        return None  # they do not move as one does
    return _Pair(
        tracklet=tracklet,
        track=number,
        marks=[
            Landmark(seen.name, x, y, lon, lat)
            for (x, y), (lon, lat, _) in zip(
                seen.xy_px[some].tolist(), plots[some].tolist(), strict=True
            )
        ],
        away=there,
        sigma_px=sigma_px,
        aim_deg=middle,
        # The median of normal errors has 1.25 times the mean's.
        agree_deg=_AGREE_DEG + 2.0 * 1.25 * np.median(sigma_deg, axis=0) / math.sqrt(len(some)),
    )


def _away(view: View, plots: Floats) -> Floats:
    """(n, 3) metres east, north, up to the ground at plots (n, 3)."""
    return away(view, plots[:, 0], plots[:, 1], np.full(len(plots), np.nan))


def _sigma_px(view: View, there: Floats, sigma_m: Floats) -> Floats:
    """(k, 2) how well places in the picture are known, right and down.

    Across, an error of the plot is seen whole; along, only as the depression changes with it.
    """
    metres = np.hypot(there[:, 0], there[:, 1])
    fx, fy = view.lens.matrix[:2]
    across = fx * sigma_m / metres
    along = fy * np.hypot(sigma_m * there[:, 2] / metres, view.doubt.height_m) / metres
    return np.hypot(_FOOT_PX, np.stack([across, along], axis=1))


def _aims_deg(view: View, rays: Floats, there: Floats) -> Floats:
    """(k, 2) by how much azimuth and elevation are off if these rays look at these places.

    The ray (right r, ahead f, up p) of a camera that does not tilt, tilted by e, rises by
    f sin e + p cos e: what the place rises by gives e, and then its azimuth the camera's. NaN
    where no tilt does.
    """
    aim = view.aim
    right, ahead, up = rays.T
    rise = there[:, 2] / np.linalg.norm(there, axis=1)
    with np.errstate(invalid="ignore"):
        tilt = np.arcsin(rise / np.hypot(ahead, up)) - np.arctan2(up, ahead)
    beside = np.arctan2(right, ahead * np.cos(tilt) - up * np.sin(tilt))
    azimuth = np.degrees(np.arctan2(there[:, 0], there[:, 1]) - beside) - aim.azimuth_deg
    elevation = np.degrees(tilt) - aim.elevation_deg
    found: Floats = np.stack([(azimuth + 180.0) % 360.0 - 180.0, elevation], axis=1)
    return found


def _vote(pairs: Sequence[_Pair]) -> list[_Pair]:
    """The pairs that agree with the one with which most do."""
    aims = np.array([one.aim_deg for one in pairs])
    wide = np.array([one.agree_deg for one in pairs])
    track = np.array([one.track for one in pairs])
    tracklet = np.array([one.tracklet for one in pairs])

    def voices(k: int) -> tuple[int, int]:
        near = (np.abs(aims - aims[k]) <= wide).all(axis=1)
        return _voices(track[near], tracklet[near]), int(near.sum())

    best = max(range(len(pairs)), key=voices)
    near = (np.abs(aims - aims[best]) <= wide).all(axis=1)
    return [one for one, agrees in zip(pairs, near.tolist(), strict=True) if agrees]


def _voices(
    track: Sequence[int] | NDArray[np.int64], tracklet: Sequence[int] | NDArray[np.int64]
) -> int:
    """Of how many targets pairs speak: one tracklet with many tracks is one, and the reverse."""
    return min(len(set(track)), len(set(tracklet)))


def _distinct(pairs: Sequence[_Pair]) -> int:
    return _voices([one.track for one in pairs], [one.tracklet for one in pairs])


def _require(fit: Sequence[_Pair], pairs: Sequence[_Pair], within_deg: float) -> None:
    if _distinct(fit) < _LEAST_TRACKS:
        raise CalibrationFailed(
            f"radar tracks that were seen under one aim within {within_deg:g}° of the present one: "
            f"{_distinct(fit)}, {_LEAST_TRACKS} are needed (of {len(pairs)} pairs of the same "
            f"time): {_WALK}"
        )


def _settle(
    view: View, agree: list[_Pair], pairs: Sequence[_Pair], focal: bool
) -> tuple[View, list[_Pair]]:
    """(the view by the pairs that agree, all pairs that fit it); raises CalibrationFailed."""
    for _ in range(_TURNS):
        best = _best(view, agree)
        done, _, _ = _solve(view, best, focal)
        view = _aimed(view, done)
        white = np.concatenate([_off(view, one) for one in best])
        scale = max(1.0, float(np.median(np.abs(white))) / 0.6745)
        if scale > _WORST_SCALE:
            raise CalibrationFailed(
                f"tracklets and radar tracks are {scale:.1f} times as far apart as their errors "
                "allow: they are others, or the camera's place and height or the radars' errors "
                f"are not right; {_WALK}"
            )
        agree = [one for one in pairs if _misfit(view, one) <= _FITS * scale]
    return view, agree


def _against_rival(
    view: View, solved: View, fit: list[_Pair], pairs: Sequence[_Pair], focal: bool
) -> tuple[View, list[_Pair]]:
    """A solution, or the one that explains all of its pairs and more.

    Raises CalibrationFailed if those that do not fit agree on another aim about as well. Counted
    is on both sides who speaks for one and not the other.
    """
    rest = _without(pairs, fit)
    if not rest:
        return solved, fit
    try:
        rival, other = _settle(view, _vote(rest), pairs, focal)
    except CalibrationFailed:
        return solved, fit  # there is no aim that they agree on
    mine, theirs = _without(fit, other), _without(other, fit)
    if not mine:
        return rival, other
    if _distinct(theirs) <= _AMBIGUOUS * _distinct(mine):
        return solved, fit
    told = []
    for some in (mine, theirs):
        azimuth, elevation = np.median([one.aim_deg for one in some], axis=0)
        told.append(
            f"azimuth {(view.aim.azimuth_deg + azimuth) % 360.0:.1f}°, elevation "
            f"{view.aim.elevation_deg + elevation:.1f}° ({_distinct(some)} tracks)"
        )
    raise CalibrationFailed(f"two aims are about equally good, {' and '.join(told)}: {_WALK}")


def _without(pairs: Sequence[_Pair], taken: Sequence[_Pair]) -> list[_Pair]:
    gone = {(one.tracklet, one.track) for one in taken}
    return [one for one in pairs if (one.tracklet, one.track) not in gone]


def _best(view: View, pairs: Sequence[_Pair]) -> list[_Pair]:
    """Of each tracklet the one pair that fits the view best."""
    found: dict[int, _Pair] = {}
    for one in sorted(pairs, key=lambda one: _misfit(view, one)):
        found.setdefault(one.tracklet, one)
    return list(found.values())


def _off(view: View, pair: _Pair) -> Floats:
    """(k, 2) seen minus predicted, over the standard errors; NaN behind the camera."""
    seen = np.array([(one.x_px, one.y_px) for one in pair.marks])
    off: Floats = (seen - pixels(view.lens, view.aim, pair.away)) / pair.sigma_px
    return off


def _misfit(view: View, pair: _Pair) -> float:
    """How many σ a pair is off as a whole; infinite for what is behind the camera."""
    worst = float(np.abs(np.median(_off(view, pair), axis=0)).max())
    return math.inf if math.isnan(worst) else worst


def _aimed(view: View, done: Calibration) -> View:
    fx, fy = view.lens.matrix[:2]
    grown = done.focal_x_px / fx
    lens = structs.replace(view.lens, focal_x_px=fx * grown, focal_y_px=fy * grown)
    return replace(view, aim=done.aim, lens=lens)


def _solve(
    view: View, pairs: Sequence[_Pair], focal: bool
) -> tuple[Calibration, list[Landmark], int]:
    """(solution, its landmarks, of how many tracks)."""
    of_track: defaultdict[int, list[tuple[Landmark, Floats]]] = defaultdict(list)
    for one in pairs:
        of_track[one.track] += zip(one.marks, one.sigma_px, strict=True)
    marks, sigmas = [], []
    for each in of_track.values():
        for k in np.unique(np.linspace(0, len(each) - 1, _MOST_OF_TRACK).round().astype(int)):
            mark, sigma = each[k]
            marks.append(mark)
            sigmas.append(sigma)
    done = calibrate(view, marks, focal=focal, sigma_px=np.array(sigmas))
    return done, marks, len(of_track)


def _honest(view: View, pairs: Sequence[_Pair], done: Calibration, focal: bool) -> Calibration:
    """The solution with the errors between targets, where these are larger than its own."""
    numbers = sorted({one.track for one in pairs})
    groups = min(len(numbers), _GROUPS)
    group = {number: k % groups for k, number in enumerate(numbers)}
    moved = []
    for k in range(groups):
        without, _, _ = _solve(view, [one for one in pairs if group[one.track] != k], focal)
        moved.append(np.subtract(_angles(without), _angles(done)))
    off = (np.array(moved) + 180.0) % 360.0 - 180.0
    # The jackknife's variance, and Student's over the normal's with groups - 1 degrees of freedom.
    variance = (off**2).sum(axis=0) * (groups - 1) / groups * (groups - 1) / (groups - 3)
    azimuth, elevation, roll = np.sqrt(variance).tolist()
    return done._replace(
        azimuth_sigma_deg=max(azimuth, done.azimuth_sigma_deg),
        elevation_sigma_deg=max(elevation, done.elevation_sigma_deg),
        roll_sigma_deg=max(roll, done.roll_sigma_deg),
    )


def _angles(done: Calibration) -> tuple[float, float, float]:
    return done.aim.azimuth_deg, done.aim.elevation_deg, done.aim.roll_deg
