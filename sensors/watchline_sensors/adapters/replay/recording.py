"""Which kind of recording a file is, and how its datablocks are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock, Editions
from watchline_sensors.adapters.replay import final_frame, framing, pcap
from watchline_sensors.errors import AdapterError


class RecordingUnsupported(AdapterError):
    """This kind of recording is not read."""

    code = "replay.unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """`read` gives every datablock of the opened file; `captured_us` is when it began, if told."""

    read: Callable[[BinaryIO, Editions], Iterator[Datablock | BadDatablock]]
    captured_us: int | None = None


def recording(path: Path) -> Recording:
    """A pcap file is known by its first octets, .ff by its name; any other is raw ASTERIX.

    Raises RecordingUnsupported (pcapng, another link type, no pcap file by that name), OSError.
    """
    with path.open("rb") as file:
        head = file.read(24)
        if head.startswith(pcap.MAGIC_PCAPNG):
            raise RecordingUnsupported(f"{path}: pcapng; make it pcap with editcap -F pcap")
        how = pcap.capture(head)
        if how is not None:
            if not pcap.is_read(how.link):
                raise RecordingUnsupported(f"{path}: pcap of link type {how.link}")
            return Recording(
                read=lambda opened, editions: pcap.datablocks(opened, how, editions),
                captured_us=pcap.first_us(file, how),
            )
    if path.suffix == ".pcap":
        raise RecordingUnsupported(f"{path}: no pcap file")
    return Recording(read=final_frame.datablocks if path.suffix == ".ff" else framing.datablocks)
