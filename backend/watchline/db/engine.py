"""Connections to PostGIS: a pooled async engine for the hub, plain psycopg ones for the worker.

Both take the same URL, with or without SQLAlchemy's ``+psycopg``, and both set what every session
of ours needs: its name in ``pg_stat_activity``, the search path, UTC, time limits, and signs of
life on TCP so that a peer that vanished is noticed in seconds, not in hours.
"""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

SEARCH_PATH = "watchline,public"

# libpq ignores these on a unix socket. 10 + 3 x 3 s of silence end a connection; unacknowledged
# data does so after 10 s, which keep-alives alone would not (Linux retransmits for 15 min).
_SIGNS_OF_LIFE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def _options(*, statement_ms: int, lock_ms: int, idle_in_transaction_ms: int) -> str:
    settings = {
        "search_path": SEARCH_PATH,
        "timezone": "UTC",
        "statement_timeout": statement_ms,
        "lock_timeout": lock_ms,
        "idle_in_transaction_session_timeout": idle_in_transaction_ms,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def plain_url(url: str) -> str:
    """`url` as libpq knows it: ``postgresql://…``."""
    scheme, colon, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{colon}{rest}"


def sqlalchemy_url(url: str) -> str:
    """`url` as SQLAlchemy knows it: ``postgresql+psycopg://…``."""
    return plain_url(url).replace("postgresql://", "postgresql+psycopg://", 1)


def async_engine(
    url: str,
    *,
    application_name: str = "watchline hub",
    pool_size: int = 10,
    statement_ms: int = 10_000,
) -> AsyncEngine:
    """The hub's engine: at most 2 x `pool_size` connections, each tried before it is used.

    A statement ends after `statement_ms`, a wait for a lock after 3 s, a forgotten transaction
    after 30 s. The try costs one round trip and spares users the errors of a restarted database.
    """
    options = _options(statement_ms=statement_ms, lock_ms=3_000, idle_in_transaction_ms=30_000)
    return create_async_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # places and hashes are no text for errors
        connect_args={
            **_SIGNS_OF_LIFE,
            "application_name": application_name,
            "options": options,
        },
    )


def session_conninfo(
    url: str,
    *,
    application_name: str,
    statement_ms: int = 30_000,
    lock_ms: int = 5_000,
    idle_in_transaction_ms: int = 60_000,
) -> str:
    """`url` with our session settings added; what the URL says itself about them stands."""
    said = conninfo_to_dict(plain_url(url))
    options = _options(
        statement_ms=statement_ms, lock_ms=lock_ms, idle_in_transaction_ms=idle_in_transaction_ms
    )
    ours: dict[str, Any] = {**_SIGNS_OF_LIFE, "application_name": application_name}
    own = said.get("options")
    kept = {key: value for key, value in ours.items() if key not in said}
    return make_conninfo(plain_url(url), **kept, options=f"{options} {own}" if own else options)


def connect_sync(
    url: str,
    *,
    application_name: str = "watchline worker",
    autocommit: bool = False,
    statement_ms: int = 30_000,
    lock_ms: int = 5_000,
    idle_in_transaction_ms: int = 60_000,
) -> psycopg.Connection:
    """One psycopg connection with our session settings; 0 ms switches a time limit off.

    Errors: psycopg.OperationalError when nobody answers within 5 s.
    """
    conninfo = session_conninfo(
        url,
        application_name=application_name,
        statement_ms=statement_ms,
        lock_ms=lock_ms,
        idle_in_transaction_ms=idle_in_transaction_ms,
    )
    return psycopg.connect(conninfo, autocommit=autocommit)
