"""What is a row of the table of messages: an event, who hears of it, in which words, and where the link leads?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.contracts.codes import AudienceKind, Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.contracts.base import Event


class Method(StrEnum):
    """What a calendar invitation asks of the calendar (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Told(StrEnum):
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
    """One row. `name` never changes: it stands in events and makes the notification's id.

    `subject` and the paragraphs of `text` hold `%(word)s` places (`wording.py` says which words there are). The
    reference stands before every subject; a name never does. A paragraph one of whose words is empty is left out.
    `link` is a key of `links.LINKS`, `action` what the link says. What is not `mandatory` a reader may refuse. An
    `urgent` one need not wait for the morning; one about days that are far off still may. Where the link `answers` the
    question, a mail has one of the reader's own, which the portal gives when it is sent.
    """

    name: str
    event: type[Event]
    to: AudienceKind | Told
    subject: str
    text: tuple[str, ...]
    link: str
    action: str
    when: When | None = None
    invitation: Method | None = None
    mandatory: bool = True
    urgent: bool = False
    answers: bool = False

    @property
    def channel(self) -> Channel:
        """By what way it goes."""
        return Channel.MAIL if self.invitation is None else Channel.CALENDAR

    @property
    def inbox(self) -> bool:
        """Whether it stands in the portal's inbox too: a line manager has no account, so no inbox."""
        return self.to is not AudienceKind.LINE_MANAGER

    def fits(self, data: Event) -> bool:
        """Whether the rule's condition holds for the event."""
        return self.when is None or self.when.holds(data)
