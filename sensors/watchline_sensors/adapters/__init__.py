"""Device families, one folder each: adapter.py (transport), decode.py (pure), quality.toml."""

from collections.abc import Sequence
from typing import Protocol

from watchline_sensors.contract import Health, Item


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
