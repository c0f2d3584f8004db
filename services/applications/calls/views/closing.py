"""Show what is left in a call, and what its close makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from services.applications.application.model.states import LEFT_AT_CLOSE
from services.applications.application.store import applications, standings
from services.applications.calls import store
from services.applications.calls.views.headings import CallHeading
from services.applications.matches.store import participation
from services.applications.overview.store import queue
from services.applications.refusals import not_found
from shared.contracts.codes import ApplicationState, CallState
from shared.contracts.lifecycle.state_sets import APPLICATION_UNMATCHED
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

# From these states on an application has its place: the close changes nothing for it.
_PLACED = (
    ApplicationState.ACCEPTED,
    ApplicationState.SCHEDULED,
    ApplicationState.UNDER_WAY,
    ApplicationState.COMPLETED,
)
# Eligible, and without a match: as people see it.
_WITHOUT_MATCH = APPLICATION_UNMATCHED
# Here a match stands that ends with the call, unless both sides have said yes.
_MATCHED = (ApplicationState.MATCHED, ApplicationState.OFFERED)


_WITHOUT_PLACE = frozenset({*LEFT_AT_CLOSE, *_WITHOUT_MATCH, *_MATCHED})


class RemainingApplications(ReadModel):
    """The applications of a call in one state as people see it, and the effect of its close on them."""

    state: ApplicationState
    count: int
    becomes: Annotated[
        Literal["unplaced", "ends", "stays"], Field(description="`ends`: its match ends first, then it is unplaced.")
    ]
    awaited: Annotated[
        int,
        Field(description="How many of those whose match ends were accepted by both sides, so that matching decides."),
    ]


class ClosedCall(ReadModel):
    """The result of closing a call."""

    unplaced: Annotated[int, Field(description="How many applications it has left without a place.")]


async def left_without_place(session: AsyncSession, call_id: UUID) -> int:
    """Return how many applications of a call have neither a place nor an end."""
    counted = await queue.of_call(session, call_id)
    return sum(count for state, count in counted.items() if state in _WITHOUT_PLACE)


async def remaining_applications(
    session: AsyncSession, call_id: UUID
) -> tuple[CallHeading, list[RemainingApplications]]:
    """Return the applications left in a call, by state. Raises `Refused` (404; 409 where it is closed)."""
    call = await store.call(session, call_id)
    if call is None:
        raise not_found()
    if call.state != CallState.PUBLISHED:
        raise Refused(gettext("This call is closed already."), code=ProblemCode.ALREADY_DONE)
    counted = await queue.of_call(session, call_id)
    open_ = [application.id for application in await applications.of_call(session, call_id, LEFT_AT_CLOSE)]
    awaited = await participation.both_accepted(session, open_)
    standing = await standings.states_of(session, awaited)
    found = []
    for state in ApplicationState:
        count = counted.get(state, 0)
        if not count or not (
            state in _PLACED or state in _MATCHED or state in LEFT_AT_CLOSE or state in _WITHOUT_MATCH
        ):
            continue
        if state in _MATCHED:
            both = sum(shown_state == state for shown_state in standing.values())
            found.append(RemainingApplications(state=state, count=count, becomes="ends", awaited=both))
        else:
            becomes: Literal["stays", "unplaced"] = "stays" if state in _PLACED else "unplaced"
            found.append(RemainingApplications(state=state, count=count, becomes=becomes, awaited=0))
    return CallHeading.of(call), found
