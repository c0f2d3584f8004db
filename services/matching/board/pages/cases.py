"""The pages of single cases: a filtered list, and each application with its receipt."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views.cases import Case, CaseFilter, case_page
from services.matching.board.views.cases import cases as list_of_cases
from services.matching.board.views.country_results import country_results
from services.matching.board.views.visits import replacement_words, replaces_words
from services.matching.facts.views import CallSummary, all_calls
from services.matching.filters import ALL, COORDINATORS, ChosenCall, PageNumber, call_filter, call_of
from services.matching.lifecycle.views import match_of
from services.matching.parameters import BusDep, receipt_effort
from services.matching.words import match_stage, reason, stage
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind
from shared.i18n import gettext, number
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.time import dates
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, list_page, tag
from shared.web.query import CountryText, one_of
from shared.web.render import render, see_other
from shared.web.states import codes, states

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
_HERE = "/matching/applications"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


_NEVER_SHOWN = (
    {
        ("application", code)
        for code in (
            "draft",
            "eligible",
            "matched",
            "offered",
            "accepted",
            "scheduled",
            "under_way",
            "completed",
        )
    }
    | {
        ("match", code)
        for code in (
            "declined",
            "expired",
            "superseded",
            "cancelled",
            "confirmed",
            "reserve_proposed",
            "reserve_cleared",
        )
    }
    | {("visit", "move_proposed")}
)
_STAGES = tuple(
    f"{kind}:{code}"
    for kind in ("application", "match", "visit", "mentorship")
    for code in codes(kind)
    if (kind, code) not in _NEVER_SHOWN
)


class CaseAddress:
    """The filters and the order in the address of the list."""

    def __init__(
        self,
        stage: Annotated[str, one_of(*_STAGES)] = "",
        country: CountryText = "",
        kind: Annotated[str, one_of(*ApplicationKind)] = "",
        search: str = "",
        sort: str = "",
    ) -> None:
        self.stage, self.country, self.kind, self.search, self.sort = stage, country, kind, search, sort

    def filter(self, call: CallSummary | None, page: int) -> CaseFilter:
        """Return the same for the store."""
        return CaseFilter(
            call_id=call.id if call else None,
            stage=self.stage or None,
            country=self.country or None,
            kind=self.kind or None,
            search=self.search or None,
            sort=self.sort or "reference",
            page=page,
        )


@router.get("/applications")
async def applications(
    request: Request,
    bus: BusDep,
    principal: Coordinator,
    address: Annotated[CaseAddress, Depends()],
    page: PageNumber = 1,
    chosen: ChosenCall = "",
) -> Response:
    """List the cases by filter, 50 a page."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        filters = address.filter(call, page)
        view = await list_of_cases(session, reach(principal), filters)
    listing = Listing(
        gettext("Applications in the matching"),
        _HERE,
        [
            Column(gettext("Application"), "reference"),
            Column(gettext("Country"), "country"),
            Column(gettext("Status"), "stage"),
            Column(gettext("Place or reason")),
            Column(gettext("Score"), "score", numeric=True),
            Column(gettext("Since"), "since"),
        ],
        [_row(case) for case in view.rows],
        view.total,
        Empty(gettext("No applications match these filters."), gettext("Show all"), _HERE),
        page=filters.page,
        sort=filters.sort,
        filters=[call_filter(calls, call), *_filters(filters)],
        back="/matching/",
        back_text=gettext("Board"),
        live=("/matching/live", "cases"),
        buttons=[Link(gettext("Download results (Excel)"), _results_address(call, filters))],
    )
    return list_page(request, listing)


def _results_address(call: CallSummary | None, filters: CaseFilter) -> str:
    chosen = {"call": str(call.id) if call else ALL} | ({"country": filters.country} if filters.country else {})
    return f"{_HERE}/results.xlsx?{urlencode(chosen)}"


@router.get("/applications/results.xlsx")
async def results(bus: BusDep, principal: Coordinator, country: CountryText = "", chosen: ChosenCall = "") -> Response:
    """Download the results of the applicants from the reader's country, with a plain sentence for each."""
    async with bus.read() as session:
        call = call_of(chosen, await all_calls(session))
    content = await country_results(bus, reach(principal), call.id if call else None, country or None)
    headers = {"Content-Disposition": 'attachment; filename="results.xlsx"', "Cache-Control": "no-store"}
    return Response(content, media_type=_XLSX, headers=headers)


def _row(case: Case) -> list[Cell]:
    waits = case.stage in {"in_matching", "waitlisted", "waitlisted_cleared"}
    return [
        Link(case.reference, f"{_HERE}/{case.id}"),
        labels.country(case.country),
        tag(stage(case.stage_kind, case.stage)),
        (reason(case.why, case.rule) if waits else "") or _place(case),
        number(case.score) if case.score else None,
        dates.day(case.since),
    ]


def _place(case: Case) -> Markup | None:
    """Return the reference of a placement or mentor, and its title."""
    if not case.seat_reference:
        return None
    if not case.seat_title or case.seat_title == case.seat_reference:
        return escape(case.seat_reference)
    return Markup('{} <span class="tandem-quiet">{}</span>').format(case.seat_reference, case.seat_title)


def _filters(filters: CaseFilter) -> list[Filter]:
    stages = [
        (f"{kind}:{state.code}", state.word)
        for kind in ("application", "match", "visit", "mentorship")
        for state in states(kind)
        if (kind, state.code) not in _NEVER_SHOWN
    ]
    return [
        Filter("stage", gettext("Status"), filters.stage or "", stages),
        Filter("country", gettext("Country"), filters.country or "", labels.countries()),
        Filter(
            "kind", gettext("Kind"), filters.kind or "", [(kind.value, labels.label(kind)) for kind in ApplicationKind]
        ),
        Filter("search", gettext("Reference begins with"), filters.search or ""),
    ]


@router.get("/matches/{match_id}")
async def match(bus: BusDep, principal: Coordinator, match_id: UUID) -> Response:
    """Redirect a match to its application's page, which has the whole history."""
    async with bus.read() as session:
        found = await match_of(session, reach(principal), match_id)
    return see_other(f"/matching/applications/{found.pairing.application_id}")


@router.get("/applications/{application_id}")
async def application(request: Request, bus: BusDep, principal: Coordinator, application_id: UUID) -> Response:
    """Show one application: its stage, receipt, matches and history."""
    view = await case_page(bus, reach(principal), application_id, effort=receipt_effort(request))
    return render(
        request,
        "board/case.html",
        view=view,
        stage=stage,
        match_stage=match_stage,
        replacements={each.id: replacement_words(each.replacement, view.notice_weeks) for each in view.visits},
        replaces={each.id: replaces_words(each.replacement) for each in view.visits},
    )
