"""The overdue cases and the filter of cases, as the pages and the API of the board show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.matching.board.model import STAGES, Late, Stage, late
from services.matching.filters import page_of
from services.matching.overview.store import monitoring
from services.matching.overview.store.board import Filter
from shared.contracts import labels
from shared.contracts.calls import CallTerms, Timers
from shared.contracts.codes import Party
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.requests import Request

    from services.matching.facts.store.facts import Call
    from shared.identity.scope import Reach


@dataclass(frozen=True, slots=True)
class OverdueCase:
    """An overdue case: the row of the case, since when it is overdue, and who must act."""

    row: Any
    due: datetime
    holder: str


async def late_cases(
    session: AsyncSession, within: Reach, call_id: UUID | None, calls: Sequence[Call]
) -> list[OverdueCase]:
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


def filter_of(request: Request, call: Call | None) -> Filter:
    """Return the filter in the address."""
    query = request.query_params
    return Filter(
        call_id=call.id if call else None,
        stage=query.get("stage"),
        country=query.get("country"),
        kind=query.get("kind"),
        search=query.get("search"),
        sort=query.get("sort") or "reference",
        page=page_of(request),
    )
