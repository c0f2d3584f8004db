"""Needs, demand, met: what was needed, what was asked for, what became of it, and what kept the others from a place?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import Released
from services.reporting.guards import Reader
from services.reporting.indicators.model.demand import ASKED, RESULTS, UNMET
from services.reporting.needs import documents, store, views
from services.reporting.needs.model import Need
from services.reporting.overview.pages.figures import choices, everything
from services.reporting.periods.model.approval import Approval
from shared.bus import Bus
from shared.i18n import N_, gettext
from shared.runtime.service import bus_of
from shared.time import clock
from shared.web import states
from shared.web.render import render

router = APIRouter(include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BY = {
    "topic": N_("Priority topic"),
    "country": N_("Country of service"),
    "language": N_("Language"),
    "level": N_("Level of expertise"),
}
GAPS = {
    "topic-and-country": N_("Topic and country"),
    "topic-and-language": N_("Topic and language"),
    "country-and-gap": N_("What was wanting, and country"),
}
"""The breakdowns of those without a match that a reader can choose from."""


async def load(bus: Bus, label: str | None) -> tuple[Approval, dict[str, Released], list[Need]]:
    """Where a period stands, its figures behind the gate by id, and the needs of which a part falls into it."""
    where, released = await everything(bus, label)
    async with bus.read() as session:
        needs = await store.of_period(session, where.period)
    return where, {each.definition.id: each for each in released}, needs


@router.get("/reporting/needs")
async def needs(
    request: Request,
    _: Reader,
    bus: Store,
    period: str | None = None,
    by: str = "topic",
    gap: str = "topic-and-country",
) -> Response:
    """Needs beside demand by one dimension, and those without a match by two."""
    where, figures, found = await load(bus, period)
    by = by if by in BY else "topic"
    gap = gap if gap in GAPS else "topic-and-country"
    rows = views.rows(figures, found, by)
    return render(
        request,
        "needs/needs.html",
        where=where,
        state=states.state("period", where.state),
        headline=views.headline(figures, found),
        part_of_it=RESULTS in figures,
        needed=by != "language",
        rows=rows,
        whole=views.whole(figures, found),
        chart=views.need_and_match(rows, by),
        map=views.gaps(figures[UNMET], gap) if UNMET in figures else None,
        gap_hidden=gap in figures[UNMET].withheld if UNMET in figures else False,
        unmet=figures.get(UNMET),
        areas=views.areas(found),
        definitions=[figures[each].definition for each in (ASKED, RESULTS, *views.BECAME) if each in figures],
        by=by,
        gap=gap,
        kinds=[(name, gettext(words)) for name, words in BY.items()],
        gaps=[(name, gettext(words)) for name, words in GAPS.items()],
        choices=await choices(bus),
        show=disclosure_views,
    )


@router.get("/reporting/needs.csv")
async def as_csv(_: Reader, bus: Store, period: str | None = None) -> Response:
    """All of it as CSV, for the next needs analysis."""
    return await csv_answer(bus, period)


@router.get("/reporting/needs.csv-metadata.json")
async def described(_: Reader, bus: Store, period: str | None = None) -> Response:
    """What the columns of the CSV file hold (CSV on the Web)."""
    where, *_rest = await load(bus, period)
    table = f"needs.csv?period={where.period.label}"
    return Response(documents.description(where, table=table), media_type="application/csvm+json")


@router.get("/reporting/needs.xlsx")
async def as_workbook(_: Reader, bus: Store, period: str | None = None) -> Response:
    """The same rows as an Excel workbook."""
    where, figures, found = await load(bus, period)
    content = documents.as_workbook(list(figures.values()), found, where, clock.now())
    return Response(content, media_type=XLSX, headers=_named(f"tandem-needs-{where.period.label}.xlsx"))


async def csv_answer(bus: Bus, period: str | None) -> Response:
    """The CSV file of a period, with the address of its description."""
    where, figures, found = await load(bus, period)
    described_at = f"needs.csv-metadata.json?period={where.period.label}"
    headers = _named(f"tandem-needs-{where.period.label}.csv")
    headers["Link"] = f'<{described_at}>; rel="describedby"; type="application/csvm+json"'
    content = documents.as_csv(list(figures.values()), found, where)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _named(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"'}


def rows_for_programs(figures: dict[str, Released], found: list[Need], where: Approval) -> list[dict[str, Any]]:
    """The rows for programs; what is empty is none."""
    rows = documents.rows(list(figures.values()), found, where)
    return [{name: row.get(name) for name in documents.COLUMNS} for row in rows]
