"""The grey values of a decoded picture, as they were sent."""

from typing import Any

import numpy as np
from av import VideoFrame
from av.video.format import VideoFormat
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import MAX_PIXELS
from watchline_sensors.adapters.thermal.faults import FrameTooLarge


def grey(frame: VideoFrame) -> NDArray[Any]:
    """(h, w) uint8 or, of more than 8 bits, uint16; raises FrameTooLarge.

    The luminance itself, not a conversion of it: that would clip what lies outside the range
    usual for video, and cost more. Colours (RGB and the like) are converted.
    """
    check_size(frame.width, frame.height)
    bits = frame.format.components[0].bits
    if not _first_plane_is_luminance(frame.format):
        frame = frame.reformat(format="gray16le" if bits > 8 else "gray")
        bits = frame.format.components[0].bits
    octets = (bits + 7) // 8
    order = ">" if frame.format.name.endswith("be") else "<"
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), f"{order}u{octets}").reshape(
        -1, plane.line_size // octets
    )
    return rows[: frame.height, : frame.width].astype(f"u{octets}")


def check_size(width: int, height: int) -> None:
    """Raises FrameTooLarge beyond MAX_PIXELS."""
    if width * height > MAX_PIXELS:
        raise FrameTooLarge(f"{width} × {height} pixels, {MAX_PIXELS:,} is the limit")


def _first_plane_is_luminance(form: VideoFormat) -> bool:
    planes = [component.plane for component in form.components]
    plain = not (form.is_rgb or form.has_palette or form.is_bit_stream)
    return plain and planes.count(0) == 1 and form.components[0].bits in range(8, 17)
