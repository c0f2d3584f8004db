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
    supply,
    supply_link,
)
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.codes import Role, Side
from shared.time import dates
from shared.web.render import render

router = APIRouter(prefix="/applications/partners", include_in_schema=False)


@router.get("")
async def all_partners(request: Request, _: OverseerOrCoordinator, bus: BusDep) -> Response:
    """List all partner countries with their standing."""
    async with bus.read() as session:
        standings = await views.partners(session)
    rows = [
        [
            {"text": labels.country(standing.country), "href": at(standing.country)},
            tag("partner", standing.status),
            standing.since and dates.day(standing.since),
            standing.waiting and decision_title(standing.waiting),
        ]
        for standing in standings
    ]
    return render(request, "partners/all.html", rows=rows)


@router.get("/{country}")
async def show(request: Request, country: str, principal: OverseerOrCoordinator, bus: BusDep) -> Response:
    """Show one partner: its standing, open cases and decisions."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
        people = await entries.people_by_subject(session, [item.decided_by for item in partner.decisions])
    return render(
        request,
        "partners/show.html",
        found=partner,
        country=country,
        decides=principal.has(Role.PROGRAMME_COORDINATOR),
        open_cases=open_case_rows(partner.open_cases),
        supply=[[item.reference, supply(item), supply_link(item)] for item in partner.open_cases.supply],
        history=[
            [dates.day(item.since), until and dates.day(until), tag("partner", item.status)]
            for item, until in _until(partner.history)
        ],
        decisions=[
            [
                {"text": decision_title(item), "href": at(country, "decisions", item.id)},
                decision_state(item),
                dates.moment(item.decided_at),
                people[item.decided_by].name if item.decided_by in people else item.decided_by,
            ]
            for item in partner.decisions
        ],
        decision_title=partner.standing.waiting and decision_title(partner.standing.waiting),
        done=request.query_params.get("done"),
    )


def _until(history: list[entries.Partner]) -> list[tuple[entries.Partner, date | None]]:
    """Each status with its last day, newest first; the newest has none."""
    ends = [None, *(row.since - timedelta(days=1) for row in history)]
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
    return render(request, "partners/cases.html", country=country, rows=rows, page=page, total=len(cases))


@router.get("/{country}/decisions/{decision_id}")
async def show_decision(
    request: Request, country: str, decision_id: UUID, principal: OverseerOrCoordinator, bus: BusDep
) -> Response:
    """Show the record of a decision: who, when, what was shown, what was chosen, and the result for each case."""
    async with bus.read() as session:
        decision, cases = await views.decision(session, country, decision_id)
        people = await entries.people_by_subject(
            session, [decision.decided_by, *filter(None, [decision.withdrawn_by]), *(item.by for item in cases)]
        )
        funds = {str(item.id): item.name for item in await entries.funds(session)}
    # Choices for groups that stayed empty mean nothing.
    groups = {(item["side"], item["stage"]) for item in decision.shown} | {(item.side, item.stage) for item in cases}
    group_choices = [model.GroupChoice.model_validate(item) for item in decision.choices]
    choices = [item for item in group_choices if (item.side, item.stage) in groups]
    decides = principal.has(Role.PROGRAMME_COORDINATOR)
    return render(
        request,
        "partners/decision.html",
        decision=decision,
        country=country,
        state=decision_state(decision),
        title=decision_title(decision),
        names={subject: person.name for subject, person in people.items()},
        choices=[[model.group_name(item.side, item.stage), model.choice_in_words(item, funds)] for item in choices],
        cases=[decided_row(item, funds, linked=decides) for item in cases],
        notices=[item for item in cases if item.state == model.CaseState.NOTICE and decides],
        shown=[
            [
                item["reference"],
                model.group_name(Side(item["side"]), model.Stage(item["stage"])),
                item["other"] and labels.country(item["other"]),
            ]
            for item in decision.shown
        ],
        decides=decides,
        done=request.query_params.get("done"),
    )
