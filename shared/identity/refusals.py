"""Refuse a request: nobody is signed in, the role does not fit, or the form was not sent from our page.

Each refusal is an HTTPException; `shared/web/problems.py` answers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from shared.attempts import AttemptKind, note_attempt
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from shared.contracts.codes import Role

SIGN_IN = "/sign-in"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class SignInNeeded(HTTPException):
    """Nobody is signed in, or the sign-in is over; a program sent no token or one that does not count."""

    def __init__(self, invalid_token: str | None = None) -> None:
        challenge = 'Bearer error="invalid_token"' if invalid_token else "Bearer"  # RFC 6750, section 3
        super().__init__(401, invalid_token or gettext("Sign in to see this page."), {"WWW-Authenticate": challenge})


class SignInFailed(Refused):
    """A sign-in came back from the provider without a proof of who it is; `onward` is where it was to lead."""

    def __init__(self, sentence: str, onward: str) -> None:
        super().__init__(sentence, code=ProblemCode.SIGN_IN_FAILED)
        self.onward = onward


class Onward(HTTPException):
    """Not a refusal: the browser is sent on (303) before it sees the page that it requested."""

    def __init__(self, address: str, **headers: str) -> None:
        super().__init__(303, headers={"Location": address, **headers})


class SignInUnchecked(HTTPException):
    """The portal, which keeps the sessions, does not answer: nobody can say whether this session has ended."""

    def __init__(self) -> None:
        sentence = gettext("We cannot check at the moment whether you are signed in.")
        super().__init__(503, sentence, {"Retry-After": "5"})


class NotAllowed(HTTPException):
    """The person is known, but the case or page is not theirs. `roles`: who may, if a role is missing.

    `scopes` are those that a bearer token would need, one of them.
    """

    def __init__(self, sentence: str | None = None, *, roles: Iterable[Role] = (), scopes: Iterable[str] = ()) -> None:
        self.roles = tuple(roles)
        # RFC 6750, section 3.1
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"' if scopes else None
        headers = {"WWW-Authenticate": challenge} if challenge else None
        super().__init__(403, sentence or _who_may(self.roles), headers)


class LinkRefused(Refused):
    """A link does not open the page: without a ticket, or with one that does not count, as the `sentence` says.

    `purpose` is that of the tickets that would open it.
    """

    def __init__(self, purpose: str, sentence: str = "") -> None:
        about = gettext(_LINKS_TO[purpose]) if purpose in _LINKS_TO else ""
        again = gettext("Open the page again from your list “To do”, or from the newest email about it.")
        super().__init__(" ".join(filter(None, (about, sentence, again))), code=ProblemCode.LINK_NOT_VALID)


_LINKS_TO = {
    "evaluation": N_("Links like this open an evaluation."),
    "report": N_("Links like this open a learning report."),
    "follow_up": N_("Links like this open the questions six months later."),
    "cascade": N_("Links like this open the training sessions at home."),
    "test_before": N_("Links like this open a test."),
    "test_after": N_("Links like this open a test."),
    "receipt": N_("Links like this explain a result of the matching."),
    "host-receipt": N_("Links like this explain a result of the matching."),
}


class FormNotOurs(Refused):
    """An unsafe request that may have been sent by another site."""

    def __init__(self, sentence: str | None = None) -> None:
        note_attempt(AttemptKind.FOREIGN_FORM)
        super().__init__(
            sentence
            or gettext(
                "Somebody else opened this form, or it was opened too long ago, so nothing was changed. Go "
                "back. What you wrote is still in the form. Copy it, reload the page, and send it again."
            ),
            code=ProblemCode.FORM_EXPIRED,
        )


def _who_may(roles: tuple[Role, ...]) -> str:
    if not roles:
        return gettext("You may not see this.")
    from shared.contracts.labels import role as word  # noqa: PLC0415 - loads the translations, which few requests need

    names = ", ".join(str(word(role)) for role in roles)
    sentence = gettext(
        "This page is for: %(roles)s. If you should see it, ask your national coordinator or the programme coordinator."
    )
    return sentence % {"roles": names}


def is_api(request: Request) -> bool:
    """Return whether a program makes the request: `/<service>/api/...`, an internal route, or a bearer token."""
    parts = request.url.path.split("/", 3)
    return (len(parts) > 2 and parts[2] in {"api", "internal"}) or "authorization" in request.headers


def safe_next(address: str | None) -> str:
    r"""Return `address` if it is a path on our own origin to which a sign-in may lead back, else `/`.

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
    """Return the path and query of the request."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
