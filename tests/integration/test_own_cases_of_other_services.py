"""Matching and reporting ask the real portal whether a case concerns the person who decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.applications.app import create_app as create_portal
from services.applications.settings import Settings as PortalSettings
from services.matching import decision_table
from services.matching.app import create_app
from services.matching.options.store import OptionSet, write
from services.matching.settings import Settings
from services.reporting import decision_table as reporting_table
from services.reporting.app import create_app as create_reporting
from services.reporting.settings import Settings as ReportingSettings
from shared.contracts.codes import Role
from shared.identity import Grant, every_route, service_headers, write_access
from shared.identity.own_cases import template_of
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.conftest import Programme
from tests.serving import served
from tests.support import SERVICE_TOKEN, Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.conftest import Databases

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
OFFICER = {"service": "police", "rank_group": "operational", "years_in_field": 6}


@pytest.fixture(autouse=True)
def clock_file(own_clock: None) -> None:
    """Give the test its own clock."""


@pytest.fixture
def tables(postgres: Databases) -> str:
    """Return the name of a template with the portal's tables."""
    return postgres.of_service("applications")


@pytest.fixture
async def portal(postgres: Databases, tables: str) -> AsyncIterator[FastAPI]:
    """Run the portal on a database of its own."""
    address = postgres.new(tables)
    app = create_portal(PortalSettings(**settings_for(address)), background=False)
    yield app
    await app.state.service.bus.close()
    postgres.drop(address)


@pytest.fixture
def store(postgres: Databases) -> str:
    """Return the database of matching."""
    return postgres.new(postgres.of_service("matching"))


async def coordinator(app: FastAPI, subject: str) -> None:
    """Make somebody a programme coordinator in another service."""
    async with app.state.service.bus.transaction("system:tests") as tx:
        await write_access(tx.session, {subject: ([Grant(Role.PROGRAMME_COORDINATOR, clock.today())], clock.now())})


async def test_nobody_places_people_in_a_call_that_they_applied_to(portal: FastAPI, store: str) -> None:
    """A programme coordinator commits no cohort of a call with an own or managed application."""
    programme = Programme(portal)
    await programme.fill()
    grants = [{"role": role, "since": "2025-01-01", **place} for role, place in
              (("officer", {"country": "AM"}), ("programme_coordinator", {}))]  # fmt: skip
    applicant = programme.person("applicant", "Aram Aramyan", "AM", "officer", **OFFICER)
    boss = programme.person("boss", "Vardan Sargsyan", "AM", "officer", email="vardan@police.example")
    people = [person | {"grants": grants} for person in (applicant, boss)]
    await programme.post("programme", "/people", {"people": people}, 201)
    made = await programme.submitted("applicant")  # whose line manager is Vardan
    confirmation = {"email": "vardan@police.example"}
    await programme.post("tigran", f"/applications/{made['id']}/line-manager/confirm", confirmation)
    async with served(portal) as url:
        app = create_app(Settings(**settings_for(store, portal_url=url)), background=False)
        matching = Programme(app)
        cohort = {"call_id": programme.call["id"]}
        options = OptionSet(
            id=new_id(),
            call_id=UUID(programme.call["id"]),
            asked_by="programme",
            asked_at=clock.now(),
            state="done",
            steps=1,
            since=clock.now(),
        )
        async with app.state.service.bus.transaction("system:tests") as tx:
            await write(tx.session, options)
        option = f"/matching/options/{options.id}/options/stable/commit"
        statuses: dict[str, Any] = {}
        for who in ("applicant", "boss", "programme"):
            await coordinator(app, who)
            answer = await matching.as_(who).post("/matching/api/v1/cohorts", json=cohort)
            page = await matching.as_(who).post(f"/matching/cohorts/{programme.call['id']}/commit", data={"x": ""})
            chosen = await matching.as_(who).post(option, data={"x": ""})
            statuses[who] = answer.status_code, answer.json()["code"], page.status_code, chosen.status_code
        await matching.close()
        await app.state.service.bus.close()
    assert statuses["applicant"] == statuses["boss"] == (403, "own-case", 403, 403)
    assert statuses["programme"][0] != 403
    assert statuses["programme"][3] != 403
    away = create_app(Settings(**settings_for(store)), background=False)
    unknown = await Programme(away).as_("applicant").post("/matching/api/v1/cohorts", json=cohort)
    await away.state.service.bus.close()
    await programme.close()
    assert unknown.status_code == 503  # nobody decides while it is not known


async def test_the_portal_names_applications_and_mentors(portal: FastAPI) -> None:
    """The internal route knows own and managed applications and profiles, and says nothing without the token."""
    programme = Programme(portal)
    await programme.fill()
    abroad = Abroad(programme, Feed(portal.state.service.bus, portal.state.service.consumers))
    await abroad.fill()
    made = await programme.submitted("ani")
    entry = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await programme.post("jonas", "/mentors", entry, 201)
    route, headers = "/applications/internal/own-cases", service_headers("matching", SERVICE_TOKEN)

    async def concerned(subject: str, **case: str) -> bool:
        answer = await programme.as_(subject).post(route, json={"subject": subject, **case}, headers=headers)
        return bool(answer.json()["concerned"])

    assert await concerned("ani", application_id=made["id"])
    assert await concerned("jonas", mentor_id=mentor["id"])
    assert await concerned("jonas", call_id=programme.call["id"])
    assert not await concerned("jonas", application_id=made["id"])
    assert not await concerned("tigran", call_id=programme.call["id"])
    assert not await concerned("ani", application_id=str(new_id()))
    assert (await programme.as_("ani").post(route, json={"subject": "ani"})).status_code == 401
    await programme.close()


def test_every_route_of_matching_that_writes_is_declared(store: str) -> None:
    """Each route of matching that writes stands in its table, as a decision or with the reason why it is none."""
    app = create_app(Settings(**settings_for(store)), background=False)
    paths = {template_of(route) for route, _ in every_route(app) if (route.methods or set()) & WRITING}
    groups = [*decision_table.DECISIONS.values(), *decision_table.NO_DECISION.values()]
    declared = [path for group in groups for path in group]
    assert set(declared) == paths
    assert len(declared) == len(set(declared))


def test_every_route_of_reporting_about_a_case_is_declared(postgres: Databases) -> None:
    """Each route of reporting by which an office holder writes about one case is a decision of its table."""
    app = create_reporting(ReportingSettings(**settings_for("postgresql+asyncpg://nowhere/none")), background=False)
    about_a_case = {
        template_of(route)
        for route, access in every_route(app)
        if (route.methods or set()) & WRITING and access.kind == "roles" and "_id}" in template_of(route)
    }
    assert about_a_case - {"/reporting/waves/closings/{closing_id}/reopen"} == {
        path for paths in reporting_table.DECISIONS.values() for path in paths
    }
