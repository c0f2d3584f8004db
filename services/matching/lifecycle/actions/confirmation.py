"""Open the visit or the mentorship of a confirmed match, and the visit on which a mentoring pair agrees.

Each function returns the first step of the visit or mentorship; the unit of work records it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from services.matching.lifecycle.actions.dates import dates_for, dates_for_pair
from services.matching.lifecycle.model import mentorship as mentorships
from services.matching.lifecycle.model import visit as visits
from services.matching.lifecycle.store import visits as store
from shared.contracts.codes import ApplicationKind
from shared.contracts.lifecycle import Unit
from shared.contracts.mentorships import MentorshipPlan
from shared.contracts.visits import VisitOf
from shared.ids import new_id, reaction_id
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from services.matching.engine.schedule import Scheduled, Unscheduled
    from services.matching.facts.store.facts import Call, Candidate, Seat
    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.mentorship import Mentorship
    from services.matching.lifecycle.model.mentorship import Step as MentorshipStep
    from services.matching.lifecycle.model.visit import Step as VisitStep
    from shared.bus import Envelope, Tx
    from shared.contracts.applications import ApplicationProfile
    from shared.contracts.calls import CallTerms
    from shared.contracts.participation import VisitRequested


class Cases(Protocol):
    """The part of a unit of work that is needed to open a visit or a mentorship."""

    tx: Tx
    matches: dict[UUID, Match]
    mentorships: dict[UUID, Mentorship]
    calls: dict[UUID, Call]
    candidates: dict[UUID, Candidate]
    seats: dict[UUID, Seat]

    def terms(self, match: Match) -> CallTerms:
        """Return the terms of the match's call."""
        ...


async def visits_of(cases: Cases, confirmed: Mapping[UUID, Envelope | None]) -> list[tuple[VisitStep, Envelope | None]]:
    """Return the visits of those confirmed matches that are placements, each with its cause."""
    placed = {match_id: cases.matches[match_id] for match_id in confirmed}
    guests = [match for match in placed.values() if match.pairing.kind is ApplicationKind.STUDY_VISIT]
    answers = await dates_for(cases.tx.session, guests, cases.candidates, cases.calls)
    replaced = await store.replaced(cases.tx.session, list(answers))
    opened = []
    for match_id, (days, answer) in answers.items():
        match, cause = placed[match_id], confirmed[match_id]
        pairing = match.pairing
        of = VisitOf(
            match_id=match_id,
            application_id=pairing.application_id,
            call_id=pairing.call_id,
            offer_id=pairing.offer_id,
            country=pairing.country,
            host_country=pairing.host_country,
            host_organisation_id=pairing.host_organisation_id,
            rank_group=pairing.rank_group,
            topic=pairing.topic,
            fund_id=pairing.fund_id,
            group_id=_profile(cases, match).group_id,
            replaces=replaced.get(match_id),
        )
        step = visits.open_visit(
            _born_of(match_id, cause, "visit"),
            of,
            answer,
            days=days,
            agenda_due=_agenda_due(answer, cases.terms(match), of.host_country),
            now=clock.now(),
        )
        opened.append((step, cause))
    return opened


def mentorship_of(cases: Cases, match_id: UUID, cause: Envelope | None) -> MentorshipStep:
    """Return the mentorship of a confirmed match with a mentor."""
    match = cases.matches[match_id]
    terms, pairing = cases.terms(match), match.pairing
    assert pairing.mentor_id is not None
    now = clock.now()
    ends = [
        max(periods, default=None)
        for periods in (
            [period.end for period in _profile(cases, match).periods],
            [period.end for period in cases.seats[match.seat_id].mentor_profile.periods],
        )
    ]
    plan = MentorshipPlan(
        match_id=match.id,
        application_id=pairing.application_id,
        call_id=pairing.call_id,
        mentor_id=pairing.mentor_id,
        country=pairing.country,
        mentor_country=pairing.host_country,
        mentor_organisation_id=pairing.host_organisation_id,
        rank_group=pairing.rank_group,
        topic=pairing.topic,
        language=pairing.language,
        fund_id=pairing.fund_id,
    )
    return mentorships.open_mentorship(
        _born_of(match.id, cause, "mentorship"),
        plan,
        due=workdays.due(now, terms.timers.agreement_wd, Unit.WORKING_DAYS, pairing.country),
        until=min((end for end in ends if end is not None), default=None),
        sessions_to_complete=terms.sessions_to_complete,
        now=now,
    )


async def visit_of_pair(cases: Cases, match_id: UUID, request: VisitRequested, cause: Envelope) -> VisitStep:
    """Return the visit on which a mentoring pair agreed, with its dates or with why there are none."""
    match, mentorship = cases.matches[match_id], cases.mentorships[match_id]
    terms = cases.terms(match)
    mentor = cases.seats[match.seat_id].mentor_profile
    of = mentorships.pair_visit(mentorship, match.pairing, request.guest, mentor_rank=mentor.rank_group)
    answer = await dates_for_pair(cases.tx.session, mentorship, of, request, _profile(cases, match), terms)
    return visits.open_visit(
        _born_of(match_id, cause, "visit"),
        of,
        answer,
        days=request.days,
        agenda_due=_agenda_due(answer, terms, of.host_country),
        now=clock.now(),
    )


def _profile(cases: Cases, match: Match) -> ApplicationProfile:
    return cases.candidates[match.pairing.application_id].parsed_profile


def _agenda_due(answer: Scheduled | Unscheduled, terms: CallTerms, country: str) -> datetime | None:
    """Return by when both sides agree on the agenda; None without dates."""
    start = getattr(answer, "start", None)
    return start and workdays.due(start, -terms.timers.agenda_weeks, Unit.WEEKS, country)


def _born_of(match_id: UUID, cause: Envelope | None, what: str) -> UUID:
    """Return the id of the visit or mentorship that a match opens.

    Always the same for one cause, so that it opens once.
    """
    return new_id() if cause is None else reaction_id(cause.id, what, str(match_id))
