"""What is found frame by frame, tied together in the picture: tracklets, not single boxes.

After ByteTrack (Zhang et al. 2022): the sure finds are given to the tracklets first, then the
unsure ones to those left over; only sure ones begin a tracklet. Distant targets are a few pixels,
whose boxes seldom overlap from frame to frame, so nearness counts instead: the distance of
the middles over the targets' own size.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import CLASSES, Found
from watchline_sensors.contract import ObjectClass

Floats = NDArray[np.float64]

#: A find from this score on begins a tracklet; below, it only continues one.
SURE = 0.4
#: Pixels that a middle may be off beside half its target's size; per second where the speed is
#: not known yet: a person of 20 pixels who runs crosses 60.
_OFF_PX, _OFF_PX_PER_S = 2.0, 60.0
#: Sizes further apart than this, as a logarithm of areas, are of two things.
_OTHER_SIZE = 1.4
#: Share of a new measure in the smoothed box and its speed.
_GAIN, _SPEED_GAIN = 0.4, 0.25
#: Told from so many finds on, of so long, of so much score in all.
_HITS, _AGE_US, _SCORE = 4, 600_000, 2.0
_FORGOTTEN_US = 2_000_000
#: What only moves must have gone so far, and half its size: a bush in the wind comes back.
_GONE_PX = 4.0
#: Told once in this time.
_PERIOD_US = 1_000_000
#: What is known of a class fades from find to find, and begins with so much of nothing known.
_MEMORY, _PRIOR = 0.97, 1.5
#: From this probability on a class is believed. A network that takes one target for this and that
#: errs in the same way again and again, and the hub, for which each telling is new evidence, would
#: believe it rather than a radar (ADR 12).
CERTAIN = 0.7
#: At most so many at once: a picture full of noise must not cost the edge its time.
MOST = 200

_OBJECTS = {"person": ObjectClass.PERSON, "vehicle": ObjectClass.VEHICLE,
            "animal": ObjectClass.ANIMAL}  # fmt: skip


@dataclass(slots=True)
class Tracklet:
    """One target in the picture: `middle`, `begun` and `size` in pixels (x, y), `speed` per s."""

    no: int
    middle: Floats
    size: Floats
    first_us: int
    at_us: int
    score: float
    begun: Floats
    speed: Floats = field(default_factory=lambda: np.zeros(2))
    hits: int = 0
    told_us: int | None = None
    evidence: Floats = field(default_factory=lambda: np.zeros(len(CLASSES) + 1))
    total: float = 0.0

    @property
    def confirmed(self) -> bool:
        """Whether it is more than a flicker; what has no name must have gone somewhere too."""
        old = self.at_us - self.first_us >= _AGE_US
        named = self.evidence[: len(CLASSES)].sum() > self.evidence[len(CLASSES)]
        gone = np.linalg.norm(self.middle - self.begun) >= _GONE_PX + 0.5 * self.size.max()
        return bool(self.hits >= _HITS and old and self.total >= _SCORE and (named or gone))

    @property
    def foot(self) -> tuple[float, float]:
        """The pixel where it stands."""
        return float(self.middle[0]), float(self.middle[1] + self.size[1] / 2)

    def classes(self) -> dict[ObjectClass, float]:
        """How probable each class is after all finds; what is not known is "unknown"."""
        share = self.evidence / (self.evidence.sum() + _PRIOR)
        known = {_OBJECTS[name]: float(p) for name, p in zip(CLASSES, share, strict=False)
                 if name in _OBJECTS}  # fmt: skip
        return known | {ObjectClass.UNKNOWN: max(0.0, 1.0 - sum(known.values()))}

    def opinion(self) -> dict[ObjectClass, float] | None:
        """`classes`, if one of them, or "unknown", is certain enough to be told."""
        classes = self.classes()
        return classes if max(classes.values()) >= CERTAIN else None

    def take(self, row: NDArray[np.float32], at_us: int) -> None:
        """Continue with a find."""
        dt = (at_us - self.at_us) / 1e6
        middle, size = _middle_size(row)
        if dt > 0:
            off = middle - (self.middle + self.speed * dt)
            gain = max(_GAIN, 1.0 / (self.hits + 1))
            self.middle = self.middle + self.speed * dt + gain * off
            self.speed = self.speed + max(_SPEED_GAIN, 1.0 / (self.hits + 1)) * off / dt
            self.size = self.size + gain * (size - self.size)
        self.at_us, self.score = at_us, float(row[4])
        self.hits += 1
        self.total += self.score
        self.evidence *= _MEMORY
        self.evidence[int(row[5])] += self.score


class Tracklets:
    """All of one camera's."""

    def __init__(self) -> None:
        self.live: list[Tracklet] = []
        self._last = 0

    def take(self, found: Found, at_us: int) -> list[Tracklet]:
        """Those that are to be told now: confirmed, in this frame, and not told for a second."""
        sure = found[:, 4] >= SURE
        left = self._continue(list(self.live), found[sure], at_us, begin=True)
        self._continue(left, found[~sure], at_us, begin=False)
        self.live = [one for one in self.live if at_us - one.at_us <= _FORGOTTEN_US]
        told = [
            one
            for one in self.live
            if one.at_us == at_us
            and one.confirmed
            and (one.told_us is None or at_us - one.told_us >= _PERIOD_US)
        ]
        for one in told:
            one.told_us = at_us
        return told

    def _continue(
        self, left: list[Tracklet], rows: Found, at_us: int, *, begin: bool
    ) -> list[Tracklet]:
        """Give each find to at most one tracklet, the nearest pairs first; those left over."""
        pairs = sorted(
            (cost, k, row)
            for k, one in enumerate(left)
            for row, cost in enumerate(_costs(one, rows, at_us))
            if cost <= 1.0
        )
        used: set[int] = set()
        given: set[int] = set()
        for _, k, row in pairs:
            if k not in used and row not in given:
                used.add(k)
                given.add(row)
                left[k].take(rows[row], at_us)
        if begin:
            for row in range(len(rows)):
                if row not in given and len(self.live) < MOST:
                    self._begin(rows[row], at_us)
        return [one for k, one in enumerate(left) if k not in used]

    def _begin(self, row: NDArray[np.float32], at_us: int) -> None:
        self._last += 1
        middle, size = _middle_size(row)
        one = Tracklet(
            no=self._last,
            middle=middle,
            size=size,
            first_us=at_us,
            at_us=at_us,
            score=0.0,
            begun=middle,
        )
        one.take(row, at_us)
        self.live.append(one)


def _middle_size(row: NDArray[np.float32]) -> tuple[Floats, Floats]:
    low, high = row[:2].astype(np.float64), row[2:4].astype(np.float64)
    return (low + high) / 2, np.maximum(high - low, 1.0)


def _costs(one: Tracklet, rows: Found, at_us: int) -> list[float]:
    """How far each find is from where the tracklet should be: beyond 1 it is another's."""
    dt = max(0.0, (at_us - one.at_us) / 1e6)  # the camera's clock may take over, and be behind
    low, high = rows[:, :2].astype(np.float64), rows[:, 2:4].astype(np.float64)
    size = np.maximum(high - low, 1.0)
    off = np.linalg.norm((low + high) / 2 - (one.middle + one.speed * dt), axis=1)
    slack = _OFF_PX + _OFF_PX_PER_S * dt / one.hits
    reach = slack + 0.5 * np.maximum(size.max(axis=1), one.size.max())
    other = np.abs(np.log(size.prod(axis=1) / one.size.prod())) > _OTHER_SIZE
    costs: list[float] = np.where(other, math.inf, off / reach).tolist()
    return costs
