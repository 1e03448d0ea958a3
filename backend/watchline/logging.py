"""Logs as JSON lines on standard error: one object an event, times in UTC.

Positions are never written at INFO or above, and passwords never: `_without_positions` takes
such fields out, however deep, and `_plain` what errors of the database and of geometry tell
beside their first line (the failing row, parameters, the place of a self-intersection).
"""

import logging as standard
import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

_POSITION_FIELDS = frozenset(
    {"lon", "lat", "lon_deg", "lat_deg", "position", "geom", "path", "x_m", "y_m", "point"}
)


_IN_URL = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")
_DECIMAL = re.compile(r"-?\d+\.\d+")


def _without_positions(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if method == "debug":
        return event
    return {
        key: value if key == "exc_info" else _cleaned(value)
        for key, value in event.items()
        if key not in _POSITION_FIELDS
    }


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(held) for key, held in value.items() if key not in _POSITION_FIELDS}
    if isinstance(value, (list, tuple)):
        return [_cleaned(held) for held in value]
    return _IN_URL.sub(r"\1***@", value) if isinstance(value, str) else value


def _plain(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Of each exception's text the first line, without numbers that may be places."""
    _shorten(event.get("exception", ()))
    return event


def _shorten(stacks: Iterable[dict[str, Any]]) -> None:
    for told in stacks:
        for grouped in told.get("exceptions", ()):
            _shorten(grouped)
        told["exc_notes"] = []
        line = told["exc_value"].partition("\n")[0]
        told["exc_value"] = _IN_URL.sub(r"\1***@", _DECIMAL.sub("#", line))


class _StandardError:
    """Writes lines to standard error, whatever that is at the moment."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = msg


class _Handler(standard.Handler):
    """The same for what libraries log."""

    def emit(self, record: standard.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def configure(*, level: str = "INFO") -> None:
    """Send our own and the libraries' events to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_positions,
        # Without locals: a password may stand in one.
        structlog.processors.ExceptionRenderer(
            ExceptionDictTransformer(show_locals=False, max_frames=20)
        ),
        _plain,
    ]
    number = standard.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = standard.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, standard.WARNING))


def get(name: str) -> Any:
    """The logger of one part of the product, e.g. `get("live")`."""
    return structlog.get_logger(part=name)  # lazy: modules ask before `configure` was called
