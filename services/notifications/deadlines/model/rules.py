"""Derive from events which deadlines they set and meet, and for whom.

The rules are in `shared.contracts.lifecycle.DEADLINES`. An answer may arrive before its question, as they are on
different topics; both are therefore kept as times, and a deadline is open while nothing met it after it was set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from services.notifications.cases.model import audience, country_of, id_of
from services.notifications.deadlines.model.mornings import eve_of, named_day
from shared.contracts.codes import UNION, AnswerForm, FollowUpBy, Party, Respondent
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.lifecycle import DEADLINES, Unit
from shared.contracts.matches import MatchEvent
from shared.contracts.mentors import MentorEvent
from shared.contracts.mentorships import MentorshipEvent
from shared.contracts.outcomes import (
    AnswerClosed,
    AnswerReopened,
    EvaluationSubmitted,
    EvaluationWaived,
    FollowUpSubmitted,
)
from shared.contracts.participation import AgendaAgreed, AgreementSigned, AnswerGiven, MoveAccepted, PartPrepared
from shared.ids import reaction_id
from shared.time.workdays import due as due_after

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from services.notifications.cases.model import Case
    from services.notifications.events import PublishedEvent
    from shared.contracts.base import Event
    from shared.contracts.calls import Timers
    from shared.contracts.lifecycle import Deadline

DEFAULT_REMINDERS: dict[D, timedelta] = {
    D.ENDORSEMENT: timedelta(days=3),
    D.INFORMATION: timedelta(days=7),  # where the call's own reminder is unknown
    D.ELIGIBILITY: timedelta(days=2),
    D.APPEAL: timedelta(days=3),
    D.APPEAL_DECISION: timedelta(days=5),
    D.OFFER_ENDORSEMENT: timedelta(days=3),
    D.AVAILABILITY: timedelta(days=3),
    D.HOME_CLEARANCE: timedelta(days=3),
    D.HOST_CLEARANCE: timedelta(days=3),
    D.ANSWER: timedelta(days=3),
    D.MOVE: timedelta(days=3),
    D.AGENDA: timedelta(days=7),
    D.PREPARATION: timedelta(days=14),
    D.AGREEMENT: timedelta(days=3),
    D.ATTENDANCE: timedelta(days=1),
    D.EVALUATION: timedelta(days=2),
    D.REPORT: timedelta(days=7),
    D.FOLLOW_UP: timedelta(days=14),
    D.TEST: timedelta(days=5),
    D.RESULTS: timedelta(days=30),
}
"""The usual time before its date at which a deadline's holder is reminded."""

REMINDERS = dict(DEFAULT_REMINDERS)
"""The reminders of this installation."""


def set_reminders(days: Mapping[D, int]) -> None:
    """Set how many days before the date people are reminded; a kind without an entry keeps its default.

    Called once at the start, and valid for the whole process.
    """
    REMINDERS.update(DEFAULT_REMINDERS | {kind: timedelta(days=number) for kind, number in days.items()})


RIGHTS = frozenset({D.APPEAL})
"""The deadlines of rights, which nobody must use: a date that passes is not announced, and no longer listed."""

LAPSING = frozenset(kind for kind, deadline in DEADLINES.items() if deadline.lapses)
"""The deadlines after which nothing can be done any more: once they have passed they are no longer listed."""

_PARTIES = {
    Party.GUEST: A.APPLICANT,
    Party.MENTEE: A.APPLICANT,
    Party.HOST: A.HOST_CONTACT,
    Party.MENTOR: A.MENTOR,
    Party.HOME_COORDINATOR: A.HOME_COORDINATOR,
}
_RESPONDENTS = {
    Respondent.GUEST: A.APPLICANT,
    Respondent.MENTEE: A.APPLICANT,
    Respondent.HOST: A.HOST_CONTACT,
    Respondent.MENTOR: A.MENTOR,
    Respondent.NATIONAL_COORDINATOR: A.HOME_COORDINATOR,
}
# The deadlines that end or begin when an answer is closed or reopened; results at home have one of their own.
_WAVES: dict[AnswerForm, dict[D, tuple[A, ...]]] = {
    AnswerForm.EVALUATION: {D.EVALUATION: (A.APPLICANT, A.HOST_CONTACT, A.MENTOR), D.RESULTS: (A.HOME_COORDINATOR,)},
    AnswerForm.REPORT: {D.REPORT: (A.APPLICANT,)},
    AnswerForm.FOLLOW_UP: {D.FOLLOW_UP: (A.APPLICANT, A.LINE_MANAGER)},
}
_SET_BY: dict[str, list[Deadline]] = {}
_MET_BY: dict[str, list[Deadline]] = {}
for _deadline in DEADLINES.values():
    for _type in _deadline.set_by:
        _SET_BY.setdefault(_type, []).append(_deadline)
    for _type in _deadline.met_by:
        _MET_BY.setdefault(_type, []).append(_deadline)
_DEPUTIES = frozenset({A.HOME_DEPUTY, A.HOST_DEPUTY})
_FOLLOW_UPS = {FollowUpBy.SELF: A.APPLICANT, FollowUpBy.MANAGER: A.LINE_MANAGER}


@lru_cache(maxsize=8192)
def _id_of(case_id: UUID, kind: D, owner: A) -> UUID:
    """Return a deadline's id; cached, since a batch needs each several times."""
    return reaction_id(case_id, kind, owner)


@dataclass(frozen=True, slots=True)
class CaseDeadline:
    """A deadline of one audience in one case. Times are domain time, `about` is the event that set it.

    A deputy's deadline begins `after` the coordinator's, and counts only if there was a deputy in charge on that day.
    `reminder` is the call's own time of the reminder; None means the time in `REMINDERS`. From `until` on nobody is
    asked any more, met or not; None means that it ends only when it is met.
    """

    kind: D
    owner: A
    topic: str
    case_id: UUID
    due: datetime | None = None
    set_at: datetime | None = None
    met_at: datetime | None = None
    about: UUID | None = None
    after: datetime | None = None
    reminder: datetime | None = None
    until: datetime | None = None

    @property
    def id(self) -> UUID:
        """Always the same for kind, case and owner."""
        return _id_of(self.case_id, self.kind, self.owner)

    @property
    def deputy_id(self) -> UUID | None:
        """The id of the deputy's deadline that follows this one; None where there is no deputy's."""
        deputy = DEADLINES[self.kind].deputy
        return None if deputy is None or self.owner is deputy else replace(self, owner=deputy).id

    @property
    def open(self) -> bool:
        """Return whether it was set and nothing has met it since."""
        return self.set_at is not None and (self.met_at is None or self.met_at < self.set_at)

    @property
    def remind_on(self) -> date | None:
        """The day that the reminder names, at the programme's office.

        None where there is no reminder, or where the deadline was set on that day or later: then the first message is
        enough.
        """
        ahead = REMINDERS[self.kind]
        since = self.after or self.set_at
        if self.due is None or since is None or (self.reminder is None and not ahead):
            return None
        last = named_day(self.due)
        day = last - ahead if self.reminder is None else min(named_day(self.reminder), last)
        return day if day > named_day(since) else None

    @property
    def remind_at(self) -> datetime | None:
        """The time at which the reminder is announced, before the morning of its day in any zone."""
        day, since = self.remind_on, self.after or self.set_at
        return None if day is None or since is None else max(eve_of(day), since)


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a deadline: `key` names the person or office by an opaque id, without a name.

    `country` is the one whose coordinator sees it. Keys: `application:ID` (the officer), `manager:ID` (the line manager
    of that application), `organisation:ID` (its host contacts), `mentor:ID`, `office:PLACE` and `deputy:PLACE` (the
    coordinators of a country or an EU agency, and their deputies), `programme`; `nobody` where the case has no such
    person.
    """

    key: str
    country: str | None


NOBODY = "nobody"
PROGRAMME = "programme"


def holder(owner: A, case: Case) -> Holder:
    """Return the holder that `owner` is in a case."""
    person = audience(owner, case)
    if person is None:
        return Holder(NOBODY, None)
    match person.kind:
        case A.APPLICANT:
            key = f"application:{person.application_id}"
        case A.LINE_MANAGER:
            key = f"manager:{person.application_id}"
        case A.HOST_CONTACT:
            key = f"organisation:{person.organisation_id}"
        case A.MENTOR:
            key = f"mentor:{person.mentor_id}"
        case A.PROGRAMME_COORDINATOR:
            key = PROGRAMME
        case _:
            place = (person.organisation_id or person.mentor_id) if person.country == UNION else person.country
            key = f"{'deputy' if person.kind in _DEPUTIES else 'office'}:{place}"
    return Holder(key, country_of(person.kind, case))


def next_look(deadline: CaseDeadline, announced: Collection[str]) -> datetime | None:
    """Return when the sweep has to look at a deadline next; None where nothing is left to announce.

    `announced` is what was announced already: `near`, `passed`.
    """
    if not deadline.open or deadline.due is None or "passed" in announced:
        return None
    remind = deadline.remind_at
    look = deadline.due if remind is None or "near" in announced else remind
    return None if deadline.until is not None and look >= deadline.until else look


def merge(before: CaseDeadline | None, now: CaseDeadline) -> CaseDeadline:
    """Return a deadline after one more event, in whatever order the events arrive."""
    if before is None:
        return now
    if now.set_at is not None and (before.set_at is None or now.set_at >= before.set_at):
        before = replace(now, met_at=before.met_at)
    if now.met_at is not None and (before.met_at is None or now.met_at > before.met_at):
        before = replace(before, met_at=now.met_at)
    return before


def due_times(event: PublishedEvent, timers: Timers) -> dict[D, datetime]:
    """Return the kinds of deadline that an event sets, and their dates."""
    found = {}
    for deadline in _SET_BY.get(event.type, ()):
        if not _starts(deadline, event.data) or not _owners(deadline, event.data):
            continue
        if (moment := _due(deadline, event.data, timers)) is not None:
            found[deadline.kind] = moment
    return found


def counts(event_type: str) -> bool:
    """Return whether a date that such events set is counted by the call's timers, and not stated by the event."""
    return any(deadline.counted for deadline in _SET_BY.get(event_type, ()))


def _starts(deadline: Deadline, data: Event) -> bool:
    """Return whether an event with a state has the state in which this deadline runs."""
    state = getattr(data, "state", None)
    return state is None or deadline.only_in is None or state == deadline.only_in


def _due(deadline: Deadline, data: Event, timers: Timers) -> datetime | None:
    value = _field(data, deadline.due_field)
    if value is None:
        return None
    if deadline.counted:
        length = getattr(timers, deadline.timer)
        return due_after(value, -length if deadline.before else length, deadline.unit, "EU")
    assert isinstance(value, datetime)
    return value.astimezone(UTC)


def _until(deadline: Deadline, data: Event) -> datetime | None:
    """Return the beginning of the day from which nobody is asked any more, by the clock's days (UTC)."""
    day = _field(data, deadline.until_field) if deadline.until_field else None
    return None if day is None else datetime.combine(day, time.min, UTC)


def _field(data: Event, path: str) -> Any:
    """Return a field of an event by its dotted path; None where it has none."""
    value: Any = data
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def changes(event: PublishedEvent, timers: Timers, case: Case | None = None) -> list[CaseDeadline]:
    """Return what an event sets and meets: an entry for each owner and for the deputy.

    `case` is the event's, if it is known.
    """
    found = []
    for kind, moment in due_times(event, timers).items():
        deadline = DEADLINES[kind]
        set_ = CaseDeadline(
            kind, deadline.owners[0], event.topic, id_of(event.subject), moment, event.time, about=event.id
        )
        set_ = replace(set_, until=_until(deadline, event.data))
        if kind is D.INFORMATION:
            place = (None if case is None else case.country) or UNION
            reminder = due_after(event.time, timers.information_reminder_wd, Unit.WORKING_DAYS, place)
            set_ = replace(set_, reminder=reminder)
        found += [replace(set_, owner=owner) for owner in _owners(deadline, event.data)]
        if deadline.deputy is not None:
            until = due_after(moment, timers.deputy_wd, Unit.WORKING_DAYS, _where(deadline.deputy, event.data, case))
            found.append(replace(set_, owner=deadline.deputy, due=until, after=moment))
    for deadline in _MET_BY.get(event.type, ()):
        found += [
            CaseDeadline(deadline.kind, owner, event.topic, _case(event), met_at=event.time)
            for owner in _met(deadline, event.data)
        ]
    return found


def _where(deputy: A, data: Event, case: Case | None) -> str:
    """Return the country whose working days a deputy has; unknown: the Union's, which are all but weekends."""
    country = getattr(data, "host_country", None) if deputy is A.HOST_DEPUTY else None
    return country or (country_of(deputy, case) if case is not None else None) or UNION


def _case(event: PublishedEvent) -> UUID:
    """Return the case whose deadline an event meets: what people do about a visit is published under the match."""
    data: Any = event.data
    return getattr(data, "visit_id", None) or getattr(data, "mentorship_id", None) or id_of(event.subject)


def _owners(deadline: Deadline, data: Event) -> list[A]:
    """Return who of all possible owners has such a deadline here: the other side is either a host or a mentor."""
    if isinstance(data, AnswerReopened):
        return _of_wave(deadline, data)
    mentored = isinstance(data, MentorEvent | MentorshipEvent)
    mentored = mentored or (isinstance(data, MatchEvent) and data.pairing.mentor_id is not None)
    absent = A.HOST_CONTACT if mentored else A.MENTOR
    return [owner for owner in deadline.owners if owner is not absent]


def _of_wave(deadline: Deadline, data: AnswerClosed | AnswerReopened) -> list[A]:
    """Return which owners of a deadline an answer concerns that is closed or reopened."""
    wanted = A.LINE_MANAGER if data.respondent is Respondent.LINE_MANAGER else _RESPONDENTS[data.respondent]
    return [owner for owner in _WAVES.get(data.form, {}).get(deadline.kind, ()) if owner is wanted]


def _met(deadline: Deadline, data: Event) -> list[A]:
    """Return the owners whose part is done: one where the event is one side's act, else all."""
    match data:
        case AgendaAgreed(complete=True):
            return list(deadline.owners)
        case AnswerGiven() | AgendaAgreed() | MoveAccepted() | AgreementSigned():
            owner_done = _PARTIES.get(data.by)
        case PartPrepared():
            done = {_PARTIES.get(party) for party in data.parties}
            return [owner for owner in deadline.owners if owner in done]
        case EvaluationSubmitted() | EvaluationWaived():
            owner_done = _RESPONDENTS.get(data.respondent)
        case AnswerClosed():
            return _of_wave(deadline, data)
        case FollowUpSubmitted():
            owner_done = _FOLLOW_UPS.get(data.by)
        case _:
            return [*deadline.owners, *([] if deadline.deputy is None else [deadline.deputy])]
    return [owner for owner in deadline.owners if owner is owner_done]
