"""Make out, sign and renew certificates of attendance."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from services.applications.access_log import log_access
from services.applications.application.views.standing import case_of
from services.applications.certificates import document as certificates_document
from services.applications.certificates import model, store
from services.applications.certificates.views import CertificateView, facts_of, holder_of
from services.applications.documents import signing
from services.applications.refusals import not_found
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_see_case
from shared.ids import new_number
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from services.applications.certificates.store import Document, Issue
    from services.applications.settings import Settings
    from shared.bus import Bus, Tx
    from shared.identity import Principal


async def certificate_for(tx: Tx, principal: Principal, number: str, *, lock: bool = False) -> CertificateView:
    """Return a certificate for its holder or a coordinator, and log the access. Raises `Refused` (404)."""
    certificate = await store.certificate(tx.session, number, lock=lock)
    case = None if certificate is None else await case_of(tx.session, certificate.application_id)
    if certificate is None or case is None:
        raise not_found()
    holder = await holder_of(tx.session, certificate, case)
    if not may_see_case(principal, country=holder.country, subject=holder.subject):
        raise not_found()
    await log_access(
        tx.session,
        caller=principal.subject,
        what="certificate",
        audience="applicant",
        case_id=str(case.application.id),
        purpose="certificate",
        people=[] if holder.person is None else [holder.person.id],
    )
    return CertificateView(certificate, case, holder, await store.newest_issue(tx.session, certificate.number))


async def read(bus: Bus, principal: Principal, number: str, language: str, settings: Settings) -> Document:
    """Return the file in a language, signed earlier or made out and signed now. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        view = await certificate_for(tx, principal, number, lock=True)
        issue = view.made or await _make_out(tx, principal, view, view.paper.number, version=1)
        stored = await store.document(tx.session, issue.number, language)
        if stored is not None:
            return stored
        paper = view.paper
        replaced_number = ""
        if issue.version > 1:
            replaced_number = await store.number_of_version(tx.session, paper.number, issue.version - 1) or ""
        facts = model.CertificateFacts(
            number=issue.number,
            replaces=replaced_number,
            name=issue.name,
            own_name=issue.own_name,
            **issue.facts,
            start=paper.start,
            end=paper.end,
            attended=paper.attended_days,
            granted_on=paper.granted_at.astimezone(ZONE).date(),
            address=f"{settings.origin}/applications/verify/{issue.number}",
        )
        signer = signing.signer_of(settings)
        document = await certificates_document.signed_pdf(facts, language, signer, at=paper.granted_at)
        stored = store.Document(
            number=issue.number,
            language=language,
            digest=sha256(document).hexdigest(),
            document=document,
            at=clock.now(),
        )
        tx.session.add(stored)
        return stored


async def renew(bus: Bus, principal: Principal, number: str) -> str:
    """Make a certificate out again for the holder's current name; return the number that now counts.

    If the name is the same nothing changes. Raises `Refused` (404; 409 for a revoked one).
    """
    async with bus.transaction(principal.subject) as tx:
        view = await certificate_for(tx, principal, number, lock=True)
        if view.paper.revoked_at is not None:
            raise Refused(gettext("This certificate was revoked: it cannot be made out anew."), 409)
        if view.made is None or not view.outdated:
            return view.number
        renewed_number = new_number("TC", clock.today().year)
        issue = await _make_out(tx, principal, view, renewed_number, version=view.made.version + 1)
        return issue.number


async def _make_out(tx: Tx, principal: Principal, view: CertificateView, number: str, *, version: int) -> Issue:
    issue = store.Issue(
        number=number,
        granted=view.paper.number,
        version=version,
        name=view.holder.name,
        own_name=view.holder.own_name,
        facts=await facts_of(tx.session, view.paper, view.case),
        actor=principal.subject,
        at=clock.now(),
    )
    tx.session.add(issue)
    await tx.session.flush()
    return issue
