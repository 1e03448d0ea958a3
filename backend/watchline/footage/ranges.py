"""The one stretch of octets that a Range header asks for (RFC 9110); pure."""

import re

from watchline.errors import RangeUnsatisfiable

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def stretch(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last octet, or None for all of it: several stretches or nonsense count as none.

    Errors: RangeUnsatisfiable: nothing of it is within `size`.

    >>> stretch("bytes=2-4", 10), stretch("bytes=7-99", 10), stretch("bytes=-3", 10)
    ((2, 4), (7, 9), (7, 9))
    >>> stretch("bytes=0-1,4-5", 10) is None
    True
    """
    match = _ONE.fullmatch((header or "").strip().lower())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0:
            raise RangeUnsatisfiable(size=size)
        return max(0, size - int(last)), size - 1
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise RangeUnsatisfiable(size=size)
    return int(first), min(int(last), size - 1) if last else size - 1
