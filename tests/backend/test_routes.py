"""Every route of the production application stands behind a policy; none is open by oversight."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount, Route

from watchline.access.model import Action
from watchline.access.policy import (
    EdgeSignature,
    Open,
    Policy,
    Requires,
    RequiresOrToken,
    requires,
)
from watchline.app import create_app
from watchline.settings import Settings

#: All that may be reached without a login. Think twice before adding to it.
OPEN = {"/healthz", "/api/login", "/", "/assets/{path:path}", "/{name}"}
EDGE = {
    "/api/uplink",
    "/api/footage/wanted",
    "/api/footage/answer",
    "/api/footage/live",
}
COLLECTOR = {"/metrics"}


def _policies(route: Any) -> Iterator[Policy]:
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Policy):
            yield dependant.call
        waiting += dependant.dependencies


def routes_of(app: FastAPI) -> Iterator[tuple[str, Any, list[Policy]]]:
    """Path, route and policies of every route, however it was included."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield str(context.path), context, list(_policies(context))
        else:  # a mount or a plain route has no dependencies at all
            yield str(context.path), context, []


def without_policy(app: FastAPI) -> list[str]:
    """Paths that would answer anybody."""
    bad = []
    for path, _, policies in routes_of(app):
        kinds = {type(policy) for policy in policies}
        allowed = (
            kinds == {Requires}
            or (kinds == {Open} and path in OPEN)
            or (kinds == {EdgeSignature} and path in EDGE)
            or (kinds == {RequiresOrToken} and path in COLLECTOR)
        )
        if not allowed:
            bad.append(path)
    return bad


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings())


def test_every_route_has_a_policy(app):
    paths = [path for path, _, _ in routes_of(app)]
    assert len(paths) >= 24 and "/api/sectors/{s}/live" in paths and "/basemap/{path:path}" in paths
    assert without_policy(app) == []


def test_the_walk_finds_a_route_without_one(app):
    inner, outer = APIRouter(), APIRouter(prefix="/deep")
    inner.add_api_route("/bare", lambda: None)
    inner.add_api_route("/fine", lambda: None, dependencies=[requires(Action.SEE)])
    inner.routes.append(Route("/plain", lambda request: None))
    outer.include_router(inner)
    app.include_router(outer)
    app.routes.append(Mount("/mounted", app=FastAPI()))
    assert sorted(without_policy(app)) == ["/deep/bare", "/deep/plain", "/mounted"]


def test_an_open_route_that_is_not_on_the_list_is_found(app):
    from watchline.access.policy import open_to_all

    app.add_api_route("/api/public", lambda: None, dependencies=[open_to_all()])
    assert without_policy(app) == ["/api/public"]


async def test_without_a_session_every_route_says_so(hub):
    async with hub.browser() as browser:
        for path, route, policies in routes_of(hub.app):
            if not any(isinstance(policy, Requires) for policy in policies):
                continue
            address = (
                path.format(
                    **{
                        "s": "test",
                        "id": "01900000-0000-7000-8000-000000000001",
                        "no": 1,
                        "unit": "Alfa-2",
                        "rule": "meadow-enter",
                        "sensor": "thermal",
                        "path": "x",
                        "path:path": "x",
                    }
                )
                if "{path:path}" not in path
                else path.replace("{path:path}", "x")
            )
            for method in route.methods - {"HEAD", "OPTIONS"}:
                answer = await browser.request(method, address)
                assert (answer.status_code, answer.json()["code"]) == (401, "session.missing"), (
                    method,
                    path,
                )
