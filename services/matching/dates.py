"""Which days does a confirmed match get? Asks the engine with what the store knows, one offer's weeks at a time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from services.matching import store
from services.matching.engine.schedule import Scheduled, SchedulePolicy, Unscheduled, VisitRequest, schedule
from services.matching.engine.weeks import Period, monday
from services.matching.model.pool import hosting_periods, spans, weekly_places
from shared import clock
from shared.contracts.applications import ApplicationProfile
from shared.contracts.calls import CallTerms
from shared.contracts.offers import OfferTerms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.model.match import Match
    from services.matching.model.mentorship import Mentorship
    from services.matching.store.facts import Call, Candidate
    from shared.contracts.participation import VisitRequested
    from shared.contracts.visits import VisitOf

Answer = tuple[int, Scheduled | Unscheduled]


async def dates_for(
    session: AsyncSession, confirmed: Sequence[Match], candidates: Mapping[UUID, Candidate], calls: Mapping[UUID, Call]
) -> dict[UUID, Answer]:
    """Days wanted and the engine's answer for each confirmed match, by match.

    The offers are held until the transaction ends, so that two transactions never fill the same week.
    """
    if not confirmed:
        return {}
    offers = await store.facts.seats(session, {match.seat_id for match in confirmed}, lock=True)
    taken = await store.visits.taken_weeks(session, list(offers))
    busy = await store.visits.busy(session, [match.pairing.application_id for match in confirmed])
    answers: dict[UUID, Answer] = {}
    for match in sorted(confirmed, key=lambda one: one.proposed_at):
        pairing = match.pairing
        offer = OfferTerms.model_validate(offers[match.seat_id].terms)
        terms = CallTerms.model_validate(calls[pairing.call_id].terms)
        profile = ApplicationProfile.model_validate(candidates[pairing.application_id].profile)
        days = max(min(offer.days, terms.maximum_days), terms.minimum_days)
        request = VisitRequest(
            candidate_id=str(pairing.application_id),
            seat_id=str(match.seat_id),
            home_country=pairing.country,
            host_country=pairing.host_country,
            confirmed_on=clock.today(),
            days=days,
            host_periods=hosting_periods(offer, terms),
            candidate_periods=spans(profile.periods),
            blackouts=spans(profile.blackouts),
            places=weekly_places(offer, terms),
            taken=taken.get(match.seat_id, {}),
            busy=tuple(busy.get(pairing.application_id, ())),
        )
        policy = SchedulePolicy(notice_weeks=terms.timers.notice_weeks, minimum_days=terms.minimum_days)
        answer = schedule(request, policy)
        answers[match.id] = days, answer
        if isinstance(answer, Scheduled):
            taken.setdefault(match.seat_id, Counter())[monday(answer.start)] += 1
            busy.setdefault(pairing.application_id, []).append(Period(answer.start, answer.end))
    return answers


async def dates_for_pair(
    session: AsyncSession,
    mentorship: Mentorship,
    of: VisitOf,
    asked: VisitRequested,
    profile: ApplicationProfile,
    terms: CallTerms,
) -> Scheduled | Unscheduled:
    """The engine's answer for a visit that a mentoring pair asks for, within the time of its mentorship.

    No offer's places are taken; neither of the two is at two places at once.
    """
    last = mentorship.until or max(one.end for one in asked.periods)
    periods = tuple(Period(one.start, min(one.end, last)) for one in asked.periods if one.start <= last)
    busy = await store.visits.busy(session, [of.application_id])
    request = VisitRequest(
        candidate_id=str(of.application_id),
        seat_id=str(mentorship.plan.mentor_id),
        home_country=of.country,
        host_country=of.host_country,
        confirmed_on=clock.today(),
        days=asked.days,
        host_periods=periods,
        blackouts=spans(profile.blackouts),
        busy=(
            *busy.get(of.application_id, ()),
            *await store.visits.busy_mentor(session, mentorship.plan.mentor_id),
        ),
    )
    return schedule(request, SchedulePolicy(notice_weeks=terms.timers.notice_weeks, minimum_days=terms.minimum_days))
