"""Sign-in, roles, and who may see what: the names that services use."""

from shared.identity.access import (
    access_table,
    consume_access,
    consume_partners,
    load_principal,
    write_access,
    write_partner,
)
from shared.identity.guard import (
    access_of,
    allow,
    every_route,
    internal,
    public,
    signed_in,
    ticket,
    ticket_or_role,
)
from shared.identity.internal import service_headers
from shared.identity.principal import Grant, Principal
from shared.identity.refusals import NotAllowed, SignInNeeded
from shared.identity.tickets import Ticket, issue_ticket

__all__ = [
    "Grant",
    "NotAllowed",
    "Principal",
    "SignInNeeded",
    "Ticket",
    "access_of",
    "access_table",
    "allow",
    "consume_access",
    "consume_partners",
    "every_route",
    "internal",
    "issue_ticket",
    "load_principal",
    "public",
    "service_headers",
    "signed_in",
    "ticket",
    "ticket_or_role",
    "write_access",
    "write_partner",
]
