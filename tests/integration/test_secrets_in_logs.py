"""No key, code, ticket or token of a request is found in a span, a log line, a problem or another site's address.

Each route of each service gets requests with planted secrets wherever a request can hold one. The spans are those that
the service makes, before anything is redacted on the way out.
"""

from __future__ import annotations

import importlib
import logging
import re
import secrets
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import structlog
from fastapi import APIRouter, Depends
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotations of the route below

from shared.contracts.codes import Role
from shared.identity import Grant, csrf, every_route, public, write_access
from shared.identity.state import identity_of
from shared.identity.tickets import issue_ticket
from shared.runtime import telemetry
from shared.settings import ServiceSettings
from shared.time import clock
from shared.web.headers import security_headers
from tests.integration.test_routes_by_role import example, signed_in
from tests.support import settings_for, ticket_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI

    from tests.conftest import Databases

SERVICES = ("applications", "matching", "notifications", "reporting")
ORIGIN = "http://localhost:8000"
ANYBODY = "0190a000-0000-7000-8000-000000000000"
MARK = "planted"
NAMES = ("key", "ticket", "code", "state", "token", "number", "next", "q", "iss", "session_state", "id_token_hint")
BROKEN = APIRouter()


@BROKEN.api_route("/broken/{token}", methods=["GET", "POST"], dependencies=[Depends(public())], include_in_schema=False)
async def _broken(request: Request, token: str) -> None:
    try:
        int(token)
    except ValueError as error:
        raise KeyError(str(request.url)) from error


@pytest.fixture(params=SERVICES)
def migrated(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[tuple[str, str]]:
    """Return a service, and a database as its migrations make it."""
    service = request.param
    address = postgres.new(postgres.of_service(service))
    yield service, address
    postgres.drop(address)


@pytest.fixture
async def app(migrated: tuple[str, str]) -> AsyncIterator[FastAPI]:
    """Run a service with one person for each role, and a route that fails with an error about its address."""
    service, address = migrated
    settings = importlib.import_module(f"services.{service}.settings").Settings(**settings_for(address))
    made: FastAPI = importlib.import_module(f"services.{service}.app").create_app(settings, background=False)
    made.router.routes.extend(BROKEN.routes)
    async with made.state.service.bus.transaction("system:tests") as tx:
        since = clock.today()
        await write_access(
            tx.session, {role.value: ([Grant(role, since, "AM", ANYBODY)], clock.now()) for role in Role}
        )
    yield made
    await made.state.service.bus.close()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Return where every finished span of this process arrives as it was made."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@pytest.fixture
def logs() -> Iterator[StringIO]:
    """Return where logs go, which are written as a running service writes them, at the most talkative level."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = StringIO()
    with redirect_stdout(written):
        telemetry.configure("tests", ServiceSettings(**settings_for("postgresql://nowhere/none", log_level="DEBUG")))
    structlog.configure(cache_logger_on_first_use=False)  # later tests log elsewhere
    yield written
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def secret() -> str:
    """Return a secret of its own, which no rule can know."""
    return f"{MARK}{secrets.token_urlsafe(9)}"


def requests(app: FastAPI) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Return method, address and headers of requests to each route: secrets in its path, then beside it."""
    identity = identity_of(app)
    private, _ = ticket_keys()
    for route, access in every_route(app):
        path = str(route.path)
        role = next((role for role in Role if access.admits(role)), Role.OFFICER)
        cookie, token = signed_in(app, role)
        known = {"Cookie": cookie, csrf.HEADER: token, "Origin": ORIGIN}
        sent = {
            "Referer": f"{ORIGIN}/applications/available?key={secret()}",
            "HX-Current-URL": f"{ORIGIN}/applications/available?key={secret()}",
            "X-Ticket": secret(),
        }
        names = {*NAMES, *(field.alias for field in getattr(getattr(route, "dependant", None), "query_params", ()))}
        query = "&".join(f"{name}={secret()}" for name in sorted(names))
        in_path = re.sub(r"{\w+(?::\w+)?}", lambda _: secret(), path)
        beside, _ = example(path)
        for method in sorted((route.methods or set()) - {"OPTIONS"}):
            if path.endswith("live") and method == "GET":
                method = "HEAD"  # noqa: PLW2901 - a stream does not end
            yield method, f"{in_path}?{query}", {**sent, **known}
            yield method, f"{beside}?{query}&{secret()}", {**sent, **known}
            yield method, f"{beside}?{query}", {**sent, "Authorization": f"Bearer {secret()}"}
            yield method, f"{beside}?key={secret()}", {**sent, "Cookie": f"{identity.cookies.session}={secret()}"}
            if access.purpose:
                ticket = issue_ticket(access.purpose, ANYBODY, person=role.value, private_key=private)
                yield method, f"{beside}?ticket={ticket}&q={secret()}", {**sent, **known}
    yield "GET", f"/sign-in/callback?code={secret()}&state={secret()}", {}
    yield "GET", f"/nowhere/{secret()}?{secret()}", {"Accept": "application/json"}
    yield "TRACE", f"/nowhere/{secret()}", {}
    yield secret().upper().replace("_", "-"), f"/nowhere/{secret()}", {}


def leaks(answer: httpx2.Response) -> list[str]:
    """Return what an answer passes on: the address that a problem names, and the address of another site."""
    found = []
    if answer.content and answer.headers.get("content-type") == "application/problem+json":
        found.append(str(answer.json().get("instance", "")))
    if answer.headers.get("location", "").startswith("http"):
        found.append(answer.headers["location"])
    return [text for text in found if MARK in text]


def said_by(exporter: InMemorySpanExporter) -> str:
    """Return everything that the finished spans say."""
    return "\n".join(span.to_json() for span in exporter.get_finished_spans())


async def test_no_request_leaves_its_secrets_behind(app: FastAPI, spans: InMemorySpanExporter, logs: StringIO) -> None:
    """Every route of the service is walked with planted secrets; spans, logs, problems and redirects hold none.

    Each request has one span of the server, and each answer the security headers.
    """
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    count, passed_on = 0, []
    expected = security_headers(ORIGIN, identity_of(app).settings.oidc_issuer).items()
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        for method, address, headers in requests(app):
            body: dict[str, Any] = {"data": {name: secret() for name in NAMES}} if method == "POST" else {}
            answer = await client.request(method, address, headers={"Accept": "text/html", **headers}, **body)
            count += 1
            assert expected <= dict(answer.headers).items(), (method, address, answer.status_code)
            assert "access-control-allow-origin" not in answer.headers
            kind = answer.headers.get("content-type", "")
            assert kind or not answer.content, (method, address)
            assert "charset=utf-8" in kind or not kind.startswith("text/"), (method, address, kind)
            passed_on += [f"{method} {answer.status_code} {text}" for text in leaks(answer)]
            if MARK in (answer.headers.get("location") or "") or "?" in address:
                assert answer.headers["referrer-policy"] in {"strict-origin", "no-referrer"}, (method, address)
    written = logs.getvalue()
    assert passed_on == []
    assert [line for line in written.splitlines() if MARK in line.lower()] == []
    assert "unexpected_error" in written, "the route that fails was not logged"
    assert "/broken/{token}" in written
    assert "request_refused" in written
    assert [line for line in said_by(spans).splitlines() if MARK in line.lower()] == []
    servers = [span for span in spans.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
    assert len(servers) == count
    routes = {(span.attributes or {}).get("http.route") for span in servers}
    assert {str(route.path) for route, _ in every_route(app)} <= routes
