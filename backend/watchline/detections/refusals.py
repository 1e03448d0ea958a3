"""Envelopes refused as a whole: counted in PostGIS, some of them kept as samples."""

import threading
import time

import psycopg
import structlog

from watchline.db.engine import connect_sync
from watchline.db.sql import load
from watchline.detections.accept import MAX_PAYLOAD_BYTES

log = structlog.get_logger()
_sql = load("watchline.detections", "refusals.sql")

_WRITE_S = 1.0
#: At most one sample of each edge and code in this time.
_SAMPLE_S = 10.0
#: What is wrong with the envelope itself; a stranger's bytes are not worth our disk.
_SAMPLED = ("envelope.", "ledger.")

_Key = tuple[str, str]


class Refusals:
    """Takes notes on the event loop's thread, writes them once a second on its own.

    Memory holds one count for each edge and code; `edge` must be one that is enrolled or "".
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._counts: dict[_Key, int] = {}
        self._samples: dict[_Key, bytes] = {}
        self._sampled_at: dict[_Key, float] = {}

    def note(self, edge: str, code: str, body: bytes) -> None:
        """Count one."""
        key, now = (edge, code), time.monotonic()
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
            if now - self._sampled_at.get(key, -_SAMPLE_S) < _SAMPLE_S:
                return
            self._sampled_at[key] = now
            if code.startswith(_SAMPLED):
                self._samples[key] = body[:MAX_PAYLOAD_BYTES]
        log.warning("uplink.refused", edge=edge, code=code)

    def run(self, stopping: threading.Event) -> None:
        """Write until `stopping`; what could not be written waits for the next time."""
        while not stopping.wait(_WRITE_S):
            self.write()

    def write(self) -> None:
        """Write what was noted since the last time."""
        with self._lock:
            counts, self._counts = self._counts, {}
            samples, self._samples = self._samples, {}
        if not counts:
            return
        try:
            with connect_sync(self._url) as connection:
                for (edge, code), count in sorted(counts.items()):
                    connection.execute(_sql["count"], {"edge": edge, "code": code, "count": count})
                for (edge, code), body in samples.items():
                    connection.execute(_sql["sample"], {"edge": edge, "code": code, "body": body})
        except psycopg.Error as error:
            log.warning("uplink.refusals_unwritten", error=type(error).__name__)
            with self._lock:
                self._samples = {**samples, **self._samples}
                for key, count in counts.items():
                    self._counts[key] = self._counts.get(key, 0) + count
