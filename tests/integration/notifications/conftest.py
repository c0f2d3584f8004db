"""Fixtures: the app on its migrated database, a mail server, and the portal's contacts route over HTTP."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.notifications import app as service
from services.notifications.app import create_app
from services.notifications.check import check_mails
from services.notifications.consumers import consumers
from services.notifications.mail.sending.worker import dispatcher
from services.notifications.settings import Settings
from shared.bus.db.journal import IN_ORDER
from shared.bus.db.leases import hold
from shared.ids import reaction_id
from tests.serving import served
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope as SmtpEnvelope
    from aiosmtpd.smtp import Session

    from services.notifications.mail.sending.dispatch import Dispatcher
    from tests.conftest import Databases

_NOBODY = UUID(int=0)

# The mails are the same for each app that is made here: to look once whether they can be written is enough.
vars(service)["check_mails"] = cache(check_mails)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return the text of a mail, plain or html."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.fixture(autouse=True)
def clock_file(own_clock: None) -> None:
    """Each test has a clock of its own that can be moved."""


@pytest.fixture
def migrated(postgres: Databases) -> Iterator[str]:
    """A database of the service's own, made by its migration."""
    name = postgres.of_service("notifications")
    address = postgres.new(name)
    yield address.replace("+asyncpg", "")
    postgres.drop(address)


class Catcher:
    """A mail server that keeps its mails; `to_address` and `to_mail` are its answers to either."""

    def __init__(self) -> None:
        self.port = 0
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.to_address = "250 OK"
        self.to_mail = "250 Caught"
        self.on_taken: Callable[[], None] = lambda: None

    async def handle_RCPT(self, _s: SMTP, _c: Session, envelope: SmtpEnvelope, address: str, _o: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer to one address."""
        if self.to_address.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_address

    async def handle_DATA(self, _s: SMTP, _c: Session, envelope: SmtpEnvelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer to one mail."""
        if self.to_mail.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from or "")
            self.on_taken()
        return self.to_mail

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails that were taken, parsed, in order."""
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to an address."""
        return [mail for mail, whom in zip(self.mails, self.recipients, strict=True) if whom == address]


@asynccontextmanager
async def listening(made: Catcher) -> AsyncIterator[None]:
    """Run a mail server on a free port, which becomes its `port`."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield
    server.close()
    await server.wait_closed()


@pytest.fixture
async def catcher() -> AsyncIterator[Catcher]:
    """A mail server on a free port."""
    made = Catcher()
    async with listening(made):
        yield made


class Contacts:
    """The portal's contacts route with its form and its token, for made-up people."""

    def __init__(self) -> None:
        self.questions: list[dict[str, Any]] = []
        self.known = True
        self.erased = False
        self.names = {"home_coordinator": ["first", "deputy"]}
        self.languages: dict[str, str] = {}
        self.zones: dict[str, str] = {}
        self.apart = False
        self.away = False
        self.url = ""
        self.parts: dict[str, list[str]] = {"applications": [], "mentors": []}
        self.app = FastAPI()
        self.app.get("/applications/internal/parts")(self.parts_of)
        self.app.post("/applications/internal/contacts/many")(self.many)

    async def many(self, request: Request) -> JSONResponse:
        """Answer the recipients of each message."""
        assert request.headers["x-service"] == "notifications"
        assert request.headers["x-service-token"] == "service-token-of-the-tests"
        form = (await request.json())["wanted"]
        self.questions += form
        if self.away:
            return JSONResponse({}, 503)
        if self.erased:
            return JSONResponse({"answers": [[] for _ in form], "erased": list(range(len(form)))})
        return JSONResponse({"answers": [self.recipients(question) for question in form]})

    def recipients(self, wanted: dict[str, Any]) -> list[dict[str, str]]:
        """Return one recipient for each audience, two for a home coordinator (with a deputy)."""
        if not self.known:
            return []
        kind = wanted["audience"]
        names = self.names.get(kind, ["only"])
        if self.apart:  # other people for each application
            names = [f"{name}.{wanted['application_id']}" for name in names]
        if wanted.get("without_deputies"):
            names = [name for name in names if name != "deputy"]
        people = [self.person(kind, name) | {"language": self.languages.get(kind, "en")} for name in names]
        people = [
            person | {"timezone": self.zones.get(f"{kind}.{name}", person["timezone"])}
            for person, name in zip(people, names, strict=True)
        ]
        if "availability_of" in wanted:
            people = [
                person | {"link": f"/applications/available?key=for-{wanted['availability_of']}"} for person in people
            ]
        return people

    async def parts_of(self, request: Request) -> JSONResponse:
        """Answer somebody's applications and profiles."""
        assert request.headers["x-service-token"] == "service-token-of-the-tests"
        return JSONResponse(self.parts, 503 if self.away else 200)

    @staticmethod
    def person(kind: str, name: str) -> dict[str, str]:
        """Return a made-up person."""
        return {
            "recipient": str(recipient(kind, name)),
            "name": f"Ștefan O'{name.title()}",
            "address": f"{kind}.{name}@police.example",
            "language": "en",
            "timezone": "Europe/Chisinau",
        }


def recipient(kind: str, name: str = "only") -> UUID:
    """Return the opaque id of a made-up person."""
    return reaction_id(reaction_id(_NOBODY, "person", kind), "person", name)


@pytest.fixture
async def contacts() -> AsyncIterator[Contacts]:
    """The portal's contacts route on a free port."""
    made = Contacts()
    async with served(made.app) as made.url:
        yield made


@pytest.fixture
async def app(migrated: str, catcher: Catcher, contacts: Contacts) -> AsyncIterator[FastAPI]:
    """The notifications app without background loops."""
    settings = Settings(
        **settings_for(
            migrated,
            portal_url=contacts.url,
            smtp_host="127.0.0.1",
            smtp_port=catcher.port,
            mail_connections=3,
            bounce_address="bounces@tandem.example",
        )
    )
    made = create_app(settings, background=False)
    yield made
    await made.state.service.bus.close()


@pytest.fixture
def feed(app: FastAPI) -> Feed:
    """Gives the app the events of the other services."""
    return Feed(app.state.service.bus, consumers)


@asynccontextmanager
async def desk_of(app: FastAPI) -> AsyncIterator[Dispatcher]:
    """Yield the sender of the app's mail, under its lease."""
    bus = app.state.service.bus
    async with hold(bus, "mail") as lease, dispatcher(bus, app.state.service.settings, lease) as desk:
        yield desk


async def post(app: FastAPI) -> None:
    """Send what is due now, as the loop does."""
    async with desk_of(app) as desk:
        while await desk.send_due():
            pass


async def published_events(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the events that the service published: (type, correlation, payload), in order."""
    query = sa.text(f"SELECT type, correlationid, payload::jsonb FROM journal ORDER BY {IN_ORDER}")
    async with app.state.service.bus.read() as session:
        return [tuple(row) for row in (await session.execute(query)).all()]


async def rows(app: FastAPI, sql: str) -> list[Any]:
    """Return the rows of a table."""
    async with app.state.service.bus.read() as session:
        return list((await session.execute(sa.text(sql))).all())


async def write(app: FastAPI, statement: str, **values: Any) -> None:
    """Write into the database what no event could bring there."""
    async with app.state.service.bus.transaction("system:tests") as tx:
        await tx.session.execute(sa.text(statement), values)
