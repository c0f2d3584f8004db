"""Test that the local sign-in provider lets in the right people, for our client only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from deploy.local.personas import PERSONAS
from deploy.local.ports import free_port
from shared.contracts.codes import Role
from shared.identity.programs import Programs, SignInFailed

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "http://localhost:8000"


@pytest.fixture
def issuer(helper: Callable[..., None]) -> str:
    """The address of a running provider."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    helper(
        "deploy.local.identity",
        f"{address}/.well-known/openid-configuration",
        TANDEM_OIDC_CLIENT_ID="tandem",
        TANDEM_OIDC_CLIENT_SECRET="right",
        TANDEM_ORIGIN=ORIGIN,
        TANDEM_IDENTITY_PORT=str(port),
    )
    return address


async def test_a_persona_and_anybody_else_sign_in(issuer: str) -> None:
    """The code flow gives a token, and userinfo the subject that it is for: a persona's, and a new one's."""
    async with (
        Programs(issuer, client_id="tandem", client_secret="right", origin=ORIGIN) as programs,
        httpx2.AsyncClient() as client,
    ):
        for subject in ("persona-officer", "officer-of-the-sample-17"):
            token = await programs.sign_in_as(subject)
            userinfo = await client.get(f"{issuer}/userinfo", headers={"Authorization": f"Bearer {token}"})
            assert userinfo.json()["sub"] == subject


async def test_only_our_client_gets_a_token(issuer: str) -> None:
    """A wrong secret, and a redirect to somewhere else, end without a token."""
    for secret, origin in (("wrong", ORIGIN), ("right", "http://elsewhere.example")):
        async with Programs(issuer, client_id="tandem", client_secret=secret, origin=origin) as programs:
            with pytest.raises(SignInFailed):
                await programs.sign_in_as("persona-officer")


def test_there_is_a_persona_for_every_role() -> None:
    """Every role that has an account can be seen with one click, under a subject of its own."""
    assert {persona.role for persona in PERSONAS} == set(Role)
    assert len({persona.subject for persona in PERSONAS}) == len(PERSONAS)
