"""Two or more periods side by side: what changed, and which numbers may be compared at all?"""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.access import Reader
from services.reporting.model.approval import Approval
from services.reporting.model.disclosure import Released, Shown
from services.reporting.model.figure import Definition, Measure, written
from services.reporting.model.indicators import INDICATORS
from services.reporting.pages import show
from services.reporting.pages.figures import choices, load
from shared import clock
from shared.bus import Bus
from shared.service import bus_of
from shared.web import states
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.web.render import render
from shared.web.site import number

router = APIRouter(include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]
Labels = Annotated[list[str], Query()]
MOST = 4
"""So many periods stand side by side on a page."""


@dataclass(frozen=True, slots=True)
class Side:
    """One period's number in a row: None where the indicator was not part of that period's figures.

    `difference` is against the row's first period; None where there is nothing to subtract or `other_version` holds.
    """

    figure: Released | None
    difference: Decimal | None = None
    other_version: bool = False


def rows(columns: list[dict[str, Released]]) -> list[tuple[Definition, list[Side]]]:
    """Each indicator with its number in each period, in the indicators' order; what none of them has is left out."""
    found = []
    for indicator in INDICATORS:
        figures = [column.get(indicator) for column in columns]
        named = next((each.definition for each in figures if each is not None), None)
        if named is not None:
            found.append((named, [_side(figures[0], each, first=n == 0) for n, each in enumerate(figures)]))
    return found


def _side(base: Released | None, figure: Released | None, *, first: bool) -> Side:
    if first or base is None or figure is None:
        return Side(figure)
    if base.definition.version != figure.definition.version:
        return Side(figure, other_version=True)
    one, other = _value(base.total), _value(figure.total)
    return Side(figure, None if one is None or other is None else other - one)


def _value(shown: Shown) -> Decimal | None:
    return None if shown.hidden else shown.value


def change(side: Side, definition: Definition) -> str:
    """`+3`, `-4.5 percentage points`, `unchanged`; empty where there is no difference to name."""
    if side.difference is None:
        return ""
    if not side.difference:
        return gettext("unchanged")
    digits = 0 if side.difference == side.difference.to_integral_value() else 1
    text = f"{'+' if side.difference > 0 else '-'}{number(abs(float(side.difference)), digits)}"
    return gettext("%(number)s percentage points") % {"number": text} if definition.measure is Measure.SHARE else text


async def _columns(bus: Bus, labels: list[str]) -> list[tuple[Approval, dict[str, Released]]]:
    loaded = [await load(bus, label) for label in labels]
    return [(where, {each.definition.id: each for each in released}) for where, released in loaded]


def _asked(period: list[str]) -> tuple[list[str], str]:
    """The labels that were chosen, and what is wrong with them (empty: nothing); none at all: last year and this."""
    year = clock.today().year
    labels = [label for label in period if label] or [str(year - 1), str(year)]
    if len(labels) < 2:
        return labels, gettext("Choose two periods or more.")
    if len(labels) > MOST:
        return labels[:MOST], gettext("Choose no more than %(most)s periods.") % {"most": MOST}
    if len(set(labels)) < len(labels):
        return labels, gettext("You chose a period twice: choose different ones.")
    return labels, ""


def _overlap(columns: list[tuple[Approval, dict[str, Released]]]) -> bool:
    spans = sorted((where.period.start, where.period.end) for where, _ in columns)
    return any(later[0] <= earlier[1] for earlier, later in pairwise(spans))


@router.get("/reporting/compare")
async def compare(request: Request, _: Reader, bus: Store, period: Labels = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Periods side by side, the first one as the measure of the others."""
    labels, wrong = _asked(period)
    columns = [] if wrong else await _columns(bus, labels)
    return render(
        request,
        "compare.html",
        status=422 if wrong else 200,
        labels=labels,
        slots=range(MOST),
        wrong=wrong,
        columns=[(where, states.state("period", where.state)) for where, _ in columns],
        rows=rows([figures for _, figures in columns]) if columns else [],
        overlap=_overlap(columns),
        choices=await choices(bus),
        change=change,
        show=show,
    )


@router.get("/reporting/compare.csv")
async def as_csv(_: Reader, bus: Store, period: Labels = []) -> Response:  # noqa: B006 - as above
    """The same as CSV: a row for each indicator and period."""
    labels, wrong = _asked(period)
    if wrong:
        raise Refused(wrong, 422, {"period": wrong})
    columns = await _columns(bus, labels)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(
        ("indicator", "title", "period", "status", "definition_version", "value", "hidden", "difference", "comparable")
    )
    for definition, sides in rows([figures for _, figures in columns]):
        for (where, _figures), side in zip(columns, sides, strict=True):
            if side.figure is None:
                continue
            total = side.figure.total
            writer.writerow(
                (
                    definition.id,
                    definition.title,
                    where.period.label,
                    where.state.value,
                    side.figure.definition.version,
                    "" if total.value is None else written(total.value),
                    total.hidden.value if total.hidden else "",
                    "" if side.difference is None else written(side.difference),
                    "no" if side.other_version else "yes",
                )
            )
    name = f'attachment; filename="tandem-comparison-{"-".join(labels)}.csv"'
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
