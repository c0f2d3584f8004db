"""Check that a form was sent from a page of ours that the same person had open.

Three signs, all cheap: the browser's own statement of where the request comes from (Sec-Fetch-Site, else Origin), and
for a request that acts by a cookie a token that only our pages hold. A request with an Authorization header acts by
that and never by a cookie, so another site cannot make a browser send it.

The token is bound to the person (or to the case, where a ticket let somebody in) and to the time of its creation, not
to one sign-in: a person who is signed out while writing a long report signs in again and sends it without loss.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from shared.errors import Refused
from shared.i18n import ngettext, number
from shared.identity.refusals import SAFE_METHODS, FormNotOurs
from shared.identity.state import identity_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from shared.identity.sealing import Seal

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
# How long a form may be open, in seconds: a working day with its breaks.
GOOD_FOR = 12 * 3600
# A page of 1,000 pairs sends each of them, and a choice for each.
_MOST_FIELDS = 2500
# In bytes, as they are sent: one field holds what a page showed of its records. The gateway takes no more in all.
_LONGEST_FIELD = 10 * 1024 * 1024


def token(request: Request) -> str:
    """Return the token for forms on this page; empty when nobody is signed in, for then no cookie acts."""
    holder = bound_to(request)
    return new_token(identity_of(request.app).csrf, holder) if holder else ""


def new_token(seal: Seal, bound_to: str, at: float | None = None) -> str:
    """Return a token for `bound_to`, made now."""
    moment = str(int(time.time() if at is None else at))
    return f"{moment}.{seal.sign(f'{moment} {bound_to}')}"


def counts(seal: Seal, bound_to: str, token: str, at: float | None = None) -> bool:
    """Return whether `token` was made for `bound_to` within the last twelve hours."""
    moment, _, digest = token.partition(".")
    if not seal.signed(f"{moment} {bound_to}", digest):
        return False
    return int(moment) + GOOD_FOR > (time.time() if at is None else at)


def person(subject: str) -> str:
    """Return what the tokens of a signed-in person are bound to."""
    return f"person {subject}"


def bound_to(request: Request) -> str:
    """Return what the tokens of this request are bound to; empty where no cookie acts."""
    session = getattr(request.state, "session", None)
    if session is not None:
        return person(session.subject)
    holder = getattr(request.state, "ticket", None)
    return f"ticket {holder.purpose} {holder.subject}" if holder is not None else ""


async def check(request: Request) -> None:
    """Let a safe request or a program's pass; raise `FormNotOurs` for an unsafe one that another site may have sent.

    Reads the form through the request that the route gets too: Starlette keeps it, so nothing is consumed.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    _same_origin(request)
    holder = bound_to(request)
    if not holder:
        return
    token = request.headers.get(HEADER) or (await sent_form(request)).get(FIELD)
    if not isinstance(token, str) or not counts(identity_of(request.app).csrf, holder, token):
        raise FormNotOurs


async def sent_form(request: Request) -> FormData:
    """Return the form that a request sends, as the largest pages send it; who reads it later gets the same.

    Raises `Refused` (422) for a form with more fields than any page has.
    """
    try:
        return await request.form(max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
    except HTTPException as error:
        if not str(error.detail).startswith("Too many fields"):
            raise
        sentence = ngettext(
            "This form has more than %(most)s field, so nothing was saved. Select fewer entries and send it again.",
            "This form has more than %(most)s fields, so nothing was saved. Select fewer entries and send it again.",
            _MOST_FIELDS,
        )
        raise Refused(sentence % {"most": number(_MOST_FIELDS)}, 422) from None


def _same_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise FormNotOurs
        return
    origin = request.headers.get("origin")
    if origin is not None and origin != identity_of(request.app).settings.origin.rstrip("/"):
        raise FormNotOurs
