"""Project what people recorded about visits and mentorships: attendance, signatures, sessions and goals."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.activity import actions as activity
from services.matching.activity.store import of_event
from services.matching.lifecycle.store import case_records, mentorships
from services.matching.lifecycle.store import visits as store
from services.matching.lifecycle.store.case_records import AGENDA, PREPARED, CaseRecord
from services.matching.lifecycle.store.mentorships import Goal, Session, Signature
from services.matching.lifecycle.store.visits import Attendance
from shared.contracts import participation as participation_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx

_SILENT = {participation_events.IdentityReleased.type}
"""The events that the board does not follow: the release of identities is the audit trail's matter."""


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Store what was recorded, for many matches at once."""
    attendance: list[Attendance] = []
    records: list[Signature | Session | Goal] = []
    done: list[CaseRecord] = []
    for event in events:
        match event.data:
            case participation_events.AttendanceRecorded() as data:
                attendance.append(Attendance(visit_id=data.visit_id, day=data.day, present=data.present))
            case participation_events.AgendaAgreed() | participation_events.PartPrepared():
                done += _before_travel(event, event.data)
            case participation_events.AgreementSigned() as data:
                records.append(
                    Signature(mentorship_id=data.mentorship_id, party=data.by, version=data.version, until=data.until)
                )
            case participation_events.SessionLogged() as data:
                records.append(_session(data, confirmed=False))
            case participation_events.SessionConfirmed() as data:
                records.append(_session(data, confirmed=True))
            case participation_events.GoalSet() as data:
                records.append(Goal(mentorship_id=data.mentorship_id, goal_id=data.goal_id))
            case participation_events.GoalClosed() as data:
                records.append(Goal(mentorship_id=data.mentorship_id, goal_id=data.goal_id, met=data.met))
    await store.keep_attendance(tx.session, attendance)
    await mentorships.keep_records(tx.session, records)
    await case_records.write(tx.session, done)
    lines = [
        of_event(event, application_id=event.data.application_id, match_id=UUID(event.subject))
        for event in events
        if isinstance(event.data, participation_events.ParticipationEvent) and event.type not in _SILENT
    ]
    await activity.add_lines(tx.session, lines)
    if lines:
        await tx.changed("board")


def _before_travel(
    event: Envelope, data: participation_events.AgendaAgreed | participation_events.PartPrepared
) -> list[CaseRecord]:
    if isinstance(data, participation_events.AgendaAgreed):
        return [
            CaseRecord(subject=data.visit_id, kind=AGENDA, party=data.by.value, version=data.version, at=event.time)
        ]
    return [CaseRecord(subject=data.visit_id, kind=PREPARED, party=of.value, at=event.time) for of in data.parties]


def _session(
    data: participation_events.SessionLogged | participation_events.SessionConfirmed, *, confirmed: bool
) -> Session:
    return Session(
        mentorship_id=data.mentorship_id, session_id=data.session_id, held_on=data.held_on, confirmed=confirmed
    )
