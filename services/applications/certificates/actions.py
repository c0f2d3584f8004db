"""How often may one address check certificates? Wrong numbers count, and every file; a right number does not."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from services.applications.access_log import log_access
from services.applications.application.views.standing import case_of
from services.applications.certificates import document as certificates_document
from services.applications.certificates import model, store
from services.applications.documents import signing
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.store import mentorships
from services.applications.placements import store as placements_store
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_see_case
from shared.ids import new_number
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from services.applications.certificates.store import Certificate, Document, Issue
    from services.applications.register.store.entries import Person
    from services.applications.settings import Settings
    from shared.bus import Bus, Tx
    from shared.identity import Principal

A_MINUTE = 20
_ADDRESSES = 10_000


class AttemptLimit:
    """What one process remembers: the tries of each address in the present minute, of the newest addresses only."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def refuse_more(self, address: str, at: float | None = None) -> None:
        """Raise `Refused` (429) where the address has used up its tries of this minute."""
        minute, tries = self._counted.get(address, (0, 0))
        if minute == _minute(at) and tries >= A_MINUTE:
            raise Refused(gettext("You have checked many in a short time. Wait a minute, then try again."), 429)

    def count(self, address: str, at: float | None = None) -> None:
        """Count one try."""
        minute, tries = self._counted.pop(address, (0, 0))
        self._counted[address] = (_minute(at), tries + 1 if minute == _minute(at) else 1)
        while len(self._counted) > _ADDRESSES:
            self._counted.popitem(last=False)


def _minute(at: float | None) -> int:
    return int((time.monotonic() if at is None else at) // 60) + 1


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is named on a certificate, and whose country's coordinators see it."""

    subject: str
    country: str
    name: str
    own_name: str
    person: Person | None


@dataclass(frozen=True, slots=True)
class CertificateView:
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
    visit = await visits_store.visit(session, paper.visit_id) if paper.visit_id is not None else None
    subject, country, written = application.subject, application.country, application.answers.name
    if visit is not None and visit.guest == Party.MENTOR and visit.mentorship_id is not None:
        pair = await mentorships.mentorship(session, visit.mentorship_id)
        mentor = None if pair is None else await mentors_store.mentor(session, pair.mentor_id)
        if mentor is not None:
            subject, country, written = mentor.subject, mentor.country, ""
    known = await entries.person(session, subject)
    if known is None:
        return Holder(subject, country, written or "", "", None)
    return Holder(subject, country, known.name, known.own_name, known)


async def certificate_for(tx: Tx, principal: Principal, number: str, *, lock: bool = False) -> CertificateView:
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
    return CertificateView(paper, case, holder, await store.newest_issue(tx.session, paper.number))


async def read(bus: Bus, principal: Principal, number: str, language: str, settings: Settings) -> Document:
    """The file in a language: as it was signed, or made out and signed now. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        found = await certificate_for(tx, principal, number, lock=True)
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
        document = await certificates_document.made(facts, language, signer, at=paper.granted_at)
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
        found = await certificate_for(tx, principal, number, lock=True)
        if found.paper.revoked_at is not None:
            raise Refused(gettext("This certificate was revoked: it cannot be made out anew."), 409)
        if found.made is None or not found.outdated:
            return found.number
        fresh = new_number("TC", clock.today().year)
        made = await _made_out(tx, principal, found, fresh, version=found.made.version + 1)
        return made.number


async def _made_out(tx: Tx, principal: Principal, found: CertificateView, number: str, *, version: int) -> Issue:
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
    visit = await visits_store.visit(session, paper.visit_id) if paper.visit_id is not None else None
    said = {"programme": case.call.title if case is not None else ""}
    if visit is None:
        return said | dict.fromkeys(("title", "host", "host_country", "topic"), "")
    hosts = await entries.organisations(session, ids={visit.host_organisation_id})
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
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
