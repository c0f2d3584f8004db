"""Read the cases that are overdue or due next, with who must act."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.board.views.next_steps import case_facts
from services.matching.overview.store import board as store
from services.matching.overview.store import monitoring
from shared.contracts.codes import MatchState
from shared.identity.scope import Reach
from shared.next_steps import CaseFacts, NextStep, first_due, next_step, of_match
from shared.time import clock
from shared.web.read_models import Page, ReadModel

BATCH = 500
"""Cases whose facts are read at once."""
MOST = 500
"""Cases that are listed; each has to be judged before the list is cut."""
_Holder = Annotated[str, Field(description="Who must act, in words.", examples=["National coordinator of Moldova"])]


class OverdueCase(ReadModel):
    """An overdue case: its stage, who must act, since when it is in that stage, and when it was due."""

    application_id: UUID
    reference: Annotated[str, Field(examples=["MD-2026-0001"])]
    stage: Annotated[str, Field(description="The stage, as `kind:state`.", examples=["match:proposed"])]
    holder: _Holder
    next: Annotated[str, Field(description="The next step, in words.", examples=["The host country clears it."])]
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


async def overdue_cases(session: AsyncSession, within: Reach, call_id: UUID | None) -> Page[OverdueCase]:
    """Return the cases within reach whose next step is overdue, the latest first, at most `MOST`."""
    now = clock.now()
    rows = await monitoring.maybe_overdue(session, within, call_id, now=now, today=clock.today())
    found = []
    for begin in range(0, len(rows), BATCH):
        some = rows[begin : begin + BATCH]
        facts = await case_facts(session, {row.id: row.stage for row in some})
        for row in some:
            step = next_step(facts[row.id])
            if step.due is not None and step.due < now:
                found.append(_overdue(row, step, facts[row.id]))
    found.sort(key=lambda each: (each.due, each.application_id))
    return Page[OverdueCase](items=found[:MOST], next=None)


async def due_matches(session: AsyncSession, within: Reach, call_id: UUID | None, *, limit: int) -> Page[DueMatch]:
    """Return the matches whose next step is due first."""
    rows = await store.running_out(session, within, call_id, clock.now(), limit=limit)
    facts = await case_facts(session, {row.id: row.stage for row in rows})
    return Page[DueMatch](items=[_due(row, next_step(facts[row.id])) for row in rows], next=None)


def _overdue(row: Any, step: NextStep, facts: CaseFacts) -> OverdueCase:
    # An application that waits can stand in reserve at the same time: then it is that match which is overdue.
    in_reserve = facts.match is None and facts.reserve is not None and step.due == first_due(of_match(facts.reserve))
    return OverdueCase(
        application_id=row.id,
        reference=row.reference,
        stage=f"match:reserve_{facts.reserve.state}" if in_reserve and facts.reserve else _stage(row),
        holder=step.holder,
        next=step.step,
        since=row.since,
        due=step.due,
    )


def _stage(row: Any) -> str:
    return f"{row.stage_kind}:{row.stage}"


def _due(row: Any, step: NextStep) -> DueMatch:
    return DueMatch(
        application_id=row.id,
        reference=row.reference,
        match_id=row.match_id,
        state=row.match_state,
        holder=step.holder,
        due=row.due,
        next_in_line=row.in_line,
    )
