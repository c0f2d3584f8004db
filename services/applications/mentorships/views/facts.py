"""Say in words what a mentoring pair's pages show of a record, for a form that rests on an older version of it.

What one side answers or signs for itself is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import col

from services.applications.matches.store.participation import FOR_ONE_SIDE, PARTICIPATION
from services.applications.mentorships.store.agreements import Agreement
from services.applications.mentorships.store.goals import Goal, GoalNote
from services.applications.mentorships.store.meetings import Meeting
from services.applications.mentorships.store.mentorships import Mentorship
from services.applications.mentorships.store.pauses import Pause
from services.applications.mentorships.store.sessions import PairSession
from services.applications.mentorships.store.visits import PairVisit
from services.applications.visits.store import Statement
from shared.contracts.labels import label
from shared.i18n import N_
from shared.identity.record_facts import Column, RecordFacts, columns, journal, latest, newest, number
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.base import DatePeriod

_PAIR = col(Mentorship.id)
_CORRECTIONS = (
    sa.select(sa.func.coalesce(sa.func.sum(col(PairSession.version) - 1), 0))
    .where(col(PairSession.mentorship_id) == _PAIR)
    .scalar_subquery()
)


def _agreement(value: Any) -> Any:
    """Return the column with a value of the newest version of the agreement."""
    return newest(value, col(Agreement.mentorship_id), _PAIR, col(Agreement.version))


def _periods(found: Sequence[DatePeriod]) -> str:
    """Return possible periods in words."""
    return "; ".join(dates.span(each.start, each.end) for each in found)


PAIR_FACTS = {
    "mentorship": RecordFacts(
        N_("Mentorship"),
        columns(
            _PAIR,
            Column(N_("Since"), col(Mentorship.since)),
            Column(N_("Due"), col(Mentorship.due)),
            Column(N_("Started on"), col(Mentorship.started_on)),
            Column(N_("Until"), col(Mentorship.until)),
            Column(N_("Ended on"), col(Mentorship.ended_on)),
            Column(
                N_("Version of the agreement"),
                _agreement(col(Agreement.version)),
            ),
            Column(
                N_("Text of the agreement"),
                _agreement(col(Agreement.text)),
            ),
            Column(
                N_("Agreement to be signed until"),
                _agreement(col(Agreement.due)),
            ),
            Column(
                N_("Agreement withdrawn"),
                _agreement(col(Agreement.lapsed_at)),
            ),
            Column(N_("Goals"), number(col(Goal.mentorship_id), _PAIR)),
            Column(N_("Goals last changed"), latest(col(Goal.mentorship_id), _PAIR, col(Goal.at), col(Goal.closed_at))),
            Column(N_("Last note on a goal"), latest(col(GoalNote.mentorship_id), _PAIR, col(GoalNote.at))),
            Column(N_("Closed goals"), number(col(Goal.mentorship_id), _PAIR, col(Goal.met).is_not(None))),
            Column(N_("Meetings"), number(col(Meeting.mentorship_id), _PAIR, col(Meeting.cancelled_at).is_(None))),
            Column(
                N_("Meetings last changed"),
                latest(col(Meeting.mentorship_id), _PAIR, col(Meeting.at), col(Meeting.cancelled_at)),
            ),
            Column(
                N_("Sessions"), number(col(PairSession.mentorship_id), _PAIR, col(PairSession.withdrawn_at).is_(None))
            ),
            Column(
                N_("Confirmed sessions"),
                number(col(PairSession.mentorship_id), _PAIR, col(PairSession.confirmed_at).is_not(None)),
            ),
            Column(
                N_("Sessions last changed"),
                latest(
                    col(PairSession.mentorship_id),
                    _PAIR,
                    col(PairSession.at),
                    col(PairSession.confirmed_at),
                    col(PairSession.disputed_at),
                    col(PairSession.withdrawn_at),
                ),
            ),
            Column(N_("Corrections of sessions"), _CORRECTIONS),
            Column(N_("Pause requested"), newest(col(Pause.at), col(Pause.mentorship_id), _PAIR, col(Pause.at))),
            Column(
                N_("Resumption requested"),
                newest(col(Pause.resumed_at), col(Pause.mentorship_id), _PAIR, col(Pause.at)),
            ),
            Column(N_("Requests"), number(col(Statement.match_id), col(Mentorship.match_id))),
            Column(N_("Last request"), latest(col(Statement.match_id), col(Mentorship.match_id), col(Statement.at))),
            Column(
                N_("Last request for a visit"),
                newest(col(PairVisit.state), col(PairVisit.mentorship_id), _PAIR, col(PairVisit.at)),
                label,
            ),
            Column(
                N_("Requests for visits last changed"),
                latest(col(PairVisit.mentorship_id), _PAIR, col(PairVisit.at), col(PairVisit.answered_at)),
            ),
        ),
        journal(PARTICIPATION, subject=(col(Mentorship.match_id), _PAIR), leaving_out=FOR_ONE_SIDE),
    ),
    "goal": RecordFacts(
        N_("Goal"),
        columns(
            col(Goal.id),
            Column(N_("Goal"), col(Goal.text)),
            Column(N_("By"), col(Goal.target)),
            Column(N_("Closed"), col(Goal.closed_at)),
            Column(N_("Reason"), col(Goal.reason)),
            Column(
                N_("Progress in percent"),
                newest(col(GoalNote.percent), col(GoalNote.goal_id), col(Goal.id), col(GoalNote.at)),
            ),
            Column(N_("Last note"), latest(col(GoalNote.goal_id), col(Goal.id), col(GoalNote.at))),
        ),
    ),
    "meeting": RecordFacts(
        N_("Meeting"),
        columns(
            col(Meeting.id),
            Column(N_("Begins"), col(Meeting.begins_at)),
            Column(N_("Minutes"), col(Meeting.minutes)),
            Column(N_("On site"), col(Meeting.on_site)),
            Column(N_("Cancelled"), col(Meeting.cancelled_at)),
        ),
    ),
    "session": RecordFacts(
        N_("Session"),
        columns(
            col(PairSession.id),
            Column(N_("Day"), col(PairSession.held_on)),
            Column(N_("Minutes"), col(PairSession.minutes)),
            Column(N_("On site"), col(PairSession.on_site)),
            Column(N_("Note"), col(PairSession.note)),
            Column(N_("Next meeting"), col(PairSession.next_on)),
            Column(N_("Confirmed"), col(PairSession.confirmed_at)),
            Column(N_("Disputed"), col(PairSession.disputed_at)),
            Column(N_("Objection"), col(PairSession.dispute)),
        ),
    ),
    "request": RecordFacts(
        N_("Request for a visit"),
        columns(
            col(PairVisit.id),
            Column(N_("Who travels"), col(PairVisit.guest), label),
            Column(N_("Days"), col(PairVisit.days)),
            Column(N_("Possible periods"), col(PairVisit.periods), _periods),
            Column(N_("Note"), col(PairVisit.note)),
            Column(N_("Answered"), col(PairVisit.answered_at)),
            Column(N_("Answer"), col(PairVisit.answer)),
        ),
    ),
}
"""The facts of the records of a pair, by the words for their kinds."""
