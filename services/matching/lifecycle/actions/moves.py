"""Move a visit: other dates are requested, found by the engine and accepted by both sides; else the old ones stand.

Used by consumers and by the sweep of deadlines; each function works on the unit of work of the transaction.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.engine.problem.weeks import monday
from services.matching.facts.store import facts as store
from services.matching.lifecycle.actions.dates import Company, Wish, leaves, other_dates, places_of, still_free
from services.matching.lifecycle.model import visit as visits
from services.matching.lifecycle.store import visits as lifecycle_visits
from shared.contracts import participation as participation_events
from shared.contracts.codes import VisitState
from shared.contracts.lifecycle import Unit
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from services.matching.lifecycle.actions.transitions import Transitions
    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.visit import Visit
    from shared.bus import Envelope


async def requested(cases: Transitions, event: Envelope) -> None:
    """Look for other dates: they are proposed to both sides, or taken at once by a visit that has none."""
    assert isinstance(event.data, participation_events.MoveRequested)
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


async def accepted(cases: Transitions, event: Envelope) -> None:
    """Record that one side accepts; once both have, the visit moves, unless its new week was taken meanwhile."""
    assert isinstance(event.data, participation_events.MoveAccepted)
    match, visit = cases.matches[UUID(event.subject)], cases.visits.get(UUID(event.subject))
    if visit is None or visit.proposal is None:
        return
    days = visit.proposal.days
    candidate, call = cases.candidates[match.pairing.application_id], cases.calls[match.pairing.call_id]
    free = await still_free(cases.tx.session, match, visit, days, candidate, call)
    step = visits.accept_move(
        visit,
        event.data.by,
        event.data.move,
        lawful=free.now,
        waits=free.later,
        agenda_due=agenda_due(cases, match, days[0]),
        at=event.time,
        now=clock.now(),
    )
    await cases.take_in(step, event)


async def settle(cases: Transitions) -> None:
    """Move those of one offer who agreed on a week that has fallen free, also if they swap weeks.

    The others wait as long as a visit is asked to leave their week; then they keep their dates.
    """
    session = cases.tx.session
    agreed = {
        match_id: visit
        for match_id, visit in cases.visits.items()
        if visit.proposal is not None and visit.proposal.agreed
    }
    seats = {cases.matches[match_id].seat_id for match_id in agreed}
    if len(seats) != 1:
        return
    (seat_id,) = seats
    seat = (await store.seats(session, seats, lock=True))[seat_id]
    call = cases.calls[next(iter(cases.matches.values())).pairing.call_id]
    company = await Company.at(session, [seat_id])
    weeks = {
        match_id: (monday(visit.plan.start), _new_week(visit))
        for match_id, visit in agreed.items()
        if visit.plan is not None
    }
    together = fit(weeks, company.places_taken(seat_id), places_of(seat, call))
    proposals = await lifecycle_visits.proposals(session, [seat_id])
    for match_id, visit in sorted(agreed.items()):
        lawful = match_id in together
        if not lawful and any(leaves(other, _new_week(visit)) for other in proposals if other.id != visit.id):
            continue
        assert visit.proposal is not None
        due = agenda_due(cases, cases.matches[match_id], visit.proposal.days[0])
        await cases.take_in(visits.settle_move(visit, lawful=lawful, agenda_due=due, now=clock.now()), None)


def fit(
    moves: Mapping[UUID, tuple[date, date]], taken: Mapping[date, int], places: Mapping[date, int]
) -> frozenset[UUID]:
    """Return which of these moves (from one week to another) can be made at once without overfilling any week.

    `taken` counts all guests in their present weeks. The moves that were requested last give way.
    """
    chosen = set(moves)
    while True:
        after = Counter(taken)
        for match_id in chosen:
            before, then = moves[match_id]
            after[before] -= 1
            after[then] += 1
        over = [
            match_id for match_id in chosen if after[moves[match_id][1]] > max(places.get(moves[match_id][1], 0), 1)
        ]
        if not over:
            return frozenset(chosen)
        chosen.discard(max(over))


def _new_week(visit: Visit) -> date:
    assert visit.proposal is not None
    return monday(visit.proposal.days[0])


async def refused(cases: Transitions, event: Envelope) -> None:
    """Record that one side refuses."""
    assert isinstance(event.data, participation_events.MoveRefused)
    if (visit := cases.visits.get(UUID(event.subject))) is not None:
        await cases.take_in(visits.refuse_move(visit, event.data.by, event.data.move, event.data.reason), event)


async def expired(cases: Transitions, match_id: UUID, now: datetime) -> None:
    """End a proposal whose time to answer was over at `now`.

    Answers given in time may still arrive for as long as the programme waits.
    """
    if (visit := cases.visits.get(match_id)) is not None and visit.proposal is not None:
        grace = timedelta(seconds=cases.terms(cases.matches[match_id]).timers.answer_grace_seconds)
        await cases.take_in(visits.expire_move(visit, now=now - grace), None)


def agenda_due(cases: Transitions, match: Match, start: date) -> datetime:
    """Return by when both sides agree on the agenda of a visit that starts on a day."""
    return workdays.due(start, -cases.terms(match).timers.agenda_weeks, Unit.WEEKS, match.pairing.host_country)
