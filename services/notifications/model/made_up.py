"""Which made-up case shows a row of the table? The event's own example, changed until the row's condition holds.

A row that is told only to a mentor, or only of a refusal, is not shown by an example of something else. What is tried
are the event's own code lists, yes and no, small numbers, and fields that may be empty: few changes before many. Dates
by which something is asked for are then there, so that the message shows all that it may say.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, ValidationError

from shared.contracts import _examples as ex
from shared.contracts.codes import ApplicationKind, AudienceKind, Party
from shared.contracts.matches import MatchEvent
from shared.contracts.outcomes import OutcomeEvent
from shared.contracts.participation import MentorshipParticipation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.notifications.model.rule import Rule
    from shared.contracts.base import Event

_MOST = 3
_DAY, _DUE = "2026-02-01", "2026-02-13T22:59:59Z"
# Who of a mentorship stands where guest and host stand in a visit.
_IN_PAIR: dict[Any, str] = {Party.GUEST: Party.MENTEE.value, Party.HOST: Party.MENTOR.value}
_MENTEES = {"kind": ApplicationKind.MENTEE.value, "offer_id": None, "mentor_id": ex.MENTOR}


def made_up(rule: Rule) -> Event:
    """An event of which the row tells. Raises ValueError where no change of the example makes the condition hold."""
    for example in _examples(rule):
        for changes in _tries(rule.event, example):
            found = _event(rule, {**example, **changes})
            if found is not None:
                dues = {name: _DUE for name in rule.event.model_fields if _due(rule, name) and _none(found, name)}
                return _event(rule, {**example, **changes, **dues}) or found
    raise ValueError(f"No made-up case shows the message {rule.name!r}: its condition never holds.")


def _examples(rule: Rule) -> list[Mapping[str, Any]]:
    """The event's own example, which is of a study visit, and where a mentor may be meant the same of a mentorship."""
    visit = rule.event.example
    if issubclass(rule.event, OutcomeEvent) and rule.to is AudienceKind.MENTOR:
        return [{**visit, "visit_id": None, "mentorship_id": ex.MENTORSHIP}]
    if not issubclass(rule.event, MatchEvent):
        return [visit]
    mentorship = {**visit, "pairing": {**visit["pairing"], **_MENTEES}}
    mentorship |= {name: _IN_PAIR[visit[name]] for name in ("by",) if visit.get(name) in _IN_PAIR}
    mentorship |= {name: [_IN_PAIR[one] for one in visit[name]] for name in ("silent",) if name in visit}
    return [mentorship] if rule.to is AudienceKind.MENTOR else [visit, mentorship]


def _event(rule: Rule, data: Mapping[str, Any]) -> Event | None:
    """The event with these values; None where such an event cannot be, or the row does not tell of it."""
    try:
        event = rule.event.model_validate(data)
    except ValidationError:
        return None
    return event if rule.fits(event) else None


def _none(event: Event, name: str) -> bool:
    return getattr(event, name) is None


def _due(rule: Rule, name: str) -> bool:
    return _DUE in _values(rule.event.model_fields[name].annotation)


def _tries(event: type[Event], example: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """No change, one field changed, then two, then three."""
    single = list(_changes(event, example))
    for many in range(_MOST + 1):
        for chosen in combinations(single, many):
            names = [name for name, _ in chosen]
            if len(set(names)) == len(names):
                yield dict(chosen)


def _changes(event: type[Event], example: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each field with each other value that it may take, as far as these can be listed."""
    of_pair = issubclass(event, MentorshipParticipation)
    for name, field in event.model_fields.items():
        known = example.get(name, field.default)
        yield from (
            (name, one) for one in _values(field.annotation) if one != known and not (of_pair and one in _IN_PAIR)
        )


def _values(annotation: Any) -> list[Any]:
    """The values of a field that can be listed; of a list of ids one that names somebody."""
    match annotation:
        case type() if issubclass(annotation, StrEnum):
            return [code.value for code in annotation]
        case type() if annotation in _PLAIN:
            return _PLAIN[annotation]
        case _ if get_origin(annotation) is tuple:
            return [[ex.APPLICATION]] if get_args(annotation)[0] is UUID else []
    return [value for part in get_args(annotation) for value in _values(part)]


_PLAIN: dict[type, list[Any]] = {
    bool: [True, False],
    int: list(range(5)),
    type(None): [None],
    date: [_DAY],
    AwareDatetime: [_DUE],
}
