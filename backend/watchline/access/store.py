"""Users, sessions and failed logins in PostGIS."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.access.model import User
from watchline.db import sql
from watchline.db.tables import user_account, user_session

_STATEMENTS = sql.load("watchline.access", "access")


async def session_user(
    connection: AsyncConnection, token_hash: bytes, idle: timedelta
) -> User | None:
    """The user of a session that still holds; its last use is noted once a minute."""
    found = await connection.exec_driver_sql(
        _STATEMENTS.session, {"token_hash": token_hash, "idle": idle}
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.seen_long_ago:
        await note_seen(connection, [token_hash])
    return User(id=row.id, name=row.name, must_change=row.must_change)


async def note_seen(connection: AsyncConnection, token_hashes: Collection[bytes]) -> None:
    """Put off the idle end of these sessions."""
    await connection.exec_driver_sql(_STATEMENTS.seen, {"token_hashes": list(token_hashes)})


async def still_valid(connection: AsyncConnection, token_hashes: Collection[bytes]) -> set[bytes]:
    """Those of the sessions that have not ended; an open live stream counts as use."""
    found = await connection.exec_driver_sql(
        _STATEMENTS.still_valid, {"token_hashes": list(token_hashes)}
    )
    return {bytes(row.token_hash) for row in found}


async def add_session(
    connection: AsyncConnection,
    user_id: UUID,
    token_hash: bytes,
    *,
    holds: timedelta,
    idle: timedelta,
) -> None:
    """Begin a session, and remove those that have ended."""
    await connection.exec_driver_sql(_STATEMENTS.remove_stale_sessions, {"idle": idle})
    await connection.execute(
        insert(user_session).values(
            token_hash=token_hash, user_id=user_id, expires_at=func.now() + holds
        )
    )


async def end_session(connection: AsyncConnection, token_hash: bytes) -> None:
    """End one session."""
    await connection.execute(delete(user_session).where(user_session.c.token_hash == token_hash))


async def end_sessions_of(connection: AsyncConnection, user_id: UUID) -> None:
    """End all sessions of a user."""
    await connection.execute(delete(user_session).where(user_session.c.user_id == user_id))


async def account(connection: AsyncConnection, name: str) -> tuple[UUID, str, bool] | None:
    """Id, password hash and `disabled` of the user of this name."""
    row = (
        await connection.execute(
            select(user_account.c.id, user_account.c.password_hash, user_account.c.disabled).where(
                user_account.c.name == name
            )
        )
    ).one_or_none()
    return None if row is None else (row.id, row.password_hash, row.disabled)


async def count_accounts(connection: AsyncConnection) -> int:
    """How many users there are."""
    found = await connection.execute(select(func.count()).select_from(user_account))
    return int(found.scalar_one())


async def add_account(
    connection: AsyncConnection, name: str, password_hash: str, *, must_change: bool
) -> UUID:
    """Make a user; the name must be free."""
    user_id = uuid4()
    await connection.execute(
        insert(user_account).values(
            id=user_id, name=name, password_hash=password_hash, must_change=must_change
        )
    )
    return user_id


async def set_password(
    connection: AsyncConnection, user_id: UUID, password_hash: str, *, must_change: bool
) -> None:
    """Give a user another password."""
    await connection.execute(
        update(user_account)
        .where(user_account.c.id == user_id)
        .values(password_hash=password_hash, must_change=must_change)
    )


async def note_attempt(
    connection: AsyncConnection, name: str, source: str, window: timedelta
) -> tuple[int, float]:
    """Count a login attempt before it is tried; gives the larger count and seconds to wait.

    It is written first and taken back on success, so that many attempts at once cannot all
    find the counter at zero. Commit before the password is looked at.
    """
    values = {"name": name, "source": source, "window": window}
    await connection.exec_driver_sql(_STATEMENTS.remove_old_attempts, values)
    await connection.exec_driver_sql(_STATEMENTS.note_attempt, values)
    row = (await connection.exec_driver_sql(_STATEMENTS.count_attempts, values)).one()
    return max(row.by_name, row.by_source), float(row.retry_after_s)


async def forget_attempts(connection: AsyncConnection, name: str, source: str) -> None:
    """Take back what this name failed from this source."""
    await connection.exec_driver_sql(_STATEMENTS.forget_attempts, {"name": name, "source": source})
