"""Test that every route of an app states who may use it."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.staticfiles import StaticFiles

from shared.contracts.codes import Role
from shared.identity import (
    Principal,
    access_of,
    allow,
    every_route,
    internal,
    public,
    signed_in,
    ticket,
    ticket_or_role,
)
from shared.identity.guard import RouteAccess, Unguarded


def app_with(*routers: APIRouter) -> FastAPI:
    """Return an app with these routers and nothing else."""
    app = FastAPI(openapi_url=None)
    for router in routers:
        app.include_router(router, prefix="/service")
    return app


async def answer() -> str:
    """Serve as an endpoint."""
    return "ok"


def test_each_guard_states_its_access() -> None:
    """Guards on a route, on a router and on an include are all found, and say whom they let in."""
    router = APIRouter()
    router.get("/a", dependencies=[Depends(allow(Role.OFFICER, Role.MENTOR))])(answer)
    router.get("/b", dependencies=[Depends(public())])(answer)
    router.get("/c", dependencies=[Depends(signed_in())])(answer)
    router.get("/d/{application_id}", dependencies=[Depends(ticket("report"))])(answer)
    router.get("/e/{match_id}", dependencies=[Depends(ticket_or_role("see", Role.EVALUATOR, of="match_id"))])(answer)
    guarded = APIRouter(prefix="/internal", dependencies=[Depends(internal())])
    guarded.post("/f")(answer)

    @router.get("/g")
    async def with_principal(principal: Annotated[Principal, Depends(allow(Role.AUDITOR))]) -> str:
        return principal.subject

    assert [(route.path, access) for route, access in every_route(app_with(router, guarded))] == [
        ("/service/a", RouteAccess("roles", frozenset({Role.OFFICER, Role.MENTOR}))),
        ("/service/b", RouteAccess("public")),
        ("/service/c", RouteAccess("signed_in")),
        ("/service/d/{application_id}", RouteAccess("ticket", frozenset(), "report")),
        ("/service/e/{match_id}", RouteAccess("ticket", frozenset({Role.EVALUATOR}), "see")),
        ("/service/g", RouteAccess("roles", frozenset({Role.AUDITOR}))),
        ("/service/internal/f", RouteAccess("internal")),
    ]


def test_a_route_without_a_guard_is_refused() -> None:
    """A forgotten guard is an error with the route's name, not an open door."""
    router = APIRouter()
    router.post("/open")(answer)
    with pytest.raises(Unguarded, match="POST /service/open has 0 guards"):
        every_route(app_with(router))


def test_two_guards_are_refused() -> None:
    """Two guards contradict each other: a route has exactly one."""
    router = APIRouter(dependencies=[Depends(allow(Role.OFFICER))])
    router.get("/both", dependencies=[Depends(allow(Role.MENTOR))])(answer)
    with pytest.raises(Unguarded, match="2 guards"):
        every_route(app_with(router))


def test_the_same_guard_twice_counts_once() -> None:
    """A guard that a page depends on and asks the principal from is still one guard."""
    guard = allow(Role.OFFICER)
    router = APIRouter(dependencies=[Depends(guard)])

    @router.get("/mine")
    async def mine(principal: Annotated[Principal, Depends(guard)]) -> str:
        return principal.subject

    [(route, access)] = every_route(app_with(router))
    assert access == access_of(route) == RouteAccess("roles", frozenset({Role.OFFICER}))


def test_mounted_apps_and_framework_pages_are_refused() -> None:
    """Nothing gets in beside the guards: neither a mounted folder nor FastAPI's own pages."""
    app = app_with()
    app.mount("/files", StaticFiles(directory="."))
    with pytest.raises(Unguarded, match="mounted"):
        every_route(app)
    with pytest.raises(Unguarded, match=r"/docs"):
        every_route(FastAPI())


def test_allow_needs_a_role() -> None:
    """An empty list of roles is a mistake of the writer, not a route for nobody or for everybody."""
    with pytest.raises(ValueError, match="Name the roles"):
        allow()


def test_a_route_admits_the_roles_of_its_guard() -> None:
    """A route's guard alone decides which roles it admits."""
    assert RouteAccess("signed_in").admits(Role.DONOR)
    assert RouteAccess("public").admits(Role.DONOR)
    assert not RouteAccess("internal").admits(Role.PROGRAMME_COORDINATOR)
    assert not RouteAccess("ticket", purpose="report").admits(Role.OFFICER)
    assert RouteAccess("roles", frozenset({Role.DONOR})).admits(Role.DONOR)
    assert not RouteAccess("roles", frozenset({Role.DONOR})).admits(Role.ANASPOC)
