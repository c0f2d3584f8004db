"""Sign and open tickets, by which the portal lets a person into one form of another service.

Only the portal knows whose case it is. It signs a ticket (Ed25519) that says: this person may do this one thing with
this one case, now. The other service checks the signature and exchanges it once for a cookie that is good for that
purpose and case only, so that no ticket stays in a browser's history. A ticket lives by real time.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from shared.identity.sealing import Seal

ISSUER = "tandem-portal"
TICKET_FOR = 120
COOKIE_FOR = 2 * 3600
_ALGORITHM = "Ed25519"
_LEEWAY = 5


class TicketRefused(ValueError):
    """A ticket was not signed by the portal, is for something else, or has expired."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to do one thing: `purpose` with the case `subject` (an aggregate id), until `expires` (real, seconds).

    `person` is the sign-in subject it was made out to; None for people without an account (a line manager), whose
    ticket alone lets them in.
    """

    id: str
    purpose: str
    subject: str
    person: str | None
    expires: int


_TICKET = TypeAdapter(Ticket)


def issue_ticket(
    purpose: str, subject: str, *, person: str | None, private_key: str, ttl: int = TICKET_FOR, at: float | None = None
) -> str:
    """Return a signed ticket as a compact JWT. `private_key`: PEM, Ed25519; `ttl`: seconds of real time."""
    moment = int(time.time() if at is None else at)
    claims = {
        "iss": ISSUER,
        "aud": purpose,
        "sub": subject,
        "jti": uuid4().hex,
        "iat": moment,
        "exp": moment + ttl,
        **({"person": person} if person is not None else {}),
    }
    return jwt.encode({"alg": _ALGORITHM}, claims, OKPKey.import_key(private_key), algorithms=[_ALGORITHM])


def open_ticket(text: str, purpose: str, *, public_key: str) -> Ticket:
    """Return the ticket, if the portal signed it for `purpose` and it has not expired; else raise `TicketRefused`."""
    registry = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": purpose},
        sub={"essential": True},
        jti={"essential": True},
        exp={"essential": True},
    )
    try:
        claims = jwt.decode(text, OKPKey.import_key(public_key), algorithms=[_ALGORITHM]).claims
        registry.validate(claims)
    except (JoseError, ValueError) as error:
        raise TicketRefused("This link does not open this page, or it is over.") from error
    person = claims.get("person")
    return Ticket(
        id=str(claims["jti"]),
        purpose=purpose,
        subject=str(claims["sub"]),
        person=str(person) if person is not None else None,
        expires=int(claims["exp"]),
    )


def narrow_cookie(ticket: Ticket, seal: Seal, at: float | None = None) -> str:
    """Return the text of the cookie that replaces an exchanged ticket for the next two hours."""
    moment = int(time.time() if at is None else at)
    return seal.close({**asdict(ticket), "expires": moment + COOKIE_FOR})


def open_narrow_cookie(
    text: str | None, purpose: str, subject: str, seal: Seal, at: float | None = None
) -> Ticket | None:
    """Return the exchanged ticket in a cookie, or None if it is not ours, is for something else, or has expired."""
    values = seal.open(text) if text else None
    if values is None:
        return None
    try:
        ticket = _TICKET.validate_python(values)
    except ValidationError:
        return None
    fits = ticket.purpose == purpose and ticket.subject == subject
    return ticket if fits and (time.time() if at is None else at) < ticket.expires else None
