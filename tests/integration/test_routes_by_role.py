"""Every route of every service admits those whom its guard names, and nobody else.

Each guard is called for a stranger and for somebody with each one of the roles. It must admit those it names (the
handler behind it may need a case that exists, and is for other tests) and refuse everybody else; of identical guards
one is called. Real requests to each route show that the running app obeys its guard.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import re
import secrets
from inspect import iscoroutinefunction
from types import FunctionType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from joserfc.jwk import OKPKey
from starlette.exceptions import HTTPException

from shared.bus import bus_tables
from shared.contracts.codes import Role
from shared.identity import Grant, access_table, csrf, every_route, write_access
from shared.identity.guard import guard_of
from shared.identity.refusals import SAFE_METHODS
from shared.identity.state import identity_of
from shared.identity.tickets import issue_ticket
from shared.identity.versions import NO_RECORDS
from shared.time import clock
from shared.web.api_docs import operations, problems
from shared.web.openapi import document
from tests.sessions import session_cookie, session_table
from tests.support import create_tables, document_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI
    from fastapi.dependencies.models import Dependant
    from fastapi.routing import RouteContext

    from shared.identity.guard import RouteAccess

SERVICES = ("applications", "matching", "notifications", "reporting")
ORIGIN = "http://localhost:8000"
ANYBODY = "0190a000-0000-7000-8000-000000000000"
PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")
WORDS = {
    "application_kind": "mentee",
    "call_section": "purpose",
    "published": "2026",
    "stated": "2026",
    "task": "contact",
}
"""A value for each kind of parameter that is limited to some words (`limit_parameter`)."""
KEY = OKPKey.generate_key("Ed25519")
PRIVATE = KEY.as_pem(private=True).decode()
SERVICE_TOKEN = "between-services"


@pytest.fixture(params=SERVICES)
async def app(request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """Run one of the services on a database that has one person for each role."""
    module = f"services.{request.param}.app"
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not part of this checkout")
    settings = {
        "DATABASE_URL": database.replace("+asyncpg", ""),
        "KAFKA": "localhost:1",
        "ORIGIN": ORIGIN,
        "LOCAL": "true",
        **dict.fromkeys(("API_REQUESTS", "SIGN_IN_REQUESTS", "LINK_REQUESTS", "FORM_REQUESTS"), "0"),
        "SESSION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "TICKET_PUBLIC_KEY": KEY.as_pem(private=False).decode(),
        "TICKET_PRIVATE_KEY": PRIVATE,
        "SERVICE_TOKEN": SERVICE_TOKEN,
        **{name.upper(): value for name, value in document_keys().items()},
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"TANDEM_{name}", value)
    await create_tables(database, access_table, bus_tables, session_table)
    made: FastAPI = importlib.import_module(module).create_app(background=False)
    made.state.records = NO_RECORDS  # the database has no records, and access does not depend on their versions
    async with made.state.service.bus.transaction("system:tests") as tx:
        since = clock.today()
        everybody = {role.value: ([Grant(role, since, "AM", ANYBODY)], clock.now()) for role in Role}
        await write_access(tx.session, everybody)
    yield made
    await made.state.service.bus.close()


def example(path: str) -> tuple[str, dict[str, str]]:
    """Return a path with an example for each parameter, and the parameters."""
    values = {name: WORDS.get(kind, ANYBODY) for name, kind in PARAMETER.findall(path)}
    return PARAMETER.sub(lambda found: values[found[1]], path), values


def endpoints(app: FastAPI) -> Iterator[tuple[str, str, dict[str, str], RouteContext, RouteAccess]]:
    """Return method, path, parameters, route and access of each endpoint of an app."""
    for route, access in every_route(app):
        path, parameters = example(str(route.path))
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path, parameters, route, access


def signed_in(app: FastAPI, role: Role) -> tuple[str, str]:
    """Return the session cookie of the person with only that role, and the token of that person's forms."""
    identity = identity_of(app)
    return session_cookie(app, role.value), csrf.new_token(identity.csrf, csrf.person(role.value))


def own_headers(app: FastAPI, role: Role) -> dict[str, str]:
    """Return the headers that a browser on our own page sends for the person with only that role."""
    cookie, token = signed_in(app, role)
    return {"Cookie": cookie, csrf.HEADER: token, "Origin": ORIGIN}


async def response_to(app: FastAPI, method: str, path: str, **headers: str) -> httpx2.Response:
    """Return the response of the running app to a browser on our own page."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        return await client.request(method, path, headers={"Accept": "text/html", **headers})


async def guard_result(
    app: FastAPI, method: str, path: str, parameters: dict[str, str], route: RouteContext, **headers: str
) -> Any:
    """Return what the guard of the route gives for a request; raise what the guard raises."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
        "server": ("localhost", 8000),
        "path_params": parameters,
        "app": app,
        "state": {},
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    return await guard_of(route)(Request(scope, receive))


def is_new(route: RouteContext, method: str, seen: set[object]) -> bool:
    """Return whether no identical guard came before, for a method that is as safe."""
    guard = guard_of(route)
    alike = (type(guard), str(vars(guard)), method in SAFE_METHODS)
    known = alike in seen
    seen.add(alike)
    return not known


async def guard_status(
    app: FastAPI, method: str, path: str, parameters: dict[str, str], route: RouteContext, **headers: str
) -> tuple[int, Any]:
    """Return the status that the guard of the route answers (200: admitted), and its result."""
    try:
        return 200, await guard_result(app, method, path, parameters, route, **headers)
    except HTTPException as refusal:
        return refusal.status_code, None


async def test_every_route_has_exactly_one_guard(app: FastAPI) -> None:
    """No route is open because its guard was forgotten."""
    assert len(every_route(app)) > 4


def functions_below(dependant: Dependant) -> Iterator[FunctionType]:
    """Return the plain functions on which a route depends, at any depth: FastAPI runs each in a thread."""
    for below in dependant.dependencies:
        if isinstance(below.call, FunctionType) and not iscoroutinefunction(below.call):
            yield below.call
        yield from functions_below(below)


async def test_no_dependency_of_a_route_runs_in_a_thread(app: FastAPI) -> None:
    """A thread costs a request more than what a dependency does in it, so each is a coroutine."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) > 4
    assert {found.__qualname__ for route in routes for found in functions_below(route.dependant)} == set()


async def test_a_visitor_without_a_session_reaches_public_routes_only(app: FastAPI) -> None:
    """Pages lead to the sign-in, the API answers 401, and no handler runs."""
    wrong = []
    for method, path, _, _, access in endpoints(app):
        if access.kind == "public":
            continue
        answer = await response_to(app, method, path)
        led = answer.status_code == 303 and urlsplit(answer.headers["location"]).path == "/sign-in"
        if not (led or answer.status_code == 401):
            wrong.append(f"{method} {path}: {answer.status_code}")
    assert wrong == []


async def test_a_role_is_admitted_exactly_where_it_is_named(app: FastAPI) -> None:
    """The guard and the app admit each role where it is named, and refuse it with 403 (or 401) elsewhere."""
    people = {role: own_headers(app, role) for role in Role}
    seen: set[object] = set()
    wrong = []
    for place, (method, path, parameters, route, access) in enumerate(endpoints(app)):
        expected = 401 if access.kind == "internal" else 403
        refused = [role for role in people if not access.admits(role)]
        for role, headers in people.items() if is_new(route, method, seen) else ():
            status, principal = await guard_status(app, method, path, parameters, route, **headers)
            if role in refused and status != expected:
                wrong.append(f"{method} {path} as {role.value}: {status}")
            if role not in refused and (principal is None or principal.subject != role.value):
                wrong.append(f"{method} {path} as {role.value}: not let in, {status}")
        if refused:
            role = refused[place % len(refused)]  # each role in its turn
            answer = await response_to(app, method, path, **people[role])
            if answer.status_code != expected:
                wrong.append(f"{method} {path} as {role.value}, asked for: {answer.status_code}")
    assert wrong == []


async def test_forms_of_other_sites_are_refused(app: FastAPI) -> None:
    """Every unsafe route refuses a session cookie without its token, or from another site."""
    people = {role: signed_in(app, role) for role in Role}
    seen: set[object] = set()
    wrong = []
    for place, (method, path, parameters, route, access) in enumerate(endpoints(app)):
        if method in SAFE_METHODS or access.kind == "internal":
            continue
        role = next((role for role in Role if access.admits(role)), None)
        if role is None:
            continue
        cookie, token = people[role]
        forged = (
            {"Cookie": cookie},
            {"Cookie": cookie, csrf.HEADER: token, "Origin": "https://evil.example"},
            {"Cookie": cookie, csrf.HEADER: token, "Sec-Fetch-Site": "cross-site"},
        )
        for headers in forged if is_new(route, method, seen) else ():
            status, _ = await guard_status(app, method, path, parameters, route, **headers)
            if status != 403:
                wrong.append(f"{method} {path} with {sorted(headers)}: {status}")
        answer = await response_to(app, method, path, **forged[place % len(forged)])
        if answer.status_code != 403:
            wrong.append(f"{method} {path} with {sorted(forged[place % len(forged)])}, asked for: {answer.status_code}")
    assert wrong == []


async def test_internal_routes_need_the_service_token(app: FastAPI) -> None:
    """The shared token of the services is admitted, and a guess is not."""
    for method, path, parameters, route, access in endpoints(app):
        if access.kind == "internal":
            headers = {"X-Service-Token": SERVICE_TOKEN, "X-Service": "tests"}
            assert await guard_result(app, method, path, parameters, route, **headers) == "tests"
            assert (await response_to(app, method, path, **{"X-Service-Token": "guess"})).status_code == 401


async def test_a_ticket_opens_the_case_it_names(app: FastAPI) -> None:
    """A ticket in a page's address becomes a cookie, which passes the guards of its purpose and case, the API's too."""
    guarded = [found for found in endpoints(app) if found[4].purpose is not None and found[0] in SAFE_METHODS]
    cookie, _ = signed_in(app, Role.OFFICER)
    narrow: dict[str | None, str] = {}
    for method, path, _, _, access in guarded:
        assert access.purpose is not None
        ticket = issue_ticket(access.purpose, ANYBODY, person=Role.OFFICER.value, private_key=PRIVATE)
        answer = await response_to(app, method, f"{path}?ticket={ticket}", Cookie=cookie)
        if "api" in path.split("/"):
            assert answer.status_code == 403, "a program sends a header: an address may be logged"
            continue
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        narrow[access.purpose] = answer.headers["set-cookie"].split(";", 1)[0]
    for method, path, parameters, route, access in guarded:
        headers = {"Cookie": f"{cookie}; {narrow[access.purpose]}"}
        result = await guard_result(app, method, path, parameters, route, **headers)
        assert result.subject == ANYBODY


async def test_no_page_says_what_an_address_claims(app: FastAPI) -> None:
    """A page whose address says that something was done is not shown: the browser is sent to the clean address."""
    walked = 0
    for method, path, _, route, access in endpoints(app):
        if method != "GET" or access.kind == "internal" or "api" in path.split("/"):
            continue
        cookie = "" if access.kind == "public" else signed_in(app, _admitted(access))[0]
        if access.kind == "ticket":
            ticket = issue_ticket(access.purpose or "", ANYBODY, person=Role.OFFICER.value, private_key=PRIVATE)
            exchanged = await response_to(app, method, f"{path}?ticket={ticket}&done=1", Cookie=cookie)
            cookie += "; " + exchanged.headers["set-cookie"].split(";", 1)[0]
        answer = await response_to(app, method, f"{path}?done=yes&page=1&done_left=0", Cookie=cookie)
        sent_on = (answer.status_code, answer.headers.get("location"))
        assert sent_on == (303, f"{path}?page=1"), route.path
        walked += 1
    assert walked > 15


def _admitted(access: RouteAccess) -> Role:
    """Return a role that the guard lets in; an officer where it asks for a ticket."""
    return Role.OFFICER if access.kind == "ticket" else next(role for role in sorted(Role) if access.admits(role))


async def test_donors_and_analysts_read_aggregates_only(app: FastAPI) -> None:
    """Donors and ANASPOC contacts are named by routes of reporting only, and by none that changes anything."""
    for method, path, _, _, access in endpoints(app):
        if access.roles & {Role.DONOR, Role.ANASPOC}:
            assert method in SAFE_METHODS, f"{method} {path}"
            assert path.startswith("/reporting/"), f"{method} {path}"


async def test_an_address_names_the_methods_that_it_has(app: FastAPI) -> None:
    """Any other method is refused with those of the address itself, not with those of a route that looks like it."""
    allowed: dict[str, set[str]] = {}
    for route, _ in every_route(app):
        methods = set(route.methods or ())
        allowed.setdefault(example(str(route.path))[0], set()).update(methods, {"HEAD"} if "GET" in methods else ())
    wrong = []
    for path, methods in allowed.items():
        for method in sorted({"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"} - methods):
            answer = await response_to(app, method, path)
            expected = (405, ", ".join(sorted(methods)))
            found = (answer.status_code, answer.headers.get("allow"))
            if found != expected:
                wrong.append(f"{method} {path}: {found}, expected {expected}")
    assert wrong == [], "\n".join(wrong)


async def test_the_page_of_the_api_shows_every_operation(app: FastAPI) -> None:
    """Each operation stands on the page with its good answers and its problems, whose statuses are explained there."""
    described = document(app)
    shown = operations(app)
    ids = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert {(operation.method, operation.path) for operation in shown} == ids
    explained = problems(app)
    for operation in shown:
        assert operation.answers, operation
        assert operation.problems, operation
        assert set(operation.problems) <= set(explained)
    service = next(iter(described["paths"])).split("/")[1]
    page = (await response_to(app, "GET", f"/{service}/api")).text
    assert all(answer.holds in page for operation in shown for answer in operation.answers)
