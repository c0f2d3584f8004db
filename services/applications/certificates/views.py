"""Show a certificate to its holder, and check one for anybody."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from services.applications.application.views.standing import case_of
from services.applications.certificates import model, store
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.store import mentorships
from services.applications.placements import store as placements_store
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party
from shared.documents import signing

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from services.applications.settings import Settings


@dataclass(frozen=True, slots=True)
class Holder:
    """The person named on a certificate; coordinators of `country` may see it. `id` is opaque.

    `id` and `language` are None where the register does not know the person any more.
    """

    subject: str
    country: str
    name: str
    own_name: str
    id: UUID | None
    language: str | None


@dataclass(frozen=True, slots=True)
class CertificateDetails:
    """A certificate as its holder sees it: `name` is that on the certificate, the holder's that of the register."""

    number: str
    name: str
    holder: Holder
    outdated: bool
    title: str
    attended_days: int
    start: date
    end: date
    granted_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A signed certificate in one language, as PDF."""

    number: str
    language: str
    document: bytes


@dataclass(frozen=True, slots=True)
class CertificateOfCase:
    """A certificate with its case, its holder, and its newest issue; None until its file is first opened."""

    row: store.Certificate
    case: Case
    holder: Holder
    issue: store.Issue | None

    @property
    def number(self) -> str:
        """Return the number that counts."""
        return self.row.number if self.issue is None else self.issue.number

    @property
    def outdated(self) -> bool:
        """Return whether the register has another name than the certificate."""
        now = (self.holder.name, self.holder.own_name)
        return self.issue is not None and (self.issue.name, self.issue.own_name) != now

    @property
    def details(self) -> CertificateDetails:
        """Return the certificate as its holder sees it."""
        return CertificateDetails(
            number=self.number,
            name=self.holder.name if self.issue is None else self.issue.name,
            holder=self.holder,
            outdated=self.outdated,
            title=self.case.call.title,
            attended_days=self.row.attended_days,
            start=self.row.start,
            end=self.row.end,
            granted_at=self.row.granted_at,
            revoked_at=self.row.revoked_at,
        )


async def certificate_of_case(session: AsyncSession, number: str, *, lock: bool = False) -> CertificateOfCase | None:
    """Return a certificate by one of its numbers; with `lock` nobody else makes it out until the commit."""
    row = await store.certificate(session, number, lock=lock)
    case = None if row is None else await case_of(session, row.application_id)
    if row is None or case is None:
        return None
    issue = await store.newest_issue(session, row.number)
    return CertificateOfCase(row, case, await _holder_of(session, row, case), issue)


async def _holder_of(session: AsyncSession, certificate: store.Certificate, case: Case) -> Holder:
    """Return the person named on a certificate: the applicant, or the mentor who travelled."""
    application = case.application
    visit = await visits_store.visit(session, certificate.visit_id) if certificate.visit_id is not None else None
    subject, country, answer_name = application.subject, application.country, application.answers.name
    if visit is not None and visit.guest == Party.MENTOR and visit.mentorship_id is not None:
        mentorship = await mentorships.mentorship(session, visit.mentorship_id)
        mentor = None if mentorship is None else await mentors_store.mentor(session, mentorship.mentor_id)
        if mentor is not None:
            subject, country, answer_name = mentor.subject, mentor.country, ""
    person = await entries.person(session, subject)
    if person is None:
        return Holder(subject, country, answer_name or "", "", None, None)
    return Holder(subject, country, person.name, person.own_name, person.id, person.language)


async def facts_of(session: AsyncSession, certificate: store.Certificate, case: Case | None) -> model.VisitFacts:
    """Return what a certificate says besides name and days; little of that until its visit is known."""
    programme = case.call.title if case is not None else ""
    visit = None if certificate.visit_id is None else await visits_store.visit(session, certificate.visit_id)
    if visit is None:
        return model.VisitFacts(programme)
    hosts = await entries.organisations(session, ids={visit.host_organisation_id})
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
    return model.VisitFacts(
        programme,
        title=offer.title if offer is not None else "",
        host=hosts[0].name if hosts else "",
        host_country=visit.host_country,
        topic=visit.topic,
    )


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """The result of a check: what the certificate says without the name, and whether it counts."""

    standing: model.CertificateStanding
    about: model.VisitFacts
    attended_days: int
    start: date
    end: date
    granted_at: datetime
    revoked_at: datetime | None


async def check(session: AsyncSession, number: str) -> CheckedCertificate | None:
    """Return a certificate by its number; None if there is none."""
    row = await store.certificate(session, number)
    if row is None:
        return None
    issue, newest = await store.issue(session, number), await store.newest_issue(session, row.number)
    if issue is not None:
        about = issue.visit
    else:
        about = await facts_of(session, row, await case_of(session, row.application_id))
    return CheckedCertificate(
        model.standing(revoked=row.revoked_at is not None, newest=newest is None or newest.number == number),
        about,
        row.attended_days,
        row.start,
        row.end,
        row.granted_at,
        row.revoked_at,
    )


async def check_file(session: AsyncSession, document: bytes, settings: Settings) -> tuple[str | None, signing.Signed]:
    """Check a file: the number of the identical certificate, if any, and the state of its signature."""
    number = await store.number_by_digest(session, sha256(document).hexdigest())
    return number, await signing.check(document, signing.signer_of(settings))
