"""Logs as JSON lines on standard error: one object an event, times in UTC.

Positions of units and tracks are never written at INFO or above: `_without_positions` takes
such fields out, whoever put them in.
"""

import logging as standard
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

_POSITION_FIELDS = frozenset(
    {"lon", "lat", "lon_deg", "lat_deg", "position", "geom", "path", "x_m", "y_m", "point"}
)


def _without_positions(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if method == "debug":
        return event
    return {key: value for key, value in event.items() if key not in _POSITION_FIELDS}


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
