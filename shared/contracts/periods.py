"""Define the events on `exchange.periods`: the approval of a reporting period (compacted, whole state).

Also the groupings of figures, which are chosen once for all periods: their key is `groupings`.
"""

from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field, JsonValue

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Day, Digest, Event, Example, OneOf, Part
from shared.contracts.codes import (
    GROUPINGS,
    N_,
    PeriodKind,
    PeriodReturnReason,
    PeriodState,
    RestatementReason,
)


class ReportingPeriod(Part):
    """A period as it is now, whole; `figures_digest` runs over all of its figures, so that a later one is noticed.

    `frozen_at` is since when its figures change by restatement only: it stays in what comes after PeriodFrozen, since
    the log keeps a period's newest event only. `statement` counts how often its figures were stated: 1 when they were
    submitted, one more with each restatement.
    """

    label: Annotated[str, Field(pattern=r"^[0-9]{4}(-(H[12]|Q[1-4]))?$")]
    kind: PeriodKind
    start: Day
    end: Day
    state: PeriodState
    cut_off: AwareDatetime | None = None
    figures: Count = 0
    figures_digest: Digest | None = None
    frozen_at: AwareDatetime | None = None
    statement: Annotated[int, Field(ge=1)] = 1


class CountedEvents(Part):
    """The events from which figures were counted: those of `types` that happened up to `cut_off` and had arrived.

    Besides, of the other types that figures use, the events about a period that was frozen before they happened.
    `sketch` names the few events that had not arrived to a reader who has them all (`figures/model/sketch.py`);
    `events` is how many had arrived.
    """

    cut_off: AwareDatetime
    types: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")], ...]
    events: Count
    sketch: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class ReportingEvent(Event):
    """An event on `exchange.periods`."""

    topic: ClassVar[str] = "exchange.periods"


class PeriodEvent(ReportingEvent):
    """A step in the approval of a period."""

    abstract: ClassVar[bool] = True

    period: ReportingPeriod


def _example(state: str) -> dict[str, Any]:
    return {
        "label": "2026-H1",
        "kind": "half_year",
        "start": "2026-01-01",
        "end": "2026-06-30",
        "state": state,
        "cut_off": "2026-07-15T22:00:00Z",
        "figures": 120,
        "figures_digest": ex.DIGEST,
        "frozen_at": "2026-07-20T09:00:00Z" if state in {"frozen", "published"} else None,
        "statement": 1,
    }


_COUNTED: dict[str, JsonValue] = {
    "cut_off": "2026-07-15T22:00:00Z",
    "types": ["VisitCompleted"],
    "events": 4211,
    "sketch": "AAAA",
}


class PeriodSubmitted(PeriodEvent):
    """The author submits a period's figures for approval."""

    label: ClassVar[str] = N_("Figures of a period submitted")

    counted: CountedEvents | None = None

    example: ClassVar[Example] = {"period": _example("submitted"), "counted": _COUNTED}


class PeriodReturned(PeriodEvent):
    """The approver returns a period's figures to the author."""

    label: ClassVar[str] = N_("Figures of a period returned")

    reason: PeriodReturnReason

    example: ClassVar[Example] = {"period": _example("returned"), "reason": "facts_missing"}


class PeriodApproved(PeriodEvent):
    """Another person than the author approves a period's figures."""

    label: ClassVar[str] = N_("Figures of a period approved")

    example: ClassVar[Example] = {"period": _example("approved")}


class PeriodFrozen(PeriodEvent):
    """From now on the period's figures change by restatement only."""

    label: ClassVar[str] = N_("Figures of a period frozen")

    example: ClassVar[Example] = {"period": _example("frozen")}


class PeriodPublished(PeriodEvent):
    """The period's figures are published."""

    label: ClassVar[str] = N_("Figures of a period published")

    example: ClassVar[Example] = {"period": _example("published")}


class PeriodRestated(PeriodEvent):
    """Figures of a frozen period change from now on; a FigureRestated follows for each published one."""

    label: ClassVar[str] = N_("Figures of a period corrected")

    reason: RestatementReason
    counted: CountedEvents | None = None

    example: ClassVar[Example] = {
        "period": {**_example("published"), "statement": 2},
        "reason": "late_facts",
        "counted": _COUNTED,
    }


GROUPINGS_KEY = "groupings"


class ChosenLevel(Part):
    """The level of one dimension: `values` is each value by itself; its groups are listed in the code list."""

    dimension: Annotated[str, OneOf.of(GROUPINGS)]
    level: Annotated[str, OneOf.of(level.code for levels in GROUPINGS.values() for level in levels)]


class GroupingsChosen(ReportingEvent):
    """The programme coordinator chooses how coarse figures are, before any are submitted; whole: all chosen levels.

    A dimension that is not named has each value by itself.
    """

    label: ClassVar[str] = N_("Groupings of figures chosen")

    levels: tuple[ChosenLevel, ...]

    example: ClassVar[Example] = {
        "levels": [
            {"dimension": "host-country", "level": "region"},
            {"dimension": "priority-topic", "level": "family"},
        ]
    }
