"""Describe who may call an operation: the ways to prove it, and for each operation what its guard asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import labels
from shared.identity import csrf, ticket_exchange
from shared.identity.refusals import SAFE_METHODS
from shared.identity.token_scopes import ROLE_SCOPES, SERVICE_SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.identity.guard import RouteAccess

BEARER, SESSION, FORM, TICKET = "bearer", "session", "form", "ticket"


def schemes(issuer: str, cookie: str) -> dict[str, Mapping[str, str]]:
    """Return the security schemes of a service whose sign-in provider is `issuer` and whose session is in `cookie`."""
    meanings = {scope: str(labels.role(role)) for role, scope in ROLE_SCOPES.items()} | SERVICE_SCOPES
    rows = "\n".join(f"| `{scope}` | {meaning} |" for scope, meaning in meanings.items())
    return {
        BEARER: {
            "type": "openIdConnect",
            "openIdConnectUrl": f"{issuer.rstrip('/')}/.well-known/openid-configuration",
            "description": "An access token of the sign-in provider, as `Authorization: Bearer …`. It acts for the "
            "person it was issued for: in the roles that its scopes name, or in all roles of the person if it names "
            "none of these scopes and the installation does not require them. A program's own token (client "
            "credentials) acts for nobody and opens only what names one of the scopes with two colons.\n\n"
            f"| scope | role, or what it opens |\n|---|---|\n{rows}",
        },
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "The cookie of a person who signed in with a browser. Programs use a bearer token.",
        },
        FORM: {
            "type": "apiKey",
            "in": "header",
            "name": csrf.HEADER,
            "description": "With the session cookie only: the token of the page that sends the request.",
        },
        TICKET: {
            "type": "apiKey",
            "in": "header",
            "name": ticket_exchange.HEADER,
            "description": "A ticket of the portal for one case, beside the bearer token of the person it was made "
            "out to.",
        },
    }


def requirements(access: RouteAccess, method: str) -> list[dict[str, list[str]]]:
    """Return the ways to be let in by a guard, each enough by itself; none are needed where it is public."""
    if access.kind == "public":
        return []
    by_cookie: dict[str, list[str]] = {SESSION: []} if method in SAFE_METHODS else {SESSION: [], FORM: []}
    return [*_by_token(access), *([by_cookie] if access.kind in {"signed_in", "roles"} else [])]


def _by_token(access: RouteAccess) -> Iterator[dict[str, list[str]]]:
    if access.kind == "signed_in":
        yield {BEARER: []}
    if access.kind == "ticket":
        yield {BEARER: [], TICKET: []}
    for role, scope in ROLE_SCOPES.items():
        if role in access.roles:
            yield {BEARER: [scope]}
    if access.service_scope is not None:
        yield {BEARER: [access.service_scope]}
