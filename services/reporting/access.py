"""Who may read what here? The guards of pages and API, named once."""

from typing import Annotated

from fastapi import Depends

from shared.contracts.codes import Role
from shared.identity import Principal, allow

_TRACED = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR, Role.AUDITOR)
_STEERING = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR)
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


def may_trace(principal: Principal) -> bool:
    """Whether the principal may see the events behind a figure."""
    return principal.has(*_TRACED)


def may_steer(principal: Principal) -> bool:
    """Whether the principal may submit, approve and publish figures."""
    return principal.has(*_STEERING)
