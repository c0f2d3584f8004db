"""Check bearer tokens of programs and return the subject that they prove.

A JWT (Keycloak) is checked by the provider's keys, its issuer, audience and expiry; anything else is an opaque token,
which only the provider itself can vouch for, at its userinfo endpoint. A token is never logged; in memory only its
digest is kept.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jws import extract_compact

from shared import http_client
from shared.identity.provider import TIMEOUT, ProviderUnavailable
from shared.identity.token_scopes import client_in, scopes_in

if TYPE_CHECKING:
    from shared.identity.provider import Provider

# Asymmetric only: with a symmetric one the provider's public key could be passed off as the secret.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
LEEWAY = 30
_KEPT_FOR = 60.0
_KEPT_AT_MOST = 10_000
_LONGEST = 8_192


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of a token: the subject and, if stated, the time of issue (real, seconds since 1970).

    `scopes` are those of Tandem; `client` is the program that acts for itself, None for a person.
    """

    subject: str
    issued: float | None = None
    scopes: frozenset[str] = frozenset()
    client: str | None = None


class BearerTokens:
    """Checks bearer tokens and caches the provider's answers for a minute, at most 10,000 tokens."""

    def __init__(self, provider: Provider, audience: str) -> None:
        self._provider = provider
        self._audience = audience
        self._known: OrderedDict[bytes, tuple[float, Proof | None]] = OrderedDict()

    async def proof(self, token: str) -> Proof | None:
        """Return what `token` proves, or None if it proves nothing.

        Raises `ProviderUnavailable` when only the provider could tell and it does not answer.
        """
        if not token or len(token) > _LONGEST or not token.isascii():
            return None
        digest = hashlib.sha256(token.encode("ascii")).digest()
        cached = self._known.get(digest)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        good_for, proven = await (self._of_jwt(token) if token.count(".") == 2 else self._of_opaque(token))
        self._known[digest] = (time.monotonic() + good_for, proven)
        self._known.move_to_end(digest)
        while len(self._known) > _KEPT_AT_MOST:
            self._known.popitem(last=False)
        return proven

    async def _of_jwt(self, token: str) -> tuple[float, Proof | None]:
        try:
            proven = await verified(token, self._provider, audience=self._audience)
        except (JoseError, ValueError):
            return 0.0, None
        if not _for_access(proven):
            return 0.0, None
        claims = proven.claims
        issued = claims.get("iat")
        proof = Proof(
            str(claims["sub"]),
            float(issued) if isinstance(issued, int | float) else None,
            scopes_in(claims),
            client_in(claims),
        )
        return min(_KEPT_FOR, max(0.0, float(claims["exp"]) + LEEWAY - time.time())), proof

    async def _of_opaque(self, token: str) -> tuple[float, Proof | None]:
        address = await self._provider.endpoint("userinfo_endpoint")
        try:
            async with http_client.client(timeout=TIMEOUT) as client:
                answer = await client.get(address, headers={"Authorization": f"Bearer {token}"})
        except httpx2.HTTPError as error:
            raise ProviderUnavailable(f"The sign-in provider did not answer: {type(error).__name__}") from None
        if answer.status_code >= 500:
            raise ProviderUnavailable(f"The sign-in provider answered {answer.status_code}.")
        if answer.status_code != 200:
            return _KEPT_FOR, None
        try:
            subject = answer.json().get("sub")
        except (ValueError, AttributeError):  # signed userinfo, or no object: not a provider that we support
            return _KEPT_FOR, None
        return _KEPT_FOR, Proof(subject) if isinstance(subject, str) and subject else None


async def verified(token: str, provider: Provider, *, audience: str, nonce: str | None = None) -> jwt.Token:
    """Return a JWT that the provider signed for `audience` (and with `nonce`), unexpired, with a subject.

    Raises `joserfc.errors.JoseError` or ValueError if any of that does not hold, and `ProviderUnavailable`.
    """
    # The header is read before the signature is checked only to learn which key to fetch.
    key_id = extract_compact(token.encode("utf-8")).headers().get("kid")
    keys = await provider.keys(key_id if isinstance(key_id, str) else None)
    try:
        proven = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except BadSignatureError:  # a provider may change its key and keep, or never give, the key's name
        proven = jwt.decode(token, await provider.newer_keys(), algorithms=ALGORITHMS)
    jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "values": [provider.issuer, f"{provider.issuer}/"]},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce} if nonce is not None else {},
    ).validate(proven.claims)
    return proven


def _for_access(proven: jwt.Token) -> bool:
    """Return whether a token is an access token (RFC 9068, or Keycloak's own mark) and not an ID token."""
    return proven.header.get("typ") in {"at+jwt", "application/at+jwt"} or proven.claims.get("typ") == "Bearer"
