"""The page of overdue cases: what is overdue, since when, and who must act."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.model import STAGES, Late, Stage, late
from services.matching.cohorts import views as cohorts_views
from services.matching.facts.store import facts as store
from services.matching.facts.store.facts import Call
from services.matching.filters import COORDINATORS, call_filter, call_of
from services.matching.overview.store import monitoring
from services.matching.parameters import BusDep
from shared.contracts import labels
from shared.contracts.calls import CallTerms, Timers
from shared.contracts.codes import Party
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import Reach, reach
from shared.time import clock
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@dataclass(frozen=True, slots=True)
class OverdueCase:
    """An overdue case: the row of the case, since when it is overdue, and who must act."""

    row: Any
    due: datetime
    holder: str


@router.get("/stuck")
async def overdue_cases(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List all overdue cases, the latest first."""
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        found = await look(session, reach(who), call.id if call else None, calls)
    return render(
        request,
        "board/overdue.html",
        call=call,
        call_filter=call_filter(calls, call),
        rows=found,
        stage=cohorts_views.stage,
    )


async def look(session: AsyncSession, within: Reach, call_id: UUID | None, calls: Sequence[Call]) -> list[OverdueCase]:
    """Return the overdue cases within reach, the latest first."""
    timers: dict[UUID, Timers] = {one.id: CallTerms.model_validate(one.terms).timers for one in calls}
    now, found = clock.now(), []
    waiting = await monitoring.awaiting_action(session, within, call_id, STAGES)
    for row in (*waiting, *await monitoring.late_reserves(session, within, call_id, now)):
        stage = Stage(
            kind=row.stage_kind,
            # The countries have as long for a reserve as for any other match.
            state=row.stage.removeprefix("reserve_"),
            since=row.since,
            country=row.country,
            host_country=row.host_country,
            due=row.due,
            home_cleared=bool(row.home_cleared),
        )
        overdue = late(stage, timers.get(row.call_id, Timers()), now)
        if overdue is not None:
            found.append(OverdueCase(row, overdue.due, holder(overdue, row)))
    return sorted(found, key=lambda one: (one.due, one.row.id, one.row.stage))


def awaited(row: Any) -> str:
    """Return in words who must answer about a match that is proposed or offered."""
    if row.match_state == "proposed":
        return labels.coordinator(row.host_country if row.home_cleared else row.country)
    if row.applicant_accepted:
        return gettext("Host") if row.kind == "study_visit" else gettext("Mentor")
    if row.host_accepted:
        return gettext("Officer")
    return gettext("Officer and host") if row.kind == "study_visit" else gettext("Mentee and mentor")


def holder(overdue: Late, row: Any) -> str:
    """Return in words who must act on an overdue case."""
    if overdue.country is not None:
        return labels.coordinator(overdue.country)
    match overdue.holder:
        case Party.PROGRAMME:
            return gettext("Programme coordinator")
        case Party.MENTOR:
            return gettext("Mentee and mentor")
        case _ if row.stage == "offered":
            return awaited(row)
    return gettext("Officer")
