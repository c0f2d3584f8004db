"""Limit sign-ins, links with a key and forms, by address and by person.

Each process counts for itself, in memory, the newest 10,000 senders. Beyond a limit the answer is 429: a page that says
when to try again. `public(count_sign_in)` and `public(count_link("key"))` guard routes with a limit.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from shared.errors import ProblemCode, Refused
from shared.i18n import ngettext
from shared.identity.rate_limit import address_of
from shared.identity.state import identity_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from shared.identity.rate_limit import RateLimit


def count_sign_in(request: Request) -> None:
    """Count a step of a sign-in by its address. Raises `Refused` (429)."""
    _count(identity_of(request.app).limits.sign_ins, address_of(request))


def count_sign_in_of(request: Request, subject: str) -> None:
    """Count a sign-in by its person. Raises `Refused` (429)."""
    _count(identity_of(request.app).limits.sign_ins, f"subject {subject}")


def count_link(name: str) -> Callable[[Request], None]:
    """Return what counts a link whose key is the parameter `name` of path or query.

    Each use counts for the key, a failed one for the address too. It raises `Refused` (429).
    """

    def count(request: Request) -> None:
        count_key(request)
        key = str(request.path_params.get(name) or request.query_params.get(name, ""))
        if key:
            digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
            _count(identity_of(request.app).limits.links, f"key {digest}")
            request.state.key_counted = True

    return count


def count_key(request: Request) -> None:
    """Count an attempt to use a key by its address; the middleware gives it back if the answer is no refusal.

    Raises `Refused` (429).
    """
    limit, sender = identity_of(request.app).limits.links, address_of(request)
    _count(limit, sender)
    request.state.give_back = partial(limit.give_back, sender)


def count_form(request: Request, holder: str) -> None:
    """Count a form by its `holder`, a person or a ticket, else by the address. Raises `Refused` (429)."""
    if not getattr(request.state, "key_counted", False):
        _count(identity_of(request.app).limits.forms, holder or address_of(request))


def _count(limit: RateLimit, sender: str) -> None:
    seconds = limit.wait(sender)
    if seconds:
        sentence = ngettext(
            "You have tried this too often. Try again in %(count)d second.",
            "You have tried this too often. Try again in %(count)d seconds.",
            seconds,
        )
        raise Refused(
            sentence % {"count": seconds},
            code=ProblemCode.TOO_MANY_REQUESTS,
            headers={"Retry-After": str(seconds)},
        )
