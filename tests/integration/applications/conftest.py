"""Give the portal's tests the real app on the real PostgreSQL, a small programme, and its events."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import sqlalchemy as sa

from services.applications.app import create_app
from services.applications.consumers import consumers
from services.applications.register.actions.bulk import enter_first_coordinator
from services.applications.settings import Settings
from shared.bus.db.journal import IN_ORDER
from shared.identity import csrf
from shared.identity.state import identity_of
from shared.time import clock
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.world import World, make_world
from tests.sessions import session_key
from tests.support import Feed, ReadFirst, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.conftest import Databases

ORIGIN = "http://localhost:8000"


@pytest.fixture(autouse=True)
def clock_file(own_clock: None) -> None:
    """Give the test its own clock, which it can move."""


@pytest.fixture
def tables(postgres: Databases) -> str:
    """Return the name of a template with the portal's tables, as its migrations make them."""
    return postgres.of_service("applications")


@pytest.fixture
async def migrated(request: pytest.FixtureRequest, postgres: Databases, tables: str) -> AsyncIterator[str]:
    """Return a database of the portal with its tables, and with the programme if the test asks for it.

    The data of many tests is entered once and copied, as the tables are.
    """
    name = tables
    if "programme" in request.fixturenames:
        name = await _entered(postgres, tables, abroad="abroad" in request.fixturenames)
    address = postgres.new(name)
    yield address
    postgres.drop(address)


_ENTERED: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}
"""The organisations and the call of each template with a programme, by its name."""


def _named(*, abroad: bool) -> str:
    """Return the name of the template; the data depends on the day."""
    return f"{'abroad' if abroad else 'programme'} on {clock.today()}"


async def _entered(postgres: Databases, empty: str, *, abroad: bool) -> str:
    """Return the name of a template with a programme, and with the data of `Abroad`, made on first use."""
    name = _named(abroad=abroad)
    if name not in _ENTERED:
        address = postgres.new(empty)
        app = create_app(Settings(**settings_for(address)), background=False)
        made = Programme(app)
        await made.fill()
        if abroad:
            await Abroad(made, Feed(app.state.service.bus, consumers)).fill()
        await made.close()
        await app.state.service.bus.close()
        postgres.keep(name, address)
        _ENTERED[name] = (made.organisations, made.call)
    return name


@pytest.fixture
async def portal(migrated: str) -> AsyncIterator[FastAPI]:
    """Run the portal on its own database, without background loops."""
    app = create_app(Settings(**settings_for(migrated)), background=False)
    yield app
    await app.state.service.bus.close()


@pytest.fixture
def feed(portal: FastAPI) -> Feed:
    """Return the feed that gives the portal events of other services."""
    return Feed(portal.state.service.bus, consumers)


class Programme:
    """A small programme in the portal: organisations, people with their access, and one open call."""

    def __init__(self, app: FastAPI) -> None:
        """Take the app; `fill` enters the programme."""
        self.app = app
        self.clients: dict[str, httpx2.AsyncClient] = {}
        self.organisations: dict[str, str] = {}
        self.call: dict[str, Any] = {}

    def as_(self, subject: str) -> httpx2.AsyncClient:
        """Return a client that is signed in as `subject` and sends the headers of our own pages."""
        if subject not in self.clients:
            identity = identity_of(self.app)
            client = httpx2.AsyncClient(
                transport=ReadFirst(self.app),
                base_url=ORIGIN,
                headers={"X-CSRF-Token": csrf.new_token(identity.csrf, csrf.person(subject)), "Accept": "text/html"},
            )
            key = session_key(self.app, subject)
            client.cookies.set(identity.cookies.session, key, domain="localhost.local")
            self.clients[subject] = client
        return self.clients[subject]

    async def post(self, subject: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Post JSON as `subject`, check the status and return the answer."""
        answer = await self.as_(subject).post(f"/applications/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, subject: str, path: str, status: int = 200) -> Any:
        """Read JSON as `subject`, check the status and return the answer."""
        answer = await self.as_(subject).get(f"/applications/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def fill(self) -> None:
        """Enter the programme as the programme coordinator."""
        assert await enter_first_coordinator(self.app.state.service.bus, "programme")
        entries = [
            {
                "name": "Police of Armenia",
                "kind": "agency",
                "country": "AM",
                "city": "Yerevan",
                "domains": ["police.example"],
            },
            {
                "name": "Police of Georgia",
                "kind": "agency",
                "country": "GE",
                "city": "Tbilisi",
                "domains": ["police.example"],
            },
            {"name": "Anti-cybercrime office", "kind": "agency", "country": "FR", "city": "Lyon"},
        ]
        answer = await self.post("programme", "/organisations", {"organisations": entries}, 201)
        self.organisations = dict(zip(("AM", "GE", "FR"), answer["ids"], strict=True))
        people = [
            self.person("ani", "Ani Petrosyan", "AM", "officer", own_name="Անի Պետրոսյան", service="police",
                        sex="female", rank_group="operational", years_in_field=6),
            self.person("nino", "Nino Beridze", "GE", "officer", service="police"),
            self.person("tigran", "Tigran Hakobyan", "AM", "national_coordinator"),
            self.person("giorgi", "Giorgi Maisuradze", "GE", "national_coordinator"),
            self.person("claire", "Claire Moreau", "FR", "host_contact", organisation_id=self.organisations["FR"]),
        ]  # fmt: skip
        await self.post("programme", "/people", {"people": people}, 201)
        fund = {"name": "TOPCOP II", "payer": "European Commission", "since": "2025-01-01"}
        funds = await self.post("programme", "/funds", {"funds": [fund]}, 201)
        self.call = await self.post("programme", "/calls", call_terms(funds["ids"][0]), 201)

    def person(self, subject: str, name: str, country: str, role: str, **known: Any) -> dict[str, Any]:
        """Return an entry of the register; `known` are further fields, `organisation_id` goes into the grant too."""
        grant = {"role": role, "country": country, "since": "2025-01-01"}
        if "organisation_id" in known:
            grant["organisation_id"] = known["organisation_id"]
        return {
            "subject": subject,
            "name": name,
            "email": f"{subject}@police.example",
            "country": country,
            "organisation_id": self.organisations[country],
            "grants": [grant],
            **known,
        }

    def answers(self, **changes: Any) -> dict[str, Any]:
        """Return complete answers of an officer who meets the rules of the call."""
        start = clock.today() + timedelta(days=90)
        return {
            "line_manager_name": "Vardan Sargsyan",
            "line_manager_email": "vardan@police.example",
            "expertise": [{"area": "analysis", "level": 2, "years": 4}],
            "languages": [{"language": "en", "level": "B2"}, {"language": "hy", "level": "NS"}],
            "topics": ["online_crime"],
            "preferred_countries": ["FR"],
            "periods": [{"start": str(start), "end": str(start + timedelta(days=40))}],
            "objectives": ["Learn how seized devices are searched."],
            "cascade_committed": True,
            "cascade_plan": "A training day for my unit.",
            **changes,
        }

    async def submitted(self, subject: str = "ani", **changes: Any) -> dict[str, Any]:
        """Return an application of an officer, submitted through the API."""
        body = {
            "call_id": self.call["id"],
            "kind": "study_visit",
            "answers": self.answers(**changes),
            "privacy": True,
            "submit": True,
        }
        made: dict[str, Any] = await self.post(subject, "/applications", body, 201)
        return made

    async def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            await client.aclose()

    async def journal(self, topic: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the events that the portal published on a topic: (type, subject, payload), in order."""
        query = sa.text(
            f"SELECT type, aggregateid, payload::jsonb FROM journal WHERE aggregatetype = :topic ORDER BY {IN_ORDER}"
        )
        async with self.app.state.service.bus.read() as session:
            return [tuple(row) for row in (await session.execute(query, {"topic": topic})).all()]

    async def facts_published(self) -> int:
        """Return how many facts the portal has published so far."""
        async with self.app.state.service.bus.read() as session:
            return int((await session.execute(sa.text("SELECT count(*) FROM journal"))).scalar_one())


def call_terms(fund_id: str) -> dict[str, Any]:
    """Return an open call for study visits and mentoring, in English B1 or higher."""
    today = clock.today()
    return {
        "kinds": ["study_visit", "mentee"],
        "texts": [{"language": "en", "title": "Exchange of experts", "summary": "Visit a service abroad."}],
        "scheme": "empact-2026",
        "topics": ["online_crime", "criminal_networks"],
        "opens": str(today - timedelta(days=10)),
        "deadline": datetime.combine(today + timedelta(days=30), datetime.min.time(), UTC).isoformat(),
        "closes": str(today + timedelta(days=200)),
        "visit_periods": [{"start": str(today + timedelta(days=60)), "end": str(today + timedelta(days=180))}],
        "rules": {"languages": ["en", "fr"], "minimum_level": "B1", "countries": ["AM", "GE", "MD"]},
        "fund_id": fund_id,
    }


@pytest.fixture
async def programme(request: pytest.FixtureRequest, portal: FastAPI) -> AsyncIterator[Programme]:
    """Return a small programme, entered through the API."""
    made = Programme(portal)
    made.organisations, made.call = deepcopy(_ENTERED[_named(abroad="abroad" in request.fixturenames)])
    yield made
    await made.close()


@pytest.fixture
async def abroad(programme: Programme, feed: Feed) -> Abroad:
    """Return the programme with a host country, a mentor from Lithuania and an officer from Georgia."""
    made = Abroad(programme, feed)
    await made.fill()
    return made


@pytest.fixture
async def world(programme: Programme, feed: Feed) -> World:
    """Return one thing of each kind that a path can name."""
    return await make_world(programme, feed)


def days(count: int) -> date:
    """Return the day so many days from today."""
    return clock.today() + timedelta(days=count)
