"""Plots of made-up targets in a sector's plane, as batches for the tracker."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from watchline.detections.model import Batch
from watchline.tracks import tracker
from watchline.tracks.model import TrackUpdates

CONFIG = tracker.TrackerConfig()
COLUMNS = Batch.__slots__


def plots(
    at_s: NDArray[np.float64] | list[float],
    xy: NDArray[np.float64] | list[tuple[float, float]],
    *,
    sensor: int = 1,
    sigma_m: float = 5.0,
    velocity: NDArray[np.float64] | None = None,
    v_sigma_mps: float = 0.5,
    classes: list[float] | None = None,
) -> Batch:
    """Plots of one sensor with a round error; each sensor is an edge of its own."""
    at_us = np.round(np.asarray(at_s, np.float64) * 1e6).astype(np.int64)
    n = len(at_us)
    place = np.asarray(xy, np.float64).reshape(n, 2)
    v = np.full((n, 2), np.nan) if velocity is None else velocity
    row = np.full(5, np.nan, np.float32) if classes is None else np.array(classes, np.float32)
    return Batch(
        at_us=at_us,
        sensor=np.full(n, sensor, np.int32),
        edge=np.full(n, sensor, np.int32),
        boot=np.full(n, 77, np.int64),
        seq=np.arange(1, n + 1),
        x_m=place[:, 0].copy(),
        y_m=place[:, 1].copy(),
        var_x_m2=np.full(n, sigma_m**2),
        cov_xy_m2=np.zeros(n),
        var_y_m2=np.full(n, sigma_m**2),
        bearing_rad=np.full(n, np.nan),
        bearing_sigma_rad=np.full(n, np.nan),
        vx_mps=v[:, 0].copy(),
        vy_mps=v[:, 1].copy(),
        v_sigma_mps=np.full(n, np.nan if velocity is None else v_sigma_mps),
        classes=np.tile(row, (n, 1)),
    )


def take(batch: Batch, index: NDArray[np.intp] | slice) -> Batch:
    """Some rows of a batch."""
    return Batch(**{name: getattr(batch, name)[index] for name in COLUMNS})


def join(parts: Iterable[Batch]) -> Batch:
    """All parts in the tracker's order; seq is counted anew, so that keys stay unique."""
    pages = list(parts)
    merged = {name: np.concatenate([getattr(p, name) for p in pages]) for name in COLUMNS}
    merged["seq"] = np.arange(1, len(merged["at_us"]) + 1)
    order = np.lexsort((merged["seq"], merged["boot"], merged["edge"], merged["at_us"]))
    return Batch(**{name: column[order] for name, column in merged.items()})


EMPTY = plots([], [])


def run(
    batch: Batch, *, tick_s: float | None = None, config: tracker.TrackerConfig = CONFIG
) -> tuple[tracker.TrackerState, TrackUpdates, NDArray[np.uint8]]:
    """One step from nothing."""
    tick_us = None if tick_s is None else round(tick_s * 1e6)
    return tracker.step(tracker.TrackerState.empty(), batch, tick_us, config)


def of_track(updates: TrackUpdates, no: int) -> dict[str, NDArray]:
    """The updates of one track, as columns by name."""
    mine = updates.no == no
    return {name: getattr(updates, name)[mine] for name in TrackUpdates.__slots__}


def line(
    rng: np.random.Generator,
    start: tuple[float, float],
    velocity: tuple[float, float],
    at_s: NDArray[np.float64],
    *,
    sensor: int = 1,
    sigma_m: float = 5.0,
    seen: float = 1.0,
) -> Batch:
    """A target on a straight line, seen with a probability, with errors of sigma_m per axis."""
    at_s = at_s[rng.uniform(size=len(at_s)) < seen]
    truth = np.array(start) + np.outer(at_s, velocity)
    return plots(
        at_s, truth + rng.normal(0.0, sigma_m, truth.shape), sensor=sensor, sigma_m=sigma_m
    )


def clutter(
    rng: np.random.Generator,
    seconds: float,
    per_s: float,
    size_m: float,
    *,
    sensor: int = 1,
    sigma_m: float = 5.0,
) -> Batch:
    """False plots, uniform over time and a square."""
    n = rng.poisson(seconds * per_s)
    at_s = np.sort(rng.uniform(0.0, seconds, n))
    return plots(at_s, rng.uniform(0.0, size_m, (n, 2)), sensor=sensor, sigma_m=sigma_m)


def numbers(updates: TrackUpdates) -> list[int]:
    """The tracks that were told of."""
    return sorted(set(updates.no.tolist()))


def grid_of_targets(count: int, apart_m: float) -> NDArray[np.float64]:
    """Places so far apart from each other."""
    side = int(np.ceil(np.sqrt(count)))
    return apart_m * np.stack(np.divmod(np.arange(count), side), axis=1).astype(float)


#: Once a second for a minute.
SECONDS = np.arange(60.0)
