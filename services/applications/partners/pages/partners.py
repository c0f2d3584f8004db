"""What does a partner's page show: how it stands, what is in flight, what was decided? Auditors read it too."""

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
    decided,
    flight_rows,
    later,
    reference,
    state_of,
    state_tag,
    supply,
    supply_way,
)
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.codes import Role, Side
from shared.time import dates
from shared.web.render import render

router = APIRouter(prefix="/applications/partners", include_in_schema=False)


@router.get("")
async def all_partners(request: Request, _: OverseerOrCoordinator, bus: BusDep) -> Response:
    """All partner countries and how each stands."""
    async with bus.read() as session:
        found = await views.partners(session)
    rows = [
        [
            {"text": labels.country(one.country), "href": at(one.country)},
            tag("partner", one.status),
            one.since and dates.day(one.since),
            one.waiting and later(one.waiting),
        ]
        for one in found
    ]
    return render(request, "partners/all.html", rows=rows)


@router.get("/{country}")
async def show(request: Request, country: str, principal: OverseerOrCoordinator, bus: BusDep) -> Response:
    """One partner: how it stands, what is in flight, what was decided."""
    async with bus.read() as session:
        found = await views.partner(session, country)
        people = await entries.people_by_subject(session, [one.decided_by for one in found.decisions])
    return render(
        request,
        "partners/show.html",
        found=found,
        country=country,
        decides=principal.has(Role.PROGRAMME_COORDINATOR),
        flight=flight_rows(found.flight),
        supply=[[one.reference, supply(one), supply_way(one)] for one in found.flight.supply],
        history=[
            [dates.day(one.since), until and dates.day(until), tag("partner", one.status)]
            for one, until in _until(found.history)
        ],
        decisions=[
            [
                {"text": later(one), "href": at(country, "decisions", one.id)},
                state_of(one),
                dates.moment(one.decided_at),
                people[one.decided_by].name if one.decided_by in people else one.decided_by,
            ]
            for one in found.decisions
        ],
        later=found.standing.waiting and later(found.standing.waiting),
        done=request.query_params.get("done"),
    )


def _until(history: list[entries.Partner]) -> list[tuple[entries.Partner, date | None]]:
    """Each status with its last day, the newest first; the newest has none."""
    ends = [None, *(one.since - timedelta(days=1) for one in history)]
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
    """The cases behind a count; without filters all that are in flight."""
    async with bus.read() as session:
        found = await views.partner(session, country)
    decides = principal.has(Role.PROGRAMME_COORDINATOR)
    held = [
        one
        for group in found.flight.groups
        for one in found.flight.of(*group)
        if side in {"", one.side} and stage in {"", one.stage} and state in {"", one.state}
    ]
    rows = [
        [
            reference(one) if decides else one.reference,
            model.group_name(one.side, one.stage),
            state_tag(one.stage, one),
            one.other and labels.country(one.other),
        ]
        for one in page_rows(held, page)
    ]
    return render(request, "partners/cases.html", country=country, rows=rows, page=page, total=len(held))


@router.get("/{country}/decisions/{decision_id}")
async def show_decision(
    request: Request, country: str, decision_id: UUID, principal: OverseerOrCoordinator, bus: BusDep
) -> Response:
    """The record of a decision: who, when, what was shown, what was chosen, which cases, and what became of each."""
    async with bus.read() as session:
        decision, cases = await views.decision(session, country, decision_id)
        people = await entries.people_by_subject(
            session, [decision.decided_by, *filter(None, [decision.withdrawn_by]), *(one.by for one in cases)]
        )
        funds = {str(one.id): one.name for one in await entries.funds(session)}
    # Choices for groups in which nothing was, and nothing came, say nothing.
    held = {(one["side"], one["stage"]) for one in decision.shown} | {(one.side, one.stage) for one in cases}
    made = [model.GroupChoice.model_validate(one) for one in decision.choices]
    choices = [one for one in made if (one.side, one.stage) in held]
    decides = principal.has(Role.PROGRAMME_COORDINATOR)
    return render(
        request,
        "partners/decision.html",
        decision=decision,
        country=country,
        state=state_of(decision),
        title=later(decision),
        names={subject: person.name for subject, person in people.items()},
        choices=[[model.group_name(one.side, one.stage), model.choice_in_words(one, funds)] for one in choices],
        cases=[decided(one, funds, linked=decides) for one in cases],
        notices=[one for one in cases if one.state == model.CaseState.NOTICE and decides],
        shown=[
            [
                one["reference"],
                model.group_name(Side(one["side"]), model.Stage(one["stage"])),
                one["other"] and labels.country(one["other"]),
            ]
            for one in decision.shown
        ],
        decides=decides,
        done=request.query_params.get("done"),
    )
