"""What does the sign-in provider say about itself: where its endpoints are, and with which keys it signs?"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import httpx2
from joserfc.jwk import KeySet
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

if TYPE_CHECKING:
    from joserfc.jwk import KeySetSerialization

# How long what the provider published is trusted without asking again, and how often an unknown key may make us ask.
_METADATA_FOR = 3600.0
_KEYS_FOR = 600.0
_KEYS_AGAIN_AFTER = 10.0
TIMEOUT = httpx2.Timeout(5.0)


class ProviderUnavailable(RuntimeError):
    """The sign-in provider could not be reached, or does not describe itself as OpenID Connect Discovery asks."""


class Provider:
    """One OpenID Connect provider. Its metadata and keys are kept in memory, asked for by one request at a time."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer.rstrip("/")
        self._lock = asyncio.Lock()
        self._metadata: dict[str, Any] | None = None
        self._metadata_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def metadata(self) -> dict[str, Any]:
        """The discovery document (OpenID Connect Discovery 1.0, section 3).

        Raises `ProviderUnavailable` after three tries, or if the document names another issuer than ours.
        """
        async with self._lock:
            return await self._known_metadata()

    async def endpoint(self, name: str) -> str:
        """The address of one endpoint, e.g. `token_endpoint`. Raises `ProviderUnavailable` if it is not offered."""
        address = (await self.metadata()).get(name)
        if not isinstance(address, str):
            raise ProviderUnavailable(f"The sign-in provider {self.issuer} offers no {name}.")
        return address

    async def keys(self, key_id: str | None = None) -> KeySet:
        """The provider's public keys; asked for again when `key_id` is not among them, every ten seconds at most."""
        async with self._lock:
            age = time.monotonic() - self._keys_at
            unknown = key_id is not None and self._keys is not None and key_id not in _ids(self._keys)
            if self._keys is None or age > _KEYS_FOR or (unknown and age > _KEYS_AGAIN_AFTER):
                address = (await self._known_metadata()).get("jwks_uri")
                self._keys = KeySet.import_key_set(cast("KeySetSerialization", await _fetched(str(address))))
                self._keys_at = time.monotonic()
            return self._keys

    async def _known_metadata(self) -> dict[str, Any]:
        if self._metadata is None or time.monotonic() - self._metadata_at > _METADATA_FOR:
            found = await _fetched(f"{self.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self.issuer:
                raise ProviderUnavailable(f"The sign-in provider says it is {found.get('issuer')}, not {self.issuer}.")
            self._metadata, self._metadata_at = found, time.monotonic()
        return self._metadata


def _ids(keys: KeySet) -> set[str | None]:
    return {key.kid for key in keys.keys}


async def _fetched(address: str) -> dict[str, Any]:
    tries = AsyncRetrying(
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.2, max=1.0),
        retry=retry_if_exception_type(httpx2.HTTPError),
        reraise=True,
    )
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
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
