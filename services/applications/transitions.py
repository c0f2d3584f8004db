"""Check transitions against the contract's table. Pure.

A placement and a mentor's profile have few states of their own, all moved by the portal; both are checked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.lifecycle import TRANSITIONS
from shared.errors import ProblemCode
from shared.i18n import gettext
from shared.time import dates
from shared.web.states import state as in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.contracts.base import Event

# (event, state) -> where it leads; an event that leaves the state as it is leads to that state.
_TARGETS: dict[tuple[str, str | None], str] = {
    (row.event, source): str(row.target or source)
    for row in TRANSITIONS
    for source in row.sources
    if row.target is not None or source is not None
}
_REACHED: dict[str, str] = {row.event: str(row.target) for row in TRANSITIONS if row.target is not None}


class NotNow(ValueError):
    """The event cannot happen in the present state; the sentence names that state, the code the kind of obstacle.

    `present` are the fields of a form with which it can happen, as those of `Refused`.
    """

    def __init__(
        self,
        sentence: str,
        code: ProblemCode = ProblemCode.WRONG_STATE,
        *,
        present: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.present = dict(present or {})


class WrongValue(ValueError):
    """Values that were sent cannot be meant: `fields` names each, `periods.0.end` for one in a list."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Take a sentence for each field, at least one."""
        super().__init__(next(iter(fields.values())))
        self.fields = dict(fields)


class AlreadyDone(NotNow):
    """The event has happened already: a second click is answered with the result of the first one."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An action on record: `what` tells it from others in its place, `by` is the person or the party who did it."""

    what: str
    by: str
    at: datetime


def refuse_recorded(before: Recorded, what: str, by: str, sentence: str) -> NotNow:
    """Return `AlreadyDone` where the same person or party did the same before, else the exception that says what holds.

    `sentence` is the message that says what was done, with `%(when)s` for the moment.
    """
    text = gettext(sentence) % {"when": dates.moment(before.at)}
    if (before.what, before.by) == (what, by):
        return AlreadyDone(text)
    return NotNow(text, ProblemCode.ALREADY_DONE)


def state_word(kind: str, state: str) -> str:
    """Return what the tag of a state says, in the reader's language."""
    return in_words(kind, state).word


def refuse(kind: str, state: str, *, done: bool = False) -> NotNow:
    """Return the exception that names the present state of a thing of that kind (a word of `shared.web.states`)."""
    text = gettext("It is now “%(state)s”, so this can no longer be done.")
    if done:
        text = gettext("This was already done. It is now “%(state)s”.")
    return (AlreadyDone if done else NotNow)(text % {"state": state_word(kind, state)})


def leading_to(event: type[Event], state: str) -> list[str]:
    """Return the types of the events on the topic of `event` that bring a thing from another state into that one."""
    rows = [row for row in TRANSITIONS if row.topic == event.topic and row.target is not None]
    return [row.event for row in rows if str(row.target) == state and row.sources != (row.target,)]


def possible(event: type[Event], state: str | None) -> bool:
    """Return whether `event` may happen to a thing in that state (None: it does not exist yet)."""
    return (event.type, state) in _TARGETS


def after(kind: str, event: type[Event], state: str) -> str:
    """Return the state to which `event` leads from `state`.

    Raises `AlreadyDone` where the thing is in that state already, `NotNow` where the event cannot happen.
    """
    target = _TARGETS.get((event.type, state))
    if target is None:
        raise refuse(kind, state, done=_REACHED.get(event.type) == state)
    return target
