"""Sign manifests, give consumers the public key, and give the signer of reports.

The signature is a detached JSON Web Signature (RFC 7515, appendix F) with Ed25519 (RFC 8037, RFC 9864) over the bytes
of the manifest as they are served. A key is named by its thumbprint (RFC 7638), so that a consumer who noted it once
notices another key.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypedDict

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.documents.signing import signer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.reporting.settings import Settings
    from shared.documents.signing import Signer

ALGORITHM = "Ed25519"


class Unreadable(ValueError):
    """The key of the settings cannot be used; the message names the setting and the remedy, and shows no key."""


def key_of(settings: Settings) -> OKPKey:
    """Return the key that these settings name. Raises `Unreadable`."""
    return _read(settings.feeds_private_key.get_secret_value())


@cache
def _read(pem: str) -> OKPKey:
    try:
        key = OKPKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        key = None
    if key is None or not key.is_private or key.curve_name != ALGORITHM:
        raise Unreadable(
            "TANDEM_FEEDS_PRIVATE_KEY is no Ed25519 private key in PEM without a password. Make one with"
            " `openssl genpkey -algorithm ed25519`, and give it in one piece from BEGIN to END."
        )
    return key


def report_signer(settings: Settings) -> Signer | None:
    """Return the signer of reports that these settings name; None without a key.

    Raises `shared.documents.signing.Unreadable`.
    """
    return signer_of(settings) if settings.signing_key.get_secret_value().strip() else None


def public(key: OKPKey) -> dict[str, str]:
    """Return the public half as a JWK, with its thumbprint as `kid`."""
    made = key.as_dict(private=False)
    wanted = {name: str(made[name]) for name in ("kty", "crv", "x")}
    return {**wanted, "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}


def signed(content: bytes, key: OKPKey) -> str:
    """Return the detached signature over `content`: header and signature, with nothing between the two points."""
    whole = jws.serialize_compact({"alg": ALGORITHM, "kid": key.thumbprint()}, content, key, algorithms=[ALGORITHM])
    header, _, mac = whole.split(".")
    return f"{header}..{mac}"


def holds(content: bytes, signature: str, key: Mapping[str, str]) -> bool:
    """Return whether the signature over these bytes was made with the private half of `key` (a JWK)."""
    try:
        jws.deserialize_compact(signature, OKPKey.import_key(dict(key)), algorithms=[ALGORITHM], payload=content)
    except (JoseError, ValueError):
        return False
    return True


class KeySet(TypedDict):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, str]]


def key_set(keys: Iterable[Mapping[str, str]]) -> KeySet:
    """Return the set of these public keys, each once."""
    return {"keys": list({key["kid"]: dict(key) for key in keys}.values())}
