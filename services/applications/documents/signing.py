"""With which key does the programme sign its documents, and was a file signed with it and left as it was?

The signature is PAdES baseline B (ETSI EN 319 142-1) and certifies the document: no change is allowed afterwards. A
file that somebody sends is never opened as a PDF to check it: only its bytes are digested, and its signature, a CMS
message (RFC 5652), is read. What pyHanko needs is imported with the first document, not at the start.
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

if TYPE_CHECKING:
    from services.applications.settings import Settings

_RSA_BITS = 3072
_FIELD = "Programme"
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s*\]")


class Unreadable(ValueError):
    """The key or the certificates of the settings cannot be used; the message names the setting and the remedy."""


@dataclass(frozen=True, slots=True)
class Signer:
    """What documents are signed with: key (PKCS#8, DER) and certificates (DER), the signer's first, the issuers' after.

    `known` holds the SHA-256 of each certificate whose signature is the programme's, the present one and former ones.
    """

    key: bytes
    chain: tuple[bytes, ...]
    known: frozenset[bytes]


class Signed(Enum):
    """What the signature of a file says."""

    HOLDS = "holds"
    CHANGED = "changed"
    NOT_OURS = "not ours"


def signer_of(settings: Settings) -> Signer:
    """With what the portal of these settings signs. Raises `Unreadable`."""
    return read(
        settings.signing_key.get_secret_value(), settings.signing_certificates, settings.signing_certificates_former
    )


@cache
def read(key: str, certificates: str, former: str = "") -> Signer:
    """Key and certificates from PEM. Raises `Unreadable`, which names the setting and shows nothing of a key."""
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
    ours = [chain[0], *_certificates(former, "TANDEM_SIGNING_CERTIFICATES_FORMER")]
    return Signer(
        key=private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        chain=tuple(one.public_bytes(serialization.Encoding.DER) for one in chain),
        known=frozenset(one.fingerprint(hashes.SHA256()) for one in ours),
    )


def _certificates(text: str, setting: str) -> list[x509.Certificate]:
    if not text.strip():
        return []
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise Unreadable(f"{setting} holds something that is no certificate. Give certificates in PEM.") from None


async def sign(document: bytes, signer: Signer) -> bytes:
    """The PDF with a signature added behind it. In a thread."""
    return await asyncio.to_thread(_sign, document, signer)


def _sign(document: bytes, signer: Signer) -> bytes:
    from asn1crypto.keys import PrivateKeyInfo  # noqa: PLC0415 - heavy: with the first document, as all that follow
    from asn1crypto.x509 import Certificate  # noqa: PLC0415
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner  # noqa: PLC0415
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415

    chain = [Certificate.load(one) for one in signer.chain]
    by = SimpleSigner(
        signing_cert=chain[0],
        signing_key=PrivateKeyInfo.load(signer.key),
        cert_registry=SimpleCertificateStore.from_certs(chain),  # type: ignore[no-untyped-call]  # has no types
    )
    how = PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    made = BytesIO()
    PdfSigner(how, by).sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), output=made)
    return made.getvalue()


async def check(document: bytes, signer: Signer) -> Signed:
    """What the signature of a file says, whatever the file is. In a thread; the caller bounds the file's size."""
    return await asyncio.to_thread(_check, document, signer)


def _check(document: bytes, signer: Signer) -> Signed:
    found = [tuple(int(number) for number in one.groups()) for one in _RANGE.finditer(document)]
    said = [_signature(document, span, signer) for span in found[:4]]
    if said == [Signed.HOLDS]:
        return Signed.HOLDS
    return Signed.CHANGED if set(said) & {Signed.HOLDS, Signed.CHANGED} else Signed.NOT_OURS


def _signature(document: bytes, span: tuple[int, ...], signer: Signer) -> Signed:
    """One signature: `span` is where the signed bytes begin and how many they are, before and after the signature."""
    from asn1crypto.cms import ContentInfo  # noqa: PLC0415 - heavy, as above
    from pyhanko.sign.validation import async_validate_detached_cms  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    first, length, second, rest = span
    written = document[first + length + 1 : second - 1]
    try:
        message = ContentInfo.load(bytes.fromhex(written.decode("ascii")))["content"]
        ours = next((one.chosen for one in message["certificates"] if one.chosen.sha256 in signer.known), None)
    except Exception:  # noqa: BLE001 - whatever a stranger's file makes the reader of ASN.1 raise, it is not ours
        return Signed.NOT_OURS
    if ours is None:
        return Signed.NOT_OURS
    signed = document[first : first + length] + document[second : second + rest]
    try:
        # The certificate is known by its digest; whether it has run out since does not change what it signed.
        trusting = ValidationContext(trust_roots=[ours], moment=ours.not_valid_before)
        status = asyncio.run(async_validate_detached_cms(signed, message, trusting))
    except Exception:  # noqa: BLE001 - as above: it names our certificate, and does not fit it
        return Signed.CHANGED
    whole = first == 0 and second + rest == len(document)
    by_us = status.signing_cert.sha256 in signer.known
    return Signed.HOLDS if status.intact and status.valid and by_us and whole else Signed.CHANGED
