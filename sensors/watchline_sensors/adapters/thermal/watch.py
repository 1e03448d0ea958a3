"""Whether a camera still sees what it was set up to see, judged from its frames alone: pure.

Thermal sensors have noise, so that two true frames are never equal; what a scene holds is in
both of two frames that follow each other, and noise is not. All measures are independent of the
camera's gain, which changes by itself: detail is the part of the variance that lies in edges and
is in two frames at once; a shift is told by phases alone.
"""

import hashlib
import math
from collections import deque
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.frame import Frame

NO_SIGNAL: Final = "thermal.no_signal"
FROZEN: Final = "thermal.frozen"
REPLAYED: Final = "thermal.replayed"
COVERED: Final = "thermal.covered"
BLURRED: Final = "thermal.blurred"
MOVED: Final = "thermal.moved"
#: The gravest first: that one is told.
CODES = (NO_SIGNAL, FROZEN, REPLAYED, COVERED, BLURRED, MOVED)

#: s that a fault must last before it is told: shutters close for 2 s, lorries pass, and thrifty
#: encoders repeat a frame of a still scene until their next whole one, up to 12 s.
_HOLD_S = {NO_SIGNAL: 5.0, FROZEN: 20.0, REPLAYED: 0.0, COVERED: 8.0, BLURRED: 15.0, MOVED: 8.0}
#: s without it until it is over.
_CLEAR_S = 3.0
#: s in which a camera's view is learned, and in which what was learned follows the day.
LEARN_S = 10.0
_FOLLOW_S = 1800.0
_MEAN_S = 2.0

#: Grey values between which all but 2 % of a frame lie when there is no picture.
_NO_SPREAD = 2.0
#: Frames that were seen before, within the last so many s, make a replay; and how many are
#: remembered: an hour at 10 frames a second. An equal frame within _JUST_S is a slow encoder's.
_REPEATS, _REPEATS_S, _REMEMBERED, _JUST_S = 5, 10.0, 36_000, 2.0
#: Detail below this share of the learned one is lost.
_LOST = 0.2
#: A view with less detail than this (clear sky) cannot be judged by it.
_LEAST_DETAIL = 1e-4
#: Below this correlation with the learned view, it is not what is seen; when the contrast is
#: less than this share of the learned one too, then nothing else is seen either.
_SAME_VIEW, _FAINT = 0.5, 0.15
#: Grey values by which an encoder makes a picture that stands differ, at most and in the mean.
_TRIFLE, _MEAN_TRIFLE = 3, 0.1
#: Noise of less than this (grey values) is that of rounding: 1/√12.
_LEAST_NOISE = 0.29
#: The longer side of the picture that is searched for a shift.
_SMALL = 160
#: A shift counts from so many pixels of that picture on ...
_LEAST_SHIFT = 1.0
#: ... when its peak is so many standard deviations high, and so much higher than that of none.
_PEAK, _OVER_NONE = 7.0, 1.3

_Grey = NDArray[np.float32]


class Verdict(NamedTuple):
    """One of CODES or None; of a moved camera the scene's (right, down) in pixels, if found."""

    code: str | None = None
    shift_px: tuple[float, float] | None = None


class Watch:
    """Judges one camera; every fault is told within 60 s and is over by itself.

    In its first LEARN_S it learns the view. A camera that was moved for good, or sees another
    scene for good, is learned anew by `relearn`. What falls slower than by half in 25 minutes
    (the sun sets) is followed and not told.
    """

    def __init__(self) -> None:
        self._repeats, self._standing = _Repeats(), _Standing()
        self.relearn()

    def relearn(self) -> None:
        """Take what the camera sees from now on for its view."""
        self._held = {code: _Held(_HOLD_S[code]) for code in CODES}
        self._shape: tuple[int, ...] = ()
        self._learning_since_us: int | None = None
        self._lines: _Grey | None = None
        self._detail = self._contrast = 0.0
        self._mean: _Grey | None = None
        self._view: _Grey | None = None
        self._last_us = self._compared_us = 0
        self._moved = False
        self._shift_px: tuple[float, float] | None = None

    def feed(self, frame: Frame) -> Verdict:
        """What is to be said of the camera after this frame; 3 ms for 640 × 512, in the mean."""
        pixels, at_us = frame.pixels, frame.at_us
        if pixels.shape != self._shape or at_us < self._last_us:
            self.relearn()
            self._shape, self._last_us = pixels.shape, at_us
        blank = _spread(pixels) <= _NO_SPREAD
        same, repeated = self._repeats.see(pixels, at_us, blank=blank)
        self._tell(NO_SIGNAL, blank, at_us)
        self._tell(FROZEN, self._standing.see(pixels), at_us)
        self._tell(REPLAYED, repeated, at_us)
        if not blank and not same:
            self._look(pixels, at_us)
        code = next((code for code in CODES if self._held[code].told), None)
        return Verdict(code, self._shift_px if code == MOVED else None)

    def _tell(self, code: str, holds: bool, at_us: int) -> None:
        self._held[code].tell(holds, at_us)

    def _look(self, pixels: NDArray[Any], at_us: int) -> None:
        """Detail and place of the view, learned or compared with what was."""
        lines, before = _lines(pixels), self._lines
        self._lines = lines
        passed_s = min((at_us - self._last_us) / 1e6, 1.0)
        self._last_us = at_us
        if before is None:
            return
        detail, contrast = common_detail(lines, before), common_contrast(lines, before)
        small = _normal(shrunk(pixels))
        if self._view is None:
            self._learn(detail, contrast, small, passed_s, at_us)
            return
        lost = self._detail > _LEAST_DETAIL and detail < _LOST * self._detail
        faint = contrast < _FAINT * self._contrast
        covered = (lost or faint) and _correlation(small, self._view) < _SAME_VIEW
        self._tell(COVERED, covered, at_us)
        self._tell(BLURRED, lost and not covered, at_us)
        if lost or covered:
            return
        self._average(small, passed_s)
        if at_us - self._compared_us >= 1_000_000:
            self._compared_us = at_us
            self._compare(self._view, pixels.shape[1] / small.shape[1])
        self._tell(MOVED, self._moved, at_us)
        if not self._moved and not any(self._held[code].told for code in CODES):
            share = passed_s / _FOLLOW_S
            self._detail += share * (detail - self._detail)
            self._contrast += share * (contrast - self._contrast)
            if self._mean is not None:
                self._view += np.float32(share) * (self._mean - self._view)

    def _learn(
        self, detail: float, contrast: float, small: _Grey, passed_s: float, at_us: int
    ) -> None:
        if self._learning_since_us is None:
            self._learning_since_us = at_us
        share = 0.1 if self._detail else 1.0
        self._detail += (detail - self._detail) * share
        self._contrast += (contrast - self._contrast) * share
        self._average(small, passed_s)
        if at_us - self._learning_since_us >= LEARN_S * 1e6 and self._mean is not None:
            self._view = self._mean.copy()

    def _average(self, small: _Grey, passed_s: float) -> None:
        """What moves in front of the view goes out of it."""
        if self._mean is None:
            self._mean = small.copy()
        self._mean += np.float32(1.0 - math.exp(-passed_s / _MEAN_S)) * (small - self._mean)

    def _compare(self, view: _Grey, scale: float) -> None:
        if self._mean is None:
            return
        match = shift(view, self._mean)
        apart = math.hypot(match.right, match.down) >= _LEAST_SHIFT
        found = match.peak >= _PEAK
        self._moved = not found or (apart and match.peak > _OVER_NONE * match.at_none)
        self._shift_px = (scale * match.right, scale * match.down) if found else None


class _Held:
    """A fault that must last, and must be over for a while."""

    def __init__(self, hold_s: float) -> None:
        self._hold_us = hold_s * 1e6
        self._since_us: int | None = None
        self._held_us = 0
        self.told = False

    def tell(self, holds: bool, at_us: int) -> None:
        if holds:
            self._since_us = at_us if self._since_us is None else self._since_us
            self._held_us = at_us
            self.told = self.told or at_us - self._since_us >= self._hold_us
        elif not self.told or at_us - self._held_us >= _CLEAR_S * 1e6:
            self._since_us, self.told = None, False


class _Standing:
    """Whether the picture stands: an encoder that goes on makes it differ by a trifle."""

    def __init__(self) -> None:
        self._first: NDArray[np.int32] | None = None

    def see(self, pixels: NDArray[Any]) -> bool:
        """Whether this frame is the one with which the picture last changed."""
        some = pixels[::2, ::2].astype(np.int32)
        first = self._first
        if first is not None and first.shape == some.shape:
            off = np.abs(some - first)
            if off.max() <= _TRIFLE and off.mean() <= _MEAN_TRIFLE:
                return True
        self._first = some
        return False


class _Repeats:
    """Which frames are equal, bit for bit, to earlier ones."""

    def __init__(self) -> None:
        self._seen_us: dict[bytes, int] = {}
        self._before = b""
        self._recent_us: deque[int] = deque(maxlen=_REPEATS)

    def see(self, pixels: NDArray[Any], at_us: int, *, blank: bool) -> tuple[bool, bool]:
        """Whether this frame is the one before it, and whether earlier ones are being played."""
        key = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=8).digest()
        same, self._before = key == self._before, key
        first_us = self._seen_us.setdefault(key, at_us)
        if len(self._seen_us) > _REMEMBERED:
            del self._seen_us[next(iter(self._seen_us))]
        if not same and not blank and abs(at_us - first_us) > _JUST_S * 1e6:
            self._recent_us.append(at_us)
        many = len(self._recent_us) == _REPEATS
        return same, many and at_us - self._recent_us[0] <= _REPEATS_S * 1e6


class Match(NamedTuple):
    """Where a picture fits best on another, in pixels; peaks in standard deviations."""

    right: float
    down: float
    peak: float
    at_none: float


def shift(view: _Grey, now: _Grey) -> Match:
    """How far `now` lies from `view`, by phase correlation of their gradients."""
    cross = np.conj(_spectrum(view)) * _spectrum(now)
    cross /= np.abs(cross) + np.float32(1e-6)
    fit = np.fft.ifft2(cross).real
    fit /= fit.std()
    high, wide = fit.shape
    y, x = divmod(int(fit.argmax()), wide)
    down = y + _vertex(fit[y - 1, x], fit[y, x], fit[(y + 1) % high, x])
    right = x + _vertex(fit[y, x - 1], fit[y, x], fit[y, (x + 1) % wide])
    return Match(
        float((right + wide / 2) % wide - wide / 2),
        float((down + high / 2) % high - high / 2),
        float(fit[y, x]),
        float(fit[0, 0]),
    )


def _spectrum(small: _Grey) -> NDArray[np.complex64]:
    """Of the gradients, right as real and down as imaginary, faded out towards the edges."""
    slopes = np.empty((small.shape[0] - 1, small.shape[1] - 1), np.complex64)
    slopes.real = small[1:, 1:] - small[1:, :-1]
    slopes.imag = small[1:, 1:] - small[:-1, 1:]
    high, wide = slopes.shape
    slopes *= np.hanning(high)[:, None].astype(np.float32) * np.hanning(wide).astype(np.float32)
    # The picture's own sides have small factors and are much quicker.
    return np.fft.fft2(slopes, small.shape).astype(np.complex64, copy=False)


def _vertex(before: float, middle: float, after: float) -> float:
    """Where between -½ and ½ the parabola through three values has its top."""
    bend = 2 * middle - before - after
    return 0.5 * (after - before) / bend if bend > 0 else 0.0


def common_detail(lines: _Grey, before: _Grey) -> float:
    """The share of the variance that lies in edges which both frames hold."""
    slope, slope_before = np.diff(lines), np.diff(before)
    common = float(np.vdot(slope, slope_before)) / slope.size
    return common / math.sqrt(max(float(lines.var()) * float(before.var()), 1e-9))


def common_contrast(lines: _Grey, before: _Grey) -> float:
    """The variance that both frames hold, in units of that of their noise.

    Fixed patterns of the sensor, which its gain can make into all there is to see, count little.
    """
    one, other = lines[:, ::4], before[:, ::4]
    noise = max(float(np.abs(one - other).mean()) * math.sqrt(math.pi) / 2, _LEAST_NOISE)
    common = float(np.vdot(one - one.mean(), other - other.mean())) / one.size
    return common / noise**2


def _lines(pixels: NDArray[Any]) -> _Grey:
    """Every eighth line, whole: blur shows in the finest detail first."""
    return pixels[::8].astype(np.float32)


def shrunk(pixels: NDArray[Any]) -> _Grey:
    """Means over squares, so that the longer side has about _SMALL of them."""
    by = max(1, round(max(pixels.shape) / _SMALL))
    high, wide = (side // by for side in pixels.shape)
    rows = pixels[: high * by, : wide * by].reshape(high, by, wide * by)
    sums = rows.sum(axis=1, dtype=np.uint32)
    total = sum(sums[:, k::by].astype(np.float32) for k in range(by))
    return np.asarray(total, np.float32) / np.float32(by * by)


def _normal(small: _Grey) -> _Grey:
    """Without gain and offset; what is far warmer than the rest counts no more than a little."""
    low, mid, high = np.quantile(small.ravel()[::3], (0.1, 0.5, 0.9))
    flat = (small - np.float32(mid)) * np.float32(1.0 / max(high - low, 1e-3))
    return np.clip(flat, -2.0, 2.0, out=flat)


def _correlation(a: _Grey, b: _Grey) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(np.vdot(a, b)) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)


def _spread(pixels: NDArray[Any]) -> float:
    low, high = np.percentile(pixels[::8, ::8], (1, 99))
    return float(high - low)
