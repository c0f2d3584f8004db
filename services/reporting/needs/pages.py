"""Pages of needs and demand: what was needed, applied for and matched, and why the others found no place.

They are a report with totals and maps, so they are no `Listing`.
"""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import period_choices
from services.reporting.guards import Reader, may_steer
from services.reporting.indicators.model.demand import RECEIVED, RESULTS, UNMET
from services.reporting.needs import documents, views
from services.reporting.needs.actions import needs_and_figures, periods_with_applications
from services.reporting.parameters import PRESENT_ONLY, BusDep
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web import states
from shared.web.query import one_of
from shared.web.render import render

router = APIRouter(include_in_schema=False)
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
    "country-and-gap": N_("What was missing, and country"),
}
"""The breakdowns of those without a match that a reader can choose from."""


@router.get("/reporting/needs", dependencies=[PRESENT_ONLY])
async def needs(
    request: Request,
    principal: Reader,
    bus: BusDep,
    period: str | None = None,
    by: Annotated[str, one_of(*BY)] = "topic",
    gap: Annotated[str, one_of(*GAPS)] = "",
) -> Response:
    """Show needs beside demand by one dimension, and those without a match by two: the first map that can be shown."""
    approval, figures, found = await needs_and_figures(bus, period, steers=may_steer(principal))
    unmet, steers = figures.get(UNMET), may_steer(principal)
    nothing_asked = views.nothing_asked(figures)
    maps = {} if unmet is None else {each: views.gaps(unmet, each) for each in GAPS}
    by, gap = by or "topic", gap or next((each for each in GAPS if maps.get(each)), next(iter(GAPS)))
    rows = views.rows(figures, found, by)
    return render(
        request,
        "needs/needs.html",
        approval=approval,
        state=states.state("period", approval.state),
        headline=views.headline(figures, found),
        steers=steers,
        nothing_asked=nothing_asked,
        with_applications=await periods_with_applications(bus) if nothing_asked and not steers else [],
        part_of_it=RESULTS in figures,
        needed=by != "language",
        rows=rows,
        whole=views.whole(figures, found),
        chart=views.need_and_match(rows, by),
        map=maps.get(gap),
        gap_hidden=unmet is not None and gap in unmet.withheld,
        unmet=unmet,
        areas=views.areas(found),
        definitions=[figures[each].definition for each in (RECEIVED, RESULTS, *views.BECAME) if each in figures],
        by=by,
        gap=gap,
        kinds=[(name, gettext(words)) for name, words in BY.items()],
        gaps=[(name, gettext(words)) for name, words in GAPS.items()],
        choices=await period_choices(bus, steers=steers),
        show=disclosure_views,
    )


@router.get("/reporting/needs.csv", dependencies=[PRESENT_ONLY])
async def as_csv(principal: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Download needs and demand as CSV, for the next needs analysis."""
    return documents.csv_response(*await needs_and_figures(bus, period, steers=may_steer(principal)))


@router.get("/reporting/needs.csv-metadata.json", dependencies=[PRESENT_ONLY])
async def described(principal: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Return what the columns of the CSV file hold (CSV on the Web)."""
    approval, figures, found = await needs_and_figures(bus, period, steers=may_steer(principal))
    table = f"needs.csv?period={approval.period.label}"
    content = documents.description(list(figures.values()), found, approval, table=table)
    return Response(content, media_type="application/csvm+json")


@router.get("/reporting/needs.xlsx", dependencies=[PRESENT_ONLY])
async def as_workbook(principal: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Download the same rows as an Excel workbook."""
    approval, figures, found = await needs_and_figures(bus, period, steers=may_steer(principal))
    content = documents.as_workbook(list(figures.values()), found, approval, clock.now())
    headers = documents.download_headers(f"tandem-needs-{approval.period.label}.xlsx")
    return Response(content, media_type=XLSX, headers=headers)
