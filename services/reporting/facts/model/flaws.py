"""Find events that cannot be right, and say what happens to each.

An event that breaks its contract never comes this far: it is a dead letter and waits for a person. These events keep
the contract and still make no sense. They are kept and listed, whether they count or not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict

from shared.contracts import outcomes, visits
from shared.contracts.codes import COUNTRIES, PRIORITIES
from shared.i18n import N_


class JudgedValues(TypedDict, total=False):
    """The values of a fact that can be wrong."""

    country: str
    end: str
    ended: str
    host_country: str
    maximum: int
    outside: bool
    score: int
    start: str
    topic: str | None


class Flaw(StrEnum):
    """The flaw of an event."""

    ENDS_BEFORE_IT_STARTS = "ends_before_it_starts"
    DAYS_OUTSIDE = "days_outside"
    SCORE_ABOVE_MAXIMUM = "score_above_maximum"
    UNKNOWN_CODE = "unknown_code"
    ATTENDED_ON_ANOTHER_DAY = "attended_on_another_day"
    NEED_ENDS_BEFORE_IT_STARTS = "need_ends_before_it_starts"

    @property
    def sentence(self) -> str:
        """The fault in words."""
        return _WORDS[self][0]

    @property
    def fate(self) -> str:
        """The fate of the event and the way to correct it, in words."""
        return _WORDS[self][1]


_WORDS = {
    Flaw.ENDS_BEFORE_IT_STARTS: (
        N_("The visit ends before it starts"),
        N_("Left out of all figures until its owner sends the visit again, or removes it"),
    ),
    Flaw.DAYS_OUTSIDE: (
        N_("Days were attended that are not days of the visit"),
        N_("Counted with the number of days that the host recorded, until the host corrects them"),
    ),
    Flaw.SCORE_ABOVE_MAXIMUM: (
        N_("The score of the test is above its maximum"),
        N_("Left out of all figures until the test is scored again"),
    ),
    Flaw.UNKNOWN_CODE: (
        N_("A country or a topic is not in any code list"),
        N_("Counted separately until its owner sends it again"),
    ),
    Flaw.ATTENDED_ON_ANOTHER_DAY: (
        N_("Attendance was recorded for a day that is not in the visit"),
        N_("Not counted by itself, because days are counted when the visit has ended"),
    ),
    Flaw.NEED_ENDS_BEFORE_IT_STARTS: (
        N_("The need ends before it starts"),
        N_("Left out of the needs until its country corrects it in the register"),
    ),
}
LEFT_OUT = frozenset({Flaw.ENDS_BEFORE_IT_STARTS, Flaw.SCORE_ABOVE_MAXIMUM, Flaw.NEED_ENDS_BEFORE_IT_STARTS})
"""With these an event does not count; the others are listed only."""

_PLANNED = frozenset(
    event.type
    for event in (
        visits.VisitScheduled,
        visits.VisitMoved,
        visits.VisitCancelled,
        visits.VisitNoShow,
        visits.VisitEnded,
        visits.VisitCompleted,
    )
)
_TOPICS = frozenset(code for topics in PRIORITIES.values() for code in topics)


def flaws(type_: str, values: JudgedValues) -> tuple[Flaw, ...]:
    """Return what is wrong with the fact of an event of that type, from its values."""
    found: tuple[Flaw, ...] = ()
    if type_ in _PLANNED:
        if _ends_early(values):
            found = (Flaw.ENDS_BEFORE_IT_STARTS,)
        elif values.get("outside"):
            found = (Flaw.DAYS_OUTSIDE,)
    elif type_ == outcomes.TestScored.type and values["score"] > values["maximum"]:
        found = (Flaw.SCORE_ABOVE_MAXIMUM,)
    country, host, topic = values.get("country"), values.get("host_country"), values.get("topic")
    if (
        (country is not None and country not in COUNTRIES)
        or (host is not None and host not in COUNTRIES)
        or (topic is not None and topic not in _TOPICS)
    ):
        return (*found, Flaw.UNKNOWN_CODE)
    return found


def left_out(type_: str, values: JudgedValues) -> bool:
    """Return whether a fact is not counted because it cannot be right."""
    if type_ in _PLANNED:
        return _ends_early(values)
    return type_ == outcomes.TestScored.type and values["score"] > values["maximum"]


def _ends_early(values: JudgedValues) -> bool:
    """Return whether a visit's last day lies before its first; old facts do not have these values."""
    start, end = values.get("start"), values.get("ended") or values.get("end")
    return start is not None and end is not None and end < start
