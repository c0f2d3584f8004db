"""Seal values in cookies so that nobody else can read, change or make them."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from pydantic import JsonValue


class KeyTooShort(ValueError):
    """A session key has fewer than 32 bytes, so that it could be guessed."""


def keys_from(text: str) -> tuple[bytes, ...]:
    """Return the keys in TANDEM_SESSION_KEY: base64 (either alphabet), newest first, separated by commas.

    Raises `KeyTooShort` if there is none or one decodes to less than 32 bytes.
    """
    keys = tuple(_decoded(part.strip()) for part in text.split(",") if part.strip())
    if not keys or any(len(key) < 32 for key in keys):
        raise KeyTooShort("TANDEM_SESSION_KEY: give 32 random bytes or more, base64; commas part old keys.")
    return keys


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4), validate=True)
    except binascii.Error as error:
        raise KeyTooShort("TANDEM_SESSION_KEY: one of the keys is not base64.") from error


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tandem/{purpose}".encode()).derive(key)


class Seal:
    """Seals small JSON objects for one purpose with the newest key and opens what any of the keys sealed.

    Each purpose has keys of its own, so that a value sealed for one cannot be passed off as another.
    """

    def __init__(self, keys: tuple[bytes, ...], purpose: str) -> None:
        derived = [_derived(key, purpose) for key in keys]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
        self._mac = derived

    def close(self, value: dict[str, JsonValue]) -> str:
        """Return the sealed text of `value`, safe in a cookie (letters, digits, `-`, `_`, `=`)."""
        return self._fernet.encrypt(orjson.dumps(value)).decode("ascii")

    def open(self, text: str) -> dict[str, JsonValue] | None:
        """Return what was sealed, or None if the text was not sealed for this purpose by one of our keys."""
        try:
            value = orjson.loads(self._fernet.decrypt(text.encode("utf-8", "replace")))
        except (InvalidToken, orjson.JSONDecodeError):
            return None
        return value if isinstance(value, dict) else None

    def sign(self, text: str) -> str:
        """Return a keyed digest of `text`, by the newest key."""
        return self._digest(self._mac[0], text)

    def signed(self, text: str, digest: str) -> bool:
        """Return whether `digest` is that of `text` under any of the keys; takes the same time whatever the answer."""
        wanted = digest.encode("utf-8", "replace")
        # A list, not a generator: it compares with all keys, so that the time taken reveals nothing.
        return any([hmac.compare_digest(self._digest(key, text).encode(), wanted) for key in self._mac])  # noqa: C419 - see above

    @staticmethod
    def _digest(key: bytes, text: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).decode().rstrip("=")
