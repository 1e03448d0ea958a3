"""The part of a file that is in memory while it is read."""

from typing import BinaryIO

_CHUNK = 1 << 20
#: The longest datablock or frame there can be.
LONGEST = 0xFFFF


class Window:
    """The part of a file in memory: at least three of the longest units, or what is left."""

    def __init__(self, file: BinaryIO) -> None:
        self.data = b""
        self.at = 0
        self.ended = False
        self._file = file

    def fill(self) -> bool:
        """Read on when little is left; False at the end of the file."""
        while not self.ended and len(self.data) - self.at < 3 * LONGEST + 3:
            more = self._file.read(_CHUNK)
            self.ended = not more
            self.data = self.data[self.at :] + more
            self.at = 0
        return self.at < len(self.data)
