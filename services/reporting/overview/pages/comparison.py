"""Pages that compare periods, and calls, side by side, as far as their numbers may be compared.

Their columns are the periods or calls that were chosen, so they are no `Listing`.
"""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.cases import views as cases_views
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import agreed_figures, of_calls, period_choices
from services.reporting.disclosure.model import Released, ReleasedCell
from services.reporting.figures.actions import counting
from services.reporting.guards import Reader, Steerer, may_steer
from services.reporting.indicators.model import calls
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Definition, Measure, written
from services.reporting.parameters import BusDep
from services.reporting.periods.model.approval import Approval
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import gettext, number
from shared.time import clock
from shared.web import states
from shared.web.csv_files import records_as_csv
from shared.web.render import render

router = APIRouter(include_in_schema=False)
Labels = Annotated[list[str], Query()]
MOST = 4
"""The most periods that a page shows side by side."""


@dataclass(frozen=True, slots=True)
class Side:
    """One period's number in a row: None if the indicator was not part of that period's figures.

    `difference` is against the row's first period; None if there is nothing to subtract or `other_version` holds.
    """

    figure: Released | None
    difference: Decimal | None = None
    other_version: bool = False


def rows(columns: list[dict[str, Released]]) -> list[tuple[Definition, list[Side]]]:
    """Return each indicator with its number in each period, in the indicators' order; without those that none has."""
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
    before, after = _value(base.total), _value(figure.total)
    return Side(figure, None if before is None or after is None else after - before)


def _value(cell: ReleasedCell) -> Decimal | None:
    return None if cell.hidden else cell.value


def change(side: Side, definition: Definition) -> str:
    """Return `+3`, `-4.5 percentage points`, `unchanged`; empty if there is no difference to name."""
    return difference_in_words(side.difference, definition)


def difference_in_words(difference: Decimal | None, definition: Definition) -> str:
    """Return a difference in words; empty if there is none to name."""
    if difference is None:
        return ""
    if not difference:
        return gettext("unchanged")
    digits = 0 if difference == difference.to_integral_value() else 1
    text = f"{'+' if difference > 0 else '-'}{number(abs(float(difference)), digits)}"
    return gettext("%(number)s percentage points") % {"number": text} if definition.measure is Measure.SHARE else text


async def _columns(bus: Bus, labels: list[str], *, steers: bool) -> list[tuple[Approval, dict[str, Released]]]:
    loaded = [await agreed_figures(bus, label, steers=steers) for label in labels]
    return [(approval, {each.definition.id: each for each in released}) for approval, released in loaded]


async def _chosen_labels(bus: Bus, period: list[str], *, steers: bool) -> tuple[list[str], str]:
    """Return the chosen labels and what is wrong with them (empty: nothing).

    By default these are last year and this, for readers the two published periods that ended last. Raises `Refused`
    (409) for readers while no period is published.
    """
    labels = [label for label in period if label]
    if steers:
        labels = labels or [str(clock.today().year - 1), str(clock.today().year)]
    else:
        await agreed_figures(bus, None, steers=False)
        labels = labels or [label for label, _ in (await period_choices(bus, steers=False))[1::-1]]
    if len(labels) < 2:
        return labels, gettext("Choose at least two periods.")
    if len(labels) > MOST:
        return labels[:MOST], gettext("Choose no more than %(most)s periods.") % {"most": MOST}
    if len(set(labels)) < len(labels):
        return labels, gettext("You chose a period twice. Choose different periods.")
    return labels, ""


def _overlap(columns: list[tuple[Approval, dict[str, Released]]]) -> bool:
    spans = sorted((approval.period.start, approval.period.end) for approval, _ in columns)
    return any(later[0] <= earlier[1] for earlier, later in pairwise(spans))


@router.get("/reporting/compare")
async def compare(request: Request, principal: Reader, bus: BusDep, period: Labels = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Show periods side by side, compared with the first one."""
    steers = may_steer(principal)
    labels, wrong = await _chosen_labels(bus, period, steers=steers)
    columns = [] if wrong else await _columns(bus, labels, steers=steers)
    return render(
        request,
        "overview/comparison.html",
        status=422 if wrong and period else 200,
        labels=labels,
        slots=range(MOST),
        wrong=wrong,
        columns=[(approval, states.state("period", approval.state)) for approval, _ in columns],
        rows=rows([figures for _, figures in columns]) if columns else [],
        overlap=_overlap(columns),
        choices=await period_choices(bus, steers=steers),
        steers=steers,
        change=change,
        show=disclosure_views,
    )


@router.get("/reporting/compare.csv")
async def as_csv(principal: Reader, bus: BusDep, period: Labels = []) -> Response:  # noqa: B006 - as above
    """Download the comparison as CSV: a row for each indicator and period."""
    steers = may_steer(principal)
    labels, wrong = await _chosen_labels(bus, period, steers=steers)
    if wrong:
        raise Refused(wrong, 422, {"period": wrong})
    columns = await _columns(bus, labels, steers=steers)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(
        ("indicator", "title", "period", "status", "definition_version", "value", "hidden", "difference", "comparable")
    )
    for definition, sides in rows([figures for _, figures in columns]):
        for (approval, _figures), side in zip(columns, sides, strict=True):
            if side.figure is None:
                continue
            total = side.figure.total
            writer.writerow(
                (
                    definition.id,
                    definition.title,
                    approval.period.label,
                    approval.state.value,
                    side.figure.definition.version,
                    "" if total.value is None else written(total.value),
                    total.hidden.value if total.hidden else "",
                    "" if side.difference is None else written(side.difference),
                    "no" if side.other_version else "yes",
                )
            )
    name = f'attachment; filename="tandem-comparison-{"-".join(labels)}.csv"'
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@dataclass(frozen=True, slots=True)
class CallRow:
    """An indicator with its number over all calls and in each chosen one; None: there is none."""

    definition: Definition
    whole: ReleasedCell
    sides: list[tuple[ReleasedCell | None, Decimal | None]]


def call_rows(figures: list[Released], chosen: list[str]) -> list[CallRow]:
    """Return each indicator that has a number by call, compared with the first chosen call."""
    found = []
    for figure in figures:
        cells = figure.breakdowns.get(calls.DIMENSION, {})
        numbers = [cells.get(call) for call in chosen]
        base = numbers[0].value if numbers and numbers[0] else None
        sides = [
            (each, each.value - base if n and each and each.value is not None and base is not None else None)
            for n, each in enumerate(numbers)
        ]
        found.append(CallRow(figure.definition, figure.total, sides))
    return found


async def _by_call(bus: Bus, call: list[str]) -> tuple[dict[str, str], list[str], str, list[CallRow]]:
    """Return the calls' references by id, the chosen ones (none: the first two), what is wrong, and the rows."""
    async with bus.read() as session:
        references = await cases_views.calls(session)
        made = await counting.by_call(session)
    known = {reference: str(id_) for id_, reference in references}
    named = [each for each in call if each] or list(known)[:2]
    wrong = ""
    if any(each not in known for each in named):
        wrong = gettext("There is no such call. Choose a call from the list.")
    elif len(named) > MOST:
        wrong = gettext("Choose no more than %(most)s calls.") % {"most": MOST}
    elif len(set(named)) < len(named):
        wrong = gettext("You chose a call twice. Choose different calls.")
    if wrong:
        return known, named[:MOST], wrong, []
    return known, named, "", call_rows(of_calls(made), [known[each] for each in named])


@router.get("/reporting/compare/calls")
async def compare_calls(request: Request, _: Steerer, bus: BusDep, call: Labels = []) -> Response:  # noqa: B006 - as above
    """Show calls side by side, over their whole time, compared with the first one."""
    known, named, wrong, found = await _by_call(bus, call)
    return render(
        request,
        "overview/calls.html",
        status=422 if wrong else 200,
        known=list(known),
        named=named,
        slots=range(MOST),
        wrong=wrong,
        rows=found if named else [],
        said=difference_in_words,
        show=disclosure_views,
    )


@router.get("/reporting/compare/calls.csv")
async def calls_as_csv(_: Steerer, bus: BusDep, call: Labels = []) -> Response:  # noqa: B006 - as above
    """Download the comparison as CSV: a row for each indicator and call."""
    _known, named, wrong, found = await _by_call(bus, call)
    if wrong:
        raise Refused(wrong, 422, {"call": wrong})
    lines = [
        {
            "indicator": row.definition.id,
            "title": row.definition.title,
            "definition_version": row.definition.version,
            "call": name,
            "value": written(cell.value) if cell and cell.value is not None else "",
            "hidden": (cell.hidden.value if cell.hidden else "") if cell else "not_told",
            "difference": "" if difference is None else written(difference),
        }
        for row in found
        for name, (cell, difference) in zip(named, row.sides, strict=True)
    ]
    columns = ("indicator", "title", "definition_version", "call", "value", "hidden", "difference")
    headers = {"Content-Disposition": 'attachment; filename="tandem-calls.csv"'}
    return Response(records_as_csv(columns, lines), media_type="text/csv; charset=utf-8", headers=headers)
