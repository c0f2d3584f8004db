"""Read each GET operation of a service's API until it answers 200, and once with HEAD.

In `tests/integration` every answer is compared with the description (`tests/described_answers.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from shared.contracts.codes import Role
from shared.identity.bearer import BearerTokens
from shared.identity.provider import Provider
from shared.identity.state import identity_of
from shared.identity.token_scopes import SERVICE_SCOPES
from tests.api_trial import signed_in
from tests.contracts.openapi_gaps import committed, operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from fastapi import FastAPI

    from tests.integration.shared.identity.conftest import SigningIssuer

_KINDS = ("content-type", "etag")


async def unread(
    app: FastAPI,
    service: str,
    readers: Iterable[Mapping[str, str]],
    known: Mapping[str, str],
    chosen: Callable[[Mapping[str, Any]], bool] = lambda _: True,
) -> list[str]:
    """Return the chosen GET operations that answered 200 to none of the readers, with what they answered.

    `readers` are the headers of each. `known` are values of parameters: each one of the path and each required one.
    """
    people = list(readers)
    wrong, tried = [], 0
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000") as client:
        for method, path, operation in operations(committed(service)):
            if method != "GET" or not chosen(operation):
                continue
            tried += 1
            needed = [each["name"] for each in operation.get("parameters", ()) if each["required"]]
            query = {name: known[name] for name in needed if f"{{{name}}}" not in path}
            address = path.format_map(known)
            statuses = []
            for headers in people:
                answer = await client.get(address, params=query, headers=dict(headers))
                statuses.append(answer.status_code)
                if answer.status_code == 200:
                    head = await client.head(address, params=query, headers=dict(headers))
                    if [head.headers.get(name) for name in _KINDS] != [answer.headers.get(name) for name in _KINDS]:
                        wrong.append(f"HEAD {address}: {head.status_code} {head.headers}")
                    break
            else:
                wrong.append(f"{address}: {statuses}")
    assert tried
    return wrong


async def everybody(app: FastAPI, people: Mapping[Role, Sequence[str]]) -> list[dict[str, str]]:
    """Return the headers of somebody in each role: of these people, or of a new person."""
    return [await signed_in(app, role, who) for role in Role for who in people.get(role, (None,))]


def bearer(app: FastAPI, issuer: SigningIssuer, **claims: Any) -> dict[str, str]:
    """Let an app trust the provider; return the header of a program with a token that has these claims."""
    identity = identity_of(app)
    identity.provider = Provider(issuer.issuer)
    identity.bearer = BearerTokens(identity.provider, audience=identity.settings.oidc_client_id)
    return {"Authorization": f"Bearer {issuer.token(**claims)}"}


def program(app: FastAPI, issuer: SigningIssuer, scope: str) -> dict[str, str]:
    """Return the header of a program that got a token for itself, with a scope."""
    return bearer(app, issuer, sub="dashboard", client_id="dashboard", scope=scope)


def open_to_programs(operation: Mapping[str, Any]) -> bool:
    """Return whether an operation opens to a program that acts for itself."""
    return any(SERVICE_SCOPES.keys() & set(way.get("bearer", ())) for way in operation["security"])


def needs_a_ticket(operation: Mapping[str, Any]) -> bool:
    """Return whether a ticket is the only way into an operation."""
    return all("ticket" in way for way in operation["security"])
