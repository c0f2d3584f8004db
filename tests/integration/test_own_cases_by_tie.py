"""Each decision of matching and reporting is refused to those whom the real portal ties to the case.

An officer who is a coordinator too, a line manager, a managed person and a deputy try each decision, by page and by
API, on the officer's case. The refusal says why, and the database stays as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.applications.app import create_app as create_portal
from services.applications.settings import Settings as PortalSettings
from services.matching import decision_table as matching_table
from services.matching.app import create_app as create_matching
from services.matching.options import actions as option_actions
from services.matching.provisional import worker
from services.matching.provisional.follower import CallFollower
from services.matching.settings import Settings as MatchingSettings
from services.reporting import decision_table as reporting_table
from services.reporting.app import create_app as create_reporting
from services.reporting.cases.store import CaseRow
from services.reporting.settings import Settings as ReportingSettings
from shared.bus.db import leases
from shared.bus.db.journal import IN_ORDER
from shared.contracts import EVENTS
from shared.contracts.codes import Role
from shared.identity import Grant, every_route, write_access
from shared.identity.own_cases import another_coordinator, template_of
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.conftest import Programme
from tests.integration.applications.test_own_cases import with_tie
from tests.serving import served
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx2
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from tests.conftest import Databases

TIES = ("own", "manages", "managed", "deputy")
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
NOT_COMPARED = {"access", "sign_in_session", "lease", "lease_epoch"}
"""Tables of sessions, leases and rights, in which the requests of a test leave rows."""


@pytest.fixture(autouse=True)
def clock_file(own_clock: None) -> None:
    """Give the test its own clock."""


@dataclass(frozen=True)
class Case:
    """The portal's programme, where it listens, and Ani's application in it."""

    programme: Programme
    url: str
    application_id: UUID

    async def events(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return all events of the portal: type, subject, payload."""
        query = sa.text(f"SELECT type, aggregateid, payload::jsonb FROM journal ORDER BY {IN_ORDER}")
        async with self.programme.app.state.service.bus.read() as session:
            return [tuple(row) for row in (await session.execute(query)).all()]


@pytest.fixture
def stores(postgres: Databases) -> Iterator[dict[str, str]]:
    """Return the address of a database with its tables for each service."""
    services = ("applications", "matching", "reporting")
    found = {service: postgres.new(postgres.of_service(service)) for service in services}
    yield found
    for address in found.values():
        postgres.drop(address)


@pytest.fixture
async def case(stores: dict[str, str]) -> AsyncIterator[Case]:
    """Run the portal, with an eligible application of Ani's and a placement."""
    address = stores["applications"]
    app = create_portal(PortalSettings(**settings_for(address)), background=False)
    programme = Programme(app)
    await programme.fill()
    abroad = Abroad(programme, Feed(app.state.service.bus, app.state.service.consumers))
    await abroad.fill()
    await abroad.offer()
    application_id = await abroad.eligible()
    async with served(app) as url:
        yield Case(programme, url, UUID(application_id))
    await programme.close()
    await app.state.service.bus.close()


async def appoint(app: FastAPI, subject: str) -> None:
    """Give somebody the offices that decide in another service than the portal."""
    grants = [Grant(role, clock.today()) for role in (Role.PROGRAMME_COORDINATOR, Role.DATA_PROTECTION_OFFICER)]
    async with app.state.service.bus.transaction("system:tests") as tx:
        await write_access(tx.session, {subject: (grants, clock.now())})


async def content(bus: Bus) -> dict[str, str]:
    """Return a digest of each table of a service."""
    async with bus.read() as session:
        names = await session.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        return {name: await _digest(session, name) for name in sorted(set(names.all()) - NOT_COMPARED)}


async def _digest(session: AsyncSession, table: str) -> str:
    rows = f"SELECT md5(string_agg(content::text, '' ORDER BY content::text)) FROM \"{table}\" AS content"
    return str((await session.execute(sa.text(rows))).scalar_one())


async def tried(
    app: FastAPI, decisions: dict[Any, tuple[str, ...]], who: str, ids: dict[str, str]
) -> dict[str, httpx2.Response]:
    """Return the answers to each decision that somebody tries, by method and path."""
    paths = {path for group in decisions.values() for path in group}
    client = Programme(app)
    found: dict[str, httpx2.Response] = {}
    for route, _ in every_route(app):
        path = template_of(route)
        for method in sorted((route.methods or set()) & WRITING) if path in paths else ():
            address = re.sub(r"{(\w+)}", lambda name: ids[name[1]], path)
            body: dict[str, Any] = {"json": ids} if "/api/" in path else {"data": ids}
            found[f"{method} {path}"] = await client.as_(who).request(method, address, **body)
    await client.close()
    return found


def refused(answer: httpx2.Response) -> bool:
    """Return whether an answer refuses a decision on an own case with the reason."""
    if answer.status_code != 403 or another_coordinator() not in answer.text:
        return False
    return "/api/" not in str(answer.url) or answer.json()["code"] == "own-case"


async def matching_of(store: str, case: Case) -> tuple[FastAPI, dict[str, str]]:
    """Return matching with the portal's facts and Ani's match, and the ids of her case."""
    app = create_matching(MatchingSettings(**settings_for(store, portal_url=case.url)), background=False)
    bus = app.state.service.bus
    feed = Feed(bus, app.state.service.consumers)
    topics = set(app.state.service.consumers.readings)
    for kind, subject, payload in await case.events():
        event = EVENTS[kind].model_validate(payload)
        if event.topic in topics:
            await feed.deliver((event, subject))
    await appoint(app, "programme")
    matching = Programme(app)
    call_id = case.programme.call["id"]
    lease = await leases.acquire(bus, f"match:{call_id}")
    assert lease is not None
    await worker.match_once(bus, UUID(call_id), lease, CallFollower(check_every=1))
    programme = matching.as_("programme")
    provisional = await programme.get(f"/matching/api/v1/provisional?call_id={call_id}")
    options_id = await option_actions.ask(bus, "programme", UUID(call_id))
    pairs = [
        {"application_id": each["id"], "seat_id": each["seat_id"], "version": each["version"]}
        for each in provisional.json()["items"]
    ]
    committed = await programme.post("/matching/api/v1/cohorts", json={"call_id": call_id, "pairs": pairs})
    assert committed.status_code in {200, 201}, committed.text
    await matching.close()
    async with bus.read() as session:
        match_id = (await session.scalars(sa.text("SELECT id FROM match"))).one()
    ids = {
        "call_id": call_id,
        "draft_id": call_id,
        "options_id": str(options_id),
        "option": "stable",
        "application_id": str(case.application_id),
        "match_id": str(match_id),
    }
    return app, ids


@pytest.mark.parametrize("tie", [*TIES, "none"])
async def test_nobody_decides_their_own_case_in_matching(stores: dict[str, str], case: Case, tie: str) -> None:
    """Cohorts, overrides, rings, plans and moves are refused by page and by API; a stranger is not refused for that."""
    who = await with_tie(case.programme, tie)
    app, ids = await matching_of(stores["matching"], case)
    await appoint(app, who)
    before = await content(app.state.service.bus)
    answers = await tried(app, matching_table.DECISIONS, who, ids)
    assert len(answers) >= 11
    if tie == "none":
        assert [name for name, answer in answers.items() if refused(answer)] == []
    else:
        assert {name: answer.status_code for name, answer in answers.items() if not refused(answer)} == {}
        assert await content(app.state.service.bus) == before
    await app.state.service.bus.close()


@pytest.mark.parametrize("tie", [*TIES, "none"])
async def test_nobody_decides_their_own_case_in_reporting(stores: dict[str, str], case: Case, tie: str) -> None:
    """Waivers and erasures of words are refused; a stranger is not refused for that."""
    who = await with_tie(case.programme, tie)
    app = create_reporting(
        ReportingSettings(**settings_for(stores["reporting"], portal_url=case.url)), background=False
    )
    bus = app.state.service.bus
    visit_id = new_id()
    async with bus.transaction("system:tests") as tx:
        row = CaseRow(
            id=visit_id,
            kind="visit",
            state="ended",
            application_id=case.application_id,
            call_id=UUID(case.programme.call["id"]),
            country="AM",
            host_country="FR",
            host_id=UUID(case.programme.organisations["FR"]),
            topic="online_crime",
        )
        tx.session.add(row)
    await appoint(app, who)
    before = await content(bus)
    ids = {"visit_id": str(visit_id), "application_id": str(case.application_id)}
    answers = await tried(app, reporting_table.DECISIONS, who, ids)
    assert len(answers) >= 2
    if tie == "none":
        assert [name for name, answer in answers.items() if refused(answer)] == []
    else:
        assert {name: answer.status_code for name, answer in answers.items() if not refused(answer)} == {}
        assert await content(bus) == before
    await bus.close()
