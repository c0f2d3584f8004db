"""Read the cases that are overdue or due next, with who must act."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.board.model import STAGES, Late, Stage, late
from services.matching.facts.views import Calls
from services.matching.overview.store import board as store
from services.matching.overview.store import monitoring
from shared.contracts import labels
from shared.contracts.calls import Timers
from shared.contracts.codes import ApplicationKind, MatchState, Party
from shared.i18n import gettext
from shared.identity.scope import Reach
from shared.time import clock
from shared.web.read_models import Page, ReadModel

_Holder = Annotated[str, Field(description="Who must act, in words.", examples=["National coordinator of Moldova"])]


class OverdueCase(ReadModel):
    """An overdue case: its stage, who must act, since when it is in that stage, and when it was due."""

    application_id: UUID
    reference: Annotated[str, Field(examples=["MD-2026-0001"])]
    stage: Annotated[str, Field(description="The stage, as `kind:state`.", examples=["match:proposed"])]
    holder: _Holder
    since: AwareDatetime
    due: AwareDatetime

    @property
    def kind_and_state(self) -> tuple[str, str]:
        """Return the kind of the stage and its state."""
        kind, _, state = self.stage.partition(":")
        return kind, state


class DueMatch(ReadModel):
    """A match whose next step is due, with who must act and how many are next in line for the place."""

    application_id: UUID
    reference: Annotated[str, Field(examples=["MD-2026-0001"])]
    match_id: UUID
    state: MatchState
    holder: _Holder
    due: AwareDatetime
    next_in_line: int


async def overdue_cases(session: AsyncSession, within: Reach, call_id: UUID | None, calls: Calls) -> Page[OverdueCase]:
    """Return the overdue cases within reach, the latest first."""
    timers: dict[UUID, Timers] = {}
    now = clock.now()
    found: list[tuple[str, OverdueCase]] = []
    waiting = await monitoring.awaiting_action(session, within, call_id, STAGES)
    for row in (*waiting, *await monitoring.late_reserves(session, within, call_id, now)):
        if row.call_id not in timers:
            terms = calls.terms(row.call_id)
            timers[row.call_id] = terms.timers if terms else Timers()
        overdue = late(_stage(row), timers[row.call_id], now)
        if overdue is not None:
            found.append((row.stage, _overdue(row, overdue)))
    found.sort(key=lambda each: (each[1].due, each[1].application_id, each[0]))
    return Page[OverdueCase](items=[case for _, case in found], next=None)


async def due_matches(session: AsyncSession, within: Reach, call_id: UUID | None, *, limit: int) -> Page[DueMatch]:
    """Return the matches whose next step is due first."""
    rows = await store.running_out(session, within, call_id, clock.now(), limit=limit)
    return Page[DueMatch](items=[_due(row) for row in rows], next=None)


def _stage(row: Any) -> Stage:
    return Stage(
        kind=row.stage_kind,
        # The countries have as long for a reserve as for any other match.
        state=row.stage.removeprefix("reserve_"),
        since=row.since,
        country=row.country,
        host_country=row.host_country,
        due=row.due,
        home_cleared=bool(row.home_cleared),
    )


def _overdue(row: Any, overdue: Late) -> OverdueCase:
    return OverdueCase(
        application_id=row.id,
        reference=row.reference,
        stage=f"{row.stage_kind}:{row.stage}",
        holder=_holder(overdue, row),
        since=row.since,
        due=overdue.due,
    )


def _due(row: Any) -> DueMatch:
    return DueMatch(
        application_id=row.id,
        reference=row.reference,
        match_id=row.match_id,
        state=row.match_state,
        holder=_awaited(row),
        due=row.due,
        next_in_line=row.in_line,
    )


def _awaited(row: Any) -> str:
    """Return in words who must answer about a match that is proposed or offered."""
    if row.match_state == MatchState.PROPOSED:
        return labels.coordinator(row.host_country if row.home_cleared else row.country)
    visit = row.kind == ApplicationKind.STUDY_VISIT
    if row.applicant_accepted:
        return gettext("Host") if visit else gettext("Mentor")
    if row.host_accepted:
        return gettext("Officer")
    return gettext("Officer and host") if visit else gettext("Mentee and mentor")


def _holder(overdue: Late, row: Any) -> str:
    """Return in words who must act on an overdue case."""
    if overdue.country is not None:
        return labels.coordinator(overdue.country)
    match overdue.holder:
        case Party.PROGRAMME:
            return gettext("Programme coordinator")
        case Party.MENTOR:
            return gettext("Mentee and mentor")
        case _ if row.stage == "offered":
            return _awaited(row)
    return gettext("Officer")
