"""Show the figures of a period, one indicator, and the events behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.reporting.disclosure.views import ReleasedFigure, released_figure
from services.reporting.periods.views import PeriodStatus, period_status
from shared.contracts.codes import PeriodState
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.approval import Approval


class PeriodFigures(PeriodStatus):
    """The figures of a period that were agreed with the donor, as they may be released."""

    figures: list[ReleasedFigure]


class IndicatorFigure(ReleasedFigure):
    """One figure, and how far its period is approved."""

    state: PeriodState


class FigureEvents(ReadModel):
    """The proof of a figure: the ids of all events that it was computed from, sorted, and their digest."""

    indicator: Annotated[str, Field(examples=["TOPCOP-OP-02"])]
    period: Annotated[str, Field(examples=["2026-H1"])]
    events: list[UUID]
    events_digest: Annotated[
        str | None, Field(description="SHA-256 over these ids, each on a line.", examples=["9f86d081884c7d65"])
    ]


def period_figures(approval: Approval, released: Sequence[Released]) -> PeriodFigures:
    """Return a period with its released figures."""
    return PeriodFigures(**dict(period_status(approval)), figures=[released_figure(each) for each in released])


def indicator_figure(approval: Approval, released: Released) -> IndicatorFigure:
    """Return one released figure of a period."""
    return IndicatorFigure(**dict(released_figure(released)), state=approval.state)


def figure_events(figure: Figure, ids: list[UUID]) -> FigureEvents:
    """Return the proof of a figure."""
    return FigureEvents(
        indicator=figure.definition.id, period=figure.period.label, events=ids, events_digest=figure.total.digest
    )
