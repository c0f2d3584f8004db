"""Read the facts of cases from which their next steps follow, many at once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from services.matching.facts.store import facts as facts_store
from services.matching.facts.views import some_calls
from services.matching.lifecycle.store import case_records, matches, mentorships, visits
from services.matching.lifecycle.store.case_records import AGENDA, CERTIFICATE, PREPARED
from shared.contracts.calls import Timers
from shared.contracts.codes import ApplicationKind, ApplicationState, MatchState, Party, Side, VisitState
from shared.contracts.codes import AudienceKind as A
from shared.next_steps import CaseFacts, MatchFacts, PairFacts, VisitFacts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.mentorship import Mentorship
    from services.matching.lifecycle.model.visit import Visit
    from services.matching.lifecycle.store.case_records import CaseRecord

_SIDES: dict[str, A] = {
    Party.GUEST: A.APPLICANT,
    Party.MENTEE: A.APPLICANT,
    Party.HOST: A.HOST_CONTACT,
    Party.MENTOR: A.MENTOR,
    Party.HOME_COORDINATOR: A.HOME_COORDINATOR,
}
_OF_ACCEPTED = {Side.HOME: A.APPLICANT, Side.HOST: A.HOST_CONTACT}


async def case_facts(session: AsyncSession, stages: Mapping[UUID, str]) -> dict[UUID, CaseFacts]:
    """Return the facts of these applications, by id; `stages` says in which stage the board shows each."""
    candidates = await facts_store.candidates(session, stages)
    calls = await some_calls(session, {row.call_id for row in candidates.values()})
    timers = {id_: terms.timers if (terms := calls.terms(row.call_id)) else Timers() for id_, row in candidates.items()}
    standing, reserves = await _matches(session, candidates)
    of_visits = await _visits(session, await visits.of_applications(session, candidates), timers)
    of_pairs = await _pairs(session, await mentorships.of_applications(session, candidates), timers)
    return {
        id_: CaseFacts(
            kind=ApplicationKind(row.kind),
            country=row.country,
            state=ApplicationState(row.state),
            due=row.due,
            match=standing.get(id_),
            reserve=reserves.get(id_),
            visits=of_visits.get(id_, ()),
            pair=of_pairs.get(id_),
            in_line=stages[id_] == "waitlisted",
            cleared_ahead=stages[id_] == "waitlisted_cleared",
            over=stages[id_] == "ended",
        )
        for id_, row in candidates.items()
    }


async def _matches(
    session: AsyncSession, ids: Collection[UUID]
) -> tuple[dict[UUID, MatchFacts], dict[UUID, MatchFacts]]:
    """Return, by application, the match that stands, and the one that is cleared beforehand."""
    found = await matches.standing_of_applications(session, ids)
    standing = {match.pairing.application_id: _match(match) for match in found if not match.reserve}
    reserves = {match.pairing.application_id: _match(match) for match in found if match.reserve}
    return standing, reserves


def _match(match: Match) -> MatchFacts:
    pairing = match.pairing
    kind = ApplicationKind.MENTEE if pairing.mentor_id is not None else ApplicationKind.STUDY_VISIT
    host = A.MENTOR if kind is ApplicationKind.MENTEE else A.HOST_CONTACT
    accepted = [
        *([A.APPLICANT] if match.applicant_accepted else []),
        *([host] if match.host_accepted else []),
    ]
    return MatchFacts(
        state=MatchState(match.state),
        kind=kind,
        country=pairing.country,
        host_country=pairing.host_country,
        due=match.due,
        home_cleared=match.home_cleared,
        accepted=accepted,
        reserve=match.reserve,
    )


async def _visits(
    session: AsyncSession, found: Sequence[Visit], timers: Mapping[UUID, Timers]
) -> dict[UUID, list[VisitFacts]]:
    """Return, by application, the facts of its visits."""
    ids = [visit.id for visit in found]
    rows = await case_records.of_subjects(session, ids)
    dated = await case_records.dated_at(session, [visit.id for visit in found if visit.state is VisitState.SCHEDULED])
    days = await visits.attendance(session, ids)
    facts: dict[UUID, list[VisitFacts]] = defaultdict(list)
    for visit in found:
        of = visit.of.application_id
        attended = any(days.get(visit.id, {}).values())
        facts[of].append(_visit(visit, rows[visit.id], timers[of], dated.get(visit.id), attended=attended))
    return facts


def _visit(
    visit: Visit, rows: Sequence[CaseRecord], timers: Timers, dated: datetime | None, *, attended: bool
) -> VisitFacts:
    versions = {row.party: row.version for row in rows if row.kind == AGENDA}
    newest = max(versions.values(), default=1)
    ready = [row.party for row in rows if row.kind == PREPARED and (dated is None or row.at >= dated)]
    proposal = visit.proposal
    return VisitFacts(
        state=visit.state,
        country=visit.of.country,
        timers=timers,
        start=visit.plan.start if visit.plan else None,
        end=visit.plan.end if visit.plan else None,
        agenda_due=visit.agenda_due,
        agreed=frozenset(_SIDES[party] for party, version in versions.items() if version == newest),
        prepared=frozenset(_SIDES[party] for party in ready),
        move_due=proposal.due if proposal is not None else None,
        move_accepted=frozenset(_OF_ACCEPTED[side] for side in proposal.accepted) if proposal is not None else (),
        ended_on=visit.ended_on,
        attended=attended,
        certified=any(row.kind == CERTIFICATE for row in rows),
        received=_forms(rows),
    )


async def _pairs(
    session: AsyncSession, found: Sequence[Mentorship], timers: Mapping[UUID, Timers]
) -> dict[UUID, PairFacts]:
    """Return the facts of the newest mentorship of each application."""
    ids = [pair.id for pair in found]
    rows = await case_records.of_subjects(session, ids)
    progress = await mentorships.progress(session, ids)
    facts = {}
    for pair in found:
        signed = progress[pair.id].signed
        facts[pair.plan.application_id] = PairFacts(
            state=pair.state,
            country=pair.plan.country,
            timers=timers[pair.plan.application_id],
            due=pair.due,
            signed=frozenset(_SIDES[party] for party in signed[max(signed)].by) if signed else frozenset(),
            until=pair.until,
            missing=max(0, pair.sessions_to_complete - progress[pair.id].sessions),
            ended_on=pair.ended_on,
            received=_forms(rows[pair.id]),
        )
    return facts


def _forms(rows: Sequence[CaseRecord]) -> frozenset[tuple[str, str]]:
    return frozenset((row.kind, row.party) for row in rows if row.kind not in {AGENDA, PREPARED, CERTIFICATE})
