"""Try the operations of a service's API with what its description allows, and compare the answers with it.

Schemathesis makes the requests: the examples of the description, then valid and invalid ones, the same in each run. No
check is switched off: no answer 5xx, no status, media type or shape that is not described, nothing invalid accepted,
nothing answered without signing in.

In each service each role tries each operation that it may call in the phases "examples" and "fuzzing". The phase
"coverage" goes through the schemas field by field, tries other methods and leaves out headers. It runs by the first of
the roles that may call an operation. It tries each kind of case of each field once; a field of bodies that several
operations take alike counts once, and so does each kind of value of a header, which each operation that takes it gets
at least once. That of the portal, which takes as long as all else together, has a test file of its own, which CI runs
beside the others. Operations of reporting for
holders of a ticket are tried with one, in all three phases. A generated version is that of no record: the request is
made once more with the present version, so that changes are tried too.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx2
import schemathesis
from schemathesis.config import PositiveDataAcceptanceConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.generation.meta import CoveragePhaseData
from starlette.requests import Request

from shared.contracts.codes import Role
from shared.errors import ProblemCode
from shared.identity import Grant, csrf, ticket_exchange, write_access
from shared.identity.bearer import BearerTokens, Proof
from shared.identity.guard import every_route
from shared.identity.rate_limit import RateLimit
from shared.identity.refusals import SAFE_METHODS
from shared.identity.state import identity_of
from shared.identity.token_scopes import ROLE_SCOPES
from shared.time import clock
from shared.web.items import OF_RECORD
from shared.web.openapi.record_versions import LONGEST_HEADER
from tests.contracts.openapi_gaps import committed, operations
from tests.serving import served
from tests.sessions import session_cookie
from tests.support import with_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fastapi import FastAPI
    from schemathesis import Case, HookContext
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.identity.provider import Provider

EXAMPLES = 2
"""The number of requests for each operation and role, besides those from the description."""

_TOKEN = "trial"
_IF_MATCH = b"if-match"
_OTHER_VERSION = (ProblemCode.OUTDATED.status, ProblemCode.VERSION_NEEDED.status)

# A body may keep to its schema and still break a rule that no schema can say: 422 and 409 are for these.
_RULES_BEYOND_SCHEMAS = [400, 409, 422]


def admitted(service: str, role: Role) -> list[str]:
    """Return the ids of the operations that a role may call; those for everybody count to the officer."""
    scopes = [[ROLE_SCOPES[role]], *([[]] if role is Role.OFFICER else [])]
    ways = [{"bearer": scope} for scope in scopes]
    return [
        operation["operationId"]
        for _, _, operation in operations(committed(service))
        if any(way in operation["security"] for way in ways)
    ]


async def try_all(
    app: FastAPI,
    service: str,
    people: Mapping[Role, str],
    known: Mapping[str, str] | None = None,
    *,
    each_role: bool = True,
    coverage: bool = True,
) -> list[str]:
    """Return what did not keep to the description, tried in turn by each role's person (by default a new one).

    `known` are ids of things that exist, by the name of the parameter that takes them. `each_role` says whether to run
    the phases "examples" and "fuzzing", `coverage` whether to run that phase.
    """
    found: list[str] = []
    covered: set[str] = set()
    tried: set[object] = set()
    identity_of(app).rate_limit = RateLimit(0)  # a trial asks faster than anybody may
    async with served(_WithPresentVersion(app)) as address:
        for role in Role:
            ids = admitted(service, role)
            headers = await signed_in(app, role, people.get(role))
            trial = _Trial(address, service, headers, known or {}, tried)
            if each_role:
                found += await asyncio.to_thread(trial.failures, ids, ["examples", "fuzzing"])
            first = [id_ for id_ in ids if id_ not in covered]
            if coverage:
                found += await asyncio.to_thread(trial.failures, first, ["coverage"])
            covered.update(first)
    return sorted(set(found))


async def try_tickets(
    app: FastAPI, service: str, person: str, known: Mapping[str, str], tickets: Mapping[str, str]
) -> list[str]:
    """Return what did not keep to the description among the operations that a ticket opens.

    `tickets` are the person's, by their purposes.
    """
    found: list[str] = []
    tried: set[object] = set()
    identity = identity_of(app)
    identity.rate_limit, identity.bearer = RateLimit(0), _Vouched(identity.provider, person)
    ids = {(method, path): operation["operationId"] for method, path, operation in operations(committed(service))}
    async with served(_WithPresentVersion(app)) as address:
        for purpose, ticket in tickets.items():
            opened = [
                ids[method, str(route.path_format)]
                for route, access in every_route(app)
                for method in route.methods or ()
                if access.purpose == purpose and (method, str(route.path_format)) in ids
            ]
            assert opened, f"no operation is opened by a ticket for {purpose}"
            headers = {"Authorization": f"Bearer {_TOKEN}", ticket_exchange.HEADER: ticket}
            trial = _Trial(address, service, headers, known, tried)
            found += await asyncio.to_thread(trial.failures, opened, ["examples", "coverage", "fuzzing"])
    return sorted(set(found))


class _Vouched(BearerTokens):
    """Stands for the sign-in provider: one token is the person's, no other counts."""

    def __init__(self, provider: Provider, person: str) -> None:
        super().__init__(provider, audience="")
        self._person = person

    async def proof(self, token: str) -> Proof | None:
        """Return the person of the one token."""
        return Proof(self._person) if token == _TOKEN else None


class _WithPresentVersion:
    """Makes a request that names an older version once more, with the version that the refusal names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        writes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if not writes or len(dict(scope["headers"]).get(_IF_MATCH, b"")) > LONGEST_HEADER:
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        answer = await self._answer(scope, body)
        if answer[0]["status"] in _OTHER_VERSION:
            version = dict(answer[0]["headers"]).get(b"etag")
            headers = [(name, value) for name, value in scope["headers"] if name not in {_IF_MATCH, b"content-length"}]
            if version is not None:
                headers.append((_IF_MATCH, version))
            else:
                body = with_versions(body, b"".join(message.get("body", b"") for message in answer))
            answer = await self._answer({**scope, "headers": headers}, body)
        for message in answer:
            await send(message)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        """Return the messages with which the app answers."""
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(dict(scope, state={}), receive, send)
        return messages


async def signed_in(app: FastAPI, role: Role, subject: str | None) -> dict[str, str]:
    """Return the headers of a browser of `subject`, or of a new person with the role in Armenia."""
    if subject is None:
        subject = f"trial-{role.value}"
        async with app.state.service.bus.transaction("system:tests") as tx:
            await write_access(tx.session, {subject: ([Grant(role, clock.today(), "AM")], clock.now())})
    identity = identity_of(app)
    cookie = session_cookie(app, subject)
    return {
        "Cookie": cookie,
        csrf.HEADER: csrf.new_token(identity.csrf, csrf.person(subject)),
        "Origin": identity.settings.origin,
    }


@dataclass(frozen=True, slots=True)
class _Trial:
    """A service at an address, tried with the headers of one person; `known` are values of parameters.

    `tried` are the kinds of cases that the phase "coverage" need not try again.
    """

    address: str
    service: str
    headers: Mapping[str, str]
    known: Mapping[str, str]
    tried: set[object]

    def failures(self, ids: list[str], phases: list[str]) -> list[str]:
        """Return what did not keep to the description among these operations."""
        if not ids:
            return []
        document = httpx2.get(f"{self.address}/{self.service}/api/openapi.json", timeout=60).raise_for_status().json()
        for operation in (each for path in document["paths"].values() for each in path.values()):
            for parameter in operation.get("parameters", ()):
                # The version is compared last: what is not found, not possible or a repeat is answered without one.
                parameter["required"] &= parameter["name"] != "If-Match"
        for schema in document["components"]["schemas"].values():
            version = schema.get("properties", {}).get("version", {})
            if version.get("description") == OF_RECORD:
                schema["required"] = [name for name in schema["required"] if name != "version"]
        schema = schemathesis.openapi.from_dict(document).include(operation_id=ids)
        schema.hook(_each_kind_once(document, self.tried))
        config = schema.config
        config.update(base_url=self.address, headers=dict(self.headers), workers=1, continue_on_failure=True)
        config.parameters = {f"path.{name}": value for name, value in self.known.items()}
        config.phases.update(phases=phases)
        config.generation.update(
            max_examples=EXAMPLES, deterministic=True, no_shrink=True, database="none", with_security_parameters=False
        )
        config.checks.positive_data_acceptance = PositiveDataAcceptanceConfig(
            expected_statuses=["2xx", "401", "403", "404", "429", "5xx", *_RULES_BEYOND_SCHEMAS]
        )
        with patch.dict(os.environ, NO_PROXY="127.0.0.1"):  # else each request reads the whole environment for proxies
            return list(_failures(from_schema(schema).execute()))


_INTO = re.compile(r"Object with valid '(\w+)' value: |(\w+)(?: -> |: )|Single-item array: |Array with invalid items: ")
"""The ways in which the description of a case leads to a field of a body, or to the items of one."""


def _each_kind_once(document: Mapping[str, Any], tried: set[object]) -> Callable[[HookContext, Case[Any]], bool]:
    """Return a filter that keeps one case of each kind and field in the phase "coverage"; `tried` are those before.

    An entry with forty fields makes over a thousand cases: for each field every kind of valid and invalid value, and of
    some kinds many, such as one for each country.
    """

    def filter_case(context: HookContext, case: Case[Any]) -> bool:
        if case.meta is None or not isinstance(case.meta.phase.data, CoveragePhaseData):
            return True
        data = case.meta.phase.data
        label, place = case.operation.label, data.parameter_location
        kinds: set[object] = {(label, place, data.parameter, data.description)}
        if place is ParameterLocation.HEADER:
            kinds = {(label, data.parameter), (data.parameter, data.description)}
        elif place is ParameterLocation.BODY:
            kinds = {_kind_of_field(document, case, data.description) or kinds.pop()}
        new = not kinds <= tried
        tried.update(kinds)
        return new

    return filter_case


def _kind_of_field(document: Mapping[str, Any], case: Case[Any], description: str) -> object:
    """Return the field of a body, with its schema, and what is tried of it; None where that is not about one field."""
    operation = document["paths"][case.operation.path][case.operation.method.lower()]
    content = operation.get("requestBody", {}).get("content")
    schema = next(iter(content.values()))["schema"] if content else {}
    field, kind = None, description
    while (step := _INTO.match(kind)) is not None:
        name = step[1] or step[2]
        inside = _resolved(document, schema)
        below = inside.get("items") if name is None else inside.get("properties", {}).get(name)
        if below is None:
            break
        field, schema, kind = name or field, below, kind[step.end() :]
    return None if field is None else (field, json.dumps(schema), kind)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema itself where a reference to it is given, or a choice between it and null."""
    schema = next((each for each in schema.get("anyOf", ()) if each != {"type": "null"}), schema)
    if "$ref" in schema:
        found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _failures(happening: Iterable[events.EngineEvent]) -> Iterator[str]:
    for event in happening:
        if isinstance(event, events.NonFatalError):
            yield f"{event.label}: {event.info.format()}"
        assert not isinstance(event, events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            yield from _failed(event)


def _failed(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.status is Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                yield f"{event.label}: {failure.title}: {failure.message}"
