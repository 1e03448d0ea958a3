"""The screens that watch one sector: each has a cursor, all share the bytes they are sent."""

import asyncio
from collections.abc import Callable

from watchline.live import events
from watchline.live.packing import Part
from watchline.live.picture import Picture
from watchline.live.screen import Screen

#: Alarms do not wait for the next track frame, but a storm of them is still bundled.
URGENT_INTERVAL_S = 0.02


class Audience:
    """Publishes a picture to its screens, at most once per `interval_s`.

    A publication moves all screens to one tick, whatever they had before: the delta for each
    distinct cursor is encoded once, and screens that keep up have the same cursor.
    """

    def __init__(self, picture: Picture, interval_s: float, clock: Callable[[], float]) -> None:
        self.picture = picture
        self.screens: set[Screen] = set()
        self.dropped = 0
        self._interval_s = interval_s
        self._clock = clock
        self._published = 0
        self._published_at = -1e9
        self._due: asyncio.TimerHandle | None = None
        self._encoded: dict[int | tuple[int, int], Part] = {}

    def changed(self, *, urgent: bool = False) -> None:
        """The picture has news; `urgent` ones do not wait for their turn."""
        interval = min(URGENT_INTERVAL_S, self._interval_s) if urgent else self._interval_s
        wait = self._published_at + interval - self._clock()
        if self._due is not None:
            if self._due.when() <= self._clock() + wait:
                return
            self._due.cancel()
            self._due = None
        if wait <= 0:
            self.publish()
        else:
            self._due = asyncio.get_running_loop().call_later(wait, self.publish)

    def publish(self) -> None:
        """Give out everything up to now."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        before = self._published
        self._published = self.picture.tick
        self._published_at = self._clock()
        self._encoded.clear()
        if not self.screens:
            return
        part = self.next_for(before)
        for screen in list(self.screens):
            if (
                part and part.plain and screen.idle and screen.cursor == before
            ):  # nearly all of them
                screen.push(part, self._published, self._published_at)
            else:
                screen.wake()

    def first_for(self, last_event_id: str | None) -> Part:
        """What a new screen is sent: what it lacks since its last event, or the whole picture."""
        known = events.read_id(last_event_id or "", self.picture.sector)
        if known is None:
            return self._remember(-1)
        part = self._encoded.get(known)
        if part is None:
            change = self.picture.resume(*known)
            if change is None:
                return self._remember(-1)
            part = Part(events.delta(self.picture, change) or events.HEARTBEAT)
            self._encoded[known] = part
        return part

    def next_for(self, cursor: int) -> Part | None:
        """What a screen at `cursor` is sent next; None when it has all that is published."""
        return None if cursor >= self._published else self._remember(cursor)

    @property
    def published(self) -> int:
        """The cursor of a screen that has been sent everything published."""
        return self._published

    def _remember(self, cursor: int) -> Part:
        # Encoded between two publications it may hold a little more than the published tick;
        # the next delta then repeats that, which does no harm.
        part = self._encoded.get(cursor)
        if part is None:
            change = self.picture.since(cursor) if cursor >= 0 else None
            part = self._encoded[cursor] = Part(
                events.snapshot(self.picture)
                if change is None
                else events.delta(self.picture, change)
            )
        return part
