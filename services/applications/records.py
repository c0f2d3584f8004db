"""List the records that people change in the portal, by the parameters of the addresses that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.applications.application.model.answers import FIELDS
from services.applications.application.model.companions import state_in_words as companion_in_words
from services.applications.application.store.applications import Application
from services.applications.application.store.companions import Companion
from services.applications.application.store.standings import Standing
from services.applications.calls.model.entry import SECTIONS
from services.applications.calls.model.rule_fields import RULE_FIELDS, TIMER_FIELDS
from services.applications.calls.store import Call, CallDraft
from services.applications.candidates.store import CandidateChoice
from services.applications.certificates.store import Certificate, Issue
from services.applications.matches.store.matches import UNCONFIRMED, Match
from services.applications.matches.store.participation import Clearance
from services.applications.mentors.store import Mentor
from services.applications.mentorships.model.sessions import SessionState
from services.applications.mentorships.store.agreements import Agreement
from services.applications.mentorships.store.goals import Goal, GoalNote
from services.applications.mentorships.store.meetings import Meeting
from services.applications.mentorships.store.mentorships import Mentorship
from services.applications.mentorships.store.pauses import Pause
from services.applications.mentorships.store.sessions import PairSession
from services.applications.mentorships.store.visits import PairVisit
from services.applications.needs.model import upload_in_words
from services.applications.needs.store import Need, NeedImport
from services.applications.oversight.store.incidents import Incident, Note
from services.applications.partners.store import DecidedCase, Decision
from services.applications.placements.store import Offer
from services.applications.preparation.store import Cost, StoredSheet, TravelRule
from services.applications.record_facts import FACTS
from services.applications.register.store.entries import Exclusion, Fund, Organisation, Partner, Person
from services.applications.register.store.proposals import Proposal
from services.applications.review.store import Appeal
from services.applications.transitions import state_word
from services.applications.visits.store import (
    Agenda,
    Attendance,
    MoveRequest,
    Statement,
    Visit,
)
from shared.bus.db.records import Part, Record
from shared.contracts.codes import ApplicationState, CallState
from shared.identity.versions import Records
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_APPLICATION = (Part(Appeal, "application_id"), Part(Standing, "application_id"))
_OF_SEAT = (Part(CandidateChoice, "seat_id"),)
# What each side answers or signs for itself is left out: nobody need read the other's answer before their own.
_OF_MATCH = (Part(Clearance, "match_id"),)
_OF_VISIT = (
    Part(Agenda, "visit_id"),
    Part(Attendance, "visit_id"),
    Part(MoveRequest, "visit_id"),
    Part(StoredSheet, "visit_id"),
    Part(Statement, "match_id", of="match_id"),
)
_OF_MENTORSHIP = (
    Part(Agreement, "mentorship_id"),
    Part(Goal, "mentorship_id"),
    Part(GoalNote, "mentorship_id"),
    Part(Meeting, "mentorship_id"),
    Part(PairSession, "mentorship_id"),
    Part(PairVisit, "mentorship_id"),
    Part(Pause, "mentorship_id"),
    Part(Statement, "match_id", of="match_id"),
)


def _stored_keys(section: str) -> set[str]:
    """Return the keys under which an entry of a call keeps the fields of a section."""
    nested = dict.fromkeys(RULE_FIELDS, "rules") | dict.fromkeys(TIMER_FIELDS, "timers")
    return {nested.get(name, name) for name in SECTIONS.get(section, ())}


def _word(kind: str) -> Callable[[str], str]:
    """Return the function that gives the word for a state of that kind."""
    return lambda state: state_word(kind, state)


def _case(*cases: tuple[sa.SQLColumnExpression[Any], Any], otherwise: Any) -> sa.ColumnElement[str]:
    return sa.case(*cases, else_=otherwise)


def _latest(*moments: Any) -> sa.ColumnElement[Any]:
    """Return the latest of some moments, of which each may be missing."""
    return sa.func.greatest(*moments)


# The states in which pages show them, by their rows.
_PROJECTED = sa.select(col(Standing.state)).where(col(Standing.application_id) == col(Application.id)).scalar_subquery()
_OF_APPLICATIONS = _case(
    (col(Application.state) == ApplicationState.ELIGIBLE, sa.func.coalesce(_PROJECTED, ApplicationState.IN_MATCHING)),
    otherwise=col(Application.state),
)
_OF_MATCHES = _case(
    (col(Match.reserve) & col(Match.state).in_(UNCONFIRMED), sa.literal("reserve_").concat(col(Match.state))),
    otherwise=col(Match.state),
)
_OF_SESSIONS = _case(
    (col(PairSession.withdrawn_at).is_not(None), SessionState.WITHDRAWN),
    (col(PairSession.confirmed_at).is_not(None), SessionState.CONFIRMED),
    (col(PairSession.disputed_at).is_not(None), SessionState.DISPUTED),
    otherwise=SessionState.LOGGED,
)
_OF_GOALS = _case((col(Goal.met).is_(None), "open"), (col(Goal.met), "met"), otherwise="given_up")
_OF_NEEDS = _case((col(Need.withdrawn), "withdrawn"), otherwise="open")
_OF_ORGANISATIONS = _case((col(Organisation.active), "active"), otherwise="inactive")
_NOW = sa.bindparam(None, callable_=clock.now, type_=sa.DateTime(timezone=True))
_TODAY = sa.bindparam(None, callable_=clock.today, type_=sa.Date)
_OF_CALLS = _case(
    ((col(Call.state) == CallState.PUBLISHED) & (col(Call.deadline) < _NOW), "past_deadline"),
    otherwise=col(Call.state),
)
_OF_EXCLUSIONS = _case(
    (col(Exclusion.since) > _TODAY, "planned"), (col(Exclusion.until) < _TODAY, "ended"), otherwise="current"
)

_OF_FUNDS = _case((col(Fund.since) > _TODAY, "planned"), (col(Fund.until) < _TODAY, "ended"), otherwise="current")
_OF_CERTIFICATES = _case((col(Certificate.revoked_at).is_not(None), "revoked"), otherwise="granted")
_STATUS = aliased(Partner)
_OF_PARTNERS = (
    sa.select(col(_STATUS.status))
    .where(col(_STATUS.country) == col(Partner.country), col(_STATUS.since) <= _TODAY)
    .order_by(col(_STATUS.since).desc())
    .limit(1)
    .correlate(Partner)
    .scalar_subquery()
)
_CASES_CHANGED = (
    sa.select(sa.func.max(DecidedCase.at))
    .where(col(DecidedCase.decision_id) == col(Decision.id))
    .correlate(Decision)
    .scalar_subquery()
)

RECORDS = Records(
    {
        "application_id": Record(
            Application,
            parts=_OF_APPLICATION,
            leaving_out={"managers_notified", "saved_at"},
            state=_OF_APPLICATIONS,
            state_word=_word("application"),
        ),
        "application_id/code": Record(
            Application, column="answers", keys=FIELDS.get, changed=col(Application.saved_at)
        ),
        "companion_id": Record(Companion, state=col(Companion.state), state_word=companion_in_words),
        "call_id": Record(Call, state=_OF_CALLS, state_word=_word("call")),
        "draft_id": Record(
            CallDraft, leaving_out={"saved_at", "saved_by"}, state=sa.literal("draft"), state_word=_word("call")
        ),
        "draft_id/code": Record(CallDraft, column="entry", keys=_stored_keys, changed=col(CallDraft.saved_at)),
        "offer_id": Record(
            Offer,
            parts=_OF_SEAT,
            leaving_out={"saved_at"},
            state=col(Offer.state),
            state_word=_word("offer"),
        ),
        "mentor_id": Record(
            Mentor,
            parts=_OF_SEAT,
            leaving_out={"saved_at"},
            state=col(Mentor.state),
            state_word=_word("mentor"),
        ),
        "match_id": Record(Match, parts=_OF_MATCH, state=_OF_MATCHES, state_word=_word("match")),
        "visit_id": Record(Visit, parts=_OF_VISIT, state=col(Visit.state), state_word=_word("visit")),
        "cost_id": Record(Cost, changed=col(Cost.at)),
        "rule_id": Record(TravelRule, changed=col(TravelRule.at)),
        "mentorship_id": Record(
            Mentorship, parts=_OF_MENTORSHIP, state=col(Mentorship.state), state_word=_word("mentorship")
        ),
        "goal_id": Record(Goal, parts=(Part(GoalNote, "goal_id"),), state=_OF_GOALS, state_word=_word("goal")),
        "meeting_id": Record(Meeting, changed=_latest(Meeting.at, Meeting.cancelled_at)),
        "session_id": Record(PairSession, state=_OF_SESSIONS, state_word=_word("session")),
        "request_id": Record(PairVisit, state=col(PairVisit.state), state_word=_word("pair_visit")),
        "incident_id": Record(
            Incident, parts=(Part(Note, "incident_id"),), state=col(Incident.state), state_word=_word("incident")
        ),
        "organisation_id": Record(Organisation, state=_OF_ORGANISATIONS, state_word=_word("organisation")),
        "person_id": Record(Person, key="id", changed=col(Person.changed_at)),
        "country": Record(
            Partner,
            key="country",
            parts=(Part(Decision, "country", of="country"),),
            state=_OF_PARTNERS,
            state_word=_word("partner"),
        ),
        "decision_id": Record(
            Decision,
            parts=(Part(DecidedCase, "decision_id"),),
            changed=_latest(Decision.decided_at, Decision.effective_at, Decision.withdrawn_at, _CASES_CHANGED),
        ),
        "fund_id": Record(Fund, state=_OF_FUNDS, state_word=_word("term")),
        "exclusion_id": Record(Exclusion, state=_OF_EXCLUSIONS, state_word=_word("term")),
        "proposal_id": Record(Proposal, state=col(Proposal.state), state_word=_word("proposal")),
        "need_id": Record(Need, state=_OF_NEEDS, state_word=_word("need")),
        "import_id": Record(NeedImport, state=col(NeedImport.state), state_word=upload_in_words),
        "number": Record(
            Certificate,
            key="number",
            parts=(Part(Issue, "granted", of="number"),),
            state=_OF_CERTIFICATES,
            state_word=_word("outcome"),
        ),
    },
    additions=frozenset(
        {
            "again",
            "apply",
            "companions",
            "company",
            "copy",
            "costs",
            "differences",
            "goals",
            "incident",
            "incidents",
            "meetings",
            "notes",
            "preview",
            "receipt",
            "sessions",
            "tickets",
            "wish",
        }
    ),
    facts=FACTS,
)
