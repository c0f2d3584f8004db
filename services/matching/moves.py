"""How does a visit get other dates? Asked for, found by the engine, accepted by both; else the old ones stand.

Used by consumers and by the sweep of deadlines; each function works on the cases of the transaction.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.dates import Wish, other_dates, still_free
from services.matching.model import visit as visits
from shared import clock, workdays
from shared.contracts import participation as told
from shared.contracts.codes import VisitState
from shared.contracts.lifecycle import Unit

if TYPE_CHECKING:
    from datetime import date, datetime

    from services.matching.casework import Cases
    from services.matching.model.match import Match
    from shared.bus import Envelope


async def requested(cases: Cases, event: Envelope) -> None:
    """Other dates are looked for: proposed to both sides, or for a visit that has none, taken."""
    assert isinstance(event.data, told.MoveRequested)
    match, visit = cases.matches[UUID(event.subject)], cases.visits.get(UUID(event.subject))
    if visit is None or visit.state not in visits.NOT_BEGUN or visit.proposal is not None:
        return
    terms, now = cases.terms(match), clock.now()
    call = cases.calls[match.pairing.call_id]
    due = workdays.due(now, terms.timers.answer_wd, Unit.WORKING_DAYS, match.pairing.country)
    first = visit.state is VisitState.UNSCHEDULABLE
    # Both have time to answer, and then to agree on the agenda.
    earliest = clock.today() if first else due.date() + timedelta(weeks=terms.timers.agenda_weeks)
    wish = Wish(event.data.by, event.data.periods, earliest)
    candidate = cases.candidates[match.pairing.application_id]
    days, answer = await other_dates(cases.tx.session, match, visit, candidate, call, wish)
    if first:
        start = getattr(answer, "start", None)
        step = visits.find_dates(
            visit, answer, days=days, agenda_due=start and agenda_due(cases, match, start), now=now
        )
    else:
        step = visits.propose_move(visit, answer, event.data.by, event.data.reason, due=due, now=now)
    await cases.take_in(step, event)


async def accepted(cases: Cases, event: Envelope) -> None:
    """One side accepts; once both have, the visit moves, unless its new week was taken meanwhile."""
    assert isinstance(event.data, told.MoveAccepted)
    match, visit = cases.matches[UUID(event.subject)], cases.visits.get(UUID(event.subject))
    if visit is None or visit.proposal is None:
        return
    days = visit.proposal.days
    step = visits.accept_move(
        visit,
        event.data.by,
        event.data.move,
        lawful=await still_free(
            cases.tx.session,
            match,
            visit,
            days,
            cases.candidates[match.pairing.application_id],
            cases.calls[match.pairing.call_id],
        ),
        agenda_due=agenda_due(cases, match, days[0]),
        at=event.time,
        now=clock.now(),
    )
    await cases.take_in(step, event)


async def refused(cases: Cases, event: Envelope) -> None:
    """One side refuses."""
    assert isinstance(event.data, told.MoveRefused)
    if (visit := cases.visits.get(UUID(event.subject))) is not None:
        await cases.take_in(visits.refuse_move(visit, event.data.by, event.data.move, event.data.reason), event)


async def expired(cases: Cases, match_id: UUID) -> None:
    """The time to answer is over; answers given in time may still arrive for as long as the programme waits."""
    if (visit := cases.visits.get(match_id)) is not None and visit.proposal is not None:
        grace = timedelta(seconds=cases.terms(cases.matches[match_id]).timers.answer_grace_seconds)
        await cases.take_in(visits.expire_move(visit, now=clock.now() - grace), None)


def agenda_due(cases: Cases, match: Match, start: date) -> datetime:
    """By when both agree on the agenda of a visit that starts on a day."""
    return workdays.due(start, -cases.terms(match).timers.agenda_weeks, Unit.WEEKS, match.pairing.host_country)
