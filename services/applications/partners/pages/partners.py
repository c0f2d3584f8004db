"""Show partners: their standing, open cases and decisions. Auditors read these pages too."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import page_rows, tag
from services.applications.guards import OverseerOrCoordinator
from services.applications.parameters import BusDep
from services.applications.partners import model, views
from services.applications.partners.pages.common import (
    at,
    decided_row,
    decision_state,
    decision_title,
    open_case_rows,
    reference,
    state_tag,
    supply_row,
)
from services.applications.register.views.entries import PartnerSince
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.next_steps import PartnerFacts, partner_standing
from shared.time import dates
from shared.web.lists import PAGE, Column, Empty, Link, Listing, list_page
from shared.web.render import render
from shared.web.states import Standing, state

HERE = "/applications/partners"
router = APIRouter(prefix=HERE, include_in_schema=False)


@router.get("")
async def all_partners(request: Request, _: OverseerOrCoordinator, bus: BusDep) -> Response:
    """List all partner countries with their standing."""
    async with bus.read() as session:
        standings = await views.partners(session)
    heads = gettext("Country"), gettext("State"), gettext("Since"), gettext("Planned decision")
    listing = Listing(
        gettext("Partners"),
        HERE,
        [Column(head) for head in heads],
        [
            [
                Link(labels.country(standing.country), at(standing.country)),
                tag("partner", standing.status),
                standing.since and dates.day(standing.since),
                standing.later and decision_title(standing.later),
            ]
            for standing in standings.items
        ],
        len(standings.items),
        Empty(gettext("No country takes part.")),
        size=max(PAGE, len(standings.items)),
        back="/applications/",
        legend="partner",
    )
    return list_page(request, listing)


@router.get("/{country}")
async def show(request: Request, country: str, principal: OverseerOrCoordinator, bus: BusDep) -> Response:
    """Show one partner: its standing, open cases and decisions."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
    return render(
        request,
        "partners/show.html",
        partner=partner,
        country=country,
        where=Standing.of(
            state("partner", partner.standing.status), partner_standing(_facts(partner)), partner.standing.since
        ),
        decides=principal.has(Role.PROGRAMME_COORDINATOR),
        open_cases=open_case_rows(partner.open_cases),
        supply=[
            supply_row(item, linked=principal.has(Role.PROGRAMME_COORDINATOR)) for item in partner.open_cases.supply
        ],
        history=[
            [dates.day(item.since), until and dates.day(until), tag("partner", item.status)]
            for item, until in _until(partner.history)
        ],
        decisions=[
            [
                Link(decision_title(item), at(country, "decisions", item.id)),
                decision_state(item),
                dates.moment(item.decided_at),
                partner.names.get(item.decided_by, item.decided_by),
            ]
            for item in partner.decisions
        ],
        decision_title=partner.standing.later and decision_title(partner.standing.later),
        done=request.query_params.get("done"),
    )


def _facts(partner: views.Partner) -> PartnerFacts:
    standing = partner.standing
    later = standing.later
    return PartnerFacts(
        status=standing.status,
        open_cases=len(partner.open_cases.cases),
        later=None if later is None else later.status,
        later_from=None if later is None else later.since,
    )


def _until(history: list[PartnerSince]) -> list[tuple[PartnerSince, date | None]]:
    """Return each status with its last day, newest first; the newest has none."""
    ends = [None, *(status.since - timedelta(days=1) for status in history)]
    return list(zip(history, ends, strict=False))


@router.get("/{country}/cases")
async def cases_of(
    request: Request,
    country: str,
    principal: OverseerOrCoordinator,
    bus: BusDep,
    side: str = "",
    stage: str = "",
    state: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the cases behind a count; without filters all open cases."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
    decides = principal.has(Role.PROGRAMME_COORDINATOR)
    cases = [
        case
        for group in partner.open_cases.groups
        for case in partner.open_cases.of(*group)
        if side in {"", case.side} and stage in {"", case.stage} and state in {"", case.state}
    ]
    rows = [
        [
            reference(case) if decides else case.reference,
            model.group_name(case.side, case.stage),
            state_tag(case.stage, case),
            case.other and labels.country(case.other),
        ]
        for case in page_rows(cases, page)
    ]
    heads = gettext("Reference"), gettext("What"), gettext("State"), gettext("Other country")
    listing = Listing(
        gettext("Cases in progress"),
        at(country, "cases"),
        [Column(head) for head in heads],
        rows,
        len(cases),
        Empty(
            gettext("No cases of this kind are in progress any more."), gettext("All cases in progress"), at(country)
        ),
        page=page,
        caption=labels.country(country),
        back=at(country),
    )
    return list_page(request, listing)


@router.get("/{country}/decisions/{decision_id}")
async def show_decision(
    request: Request, country: str, decision_id: UUID, principal: OverseerOrCoordinator, bus: BusDep
) -> Response:
    """Show the record of a decision: who, when, what was shown, what was chosen, and the result for each case."""
    async with bus.read() as session:
        details = await views.decision_details(session, country, decision_id)
    decision, funds = details.record, details.funds
    # Choices for groups that stayed empty mean nothing.
    groups = {(case.side, case.stage) for case in decision.shown} | {(case.side, case.stage) for case in decision.cases}
    decides = principal.has(Role.PROGRAMME_COORDINATOR)
    return render(
        request,
        "partners/decision.html",
        decision=decision,
        country=country,
        state=decision_state(decision),
        title=decision_title(decision),
        names=details.names,
        choices=[
            [model.group_name(choice.side, choice.stage), model.choice_in_words(choice, funds)]
            for choice in decision.choices
            if (choice.side, choice.stage) in groups
        ],
        cases=[decided_row(case, funds, linked=decides) for case in decision.cases],
        notices=[case for case in decision.cases if case.state is model.CaseState.NOTICE and decides],
        shown=[
            [case.reference, model.group_name(case.side, case.stage), case.other and labels.country(case.other)]
            for case in decision.shown
        ],
        decides=decides,
        done=request.query_params.get("done"),
    )
