"""Show messages in words: the same for pages, the API and the portal's inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.notifications.cases.store import register
from services.notifications.messages.model.log import MessageState, Part, Search, Span
from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import Wording, wording
from services.notifications.messages.store import messages as store
from services.notifications.messages.store import search as search_store
from services.notifications.messages.store import volume
from shared.contracts.codes import UNION, AudienceKind, Channel, FailureCause
from shared.contracts.labels import country, label
from shared.contracts.notifications import Audience
from shared.i18n import gettext
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.messages.model.rule import Rule
    from services.notifications.messages.store.messages import MessageRow
    from shared.web.paging import PageRequest

_COORDINATORS = frozenset({AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR})
_DEPUTIES = frozenset({AudienceKind.HOME_DEPUTY, AudienceKind.HOST_DEPUTY})
# The stored state of a message -> its code in the shared table of states.
_STATES = {
    store.WAITING: MessageState.WAITING,
    store.DONE: MessageState.SENT,
    store.FAILED: MessageState.FAILED,
    store.UNSURE: MessageState.UNSURE,
    store.DROPPED: MessageState.DROPPED,
}


class Message(ReadModel):
    """A message to an audience, sent or not."""

    id: UUID
    rule: Annotated[str, Field(description="Its row of the table of messages.", examples=["application_submitted"])]
    about: Annotated[UUID, Field(description="The event that it is about.")]
    at: Annotated[AwareDatetime, Field(description="When that event happened.")]
    reference: Annotated[str, Field(description="Of the case.", examples=["AM-2026-0042"])]
    application_id: UUID | None
    audience: Audience
    state: MessageState
    attempts: int
    cause: Annotated[FailureCause | None, Field(description="Why it was not delivered.")]
    subject: Annotated[str, Field(examples=["AM-2026-0042: Your application has arrived"])]


class MessageRule(ReadModel):
    """A row of the table of messages."""

    name: Annotated[str, Field(examples=["application_submitted"])]
    event: Annotated[str, Field(description="The type of event that causes it.", examples=["ApplicationSubmitted"])]
    to: Annotated[str, Field(description="The audience.", examples=["officer"])]
    when: Annotated[str | None, Field(description="A condition on the event, in words.")]
    channel: Channel
    mandatory: Annotated[bool, Field(description="Whether nobody can turn it off.")]
    urgent: Annotated[bool, Field(description="Whether it is sent at night too.")]
    inbox: Annotated[bool, Field(description="Whether it is in the portal's inbox too.")]
    subject: Annotated[str, Field(examples=["Your application has arrived"])]


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message as a row of a list, in words."""

    id: UUID
    reference: str
    title: str
    audience: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CausedMessage:
    """A message that a real event caused, with the name of its case's host."""

    message: MessageRow
    host: str

    def wording(self, origin: str) -> Wording:
        """Return it in words, in the current language."""
        return message_wording(self.message, origin=origin, host=self.host)


@dataclass(frozen=True, slots=True)
class Volume:
    """The messages of a time, counted by day, week and rule; `lines` are a page of those in one state."""

    days: list[Part]
    weeks: list[Part]
    rules: list[Part]
    lines: list[MessageLine]
    total: int


def message_wording(message: MessageRow, *, origin: str = "", host: str = "") -> Wording:
    """Return a message in words, in the current language."""
    to = message.audience.kind
    return wording(message.row, message.case, message.facts, to=to, at=message.at, origin=origin, host=host)


def state_of(message: MessageRow) -> MessageState:
    """Return the code of its state in `shared.web.states`, kind `notification`."""
    return shown_state(message.state)


def shown_state(stored: str) -> MessageState:
    """Return the code of a stored state in `shared.web.states`, kind `notification`."""
    return _STATES[stored]


def stored_state(code: str | None) -> str | None:
    """Return the stored state for a code of `shared.web.states`; None for an unknown one."""
    return next((stored for stored, shown_code in _STATES.items() if shown_code == code), None)


def audience_name(message: MessageRow) -> str:
    """Return the audience in words: `National coordinator of the home country (Moldova)`."""
    audience = gettext(message.audience.kind.label)
    if message.country == UNION and message.audience.kind in _COORDINATORS:
        return gettext("Clearance officer of the EU agency")
    if message.country == UNION and message.audience.kind in _DEPUTIES:
        return gettext("Deputy of the clearance officer of the EU agency")
    country_name = country(message.country)
    return f"{audience} ({country_name})" if country_name else audience


def audience_of_rule(rule: Rule) -> str:
    """Return the audience of a row of the table in words."""
    words = {
        "owner": gettext("Person assigned"),
        "escalation": gettext("The next in line"),
        "companion": gettext("Person named"),
        "proposer": gettext("Person who proposed it"),
    }
    return words.get(str(rule.to)) or label(rule.to)


def message_line(message: MessageRow) -> MessageLine:
    """Return a message as a row of a list."""
    title = message_wording(message).title
    return MessageLine(message.id, message.reference, title, audience_name(message), message.at)


async def message_list(session: AsyncSession, search: Search, request: PageRequest) -> Page[Message]:
    """Return one page of messages, the newest first."""
    rows = await search_store.messages_by_cursor(session, search, request)
    return page_of(rows, request, Message, _message, lambda row: (row.at, row.id))


def _message(row: MessageRow) -> Message:
    return Message(
        id=row.id,
        rule=row.rule,
        about=row.about,
        at=row.at,
        reference=row.reference,
        application_id=row.application_id,
        audience=row.audience,
        state=state_of(row),
        attempts=row.attempts,
        cause=None if row.cause is None else FailureCause(row.cause),
        subject=message_wording(row).subject,
    )


def message_rules() -> Page[MessageRule]:
    """Return the table of messages, in the order of the process."""
    rules = [
        MessageRule(
            name=rule.name,
            event=rule.event.type,
            to=str(rule.to),
            when=rule.when.words if rule.when else None,
            channel=rule.channel,
            mandatory=rule.mandatory,
            urgent=rule.urgent,
            inbox=rule.inbox,
            subject=rule.subject,
        )
        for rule in RULES
    ]
    return Page[MessageRule](items=rules, next=None)


async def rules_of_event(session: AsyncSession, event_id: UUID, countries: frozenset[str] | None) -> set[str]:
    """Return the names of the rules by which an event caused messages that the reader may see."""
    return {message.rule for message in await search_store.messages_about(session, event_id, countries)}


async def caused_message(
    session: AsyncSession, event_id: UUID, rule: str, countries: frozenset[str] | None
) -> CausedMessage | None:
    """Return the message that an event caused by a rule, if there is one that the reader may see."""
    found = await search_store.messages_about(session, event_id, countries)
    message = next((each for each in found if each.rule == rule), None)
    return None if message is None else CausedMessage(message, await host_name(session, message))


async def host_name(session: AsyncSession, message: MessageRow) -> str:
    """Return the name of the host of a message's case; empty where none is known."""
    host = message.case.named_host
    return "".join((await register.organisation_names(session, [] if host is None else [host])).values())


async def message_volume(session: AsyncSession, span: Span, state: str | None, page: int) -> Volume:
    """Return the messages of a time counted, and a page of those in a stored `state` (None: no page)."""
    rows, total = ([], 0) if state is None else await volume.rows(session, span, state, page)
    return Volume(
        await volume.volume(session, span, "day"),
        await volume.volume(session, span, "week"),
        await volume.volume(session, span, "rule"),
        [message_line(row) for row in rows],
        total,
    )
