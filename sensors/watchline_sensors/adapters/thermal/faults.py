"""What can go wrong between a camera and a frame; each with a stable code."""

from watchline_sensors.errors import AdapterError


class StreamUnreachable(AdapterError):
    """The camera's stream cannot be opened."""

    code = "thermal.unreachable"


class StreamEnded(AdapterError):
    """The camera has ended its stream, or the line to it was cut."""

    code = "thermal.stream_ended"


class StreamFrozen(AdapterError):
    """The line to the camera stands, but no picture has come of it for too long."""

    code = "thermal.stream_frozen"


class FrameTooLarge(AdapterError):
    """A frame has more pixels than any camera that is supported."""

    code = "thermal.frame_too_large"


class FrameUnreadable(AdapterError):
    """A file holds no frame, or a damaged one."""

    code = "thermal.frame_unreadable"
