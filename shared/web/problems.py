"""Answer errors: a page in the shell for people, `problem+json` (RFC 9457) for programs.

A program asks under `/api/` or `/internal/`, or accepts `application/json`. Guards raise (`shared/identity`), the rules
raise `Refused`; this module makes the answer.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import structlog
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity.refusals import SAFE_METHODS, SIGN_IN, Onward, SignInNeeded, here, is_api, safe_next
from shared.web import control_characters
from shared.web.headers import HEADERS
from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

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


def wants_json(request: Request) -> bool:
    """Return whether a program makes the request."""
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
    """Return the error page or the problem document for one status, with the sentence `detail` and errors by field.

    `title` and `advice` default to the status's own. `reference` is the number under which the log describes the
    error.
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
    """Return the name of a field as the sender wrote it: without `body` or `query` before it."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


# The store's codes (SQLSTATE) for a text with NUL or half of a surrogate pair.
_NO_TEXT = frozenset({"22021", "22P05"})


async def _store_error(request: Request, error: Exception) -> Response:
    """Answer 422 for a text that the store cannot keep, wherever it came from; any other error is ours."""
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", None) not in _NO_TEXT:
        raise error
    return answer(request, 422, gettext(control_characters.SENTENCE))


async def _unexpected(request: Request, error: Exception) -> Response:
    reference = uuid4().hex[:8]
    _log.error("unexpected_error", path=request.url.path, reference=reference, exc_info=error)
    # The framework answers this one outside all middleware.
    return answer(request, 500, headers={**HEADERS, "cache-control": "no-store"}, reference=reference)


def _to_sign_in(address: str) -> str:
    return f"{SIGN_IN}?next={quote(safe_next(address), safe='')}"


async def _sign_in_needed(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, SignInNeeded)
    if is_api(request) or "text/event-stream" in request.headers.get("accept", ""):
        return answer(request, 401, refusal.detail, headers=refusal.headers)
    if request.headers.get("hx-request"):
        # htmx follows redirects within its own request; only this header moves the whole page.
        seen = urlsplit(request.headers.get("hx-current-url", ""))
        address = f"{seen.path}?{seen.query}" if seen.query else seen.path
        return Response(status_code=401, headers={"HX-Redirect": _to_sign_in(address)})
    if request.method in SAFE_METHODS:
        return RedirectResponse(_to_sign_in(here(request)), status_code=303)
    return answer(
        request,
        401,
        gettext(
            "You are not signed in any more, so nothing was changed. Sign in again in another tab, then come back to "
            "this one and reload it: your text is sent again."
        ),
    )


async def _onward(_: Request, leave: Exception) -> Response:
    assert isinstance(leave, Onward)
    return Response(status_code=leave.status_code, headers=leave.headers)


def install(app: FastAPI) -> None:
    """Install the handlers of all errors of this app."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(SignInNeeded, _sign_in_needed)
    app.add_exception_handler(Onward, _onward)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DBAPIError, _store_error)
    app.add_exception_handler(Exception, _unexpected)
