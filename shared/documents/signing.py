"""Sign the programme's documents, and check whether a file carries its unbroken signature.

The signature is PAdES baseline B (ETSI EN 319 142-1) and certifies the document: no change is allowed afterwards. A
file that somebody sends is not opened as a PDF: only its bytes are digested, and its signature, a CMS message (RFC
5652), is read. pyHanko is imported with the first document, to keep the start quick.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, Protocol

    from pydantic import SecretStr

    class SigningSettings(Protocol):
        """The settings that name the key and its certificates."""

        @property
        def signing_key(self) -> SecretStr:
            """The private key, PEM."""

        @property
        def signing_certificates(self) -> str:
            """Its certificate, then those of its issuers, PEM."""

        @property
        def signing_certificates_former(self) -> str:
            """Certificates of keys that signed before, PEM."""


_RSA_BITS = 3072
_FIELD = "Programme"
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s*\]")


class Unreadable(ValueError):
    """The signing key or certificates in the settings are unusable; names the setting and the remedy."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Key (PKCS#8, DER) and certificates (DER) for signing; the signer's certificate first, then its issuers'.

    `known` holds the SHA-256 of each certificate whose signature is the programme's, the present one and former
    ones.
    """

    key: bytes
    chain: tuple[bytes, ...]
    known: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature that a file carries: the name on its certificate, the certificate's SHA-256, and when it was made.

    That a file carries one does not say that it holds.
    """

    name: str
    certificate: str
    at: datetime | None


class Signed(Enum):
    """The state of a file's signature."""

    HOLDS = "holds"
    CHANGED = "changed"
    NOT_OURS = "not ours"


def signer_of(settings: SigningSettings) -> Signer:
    """Return the signer of these settings. Raises `Unreadable`."""
    return read(
        settings.signing_key.get_secret_value(), settings.signing_certificates, settings.signing_certificates_former
    )


@cache
def read(key: str, certificates: str, former: str = "") -> Signer:
    """Return the signer from PEM texts. Raises `Unreadable`, which shows nothing of a key."""
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        raise Unreadable(
            "TANDEM_SIGNING_KEY is no private key in PEM without a password. Give the key with which documents are"
            " signed, in one piece from BEGIN to END."
        ) from None
    if isinstance(private, rsa.RSAPrivateKey):
        good = private.key_size >= _RSA_BITS
    else:
        good = isinstance(private, ec.EllipticCurvePrivateKey)
    if not good:
        raise Unreadable(f"TANDEM_SIGNING_KEY is of a kind that is not used. Give EC, or RSA from {_RSA_BITS} bits.")
    chain = _certificates(certificates, "TANDEM_SIGNING_CERTIFICATES")
    if not chain or chain[0].public_key() != private.public_key():
        raise Unreadable(
            "TANDEM_SIGNING_CERTIFICATES does not begin with the certificate of TANDEM_SIGNING_KEY. Give it first, and"
            " after it the certificates of those who issued it."
        )
    own_certificates = [chain[0], *_certificates(former, "TANDEM_SIGNING_CERTIFICATES_FORMER")]
    return Signer(
        key=private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        chain=tuple(certificate.public_bytes(serialization.Encoding.DER) for certificate in chain),
        known=frozenset(certificate.fingerprint(hashes.SHA256()) for certificate in own_certificates),
    )


def _certificates(text: str, setting: str) -> list[x509.Certificate]:
    if not text.strip():
        return []
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise Unreadable(f"{setting} holds something that is no certificate. Give certificates in PEM.") from None


async def sign(document: bytes, signer: Signer) -> bytes:
    """Return the PDF with a signature appended; works in a thread."""
    return await asyncio.to_thread(sign_here, document, signer)


def sign_here(document: bytes, signer: Signer) -> bytes:
    """Return the PDF with a signature appended; for a thread without an event loop."""
    from asn1crypto.keys import PrivateKeyInfo  # noqa: PLC0415 - heavy: with the first document, as all that follow
    from asn1crypto.x509 import Certificate  # noqa: PLC0415 - heavy
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415 - heavy
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter  # noqa: PLC0415 - heavy
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner  # noqa: PLC0415 - heavy
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415 - heavy

    chain = [Certificate.load(certificate) for certificate in signer.chain]
    pdf_signer = SimpleSigner(
        signing_cert=chain[0],
        signing_key=PrivateKeyInfo.load(signer.key),
        cert_registry=SimpleCertificateStore.from_certs(chain),  # type: ignore[no-untyped-call]  # has no types
    )
    metadata = PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    signed = BytesIO()
    PdfSigner(metadata, pdf_signer).sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), output=signed)
    return signed.getvalue()


def signature_of(document: bytes) -> Signature | None:
    """Return the one signature that a file of ours carries; None if it carries none that can be read."""
    match = _RANGE.search(document)
    if match is None:
        return None
    first, length, second, _ = (int(number) for number in match.groups())
    try:
        message = _message(document[first + length + 1 : second - 1])
        signed = message["signer_infos"][0]["signed_attrs"]
        (certificate,) = (each.chosen for each in list(message["certificates"])[:1])
        known = x509.load_der_x509_certificate(certificate.dump())
    except Exception:  # noqa: BLE001 - a malformed file may make the ASN.1 parser raise anything
        return None
    names = known.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    moments = [each["values"].native[0] for each in signed if each["type"].native == "signing_time"]
    return Signature(
        str(names[0].value) if names else known.subject.rfc4514_string(),
        known.fingerprint(hashes.SHA256()).hex(),
        moments[0] if moments else None,
    )


def _message(signature_hex: bytes) -> Any:
    """Return the content of a CMS message in hex, with zeros behind it. Raises `ValueError`."""
    from asn1crypto.cms import ContentInfo  # noqa: PLC0415 - heavy, as above

    return ContentInfo.load(bytes.fromhex(signature_hex.decode("ascii")))["content"]


async def check(document: bytes, signer: Signer) -> Signed:
    """Return the state of a file's signature; works in a thread. The caller bounds the file's size."""
    return await asyncio.to_thread(_check, document, signer)


def _check(document: bytes, signer: Signer) -> Signed:
    found = [tuple(int(number) for number in match.groups()) for match in _RANGE.finditer(document)]
    results = [_signature(document, span, signer) for span in found[:4]]
    if results == [Signed.HOLDS]:
        return Signed.HOLDS
    return Signed.CHANGED if set(results) & {Signed.HOLDS, Signed.CHANGED} else Signed.NOT_OURS


def _signature(document: bytes, span: tuple[int, ...], signer: Signer) -> Signed:
    """Return the state of one signature; `span` holds offset and length of the signed bytes before and after it."""
    from pyhanko.sign.validation import async_validate_detached_cms  # noqa: PLC0415 - heavy
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 - heavy

    first, length, second, rest = span
    try:
        message = _message(document[first + length + 1 : second - 1])
        certificate = next(
            (candidate.chosen for candidate in message["certificates"] if candidate.chosen.sha256 in signer.known), None
        )
    except Exception:  # noqa: BLE001 - a malformed file may make the ASN.1 parser raise anything
        return Signed.NOT_OURS
    if certificate is None:
        return Signed.NOT_OURS
    signed = document[first : first + length] + document[second : second + rest]
    try:
        # The certificate is known by its digest; its signatures hold after it has expired.
        trusting = ValidationContext(trust_roots=[certificate], moment=certificate.not_valid_before)
        status = asyncio.run(async_validate_detached_cms(signed, message, trusting))
    except Exception:  # noqa: BLE001 - as above: it names our certificate, and does not fit it
        return Signed.CHANGED
    whole = first == 0 and second + rest == len(document)
    by_us = status.signing_cert.sha256 in signer.known
    return Signed.HOLDS if status.intact and status.valid and by_us and whole else Signed.CHANGED
