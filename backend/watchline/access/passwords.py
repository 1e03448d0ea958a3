"""Passwords: Argon2id through pwdlib, in a thread, at most four at a time."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from watchline.errors import PasswordWeak

MIN_LENGTH = 12
MAX_LENGTH = 256
# One hash takes 64 MiB and about 0.1 s of a core: more at once would make the login the weapon.
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="argon2")
# No 0, O, 1, l, I: it is read from a terminal and typed once.
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(32))


def one_time() -> str:
    """A password to be printed once and changed at the first login; about 116 random bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def check_strength(password: str, *, old: str | None = None) -> None:
    """Raise PasswordWeak unless it is 12 to 256 characters long and not the old one."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or password == old:
        raise PasswordWeak(min_length=MIN_LENGTH, max_length=MAX_LENGTH)


async def hash_password(password: str) -> str:
    """The Argon2id hash with its salt and parameters."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _hasher().hash, password)


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one.

    With None (no such user) it costs the same time and says no, so that names cannot be
    found out by the clock.
    """
    return await asyncio.get_running_loop().run_in_executor(_POOL, _verify, password, stored)


def _verify(password: str, stored: str | None) -> bool:
    right = _hasher().verify(password, _nobody() if stored is None else stored)
    return right and stored is not None
