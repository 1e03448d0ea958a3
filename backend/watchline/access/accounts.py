"""What an administrator does at the command line: the first user, more users, a lost password."""

import re

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from watchline.access import passwords, store
from watchline.audit import store as audit
from watchline.errors import UserNameTaken, UserUnknown

FIRST_NAME = "administrator"
_COMMAND_LINE = "command line"
_NAME = re.compile(r"[\w.@-]{1,64}")


async def bootstrap(engine: AsyncEngine, name: str = FIRST_NAME) -> str | None:
    """Make the first user when there is none; gives the one-time password to print, else None.

    No account is there by default and no password is known in advance; this one has to be
    changed at the first login.
    """
    password = passwords.one_time()
    hashed = await passwords.hash_password(password)
    async with engine.begin() as connection:
        # The hub's chain is the lock: two first starts at once make one administrator.
        await audit.lock(connection, audit.HUB_CHAIN)
        if await store.count_accounts(connection):
            return None
        await store.add_account(connection, name, hashed, must_change=True)
        await _tell(connection, "user.bootstrap", name)
    return password


async def add(engine: AsyncEngine, name: str) -> str:
    """Make a user with a one-time password, which is given back to print.

    Errors: UserNameTaken; ValueError for a name that is not 1 to 64 letters, digits, . @ - _.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("a name has 1 to 64 letters, digits or . @ - _")
    password = passwords.one_time()
    hashed = await passwords.hash_password(password)
    async with engine.begin() as connection:
        await audit.lock(connection, audit.HUB_CHAIN)
        if await store.account(connection, name) is not None:
            raise UserNameTaken(name=name)
        await store.add_account(connection, name, hashed, must_change=True)
        await _tell(connection, "user.add", name)
    return password


async def reset(engine: AsyncEngine, name: str) -> str:
    """Give a user a new one-time password and end all sessions; errors: UserUnknown."""
    password = passwords.one_time()
    hashed = await passwords.hash_password(password)
    async with engine.begin() as connection:
        found = await store.account(connection, name)
        if found is None:
            raise UserUnknown(name=name)
        await store.set_password(connection, found[0], hashed, must_change=True)
        await store.end_sessions_of(connection, found[0])
        await _tell(connection, "user.reset", name)
    return password


async def _tell(connection: AsyncConnection, op: str, name: str) -> None:
    await audit.append(
        connection,
        chain=audit.HUB_CHAIN,
        actor=_COMMAND_LINE,
        op=op,
        object=f"user {name}",
        detail={},
    )
