"""ASTERIX in a final-frame file (.ff): framed by its length before and a mark behind.

A frame is two octets of its whole length (big-endian), six of a header that is not needed,
the datagram, and the mark.
"""

from collections.abc import Iterator
from typing import BinaryIO

from watchline_sensors.adapters.asterix.decode import (
    SAMPLE_OCTETS,
    BadDatablock,
    Datablock,
    Editions,
    decode_datagram,
)
from watchline_sensors.adapters.replay.window import LONGEST, Window

_MARK = b"\xa5\xa5\xa5\xa5"
_BEFORE = 8
_LEAST = _BEFORE + len(_MARK)


def datablocks(file: BinaryIO, editions: Editions) -> Iterator[Datablock | BadDatablock]:
    """Every datablock of a file, in order, in bounded memory; never raises on its content.

    Where no frame is, reading goes on behind the next mark that a frame follows; what was
    passed over is one bad datablock, `final_frame.damaged`.
    """
    window = Window(file)
    while window.fill():
        length = _frame_length(window.data, window.at)
        if length is None:
            yield _pass_over(window)
            continue
        payload = window.data[window.at + _BEFORE : window.at + length - len(_MARK)]
        window.at += length
        yield from decode_datagram(payload, editions)


def _frame_length(data: bytes, at: int) -> int | None:
    """The length of the whole frame that begins here, or None."""
    length = int.from_bytes(data[at : at + 2], "big")
    whole = length >= _LEAST and data[at + length - len(_MARK) : at + length] == _MARK
    return length if whole else None


def _pass_over(window: Window) -> BadDatablock:
    sample, passed = b"", 0
    while window.fill():
        start = window.at
        # Only what a whole frame can follow is searched; the rest waits for more octets.
        end = len(window.data) if window.ended else max(start + 1, len(window.data) - LONGEST)
        at = _resume(window.data, start + (passed == 0), end)
        sample += window.data[start:at][: SAMPLE_OCTETS - len(sample)]
        passed += at - start
        window.at = at
        if at < end:
            break
    return BadDatablock("final_frame.damaged", sample, passed, None)


def _resume(data: bytes, start: int, end: int) -> int:
    """The next octet before `end` at which a frame begins behind a mark, else `end`."""
    mark = data.find(_MARK, max(0, start - len(_MARK)), end)
    while mark >= 0:
        at = mark + len(_MARK)
        if start <= at < end and _frame_length(data, at) is not None:
            return at
        mark = data.find(_MARK, mark + 1, end)
    return end
