"""A radar on the network: its turns, in real time, as CAT010 datagrams over UDP.

Plots leave the device at most 20 ms after the beam saw them, as a real radar's do, each
stamped with its own time. An edge that is down simply misses them.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate import cat010
from watchline_sensors.simulate.radar import Plot, Radar, Turn

SLICE_S = 0.02
_STATUS_EVERY_S = 2.0
#: How our radar's classifier writes a class into the spare bits of I010/020.
CLASS_BITS = {
    ObjectClass.PERSON: 1,
    ObjectClass.GROUP: 2,
    ObjectClass.VEHICLE: 3,
    ObjectClass.ANIMAL: 4,
    ObjectClass.UNKNOWN: 5,
}
#: A device does not send what is older: after a stop of the machine it goes on with now.
_STALE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What leaves the device at `due_s` (seconds since the world's start)."""

    due_s: float
    datagrams: list[bytes]


def slices(turn: Turn, radar: Radar, start_us: int) -> list[Slice]:
    """One turn as datagrams: pure. The first opens the cycle, the last closes it."""
    spec = radar.spec
    source = (spec.sac, spec.sic)
    opening = [cat010.start_of_update_cycle(source, _us(start_us, turn.start_s))]
    if int(turn.start_s // _STATUS_EVERY_S) != int(
        (turn.start_s - spec.rotation_s) // _STATUS_EVERY_S
    ):
        opening.append(cat010.periodic_status(source, _us(start_us, turn.start_s)))
    due: dict[int, list[bytes]] = {0: opening}
    for plot in turn.plots:
        number = int((plot.t_s - turn.start_s) // SLICE_S) + 1
        due.setdefault(number, []).append(_report(plot, source, start_us))
    end_s = turn.start_s + spec.rotation_s
    last = int(spec.rotation_s // SLICE_S)
    for number in turn.ended:
        # Stamped within the last slice, so that stamps never run back within a source.
        at_us = _us(start_us, end_s - SLICE_S / 2)
        due.setdefault(last, []).append(cat010.end_of_track(source, at_us, number))
    return [
        Slice(due_s=turn.start_s + number * SLICE_S, datagrams=cat010.datablocks(records))
        for number, records in sorted(due.items())
    ]


def _report(plot: Plot, source: tuple[int, int], start_us: int) -> bytes:
    track = plot.track
    return cat010.target_report(
        source,
        _us(start_us, plot.t_s),
        rho_m=plot.rho_m,
        theta_deg=plot.theta_deg,
        track=None
        if track is None
        else cat010.TrackItems(number=track.number, vx_mps=track.vx_mps, vy_mps=track.vy_mps),
        vehicle=track is not None and plot.said is ObjectClass.VEHICLE,
        class_bits=CLASS_BITS.get(plot.said) if track is not None and plot.said else None,
        length_m=plot.length_m if track is not None else None,
    )


def _us(start_us: int, t_s: float) -> int:
    return start_us + round(t_s * 1e6)


@dataclass(slots=True)
class Pace:
    """The world's time by the machine's clock: `speed` world seconds in one of ours.

    A start to come is waited for at the clock's own pace; one in the past is that far on.
    """

    start_us: int
    speed: float
    _steady: Callable[[], float] = time.monotonic
    _zero: float = 0.0

    def __post_init__(self) -> None:
        since_s = time.time() - self.start_us / 1e6
        self._zero = self._steady() - (since_s / self.speed if since_s > 0 else since_s)

    def now_s(self) -> float:
        """Seconds since the world's start."""
        return (self._steady() - self._zero) * self.speed

    async def until(self, t_s: float) -> None:
        """Return at that time of the world, or at once when it is past."""
        left_s = (t_s - self.now_s()) / self.speed
        await asyncio.sleep(max(0.0, left_s))


@dataclass(slots=True)
class Emulator:
    """Sends one radar's turns to its edge until `end_s`; counts what it did."""

    radar: Radar
    host: str
    port: int
    start_us: int
    datagrams: int = 0
    skipped: int = 0
    refused: int = 0

    async def run(self, pace: Pace, end_s: float) -> None:
        """Turn after turn. Turns that were over before now are made, but not sent."""
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            sender.setblocking(False)
            number = 0
            while (number * self.radar.spec.rotation_s) < end_s:
                turn = self.radar.turn(number)
                if turn.start_s + self.radar.spec.rotation_s < pace.now_s() - _STALE_S * pace.speed:
                    self.skipped += 1
                    await asyncio.sleep(0)
                else:
                    for part in slices(turn, self.radar, self.start_us):
                        await pace.until(part.due_s)
                        self._send(sender, part.datagrams)
                number += 1

    def summary(self) -> str:
        """What it did, in one line."""
        return f"{self.radar.spec.id}: {self.datagrams} datagrams sent"

    def _send(self, sender: socket.socket, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            try:
                sender.sendto(datagram, (self.host, self.port))
                self.datagrams += 1
            except OSError:  # nobody listens, or the buffer is full: UDP promises no more
                self.refused += 1
