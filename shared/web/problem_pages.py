"""Serve the pages that explain the kinds of problems: the `type` of each problem document leads to one."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the endpoint's annotation at run time
from starlette.responses import HTMLResponse  # noqa: TC002 - as above

from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import public
from shared.web.problem_types import ADDRESS, PROBLEM_TYPES
from shared.web.render import render


def router() -> APIRouter:
    """Return the router of the list of all kinds and of the page of each, open to everybody."""
    pages = APIRouter(prefix=ADDRESS, dependencies=[Depends(public())], include_in_schema=False)

    @pages.get("")
    async def problems(request: Request) -> HTMLResponse:
        return render(request, "plain/problems.html", kinds=list(PROBLEM_TYPES.values()), address=ADDRESS)

    @pages.get("/{code}")
    async def problem(request: Request, code: str) -> HTMLResponse:
        kind = PROBLEM_TYPES.get(code)
        if kind is None:
            raise Refused(gettext("There is no kind of problem with this name."), 404)
        phrase = HTTPStatus(kind.status).phrase
        return render(request, "plain/problem.html", kind=kind, phrase=phrase, address=ADDRESS)

    return pages
