"""Try the operations of a service's API with what its description allows, and compare the answers with it.

Schemathesis makes the requests: the examples of the description, then valid and invalid ones, the same in each run. No
check is switched off: no answer 5xx, no status, media type or shape that is not described, nothing invalid accepted,
nothing answered without signing in. Its phase "coverage", which alone tries other methods and leaves out headers, does
not run: it takes a minute and a half for two roles. Operations for holders of a ticket are tried with one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import schemathesis
from schemathesis.config import PositiveDataAcceptanceConfig
from schemathesis.engine import Status, events, from_schema

from shared.contracts.codes import Role
from shared.identity import Grant, csrf, ticket_exchange, write_access
from shared.identity.bearer import BearerTokens, Proof
from shared.identity.guard import every_route
from shared.identity.rate_limit import RateLimit
from shared.identity.state import identity_of
from shared.identity.token_scopes import ROLE_SCOPES
from shared.time import clock
from tests.contracts.openapi_gaps import committed, operations
from tests.serving import served
from tests.sessions import session_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

    from shared.identity.provider import Provider

EXAMPLES = 2
"""How many requests are made for each operation and role, besides those from the description."""

_TOKEN = "trial"

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
    app: FastAPI, service: str, people: Mapping[Role, str], known: Mapping[str, str] | None = None
) -> list[str]:
    """Return what did not keep to the description, tried in turn by each role's person (by default a new one).

    `known` are ids of things that exist, by the name of the parameter that takes them.
    """
    found: list[str] = []
    identity_of(app).rate_limit = RateLimit(0)  # a trial asks faster than anybody may
    async with served(app) as address:
        for role in Role:
            ids = admitted(service, role)
            if ids:
                headers = await signed_in(app, role, people.get(role))
                found += await asyncio.to_thread(lambda: list(_tried(address, service, ids, headers, known or {})))  # noqa: B023 - awaited at once
    return sorted(set(found))


async def try_tickets(
    app: FastAPI, service: str, person: str, known: Mapping[str, str], tickets: Mapping[str, str]
) -> list[str]:
    """Return what did not keep to the description among the operations that a ticket opens.

    `tickets` are the person's, by their purposes.
    """
    found: list[str] = []
    identity = identity_of(app)
    identity.rate_limit, identity.bearer = RateLimit(0), _Vouched(identity.provider, person)
    ids = {(method, path): operation["operationId"] for method, path, operation in operations(committed(service))}
    async with served(app) as address:
        for purpose, ticket in tickets.items():
            opened = [
                ids[method, str(route.path_format)]
                for route, access in every_route(app)
                for method in route.methods or ()
                if access.purpose == purpose and (method, str(route.path_format)) in ids
            ]
            assert opened, f"no operation is opened by a ticket for {purpose}"
            headers = {"Authorization": f"Bearer {_TOKEN}", ticket_exchange.HEADER: ticket}
            found += await asyncio.to_thread(lambda: list(_tried(address, service, opened, headers, known)))  # noqa: B023 - awaited at once
    return sorted(set(found))


class _Vouched(BearerTokens):
    """Stands for the sign-in provider: one token is the person's, no other counts."""

    def __init__(self, provider: Provider, person: str) -> None:
        super().__init__(provider, audience="")
        self._person = person

    async def proof(self, token: str) -> Proof | None:
        """Return the person of the one token."""
        return Proof(self._person) if token == _TOKEN else None


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


def _tried(
    address: str, service: str, ids: list[str], headers: dict[str, str], known: Mapping[str, str]
) -> Iterator[str]:
    served_document = httpx2.get(f"{address}/{service}/api/openapi.json", timeout=60).raise_for_status().json()
    schema = schemathesis.openapi.from_dict(served_document).include(operation_id=ids)
    config = schema.config
    config.update(base_url=address, headers=headers, workers=1, continue_on_failure=True)
    config.parameters = {f"path.{name}": value for name, value in known.items()}
    config.phases.update(phases=["examples", "fuzzing"])
    config.generation.update(
        max_examples=EXAMPLES, deterministic=True, no_shrink=True, database="none", with_security_parameters=False
    )
    config.checks.positive_data_acceptance = PositiveDataAcceptanceConfig(
        expected_statuses=["2xx", "401", "403", "404", "429", "5xx", *_RULES_BEYOND_SCHEMAS]
    )
    for event in from_schema(schema).execute():
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
