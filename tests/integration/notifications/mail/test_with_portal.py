"""Notifications and the portal agree about contacts and about the pages that mails link to."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from services.applications.app import create_app as create_portal
from services.applications.schema import metadata as portal_metadata
from services.applications.settings import Settings as PortalSettings
from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.messages.model.links import LINKS
from services.notifications.settings import Settings
from shared.bus.db.journal import IN_ORDER
from shared.contracts import _examples as ex
from shared.contracts import read
from shared.contracts.applications import LineManagerLinkAsked, LineManagerNamed
from shared.contracts.outcomes import CascadeDelivered
from shared.contracts.visits import VisitStarted
from shared.identity import every_route, service_headers
from shared.ids import new_id
from tests.integration.applications.availability.test_availability import stranger
from tests.integration.applications.conftest import Programme
from tests.integration.notifications.conftest import Catcher, post, rows
from tests.serving import served
from tests.support import SERVICE_TOKEN, Feed, create_all, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI


CONTACTS = "/applications/internal/contacts"


@pytest.fixture
async def portal(database: str) -> AsyncIterator[FastAPI]:
    """The portal on a database of its own."""
    await create_all(database, portal_metadata)
    made = create_portal(PortalSettings(**settings_for(database)), background=False)
    yield made
    await made.state.service.bus.close()


@asynccontextmanager
async def _reading(portal: FastAPI, migrated: str, catcher: Catcher) -> AsyncIterator[tuple[FastAPI, Feed]]:
    """Yield notifications beside the portal, with all its events read."""
    query = sa.text(
        f"SELECT type, aggregateid, payload FROM journal WHERE aggregatetype <> 'exchange.counting' ORDER BY {IN_ORDER}"
    )
    async with portal.state.service.bus.read() as session:
        facts = (await session.execute(query)).all()
    async with served(portal) as url:
        settings = settings_for(migrated, portal_url=url, smtp_host="127.0.0.1", smtp_port=catcher.port)
        app = create_app(Settings(**settings), background=False)
        feed = Feed(app.state.service.bus, consumers)
        events = [(read(type_, payload), subject) for type_, subject, payload in facts]
        await feed.deliver(*(each for each in events if each[0].topic in consumers.readings))
        yield app, feed
        await app.state.service.bus.close()


async def test_an_application_is_mailed_by_the_real_portals_contacts(
    portal: FastAPI, migrated: str, catcher: Catcher
) -> None:
    """Officer, line manager and coordinator get mails by the portal's contacts.

    A line manager who asked for a new link gets one, and it opens a page without an account; so does the link about a
    cascade session.
    """
    programme = Programme(portal)
    await programme.fill()
    application_id = (await programme.submitted("ani"))["id"]
    async with _reading(portal, migrated, catcher) as (app, feed):
        await feed.deliver((LineManagerLinkAsked(), application_id))
        begun = {"plan": {**ex.VISIT_PLAN, "application_id": application_id}}
        await feed.deliver((VisitStarted.model_validate(begun), ex.VISIT))
        passed_on = {**CascadeDelivered.example, "application_id": application_id}
        await feed.deliver((CascadeDelivered.model_validate(passed_on), passed_on["visit_id"]))
        await post(app)
        states = {row.state for row in await rows(app, "SELECT state FROM message")}
    for client in programme.clients.values():
        await client.aclose()
    manager = "vardan@police.example"
    assert sorted(catcher.recipients) == ["ani@police.example", "tigran@police.example", manager]
    (three,) = catcher.to(manager)
    assert three["subject"].startswith("3 messages: ") or "] 3 messages: " in three["subject"]
    written = str(three.get_body(("plain",)))
    link = re.search(r"/applications/line-manager\?key=[\w-]+", written.replace("=\n", "").replace("=3D", "="))
    assert link is not None
    async with stranger(programme) as client:
        assert "Open the form" in (await client.get(link[0])).text
    assert "18 colleagues reached" in written
    assert catcher.to("ani@police.example")[0]["to"].addresses[0].display_name == "Ani Petrosyan"
    assert states == {"done"}


async def test_nobody_is_written_to_at_an_unconfirmed_address(portal: FastAPI, migrated: str, catcher: Catcher) -> None:
    """Only the message that confirms an address goes to one that is not confirmed, and none to unknown managers."""
    programme = Programme(portal)
    await programme.fill()
    # Typed into an application: neither a stranger's address nor an unconfirmed one of the officer's is taken.
    stranger_typed = {"call_id": programme.call["id"], "kind": "study_visit", "privacy": True, "submit": True}
    stranger_typed["answers"] = programme.answers(email="victim@elsewhere.example")
    refused = await programme.post("ani", "/applications", stranger_typed, 422)
    assert "Enter your confirmed service email, ani@police.example" in str(refused["errors"])
    # Proposed by a country: its owner has to confirm it, and cannot apply before.
    entry = programme.person("lusine", "Lusine Grigoryan", "AM", "officer", service="police", rank_group="operational",
                             years_in_field=4, email="lusine@fresh.example")  # fmt: skip
    change = {"change": {"kind": "person", "entry": entry}}
    proposal = (await programme.post("tigran", "/register/proposals", change, 201))["proposal"]
    await programme.post("programme", f"/register/proposals/{proposal['id']}/approve")
    applied = {**stranger_typed, "answers": programme.answers()}
    refused = await programme.post("lusine", "/applications", applied, 422)
    assert "Open the link that we sent to lusine@fresh.example" in str(refused["errors"])
    # Named as line manager: in no domain of the agency.
    made = await programme.submitted("ani", email="ani@police.example", line_manager_email="boss@elsewhere.example")
    async with _reading(portal, migrated, catcher) as (app, feed):
        await feed.deliver((LineManagerLinkAsked(), made["id"]))
        await post(app)
        confirmed = {"ani@police.example", "tigran@police.example", "programme@tandem.invalid"}
        assert set(catcher.recipients) == {*confirmed, "lusine@fresh.example"}
        confirming = catcher.to("lusine@fresh.example")
        assert len(confirming) == 1
        assert "/applications/address/" in str(confirming[0].get_body(("plain",))).replace("=\n", "")
        # Until the coordinator says that it is the line manager's.
        case = await programme.get("tigran", f"/cases/{made['id']}")
        assert case["line_manager_to_confirm"] == "boss@elsewhere.example"
        at = f"/applications/{made['id']}/line-manager/confirm"
        await programme.post("tigran", at, {"email": "other@elsewhere.example"}, 409)
        await programme.post("tigran", at, {"email": "boss@elsewhere.example"})
        assert (await programme.get("tigran", f"/cases/{made['id']}"))["line_manager_to_confirm"] is None
        named = [type_ for type_, *_ in await programme.journal("exchange.applications")].count("LineManagerNamed")
        assert named == 1
        await feed.deliver((LineManagerNamed(number=1), made["id"]))
        await post(app)
    for client in programme.clients.values():
        await client.aclose()
    assert catcher.recipients.count("boss@elsewhere.example") == 1


async def test_the_programme_is_written_to_where_a_case_concerns_the_coordinator(
    portal: FastAPI, migrated: str, catcher: Catcher
) -> None:
    """A coordinator who applies is not asked to endorse that application: the programme coordinator is, at once."""
    programme = Programme(portal)
    await programme.fill()
    grants = [{"role": role, "country": "AM", "since": "2025-01-01"} for role in ("officer", "national_coordinator")]
    known = {"service": "police", "rank_group": "supervisor", "years_in_field": 9}
    entry = programme.person("tigran", "Tigran Hakobyan", "AM", "officer", **known) | {"grants": grants}
    await programme.post("programme", "/people", {"people": [entry]}, 201)
    await programme.submitted("tigran")
    async with _reading(portal, migrated, catcher) as (app, _):
        await post(app)
    for client in programme.clients.values():
        await client.aclose()
    assert len(catcher.to("programme@tandem.invalid")) == len(catcher.to("tigran@police.example")) == 1
    assert "We have your application" in str(catcher.to("tigran@police.example")[0]["subject"])


async def test_the_sixteenth_stranger_is_refused_as_line_manager(
    portal: FastAPI, migrated: str, catcher: Catcher
) -> None:
    """An officer who names strangers as line manager one after the other is soon refused, and none gets a mail."""
    programme = Programme(portal)
    await programme.fill()
    made = await programme.submitted("ani")
    statuses = []
    for number in range(16):
        body = {"name": "Some Body", "email": f"stranger{number}@elsewhere.example"}
        path = f"/applications/api/v1/applications/{made['id']}/line-manager"
        statuses.append((answer := await programme.as_("ani").put(path, json=body)).status_code)
    assert statuses == [200] * 4 + [409] * 12  # the first of the day was named with the application
    assert answer.json()["code"] == "limit-reached"
    assert "try again tomorrow or ask your national coordinator" in answer.json()["detail"]
    async with _reading(portal, migrated, catcher) as (app, _):
        await post(app)
    for client in programme.clients.values():
        await client.aclose()
    assert not [address for address in catcher.recipients if address.startswith("stranger")]


async def test_an_officer_erased_from_the_real_portal_gets_no_mail_and_the_cause_says_so(
    portal: FastAPI, migrated: str, catcher: Catcher
) -> None:
    """The portal distinguishes erased from unknown people, singly and among many.

    Everybody else gets the mail, and the access is logged.
    """
    programme = Programme(portal)
    await programme.fill()
    application_id = (await programme.submitted("ani"))["id"]
    async with portal.state.service.bus.transaction("system:test") as tx:
        taken_out = sa.text("DELETE FROM person WHERE lower(email) = 'ani@police.example' RETURNING id")
        was, nobody = str((await tx.session.execute(taken_out)).scalar_one()), str(new_id())
    async with _reading(portal, migrated, catcher) as (app, _):
        await post(app)
        causes = {(row.rule, row.cause) for row in await rows(app, "SELECT rule, cause FROM message WHERE cause <> ''")}
        headers = service_headers("notifications", SERVICE_TOKEN)
        async with httpx2.AsyncClient(base_url=app.state.service.settings.portal_url, headers=headers) as client:
            wanted = {"audience": "applicant", "purpose": "test"}
            gone = await client.post(CONTACTS, json=wanted | {"application_id": application_id})
            never = await client.post(CONTACTS, json=wanted | {"application_id": str(new_id())})
            questions = [{"audience": "person", "purpose": "test", "recipient_id": person} for person in (was, nobody)]
            alone = [(await client.post(CONTACTS, json=question)).status_code for question in questions]
            both = (await client.post(f"{CONTACTS}/many", json={"wanted": questions})).json()
    for api in programme.clients.values():
        await api.aclose()
    assert causes == {("application_submitted", "contact_erased")}
    assert "ani@police.example" not in catcher.recipients
    assert "tigran@police.example" in catcher.recipients
    assert (gone.status_code, never.status_code) == (410, 404)
    assert alone == [410, 404]
    assert both == {"answers": [[], []], "erased": [0]}


async def test_every_link_of_a_mail_opens_a_page_that_exists(portal: FastAPI) -> None:
    """Each address in the table of links is a page of the portal or of another service."""
    pages = {
        str(route.path).partition("{")[0] + "*" * str(route.path).count("{")
        for route, _ in every_route(portal)
        if "GET" in (route.methods or ())
    }
    for name, path in LINKS.items():
        if path.startswith("/applications/"):
            assert path.partition("{")[0] + "*" * path.count("{") in pages, name
