"""What does a person, or a program, read when something cannot be done?

Browsers get a page in the shell; programs (paths with `/api/`, or Accept: application/json) get `problem+json` after
RFC 9457. An error of the model that is not an HTTP error is turned into one by `Refused`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared.i18n import N_, gettext
from shared.web import control_characters
from shared.web.headers import HEADERS
from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

_log = structlog.get_logger(__name__)

# status -> (title, what to do)
_TEXTS: dict[int, tuple[str, str]] = {
    400: (N_("We could not read that"), N_("Go back and try again.")),
    401: (N_("Sign in first"), N_("This page is for people who have signed in.")),
    403: (
        N_("This page is not open to you"),
        N_("Your role does not include it. If it should, ask your national coordinator."),
    ),
    404: (N_("Page not found"), N_("Check the address, or start from the overview of your place.")),
    405: (N_("This cannot be done here"), N_("Go back and use the button on the page.")),
    409: (
        N_("Somebody was quicker"),
        N_(
            "It was changed since you opened the page. Nothing of yours was saved: look at it as it is now, "
            "and do it again if it still applies."
        ),
    ),
    413: (N_("That is too large"), N_("Send less at once.")),
    422: (N_("Something needs your attention"), N_("Go back, mend what is named here, and send it again.")),
    429: (N_("Too many at once"), N_("Wait a minute, then try again.")),
    500: (
        N_("Something went wrong on our side"),
        N_("Nothing was changed. Try again in a moment; if it stays, tell your coordinator the number below."),
    ),
    503: (N_("Not ready yet"), N_("A part of the system is starting or away. Try again in a moment.")),
}  # fmt: skip - one line a status


class Refused(HTTPException):
    """The rules do not allow it: a sentence for the reader, and the fields (name -> sentence) that it concerns.

    `title` and `advice` stand in for those that the status has, where these would mislead.
    """

    def __init__(
        self,
        detail: str,
        status: int = 409,
        fields: Mapping[str, str] | None = None,
        *,
        title: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.fields = dict(fields or {})
        self.title, self.advice = title, advice


def wants_json(request: Request) -> bool:
    """Whether a program is asking."""
    accept = request.headers.get("accept", "")
    return (
        "/api/" in request.url.path
        or "/internal/" in request.url.path
        or ("application/json" in accept and "text/html" not in accept)
    )


def answer(
    request: Request,
    status: int,
    detail: str | None = None,
    *,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    reference: str | None = None,
    title: str | None = None,
    advice: str | None = None,
) -> Response:
    """The error page or the problem document for one status, with the sentence `detail` and errors by field.

    `title` and `advice` are the status's own where they are not given. `reference` is the number by which the log tells
    what happened.
    """
    own_title, own_advice = _TEXTS.get(status, (HTTPStatus(status).phrase, ""))
    title = title or gettext(own_title)
    advice = advice or (gettext(own_advice) if own_advice else "")
    if detail == HTTPStatus(status).phrase:
        detail = None  # the framework's own word says nothing that the title does not
    if wants_json(request):
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail or advice,
            "instance": request.url.path,
        }
        if fields:
            problem["errors"] = [{"field": name, "detail": text} for name, text in fields.items()]
        if reference:
            problem["reference"] = reference
        return JSONResponse(problem, status, dict(headers or {}), media_type="application/problem+json")
    page = render(
        request,
        "error.html",
        status,
        title=title,
        advice=advice,
        detail=detail,
        fields=dict(fields or {}),
        code=status,
        reference=reference,
    )
    page.headers.update(headers or {})
    return page


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, Refused):
        return answer(request, error.status_code, error.detail, headers=error.headers)
    return answer(
        request,
        error.status_code,
        error.detail,
        fields=error.fields,
        headers=error.headers,
        title=error.title,
        advice=error.advice,
    )


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = {_field(problem["loc"]): str(problem["msg"]) for problem in error.errors()}
    return answer(request, 422, fields=fields)


def _field(location: tuple[int | str, ...]) -> str:
    """The name of a field as the sender wrote it: without `body` or `query` before it."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


# What the store says of a text that holds NUL or half of a surrogate pair (SQLSTATE).
_NO_TEXT = frozenset({"22021", "22P05"})


async def _store_error(request: Request, error: Exception) -> Response:
    """A text that cannot be kept is its writer's matter (422), wherever it came from; all else is ours."""
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", None) not in _NO_TEXT:
        raise error
    return answer(request, 422, gettext(control_characters.SENTENCE))


async def _unexpected(request: Request, error: Exception) -> Response:
    reference = uuid4().hex[:8]
    _log.error("unexpected_error", path=request.url.path, reference=reference, exc_info=error)
    # The framework answers this one outside of all middleware.
    return answer(request, 500, headers={**HEADERS, "cache-control": "no-store"}, reference=reference)


def install(app: FastAPI) -> None:
    """Have all errors of this app answered here."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DBAPIError, _store_error)
    app.add_exception_handler(Exception, _unexpected)
