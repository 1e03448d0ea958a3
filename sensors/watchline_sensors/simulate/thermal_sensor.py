"""What a microbolometer makes of a scene: blur, noise, shutter, 16-bit counts, 8-bit gain control.

Everything is drawn from (seed, frame number), so that any frame can be made alone. The figures
are those of common uncooled cameras (noise-equivalent 50 mK, a shutter each minute or two).
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.simulate.thermal_view import Weather

Image = NDArray[np.float32]

COUNTS_PER_K = 25.0
ZERO_C = -60.0  # where counts begin
BLUR_PX = 0.55
#: What the air adds in quadrature, per kilometre up to two.
HAZE_PX_PER_KM = {
    Weather.CLEAR: 0.0, Weather.HAZE: 0.25, Weather.RAIN: 0.35, Weather.FOG: 0.8,
}  # fmt: skip
STREAKS = 90
#: The gain's curve is made anew each so many frames, and reached over as many.
ADAPT_FRAMES = 32
_BINS = 256
_PLATEAU = 3.0  # times the mean of the bins: no grey value may take more of the curve
_EQUALISED = 0.5  # the rest is linear
_JUMP_EVERY, _JUMP_FRAMES = 400, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A camera's inside; temperatures in kelvins, one standard deviation each."""

    seed: int
    netd_k: float = 0.05
    columns_k: float = 0.02
    drift_k: float = 0.3
    shutter_every: int = 2400  # frames, in the mean
    shutter_frames: int = 3


class Shown(NamedTuple):
    """What a frame number shows: the scene of `number`, or the shutter alone."""

    number: int
    flat: bool


def shown(sensor: Sensor, number: int) -> Shown:
    """A shutter event freezes the last picture, then flattens one, each at its own time."""
    start = _shutter(sensor, number // sensor.shutter_every)
    since = number - start
    if 0 <= since < sensor.shutter_frames:
        return Shown(start - 1, flat=since == sensor.shutter_frames - 1)
    return Shown(number, flat=False)


def _shutter(sensor: Sensor, slot: int) -> int:
    rng = np.random.default_rng([sensor.seed, 1, slot])
    return slot * sensor.shutter_every + int(rng.integers(20, sensor.shutter_every - 20))


def blurred(scene: Image, sigma_px: float) -> Image:
    """Through a Gaussian point spread of `sigma_px`, the edges going on."""
    reach = max(1, math.ceil(3.0 * sigma_px))
    at = np.arange(-reach, reach + 1)
    # The spread over each pixel's own width, not at its middle alone.
    edges = np.array([math.erf((k + side) / (sigma_px * math.sqrt(2.0)))
                      for k in at for side in (-0.5, 0.5)]).reshape(-1, 2)  # fmt: skip
    weights = (edges[:, 1] - edges[:, 0]).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(scene, [(reach, reach) if k == axis else (0, 0) for k in (0, 1)], "edge")
        size = scene.shape[axis]
        cut = [padded[k : k + size] if axis == 0 else padded[:, k : k + size] for k in at + reach]
        scene = weights[reach] * cut[reach]
        for k in range(reach):
            scene += weights[k] * (cut[k] + cut[-1 - k])
    return scene


def optics(scene: Image, range_m: NDArray[np.floating[Any]], weather: Weather) -> Image:
    """The scene (h, w) in °C as it falls on the sensor; far parts of it blurred by the air."""
    sharp = blurred(scene, BLUR_PX)
    haze = 2.0 * HAZE_PX_PER_KM[weather]
    if haze == 0.0:
        return sharp
    soft = blurred(sharp, haze)
    share = np.minimum(range_m / 2000.0, 1.0).astype(np.float32)
    return sharp + share * (soft - sharp)


def counts(
    sensor: Sensor, focused: Image, number: int, weather: Weather = Weather.CLEAR
) -> NDArray[np.uint16]:
    """A frame's 16-bit values: 25 to a kelvin, with noise, drift since the shutter, and rain."""
    slot = number // sensor.shutter_every
    slot -= number < _shutter(sensor, slot)
    fixed = np.random.default_rng([sensor.seed, 2, slot + 1])
    columns = fixed.normal(0.0, sensor.columns_k, focused.shape[1])
    since = number - (_shutter(sensor, slot) if slot >= 0 else 0)
    drift = fixed.normal(0.0, sensor.drift_k) * (1.0 - math.exp(-since / 1000.0))
    rng = np.random.Generator(np.random.SFC64([sensor.seed, 3, number]))
    found = rng.standard_normal(focused.shape, dtype=np.float32)
    found *= np.float32(sensor.netd_k)
    found += focused
    found += np.asarray(columns + (drift - ZERO_C), np.float32)
    if weather is Weather.RAIN:
        _streaks(found, rng)
    found *= np.float32(COUNTS_PER_K)
    return np.clip(found + np.float32(0.5), 0.0, 65535.0).astype(np.uint16)


def _streaks(image: Image, rng: np.random.Generator) -> None:
    """Drops near the lens, out of focus: short, steep, a little warmer or colder."""
    height, width = image.shape
    length = rng.integers(8, 60, STREAKS)
    x, y = rng.uniform(0, width, STREAKS), rng.uniform(-40, height, STREAKS)
    lean, kelvin = rng.normal(0.12, 0.03, STREAKS), rng.normal(0.15, 0.45, STREAKS)
    along = np.arange(60)
    columns = (x[:, None] + lean[:, None] * along).astype(int)
    rows = (y[:, None] + along).astype(int)
    fade = np.sin(np.pi * along / length[:, None]) * (along < length[:, None]) * kelvin[:, None]
    for aside, weight in ((0, 1.0), (1, 0.6)):
        at = columns + aside
        inside = (rows >= 0) & (rows < height) & (at >= 0) & (at < width)
        np.add.at(image, (rows[inside], at[inside]), (weight * fade[inside]).astype(np.float32))


def curve(focused: Image) -> NDArray[np.float64]:
    """(2, 257) counts and the grey values 0..255 that gain control gives them.

    Half linear between the 0.5 % and 99.7 % values, half equalised with a plateau: no grey value
    takes more than three times its even share, so that a wide sky does not eat the picture.
    """
    some = (focused[::3, ::3].ravel() - ZERO_C) * COUNTS_PER_K
    low, high = np.quantile(some, (0.005, 0.997))
    high = max(high, low + 40.0)
    low, high = low - 0.05 * (high - low), high + 0.25 * (high - low)
    held, edges = np.histogram(some, _BINS, (low, high))
    held = np.minimum(held, _PLATEAU * len(some) / _BINS)
    equal = np.concatenate([[0.0], np.cumsum(held)]) / max(held.sum(), 1.0)
    linear = np.linspace(0.0, 1.0, _BINS + 1)
    return np.stack([edges, 255.0 * (_EQUALISED * equal + (1.0 - _EQUALISED) * linear)])


def agc(
    sensor: Sensor,
    raw: NDArray[np.uint16],
    number: int,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """A frame's 8 bits: the gain goes slowly from one curve to the next, and jumps at times."""
    share = number % ADAPT_FRAMES / ADAPT_FRAMES
    edges, grey = before * (1.0 - share) + after * share
    slot = number // _JUMP_EVERY
    rng = np.random.default_rng([sensor.seed, 4, slot])
    start = slot * _JUMP_EVERY + int(rng.integers(0, _JUMP_EVERY - _JUMP_FRAMES))
    gain, shift = 1.0 + rng.choice([-0.3, 0.3]), rng.normal(0.0, 15.0)
    if start <= number < start + _JUMP_FRAMES:
        grey = 128.0 + gain * (grey - 128.0) + shift
    table = np.interp(np.arange(65536), edges, grey)
    return np.clip(np.rint(table), 0.0, 255.0).astype(np.uint8)[raw]
