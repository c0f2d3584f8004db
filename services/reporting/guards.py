"""Who may read what here? The guards of pages and API, named once."""

from typing import Annotated

from fastapi import Depends, Request

from services.reporting.feeds.actions.files import open_to_all, ours
from services.reporting.feeds.actions.tokens import admit
from services.reporting.feeds.model.tokens import PREFIX, PullToken
from shared.contracts.codes import Role
from shared.identity import Principal, Ticket, allow, public, ticket
from shared.identity.guard import Guard, RouteAccess
from shared.runtime.service import bus_of

_TRACED = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR, Role.AUDITOR)
_STEERING = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR)
_AUDITING = (Role.PROGRAMME_COORDINATOR, Role.AUDITOR)
_READING = (
    *_TRACED,
    Role.NATIONAL_COORDINATOR,
    Role.CLEARANCE_OFFICER,
    Role.DATA_PROTECTION_OFFICER,
    Role.DONOR,
    Role.ANASPOC,
)

READER = Depends(allow(*_READING))

Reader = Annotated[Principal, READER]
"""Reads figures: aggregates only."""
Tracer = Annotated[Principal, Depends(allow(*_TRACED))]
"""Also follows a figure to its events (opaque ids) and an application through its events."""
Steerer = Annotated[Principal, Depends(allow(*_STEERING))]
"""Also reads single outcomes, and takes a period from draft to published."""
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
"""Also waives an evaluation."""

Protector = Annotated[Principal, Depends(allow(Role.DATA_PROTECTION_OFFICER))]
"""Also finds and erases what people wrote in their own words; reads no ratings of single people."""


def may_protect(principal: Principal) -> bool:
    """Whether the principal may look for what people wrote."""
    return principal.has(Role.DATA_PROTECTION_OFFICER)


TokenReader = Annotated[Principal, Depends(allow(*_AUDITING))]
"""Sees who has a token for the files, who issued it and what it fetched; the coordinator issues and revokes."""


class _Puller(Guard):
    """Lets in a consumer's token, and who may read figures; everybody to the files that are open to all."""

    def __init__(self) -> None:
        self._readers = allow(*_READING)
        self.access = self._readers.access

    async def __call__(self, request: Request) -> Principal | PullToken | None:
        bus = bus_of(request)
        token = sent_token(request)
        if token is None and request.path_params.get("name") not in open_to_all(ours(bus.settings)):
            return await self._readers(request)
        request.state.principal = request.state.session = None
        return None if token is None else await admit(bus, token)


class _Anybody(Guard):
    """Lets everybody in, also a program that sends its token with each request."""

    access = RouteAccess("public")

    async def __call__(self, request: Request) -> Principal | None:
        if sent_token(request) is None:
            return await public()(request)
        request.state.principal = request.state.session = None
        return None


def sent_token(request: Request) -> str | None:
    """The consumer's token that a program sent; None where it sent none, or one of the sign-in provider."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip().startswith(PREFIX) else None


Puller = Annotated[Principal | PullToken | None, Depends(_Puller())]
"""Fetches a file of a published period; None: it is open to everybody."""
ANYBODY = Depends(_Anybody())
"""Fetches the manifest and the keys."""


# Each with the portal's ticket, or as a line manager with a link: this service cannot tell whose visit it is.
Evaluating = Annotated[Ticket, Depends(ticket("evaluation", of="subject"))]
"""Evaluates a visit or a mentorship."""
Reporting = Annotated[Ticket, Depends(ticket("report", of="subject"))]
"""Reports on it."""
Following = Annotated[Ticket, Depends(ticket("follow_up", of="subject"))]
"""Answers the follow-up."""
Passing = Annotated[Ticket, Depends(ticket("cascade", of="subject"))]
"""Reports cascade sessions, or confirms them."""
Before = Annotated[Ticket, Depends(ticket("test_before", of="subject"))]
"""Takes the test before a visit."""
After = Annotated[Ticket, Depends(ticket("test_after", of="subject"))]
"""Takes the test after it."""


def may_issue(principal: Principal) -> bool:
    """Whether the principal may issue and revoke tokens for the files."""
    return principal.has(Role.PROGRAMME_COORDINATOR)


def may_see_tokens(principal: Principal) -> bool:
    """Whether the principal may see who has a token for the files."""
    return principal.has(*_AUDITING)


def may_trace(principal: Principal) -> bool:
    """Whether the principal may see the events behind a figure."""
    return principal.has(*_TRACED)


def may_steer(principal: Principal) -> bool:
    """Whether the principal may submit, approve and publish figures."""
    return principal.has(*_STEERING)
