"""Show baselines and targets, and how near the figures are to them, period by period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.reporting.disclosure.views import Number
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Measure, written
from services.reporting.periods.model import periods
from services.reporting.targets import store
from services.reporting.targets.model import TargetKind, due_in_period, standing, waiting
from shared.contracts.codes import PeriodKind
from shared.i18n import N_, gettext, number
from shared.time import dates
from shared.web.csv_files import records_as_csv
from shared.web.graphics.charts import Series, lines
from shared.web.items import ListedVersion
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Released
    from services.reporting.periods.model.approval import Approval
    from services.reporting.periods.model.periods import Period
    from services.reporting.targets.model import TargetValue
    from shared.web.graphics.charts import Chart

KINDS = {
    PeriodKind.YEAR.value: N_("Years"),
    PeriodKind.HALF_YEAR.value: N_("Half-years"),
    PeriodKind.QUARTER.value: N_("Quarters"),
}
MOST = 8
"""The most periods that are drawn, the last ones in which a target is due."""
COLUMNS = ("indicator", "title", "period", "start", "end", "status", "target", "target_day", "actual", "hidden")


class Target(ReadModel):
    """A baseline or a target of an indicator; it counts once another person has approved it."""

    id: UUID
    indicator: Annotated[str, Field(examples=["TOPCOP-OP-02"])]
    kind: TargetKind
    day: Annotated[date, Field(description="When the baseline was measured, or the target is due.")]
    value: Number
    source: Annotated[str, Field(description="Where it is written down.", examples=["Grant agreement, annex 1"])]
    comment: str
    written_at: AwareDatetime
    approved_at: Annotated[AwareDatetime | None, Field(description="Null while it waits for approval.")]


class ListedTarget(Target):
    """A value that waits, with the version of the record."""

    version: ListedVersion


def target(value: TargetValue) -> Target:
    """Return a baseline or a target without the people behind it."""
    return Target(
        id=value.id,
        indicator=value.indicator,
        kind=value.kind,
        day=value.day,
        value=value.value,
        source=value.source,
        comment=value.comment,
        written_at=value.written_at,
        approved_at=value.approved_at,
    )


async def approved_targets(session: AsyncSession) -> Page[Target]:
    """Return the values that count, by indicator, kind and day."""
    return Page[Target](items=[target(each) for each in standing(await store.everything(session))], next=None)


async def waiting_targets(session: AsyncSession) -> Page[Target]:
    """Return the values that wait for a second person, by indicator, kind and day."""
    return Page[Target](items=[target(each) for each in waiting(await store.everything(session))], next=None)


async def target_values(session: AsyncSession) -> list[TargetValue]:
    """Return all baselines and targets, also those that wait for approval."""
    return await store.everything(session)


def facts(value: TargetValue) -> tuple[tuple[str, str], ...]:
    """Return a baseline or a target in words, its place first."""
    return (
        *place_facts(value),
        (gettext("Value"), written(value.value)),
        (gettext("Source of verification"), value.source),
        (gettext("Comment"), value.comment),
    )


def place_facts(value: TargetValue) -> tuple[tuple[str, str], ...]:
    """Return the place of a baseline or a target in words: a value with the same place replaces it."""
    return (
        (gettext("Indicator"), value.indicator),
        (gettext("Type"), gettext(value.kind.label)),
        (gettext("Day"), dates.day(value.day)),
    )


PLACE_FACTS = 3
"""The number of facts that are the place of a value."""


@dataclass(frozen=True, slots=True)
class Column:
    """A period with its released figures and the targets that are due in it."""

    approval: Approval
    figures: Mapping[str, Released]
    due: Mapping[str, TargetValue]


def due_in(target_values: Sequence[TargetValue], kind: str) -> list[Period]:
    """Return the periods of a kind from the first to the last in which a target is due."""
    days = [target_value.day for target_value in standing(target_values) if target_value.kind is TargetKind.TARGET]
    if not days:
        return []
    found = [periods.parse(label) for label in periods.labels(min(days), max(days))]
    return sorted((each for each in found if each.kind == kind), key=lambda each: each.start)[-MOST:]


def column(approval: Approval, released: Sequence[Released], target_values: Sequence[TargetValue]) -> Column:
    """Return a period with what is due in it."""
    return Column(
        approval, {each.definition.id: each for each in released}, due_in_period(target_values, approval.period)
    )


def charts(columns: Sequence[Column]) -> list[Chart]:
    """Return a chart for each indicator that has a target in one of the periods, in the indicators' order."""
    return [_chart(indicator, columns) for indicator in INDICATORS if any(indicator in each.due for each in columns)]


def _chart(indicator: str, columns: Sequence[Column]) -> Chart:
    definition = INDICATORS[indicator]
    actual = [(each.approval.period.label, _actual(each, indicator)) for each in columns]
    target = [
        (each.approval.period.label, float(each.due[indicator].value) if indicator in each.due else None)
        for each in columns
    ]
    last = next(
        (
            (label, t, a)
            for (label, t), (_, a) in zip(reversed(target), reversed(actual), strict=True)
            if t is not None and a is not None
        ),
        None,
    )  # fmt: skip - the newest period that has both
    share = definition.measure is Measure.SHARE
    name = gettext(definition.title)
    title = (
        gettext("%(name)s, %(period)s: %(actual)s, target %(target)s")
        % {
            "name": name,
            "actual": _formatted(last[2], share=share),
            "target": _formatted(last[1], share=share),
            "period": last[0],
        }
        if last
        else gettext("%(name)s: no figure to compare with a target yet") % {"name": name}
    )
    return lines(
        title,
        [Series(gettext("target"), target), Series(gettext("actual"), actual)],
        label=gettext("Period"),
        write=lambda value: _formatted(value, share=share),
        definition=gettext("The last target due in each period, next to the figure of that period. %(what)s")
        % {"what": gettext(definition.numerator)},
    )


def _actual(column_of: Column, indicator: str) -> float | None:
    figure = column_of.figures.get(indicator)
    return None if figure is None or figure.total.value is None else float(figure.total.value)


def _formatted(value: float, *, share: bool) -> str:
    text = number(value, 0 if value == int(value) else 1)
    return gettext("%(number)s\u00a0%%") % {"number": text} if share else text


def csv_text(columns: Sequence[Column]) -> str:
    """Return the same as CSV: a row for each indicator and period in which a target is due."""
    rows: list[dict[str, Any]] = []
    for indicator, definition in INDICATORS.items():
        for each in columns:
            target_value, figure = each.due.get(indicator), each.figures.get(indicator)
            if target_value is None:
                continue
            total = figure.total if figure else None
            rows.append(
                {
                    "indicator": indicator,
                    "title": definition.title,
                    "period": each.approval.period.label,
                    "start": each.approval.period.start.isoformat(),
                    "end": each.approval.period.end.isoformat(),
                    "status": each.approval.state.value,
                    "target": written(target_value.value),
                    "target_day": target_value.day.isoformat(),
                    "actual": written(total.value) if total and total.value is not None else "",
                    "hidden": total.hidden.value if total and total.hidden else "",
                }
            )
    return records_as_csv(COLUMNS, rows)
