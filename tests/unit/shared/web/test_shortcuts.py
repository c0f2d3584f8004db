"""Does a router with shortcuts answer exactly as one without?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from shared.web.shortcuts import take_shortcuts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATHS = (
    "/",
    "/a",
    "/a/",
    "/a/{one}",
    "/a/fixed",  # never reached: the one before it takes it
    "/a/b/c",
    "/a/b/c/d/e",
    "/a/b/c/{one}/e",
    "/a/b/{one}",
    "/a/b/{rest:path}",
    "/{any}/last",
)
ASKED = (
    *("/", "/a", "/a/", "/a/x", "/a/fixed", "/a/b", "/a/b/", "/a/b/c", "/a/b/c/", "/a/b/c/d/e", "/a/b/c/x/e"),
    *("/a/b/z", "/a/b/z/more/and/more", "/q/last", "/q/last/", "/static/deep/file", "/none", "/none/at/all/here", "//"),
)


def told(path: str) -> Callable[[Request], Awaitable[PlainTextResponse]]:
    """A route's answer: which route it is, with what it read from the address, and another route's address."""

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{path} {request.path_params} {request.url_for('/a/b/c')}")

    return answer


def app() -> FastAPI:
    """An app with all the paths; GET everywhere, and POST where the path is fixed."""
    made = FastAPI(openapi_url=None)
    made.router.routes.append(Mount("/static", app=PlainTextResponse("file")))
    for path in PATHS:
        methods = ["GET"] if "{" in path else ["GET", "POST"]
        made.router.add_api_route(path, told(path), methods=methods, name=path, response_model=None)
    return made


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_same_answer_with_and_without(method: str) -> None:
    """Found, not found, wrong method, another slash at the end, addresses of other routes: all are as without."""
    plain, short = app(), app()
    take_shortcuts(short.router)
    for path in ASKED:
        answers = [TestClient(one).request(method, path, follow_redirects=False) for one in (plain, short)]
        said = [(one.status_code, one.text, one.headers.get("location"), one.headers.get("allow")) for one in answers]
        assert said[0] == said[1], path
    assert TestClient(short).request("GET", "/a/b/z").text.startswith("/a/b/{one} {'one': 'z'}")


def test_a_route_that_is_added_later_is_found() -> None:
    """What a service adds once it stands is asked too."""
    short = app()
    take_shortcuts(short.router)
    short.router.routes.append(Route("/a/b/late/one/two", told("late")))
    short.router.routes.append(Route("/late", told("late")))
    assert TestClient(short).get("/late").text.startswith("late")
