"""Make fresh signing keys with a self-issued certificate, for a run that brings none.

They prove that a document was not changed, and to the run itself that it made it. For others to trust it, production
sets key and certificates of an issuer that they know (`TANDEM_SIGNING_KEY`, `TANDEM_SIGNING_CERTIFICATES`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

_YEARS = 10


def signing_keys(name: str) -> dict[str, str]:
    """`signing_key` and `signing_certificates`, PEM: P-256, valid for ten years from yesterday, in that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    uses = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return {
        "signing_key": private.decode("ascii"),
        "signing_certificates": certificate.public_bytes(form.Encoding.PEM).decode("ascii"),
    }


def ed25519_keys(name: str) -> dict[str, str]:
    """`<name>_private_key` and `<name>_public_key`, PEM: a fresh pair."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return {f"{name}_private_key": private.decode("ascii"), f"{name}_public_key": public.decode("ascii")}
