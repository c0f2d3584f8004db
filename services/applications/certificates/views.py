"""Show a certificate to its holder, and check one for anybody."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from services.applications.application.views.standing import case_of
from services.applications.certificates import model, store
from services.applications.documents import signing
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.store import mentorships
from services.applications.placements import store as placements_store
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from services.applications.certificates.store import Certificate, Issue
    from services.applications.register.store.entries import Person
    from services.applications.settings import Settings


@dataclass(frozen=True, slots=True)
class Holder:
    """The person named on a certificate; coordinators of `country` may see it."""

    subject: str
    country: str
    name: str
    own_name: str
    person: Person | None


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate as its holder sees it; `made` is None until its file is first opened."""

    paper: Certificate
    case: Case
    holder: Holder
    made: Issue | None

    @property
    def number(self) -> str:
        """Return the number that counts."""
        return self.paper.number if self.made is None else self.made.number

    @property
    def name(self) -> str:
        """Return the name on the certificate."""
        return self.holder.name if self.made is None else self.made.name

    @property
    def outdated(self) -> bool:
        """Return whether the register has another name than the certificate."""
        now = (self.holder.name, self.holder.own_name)
        return self.made is not None and (self.made.name, self.made.own_name) != now


async def holder_of(session: AsyncSession, certificate: Certificate, case: Case) -> Holder:
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
        return Holder(subject, country, answer_name or "", "", None)
    return Holder(subject, country, person.name, person.own_name, person)


async def facts_of(session: AsyncSession, paper: Certificate, case: Case | None) -> dict[str, Any]:
    """Return what a certificate says besides name and days; little of that until its visit is known."""
    visit = await visits_store.visit(session, paper.visit_id) if paper.visit_id is not None else None
    facts = {"programme": case.call.title if case is not None else ""}
    if visit is None:
        return facts | dict.fromkeys(("title", "host", "host_country", "topic"), "")
    hosts = await entries.organisations(session, ids={visit.host_organisation_id})
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
    return facts | {
        "title": offer.title if offer is not None else "",
        "host": hosts[0].name if hosts else "",
        "host_country": visit.host_country,
        "topic": visit.topic,
    }


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """The result of a check: what the certificate says without the name, and whether it counts."""

    paper: Certificate
    standing: model.CertificateStanding
    about: dict[str, Any]


async def check(session: AsyncSession, number: str) -> CheckedCertificate | None:
    """Return a certificate by its number; None if there is none."""
    paper = await store.certificate(session, number)
    if paper is None:
        return None
    issue, newest = await store.issue(session, number), await store.newest_issue(session, paper.number)
    case = await case_of(session, paper.application_id)
    return CheckedCertificate(
        paper,
        model.standing(revoked=paper.revoked_at is not None, newest=newest is None or newest.number == number),
        issue.facts if issue is not None else await facts_of(session, paper, case),
    )


async def check_file(session: AsyncSession, document: bytes, settings: Settings) -> tuple[str | None, signing.Signed]:
    """Check a file: the number of the identical certificate, if any, and the state of its signature."""
    number = await store.number_by_digest(session, sha256(document).hexdigest())
    return number, await signing.check(document, signing.signer_of(settings))
