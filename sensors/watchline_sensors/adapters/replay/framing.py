"""Raw ASTERIX in a file: datablocks back to back, found again after damage."""

import re
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from watchline_sensors.adapters.asterix.decode import (
    SAMPLE_OCTETS,
    BadDatablock,
    Datablock,
    Editions,
    datablock_length,
    decode_datablock,
)
from watchline_sensors.adapters.replay.window import LONGEST, Window


def datablocks(file: BinaryIO, editions: Editions) -> Iterator[Datablock | BadDatablock]:
    """Every datablock of a file, in order, in bounded memory; never raises on its content.

    A refused datablock is followed by the next one when its length leads to two headers in a
    row and no good datablock begins inside it. Else the length itself is damaged: the reader
    goes on at the next octet from which a datablock can be decoded, and all it passed over is
    one bad datablock.
    """
    window = Window(file)
    while window.fill():
        length = datablock_length(window.data, window.at)
        if length is not None:
            found = decode_datablock(window.data[window.at : window.at + length], editions)
            if isinstance(found, Datablock) or (
                _leads_on(window, length, editions) and not _hides_one(window, length, editions)
            ):
                window.at += length
                yield found
                continue
        yield _pass_over(window, editions)


def _hides_one(window: Window, length: int, editions: Editions) -> bool:
    """Whether a good datablock begins inside the refused one here, and ends inside it too."""
    if window.data[window.at] not in _categories(editions):
        return False
    refused = window.data[window.at : window.at + length]
    return _resume(refused, 1, length, editions) < length


def _pass_over(window: Window, editions: Editions) -> BadDatablock:
    sample, passed = b"", 0
    while window.fill():
        start = window.at
        # Only what a whole datablock can follow is searched; the rest waits for more octets.
        end = len(window.data) if window.ended else max(start + 1, len(window.data) - LONGEST)
        at = _resume(window.data, start + (passed == 0), end, editions)
        sample += window.data[start:at][: SAMPLE_OCTETS - len(sample)]
        passed += at - start
        window.at = at
        if at < end:
            break
    return BadDatablock("asterix.framing_lost", sample, passed, None)


def _resume(data: bytes, start: int, end: int, editions: Editions) -> int:
    """The next octet before `end` from which a datablock can be decoded, else `end`."""
    for header in _headers(_categories(editions)).finditer(data, start, end):
        at = header.start()
        length = datablock_length(data, at)
        if length is not None and isinstance(
            decode_datablock(data[at : at + length], editions), Datablock
        ):
            return at
    return end


def _leads_on(window: Window, length: int, editions: Editions) -> bool:
    """Whether two headers follow the datablock here, or the file ends first.

    Headers of a configured category or of this datablock's own: any other octet would let a
    random length pass for a good one.
    """
    likely = _categories(editions) | {window.data[window.at]}
    at = window.at + length
    for _ in range(2):
        if at == len(window.data):
            return window.ended
        following = datablock_length(window.data, at)
        if following is None or window.data[at] not in likely:
            return False
        at += following
    return True


def _categories(editions: Editions) -> frozenset[int]:
    return frozenset(category for category, _, _ in editions)


@cache
def _headers(categories: frozenset[int]) -> re.Pattern[bytes]:
    """Finds an octet that may begin a datablock."""
    return re.compile(b"[" + re.escape(bytes(sorted(categories))) + b"]")
