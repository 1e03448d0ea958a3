"""Refused datablocks on disk, for a person to look at: bounded in size and in rate."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_WINDOW_US = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BadSample:
    """A datablock that was refused: when, why, from where, and its first octets."""

    at_us: int
    code: str
    source: tuple[int, int] | None
    length: int
    sample: bytes


@dataclass(slots=True, kw_only=True)
class Quarantine:
    """JSON lines in `path`; when it has grown to `max_octets` it becomes `path`.1.

    At most `per_window` lines in ten seconds, because a broken radar sends hundreds of the
    same datablock: `skipped` and `failed` count what was not written, so nothing is hidden.
    """

    path: Path
    max_octets: int = 1 << 20
    per_window: int = 50
    skipped: int = 0
    failed: int = 0
    _window_us: int = 0
    _in_window: int = 0

    def write(self, bad: BadSample) -> None:
        """Keep one refused datablock; a disk that refuses is counted, never raised."""
        if bad.at_us - self._window_us >= _WINDOW_US or bad.at_us < self._window_us:
            self._window_us, self._in_window = bad.at_us, 0
        if self._in_window >= self.per_window:
            self.skipped += 1
            return
        self._in_window += 1
        line = json.dumps(
            {
                "at": datetime.fromtimestamp(bad.at_us / 1e6, UTC).isoformat(),
                "code": bad.code,
                "source": bad.source,
                "length": bad.length,
                "sample": bad.sample.hex(),
            }
        )
        try:
            if self.path.exists() and self.path.stat().st_size + len(line) >= self.max_octets:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
            with self.path.open("a", encoding="ascii") as file:
                file.write(line + "\n")
        except OSError:
            self.failed += 1
