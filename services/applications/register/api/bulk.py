"""Serve bulk entry of organisations, people, partners, funds and exclusions: at most a hundred a call."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.applications.guards import Coordinator, Country
from services.applications.parameters import BusDep
from services.applications.register.actions import bulk
from services.applications.register.model import ExclusionEntry, FundEntry, OrganisationEntry, PartnerEntry, PersonEntry
from services.applications.register.store import entries
from shared.identity.scope import countries_visible

router = APIRouter(prefix="/applications/api/v1", tags=["register"])
MOST = 100


class Organisations(BaseModel):
    """Organisations to enter."""

    organisations: Annotated[tuple[OrganisationEntry, ...], Field(min_length=1, max_length=MOST)]


class People(BaseModel):
    """People to enter."""

    people: Annotated[tuple[PersonEntry, ...], Field(min_length=1, max_length=MOST)]


class Partners(BaseModel):
    """Partner countries to enter as active."""

    partners: Annotated[tuple[PartnerEntry, ...], Field(min_length=1, max_length=MOST)]


class Funds(BaseModel):
    """Funds to enter."""

    funds: Annotated[tuple[FundEntry, ...], Field(min_length=1, max_length=MOST)]


class Exclusions(BaseModel):
    """Exclusions to enter."""

    exclusions: Annotated[tuple[ExclusionEntry, ...], Field(min_length=1, max_length=MOST)]


@router.post("/organisations", status_code=201)
async def enter_organisations(body: Organisations, principal: Coordinator, bus: BusDep) -> dict[str, list[UUID]]:
    """Enter organisations; returns their ids in the same order."""
    return {"ids": await bulk.enter_organisations(bus, principal.subject, body.organisations)}


@router.get("/organisations")
async def read_organisations(_: Country, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """All organisations by country and name."""
    async with bus.read() as session:
        found = await entries.organisations(session)
    return {"organisations": [row.model_dump(mode="json") for row in found]}


@router.post("/people", status_code=201)
async def enter_people(body: People, principal: Coordinator, bus: BusDep) -> dict[str, list[UUID]]:
    """Enter people with their grants; returns their opaque ids in the same order."""
    return {"ids": await bulk.enter_people(bus, principal.subject, body.people)}


@router.get("/people")
async def read_people(principal: Country, bus: BusDep, page: Annotated[int, Field(ge=1)] = 1) -> dict[str, Any]:
    """One page (50) of the people of the caller's country; of all countries for the programme coordinator."""
    async with bus.read() as session:
        found, total = await entries.people(session, countries=countries_visible(principal), page=page)
    return {"people": [row.model_dump(mode="json") for row in found], "total": total}


@router.post("/partners", status_code=201)
async def enter_partners(body: Partners, principal: Coordinator, bus: BusDep) -> dict[str, int]:
    """Enter partner countries as active from a day on."""
    await bulk.enter_partners(bus, principal.subject, body.partners)
    return {"entered": len(body.partners)}


@router.post("/funds", status_code=201)
async def enter_funds(body: Funds, principal: Coordinator, bus: BusDep) -> dict[str, list[UUID]]:
    """Enter funds; returns their ids in the same order."""
    return {"ids": await bulk.enter_funds(bus, principal.subject, body.funds)}


@router.get("/funds")
async def read_funds(_: Coordinator, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """All funds by name."""
    async with bus.read() as session:
        found = await entries.funds(session)
    return {"funds": [row.model_dump(mode="json") for row in found]}


@router.post("/exclusions", status_code=201)
async def enter_exclusions(body: Exclusions, principal: Coordinator, bus: BusDep) -> dict[str, list[UUID]]:
    """Enter exclusions; returns their ids in the same order."""
    return {"ids": await bulk.enter_exclusions(bus, principal.subject, body.exclusions)}
