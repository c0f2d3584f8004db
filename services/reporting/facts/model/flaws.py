"""Which events cannot be as they say, and what becomes of each? Kept and listed, whether they count or not.

An event that breaks its contract never comes this far: it is parked, whole, and waits for a person. What is looked at
here are events that the contract allows and that make no sense all the same.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.contracts import outcomes, visits
from shared.contracts.codes import COUNTRIES, PRIORITIES
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping


class Flaw(StrEnum):
    """What is wrong with an event."""

    ENDS_BEFORE_IT_STARTS = "ends_before_it_starts"
    DAYS_OUTSIDE = "days_outside"
    SCORE_ABOVE_MAXIMUM = "score_above_maximum"
    UNKNOWN_CODE = "unknown_code"
    ATTENDED_ON_ANOTHER_DAY = "attended_on_another_day"
    NEED_ENDS_BEFORE_IT_STARTS = "need_ends_before_it_starts"

    @property
    def sentence(self) -> str:
        """What is wrong, in words."""
        return _WORDS[self][0]

    @property
    def fate(self) -> str:
        """What becomes of it, and how it is mended."""
        return _WORDS[self][1]


_WORDS = {
    Flaw.ENDS_BEFORE_IT_STARTS: (
        N_("The visit ends before it starts"),
        N_("Left out of all figures until its owner tells of the visit again, or takes it out"),
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
        N_("A country or a topic stands in no code list"),
        N_("Counted, in a part of its own, until its owner tells of it again"),
    ),
    Flaw.ATTENDED_ON_ANOTHER_DAY: (
        N_("Attendance was recorded for a day that is not in the visit"),
        N_("Not counted by itself: days are counted when the visit has ended"),
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


def flaws(type_: str, values: Mapping[str, Any]) -> tuple[Flaw, ...]:
    """What is wrong with the fact of an event of that type, from the values that it keeps."""
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


def left_out(type_: str, values: Mapping[str, Any]) -> bool:
    """Whether a fact does not count, since it cannot be as it says."""
    if type_ in _PLANNED:
        return _ends_early(values)
    return type_ == outcomes.TestScored.type and values["score"] > values["maximum"]


def _ends_early(values: Mapping[str, Any]) -> bool:
    """Whether a visit's last day lies before its first; facts of before these were kept do not say."""
    start, end = values.get("start"), values.get("ended") or values.get("end")
    return start is not None and end is not None and end < start
