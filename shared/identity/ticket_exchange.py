"""Accept the portal's ticket for a case and exchange it for a narrow cookie."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shared.attempts import AttemptKind, note_attempt
from shared.i18n import gettext
from shared.identity.access import use_ticket
from shared.identity.page_limits import count_key
from shared.identity.refusals import LinkRefused, NotAllowed, Onward, is_api
from shared.identity.state import identity_of, service_of
from shared.identity.tickets import (
    COOKIE_FOR,
    Ticket,
    TicketRefused,
    narrow_cookie,
    open_narrow_cookie,
    open_ticket,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from shared.identity.principal import Principal

HEADER = "X-Ticket"
PARAMETER = "ticket"


async def ticket_of(request: Request, purpose: str, subject: object, principal: Principal | None) -> Ticket | None:
    """Return the ticket for `purpose` and the case `subject` that a request brings, or None.

    It is also in `request.state.ticket`. Raises `LinkRefused` for a ticket that does not fit or was used, `NotAllowed`
    for one that is made out to somebody else, and `Onward` (to the clean address, with the narrow cookie) for a good
    one in a page's address.
    """
    request.state.ticket = None
    identity = identity_of(request.app)
    header, parameter = request.headers.get(HEADER), request.query_params.get(PARAMETER)
    name = _cookie_name(request, purpose, str(subject))
    found = open_narrow_cookie(request.cookies.get(name), purpose, str(subject), identity.narrow)
    if header is not None and "authorization" in request.headers:
        count_key(request)
        found = _opened(request, header, purpose, str(subject))
    elif parameter is not None and request.method == "GET" and not is_api(request):
        count_key(request)
        ticket = _opened(request, parameter, purpose, str(subject))
        _made_out_to(ticket, principal)
        raise await _exchanged(request, ticket, name, opened=found is not None)
    if found is not None:
        _made_out_to(found, principal)
        # A form that was opened before a suspension needs a new ticket.
        if principal is not None and not principal.counts(found.expires - COOKIE_FOR):
            return None
        request.state.ticket = found
    return found


def _opened(request: Request, text: str, purpose: str, subject: str) -> Ticket:
    try:
        ticket = open_ticket(text, purpose, public_key=identity_of(request.app).settings.ticket_public_key)
    except TicketRefused:
        note_attempt(AttemptKind.FORGED_TICKET)
        raise LinkRefused(purpose, gettext("This one has expired, or part of it is missing.")) from None
    if ticket.subject != subject:
        note_attempt(AttemptKind.FORGED_TICKET)
        raise LinkRefused(purpose, gettext("This one belongs to another page."))
    return ticket


def _made_out_to(ticket: Ticket, principal: Principal | None) -> None:
    """Refuse a ticket that names another person, so that a forwarded link opens nothing."""
    if ticket.person is not None and (principal is None or principal.subject != ticket.person):
        note_attempt(AttemptKind.FORGED_TICKET)
        raise NotAllowed(gettext("This link was made for somebody else. Sign in as the person it was made for."))


async def _exchanged(request: Request, ticket: Ticket, name: str, *, opened: bool) -> Onward:
    """Return the redirect to the same address without the ticket, with the cookie that replaces it.

    A used ticket leads on where this browser has `opened` the page before. Raises `LinkRefused` for another used one.
    """
    async with service_of(request.app).bus.transaction(ticket.person or "system:ticket") as tx:
        first = await use_ticket(tx.session, ticket)
    if not first and not opened:
        raise LinkRefused(ticket.purpose, gettext("This one was already used."))
    identity = identity_of(request.app)
    other_parameters = [(key, value) for key, value in request.query_params.multi_items() if key != PARAMETER]
    attributes = "; HttpOnly; SameSite=Lax" + ("; Secure" if identity.cookies.secure else "")
    cookie = f"{name}={narrow_cookie(ticket, identity.narrow)}; Max-Age={COOKIE_FOR}; Path=/{attributes}"
    clean = request.url.path + (f"?{urlencode(other_parameters)}" if other_parameters else "")
    if not first:
        return Onward(clean)
    return Onward(clean, **{"Set-Cookie": cookie})


def _cookie_name(request: Request, purpose: str, subject: str) -> str:
    """Return the name of the cookie of one case, so that two forms can be open side by side."""
    mark = hashlib.sha256(f"{purpose}/{subject}".encode()).hexdigest()[:12]
    return identity_of(request.app).cookies.name(f"ticket-{mark}")
