"""How does an officer get from the own application into a form or a receipt of another service? By a signed ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shared.identity import issue_ticket

if TYPE_CHECKING:
    from services.applications.settings import Settings
    from shared.identity import Principal

# Where each purpose leads; `{subject}` is the case that the ticket is made out for.
ADDRESSES: dict[str, str] = {
    "evaluation": "/reporting/evaluations/{subject}",
    "report": "/reporting/reports/{subject}",
    "receipt": "/matching/receipts/{subject}",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A ticket, the address that it opens, and both together as a link for a browser."""

    ticket: str
    address: str

    @property
    def link(self) -> str:
        """The address with the ticket, which the other service exchanges for a cookie."""
        return f"{self.address}?{urlencode({'ticket': self.ticket})}"


def way(settings: Settings, principal: Principal, purpose: str, subject: str) -> Way:
    """A ticket for `purpose` and the case `subject`, made out to the principal; the caller has checked whose it is.

    Raises KeyError for an unknown purpose.
    """
    address = ADDRESSES[purpose].format(subject=subject)
    key = settings.ticket_private_key.get_secret_value()
    return Way(issue_ticket(purpose, subject, person=principal.subject, private_key=key), address)
