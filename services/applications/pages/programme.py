"""What does the programme coordinator see and do? Eligibility, singly or in bulk, and the register."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.actions import eligibility as actions
from services.applications.pages.parts import paged
from services.applications.store import applications as store
from services.applications.store import register
from shared import clock
from shared.bus import Bus
from shared.contracts.codes import OrganisationKind, Role
from shared.identity import Principal, allow
from shared.identity.scope import countries_visible
from shared.service import bus_of
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
Reader = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR))]
Store = Annotated[Bus, Depends(bus_of)]


@router.get("/eligibility")
async def waiting(
    request: Request, _: Coordinator, bus: Store, page: Annotated[int, Query(ge=1, le=100)] = 1
) -> Response:
    """Endorsed applications with what the rules say, to be ticked and confirmed."""
    async with bus.read() as session:
        ready = await store.ready_for_eligibility(session)
        judged = await actions.judged(session, paged(ready, page))
    return render(request, "programme/eligibility.html", judged=judged, page=page, total=len(ready))


@router.get("/register")
async def show_register(
    request: Request, principal: Reader, bus: Store, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> Response:
    """Organisations, people, partners and funds; a national coordinator sees the own country's."""
    countries = countries_visible(principal)
    async with bus.read() as session:
        organisations = await register.organisations(session, countries=countries)
        people, total = await register.people(session, countries=countries, page=page)
        partners = await register.partners(session)
        funds = await register.funds(session) if countries is None else []
        exclusions = await register.exclusions(session) if countries is None else []
    names = {one.id: one.name for one in organisations}
    now: dict[str, register.Partner] = {}
    for one in partners:
        if one.since <= clock.today() and (countries is None or one.country in countries):
            now.setdefault(one.country, one)
    return render(
        request,
        "programme/register.html",
        organisations=organisations,
        people=people,
        total=total,
        page=page,
        partners=list(now.values()),
        funds=funds,
        exclusions=exclusions,
        names=names,
        between=lambda ids: " / ".join(names.get(UUID(str(one)), "") for one in ids),
        kinds={kind.value: kind for kind in OrganisationKind},
    )
