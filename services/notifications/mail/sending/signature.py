"""Sign mails with DKIM (RFC 6376), where the installation has a key."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from services.notifications.settings import Settings

# RFC 8301 forbids shorter keys.
_LEAST_BITS = 1024
# Signed where the mail has them.
_SIGNED = ("message-id", "references", "in-reply-to", "auto-submitted")
# The headers that a mail program shows or acts on are signed once more than the mail has them (RFC 6376 8.15): one that
# is added on the way, also where there was none, invalidates the signature.
_OVERSIGNED = (
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "content-language",
    "list-id",
    "list-help",
    "list-subscribe",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-post",
    "list-owner",
    "list-archive",
)


class Signer:
    """Signs mails with one key. Raises ValueError, with a clear message, for an invalid key."""

    def __init__(self, key: str, selector: str, domain: str) -> None:
        """`key` is PEM, or the path of a file with it."""
        self._key = _read(key)
        self._selector, self._domain = selector, domain

    @classmethod
    def of(cls, settings: Settings) -> Signer | None:
        """Return the installation's signer; None where no key is set."""
        if settings.dkim_key is None:
            return None
        domain = settings.dkim_domain or settings.mail_domain
        return cls(settings.dkim_key.get_secret_value(), settings.dkim_selector, domain)

    @property
    def record(self) -> str:
        """The text of the DNS record `<selector>._domainkey.<domain>` that the signature is checked with."""
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    def signed(self, raw: bytes) -> bytes:
        """Return a mail with its signature before it."""
        lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
        count = Counter(line.partition(b":")[0].decode("utf-8", "replace").lower() for line in lines)
        names = [name for name in _SIGNED for _ in range(count[name])]
        names += [name for name in _OVERSIGNED for _ in range(count[name] + 1)]
        header = dkim.sign(
            raw,
            self._selector.encode(),
            self._domain.encode(),
            self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=names,
        )
        return bytes(header) + raw


def _read(key: str) -> RSAPrivateKey:
    wrong = "TANDEM_DKIM_KEY: give an RSA private key as PEM (no password), or the path of a file with it"
    try:
        pem = key.encode() if key.lstrip().startswith("-----BEGIN") else Path(key).read_bytes()
        read = load_pem_private_key(pem, password=None)
    except OSError as error:
        raise ValueError(f"{wrong}; the file cannot be read: {error.strerror}.") from None  # it may be the key itself
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{wrong}; this one cannot be read.") from None
    if not isinstance(read, RSAPrivateKey) or read.key_size < _LEAST_BITS:
        raise ValueError(f"{wrong}; this one is not RSA of {_LEAST_BITS} bits or more.")
    return read
