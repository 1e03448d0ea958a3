"""One picture of a camera and when it was taken."""

from enum import StrEnum
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Clock(StrEnum):
    """Where a frame's time comes from."""

    CAMERA = "camera"  # the camera told it (RTCP sender report, ONVIF)
    ARRIVAL = "arrival"  # when the frame was here, whole
    FILE = "file"  # the recording says it


class Frame(NamedTuple):
    """(h, w) grey values of 8 or 16 bits, taken at `at_us` (µs since 1970 UTC)."""

    pixels: NDArray[Any]
    at_us: int
    clock: Clock
