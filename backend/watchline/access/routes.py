"""Login, logout, one's own password and name."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints
from typing_extensions import TypedDict

from watchline.access import passwords, sessions, store
from watchline.access.model import Action, User
from watchline.access.policy import (
    address_of,
    engine_of,
    open_to_all,
    requires,
    session_token,
    settings_of,
)
from watchline.audit import store as audit
from watchline.errors import LoginFailed, LoginNeedsTls, LoginTooMany, PasswordWrong
from watchline.web.types import Body, Name

router = APIRouter(tags=["access"])

_Password = Annotated[str, StringConstraints(min_length=1, max_length=passwords.MAX_LENGTH)]


class Login(Body):
    """Name and password."""

    name: Name
    password: _Password


class PasswordChange(Body):
    """The password one has and the one to have."""

    old_password: _Password
    new_password: _Password


class Me(TypedDict):
    """The person who is logged in."""

    id: UUID
    name: str
    must_change: bool


@router.post("/api/login", status_code=204, dependencies=[open_to_all()])
async def login(body: Login, request: Request) -> Response:
    """Begin a session; a session there may have been before ends."""
    cookie = sessions.cookie_name(*address_of(request))
    if cookie is None:
        raise LoginNeedsTls
    limits = settings_of(request).session
    window = timedelta(minutes=limits.login_window_minutes)
    source = request.client.host if request.client else "local"
    async with engine_of(request).begin() as connection:
        attempts, retry_after_s = await store.note_attempt(connection, body.name, source, window)
        if attempts > limits.login_attempts:
            # Leaving with an error takes the note back: refused attempts are not stored.
            raise LoginTooMany(retry_after_s=max(1, round(retry_after_s)))
        found = await store.account(connection, body.name)
    right = await passwords.verify_password(body.password, found[1] if found else None)
    if found is None or not right or found[2]:
        await _tell(request, "anonymous", "login.failed", body.name, source)
        raise LoginFailed
    holds = timedelta(hours=limits.absolute_hours)
    token = sessions.new_token()
    old = session_token(request)
    async with engine_of(request).begin() as connection:
        await store.forget_attempts(connection, body.name, source)
        if old is not None:
            await store.end_session(connection, sessions.token_hash(old))
        await store.add_session(
            connection,
            found[0],
            sessions.token_hash(token),
            holds=holds,
            idle=timedelta(minutes=limits.idle_minutes),
        )
        await audit.append(
            connection,
            chain=audit.HUB_CHAIN,
            actor=str(found[0]),
            op="login",
            object=f"user {body.name}",
            detail={"source": source},
        )
    return _with_cookie(cookie, token, round(holds.total_seconds()))


@router.post("/api/logout", status_code=204)
async def logout(request: Request, user: Annotated[User, requires(Action.ACCOUNT)]) -> Response:
    """End this session; its live streams close within seconds."""
    token = session_token(request)
    cookie = sessions.cookie_name(*address_of(request))
    assert token is not None and cookie is not None  # the policy has found the session
    async with engine_of(request).begin() as connection:
        await store.end_session(connection, sessions.token_hash(token))
        await audit.append(
            connection,
            chain=audit.HUB_CHAIN,
            actor=str(user.id),
            op="logout",
            object=f"user {user.name}",
            detail={},
        )
    return _with_cookie(cookie, "", 0)


@router.post("/api/password", status_code=204)
async def change_password(
    body: PasswordChange, request: Request, user: Annotated[User, requires(Action.ACCOUNT)]
) -> Response:
    """Change one's own password; all other sessions of the user end, this one gets a new token."""
    passwords.check_strength(body.new_password, old=body.old_password)
    limits = settings_of(request).session
    window = timedelta(minutes=limits.login_window_minutes)
    source = request.client.host if request.client else "local"
    async with engine_of(request).begin() as connection:
        attempts, retry_after_s = await store.note_attempt(connection, user.name, source, window)
        if attempts > limits.login_attempts:
            raise LoginTooMany(retry_after_s=max(1, round(retry_after_s)))
        found = await store.account(connection, user.name)
    if found is None or not await passwords.verify_password(body.old_password, found[1]):
        raise PasswordWrong
    hashed = await passwords.hash_password(body.new_password)
    token = sessions.new_token()
    holds = timedelta(hours=limits.absolute_hours)
    async with engine_of(request).begin() as connection:
        await store.forget_attempts(connection, user.name, source)
        await store.set_password(connection, user.id, hashed, must_change=False)
        await store.end_sessions_of(connection, user.id)
        await store.add_session(
            connection,
            user.id,
            sessions.token_hash(token),
            holds=holds,
            idle=timedelta(minutes=limits.idle_minutes),
        )
        await audit.append(
            connection,
            chain=audit.HUB_CHAIN,
            actor=str(user.id),
            op="password.change",
            object=f"user {user.name}",
            detail={},
        )
    cookie = sessions.cookie_name(*address_of(request))
    assert cookie is not None  # the policy has found the session
    return _with_cookie(cookie, token, round(holds.total_seconds()))


@router.get("/api/me")
async def me(user: Annotated[User, requires(Action.ACCOUNT)]) -> Me:
    """Who is logged in, and whether the password must be changed first."""
    return {"id": user.id, "name": user.name, "must_change": user.must_change}


def _with_cookie(name: str, token: str, max_age_s: int) -> Response:
    return Response(
        status_code=204, headers={"Set-Cookie": sessions.set_cookie(name, token, max_age_s)}
    )


async def _tell(request: Request, actor: str, op: str, name: str, source: str) -> None:
    async with engine_of(request).begin() as connection:
        await audit.append(
            connection,
            chain=audit.HUB_CHAIN,
            actor=actor,
            op=op,
            object=f"user {name}",
            detail={"source": source},
        )
