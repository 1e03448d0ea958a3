"""The spool writer with SQLite's `synchronous=NORMAL`: a commit is not on disk when it returns."""

from faults import spool_writer
from watchline_sensors.spool_file import SpoolFile

_prepare = SpoolFile._prepare


def _prepare_loosely(self: SpoolFile, max_bytes: int) -> None:
    _prepare(self, max_bytes)
    self._db.execute("PRAGMA synchronous=NORMAL")


SpoolFile._prepare = _prepare_loosely
spool_writer.main()
