"""Answer errors: a page in the shell for people, `problem+json` (RFC 9457) for programs.

A program asks under `/api/` or `/internal/`, or accepts JSON and no HTML. Guards raise (`shared/identity`), the rules
raise `Refused`; this module makes the answer.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from uuid import uuid4

import structlog
from fastapi import params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from shared.bus.db.outdated import Outdated
from shared.bus.db.transient_errors import DATABASE_ERRORS, is_rolled_back, is_transient
from shared.errors import ProblemCode, Refused, default_code
from shared.i18n import N_, gettext, language
from shared.identity import csrf
from shared.identity.guard import recognise
from shared.identity.idempotency import Repeated
from shared.identity.refusals import SAFE_METHODS, SIGN_IN, Onward, SignInFailed, SignInNeeded, here, is_api, safe_next
from shared.identity.versions import hide_versions
from shared.redaction import method_of, route_of, safe_path
from shared.web import control_characters
from shared.web.headers import referrer_policy
from shared.web.media_types import media_type_of
from shared.web.problem_documents import MEDIA_TYPE, FieldError, Problem, errors_of_rules, errors_of_validation
from shared.web.problem_types import PROBLEM_TYPES, type_address
from shared.web.render import render
from shared.web.stale_forms import page_before, refused_as_stale, stale_page, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

    from shared.bus.db.transaction import Outcome
    from shared.web.site import Site

_log = structlog.get_logger(__name__)


def wants_json(request: Request) -> bool:
    """Return whether a program makes the request."""
    accept = request.headers.get("accept", "")
    return (
        "/api/" in request.url.path
        or "/internal/" in request.url.path
        or ("json" in accept and "text/html" not in accept)
    )


def answer(
    request: Request,
    status: int,
    detail: str | None = None,
    *,
    code: ProblemCode | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    reference: str | None = None,
    sent: Sequence[tuple[str, str]] = (),
    strange_query: str | None = None,
    sign_in: str = SIGN_IN,
) -> Response:
    """Return the error page or the problem document for one status, with the sentence `detail` and errors by field.

    Title and advice follow from `code`, whose default is the status's. `reference` is the number under which the log
    describes the error. 503 says after how many seconds to try again. The page offers to send again what was `sent`,
    and leads to `strange_query`: its own address without the query that it cannot use. `sign_in` is where its button
    to sign in leads.
    """
    kind = PROBLEM_TYPES[code or default_code(status)]
    request.state.problem = kind.code
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = _AGAIN | dict(headers or {})
    if detail == HTTPStatus(status).phrase:
        detail = None  # the framework's own word says nothing that the title does not
    site: Site = request.app.state.site
    if wants_json(request):
        problem = Problem(
            type=type_address(kind.code, site.origin),
            code=kind.code,
            title=gettext(kind.title),
            status=status,
            detail=detail or gettext(kind.meaning),
            instance=safe_path(request.scope),
            errors=[each.document() for each in errors],
            reference=reference or "",
        )
        content = problem.model_dump_json(exclude_defaults=True)
        return Response(content, status, dict(headers or {}), media_type=MEDIA_TYPE)
    hide_versions(request)  # they would tell a stranger that the thing is there
    certain = request.method in SAFE_METHODS or _certain(request)
    page = render(
        request,
        "error.html",
        status,
        title=gettext(kind.title),
        advice=gettext(kind.advice),
        detail=detail,
        certain=certain,
        fields={each.name: each.detail for each in errors},
        code=status,
        reference=reference,
        sent=sent,
        written=written(sent),
        action=here(request),
        strange_query=strange_query,
        sign_in=sign_in,
        again=kind.code is ProblemCode.SIGN_IN_FAILED,
        leads_on=_leads_on(request, status, certain=certain),
    )
    page.headers.update(headers or {})
    return page


_TRIED_AGAIN = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE}
)


def _leads_on(request: Request, status: int, *, certain: bool) -> tuple[str, str] | None:
    """Return the address and words of the button that leads on from an error, if there is a page to lead to.

    A page that failed is opened again. From a form that was refused, or that may have taken effect in part, the button
    leads to the page with the form; a form with faults is better corrected by going back, which keeps what was written.
    """
    if request.method in SAFE_METHODS:
        return (here(request), gettext("Try again")) if status in _TRIED_AGAIN else None
    before = page_before(request)
    if not before or (certain and status != HTTPStatus.CONFLICT):
        return None
    scope = {"type": "http", "method": "GET", "path": before, "root_path": "", "headers": []}
    found = {route.matches(scope)[0] for route in iter_route_contexts(request.app.routes)}
    # A form shown again after an error stands at an address that takes forms only.
    if Match.PARTIAL in found and Match.FULL not in found:
        return None
    return before, gettext("Open the page again")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # Not who: names of people, opaque ones too, stay in the portal's record of attempts.
        _log.info(
            "request_refused",
            method=method_of(request.scope),
            route=route_of(request.scope),
            status=error.status_code,
            error=type(error).__name__,
        )
    if isinstance(error, Outdated) and not wants_json(request):
        return await stale_page(request, error)
    if isinstance(error, Outdated):
        errors = [
            FieldError(place, error.detail_at(place), place, version=version) for place, version in error.places.items()
        ]
        return answer(request, error.status_code, error.detail, code=error.code, errors=errors, headers=error.headers)
    if isinstance(error, Refused):
        if error.status_code == HTTPStatus.CONFLICT and not wants_json(request):
            stale = await refused_as_stale(request, error.detail)
            if stale is not None:
                return await stale_page(request, stale)
        errors = await errors_of_rules(request, error.fields)
        sent = await _sent(request) if error.code is ProblemCode.UNAVAILABLE else ()
        return answer(
            request,
            error.status_code,
            error.detail,
            code=error.code,
            errors=errors,
            headers=error.headers,
            sent=sent,
            sign_in=_to_sign_in(error.onward) if isinstance(error, SignInFailed) else SIGN_IN,
        )
    if error.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED} and not wants_json(request):
        await recognise(request)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return answer(request, error.status_code, error.detail, headers=headers)


async def _sent(request: Request) -> Sequence[tuple[str, str]]:
    """Return the texts of a form that changed nothing; none for files, and for what no form of ours has sent."""
    if request.method in SAFE_METHODS or wants_json(request) or not _certain(request):
        return ()
    if media_type_of(request) != "application/x-www-form-urlencoded":
        return ()
    data = (await request.form()).multi_items()
    return [(name, value) for name, value in data if isinstance(value, str) and name != csrf.FIELD]


def _allowed(request: Request) -> list[str]:
    """Return the methods of all routes with the address of the request; the framework knows the first one's only."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found | {"HEAD"} if "GET" in found else found)


_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


def _takes_form(route: object) -> bool:
    return (
        isinstance(route, APIRoute)
        and route.body_field is not None
        and isinstance(route.body_field.field_info, params.Form)
    )


async def _invalid(request: Request, error: Exception) -> Response:
    """Answer what does not fit the route's declaration: no JSON, another content type, or wrong values."""
    assert isinstance(error, RequestValidationError)
    errors = errors_of_validation(error)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return answer(request, 400, code=ProblemCode.MALFORMED_JSON, errors=errors)
    if isinstance(error.body, bytes) and any(each.pointer is not None for each in errors):
        return answer(request, 415)  # the framework left the body as it came, for it does not claim to be JSON
    if is_api(request) and _takes_form(request.scope.get("route")) and media_type_of(request) not in _FORMS:
        return answer(request, 415)
    if request.method in SAFE_METHODS and not wants_json(request):
        in_path = any(each["loc"][0] == "path" for each in error.errors())
        return _strange_address(request, errors, way_on=not in_path)
    return answer(request, 422, errors=errors)


def _strange_address(request: Request, errors: Sequence[FieldError], *, way_on: bool) -> Response:
    """Answer 422 for an address that a page cannot use; the way on is the page without its query."""
    sentence = gettext("This page does not have what the address asks for")
    named = [FieldError(each.name, sentence) for each in errors]
    return answer(request, 422, errors=named, strange_query=request.url.path if way_on else None)


# The store's codes (SQLSTATE) for a text with NUL or half of a surrogate pair.
_NO_TEXT = frozenset({"22021", "22P05"})


async def _store_error(request: Request, error: Exception) -> Response:
    """Answer 422 for a text that the store cannot keep, and 503 while it does not answer; any other error is ours."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _NO_TEXT:
        return answer(request, 422, gettext(control_characters.SENTENCE))
    if not _passes(error):
        raise error
    # Where the database did answer, the error may be of our making after all.
    trace = error if is_rolled_back(error) else None
    _log.warning("store_away", route=route_of(request.scope), error=type(error).__name__, exc_info=trace)
    # Where the sender could not be read, the form of this page would not be theirs.
    known = getattr(request.state, "principal", None) is not None
    sent = await _sent(request) if known else ()
    return answer(request, 503, _unsaved(request, shown=bool(sent)), sent=sent)


def _passes(error: Exception) -> bool:
    """Return whether the same request may succeed in a moment; an error about a file does not pass."""
    return is_transient(error) and getattr(error, "filename", None) is None


def _unsaved(request: Request, *, shown: bool = False) -> str | None:
    """Return what is known of a failed request that would change something; None where it would not.

    Where the page does not show what was sent, it says where that still is.
    """
    if request.method in SAFE_METHODS:
        return None
    if not _certain(request):
        return gettext(_UNKNOWN_TO_PROGRAMS if wants_json(request) else _UNKNOWN)
    if wants_json(request):
        return gettext("Nothing was saved.")
    if shown:
        return gettext("Nothing was saved. This page keeps what you wrote. Wait a moment, then send it again.")
    return gettext("Nothing was saved. What you wrote is still in the form. Go back, and send it again.")


def _certain(request: Request) -> bool:
    """Return whether it is certain that the request has changed nothing."""
    outcome: Outcome | None = getattr(request.state, "outcome", None)
    return outcome is None or not (outcome.committed or outcome.unknown)


_UNKNOWN = N_("We do not know whether your change was saved. Open the page again and check before you send it again.")
_UNKNOWN_TO_PROGRAMS = N_(
    "We do not know whether the request took effect. Read the record before you repeat it. With the same "
    "Idempotency-Key it never takes effect twice."
)
_AGAIN = {"Retry-After": "5"}


async def _unexpected(request: Request, error: Exception) -> Response:
    reference = uuid4().hex[:8]
    _log.error("unexpected_error", route=route_of(request.scope), reference=reference, exc_info=error)
    # The framework answers this one outside all middleware.
    site: Site = request.app.state.site
    headers = {
        **site.headers,
        "referrer-policy": referrer_policy(request.scope),
        "cache-control": "no-store",
        "content-language": language(),
    }
    if _passes(error):
        return answer(request, 503, _unsaved(request), headers=headers, reference=reference)
    return answer(request, 500, _unsaved(request), headers=headers, reference=reference)


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
            "You are no longer signed in, so nothing was changed. Sign in again in a new tab, then come back "
            "to this one and reload it. Your text is sent again."
        ),
    )


async def _repeated(_: Request, repeated: Exception) -> Response:
    assert isinstance(repeated, Repeated)
    return Response(repeated.body, repeated.status_code, repeated.headers)


async def _onward(_: Request, leave: Exception) -> Response:
    assert isinstance(leave, Onward)
    return Response(status_code=leave.status_code, headers=leave.headers)


def install(app: FastAPI) -> None:
    """Install the handlers of all errors of this app."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(SignInNeeded, _sign_in_needed)
    app.add_exception_handler(Onward, _onward)
    app.add_exception_handler(Repeated, _repeated)
    app.add_exception_handler(RequestValidationError, _invalid)
    for error in DATABASE_ERRORS:
        app.add_exception_handler(error, _store_error)
    app.add_exception_handler(Exception, _unexpected)
