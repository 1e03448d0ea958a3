"""Datablocks out of a stream of octets: pure."""

from watchline_sensors.adapters.asterix.decode import (
    SAMPLE_OCTETS,
    BadDatablock,
    Datablock,
    Editions,
    decode_datablock,
    unframed,
)
from watchline_sensors.adapters.asterix.edition import known_categories

_HEADER = 3


class Stream:
    """One connection's octets, held until a datablock is whole: never more than its 65,535.

    `lost` is set when a header cannot be one: a length below 3, or a category no standard
    describes. Nothing tells then where the next datablock begins; the connection has to go.
    """

    def __init__(self, editions: Editions) -> None:
        self.lost = False
        self._editions = editions
        self._known = known_categories()
        self._held = bytearray()

    def take(self, octets: bytes) -> list[Datablock | BadDatablock]:
        """The datablocks these octets complete, in order; nothing after `lost`."""
        found: list[Datablock | BadDatablock] = []
        held = self._held
        held += octets
        at = 0
        while not self.lost and len(held) - at >= _HEADER:
            length = held[at + 1] << 8 | held[at + 2]
            if length < _HEADER or held[at] not in self._known:
                self.lost = True
                rest = bytes(held[at:])
                found.append(BadDatablock("asterix.framing_lost", rest[:SAMPLE_OCTETS], len(rest)))
                at = len(held)
            elif length > len(held) - at:
                break
            else:
                found.append(decode_datablock(bytes(held[at : at + length]), self._editions))
                at += length
        del held[:at]
        return found

    def end(self) -> list[BadDatablock]:
        """What a cut left of a datablock, as a bad one."""
        torn = bytes(self._held)
        self._held.clear()
        return [unframed(torn)] if torn else []
