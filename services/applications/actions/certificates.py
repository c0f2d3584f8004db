"""Who reads a certificate, for which name is it made out, and what learns a stranger who checks one?

It names the officer who applied, or of a mentoring pair's visit the mentor who travelled. It is made out when it is
first opened, with the name as the register has it then; where the name is corrected later, it can be made out anew
under another number, and the old one is marked as replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from services.applications.actions.common import not_found
from services.applications.actions.standing import case_of
from services.applications.documents import certificate as documents
from services.applications.documents import signing
from services.applications.model import certificate as model
from services.applications.store import certificates as store
from services.applications.store import mentors, mentorships, offers, register, visits
from services.applications.store.contacts import log_access
from shared import clock
from shared.contracts.codes import Party
from shared.identity.scope import may_see_case
from shared.numbers import new_number
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.workdays import ZONE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.actions.standing import Case
    from services.applications.settings import Settings
    from services.applications.store.certificates import Certificate, Document, Issue
    from services.applications.store.register import Person
    from shared.bus import Bus, Tx
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is named on a certificate, and whose country's coordinators see it."""

    subject: str
    country: str
    name: str
    own_name: str
    person: Person | None


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate as its holder sees it; `made` is None until its file is opened."""

    paper: Certificate
    case: Case
    holder: Holder
    made: Issue | None

    @property
    def number(self) -> str:
        """The number that counts."""
        return self.paper.number if self.made is None else self.made.number

    @property
    def name(self) -> str:
        """For whom it is made out."""
        return self.holder.name if self.made is None else self.made.name

    @property
    def outdated(self) -> bool:
        """Whether the register has another name than the certificate."""
        now = (self.holder.name, self.holder.own_name)
        return self.made is not None and (self.made.name, self.made.own_name) != now


async def _holder(session: AsyncSession, paper: Certificate, case: Case) -> Holder:
    application = case.application
    visit = await visits.visit(session, paper.visit_id) if paper.visit_id is not None else None
    subject, country, written = application.subject, application.country, application.answers.name
    if visit is not None and visit.guest == Party.MENTOR and visit.mentorship_id is not None:
        pair = await mentorships.mentorship(session, visit.mentorship_id)
        mentor = None if pair is None else await mentors.mentor(session, pair.mentor_id)
        if mentor is not None:
            subject, country, written = mentor.subject, mentor.country, ""
    known = await register.person(session, subject)
    if known is None:
        return Holder(subject, country, written or "", "", None)
    return Holder(subject, country, known.name, known.own_name, known)


async def held(tx: Tx, principal: Principal, number: str, *, lock: bool = False) -> Held:
    """A certificate for its holder or a coordinator; each time is logged. Raises `Refused` (404)."""
    paper = await store.certificate(tx.session, number, lock=lock)
    case = None if paper is None else await case_of(tx.session, paper.application_id)
    if paper is None or case is None:
        raise not_found()
    holder = await _holder(tx.session, paper, case)
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
    return Held(paper, case, holder, await store.newest_issue(tx.session, paper.number))


async def read(bus: Bus, principal: Principal, number: str, language: str, settings: Settings) -> Document:
    """The file in a language: as it was signed, or made out and signed now. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        found = await held(tx, principal, number, lock=True)
        made = found.made or await _made_out(tx, principal, found, found.paper.number, version=1)
        kept = await store.document(tx.session, made.number, language)
        if kept is not None:
            return kept
        paper = found.paper
        before = ""
        if made.version > 1:
            before = await store.number_of_version(tx.session, paper.number, made.version - 1) or ""
        facts = model.CertificateFacts(
            number=made.number,
            replaces=before,
            name=made.name,
            own_name=made.own_name,
            **made.facts,
            start=paper.start,
            end=paper.end,
            attended=paper.attended_days,
            granted_on=paper.granted_at.astimezone(ZONE).date(),
            address=f"{settings.origin}/applications/verify/{made.number}",
        )
        signer = signing.signer_of(settings)
        document = await documents.made(facts, language, signer, at=paper.granted_at)
        kept = store.Document(
            number=made.number,
            language=language,
            digest=sha256(document).hexdigest(),
            document=document,
            at=clock.now(),
        )
        tx.session.add(kept)
        return kept


async def renew(bus: Bus, principal: Principal, number: str) -> str:
    """Make it out anew for the name that the register has now; gives the number that counts from now on.

    A second time, or where the name is the same, nothing changes. Raises `Refused` (404; 409 for a revoked one).
    """
    async with bus.transaction(principal.subject) as tx:
        found = await held(tx, principal, number, lock=True)
        if found.paper.revoked_at is not None:
            raise Refused(gettext("This certificate was revoked: it cannot be made out anew."), 409)
        if found.made is None or not found.outdated:
            return found.number
        fresh = new_number("TC", clock.today().year)
        made = await _made_out(tx, principal, found, fresh, version=found.made.version + 1)
        return made.number


async def _made_out(tx: Tx, principal: Principal, found: Held, number: str, *, version: int) -> Issue:
    made = store.Issue(
        number=number,
        granted=found.paper.number,
        version=version,
        name=found.holder.name,
        own_name=found.holder.own_name,
        facts=await _about(tx.session, found.paper, found.case),
        actor=principal.subject,
        at=clock.now(),
    )
    tx.session.add(made)
    await tx.session.flush()
    return made


async def _about(session: AsyncSession, paper: Certificate, case: Case | None) -> dict[str, Any]:
    """What a certificate says beside name and days; a visit that is not known yet leaves it short."""
    visit = await visits.visit(session, paper.visit_id) if paper.visit_id is not None else None
    said = {"programme": case.call.title if case is not None else ""}
    if visit is None:
        return said | dict.fromkeys(("title", "host", "host_country", "topic"), "")
    hosts = await register.organisations(session, ids={visit.host_organisation_id})
    offer = None if visit.offer_id is None else await offers.offer(session, visit.offer_id)
    return said | {
        "title": offer.title if offer is not None else "",
        "host": hosts[0].name if hosts else "",
        "host_country": visit.host_country,
        "topic": visit.topic,
    }


@dataclass(frozen=True, slots=True)
class Checked:
    """What somebody learns who checks a certificate: what stands on it without the name, and whether it counts."""

    paper: Certificate
    standing: model.CertificateStanding
    about: dict[str, Any]


async def check(session: AsyncSession, number: str) -> Checked | None:
    """A certificate by its number; None where there is none."""
    paper = await store.certificate(session, number)
    if paper is None:
        return None
    made, newest = await store.issue(session, number), await store.newest_issue(session, paper.number)
    case = await case_of(session, paper.application_id)
    return Checked(
        paper,
        model.standing(revoked=paper.revoked_at is not None, newest=newest is None or newest.number == number),
        made.facts if made is not None else await _about(session, paper, case),
    )


async def check_file(session: AsyncSession, document: bytes, settings: Settings) -> tuple[str | None, signing.Signed]:
    """Of a file that was sent: the number of the certificate that it is, byte for byte, and what its signature says."""
    number = await store.number_by_digest(session, sha256(document).hexdigest())
    return number, await signing.check(document, signing.signer_of(settings))
