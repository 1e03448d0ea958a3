"""From a frame to detections: find, follow, place. Pure but for the network's own run."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import Detector, Found, found, normalise
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.masks import burn
from watchline_sensors.adapters.thermal.moving import Background, merged
from watchline_sensors.adapters.thermal.placing import Height, View, place
from watchline_sensors.adapters.thermal.tracklets import CERTAIN, Tracklet, Tracklets
from watchline_sensors.contract import Detection, ObjectClass, Outline

#: How tall the classes are. Wide, for who crawls is half as tall and a lorry twice as a car.
TALL = {ObjectClass.PERSON: Height(1.6, 0.5), ObjectClass.VEHICLE: Height(1.8, 0.5)}
#: A class says how tall a target is from so many pixels on.
_TALL_PX = 6.0
#: Standard errors of a foot's pixel: of itself, and by the box's width and height.
_FOOT_PX, _FOOT_SHARE = (0.5, 0.7), (0.1, 0.1)


class Look(NamedTuple):
    """What one frame told: detections, and how many finds stood behind them.

    `pixels` are the frame as it was looked at, masks burned in; `outlines` where told tracklets
    are in it.
    """

    detections: list[Detection]
    finds: int
    pixels: NDArray[Any]
    outlines: tuple[Outline, ...]


class Eye:
    """One camera: its view, its network and what it follows. Used by one thread at a time."""

    def __init__(
        self, sensor: str, view: View, detector: Detector, *, least: float,
        mask: NDArray[np.bool_] | None = None,
    ) -> None:  # fmt: skip
        """`mask` (h, w) are the pixels that must not be looked at."""
        self._sensor, self._view, self._detector, self._least = sensor, view, detector, least
        self._mask = mask
        self._background, self._tracklets = Background(), Tracklets()
        self._boot = ""

    def look(self, frame: Frame) -> Look:
        """Take a frame in; raises FrameRefused."""
        pixels = frame.pixels if self._mask is None else burn(frame.pixels, self._mask)
        x = normalise(pixels)
        named = found(self._detector.grid(x), least=self._least)
        finds = self._clear(merged(named, self._background.find(x[0, 0], frame.at_us)))
        if not self._boot:
            self._boot = f"{frame.at_us // 1_000_000:x}"
        told = self._tracklets.take(finds, frame.at_us)
        high, wide = pixels.shape
        return Look(
            detections=[self._detection(one, frame.clock) for one in told],
            finds=len(finds),
            pixels=pixels,
            outlines=tuple(
                outline(self._name(one), one, wide, high)
                for one in self._tracklets.live
                if one.at_us == frame.at_us and one.told_us is not None
            ),
        )

    def _name(self, one: Tracklet) -> str:
        return f"{self._boot}-{one.no}"

    def _clear(self, finds: Found) -> Found:
        """Those that do not stand in the mask: its edge may look like something."""
        if self._mask is None:
            return finds
        high, wide = self._mask.shape
        x = np.clip((finds[:, 0] + finds[:, 2]) / 2, 0, wide - 1).astype(int)
        foot = np.clip(finds[:, 3], 0, high - 1).astype(int)
        middle = np.clip((finds[:, 1] + finds[:, 3]) / 2, 0, high - 1).astype(int)
        clear: Found = finds[~(self._mask[foot, x] | self._mask[middle, x])]
        return clear

    def _detection(self, one: Tracklet, clock: Clock) -> Detection:
        classes = one.classes()
        wide, tall = one.size.tolist()
        likely = max(TALL, key=lambda object: classes.get(object, 0.0))
        known = classes.get(likely, 0.0) >= CERTAIN and tall >= _TALL_PX
        placed = place(
            self._view,
            *one.foot,
            sigma_px=(_FOOT_PX[0] + _FOOT_SHARE[0] * wide, _FOOT_PX[1] + _FOOT_SHARE[1] * tall),
            tall=TALL[likely] if known else None,
            tall_px=tall,
        )
        return Detection(
            sensor=self._sensor,
            at_us=one.at_us,
            position=placed.position,
            bearing=None if placed.position is not None else placed.bearing,
            classes=one.opinion(),
            score=min(1.0, one.score),
            sensor_track=self._name(one),
            extras={
                "clock": str(clock),
                "x_px": round(float(one.middle[0]), 1),
                "y_px": round(float(one.middle[1]), 1),
                "width_px": round(wide, 1),
                "height_px": round(tall, 1),
            },
        )


def outline(name: str, one: Tracklet, wide: int, high: int) -> Outline:
    """Where a tracklet is in a frame of so many pixels, cut off at its sides."""
    low, far = one.middle - one.size / 2, one.middle + one.size / 2
    x0, x1 = np.clip((low[0] / wide, far[0] / wide), 0.0, 1.0).tolist()
    y0, y1 = np.clip((low[1] / high, far[1] / high), 0.0, 1.0).tolist()
    return Outline(sensor_track=name, x0=x0, y0=y0, x1=x1, y1=y1)
