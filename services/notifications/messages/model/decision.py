"""Decide which messages follow from an event, one for each audience that the case has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.notifications.cases.model import audience, country_of
from services.notifications.messages.model.rule import NamedAudience, Rule
from services.notifications.messages.model.table import RULES
from shared.contracts.applications import CompanionEvent
from shared.contracts.codes import AudienceKind
from shared.contracts.notifications import Audience, DeadlineEvent, DeadlinePassed, WorkWaiting
from shared.contracts.registry import ProposalChanged
from shared.ids import reaction_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from pydantic import JsonValue

    from services.notifications.cases.model import Case
    from shared.contracts.base import Event


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one audience; its id is the same whenever it is derived from the same event."""

    id: UUID
    rule: Rule
    audience: Audience
    country: str | None
    about: UUID
    at: datetime
    case: Case
    facts: Mapping[str, JsonValue]


_BY_EVENT: dict[str, list[Rule]] = {}
for _rule in RULES:
    _BY_EVENT.setdefault(_rule.event.type, []).append(_rule)


def has_message(event_type: str) -> bool:
    """Return whether any message follows from such an event."""
    return event_type in _BY_EVENT


def messages(
    data: Event, *, about: UUID, at: datetime, case: Case, facts: Mapping[str, JsonValue], apart: str = ""
) -> list[Message]:
    """Return the messages about the event `about` (`data`, at domain time `at`), in the order of the table.

    `apart` distinguishes the messages of several cases of one event: they may be for the same audience.
    """
    return [
        Message(
            id=reaction_id(about, rule.name, key_of(audience_) + apart),
            rule=rule,
            audience=audience_,
            country=country_of(audience_.kind, case),
            about=about,
            at=at,
            case=case,
            facts=facts,
        )
        for rule in _BY_EVENT.get(data.type, ())
        if rule.fits(data)
        for audience_ in _audiences(rule, data, case)
    ]


def key_of(audience_: Audience) -> str:
    """Return an audience as a text, always the same for the same audience."""
    return audience_.model_dump_json()


def _audiences(rule: Rule, data: Event, case: Case) -> list[Audience]:
    match rule.to:
        case NamedAudience.OWNER:
            assert isinstance(data, DeadlineEvent | WorkWaiting)
            return [data.owner]
        case NamedAudience.ESCALATION:
            assert isinstance(data, DeadlinePassed)
            return [audience_ for audience_ in data.escalated_to if audience_ != data.owner]
        case NamedAudience.COMPANION:
            assert isinstance(data, CompanionEvent)
            of = {"application_id": case.application_id, "companion_id": data.companion_id}
            return [Audience(kind=AudienceKind.COMPANION, **of)]
        case NamedAudience.PROPOSER:
            assert isinstance(data, ProposalChanged)
            proposer = data.proposer_id
            return [] if proposer is None else [Audience(kind=AudienceKind.PERSON, recipient_id=proposer)]
        case kind:
            audience_ = audience(kind, case)
            return [] if audience_ is None else [audience_]
