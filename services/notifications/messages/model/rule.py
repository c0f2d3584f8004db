"""The form of a row of the table of messages: event, audience, texts and link."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.contracts.codes import AudienceKind, Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.contracts.base import Event


class Method(StrEnum):
    """The method of a calendar invitation (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class NamedAudience(StrEnum):
    """An audience that the event itself names: a deadline its owner, a proposal its proposer."""

    OWNER = "owner"
    ESCALATION = "escalation"
    COMPANION = "companion"
    PROPOSER = "proposer"


@dataclass(frozen=True, slots=True)
class When:
    """A condition on the event: in words for the page, and as a test of its data."""

    words: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `name` never changes: it is part of events and of the notification's id.

    `subject` and the paragraphs of `text` have placeholders `%(word)s` (`wording.py` lists the words). The reference
    precedes every subject; a name never does. A paragraph with an empty word is left out. `link` is a key of
    `links.LINKS`, `action` is the link's text. A recipient may refuse what is not `mandatory`. An `urgent` message is
    sent at night too, unless it is about days far ahead. Where the link `answers` the question, the mail has a personal
    link, which the portal makes when it is sent. A `prompt` message does not wait for the end of the hour.
    """

    name: str
    event: type[Event]
    to: AudienceKind | NamedAudience
    subject: str
    text: tuple[str, ...]
    link: str
    action: str
    when: When | None = None
    invitation: Method | None = None
    mandatory: bool = True
    urgent: bool = False
    answers: bool = False
    prompt: bool = False

    @property
    def channel(self) -> Channel:
        """The way by which it is sent."""
        return Channel.MAIL if self.invitation is None else Channel.CALENDAR

    @property
    def at_once(self) -> bool:
        """Return whether it is sent though its reader had an email about the case within the hour.

        So is what is urgent or `prompt`, what has dates for a calendar, and what has a link to answer by. A reminder
        whose link answers (`DueMessage.answers`) is sent at once too.
        """
        return self.urgent or self.prompt or self.answers or self.invitation is not None

    @property
    def inbox(self) -> bool:
        """Return whether it is in the portal's inbox too: a line manager has no account, so no inbox."""
        return self.to is not AudienceKind.LINE_MANAGER

    def fits(self, data: Event) -> bool:
        """Return whether the rule's condition holds for the event."""
        return self.when is None or self.when.holds(data)
