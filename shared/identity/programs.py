"""Sign a program in: as a persona of the local run, or with its own client credentials.

The local provider (`oidc-provider-mock`) knows the code and refresh grants only, so a program does what a browser does:
it answers the provider's sign-in form, gets a code, and exchanges it. With Keycloak a program has a client of its own
(client credentials). Both end with an access token for the JSON API; see `bearer.py`.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from shared import http_client
from shared.identity.provider import TIMEOUT, Provider, ProviderUnavailable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

# A person's sign-in needs an ID token; a program needs none, and the provider is faster without signing one.
PERSON_SCOPE = "openid email"
PROGRAM_SCOPE = "email"
# A token is renewed when it expires within this time, so that it does not expire in transit.
_SPARE = 30.0


class SignInFailed(RuntimeError):
    """The provider did not let a program in."""


def oauth_client(client_id: str, client_secret: str, redirect_uri: str, scope: str) -> AsyncOAuth2Client:
    """Return Authlib's client for the code flow with PKCE; without a secret it is a public client."""
    return AsyncOAuth2Client(
        client_id,
        client_secret or None,
        scope=scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        timeout=TIMEOUT,
        verify=http_client.trust(),
    )


async def choose_persona(
    client: httpx2.AsyncClient, authorization_url: str, subject: str, redirect_uri: str
) -> str | None:
    """Answer the local provider's sign-in form as `subject`; return the address with the code that it leads to.

    Returns None if the provider leads only to a page of its own: it is not the local one, or it refuses.
    """
    try:
        answer = await client.post(authorization_url, data={"sub": subject}, follow_redirects=False)
    except httpx2.HTTPError as error:
        raise ProviderUnavailable(f"The sign-in provider did not answer: {type(error).__name__}") from error
    leads_to = answer.headers.get("location", "") if answer.is_redirect else ""
    return leads_to if leads_to.startswith(f"{redirect_uri}?") else None


class Programs:
    """Signs programs in at one provider and keeps each token until it is nearly over. An async context manager."""

    def __init__(self, issuer: str, *, client_id: str, client_secret: str, origin: str) -> None:
        self._provider = Provider(issuer)
        self._redirect_uri = f"{origin.rstrip('/')}/sign-in/callback"
        self._form = http_client.client(timeout=TIMEOUT)
        self._oauth = oauth_client(client_id, client_secret, self._redirect_uri, PROGRAM_SCOPE)
        self._tokens: dict[str, tuple[float, str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._form.aclose()
        await self._oauth.aclose()

    async def sign_in_as(self, subject: str) -> str:
        """Return an access token of `subject` from the local provider, by the code flow.

        Raises `SignInFailed` if the provider does not let the subject in (or is not the local one) and
        `ProviderUnavailable` if it does not answer.
        """
        return self._fresh(subject) or self._keep(subject, await self._by_code(subject))

    def forget(self, subject: str) -> None:
        """Drop the token of `subject`, so that the next call requests a new one."""
        self._tokens.pop(subject, None)

    async def sign_in(self) -> str:
        """Return an access token of the program itself, by client credentials (Keycloak). Raises as `sign_in_as`."""
        return self._fresh("") or self._keep("", await self._fetched(grant_type="client_credentials"))

    async def _by_code(self, subject: str) -> dict[str, Any]:
        verifier = secrets.token_urlsafe(48)
        url, state = self._oauth.create_authorization_url(
            await self._provider.endpoint("authorization_endpoint"),
            code_verifier=verifier,
        )
        leads_to = await choose_persona(self._form, url, subject, self._redirect_uri)
        found = parse_qs(urlsplit(leads_to or "").query)
        if found.get("state") != [state] or "code" not in found:
            raise SignInFailed(f"The sign-in provider did not let {subject} in.")
        return await self._fetched(grant_type="authorization_code", code=found["code"][0], code_verifier=verifier)

    async def _fetched(self, **request: str) -> dict[str, Any]:
        address = await self._provider.endpoint("token_endpoint")
        try:
            return dict(await self._oauth.fetch_token(address, **request))
        except httpx2.TransportError as error:
            raise ProviderUnavailable(f"The sign-in provider did not answer: {type(error).__name__}") from error
        except (AuthlibBaseError, httpx2.HTTPError, ValueError) as error:
            raise SignInFailed(f"The sign-in provider gave no token: {error}") from error

    def _fresh(self, subject: str) -> str | None:
        cached = self._tokens.get(subject)
        return cached[1] if cached is not None and cached[0] > time.monotonic() else None

    def _keep(self, subject: str, token: dict[str, Any]) -> str:
        text = str(token["access_token"])
        self._tokens[subject] = (time.monotonic() + float(token.get("expires_in", 60)) - _SPARE, text)
        return text
