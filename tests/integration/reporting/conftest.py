"""Run reporting for its tests: on a real database, with people of any role, and a feed of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from pydantic import SecretStr

from services.reporting.app import create_app
from services.reporting.consumers import consumers
from services.reporting.figures.actions import running_counts
from services.reporting.settings import Settings
from shared.contracts.codes import Role
from shared.identity import Grant, csrf, issue_ticket, write_access
from shared.identity.state import identity_of
from shared.time import clock
from tests.portal_of_strangers import strangers_portal
from tests.sessions import session_key
from tests.support import Feed, ReadFirst, settings_for, ticket_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import date
    from pathlib import Path

    from fastapi import FastAPI

    from tests.conftest import Databases

ORIGIN = "http://localhost:8000"


@dataclass
class House:
    """A running service with its feed of events. Each answer comes with its result, however busy the machine."""

    app: FastAPI
    feed: Feed

    def __post_init__(self) -> None:
        """Let requests wait for counts and checks, which would go on behind a page after two seconds."""
        running_counts.PATIENCE = 60.0

    async def grant(self, *roles: Role, organisation: str | None = None, name: str | None = None) -> httpx2.AsyncClient:
        """Return a browser of somebody with these roles."""
        name = name or "-".join(role.value for role in roles)
        grants = [Grant(role, clock.today(), "MD", organisation) for role in roles]
        async with self.app.state.service.bus.transaction("system:tests") as tx:
            await write_access(tx.session, {name: (grants, clock.now())})
        identity = identity_of(self.app)
        headers = {
            csrf.HEADER: csrf.new_token(identity.csrf, csrf.person(name)),
            "Origin": ORIGIN,
            "Accept": "text/html",
        }
        client = httpx2.AsyncClient(transport=ReadFirst(self.app), base_url=ORIGIN, headers=headers)
        client.cookies.set(identity.cookies.session, session_key(self.app, name), domain="localhost.local")
        return client

    async def publish(self, *labels: str) -> None:
        """Take these periods from draft to published, one after the other, by two people."""
        author = await self.grant(Role.EVALUATOR, name="author of figures")
        other = await self.grant(Role.PROGRAMME_COORDINATOR, name="approver of figures")
        for label in labels:
            for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
                answer = await who.post(f"/reporting/periods/{label}/{step}")
                assert answer.status_code == 303, answer.text

    def stranger(self) -> httpx2.AsyncClient:
        """Return a client of somebody without an account; it keeps cookies as a browser does."""
        headers = {"Origin": ORIGIN, "Accept": "text/html"}
        return httpx2.AsyncClient(transport=ReadFirst(self.app), base_url=ORIGIN, headers=headers)

    async def with_ticket(self, client: httpx2.AsyncClient, address: str, purpose: str, person: str | None) -> Any:
        """Open a form with the portal's ticket, as a browser does: its page makes a cookie of it, for the API too."""
        ticket = issue_ticket(purpose, address.rpartition("/")[2], person=person, private_key=ticket_keys()[0])
        led = await client.get(f"{address.replace('/api/v1/', '/')}?ticket={ticket}")
        assert led.status_code == 303, led.text
        return await client.get(address)

    async def journal(self, topic: str) -> list[Any]:
        """Return what the service recorded on a topic: type, subject and payload, in order."""
        from sqlalchemy import text  # noqa: PLC0415 - only here

        async with self.app.state.service.bus.read() as session:
            query = text(
                "SELECT j.id, j.type, j.aggregateid, j.payload, j.sequence, j.occurred_at, j.correlationid,"
                " j.causationid"
                " FROM journal j JOIN outbox p ON p.id = j.id WHERE j.aggregatetype = :topic ORDER BY p.position"
            )
            return list((await session.execute(query, {"topic": topic})).all())

    async def relay(self, topic: str) -> None:
        """Let the service read its own events, as it does through the log."""
        from shared.contracts import read  # noqa: PLC0415 - only here

        rows = await self.journal(topic)
        records = [
            self.feed.record(
                read(row.type, row.payload),
                row.aggregateid,
                at=row.occurred_at,
                correlation=row.correlationid,
                cause=row.causationid,
                id=row.id,
                sequence=row.sequence,
            )
            for row in rows
        ]
        await self.feed.apply(records)


@pytest.fixture(scope="session")
def migrated(postgres: Databases) -> str:
    """Return a database as the migrations make it, to be copied."""
    return postgres.of_service("reporting")


@pytest.fixture(scope="session")
def portal_url() -> Iterator[str]:
    """Return the address of a portal to which the people of these tests are strangers."""
    with strangers_portal() as address:
        yield address


@pytest.fixture
async def house(postgres: Databases, migrated: str, portal_url: str) -> AsyncIterator[House]:
    """Run reporting on a migrated database of its own."""
    address = postgres.new(migrated)
    settings = Settings(**settings_for(address, portal_url=portal_url))
    assert isinstance(settings.database_url, SecretStr)
    app = create_app(settings, background=False)
    yield House(app, Feed(app.state.service.bus, consumers))
    await app.state.service.bus.close()
    postgres.drop(address)


def set_day(day: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock show that day, whatever day it is."""
    ahead = clock.offset() + (day - clock.today())
    monkeypatch.setenv("TANDEM_CLOCK_FILE", str(tmp_path / "day"))
    clock.start_at(-ahead)
