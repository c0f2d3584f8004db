"""Name the OAuth scopes of Tandem: one for each role, and those for programs that act for nobody.

A token of a person that names scopes of Tandem acts only in the roles that they name. A token without any acts in all
roles of the person, unless the installation requires scopes (`TANDEM_REQUIRE_SCOPES`). A program with a client of its
own (client credentials) is no person and holds no role: it may call only the operations that name a scope for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.contracts.codes import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "tandem:"
ROLE_SCOPES: Final = {role: f"{PREFIX}{role.value}" for role in Role}

READ_FIGURES: Final = "tandem:figures:read"
READ_CALLS: Final = "tandem:calls:read"
SERVICE_SCOPES: Final = {
    READ_FIGURES: "Read figures, indicators, needs and targets of all periods: aggregates only.",
    READ_CALLS: "Read calls with their terms and revisions.",
}
"""The scopes that programs of their own may have, with what each opens."""

_ROLES = {scope: role for role, scope in ROLE_SCOPES.items()}


def scopes_in(claims: Mapping[str, object]) -> frozenset[str]:
    """Return the scopes of Tandem that a token names."""
    claim = claims.get("scope", "")
    words = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(word for word in words if isinstance(word, str) and word.startswith(PREFIX))


def roles_of(scopes: frozenset[str], *, required: bool) -> frozenset[Role] | None:
    """Return the roles in which a person's token may act; None for all.

    `required` says that a token without any scope of Tandem acts in no role.
    """
    if not scopes and not required:
        return None
    return frozenset(_ROLES[scope] for scope in scopes if scope in _ROLES)


def client_in(claims: Mapping[str, object]) -> str | None:
    """Return the client that a token was issued to for itself (client credentials); None for a person's token.

    By RFC 9068 such a token has the client as its subject; Keycloak gives each client a user of its own instead.
    """
    client = claims.get("client_id") or claims.get("azp")
    if not isinstance(client, str):
        return None
    own_user = f"service-account-{client}".casefold()
    if claims.get("sub") == client or str(claims.get("preferred_username", "")).casefold() == own_user:
        return client
    return None
