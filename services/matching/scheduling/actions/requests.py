"""Read the visits of a call that could have other dates, as requests of the engine.

They are planned visits with announced dates, and visits without dates. Others (under way, waiting for answers to other
dates, of another call) take their places and keep their guests busy.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.schedule import VisitRequest
from services.matching.facts.model import hosting_periods, readable, spans, weekly_places
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.lifecycle.actions.dates import Company, policy
from services.matching.lifecycle.store import matches as lifecycle_matches
from services.matching.lifecycle.store import visits
from shared.contracts.applications import ApplicationProfile
from shared.contracts.lifecycle import Unit
from shared.contracts.offers import OfferTerms
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.engine.problem.weeks import Period
    from services.matching.engine.schedule import SchedulePolicy
    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.visit import Visit
    from shared.contracts.calls import CallTerms


@dataclass(frozen=True, slots=True)
class Batch:
    """Visits with their matches, in the order of the engine's requests; `version` is that of the call's facts."""

    call_id: UUID
    version: int
    visits: list[Visit]
    matches: dict[UUID, Match]
    requests: list[VisitRequest]
    policy: SchedulePolicy


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows read, by application, offer and match."""

    terms: CallTerms
    matches: Mapping[UUID, Match]
    profiles: Mapping[UUID, ApplicationProfile]
    offers: Mapping[UUID, OfferTerms]
    busy: Mapping[UUID, Sequence[Period]]


async def read_batch(session: AsyncSession, call_id: UUID, only: Collection[UUID] | None = None) -> Batch | None:
    """Return the visits of a call that could be planned again; None while the call is not known.

    With `only` those of these matches, and of their groups. A group of which some are left out is left out as a whole,
    for its members would start apart.
    """
    call = (await store.calls(session, [call_id])).get(call_id)
    pool = await pools.version(session, call_id)
    if call is None or pool is None:
        return None
    at = None
    if only is not None:
        at = {match.seat_id for match in (await lifecycle_matches.by_id(session, only)).values()}
    found = await visits.to_plan(session, call_id, clock.today(), at)
    matches = await lifecycle_matches.by_id(session, [visit.of.match_id for visit in found])
    candidates = await store.candidates(session, [visit.of.application_id for visit in found])
    offers = await store.seats(session, {match.seat_id for match in matches.values()})
    busy = await visits.busy(session, list(candidates))
    company = await Company.at(session, list(offers))

    def put_together() -> Batch:
        terms = call.parsed_terms
        profiles = readable(ApplicationProfile, {id_: row.profile for id_, row in candidates.items()})
        hosts = readable(OfferTerms, {id_: row.terms for id_, row in offers.items()})
        known = _Read(terms, matches, profiles, hosts, busy)
        # Whose guest or host cannot be read keeps its dates: it is set aside where it is looked at alone.
        sound = [
            visit
            for visit in found
            if visit.of.application_id in profiles and matches[visit.of.match_id].seat_id in hosts
        ]
        return _batch(call_id, pool.input_version, sound, known, company, only)

    # Thousands of visits take a second: the event loop goes on meanwhile.
    return await asyncio.to_thread(put_together)


def _batch(
    call_id: UUID,
    version: int,
    found: Sequence[Visit],
    read_rows: _Read,
    company: Company,
    only: Collection[UUID] | None,
) -> Batch:
    chosen = _chosen(found, read_rows, company, only)
    for visit in chosen:
        if visit.plan is not None:
            company.leaves(visit.of.match_id, read_rows.matches[visit.of.match_id].seat_id, visit.plan.start)
    return Batch(
        call_id=call_id,
        version=version,
        visits=chosen,
        matches={visit.of.match_id: read_rows.matches[visit.of.match_id] for visit in chosen},
        requests=_requests(chosen, read_rows, company),
        policy=policy(read_rows.terms, notice_weeks=0),
    )


def answer_due(match: Match, terms: CallTerms) -> datetime:
    """Return the deadline of guest and host for other dates that are proposed now."""
    return workdays.due(clock.now(), terms.timers.answer_wd, Unit.WORKING_DAYS, match.pairing.country)


def earliest(match: Match, terms: CallTerms, *, announced: bool) -> date:
    """Return the first day on which a visit may begin: after the notice.

    Other dates than the announced ones leave time to answer and to agree on the agenda.
    """
    noticed: date = match.since.date() + terms.timers.notice_weeks * WEEK
    if not announced:
        return max(noticed, clock.today())
    return max(noticed, answer_due(match, terms).date() + timedelta(weeks=terms.timers.agenda_weeks))


def _chosen(found: Sequence[Visit], read_rows: _Read, company: Company, only: Collection[UUID] | None) -> list[Visit]:
    """Return the visits to plan: whole groups, as far as all that belongs to them has arrived."""
    there = [
        visit
        for visit in found
        if visit.of.match_id in read_rows.matches
        and visit.of.application_id in read_rows.profiles
        and read_rows.matches[visit.of.match_id].seat_id in read_rows.offers
    ]
    within = {visit.of.match_id for visit in there}
    apart = {mate.group_id for mate in company.mates if mate.start is not None and mate.match_id not in within}
    groups = {visit.of.match_id: read_rows.profiles[visit.of.application_id].group_id for visit in there}
    wanted = {groups.get(match_id) for match_id in only or ()} - {None}
    return [
        visit
        for visit in there
        if groups[visit.of.match_id] not in apart
        and (only is None or visit.of.match_id in only or groups[visit.of.match_id] in wanted)
    ]


def _requests(chosen: Sequence[Visit], read_rows: _Read, company: Company) -> list[VisitRequest]:
    hosting = {offer_id: hosting_periods(offer, read_rows.terms) for offer_id, offer in read_rows.offers.items()}
    places = {offer_id: weekly_places(offer, read_rows.terms) for offer_id, offer in read_rows.offers.items()}
    taken = {offer_id: company.places_taken(offer_id) for offer_id in read_rows.offers}
    # Those of a group without a visit so far are not planned, but need a place beside the others: the first has it.
    waiting: dict[UUID, int] = defaultdict(int)
    planned = {visit.of.match_id for visit in chosen}
    for mate in company.mates:
        waiting[mate.group_id] += mate.match_id not in planned
    requests = []
    for visit in chosen:
        match, profile = read_rows.matches[visit.of.match_id], read_rows.profiles[visit.of.application_id]
        plan = visit.plan
        own = (plan.start, plan.end) if plan is not None else None
        requests.append(
            VisitRequest(
                candidate_id=str(visit.of.application_id),
                seat_id=str(match.seat_id),
                home_country=match.pairing.country,
                host_country=match.pairing.host_country,
                confirmed_on=earliest(match, read_rows.terms, announced=plan is not None),
                days=visit.required_days,
                host_periods=hosting[match.seat_id],
                candidate_periods=spans(profile.periods),
                blackouts=spans(profile.blackouts),
                places=places[match.seat_id],
                taken=taken[match.seat_id],
                busy=tuple(
                    period
                    for period in read_rows.busy.get(visit.of.application_id, ())
                    if (period.first, period.last) != own
                ),
                party=1 + (waiting.pop(profile.group_id, 0) if profile.group_id else 0),
                group_id=str(profile.group_id) if profile.group_id else None,
                announced=plan.days if plan is not None else (),
            )
        )
    return requests
