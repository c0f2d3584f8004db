"""Make out, sign and renew certificates of attendance."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING

from services.applications.access_log import log_access
from services.applications.certificates import document as certificates_document
from services.applications.certificates import model, store
from services.applications.certificates.views import (
    CertificateDetails,
    CertificateFile,
    CertificateOfCase,
    certificate_of_case,
    facts_of,
)
from services.applications.refusals import not_found
from shared.documents import signing
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_see_case
from shared.ids import new_number
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from services.applications.certificates.store import Issue
    from services.applications.settings import Settings
    from shared.bus import Bus, Tx
    from shared.identity import Principal


async def look(bus: Bus, principal: Principal, number: str) -> CertificateDetails:
    """Return a certificate for its holder or a coordinator, and log the access. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        return (await _certificate_for(tx, principal, number)).details


async def _certificate_for(tx: Tx, principal: Principal, number: str, *, lock: bool = False) -> CertificateOfCase:
    """Return a certificate for its holder or a coordinator, and log the access. Raises `Refused` (404)."""
    certificate = await _visible(tx, principal, number, lock=lock)
    await _log(tx, principal, certificate)
    return certificate


async def _visible(tx: Tx, principal: Principal, number: str, *, lock: bool) -> CertificateOfCase:
    """Return a certificate for its holder or a coordinator. Raises `Refused` (404)."""
    certificate = await certificate_of_case(tx.session, number, lock=lock)
    if certificate is None:
        raise not_found()
    holder = certificate.holder
    if not may_see_case(principal, country=holder.country, subject=holder.subject):
        raise not_found()
    return certificate


async def _log(tx: Tx, principal: Principal, certificate: CertificateOfCase) -> None:
    """Log that somebody has read the holder's name."""
    holder = certificate.holder
    await log_access(
        tx.session,
        caller=principal.subject,
        what="certificate",
        audience="applicant",
        case_id=str(certificate.case.application.id),
        purpose="certificate",
        people=[] if holder.id is None else [holder.id],
    )


async def read(bus: Bus, principal: Principal, number: str, language: str, settings: Settings) -> CertificateFile:
    """Return the file in a language, signed earlier or made out and signed now. Raises `Refused` (404).

    The file of a revoked certificate says so; files from before its end stay as they are, and the check tells of it.
    """
    async with bus.transaction(principal.subject) as tx:
        certificate = await _certificate_for(tx, principal, number, lock=True)
        issue = certificate.issue or await _make_out(tx, principal, certificate, certificate.row.number, version=1)
        row = certificate.row
        revoked = row.revoked_at is not None
        stored = await store.document(tx.session, issue.number, language, revoked=revoked)
        if stored is not None:
            return CertificateFile(stored.number, stored.language, stored.document)
        replaced_number = ""
        if issue.version > 1:
            replaced_number = await store.number_of_version(tx.session, row.number, issue.version - 1) or ""
        facts = model.CertificateFacts(
            issuer=settings.issuing_body,
            number=issue.number,
            replaces=replaced_number,
            name=issue.name,
            own_name=issue.own_name,
            **asdict(issue.visit),
            start=row.start,
            end=row.end,
            attended=row.attended_days,
            granted_on=row.granted_at.astimezone(ZONE).date(),
            revoked_on=None if row.revoked_at is None else row.revoked_at.astimezone(ZONE).date(),
            address=f"{settings.origin}/applications/verify/{issue.number}",
        )
        signer = signing.signer_of(settings)
        document = await certificates_document.signed_pdf(facts, language, signer, at=row.revoked_at or row.granted_at)
        stored = store.Document(
            number=issue.number,
            language=language,
            revoked=revoked,
            digest=sha256(document).hexdigest(),
            document=document,
            at=clock.now(),
        )
        tx.session.add(stored)
        return CertificateFile(issue.number, language, document)


async def renew(bus: Bus, principal: Principal, number: str) -> str:
    """Make a certificate out again for the holder's current name; return the number that now counts.

    If the name is the same nothing changes, and nothing is logged. Raises `Refused` (404; 409 for a revoked one).
    """
    async with bus.transaction(principal.subject) as tx:
        certificate = await _visible(tx, principal, number, lock=True)
        if certificate.row.revoked_at is not None:
            raise Refused(gettext("This certificate was revoked, so it cannot be issued again."), 409)
        if certificate.issue is None or not certificate.outdated:
            return certificate.number
        await _log(tx, principal, certificate)
        renewed_number = new_number("TC", clock.today().year)
        issue = await _make_out(tx, principal, certificate, renewed_number, version=certificate.issue.version + 1)
        return issue.number


async def _make_out(
    tx: Tx, principal: Principal, certificate: CertificateOfCase, number: str, *, version: int
) -> Issue:
    issue = store.Issue(
        number=number,
        granted=certificate.row.number,
        version=version,
        name=certificate.holder.name,
        own_name=certificate.holder.own_name,
        visit=await facts_of(tx.session, certificate.row, certificate.case),
        actor=principal.subject,
        at=clock.now(),
    )
    tx.session.add(issue)
    await tx.session.flush()
    return issue
