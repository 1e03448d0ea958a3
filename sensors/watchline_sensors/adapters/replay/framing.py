"""Raw ASTERIX in a file: datablocks back to back, found again after damage."""

from collections.abc import Iterator
from typing import BinaryIO

from watchline_sensors.adapters.asterix.decode import (
    CATEGORY,
    SAMPLE_OCTETS,
    BadDatablock,
    Datablock,
    Editions,
    datablock_length,
    decode_datablock,
)

_CHUNK = 1 << 20
_LONGEST = 0xFFFF


def datablocks(file: BinaryIO, editions: Editions) -> Iterator[Datablock | BadDatablock]:
    """Every datablock of a file, in order, in bounded memory; never raises on its content.

    A refused datablock is followed by the next one when its length leads to two headers in a
    row and no good datablock begins inside it. Else the length itself is damaged: the reader
    goes on at the next octet from which a datablock can be decoded, and all it passed over is
    one bad datablock.
    """
    window = _Window(file)
    while window.fill():
        length = datablock_length(window.data, window.at)
        if length is not None:
            found = decode_datablock(window.data[window.at : window.at + length], editions)
            if isinstance(found, Datablock) or (
                window.leads_on(length) and not _hides_one(window, length, editions)
            ):
                window.at += length
                yield found
                continue
        yield _pass_over(window, editions)


def _hides_one(window: "_Window", length: int, editions: Editions) -> bool:
    """Whether a good datablock begins inside the refused one here, and ends inside it too."""
    if window.data[window.at] != CATEGORY:
        return False
    refused = window.data[window.at : window.at + length]
    return _resume(refused, 1, length, editions) < length


def _pass_over(window: "_Window", editions: Editions) -> BadDatablock:
    sample, passed = b"", 0
    while window.fill():
        start = window.at
        # Only what a whole datablock can follow is searched; the rest waits for more octets.
        end = len(window.data) if window.ended else max(start + 1, len(window.data) - _LONGEST)
        at = _resume(window.data, start + (passed == 0), end, editions)
        sample += window.data[start:at][: SAMPLE_OCTETS - len(sample)]
        passed += at - start
        window.at = at
        if at < end:
            break
    return BadDatablock("asterix.framing_lost", sample, passed, None)


def _resume(data: bytes, start: int, end: int, editions: Editions) -> int:
    """The next octet before `end` from which a datablock can be decoded, else `end`."""
    at = data.find(CATEGORY, start, end)
    while at >= 0:
        length = datablock_length(data, at)
        if length is not None and isinstance(
            decode_datablock(data[at : at + length], editions), Datablock
        ):
            return at
        at = data.find(CATEGORY, at + 1, end)
    return end


class _Window:
    """The part of a file in memory: at least three of the longest datablocks, or what is left."""

    def __init__(self, file: BinaryIO) -> None:
        self.data = b""
        self.at = 0
        self.ended = False
        self._file = file

    def fill(self) -> bool:
        """Read on when little is left; False at the end of the file."""
        while not self.ended and len(self.data) - self.at < 3 * _LONGEST + 3:
            more = self._file.read(_CHUNK)
            self.ended = not more
            self.data = self.data[self.at :] + more
            self.at = 0
        return self.at < len(self.data)

    def leads_on(self, length: int) -> bool:
        """Whether two headers follow the datablock here, or the file ends first.

        Headers of CAT010 or of this datablock's own category: any other octet would let a
        random length pass for a good one.
        """
        likely = (CATEGORY, self.data[self.at])
        at = self.at + length
        for _ in range(2):
            if at == len(self.data):
                return self.ended
            following = datablock_length(self.data, at)
            if following is None or self.data[at] not in likely:
                return False
            at += following
        return True
