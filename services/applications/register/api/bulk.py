"""Serve lists of organisations, people and funds, and their bulk entry: at most a hundred a call."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Coordinator, Country
from services.applications.parameters import Body, BusDep
from services.applications.register.actions import bulk
from services.applications.register.model import ExclusionEntry, FundEntry, OrganisationEntry, PartnerEntry, PersonEntry
from services.applications.register.views import entries
from services.applications.register.views.entries import Entered, EnteredPartners, Fund, Organisation, Person
from shared.identity.scope import countries_visible
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1", tags=["register"])
MOST = 100


class Organisations(Body):
    """Organisations to enter."""

    organisations: Annotated[tuple[OrganisationEntry, ...], Field(min_length=1, max_length=MOST)]


class People(Body):
    """People to enter."""

    people: Annotated[tuple[PersonEntry, ...], Field(min_length=1, max_length=MOST)]


class Partners(Body):
    """Partner countries to enter as active."""

    partners: Annotated[tuple[PartnerEntry, ...], Field(min_length=1, max_length=MOST)]


class Funds(Body):
    """Funds to enter."""

    funds: Annotated[tuple[FundEntry, ...], Field(min_length=1, max_length=MOST)]


class Exclusions(Body):
    """Exclusions to enter."""

    exclusions: Annotated[tuple[ExclusionEntry, ...], Field(min_length=1, max_length=MOST)]


@router.post("/organisations", operation_id="enter_organisations", status_code=201)
async def enter_organisations(body: Organisations, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter organisations; returns their ids in the same order."""
    return Entered(ids=tuple(await bulk.enter_organisations(bus, principal.subject, body.organisations)))


@router.get("/organisations")
async def read_organisations(_: Country, bus: BusDep, page: PageDep) -> Page[Organisation]:
    """Return all organisations, in the order in which they were entered."""
    async with bus.read() as session:
        return await entries.organisations_page(session, page)


@router.post("/people", operation_id="enter_people", status_code=201)
async def enter_people(body: People, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter people with their grants; returns their opaque ids in the same order."""
    return Entered(ids=tuple(await bulk.enter_people(bus, principal.subject, body.people)))


@router.get("/people")
async def read_people(principal: Country, bus: BusDep, page: PageDep) -> Page[Person]:
    """Return the people of the caller's country (the programme coordinator: all countries) in the order of entry."""
    async with bus.read() as session:
        return await entries.people_page(session, countries_visible(principal), page)


@router.post("/partners", operation_id="enter_partners", status_code=201)
async def enter_partners(body: Partners, principal: Coordinator, bus: BusDep) -> EnteredPartners:
    """Enter partner countries as active from a day on."""
    await bulk.enter_partners(bus, principal.subject, body.partners)
    return EnteredPartners(entered=len(body.partners))


@router.post("/funds", operation_id="enter_funds", status_code=201)
async def enter_funds(body: Funds, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter funds; returns their ids in the same order."""
    return Entered(ids=tuple(await bulk.enter_funds(bus, principal.subject, body.funds)))


@router.get("/funds")
async def read_funds(_: Coordinator, bus: BusDep, page: PageDep) -> Page[Fund]:
    """Return all funds, in the order in which they were entered."""
    async with bus.read() as session:
        return await entries.funds_page(session, page)


@router.post("/exclusions", operation_id="enter_exclusions", status_code=201)
async def enter_exclusions(body: Exclusions, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter exclusions; returns their ids in the same order."""
    return Entered(ids=tuple(await bulk.enter_exclusions(bus, principal.subject, body.exclusions)))
