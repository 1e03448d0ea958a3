"""One sector's picture in the hub, and what changed in it since any moment; pure, no clock.

Two counters run through it. `tick` counts changes in this process: a screen that is connected
has seen everything up to its tick. `rev` is the sector's in PostGIS: it survives a reconnect, so
it is what event ids carry (Last-Event-ID).
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from watchline.health.model import Alarm
from watchline.live.model import Frame, Pulse, TrackRow

#: So many ended tracks and resolved incidents are remembered for screens that come back.
MAX_GONE = 20_000
MAX_RESOLVED = 1_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping in the order of the last change: the newest part is read without the rest."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: OrderedDict[K, tuple[int, int, V]] = OrderedDict()

    def put(self, key: K, tick: int, rev: int, value: V) -> None:
        """Set the value and make it the newest."""
        self._entries[key] = (tick, rev, value)
        self._entries.move_to_end(key)

    def drop(self, key: K) -> bool:
        """Forget a key; whether it was there."""
        return self._entries.pop(key, None) is not None

    def drop_oldest(self, most: int) -> tuple[int, int]:
        """Keep at most `most`; gives tick and rev of the last one dropped, or zeros."""
        tick = rev = 0
        while len(self._entries) > most:
            tick, rev, _ = self._entries.popitem(last=False)[1]
        return tick, rev

    def get(self, key: K) -> V | None:
        """The value, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry[2]

    def since_tick(self, tick: int) -> list[V]:
        """Values changed after `tick`, the newest first."""
        values = []
        for changed, _, value in reversed(self._entries.values()):
            if changed <= tick:
                break
            values.append(value)
        return values

    def since_rev(self, rev: int) -> list[V]:
        """Values changed in a commit after `rev`."""
        return [value for _, changed, value in self._entries.values() if changed > rev]

    def values(self) -> Iterator[V]:
        """All values."""
        return (value for _, _, value in self._entries.values())

    def keys(self) -> KeysView[K]:
        """All keys."""
        return self._entries.keys()

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a screen has to be told; an empty part is not told at all."""

    up: Sequence[TrackRow] = ()
    gone: Sequence[int] = ()
    incidents: Sequence[Mapping[str, Any]] = ()
    sensors: Sequence[Mapping[str, Any]] = ()
    geofences: bool = False
    pulse: bool = False


@dataclass(slots=True, kw_only=True)
class Picture:
    """The newest of everything in one sector, each with the tick and rev of its change."""

    sector: str
    tick: int = 0
    epoch: int = 0
    #: The rev of the newest frame of tracks.
    track_rev: int = 0
    #: Everything people and the machine changed beside tracks is in here up to this rev.
    record_rev: int = 0
    #: What is remembered is complete after this tick and rev: who has seen less needs it all.
    complete_tick: int = 0
    complete_rev: int = 0
    at_us: int = 0
    tracks: Recent[int, TrackRow] = field(default_factory=Recent)
    gone: Recent[int, int] = field(default_factory=Recent)
    #: Those that wait for somebody, and those that nobody waits for any more.
    incidents: Recent[Any, Mapping[str, Any]] = field(default_factory=Recent)
    resolved: Recent[Any, Mapping[str, Any]] = field(default_factory=Recent)
    sensors: Recent[str, Mapping[str, Any]] = field(default_factory=Recent)
    geofence_rev: int = 0
    geofence_tick: int = 0
    pulse: Pulse | None = None
    pulse_tick: int = 0
    writer_up: bool = False
    writer_since_us: int = 0
    #: About the system; told with the pulse.
    alarms: Sequence[Alarm] = ()

    @property
    def rev(self) -> int:
        """What an event id may promise: nothing up to this rev is missing."""
        return min(self.track_rev, self.record_rev) if self.track_rev else self.record_rev

    # ── what comes in ────────────────────────────────────────────────────────────────────────
    def apply(self, frame: Frame) -> bool:
        """Take a frame of the writer's feed; whether anything is new.

        A frame of epoch 0 comes from a worker that does not hold the sector yet; a frame of an
        older epoch from one that no longer does. Neither says anything.
        """
        if frame.epoch == 0 or frame.epoch < self.epoch:
            return False
        tick = self.tick + 1
        news = False
        if frame.snapshot:
            there = {row[0] for row in frame.up}
            for no in self.tracks.keys() - there:
                news |= self._end(no, tick, frame.rev)
            if frame.epoch != self.epoch or not self.track_rev:
                self.complete_rev = max(self.complete_rev, frame.rev)
        for row in frame.up:
            if self.tracks.get(row[0]) != row:
                self.tracks.put(row[0], tick, frame.rev, row)
                self.gone.drop(row[0])
                news = True
        for no in frame.gone:
            news |= self._end(no, tick, frame.rev)
        self._forgot(*self.gone.drop_oldest(MAX_GONE))
        if frame.pulse is not None:
            self.pulse, self.pulse_tick, news = frame.pulse, tick, True
        self.epoch = frame.epoch
        self.track_rev = max(self.track_rev, frame.rev)
        self.at_us = max(self.at_us, frame.at_us)
        if news:
            self.tick = tick
        return news

    def apply_record(
        self,
        rev: int,
        *,
        incidents: Sequence[Mapping[str, Any]],
        sensors: Sequence[Mapping[str, Any]] | None,
        geofence_rev: int,
    ) -> bool:
        """Take what was re-read from PostGIS as of sector rev `rev`; whether anything is new.

        `incidents` are those changed since `record_rev` (at first: those that are open);
        `sensors` all of them, or None when they were not read.
        """
        tick = self.tick + 1
        news = False
        if not self.record_rev:
            self._forgot(0, rev)
        for incident in incidents:
            id = incident["id"]
            if self.incidents.get(id) == incident or self.resolved.get(id) == incident:
                continue
            resolved = incident["status"] == "resolved"
            (self.incidents if resolved else self.resolved).drop(id)
            (self.resolved if resolved else self.incidents).put(id, tick, incident["rev"], incident)
            news = True
        self._forgot(*self.resolved.drop_oldest(MAX_RESOLVED))
        for sensor in sensors or ():
            if _without_times(self.sensors.get(sensor["id"])) != _without_times(sensor):
                self.sensors.put(sensor["id"], tick, rev, sensor)
                news = True
        if geofence_rev != self.geofence_rev:
            self.geofence_tick, news = tick, True
            self.geofence_rev = geofence_rev
        self.record_rev = max(self.record_rev, rev)
        if news:
            self.tick = tick
        return news

    def tell_writer(self, up: bool, now_us: int, pulse: Pulse | None = None) -> None:
        """Note that the writer answers or does not; with a pulse of our own while it is silent."""
        if up != self.writer_up or not self.writer_since_us:
            self.writer_up, self.writer_since_us = up, now_us
        if pulse is not None:
            self.tick += 1
            self.pulse, self.pulse_tick = pulse, self.tick

    def tell_alarms(self, alarms: Sequence[Alarm]) -> bool:
        """Take the system's alarms, which go out with a pulse; whether one is to go out now."""
        news = alarms != self.alarms and self.pulse is not None
        self.alarms = alarms
        if not news:
            return False
        self.tick += 1
        self.pulse_tick = self.tick
        return True

    def _forgot(self, tick: int, rev: int) -> None:
        self.complete_tick = max(self.complete_tick, tick)
        self.complete_rev = max(self.complete_rev, rev)

    def _end(self, no: int, tick: int, rev: int) -> bool:
        if not self.tracks.drop(no):
            return False
        self.gone.put(no, tick, rev, no)
        return True

    # ── what goes out ────────────────────────────────────────────────────────────────────────
    def since(self, tick: int) -> Change | None:
        """What a connected screen that has seen `tick` lacks; None: it needs the whole picture."""
        if tick < self.complete_tick:
            return None
        return Change(
            up=self.tracks.since_tick(tick),
            gone=self.gone.since_tick(tick),
            incidents=self.incidents.since_tick(tick) + self.resolved.since_tick(tick),
            sensors=self.sensors.since_tick(tick),
            geofences=self.geofence_tick > tick,
            pulse=self.pulse_tick > tick,
        )

    def resume(self, epoch: int, rev: int) -> Change | None:
        """What a screen that comes back with an event id lacks; None: it needs the whole picture.

        Sensors are told in full: they fall silent without any commit.
        """
        if epoch != self.epoch or not self.complete_rev <= rev <= self.rev:
            return None
        return Change(
            up=self.tracks.since_rev(rev),
            gone=self.gone.since_rev(rev),
            incidents=self.incidents.since_rev(rev) + self.resolved.since_rev(rev),
            sensors=list(self.sensors.values()),
            geofences=self.geofence_rev > rev,
            pulse=self.pulse is not None,
        )


def _without_times(sensor: Mapping[str, Any] | None) -> dict[str, Any] | None:
    # A heartbeat that says the same again is no news.
    if sensor is None:
        return None
    return {key: value for key, value in sensor.items() if key not in ("at", "known_at")}
