"""Read the facts of applications from which their next steps follow, many at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from services.applications.application.store import standings
from services.applications.calls import store as calls_store
from services.applications.certificates import store as certificates_store
from services.applications.matches.store import matches, participation
from services.applications.mentorships.model.agreement import in_force, to_sign
from services.applications.mentorships.model.sessions import totals
from services.applications.mentorships.store import agreements
from services.applications.mentorships.store import mentorships as mentorships_store
from services.applications.mentorships.store import sessions as sessions_store
from services.applications.mentorships.views.requests import planned_end
from services.applications.outcomes import store as outcomes_store
from services.applications.preparation.views import readiness
from services.applications.visits import store as visits_store
from shared.contracts.calls import Timers
from shared.contracts.codes import Answer, ApplicationState, Party, Side, VisitState
from shared.contracts.codes import AudienceKind as A
from shared.contracts.lifecycle.state_sets import MENTORSHIP_GOING, VISIT_GOING
from shared.next_steps import CaseFacts, MatchFacts, PairFacts, VisitFacts
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from services.applications.application.store.standings import Standing
    from services.applications.mentorships.model.agreement import Version
    from services.applications.mentorships.store.mentorships import Mentorship
    from services.applications.visits.store import Visit
    from shared.contracts.calls import CallTerms

SIDES: dict[Party, A] = {
    Party.GUEST: A.APPLICANT,
    Party.MENTEE: A.APPLICANT,
    Party.HOST: A.HOST_CONTACT,
    Party.MENTOR: A.MENTOR,
    Party.HOME_COORDINATOR: A.HOME_COORDINATOR,
}
"""The audience that each party of a case is, as deadlines name them."""

_OVER = frozenset({ApplicationState.COMPLETED, ApplicationState.ENDED})


def readers(parties: Collection[Party]) -> frozenset[A]:
    """Return as whom a reader with these parties is addressed as "you": one of the two sides, no coordinator."""
    sides = {Party.GUEST, Party.MENTEE, Party.HOST, Party.MENTOR}
    return frozenset(SIDES[party] for party in set(parties) & sides)


def bare_facts(
    application: Application, projected: Standing | None = None, call: calls_store.Call | None = None
) -> CaseFacts:
    """Return the facts of an application of which nothing has come yet; of a draft with its call's deadline."""
    state = application.own_state
    shown = None if projected is None else ApplicationState(projected.state)
    return CaseFacts(
        kind=application.for_,
        country=application.country,
        state=state,
        due=call.deadline if state is ApplicationState.DRAFT and call is not None else application.due,
        in_line=shown is ApplicationState.WAITLISTED,
        cleared_ahead=projected is not None and projected.cleared_ahead,
        over=shown in _OVER,
    )


async def case_facts(session: AsyncSession, applications: Sequence[Application]) -> dict[UUID, CaseFacts]:
    """Return the facts of these applications, by id."""
    if not applications:
        return {}
    calls = await calls_store.calls_by_id(session, {application.call_id for application in applications})
    projected = await standings.standings_of(session, [application.id for application in applications])
    found = {
        application.id: bare_facts(application, projected.get(application.id), calls.get(application.call_id))
        for application in applications
    }
    # Before something was proposed for an application, it has neither matches nor what follows from one.
    matched = [application for application in applications if application.id in projected]
    if matched:
        standing, reserves = await _matches(session, [application.id for application in matched])
        visits, pairs = await _followed(session, {row.id: calls[row.call_id] for row in matched}, calls)
        for id_ in (application.id for application in matched):
            found[id_] = replace(
                found[id_],
                match=standing.get(id_),
                reserve=reserves.get(id_),
                visits=visits.get(id_, ()),
                pair=pairs.get(id_),
            )
    return found


async def match_facts(session: AsyncSession, found: Sequence[matches.Match]) -> dict[UUID, MatchFacts]:
    """Return the facts of these matches, by id."""
    if not found:
        return {}
    ids = [match.id for match in found]
    cleared = await participation.clearances(session, ids)
    answers = await participation.answers(session, ids)
    facts = {}
    for match in found:
        home = cleared[match.id].get(Side.HOME)
        facts[match.id] = MatchFacts(
            state=match.stands,
            kind=match.for_,
            country=match.country,
            host_country=match.host_country,
            due=home.host_due
            if home is not None and home.granted and Side.HOST not in cleared[match.id]
            else match.due,
            home_cleared=home is not None and home.granted,
            refused=any(not decision.granted for decision in cleared[match.id].values()),
            accepted=frozenset(SIDES[party] for party, said in answers[match.id].items() if said is Answer.ACCEPT),
            reserve=match.reserve,
        )
    return facts


async def visit_facts(session: AsyncSession, visit: Visit) -> VisitFacts:
    """Return the facts of one visit."""
    calls = await calls_store.calls_by_id(session, {visit.call_id})
    return (await _visits(session, [visit], calls))[visit.id]


async def pair_facts(session: AsyncSession, pair: Mentorship, call: calls_store.Call) -> PairFacts:
    """Return the facts of one mentorship, whose match belongs to that call."""
    return (await _pairs(session, [pair], {pair.id: call.terms}))[pair.id]


async def _matches(
    session: AsyncSession, ids: Collection[UUID]
) -> tuple[dict[UUID, MatchFacts], dict[UUID, MatchFacts]]:
    """Return, by application, the match that stands, and the one that is cleared beforehand."""
    found = await matches.standing_of_applications(session, ids)
    facts = await match_facts(session, found)
    standing = {match.application_id: facts[match.id] for match in found if not match.reserve}
    reserves = {match.application_id: facts[match.id] for match in found if match.reserve}
    return standing, reserves


async def _followed(
    session: AsyncSession, call_of: Mapping[UUID, calls_store.Call], calls: Mapping[UUID, calls_store.Call]
) -> tuple[dict[UUID, list[VisitFacts]], dict[UUID, PairFacts]]:
    """Return, by application, its visits and its newest mentorship; `call_of` is the call of each application."""
    visits = await visits_store.of_applications(session, call_of)
    facts = await _visits(session, visits, calls)
    pairs = await mentorships_store.of_applications(session, call_of)
    of_pairs = await _pairs(session, pairs, {pair.id: call_of[pair.application_id].terms for pair in pairs})
    by_application: dict[UUID, list[VisitFacts]] = defaultdict(list)
    for visit in visits:
        by_application[visit.application_id].append(facts[visit.id])
    return by_application, {pair.application_id: of_pairs[pair.id] for pair in pairs}


async def _visits(
    session: AsyncSession, visits: Sequence[Visit], calls: Mapping[UUID, calls_store.Call]
) -> dict[UUID, VisitFacts]:
    if not visits:
        return {}
    ids = [visit.id for visit in visits]
    going = [visit for visit in visits if visit.stands in VISIT_GOING]
    agreed = await visits_store.agreements_of(session, [visit.id for visit in going])
    newest = await visits_store.newest_agendas(session, [visit.id for visit in going])
    moving = [visit for visit in going if visit.proposal is not None]
    answered = await visits_store.answered(session, [(visit.id, visit.moves) for visit in moving])
    lists = await readiness.checklists(session, [visit for visit in going if visit.stands is VisitState.SCHEDULED])
    received = await _received(session, ids)
    certified = await certificates_store.certified(session, ids)
    return {
        visit.id: VisitFacts(
            state=visit.stands,
            country=visit.country,
            timers=calls[visit.call_id].terms.timers if visit.call_id in calls else Timers(),
            start=visit.start,
            end=visit.end,
            agenda_due=visit.agenda_due,
            agreed=frozenset(
                SIDES[party]
                for party, version in agreed.get(visit.id, {}).items()
                if version == newest.get(visit.id, visits_store.FIRST_AGENDA)
            ),
            prepared=frozenset(SIDES[party] for party in lists[visit.id].ready) if visit.id in lists else frozenset(),
            move_due=visit.proposal.due if visit.proposal is not None else None,
            move_accepted=frozenset(SIDES[party] for id_, party in answered if id_ == visit.id),
            ended_on=visit.ended_on,
            attended=bool(visit.attended),
            certified=visit.id in certified,
            received=received[visit.id],
        )
        for visit in visits
    }


async def _pairs(
    session: AsyncSession, pairs: Sequence[Mentorship], terms: Mapping[UUID, CallTerms]
) -> dict[UUID, PairFacts]:
    if not pairs:
        return {}
    ids = [pair.id for pair in pairs]
    versions = await agreements.of_mentorships(session, ids)
    going = [pair.id for pair in pairs if pair.stands in MENTORSHIP_GOING]
    sessions = await sessions_store.of_mentorships(session, going) if going else {}
    received, now = await _received(session, ids), clock.now()
    facts = {}
    for pair in pairs:
        current = to_sign(versions[pair.id], now) or in_force(versions[pair.id])
        logged = [each.as_logged for each in sessions.get(pair.id, ())]
        signed = next((version.signed for version in versions[pair.id] if version.number == current), frozenset())
        facts[pair.id] = PairFacts(
            state=pair.stands,
            country=pair.country,
            timers=terms[pair.id].timers,
            due=pair.due,
            signed=frozenset(SIDES[party] for party in signed),
            until=_planned_end(pair, versions[pair.id]),
            missing=totals(logged, terms[pair.id].sessions_to_complete).needed,
            ended_on=pair.ended_on,
            received=received[pair.id],
        )
    return facts


def _planned_end(pair: Mentorship, versions: Sequence[Version]) -> date | None:
    """Return the end that the agreement in force names, else the last day that both can."""
    number = in_force(versions)
    agreed = next((version.until for version in versions if version.number == number), None)
    return planned_end(pair, agreed)


async def _received(session: AsyncSession, subjects: Collection[UUID]) -> dict[UUID, set[tuple[str, str]]]:
    received: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for subject, what, of in await outcomes_store.of_subjects(session, subjects):
        received[subject].add((what, of))
    return received
