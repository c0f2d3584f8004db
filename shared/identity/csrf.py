"""Was this form sent from a page of ours that the same person had open?

Three signs, all cheap: the browser's own word where the request comes from (Sec-Fetch-Site, else Origin), and for a
request that acts by a cookie a token that only our pages hold. A request with an Authorization header acts by that and
never by a cookie, so another site cannot make a browser send it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.identity.refusals import SAFE_METHODS, FormNotOurs
from shared.identity.state import identity_of

if TYPE_CHECKING:
    from starlette.requests import Request

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


def token(request: Request) -> str:
    """The token for forms on this page; empty when nobody is signed in, for then no cookie acts."""
    bound_to = _bound_to(request)
    return identity_of(request.app).csrf.sign(bound_to) if bound_to else ""


def _bound_to(request: Request) -> str:
    """What the token is bound to: the sign-in, or the narrow cookie that a ticket was exchanged for."""
    session = getattr(request.state, "session", None)
    if session is not None:
        return f"session {session.id}"
    holder = getattr(request.state, "ticket", None)
    return f"ticket {holder.id}" if holder is not None else ""


async def check(request: Request) -> None:
    """Let a safe or a program's request pass; raise `FormNotOurs` for an unsafe one that may be another site's.

    Reads the form through the request that the route gets too: Starlette keeps it, so nothing is consumed.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    _same_origin(request)
    bound_to = _bound_to(request)
    if not bound_to:
        return
    given = request.headers.get(HEADER) or (await request.form()).get(FIELD)
    if not isinstance(given, str) or not identity_of(request.app).csrf.signed(bound_to, given):
        raise FormNotOurs


def _same_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise FormNotOurs
        return
    origin = request.headers.get("origin")
    if origin is not None and origin != identity_of(request.app).settings.origin.rstrip("/"):
        raise FormNotOurs
