"""Describe what the log of messages is searched by, and how messages are counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date


class MessageState(StrEnum):
    """The state of a message."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Search:
    """The search of the log; `countries` None means all, `week` is a Monday."""

    words: str = ""
    state: str | None = None
    countries: frozenset[str] | None = None
    page: int = 1
    rule: str | None = None
    week: date | None = None


By = Literal["day", "week", "rule"]


@dataclass(frozen=True, slots=True)
class Span:
    """The scope of a count: events of the days from `first` up to and without `end`, at the programme's office.

    `countries` are those that the reader may see (None: all), `rule` one message of the table.
    """

    first: date
    end: date
    countries: frozenset[str] | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Messages of one day, week (its Monday) or rule, with times from the event to the mail server's receipt.

    Half of the mails took at most `half` seconds, nine tenths at most `most`; None where none was sent.
    """

    value: date | str
    sent: int
    failed: int
    waiting: int
    half: float | None
    most: float | None

    @property
    def all(self) -> int:
        """All messages of it."""
        return self.sent + self.failed + self.waiting
