"""Scopes limit what a person's token may do, and open single operations to programs that act for nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from shared.contracts.codes import Role
from shared.identity import Principal, allow
from shared.identity.tickets import issue_ticket
from shared.identity.token_scopes import READ_CALLS, READ_FIGURES, ROLE_SCOPES, SERVICE_SCOPES, client_in, scopes_in

if TYPE_CHECKING:
    import httpx2
    from joserfc.jwk import OKPKey

    from shared.settings import ServiceSettings
    from tests.integration.shared.identity.conftest import SigningIssuer

Granting = Callable[..., Awaitable[None]]
CASE = "0190a000-0000-7000-8000-000000000000"
# As RFC 9068 and as Keycloak mark a token that a client got for itself.
OWN_TOKENS: list[dict[str, object]] = [
    {"sub": "dashboard", "client_id": "dashboard"},
    {"sub": "dashboard", "azp": "dashboard"},
    {"sub": CASE, "azp": "Dashboard", "preferred_username": "service-account-dashboard"},
]


@pytest.fixture
def require_scopes() -> bool:
    """Return whether the installation requires scopes."""
    return False


@pytest.fixture
def settings(settings: ServiceSettings, signing_issuer: SigningIssuer, require_scopes: bool) -> ServiceSettings:  # noqa: FBT001 - a fixture
    """The settings of a service whose provider signs access tokens."""
    changes = {"oidc_issuer": signing_issuer.issuer, "require_scopes": require_scopes}
    return settings.model_copy(update=changes)


def bearer(issuer: SigningIssuer, **claims: object) -> dict[str, str]:
    """Return the header with a token that has these claims."""
    return {"Authorization": f"Bearer {issuer.token(None, **claims)}"}


async def test_a_token_without_scopes_of_ours_acts_in_all_roles(
    browser: httpx2.AsyncClient, signing_issuer: SigningIssuer, grant: Granting
) -> None:
    """A provider that knows no scopes of ours sends tokens that count as before."""
    await grant("ani", Role.OFFICER, Role.MENTOR)
    for claims in ({}, {"scope": "openid email"}, {"scope": ""}, {"scope": 7}):
        headers = bearer(signing_issuer, sub="ani", **claims)
        answer = await browser.get(f"/tests/cases/{CASE}", headers=headers)
        assert answer.json() == {"roles": ["mentor", "officer"]}


async def test_a_token_acts_only_in_the_roles_of_its_scopes(
    browser: httpx2.AsyncClient, signing_issuer: SigningIssuer, grant: Granting
) -> None:
    """A role that the scopes do not name is withheld, and the answer names the scope that is missing."""
    await grant("ani", Role.OFFICER, Role.MENTOR)
    named = bearer(signing_issuer, sub="ani", scope="openid tandem:officer")
    assert (await browser.get(f"/tests/cases/{CASE}", headers=named)).json() == {"roles": ["officer"]}
    for scope in ("tandem:mentor", "tandem:unknown", READ_FIGURES):
        answer = await browser.get("/tests/api/mine", headers=bearer(signing_issuer, sub="ani", scope=scope))
        assert answer.status_code == 403
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="tandem:officer"'
        assert (await browser.get("/tests/any", headers=bearer(signing_issuer, sub="ani", scope=scope))).is_success
    answer = await browser.get("/tests/api/figures", headers=named)
    assert answer.status_code == 403
    assert "www-authenticate" not in answer.headers, "no scope would help whoever does not hold the role"


async def test_a_scope_gives_no_role_that_the_person_does_not_hold(
    browser: httpx2.AsyncClient, signing_issuer: SigningIssuer, grant: Granting
) -> None:
    """Scopes only take away."""
    await grant("ani", Role.MENTOR)
    headers = bearer(signing_issuer, sub="ani", scope=f"tandem:officer {READ_FIGURES}")
    assert (await browser.get("/tests/api/mine", headers=headers)).status_code == 403
    assert (await browser.get("/tests/api/figures", headers=headers)).status_code == 403


@pytest.mark.parametrize("require_scopes", [True])
async def test_an_installation_may_require_scopes(
    browser: httpx2.AsyncClient, signing_issuer: SigningIssuer, grant: Granting
) -> None:
    """A token without a scope of ours then acts in no role; one with the scope does."""
    await grant("ani", Role.OFFICER)
    assert (await browser.get("/tests/api/mine", headers=bearer(signing_issuer, sub="ani"))).status_code == 403
    headers = bearer(signing_issuer, sub="ani", scope="tandem:officer")
    assert (await browser.get("/tests/api/mine", headers=headers)).json() == {"subject": "ani"}


@pytest.mark.parametrize("claims", OWN_TOKENS)
async def test_a_program_of_its_own_opens_what_names_a_scope_for_it(
    browser: httpx2.AsyncClient, signing_issuer: SigningIssuer, grant: Granting, claims: dict[str, object]
) -> None:
    """A client-credentials token opens operations that name its scope, and nothing else, whatever was granted to it."""
    await grant(str(claims["sub"]), Role.OFFICER, Role.DONOR)
    headers = bearer(signing_issuer, **claims, scope=f"{READ_FIGURES} tandem:officer")
    answer = await browser.get("/tests/api/figures", headers=headers)
    assert answer.json() == {"subject": claims["sub"], "client": claims.get("client_id") or claims["azp"]}
    for path in ("/tests/api/mine", "/tests/any", f"/tests/cases/{CASE}", f"/tests/receipts/{CASE}"):
        assert (await browser.get(path, headers=headers)).status_code == 403, path
    answer = await browser.get("/tests/api/calls", headers=headers)
    assert answer.status_code == 403
    assert READ_CALLS in answer.headers["www-authenticate"]
    assert (await browser.get("/tests/open", headers=headers)).json() == {"subject": None}
    calls = bearer(signing_issuer, **claims, scope=READ_CALLS)
    assert (await browser.get("/tests/api/calls", headers=calls)).json() == {"subject": claims["sub"]}
    assert (await browser.get("/tests/api/figures", headers=calls)).status_code == 403


async def test_a_program_of_its_own_cannot_use_a_ticket(
    browser: httpx2.AsyncClient, signing_issuer: SigningIssuer, ticket_key: OKPKey
) -> None:
    """A ticket that names nobody opens nothing to a program that acts for nobody."""
    ticket = issue_ticket("report", CASE, person=None, private_key=ticket_key.as_pem(private=True).decode())
    headers = bearer(signing_issuer, **OWN_TOKENS[0], scope=READ_FIGURES) | {"X-Ticket": ticket}
    assert (await browser.get(f"/tests/api/reports/{CASE}", headers=headers)).status_code == 403


def test_a_guard_names_a_scope_that_exists() -> None:
    """A misspelt scope is a mistake of the writer, found when the route is made."""
    with pytest.raises(ValueError, match="SERVICE_SCOPES"):
        allow(Role.DONOR, service_scope="tandem:figure:read")


def test_scopes_and_clients_are_read_from_claims() -> None:
    """Scopes come as one text or a list; a person's token names the client too, but is not the client's own."""
    assert scopes_in({"scope": "openid tandem:officer tandem:donor"}) == {"tandem:officer", "tandem:donor"}
    assert scopes_in({"scope": ["tandem:officer", 7]}) == {"tandem:officer"}
    assert scopes_in({}) == frozenset()
    assert client_in({"sub": "ani", "client_id": "portal", "azp": "portal", "preferred_username": "ani"}) is None
    assert client_in({"sub": "ani", "azp": "portal", "preferred_username": "service-account-another"}) is None
    assert not set(ROLE_SCOPES.values()) & set(SERVICE_SCOPES)
    assert Principal("ani").limited_to(None) == Principal("ani")
