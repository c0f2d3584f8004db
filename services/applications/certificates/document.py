"""How does a certificate become a signed PDF in the reader's language? Words from `translations/`, set, then signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.applications.certificates.model import CertificateFacts, says
from services.applications.documents import signing, typesetting
from shared.i18n import Catalogues, speaking

if TYPE_CHECKING:
    from datetime import datetime

CATALOGUES = Catalogues(Path(__file__).parent / "translations", "{language}.po")


async def made(facts: CertificateFacts, language: str, signer: signing.Signer, *, at: datetime) -> bytes:
    """The certificate as PDF, signed; `at` is the moment of the grant, which the file names."""
    return await signing.sign(await unsigned(facts, language, at=at), signer)


async def unsigned(facts: CertificateFacts, language: str, *, at: datetime) -> bytes:
    """The certificate as PDF before it is signed: the same facts give the same bytes."""
    with speaking(language, CATALOGUES) as spoken:
        said = says(facts, spoken) | {"qr": typesetting.qr(facts.address)}
    return await typesetting.pdf("certificate", said, at=at)
