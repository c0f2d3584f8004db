"""Find the days of a visit: ask the engine with the facts of the store, one offer's weeks at a time.

A confirmed match gets its first days automatically; other days are found when guest, host or the programme asks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from services.matching.engine.problem.weeks import WEEK, Period, monday
from services.matching.engine.schedule import Scheduled, SchedulePolicy, Unscheduled, VisitRequest, schedule
from services.matching.facts.model import hosting_periods, spans, weekly_places, weeks_of
from services.matching.facts.store import facts
from services.matching.lifecycle.store import visits as store
from shared.contracts.codes import Party
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.facts.store.facts import Call, Candidate, Seat
    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.mentorship import Mentorship
    from services.matching.lifecycle.model.visit import Visit
    from services.matching.lifecycle.store.visits import Mate
    from shared.contracts.applications import ApplicationProfile
    from shared.contracts.base import DatePeriod
    from shared.contracts.calls import CallTerms
    from shared.contracts.participation import VisitRequested
    from shared.contracts.visits import VisitOf


@dataclass(slots=True)
class Company:
    """The guests of some offers: places taken by week, and the groups, whose members start together.

    A group that has dates keeps places in its week for its members who have none yet.
    """

    weeks: dict[UUID, Counter[date]]
    mates: list[Mate]

    @classmethod
    async def at(cls, session: AsyncSession, offers: Sequence[UUID]) -> Self:
        """Return the guests of these offers."""
        return cls(await store.taken_weeks(session, offers), await store.mates(session, offers))

    def places_taken(self, offer_id: UUID, group_id: UUID | None = None) -> Counter[date]:
        """Return the places taken by week, with those that are kept for other groups."""
        taken = Counter(self.weeks.get(offer_id, Counter()))
        groups = {mate.group_id for mate in self.mates if mate.offer_id == offer_id} - {group_id}
        for group in sorted(groups):
            first, waiting = self._first(offer_id, group), self._waiting(offer_id, group)
            if first is not None:
                taken[monday(first)] += len(waiting)
        return taken

    def of(self, match_id: UUID, offer_id: UUID, group_id: UUID | None) -> tuple[date | None, int]:
        """Return the first day of a match's group, and how many places are needed: one if the group has its week."""
        if group_id is None:
            return None, 1
        first = self._first(offer_id, group_id)
        return first, 1 if first is not None else len({match_id, *self._waiting(offer_id, group_id)})

    def comes(self, match_id: UUID, offer_id: UUID, start: date) -> None:
        """Note that a match got dates."""
        self.weeks.setdefault(offer_id, Counter())[monday(start)] += 1
        self.mates = [replace(mate, start=start) if mate.match_id == match_id else mate for mate in self.mates]

    def leaves(self, match_id: UUID, offer_id: UUID, start: date) -> None:
        """Leave the dates of a match out of account."""
        self.weeks.setdefault(offer_id, Counter())[monday(start)] -= 1
        self.mates = [replace(mate, start=None) if mate.match_id == match_id else mate for mate in self.mates]

    def _first(self, offer_id: UUID, group_id: UUID) -> date | None:
        return min((visit.start for visit in self._group(offer_id, group_id) if visit.start is not None), default=None)

    def _waiting(self, offer_id: UUID, group_id: UUID) -> list[UUID]:
        return [visit.match_id for visit in self._group(offer_id, group_id) if visit.start is None]

    def _group(self, offer_id: UUID, group_id: UUID) -> list[Mate]:
        return [mate for mate in self.mates if (mate.offer_id, mate.group_id) == (offer_id, group_id)]


_GUESTS = frozenset({Party.GUEST, Party.MENTEE})
Answer = tuple[int, Scheduled | Unscheduled]


async def dates_for(
    session: AsyncSession, confirmed: Sequence[Match], candidates: Mapping[UUID, Candidate], calls: Mapping[UUID, Call]
) -> dict[UUID, Answer]:
    """Return the days wanted and the engine's answer for each confirmed match, by match.

    The offers are locked until the transaction ends, so that two transactions never fill the same week.
    """
    if not confirmed:
        return {}
    offers = await facts.seats(session, {match.seat_id for match in confirmed}, lock=True)
    company = await Company.at(session, list(offers))
    busy = await store.busy(session, [match.pairing.application_id for match in confirmed])
    answers: dict[UUID, Answer] = {}
    for match in sorted(confirmed, key=lambda each: each.proposed_at):
        pairing = match.pairing
        offer = offers[match.seat_id].placement_terms
        terms = calls[pairing.call_id].parsed_terms
        profile = candidates[pairing.application_id].parsed_profile
        days = max(min(offer.days, terms.maximum_days), terms.minimum_days)
        together, party = company.of(match.id, match.seat_id, profile.group_id)
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
            taken=company.places_taken(match.seat_id, profile.group_id),
            busy=tuple(busy.get(pairing.application_id, ())),
            party=party,
            together=together,
        )
        answer = schedule(request, policy(terms))
        answers[match.id] = days, answer
        if isinstance(answer, Scheduled):
            company.comes(match.id, match.seat_id, answer.start)
            busy.setdefault(pairing.application_id, []).append(Period(answer.start, answer.end))
    return answers


async def dates_for_pair(
    session: AsyncSession,
    mentorship: Mentorship,
    of: VisitOf,
    visit_request: VisitRequested,
    profile: ApplicationProfile,
    terms: CallTerms,
) -> Scheduled | Unscheduled:
    """Return the engine's answer for a visit that a mentoring pair asks for, within the time of its mentorship.

    It takes no places of an offer; neither of the two is in two places at once.
    """
    last = mentorship.until or max(period.end for period in visit_request.periods)
    periods = tuple(
        Period(period.start, min(period.end, last)) for period in visit_request.periods if period.start <= last
    )
    busy = await store.busy(session, [of.application_id])
    request = VisitRequest(
        candidate_id=str(of.application_id),
        seat_id=str(mentorship.plan.mentor_id),
        home_country=of.country,
        host_country=of.host_country,
        confirmed_on=clock.today(),
        days=visit_request.days,
        host_periods=periods,
        blackouts=spans(profile.blackouts),
        busy=(
            *busy.get(of.application_id, ()),
            *await store.busy_mentor(session, mentorship.plan.mentor_id),
        ),
    )
    return schedule(request, policy(terms))


def policy(terms: CallTerms, *, notice_weeks: int | None = None) -> SchedulePolicy:
    """Return the call's rules for dates; with `notice_weeks` another notice, if the call's has run already."""
    closed: dict[str, set[date]] = {}
    for closed_day in terms.closed_days:
        closed.setdefault(closed_day.country, set()).add(closed_day.day)
    return SchedulePolicy(
        notice_weeks=terms.timers.notice_weeks if notice_weeks is None else notice_weeks,
        minimum_days=terms.minimum_days,
        extra_holidays={country: frozenset(days) for country, days in closed.items()},
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """A request for other dates: who asks, for which periods (none: whenever both can), from which day on."""

    by: Party
    periods: tuple[DatePeriod, ...]
    earliest: date


async def other_dates(
    session: AsyncSession, match: Match, visit: Visit, candidate: Candidate, call: Call, wish: Wish
) -> Answer:
    """Return the days wanted and the engine's answer for a visit that is to be moved. The seat is locked.

    Periods that the guest gives replace the guest's own; those of the host replace the placement's, and in their weeks
    the host has at least one place. The six weeks' notice runs from the first confirmation.
    """
    seat = (await facts.seats(session, {match.seat_id}, lock=True))[match.seat_id]
    terms = call.parsed_terms
    profile = candidate.parsed_profile
    offer = seat.placement_terms if seat.kind == "placement" else None
    wanted = spans(wish.periods)
    days = visit.required_days
    mine = wanted if wish.by in _GUESTS else ()
    places: dict[date, int] | None = None
    if offer is None:
        # A pair agrees on its days by itself, within the mentor's time; no placement has a say.
        hosting = wanted or spans(seat.mentor_profile.periods)
    else:
        hosting, places = hosting_periods(offer, terms), weekly_places(offer, terms)
        if wanted and not mine:
            hosting = tuple(_common(wanted, spans(terms.visit_periods)))
            places = dict.fromkeys(weeks_of(hosting, (), min(terms.minimum_days, days)), 1) | places
    own = visit.plan
    company = await Company.at(session, [match.seat_id])
    busy = (await store.busy(session, [match.pairing.application_id])).get(match.pairing.application_id, [])
    if offer is None:
        busy = [*busy, *await store.busy_mentor(session, match.seat_id)]
    blackouts = spans(profile.blackouts)
    if own is not None:
        company.leaves(match.id, match.seat_id, own.start)
        busy = [period for period in busy if (period.first, period.last) != (own.start, own.end)]
        blackouts = (*blackouts, Period(own.start, own.end))
    together, party = (None, 1) if own is not None else company.of(match.id, match.seat_id, profile.group_id)
    request = VisitRequest(
        candidate_id=str(match.pairing.application_id),
        seat_id=str(match.seat_id),
        home_country=match.pairing.country,
        host_country=match.pairing.host_country,
        confirmed_on=max(match.since.date() + terms.timers.notice_weeks * WEEK, wish.earliest),
        days=days,
        host_periods=hosting,
        candidate_periods=mine or (() if offer is None else spans(profile.periods)),
        blackouts=blackouts,
        places=places,
        taken=company.places_taken(match.seat_id, profile.group_id),
        busy=tuple(busy),
        party=party,
        together=together,
    )
    return days, schedule(request, policy(terms, notice_weeks=0))


@dataclass(frozen=True, slots=True)
class Free:
    """Return whether a visit can move to the proposed days.

    At once, or once those who are asked to leave that week have left.
    """

    now: bool
    later: bool = False


async def still_free(
    session: AsyncSession, match: Match, visit: Visit, days: Sequence[date], candidate: Candidate, call: Call
) -> Free:
    """Return whether the week still has a place for the visit, and the guest no other visit. Locks the seat."""
    seat = (await facts.seats(session, {match.seat_id}, lock=True))[match.seat_id]
    busy = (await store.busy(session, [match.pairing.application_id])).get(match.pairing.application_id, [])
    own = (visit.plan.start, visit.plan.end) if visit.plan is not None else None
    if any((period.first, period.last) != own and period.holds(day) for period in busy for day in days):
        return Free(now=False)
    if seat.kind != "placement":
        return Free(now=True)
    week = monday(days[0])
    company = await Company.at(session, [match.seat_id])
    if visit.plan is not None:
        company.leaves(match.id, match.seat_id, visit.plan.start)
    places = places_of(seat, call)
    if company.places_taken(match.seat_id, candidate.group_id)[week] < max(places.get(week, 0), 1):
        return Free(now=True)
    request = await store.proposals(session, [match.seat_id])
    return Free(now=False, later=any(leaves(other, week) for other in request if other.id != visit.id))


def places_of(seat: Seat, call: Call) -> dict[date, int]:
    """Return the places a week of a placement; a week to which its host agreed has at least one."""
    return weekly_places(seat.placement_terms, call.parsed_terms)


def leaves(visit: Visit, week: date) -> bool:
    """Return whether a visit is asked to leave that week."""
    if visit.plan is None or visit.proposal is None:
        return False
    return monday(visit.plan.start) == week != monday(visit.proposal.days[0])


def _common(some: Sequence[Period], others: Sequence[Period]) -> list[Period]:
    """Return the parts of some periods that lie in others; all of them if there are no others."""
    if not others:
        return list(some)
    return [
        Period(max(period.first, other.first), min(period.last, other.last))
        for period in some
        for other in others
        if max(period.first, other.first) <= min(period.last, other.last)
    ]
