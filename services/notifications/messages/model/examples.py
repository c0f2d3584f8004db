"""Make up a case that shows a row of the table: the event's example, changed until the row's condition holds.

Tried are the event's code lists, yes and no, small numbers and empty fields, few changes before many. Due dates are
then filled in, so that the message shows all its paragraphs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, ValidationError

from services.notifications.cases.model import APPLICATIONS, MENTORSHIPS, VISITS, Case, case_in, case_key
from services.notifications.events import RecordedEvent
from services.notifications.messages.model.facts import facts
from services.notifications.messages.model.rule import NamedAudience
from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import Wording, unknown, wording
from shared.contracts import _examples as ex
from shared.contracts.access import AccessChanged
from shared.contracts.codes import ApplicationKind, AudienceKind, Party
from shared.contracts.matches import MatchEvent
from shared.contracts.mentors import MentorEvent, MentorPublished
from shared.contracts.mentorships import MentorshipEvent
from shared.contracts.notifications import DeadlineEvent, DeadlinePassed, WebhookChanged, WorkWaiting
from shared.contracts.offers import OfferEvent, OfferPublished
from shared.contracts.outcomes import OutcomeEvent
from shared.contracts.participation import MentorshipParticipation
from shared.contracts.registry import PartnerStatusChanged, RegistryEvent
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.notifications.messages.model.rule import Rule
    from shared.contracts.base import Event

_MOST = 3
_DAY, _DUE = "2026-02-01", "2026-02-13T22:59:59Z"
# The parties of a mentorship in place of guest and host of a visit.
_IN_PAIR: dict[Any, str] = {Party.GUEST: Party.MENTEE.value, Party.HOST: Party.MENTOR.value}
_MENTEES = {"kind": ApplicationKind.MENTEE.value, "offer_id": None, "mentor_id": ex.MENTOR}


def example_for(rule: Rule) -> Event:
    """Return an event that the row applies to. Raises ValueError where no change of the example fits."""
    for plain in _examples(rule):
        example = {**plain, **_STORIES.get(rule.name, {})}
        for changes in _tries(rule.event, example):
            found = _event(rule, {**example, **changes})
            if found is not None:
                dues = {name: _due(found, name) for name in rule.event.model_fields if _is_due(rule, name)}
                return _event(rule, {**example, **changes, **dues}) or found
    raise ValueError(f"No made-up case shows the message {rule.name!r}: its condition never holds.")


def _examples(rule: Rule) -> list[Mapping[str, Any]]:
    """Return the event's example, which is of a study visit, and a mentorship's where a mentor may be meant."""
    visit: Mapping[str, Any] = rule.event.example
    if issubclass(rule.event, OutcomeEvent) and rule.to is AudienceKind.MENTOR:
        return [{**visit, "visit_id": None, "mentorship_id": ex.MENTORSHIP}]
    if not issubclass(rule.event, MatchEvent):
        return [visit]
    mentorship = {**visit, "pairing": {**visit["pairing"], **_MENTEES}}
    mentorship |= {name: _IN_PAIR[visit[name]] for name in ("by",) if visit.get(name) in _IN_PAIR}
    mentorship |= {name: [_IN_PAIR[party] for party in visit[name]] for name in ("silent",) if name in visit}
    return [mentorship] if rule.to is AudienceKind.MENTOR else [visit, mentorship]


def _event(rule: Rule, data: Mapping[str, Any]) -> Event | None:
    """Return the event with these values; None where they are invalid, or the row does not apply."""
    try:
        event = rule.event.model_validate(data)
    except ValidationError:
        return None
    return event if rule.fits(event) else None


def _due(event: Event, name: str) -> str:
    """Return when something is due in an example: what ends at midnight ends a second before, as deadlines do."""
    due: datetime | None = getattr(event, name)
    if due is None:
        return _DUE
    midnight = due.astimezone(ZONE).time() == time()
    return (due - timedelta(seconds=midnight)).isoformat()


def _is_due(rule: Rule, name: str) -> bool:
    return _DUE in _values(rule.event.model_fields[name].annotation)


def _tries(event: type[Event], example: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield no change, then each change of one field, of two, of three."""
    single = list(_changes(event, example))
    for many in range(_MOST + 1):
        for chosen in combinations(single, many):
            names = [name for name, _ in chosen]
            if len(set(names)) == len(names):
                yield dict(chosen)


def _changes(event: type[Event], example: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each field with each other value that can be listed."""
    of_pair = issubclass(event, MentorshipParticipation)
    for name, field in event.model_fields.items():
        example_value = example.get(name, field.default)
        yield from (
            (name, value)
            for value in _values(field.annotation)
            if value != example_value and not (of_pair and value in _IN_PAIR)
        )


def _values(annotation: Any) -> list[Any]:
    """Return the values of a type that can be listed; of a list those with one code, or of ids one with a person."""
    match annotation:
        case type() if issubclass(annotation, StrEnum):
            return [code.value for code in annotation]
        case type() if annotation in _PLAIN:
            return _PLAIN[annotation]
        case _ if get_origin(annotation) is tuple:
            item = get_args(annotation)[0]
            return [[ex.APPLICATION]] if item is UUID else [[value] for value in _values(item) if item in _LISTED]
    return [value for part in get_args(annotation) for value in _values(part)]


_LISTED = frozenset({Party})
"""The codes of which a list decides about messages."""
_PLAIN: dict[type, list[Any]] = {
    bool: [True, False],
    int: list(range(5)),
    type(None): [None],
    date: [_DAY],
    AwareDatetime: [_DUE],
}


# What the event's example does not show: a visit that ended on its third day, a test after it, a manager's own form.
_STORIES: dict[str, dict[str, Any]] = {
    "visit_returned_early": {
        "attended": ["2026-03-16", "2026-03-17", "2026-03-18"],
        "attended_days": 3,
        "ended_on": "2026-03-18",
        "early": True,
        "reason": "operational_duty",
    },
    "test_after_asked": {"phase": "post", "due": "2026-03-29T21:59:59Z"},
    "answer_asked_manager": {"form": "follow_up", "respondent": "line_manager", "due": "2026-10-20"},
    "visit_move_expired": {"cause": "expired", "reason": None},
    "visit_move_expired_host": {"cause": "expired", "reason": None},
    "visit_move_impossible": {"cause": "no_lawful_week", "reason": None},
    "visit_move_impossible_host": {"cause": "no_lawful_week", "reason": None},
}
_WHEN = datetime(2026, 1, 16, 9, 30, tzinfo=UTC)
_SUPPLY: dict[object, type[Event]] = {AudienceKind.HOST_CONTACT: OfferPublished, AudienceKind.MENTOR: MentorPublished}
# The pages of personal links; a made-up case has no key to one.
_PERSONAL: dict[object, str] = {
    AudienceKind.LINE_MANAGER: "/applications/line-manager",
    AudienceKind.HOST_CONTACT: "/applications/available",
    AudienceKind.MENTOR: "/applications/available",
}
HOST = "Anti-cybercrime office, Lyon"


def sample(event: type[Event], data: Event | None = None) -> RecordedEvent:
    """Return the contract's example of an event, or `data`, as if it came from the log."""
    return RecordedEvent(
        UUID(ex.EVENT),
        event.model_validate(event.example) if data is None else data,
        _subject(event),
        _WHEN,
        source="urn:tandem:sample",
    )


def _subject(event: type[Event]) -> str:
    return {
        "exchange.applications": ex.APPLICATION,
        "exchange.offers": ex.OFFER,
        "mentoring.mentors": ex.MENTOR,
        "mentoring.mentorships": ex.MENTORSHIP,
        "exchange.visits": ex.VISIT,
        "exchange.outcomes": ex.VISIT,
        "exchange.access": ex.PERSON,
    }.get(event.topic, ex.MATCH)


def sample_case(event: RecordedEvent) -> Case:
    """Return the case of the contract's examples, as far as the event shows it."""
    case = case_in(event)
    if case is None:
        topic, id_ = case_key(event)
        case = Case(
            id=UUID(id_),
            topic=topic if topic in {VISITS, MENTORSHIPS} else APPLICATIONS,
            application_id=UUID(ex.APPLICATION),
            country="MD",
            host_country="FR",
            host_organisation_id=UUID(ex.HOST_ORGANISATION),
            offer_id=UUID(ex.OFFER),
            match_id=UUID(ex.MATCH),
        )
    references = {OfferEvent: "FR-P-2026-0007", MentorEvent: "RO-M-2026-0003"}
    if isinstance(event.data, AccessChanged | RegistryEvent | WebhookChanged | WorkWaiting):
        return replace(case, reference="")
    reference = next((name for kind, name in references.items() if isinstance(event.data, kind)), "MD-2026-0042")
    mentored = isinstance(event.data, MentorEvent | MentorshipEvent | MentorshipParticipation) or (
        isinstance(event.data, OutcomeEvent) and event.data.mentorship_id is not None
    )
    mentor_id = UUID(ex.MENTOR) if mentored else case.mentor_id
    return replace(case, reference=case.reference or reference, mentor_id=mentor_id)


def case_of(rule: Rule, event: RecordedEvent) -> Case:
    """Return the case in which the row applies: a reinstatement is about each placement or profile."""
    supply = _SUPPLY.get(rule.to) if isinstance(event.data, PartnerStatusChanged) else None
    return sample_case(event if supply is None else sample(supply))


def preview(rule: Rule, origin: str) -> Wording:
    """Return the row's message about a made-up event, in the current language."""
    event = sample(rule.event, example_for(rule))
    to = reader(rule, event.data)
    words = wording(rule, case_of(rule, event), facts(event), to=to, at=event.time, origin=origin, host=HOST)
    return replace(words, link=origin + _PERSONAL[rule.to]) if rule.answers else words


def reader(rule: Rule, data: Event) -> AudienceKind:
    """Return who reads the row's message about an event."""
    match rule.to:
        case NamedAudience.COMPANION:
            return AudienceKind.COMPANION
        case NamedAudience.PROPOSER:
            return AudienceKind.PERSON
        case NamedAudience.ESCALATION:
            assert isinstance(data, DeadlinePassed)
            return data.escalated_to[0].kind
        case NamedAudience.OWNER:
            assert isinstance(data, DeadlineEvent | WorkWaiting)
            return data.owner.kind
        case kind:
            return kind


def check_table() -> None:
    """Raises ValueError where a message of the table cannot be written."""
    for rule in RULES:
        event = sample(rule.event, example_for(rule))
        if lacks := unknown(rule, case_of(rule, event), facts(event)):
            raise ValueError(f"The message {rule.name!r} asks for words that its event does not have: {lacks}.")
        try:
            preview(rule, "")
        except (KeyError, ValueError) as wrong:
            raise ValueError(f"The message {rule.name!r} cannot be written: {wrong!r}.") from wrong
