"""Make a certificate into a signed PDF in one language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.applications.certificates.model import CertificateFacts, certificate_content
from services.applications.documents import typesetting
from shared.documents import signing
from shared.i18n import Catalogues, speaking

if TYPE_CHECKING:
    from datetime import datetime

CATALOGUES = Catalogues(Path(__file__).parent / "translations", "{language}.po")


async def signed_pdf(facts: CertificateFacts, language: str, signer: signing.Signer, *, at: datetime) -> bytes:
    """Return the certificate as signed PDF; `at` is the moment of the grant or the end, which the file names."""
    return await signing.sign(await unsigned_pdf(facts, language, at=at), signer)


async def unsigned_pdf(facts: CertificateFacts, language: str, *, at: datetime) -> bytes:
    """Return the certificate as PDF before it is signed: the same facts give the same bytes."""
    with speaking(language, CATALOGUES) as spoken:
        content = certificate_content(facts, spoken, typesetting.qr(facts.address))
    return await typesetting.pdf("certificate", content, at=at)
