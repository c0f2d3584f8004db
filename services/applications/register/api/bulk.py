"""Serve lists of organisations, people and funds, and their bulk entry: at most a hundred a call."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.applications.guards import Coordinator, Country
from services.applications.parameters import Body, BusDep
from services.applications.register.actions import bulk
from services.applications.register.model import ExclusionEntry, FundEntry, OrganisationEntry, PartnerEntry, PersonEntry
from services.applications.register.views import entries
from services.applications.register.views.entries import (
    Entered,
    EnteredPartners,
    ListedFund,
    ListedOrganisation,
    ListedPerson,
)
from shared.identity.scope import countries_visible
from shared.identity.versions import sent_versions
from shared.web.items import RecordVersion, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1", tags=["register"])
MOST = 100


class OrganisationToEnter(OrganisationEntry):
    """An organisation to enter; with an id it replaces the existing one, in the version that was read."""

    version: RecordVersion = ""


class PersonToEnter(PersonEntry):
    """A person with all grants to enter; replaces the entry of that subject, in the version that was read.

    `name` is in Latin letters as in the passport, `own_name` in the person's own script.
    """

    version: RecordVersion = ""


class PartnerToEnter(PartnerEntry):
    """A partner country from a day on; one that is known, in the version that was read."""

    version: RecordVersion = ""


class FundToEnter(FundEntry):
    """A fund to enter; with an id it replaces the existing one, in the version that was read."""

    version: RecordVersion = ""


class ExclusionToEnter(ExclusionEntry):
    """An excluded pair to enter; with an id it replaces the existing one, in the version that was read."""

    version: RecordVersion = ""


class Organisations(Body):
    """Organisations to enter."""

    organisations: Annotated[tuple[OrganisationToEnter, ...], Field(min_length=1, max_length=MOST)]


class People(Body):
    """People to enter."""

    people: Annotated[tuple[PersonToEnter, ...], Field(min_length=1, max_length=MOST)]


class Partners(Body):
    """Partner countries to enter as active."""

    partners: Annotated[tuple[PartnerToEnter, ...], Field(min_length=1, max_length=MOST)]


class Funds(Body):
    """Funds to enter."""

    funds: Annotated[tuple[FundToEnter, ...], Field(min_length=1, max_length=MOST)]


class Exclusions(Body):
    """Exclusions to enter."""

    exclusions: Annotated[tuple[ExclusionToEnter, ...], Field(min_length=1, max_length=MOST)]


E = TypeVar("E", bound=BaseModel)


def _entry(model: type[E], sent: BaseModel) -> E:
    """Return an entry without the version beside it."""
    return model.model_validate(sent.model_dump(exclude={"version"}))


@router.post("/organisations", operation_id="enter_organisations", status_code=201)
async def enter_organisations(request: Request, body: Organisations, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter organisations; returns their ids in the same order."""
    entries = [_entry(OrganisationEntry, each) for each in body.organisations]
    sent = sent_versions(request, "organisation_id", "organisations", [each.version for each in body.organisations])
    return Entered(ids=tuple(await bulk.enter_organisations(bus, principal.subject, entries, sent)))


@router.get("/organisations")
async def read_organisations(request: Request, _: Country, bus: BusDep, page: PageDep) -> Page[ListedOrganisation]:
    """Return all organisations, in the order in which they were entered."""
    async with bus.snapshot() as session:
        found = await entries.organisations_page(session, page)
        return await with_versions(request, session, "organisation_id", found, ListedOrganisation)


@router.post("/people", operation_id="enter_people", status_code=201)
async def enter_people(request: Request, body: People, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter people with their grants; returns their opaque ids in the same order."""
    entries = [_entry(PersonEntry, each) for each in body.people]
    sent = sent_versions(request, "person_id", "people", [each.version for each in body.people])
    return Entered(ids=tuple(await bulk.enter_people(bus, principal.subject, entries, sent)))


@router.get("/people")
async def read_people(request: Request, principal: Country, bus: BusDep, page: PageDep) -> Page[ListedPerson]:
    """Return the people of the caller's country (the programme coordinator: all countries) in the order of entry."""
    async with bus.snapshot() as session:
        found = await entries.people_page(session, countries_visible(principal), page)
        return await with_versions(request, session, "person_id", found, ListedPerson)


@router.post("/partners", operation_id="enter_partners", status_code=201)
async def enter_partners(request: Request, body: Partners, principal: Coordinator, bus: BusDep) -> EnteredPartners:
    """Enter partner countries as active from a day on."""
    entries = [_entry(PartnerEntry, each) for each in body.partners]
    sent = sent_versions(request, "country", "partners", [each.version for each in body.partners])
    await bulk.enter_partners(bus, principal.subject, entries, sent)
    return EnteredPartners(entered=len(body.partners))


@router.post("/funds", operation_id="enter_funds", status_code=201)
async def enter_funds(request: Request, body: Funds, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter funds; returns their ids in the same order."""
    entries = [_entry(FundEntry, each) for each in body.funds]
    sent = sent_versions(request, "fund_id", "funds", [each.version for each in body.funds])
    return Entered(ids=tuple(await bulk.enter_funds(bus, principal.subject, entries, sent)))


@router.get("/funds")
async def read_funds(request: Request, _: Coordinator, bus: BusDep, page: PageDep) -> Page[ListedFund]:
    """Return all funds, in the order in which they were entered."""
    async with bus.snapshot() as session:
        found = await entries.funds_page(session, page)
        return await with_versions(request, session, "fund_id", found, ListedFund)


@router.post("/exclusions", operation_id="enter_exclusions", status_code=201)
async def enter_exclusions(request: Request, body: Exclusions, principal: Coordinator, bus: BusDep) -> Entered:
    """Enter exclusions; returns their ids in the same order."""
    entries = [_entry(ExclusionEntry, each) for each in body.exclusions]
    sent = sent_versions(request, "exclusion_id", "exclusions", [each.version for each in body.exclusions])
    return Entered(ids=tuple(await bulk.enter_exclusions(bus, principal.subject, entries, sent)))
