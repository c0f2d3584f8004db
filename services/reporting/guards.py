"""Name the guards of pages and API: which roles and tickets may do what."""

from typing import Annotated

from fastapi import Depends

from shared.contracts.codes import Role
from shared.identity import Principal, Ticket, allow, ticket
from shared.identity.token_scopes import READ_FIGURES

_TRACED = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR, Role.AUDITOR)
_STEERING = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR)
_AUDITING = (Role.PROGRAMME_COORDINATOR, Role.AUDITOR)
READING = (
    *_TRACED,
    Role.NATIONAL_COORDINATOR,
    Role.CLEARANCE_OFFICER,
    Role.DATA_PROTECTION_OFFICER,
    Role.DONOR,
    Role.ANASPOC,
)

STEERER = Depends(allow(*_STEERING))

Reader = Annotated[Principal, Depends(allow(*READING))]
"""Reads figures: aggregates only."""
ApiReader = Annotated[Principal, Depends(allow(*READING, service_scope=READ_FIGURES))]
"""Reads them by the API, where a program with a token of its own may too."""
Tracer = Annotated[Principal, Depends(allow(*_TRACED))]
"""Also follows a figure to its events (opaque ids) and an application through its events."""
Steerer = Annotated[Principal, STEERER]
"""Also reads single outcomes, and takes a period from draft to published."""
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
"""Also waives an evaluation, and chooses the groupings of figures."""

Protector = Annotated[Principal, Depends(allow(Role.DATA_PROTECTION_OFFICER))]
"""Also finds and erases what people wrote in their own words; reads no ratings of single people."""


def may_protect(principal: Principal) -> bool:
    """Return whether the principal may look for what people wrote."""
    return principal.has(Role.DATA_PROTECTION_OFFICER)


TokenReader = Annotated[Principal, Depends(allow(*_AUDITING))]
"""Sees who has a token for the files, who issued it and what it fetched; the coordinator issues and revokes."""


# Each needs the portal's ticket, or a line manager's link: this service does not know whose visit it is.
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


def may_choose(principal: Principal) -> bool:
    """Return whether the principal may choose by which groups figures are broken down."""
    return principal.has(Role.PROGRAMME_COORDINATOR)


def may_issue(principal: Principal) -> bool:
    """Return whether the principal may issue and revoke tokens for the files."""
    return principal.has(Role.PROGRAMME_COORDINATOR)


def may_see_tokens(principal: Principal) -> bool:
    """Return whether the principal may see who has a token for the files."""
    return principal.has(*_AUDITING)


def may_trace(principal: Principal) -> bool:
    """Return whether the principal may see the events behind a figure."""
    return principal.has(*_TRACED)


def may_steer(principal: Principal) -> bool:
    """Return whether the principal may submit, approve and publish figures."""
    return principal.has(*_STEERING)
