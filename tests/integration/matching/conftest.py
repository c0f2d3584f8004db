"""Fixtures of matching's tests: the real service on a real database, fed with the portal's events."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID  # noqa: TC003 - the dataclass reads its annotations

import httpx2
import pytest
from sqlalchemy import text

from services.matching.app import create_app
from services.matching.cohorts.actions import commit
from services.matching.consumers import consumers
from services.matching.lifecycle.actions import deadlines
from services.matching.provisional import next_in_line, worker
from services.matching.provisional.follower import CallFollower
from services.matching.settings import Settings
from shared.bus.db import leases
from shared.bus.db.journal import IN_ORDER
from shared.contracts import _examples as ex
from shared.contracts import applications, calls, mentors, offers, participation, read, registry
from shared.contracts.codes import Answer, Party, Role, Side
from shared.identity import Grant, write_access
from shared.identity.state import identity_of
from shared.ids import new_id
from shared.time import clock
from tests.portal_of_strangers import strangers_portal
from tests.sessions import session_key
from tests.support import Feed, ReadFirst, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from fastapi import FastAPI

    from services.matching.cohorts.actions.commit import Committed
    from shared.bus import Bus, Lease
    from tests.conftest import Databases

ORIGIN = "http://localhost:8000"


@pytest.fixture(scope="session")
def store_template(postgres: Databases) -> str:
    """The name of a template database with the service's tables, as its migrations create them."""
    return postgres.of_service("matching")


@pytest.fixture
def moving_clock(own_clock: None) -> None:
    """A clock that the test can move."""


@pytest.fixture
def store_address(postgres: Databases, store_template: str) -> Iterator[str]:
    """A database of its own for one test."""
    address = postgres.new(store_template)
    yield address
    postgres.drop(address)


@pytest.fixture(scope="session")
def portal_url() -> Iterator[str]:
    """The address of a portal to which the people of these tests are strangers."""
    with strangers_portal() as address:
        yield address


@pytest.fixture
async def app(store_address: str, portal_url: str) -> AsyncIterator[FastAPI]:
    """The service without its loops: the test feeds events and runs the workers' rounds."""
    app = create_app(Settings(**settings_for(store_address, portal_url=portal_url)), background=False)
    yield app
    await app.state.service.bus.close()


@pytest.fixture
async def world(app: FastAPI) -> World:
    """A programme with nothing in it yet."""
    bus = app.state.service.bus
    return World(app, bus, Feed(bus, consumers))


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at the gateway's address."""
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html"}) as browser:
        yield browser


@pytest.fixture
def sign_in(app: FastAPI, browser: httpx2.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Return a function that signs a role, with its country or organisation, into the browser."""

    async def put(subject: str, role: Role, **scope: Any) -> None:
        grant = Grant(role, clock.today() - timedelta(days=30), **scope)
        async with app.state.service.bus.transaction("system:tests") as tx:
            await write_access(tx.session, {subject: ([grant], clock.now())})
        identity = identity_of(app)
        browser.cookies.set(identity.cookies.session, session_key(app, subject), domain="localhost.local")

    return put


@dataclass
class World:
    """A programme in a few words: actions of officers, hosts and coordinators, as events of the portal."""

    app: FastAPI
    bus: Bus
    feed: Feed
    call_id: UUID = field(default_factory=new_id)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lease: Lease | None = None
    following: CallFollower = field(default_factory=lambda: CallFollower(check_every=1))

    def period(self, first: int = 7, last: int = 40) -> list[dict[str, str]]:
        """Return a period given in weeks from today."""
        today = clock.today()
        return [
            {
                "start": (today + timedelta(weeks=first)).isoformat(),
                "end": (today + timedelta(weeks=last)).isoformat(),
            }
        ]

    async def call(self, **terms: Any) -> UUID:
        """Publish a call."""
        values = ex.CALL_TERMS | {"visit_periods": self.period(0, 60), "quotas": [], "weights": [], "needs": []}
        event = calls.CallPublished.model_validate({"terms": values | terms})
        await self.feed.deliver((event, self.call_id))
        return self.call_id

    async def close(self) -> None:
        """Close the call."""
        values = ex.CALL_TERMS | {"visit_periods": self.period(0, 60)}
        await self.feed.deliver((calls.CallClosed.model_validate({"terms": values}), self.call_id))

    async def officer(self, country: str = "MD", *, eligible: bool = True, **profile: Any) -> UUID:
        """Submit an application that is endorsed and found eligible."""
        person, number = new_id(), next(self.numbers)
        values = ex.PROFILE | {
            "call_id": str(self.call_id),
            "reference": f"{country}-2026-{number:04}",
            "country": country,
            "organisation_id": str(new_id()),
            "periods": self.period(),
            "blackouts": [],
        }
        due = clock.now() + timedelta(days=14)
        submitted = applications.ApplicationSubmitted.model_validate({"profile": values | profile, "due": due})
        found = applications.ApplicationFoundEligible.model_validate(applications.ApplicationFoundEligible.example)
        await self.feed.deliver((submitted, person), (applications.ApplicationEndorsed(due=due), person))
        if eligible:
            await self.feed.deliver((found, person))
        return person

    async def offer(self, country: str = "FR", **terms: Any) -> UUID:
        """Publish a placement."""
        placement, number = new_id(), next(self.numbers)
        values = ex.OFFER_TERMS | {
            "call_id": str(self.call_id),
            "reference": f"{country}-P-2026-{number:04}",
            "country": country,
            "organisation_id": str(new_id()),
            "periods": [period | {"places_per_week": 2} for period in self.period()],
            "deadline": None,
        }
        published = offers.OfferPublished.model_validate({"terms": values | terms})
        await self.feed.deliver((published, placement))
        return placement

    async def mentor(self, country: str = "RO", **profile: Any) -> UUID:
        """Publish a mentor."""
        mentor, number = new_id(), next(self.numbers)
        values = ex.MENTOR_PROFILE | {
            "call_id": str(self.call_id),
            "reference": f"{country}-M-2026-{number:04}",
            "country": country,
            "organisation_id": str(new_id()),
            "periods": self.period(0, 40),
        }
        await self.feed.deliver((mentors.MentorPublished.model_validate({"profile": values | profile}), mentor))
        return mentor

    async def exclude(self, first: str, second: str, *, confidential: bool) -> None:
        """Keep two countries apart."""
        event = registry.ExclusionChanged(
            countries=(first, second), since=clock.today() - timedelta(days=1), confidential=confidential
        )
        await self.feed.deliver((event, new_id()))

    async def match_calls(self) -> None:
        """Run a round of the live worker."""
        if self.lease is None or not await leases.prolong(self.bus, [self.lease]):
            self.lease = await leases.acquire(self.bus, f"match:{self.call_id}")
        assert self.lease is not None
        await next_in_line.promote(self.bus, self.call_id, self.lease)
        await worker.match_once(self.bus, self.call_id, self.lease, self.following)
        assert await self.following.checked()

    async def lease_ends(self, name: str) -> None:
        """The time of a lease is over, as if its holder had slept."""
        async with self.bus.transaction("system:tests") as tx:
            ended = "UPDATE lease SET until = clock_timestamp() WHERE name = :name"
            await tx.session.execute(text(ended), {"name": name})

    async def sweep(self) -> int:
        """Run a round of the deadlines."""
        async with leases.hold(self.bus, deadlines.LEASE) as lease:
            return await deadlines.sweep(self.bus, lease)

    async def commit(self, chosen: dict[UUID, UUID] | None = None) -> Committed:
        """Commit a cohort as the programme coordinator."""
        return await commit.commit_cohort(self.bus, "carla", self.call_id, chosen, effort=12)

    async def clear(self, match_id: UUID, application_id: UUID) -> None:
        """Clear a match for both countries."""
        for side, country in ((Side.HOME, "MD"), (Side.HOST, "FR")):
            event = participation.ClearanceGiven(application_id=application_id, side=side, country=country)
            await self.feed.deliver((event, match_id))

    async def answer(
        self, match_id: UUID, application_id: UUID, by: Party, given: Answer = Answer.ACCEPT, **options: Any
    ) -> None:
        """Answer for one side."""
        event = participation.AnswerGiven(application_id=application_id, by=by, answer=given)
        await self.feed.deliver((event, match_id), **options)

    async def confirmed(self, **profile: Any) -> tuple[UUID, UUID]:
        """Return an officer with a confirmed match: application and match."""
        application_id = await self.officer(**profile)
        match_id = (await self.commit()).matches[application_id]
        await self.clear(match_id, application_id)
        host = Party.MENTOR if profile.get("kind") == "mentee" else Party.HOST
        guest = Party.MENTEE if profile.get("kind") == "mentee" else Party.GUEST
        await self.answer(match_id, application_id, guest)
        await self.answer(match_id, application_id, host)
        return application_id, match_id

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """Return the rows of a query."""
        async with self.bus.read() as session:
            return list(await session.execute(text(query), values))

    async def facts(self, *types: str) -> list[tuple[str, Any]]:
        """Return the published facts of these types, in order: subject and event."""
        rows = await self.rows(
            f"SELECT type, aggregateid, payload FROM journal WHERE type = ANY(:types) ORDER BY {IN_ORDER}",
            types=list(types),
        )
        return [(row.aggregateid, read(row.type, row.payload)) for row in rows]

    async def story(self, application_id: UUID) -> list[str]:
        """Return the types of all facts of an application's history, by the order of their aggregates' numbers."""
        rows = await self.rows(
            "SELECT type FROM outbox WHERE correlationid = :story ORDER BY position", story=str(application_id)
        )
        return [row.type for row in rows]


def at(day: date) -> datetime:
    """Return noon of a day."""
    return datetime.combine(day, datetime.min.time(), tzinfo=clock.now().tzinfo) + timedelta(hours=12)
