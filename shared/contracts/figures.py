"""Define the events on `exchange.figures`: published figures and their proof (compacted, key the figure)."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Day, Digest, Event, Example, Part
from shared.contracts.codes import N_, RestatementReason

Indicator = Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$", description="Indicator, as in the definitions")]
Decimal = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="Decimal number, written out")]


class Dimension(Part):
    """One dimension by which a figure is broken down, with its value."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]
    value: str


class Figure(Part):
    """A figure, whole: its indicator, period and value, and the set of events from which it was computed.

    No dimensions: the total. `value` is none where it is suppressed (disclosure control) or has no denominator.
    `events` is their number, `events_digest` the SHA-256 over their sorted ids, each on a line; `cut_off` is the moment
    up to which facts were included.
    """

    indicator: Indicator
    definition_version: Annotated[int, Field(ge=1)]
    period: Annotated[str, Field(pattern=r"^[0-9]{4}(-(H[12]|Q[1-4]))?$")]
    start: Day
    end: Day
    dimensions: tuple[Dimension, ...] = ()
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    suppressed: bool = False
    cut_off: AwareDatetime
    events: Count
    events_digest: Digest


class FigureEvent(Event):
    """An event on `exchange.figures`."""

    topic: ClassVar[str] = "exchange.figures"

    figure: Figure


_FIGURE: dict[str, JsonValue] = {
    "indicator": "TOPCOP-OP-02",
    "definition_version": 1,
    "period": "2026-H1",
    "start": "2026-01-01",
    "end": "2026-06-30",
    "dimensions": [{"name": "host-country", "value": "FR"}],
    "value": "17",
    "numerator": "17",
    "denominator": None,
    "suppressed": False,
    "cut_off": "2026-07-15T22:00:00Z",
    "events": 18,
    "events_digest": ex.DIGEST,
}


class FigurePublished(FigureEvent):
    """Reporting publishes a figure of an approved period."""

    label: ClassVar[str] = N_("Figure published")

    example: ClassVar[Example] = {"figure": _FIGURE}


class FigureRestated(FigureEvent):
    """A published figure is restated, approved by another person than the author; the previous value stays known.

    `added` and `removed` are the ids of the events that make the difference.
    """

    label: ClassVar[str] = N_("Figure corrected")

    previous_value: Decimal | None
    previous_digest: Digest
    reason: RestatementReason
    added: tuple[UUID, ...] = ()
    removed: tuple[UUID, ...] = ()

    example: ClassVar[Example] = {
        "figure": _FIGURE,
        "previous_value": "16",
        "previous_digest": ex.DIGEST,
        "reason": "late_facts",
        "added": [ex.EVENT],
        "removed": [],
    }
