"""The servers of the identity tests: the local sign-in provider, one that signs JWTs, and a small service."""

import asyncio
import base64
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI, Form, Request, UploadFile
from fastapi.responses import PlainTextResponse
from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.applications.sessions.actions import StoredSessions
from shared.bus import Consumers, bus_tables
from shared.contracts.codes import Role
from shared.identity import (
    Grant,
    Principal,
    Ticket,
    access_table,
    allow,
    consume_access,
    csrf,
    internal,
    public,
    signed_in,
    ticket,
    ticket_or_role,
    write_access,
)
from shared.identity.oidc import sign_in_router
from shared.identity.state import identity_of
from shared.identity.token_scopes import READ_CALLS, READ_FIGURES
from shared.runtime.service import create
from shared.settings import ServiceSettings
from shared.time import clock
from tests.sessions import session_key, session_table
from tests.support import ReadFirst, create_tables
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import Databases

TICKET_KEY = OKPKey.generate_key("Ed25519")
ORIGIN = "http://localhost:8000"
SERVICE_TOKEN = "a-token-between-services"


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """The issuer address of `oidc-provider-mock`, as the local run starts it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "localhost", "--user", "officer"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        _wait_for(f"{address}/.well-known/openid-configuration", server)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert server.poll() is None, "the sign-in provider ended before it answered"
        try:
            httpx2.get(address, timeout=2).raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(address)


@cache
def _first_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


class SigningIssuer:
    """Publishes discovery and keys as Keycloak does, signs access tokens, and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys = [_first_key()]
        self.requests: dict[str, int] = {}
        self.fails = 0
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests[self.path] = outer.requests.get(self.path, 0) + 1
                if outer.fails > 0:
                    outer.fails -= 1
                    self.send_error(503)
                    return
                body = json.dumps(outer.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the tests' output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def document(self, path: str) -> dict[str, Any]:
        """Return what is published at `path`."""
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", "token_endpoint": f"{self.issuer}/token"}

    def token(self, key: RSAKey | None = None, **changes: object) -> str:
        """Return an access token as Keycloak writes it; `changes` replace claims, None takes one away."""
        moment = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": ["tandem", "account"],
            "sub": "a-program",
            "typ": "Bearer",
            "iat": moment,
            "exp": moment + 300,
            **changes,
        }
        key = key or self.keys[-1]
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": key.kid}, kept, key)

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def signing_issuer() -> Iterator[SigningIssuer]:
    """A provider that signs access tokens, new for each test."""
    issuer = SigningIssuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def settings(provider: str, store: str) -> ServiceSettings:
    """The settings of a service of a local run."""
    return ServiceSettings(
        database_url=SecretStr(store.replace("+asyncpg", "")),
        kafka="localhost:1",
        origin=ORIGIN,
        local=True,
        session_key=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode()),
        oidc_issuer=provider,
        oidc_client_secret=SecretStr("not-checked-locally"),
        ticket_public_key=TICKET_KEY.as_pem(private=False).decode(),
        service_token=SecretStr(SERVICE_TOKEN),
    )


@pytest.fixture
def store(postgres: "Databases") -> Iterator[str]:
    """The address of a database with the tables that every service has."""
    address = postgres.new(
        postgres.template(
            "identity", lambda url: asyncio.run(create_tables(url, access_table, bus_tables, session_table))
        )
    )
    yield address
    postgres.drop(address)


def routes() -> APIRouter:
    """Return one route for each guard, for pages and for programs."""
    router = APIRouter(prefix="/tests")
    officer = Annotated[Principal, Depends(allow(Role.OFFICER))]
    report = Annotated[Ticket, Depends(ticket("report"))]

    @router.get("/mine")
    async def page(request: Request, principal: officer) -> dict[str, str]:
        return {"subject": principal.subject, "csrf": csrf.token(request)}

    @router.post("/mine")
    async def form(_: officer, text: Annotated[str, Form()], file: UploadFile | None = None) -> dict[str, str]:
        return {"text": text, "file": (await file.read()).decode() if file else ""}

    @router.get("/cases/{application_id}")
    async def case(application_id: UUID, principal: officer) -> dict[str, list[str]]:
        return {"roles": sorted(principal.roles)}

    @router.get("/decided/{application_id}")
    async def decided(
        application_id: UUID,
        principal: Annotated[Principal, Depends(allow(Role.NATIONAL_COORDINATOR))],
    ) -> dict[str, str]:
        return {"subject": principal.subject}

    @router.get("/api/mine")
    async def api(principal: officer) -> dict[str, str]:
        return {"subject": principal.subject}

    @router.get("/api/figures")
    async def figures(
        principal: Annotated[Principal, Depends(allow(Role.DONOR, service_scope=READ_FIGURES))],
    ) -> dict[str, str | None]:
        return {"subject": principal.subject, "client": principal.client}

    @router.get("/api/calls")
    async def calls(principal: Annotated[Principal, Depends(signed_in(service_scope=READ_CALLS))]) -> dict[str, str]:
        return {"subject": principal.subject}

    @router.put("/api/mine")
    async def put(_: officer, body: dict[str, str]) -> dict[str, str]:
        return body

    @router.get("/token")
    async def token(request: Request, _: Annotated[Principal, Depends(signed_in())]) -> PlainTextResponse:
        return PlainTextResponse(csrf.token(request))

    @router.get("/open")
    async def open_to_all(principal: Annotated[Principal | None, Depends(public())]) -> dict[str, str | None]:
        return {"subject": principal.subject if principal else None}

    @router.post("/open", dependencies=[Depends(public())])
    async def open_form(request: Request) -> dict[str, str]:
        return {"text": str((await request.form())["text"])}

    @router.get("/any")
    async def anybody(principal: Annotated[Principal, Depends(signed_in())]) -> dict[str, str]:
        return {"subject": principal.subject}

    @router.post("/internal/contacts")
    async def contacts(caller: Annotated[str, Depends(internal())]) -> dict[str, str]:
        return {"caller": caller}

    @router.get("/reports/{application_id}")
    async def report_form(request: Request, application_id: str, ticket: report) -> dict[str, str | None]:
        return {"case": application_id, "person": ticket.person, "csrf": csrf.token(request)}

    @router.post("/reports/{application_id}")
    async def report_sent(application_id: str, ticket: report, text: Annotated[str, Form()]) -> dict[str, str]:
        return {"case": application_id, "text": text, "ticket": ticket.subject}

    @router.get("/api/reports/{application_id}")
    async def report_api(application_id: str, ticket: report) -> dict[str, str]:
        return {"case": application_id, "ticket": ticket.subject}

    @router.get("/receipts/{application_id}")
    async def receipt(
        ticket: Annotated[Ticket | Principal, Depends(ticket_or_role("receipt", Role.NATIONAL_COORDINATOR))],
    ) -> dict[str, str]:
        return {"by": type(ticket).__name__}

    return router


@pytest.fixture
async def app(settings: ServiceSettings, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """A service on the real harness, with one route a guard and the portal's sign-in."""
    consumers = Consumers("reporting")
    consumers.topic("exchange.access", evolve=consume_access)
    app = create(
        "reporting",
        settings,
        place="figures",
        templates=tmp_path,
        routers=[routes(), sign_in_router()],
        consumers=consumers,
        background=False,
    )
    identity_of(app).keep_sessions(StoredSessions(app.state.service.bus, identity_of(app).sign_ins))
    yield app
    await app.state.service.bus.close()


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at the gateway's address, with a cookie jar, that does not follow redirects by itself."""
    transport = ReadFirst(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html"}) as browser:
        yield browser


@pytest.fixture
def grant(app: FastAPI) -> Callable[..., Awaitable[None]]:
    """Return a function that grants a subject roles, from a year ago on."""

    async def give(subject: str, *roles: Role, country: str | None = None, organisation_id: str | None = None) -> None:
        since = clock.today() - timedelta(days=365)
        grants = [Grant(role, since, country, organisation_id) for role in roles]
        async with app.state.service.bus.transaction("system:tests") as tx:
            await write_access(tx.session, {subject: (grants, clock.now())})

    return give


@pytest.fixture
def sign_in(browser: httpx2.AsyncClient, app: FastAPI) -> Callable[..., None]:
    """Puts the cookie of a session of a subject into the browser, `ago` seconds old."""

    def put(subject: str, ago: float = 0) -> None:
        key = session_key(app, subject, ago=ago)
        browser.cookies.set(identity_of(app).cookies.session, key, domain="localhost.local")

    return put


@pytest.fixture
def ticket_key() -> OKPKey:
    """The portal's key: it signs tickets, the services know its public half."""
    return TICKET_KEY


@pytest.fixture
def used_tickets(app: FastAPI) -> Callable[[], Awaitable[int]]:
    """Return how many used tickets the service still remembers."""

    async def count() -> int:
        async with app.state.service.bus.read() as session:
            return int(await (await session.connection()).scalar(sa.text("SELECT count(*) FROM used_ticket")))

    return count
