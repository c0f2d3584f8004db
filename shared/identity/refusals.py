"""How is somebody told that a route is not for them: sign in, wrong role, or a form that was not sent from our page?

Each refusal is an HTTPException, so that the error pages and the JSON problems of `shared/web` show it like any other;
only what leads on to another page needs an answer of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from shared.i18n import gettext
from shared.identity.attempts import Attempt, note_attempt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI
    from starlette.requests import Request

    from shared.contracts.codes import Role

SIGN_IN = "/sign-in"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class SignInNeeded(HTTPException):
    """Nobody is signed in, or not any longer; a program sent no token or one that does not count."""

    def __init__(self, invalid_token: str | None = None) -> None:
        challenge = 'Bearer error="invalid_token"' if invalid_token else "Bearer"  # RFC 6750, section 3
        super().__init__(401, invalid_token or gettext("Sign in to see this page."), {"WWW-Authenticate": challenge})


class Onward(HTTPException):
    """Not a refusal: the browser is sent on (303) before it sees the page it asked for."""

    def __init__(self, address: str, **headers: str) -> None:
        super().__init__(303, headers={"Location": address, **headers})

    @classmethod
    def renewing(cls, address: str) -> Onward:
        """By way of applications, the only writer of the session's cookie, and back to `address`."""
        return cls(f"{SIGN_IN}/renew?next={quote(address, safe='')}")


class NotAllowed(HTTPException):
    """The person is known, but the case or page is not theirs. `roles`: who may, if a role is what is missing."""

    def __init__(self, sentence: str | None = None, *, roles: Iterable[Role] = ()) -> None:
        self.roles = tuple(roles)
        super().__init__(403, sentence or _who_may(self.roles))


class FormNotOurs(HTTPException):
    """An unsafe request that cannot be told from one that another site made the browser send."""

    def __init__(self, sentence: str | None = None) -> None:
        note_attempt(Attempt.FOREIGN_FORM)
        super().__init__(
            403,
            sentence
            or gettext(
                "This form was opened by somebody else, or too long ago, so nothing was changed. "
                "Go back: what you wrote is still in the form. Copy it, reload the page, and send it again."
            ),
        )


def _who_may(roles: tuple[Role, ...]) -> str:
    if not roles:
        return gettext("This is not yours to see.")
    from shared.contracts.labels import role as word  # noqa: PLC0415 - words load the translations, which few requests need

    names = ", ".join(str(word(role)) for role in roles)
    return gettext("This page is for: %(roles)s.") % {"roles": names}


def is_api(request: Request) -> bool:
    """Whether a program asks: `/<service>/api/...`, an internal route, or a bearer token is sent."""
    parts = request.url.path.split("/", 3)
    return (len(parts) > 2 and parts[2] in {"api", "internal"}) or "authorization" in request.headers


def safe_next(address: str | None) -> str:
    r"""`address` if it is a path on our own origin to which a sign-in may lead back, else `/`.

    Refuses what a browser would take for another site (`//host`, `/\host`, schemes, control characters) and the
    sign-in itself.
    """
    if not address or len(address) > 2000 or not address.startswith("/") or address.startswith("//"):
        return "/"
    if "\\" in address or any(ord(letter) <= 32 or ord(letter) == 127 for letter in address):
        return "/"
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or parts.path.startswith((SIGN_IN, "/sign-out")):
        return "/"
    return address


def here(request: Request) -> str:
    """The path and query of the request."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _to_sign_in(address: str) -> str:
    return f"{SIGN_IN}?next={quote(safe_next(address), safe='')}"


async def _sign_in_needed(request: Request, refusal: Exception) -> Response:
    from shared.errors import answer  # noqa: PLC0415 - error pages are rendered, and pages need identity

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
    """Have `app` answer what the guards raise; called once by the harness (`shared/runtime/service.py`).

    `NotAllowed` and `FormNotOurs` are shown by the error pages of `shared/web`, as any HTTPException.
    """
    app.add_exception_handler(SignInNeeded, _sign_in_needed)
    app.add_exception_handler(Onward, _onward)
