"""Answer other dates that somebody asked for again as the first time, or say what is true now of the visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.matching.engine.problem.weeks import monday
from services.matching.lifecycle import views as lifecycle
from services.matching.lifecycle.store import history
from services.matching.lifecycle.store import visits as lifecycle_visits
from services.matching.scheduling.model import Proposed
from shared.bus.db.outdated import more_said
from shared.contracts.codes import VisitState
from shared.contracts.visits import VisitMoveProposed, VisitScheduled
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.lifecycle.model.visit import Visit
    from shared.bus.db.outdated import Outdated
    from shared.contracts.codes import Reason


@dataclass(frozen=True, slots=True)
class NewDates:
    """The dates that somebody has proposed or given to a visit; `moved_days` as in `Proposed`."""

    days: tuple[date, ...]
    only_proposed: bool
    moved_days: int


async def moved_before(session: AsyncSession, by: str, match_id: UUID, week: date, reason: Reason) -> Proposed | None:
    """Return what this person has proposed by just this move of a visit and its group, if it still counts."""
    visit = (await lifecycle_visits.of_matches(session, [match_id])).get(match_id)
    if visit is None:
        return None
    visits = [visit, *await lifecycle_visits.group_mates(session, visit)]
    found = {each.of.match_id: await _new_dates(session, by, each, reason) for each in visits}
    own = found[match_id]
    if own is None or monday(own.days[0]) != monday(week):
        return None
    return _proposed(found)


async def planned_before(
    session: AsyncSession, by: str, wanted: Mapping[UUID, tuple[date, ...]], reason: Reason
) -> Proposed | None:
    """Return what this person has proposed by these moves of a plan, if all of them still count."""
    visits = await lifecycle_visits.of_matches(session, wanted)
    found = {match_id: await _new_dates(session, by, visit, reason) for match_id, visit in visits.items()}
    same = {match_id: each.days for match_id, each in found.items() if each is not None} == wanted
    return _proposed(found) if wanted and same else None


def _proposed(found: Mapping[UUID, NewDates | None]) -> Proposed:
    known = {match_id: each for match_id, each in found.items() if each is not None}
    return Proposed(
        {match_id: each.days for match_id, each in known.items()},
        frozenset(match_id for match_id, each in known.items() if each.only_proposed),
        sum(each.moved_days for each in known.values()),
    )


async def _new_dates(session: AsyncSession, by: str, visit: Visit, reason: Reason) -> NewDates | None:
    """Return the dates that this person proposed last, or gave a visit without any; None if they do not count now."""
    present = visit.plan.days if visit.plan is not None else ()
    if visit.state is VisitState.CANCELLED:
        return None
    for past in reversed(await history.facts(session, VisitMoveProposed.topic, visit.id)):
        event = past.event
        if isinstance(event, VisitMoveProposed):
            waits = visit.proposal is not None and visit.proposal.number == event.move
            if past.actor != by or event.reason != reason or not (waits or present == event.days):
                return None
            return NewDates(event.days, only_proposed=True, moved_days=abs((event.start - event.plan.start).days))
        if isinstance(event, VisitScheduled):
            return (
                NewDates(present, only_proposed=False, moved_days=0)
                if past.actor == by and event.plan.days == present
                else None
            )
    return None


async def with_state(session: AsyncSession, match_id: UUID, refusal: Refused | Outdated) -> Refused | Outdated:
    """Return a refusal with the present state of the visit, where that is the reason."""
    if refusal.code not in {ProblemCode.WRONG_STATE, ProblemCode.OUTDATED}:
        return refusal
    visits = await lifecycle_visits.of_matches(session, [match_id])
    return more_said(refusal, await lifecycle.visits_in_words(session, list(visits.values())))


async def cannot_move(session: AsyncSession, match_id: UUID) -> Refused:
    """Return why the dates of a visit cannot be changed now: of the visit itself, or of another one of its group."""
    visit = (await lifecycle_visits.of_matches(session, [match_id])).get(match_id)
    if visit is None:
        return Refused(gettext("There is no such visit."), 404)
    company = [visit, *await lifecycle_visits.group_mates(session, visit)]
    fixed = [each for each in company if each.fixed]
    sentences = await lifecycle.visits_in_words(session, fixed[:1])
    return Refused(" ".join((gettext("The dates of this visit cannot be changed now."), *sentences)))


async def overtaken(session: AsyncSession, match_ids: Iterable[UUID]) -> Refused:
    """Return why moves of a plan cannot be proposed now, with what is true of the first of these visits."""
    visits: Sequence[Visit] = list((await lifecycle_visits.of_matches(session, sorted(match_ids))).values())
    sentences = await lifecycle.visits_in_words(session, visits[:1])
    again = gettext("Facts have changed since this plan was made. Plan the visits again.")
    return Refused(" ".join((again, *sentences)), code=ProblemCode.EDIT_CONFLICT)
