"""The file of a certificate is signed as validators expect, in every language, and a change is detected."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto.x509 import Certificate as AsnCertificate
from babel.messages.pofile import read_po
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader
from pypdf.generic import ContentStream

from deploy.signing import signing_keys
from services.applications.app import create_app
from services.applications.certificates import document as certificates_document
from services.applications.certificates.attempt_limit import A_MINUTE, AttemptLimit
from services.applications.certificates.model import (
    CertificateFacts,
    CertificateStanding,
    certificate_content,
    standing,
)
from services.applications.settings import Settings
from shared.documents import signing
from shared.errors import Refused
from shared.i18n import LANGUAGES, SOURCE, speaking
from shared.ids import DIGITS, is_mistyped, new_number, normalise_number
from tests.support import document_keys, settings_for

NUMBER = "TC-2026-7F3K-9QXM-2D8R-5"
ADDRESS = f"http://localhost:8000/applications/verify/{NUMBER}"
ISSUER = "European Union Agency for Law Enforcement Training (CEPOL)"
GRANTED = datetime(2026, 4, 20, 9, tzinfo=UTC)
OWN = {"en": "Anna", "hy": "Անի Պետրոսյան", "az": "Əli Şəfizadə", "be": "Янка Ўласаў", "ka": "ნინო ბერიძე",
       "ro": "Ștefan Țurcanu", "uk": "Їжак Ґудзь"}  # fmt: skip


def facts(language: str = "en") -> CertificateFacts:
    """Return the facts of a certificate, with a name in the script of a language."""
    return CertificateFacts(
        issuer=ISSUER,
        number=NUMBER,
        replaces="TC-2026-000017",
        name="Ani Petrosyan",
        own_name=OWN[language],
        title="Seizing crypto-assets",
        host="Police nationale",
        host_country="FR",
        topic="online_crime",
        programme="Exchange 2026",
        start=date(2026, 3, 16),
        end=date(2026, 3, 18),
        attended=3,
        granted_on=date(2026, 4, 20),
        address=ADDRESS,
    )


@pytest.fixture(scope="module")
def signer() -> signing.Signer:
    """Return the signer of the tests."""
    keys = document_keys()
    return signing.read(keys["signing_key"], keys["signing_certificates"])


@pytest.fixture(scope="module")
def signed(signer: signing.Signer) -> bytes:
    """Return a certificate as it is served."""
    return asyncio.run(certificates_document.signed_pdf(facts(), "en", signer, at=GRANTED))


def test_a_validator_accepts_the_signature(signed: bytes, signer: signing.Signer) -> None:
    """PyHanko trusts the PAdES signature, which covers the whole file and allows no change."""
    (found,) = PdfFileReader(BytesIO(signed)).embedded_signatures
    trusting = ValidationContext(trust_roots=[AsnCertificate.load(signer.chain[0])])
    status = validate_pdf_signature(found, trusting)
    assert status.bottom_line
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_the_signature_verifies_with_another_library(signed: bytes, signer: signing.Signer) -> None:
    """Digest and signature verify with other code than that which made them."""
    span = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", signed)
    assert span is not None
    first, length, second, rest = map(int, span.groups())
    message: Any = cms.ContentInfo.load(bytes.fromhex(signed[first + length + 1 : second - 1].decode()))["content"]
    by = message["signer_infos"][0]
    digest = hashlib.sha256(signed[first : first + length] + signed[second : second + rest]).digest()
    attributes = {attr["type"].native: attr["values"].native for attr in by["signed_attrs"]}
    assert attributes["message_digest"] == [digest]
    key = x509.load_der_x509_certificate(signer.chain[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(by["signature"].native, by["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA256()))


def test_a_change_is_noticed(signed: bytes, signer: signing.Signer) -> None:
    """A changed byte, an appendix and a foreign file are detected."""

    def state_of(document: bytes) -> signing.Signed:
        return asyncio.run(signing.check(document, signer))

    assert state_of(signed) is signing.Signed.HOLDS
    end = signed.index(b"/ByteRange")
    for place in range(100, end, end // 5):
        assert state_of(signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]) is signing.Signed.CHANGED
    assert state_of(signed + b"\n%more") is signing.Signed.CHANGED
    assert state_of(signed + signed) is signing.Signed.CHANGED
    assert state_of(b"%PDF-1.7 /ByteRange [0 5 9 9]") is signing.Signed.NOT_OURS
    keys = signing_keys("Somebody else")
    other = signing.read(keys["signing_key"], keys["signing_certificates"])
    assert asyncio.run(signing.check(signed, other)) is signing.Signed.NOT_OURS
    after = signing.read(*keys.values(), document_keys()["signing_certificates"])
    assert asyncio.run(signing.check(signed, after)) is signing.Signed.HOLDS


def test_an_unusable_key_is_refused_by_name() -> None:
    """The setting is named, and its contents are not shown."""
    good, other = document_keys(), signing_keys("Other")
    kind = ed25519.Ed25519PrivateKey.generate()
    wrong = kind.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for key, certificates, setting in (
        ("-----BEGIN secret", good["signing_certificates"], "TANDEM_SIGNING_KEY"),
        (wrong, good["signing_certificates"], "TANDEM_SIGNING_KEY"),
        (good["signing_key"], "nothing", "TANDEM_SIGNING_CERTIFICATES"),
        (good["signing_key"], "", "TANDEM_SIGNING_CERTIFICATES"),
        (good["signing_key"], other["signing_certificates"], "TANDEM_SIGNING_CERTIFICATES"),
    ):
        with pytest.raises(signing.Unreadable, match=setting) as refused:
            signing.read(key, certificates)
        assert "BEGIN secret" not in str(refused.value)
    with pytest.raises(signing.Unreadable, match="TANDEM_SIGNING_KEY"):
        create_app(Settings(**settings_for("postgresql://nobody@127.0.0.1:1/none", signing_key="none")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_words_and_glyphs(language: str) -> None:
    """Every language has all words translated, all fonts embedded and all glyphs, and a readable number."""
    made = asyncio.run(certificates_document.unsigned_pdf(facts(language), language, at=GRANTED))
    assert made == asyncio.run(certificates_document.unsigned_pdf(facts(language), language, at=GRANTED))
    page = PdfReader(BytesIO(made)).pages[0]
    text = " ".join(page.extract_text().split())
    assert NUMBER in text
    assert ADDRESS in text
    assert OWN[language].split()[0] in text
    fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]  # a dictionary
    for font in fonts.values():
        inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(inner)
    shown = [operand for operands, _ in ContentStream(page.get_contents(), None).operations for operand in operands]
    strings = [part for entry in shown for part in (entry if isinstance(entry, list) else [entry])]
    glyphs = [part.original_bytes for part in strings if hasattr(part, "original_bytes")]
    assert sum(map(len, glyphs)) > 400
    assert not any(each[n : n + 2] == b"\0\0" for each in glyphs for n in range(0, len(each), 2))
    if language != SOURCE:
        assert "Certificate of attendance" not in text
        with certificates_document.CATALOGUES.of(language).open("rb") as source:
            assert all(entry.string for entry in read_po(source) if entry.id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_revoked_file_says_so_on_one_page(language: str) -> None:
    """With long values everywhere the file has one page, with its issuer, and since when it is revoked."""
    revoked = replace(
        facts(language),
        revoked_on=date(2026, 5, 3),
        host="Police nationale " * 8,
        title="Networks that use parcel services " * 5,
        name="Wolodymyr Przybyszewski-Konstantynopolskyj " * 2,
    )
    made = asyncio.run(certificates_document.unsigned_pdf(revoked, language, at=GRANTED))
    (page,) = PdfReader(BytesIO(made)).pages
    text = " ".join(page.extract_text().split())
    with speaking(language, certificates_document.CATALOGUES):
        says = certificate_content(revoked, language, qr="")
    assert f"{says.words.issued} {ISSUER}" in text
    assert says.revoked in text
    assert says.words.page.replace("{page}", "1").replace("{pages}", "1") in text
    granted = asyncio.run(certificates_document.unsigned_pdf(facts(language), language, at=GRANTED))
    assert says.words.revoked not in PdfReader(BytesIO(granted)).pages[0].extract_text()


@given(st.integers(0, 16), st.sampled_from(DIGITS))
def test_a_wrong_character_makes_a_number_invalid(place: int, letter: str) -> None:
    """Any single wrong character after the prefix makes a number invalid."""
    number = new_number("TC", 2026)
    assert not is_mistyped(number)
    assert normalise_number(f" {number.lower()} ") == number
    places = [at for at, entry in enumerate(number) if at > 6 and entry != "-"]
    at = places[place % len(places)]
    if number[at] != letter:
        assert is_mistyped(number[:at] + letter + number[at + 1 :])


def test_old_numbers_are_left_alone() -> None:
    """A number of the earlier form has no check character and stays as it is, and O is read as 0."""
    assert normalise_number("tc-2026-OOOO17") == "TC-2026-000017"
    assert not is_mistyped("TC-2026-000017")


def test_attempts_are_limited_per_minute() -> None:
    """After twenty wrong attempts an address waits until the next minute, and another address does not."""
    tries = AttemptLimit()
    for _ in range(A_MINUTE):
        tries.refuse_more("a", 10.0)
        tries.count("a", 10.0)
    with pytest.raises(Refused):
        tries.refuse_more("a", 10.0)
    tries.refuse_more("b", 10.0)
    tries.refuse_more("a", 70.0)


def test_a_revoked_certificate_is_invalid_under_all_its_numbers() -> None:
    """A revoked certificate is shown as revoked, not as replaced."""
    assert standing(revoked=False, newest=True) is CertificateStanding.COUNTS
    assert standing(revoked=False, newest=False) is CertificateStanding.REPLACED
    assert standing(revoked=True, newest=True) is standing(revoked=True, newest=False) is CertificateStanding.REVOKED
