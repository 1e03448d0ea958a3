"""Device families, one folder each: adapter.py (transport), decode.py (pure), quality.toml."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from watchline_sensors.contract import FootageAnswer, Health, Item, LivePicture, WantedFootage


class Feed(Protocol):
    """Where an adapter puts what it has seen."""

    async def put(self, items: Sequence[Item]) -> None:
        """Return once the items are on disk (group commit); raises SpoolFull."""


class Adapter(Protocol):
    """One device's transport; runs as a task, restarted with back-off when it raises."""

    async def run(self, feed: Feed) -> None:
        """Feed items until cancelled. Returns only when the source has truly ended (a file)."""

    def health(self, now_us: int) -> Sequence[Health]:
        """A heartbeat for each sensor it serves, with its running counters."""


@runtime_checkable
class Films(Protocol):
    """An adapter that keeps pictures of its cameras. All but `cameras` may block: each camera
    has threads of its own for it.
    """

    def cameras(self) -> Sequence[str]:
        """The sensors whose pictures it keeps; the same for as long as it lives."""

    def piece(self, edge: str, wanted: WantedFootage) -> FootageAnswer:
        """What there is of a wanted piece, or a code that says why there is nothing."""

    def latest(self, edge: str, camera: str) -> LivePicture | None:
        """The newest picture; None when there is none that is still true."""

    def tidy(self) -> None:
        """Delete what may be kept no longer; called each minute."""
