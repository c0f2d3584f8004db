"""Fetch the sign-in provider's endpoints and signing keys."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from shared import http_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from joserfc.jwk import KeySetSerialization
    from pydantic import JsonValue

# How long, in seconds, the provider's documents are used without fetching them again.
_METADATA_FOR = 3600.0
_KEYS_FOR = 600.0
# How often, at most, an unknown key causes a fetch; and the pause after the provider was away.
_KEYS_AGAIN_AFTER = 10.0
_PAUSE = 3.0
TIMEOUT = httpx2.Timeout(5.0, connect=2.0)


class ProviderUnavailable(RuntimeError):
    """The sign-in provider could not be reached, or its description is not as OpenID Connect Discovery requires."""


class Published:
    """One document of the provider, kept for a while; an old one is used while the provider is away.

    One request at a time fetches it, and after a failure none does for some seconds: a provider that is away must not
    keep visitors waiting one after another.
    """

    def __init__(self, good_for: float) -> None:
        self._good_for = good_for
        self._lock = asyncio.Lock()
        self._document: dict[str, JsonValue] | None = None
        self._at = float("-inf")
        self._pause_until = float("-inf")
        self._failure = ""

    async def get(
        self, address: Callable[[], Awaitable[str]], *, newer_than: float = float("inf")
    ) -> dict[str, JsonValue]:
        """Return the document at `address()`, not older than `newer_than` seconds if the provider answers.

        Raises `ProviderUnavailable` if there is none to give.
        """
        async with self._lock:
            age, now = time.monotonic() - self._at, time.monotonic()
            if self._document is not None and (age < min(self._good_for, newer_than) or now < self._pause_until):
                return self._document
            if now < self._pause_until:
                raise ProviderUnavailable(self._failure)
            try:
                self._document, self._at = await _fetched(await address()), time.monotonic()
            except ProviderUnavailable as error:
                self._pause_until, self._failure = time.monotonic() + _PAUSE, str(error)
                if self._document is None:
                    raise
            return self._document


class Provider:
    """One OpenID Connect provider. Its metadata and keys are kept in memory.

    `reached_at` is the address of its discovery document, if services do not reach it at the address that it has for
    browsers (Keycloak beside us in a cluster); the document must name `issuer` all the same.
    """

    def __init__(self, issuer: str, reached_at: str | None = None) -> None:
        self.issuer = issuer.rstrip("/")
        self._reached_at = reached_at.rstrip("/") if reached_at else None
        self._metadata = Published(_METADATA_FOR)
        self._keys = Published(_KEYS_FOR)

    async def metadata(self) -> dict[str, JsonValue]:
        """Return the discovery document (OpenID Connect Discovery 1.0, section 3).

        Raises `ProviderUnavailable` after three tries, or if the document names another issuer than ours.
        """
        found = await self._metadata.get(self._discovery)
        if str(found.get("issuer", "")).rstrip("/") != self.issuer:
            raise ProviderUnavailable(f"The sign-in provider says it is {found.get('issuer')}, not {self.issuer}.")
        return found

    async def endpoint(self, name: str) -> str:
        """Return the address of one endpoint, e.g. `token_endpoint`; raises `ProviderUnavailable` if there is none."""
        address = (await self.metadata()).get(name)
        if not isinstance(address, str):
            raise ProviderUnavailable(f"The sign-in provider {self.issuer} offers no {name}.")
        return address

    async def keys(self, key_id: str | None = None) -> KeySet:
        """Return the provider's public keys; fetched again for an unknown `key_id`, every ten seconds at most."""
        keys = _key_set(await self._keys.get(self._jwks))
        if key_id is not None and key_id not in {key.kid for key in keys.keys}:
            keys = await self.newer_keys()
        return keys

    async def newer_keys(self) -> KeySet:
        """Return the provider's public keys as of the last ten seconds."""
        return _key_set(await self._keys.get(self._jwks, newer_than=_KEYS_AGAIN_AFTER))

    async def _discovery(self) -> str:
        return f"{self._reached_at or self.issuer}/.well-known/openid-configuration"

    async def _jwks(self) -> str:
        return await self.endpoint("jwks_uri")


def _key_set(document: dict[str, JsonValue]) -> KeySet:
    try:
        return KeySet.import_key_set(cast("KeySetSerialization", document))
    except (JoseError, KeyError, ValueError) as error:
        raise ProviderUnavailable("The sign-in provider publishes keys that cannot be read.") from error


async def _fetched(address: str) -> dict[str, JsonValue]:
    tries = AsyncRetrying(
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.2, max=1.0),
        retry=retry_if_exception_type(httpx2.HTTPError),
        reraise=True,
    )
    try:
        async with http_client.client(timeout=TIMEOUT) as client:
            async for attempt in tries:
                with attempt:
                    answer = await client.get(address)
                    answer.raise_for_status()
        document = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise ProviderUnavailable(f"The sign-in provider did not answer at {address}: {error}") from error
    if not isinstance(document, dict):
        raise ProviderUnavailable(f"The sign-in provider answered {address} with something else than an object.")
    return document
