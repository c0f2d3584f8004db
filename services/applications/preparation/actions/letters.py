"""Make, read and check the letters of a visit.

The host makes them, from what was released to it; guest, host and the two countries read them, each time with an entry
in the access log. The holder of a paper can check its number, without learning a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from services.applications.access_log import log_access
from services.applications.calls import store as calls_store
from services.applications.documents import typesetting
from services.applications.matches.store import participation
from services.applications.matches.views import parties
from services.applications.placements import store as placements_store
from services.applications.preparation import store
from services.applications.preparation.actions import preparation
from services.applications.preparation.model import READERS, Arrival, letters, may_fill_in
from services.applications.preparation.views import readiness
from services.applications.refusals import may_proceed, not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts import labels
from shared.contracts.codes import Party, PreparationItem, VisitState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from services.applications.visits.store import Visit
    from shared.bus import Bus
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A letter as PDF, under a name that says what it is and names nobody."""

    name: str
    content: bytes


async def make(
    bus: Bus, principal: Principal, visit_id: UUID, kind: letters.LetterKind, *, origin: str
) -> store.Letter:
    """Make a letter; the same facts again return the existing letter, others make its next version.

    Raises `Refused` (404; 409 where the visit has no dates, or the name was not released to the host).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        if Party.HOST not in readiness.sides(case):
            raise not_found()
        may_proceed(may_fill_in, visit.stands)
        before = await store.newest_letters(tx.session, visit_id, kind)
        number = letters.new_number()
        facts = await _facts(tx.session, case, visit, kind, number, origin)
        if before is not None and facts.stated == before.facts:
            return before
        checklist_before = await readiness.checklist(tx.session, visit)
        moment = clock.now()
        content = letters.letter_content(facts, typesetting.qr(facts.address))
        document = await typesetting.pdf("letter", content, at=moment)
        letter = store.Letter(
            number=number,
            visit_id=visit_id,
            kind=kind,
            version=1 if before is None else before.version + 1,
            start=facts.start,
            end=facts.end,
            facts=facts.stated,
            digest=sha256(document).hexdigest(),
            document=document,
            actor=principal.subject,
            at=moment,
        )
        tx.session.add(letter)
        await preparation.record_progress(tx, case, visit, checklist_before)
        return letter


async def _facts(
    session: AsyncSession, case: Case, visit: Visit, kind: letters.LetterKind, number: str, origin: str
) -> letters.LetterFacts:
    released = (await participation.releases(session, [case.match.id]))[case.match.id]
    identities = (await parties.identities_of(session, [case], {case.match.id: released}))[case.match.id]
    guest = identities.get(case.sides[0])
    if guest is None or not guest.name:
        raise Refused(gettext("The guest's name is not released to you yet."), code=ProblemCode.TOO_EARLY)
    assert visit.start is not None
    assert visit.end is not None
    organisations = {
        organisation.id: organisation
        for organisation in await entries.organisations(
            session, ids={visit.host_organisation_id, case.guest_organisation_id}
        )
    }
    host, agency = organisations.get(visit.host_organisation_id), organisations.get(case.guest_organisation_id)
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
    call = await calls_store.call(session, visit.call_id)
    sheet = (await store.sheets(session, [visit.id]))[visit.id].get(PreparationItem.ARRIVAL)
    arrival = sheet.sheet if sheet is not None else None
    assert arrival is None or isinstance(arrival, Arrival)
    return letters.LetterFacts(
        kind=kind,
        number=number,
        reference=case.application.reference or "",
        made_on=clock.today(),
        host=host.name if host else "",
        unit=offer.entry.unit if offer else "",
        city=(offer.entry.city if offer else "") or (host.city if host and host.city else ""),
        host_country=visit.host_country,
        programme=call.title if call else "",
        title=offer.title if offer else labels.label(case.match.for_),
        guest=guest.name,
        own_name=guest.own_name or "",
        rank=guest.national_rank or "",
        guest_unit=guest.unit or "",
        agency=agency.name if agency else "",
        country=visit.country,
        start=visit.start,
        end=visit.end,
        days=len(visit.dates),
        arrival=_arrival_words(arrival),
        signed_by=arrival.contact_name if arrival else "",
        pays=await _payments(session, visit, offer),
        address=f"{origin}/applications/verify-letter/{number}",
    )


def _arrival_words(sheet: Arrival | None) -> str:
    if sheet is None:
        return ""
    words = {"place": " ".join(sheet.place.split()), "at": sheet.at.strftime("%H:%M"), "who": sheet.contact_name}
    return gettext("%(place)s, at %(at)s. Ask for %(who)s") % words


async def _payments(
    session: AsyncSession, visit: Visit, offer: placements_store.Offer | None
) -> tuple[tuple[str, str], ...]:
    """Return who pays what: the planned lines by payer; without any, what the host bears by the placement."""
    found: dict[str, list[str]] = {}
    for line in (await store.costs(session, [visit.id])).get(visit.id, []):
        words = f"{labels.label(line.line.item)} ({line.planned:,.2f} {line.currency})"
        found.setdefault(labels.label(line.line.payer), []).append(words)
    if not found and offer is not None and offer.entry.costs_borne:
        found[labels.label(Party.HOST)] = [labels.label(cost_borne) for cost_borne in offer.entry.costs_borne]
    return tuple((payer, ", ".join(what)) for payer, what in found.items())


async def read(
    bus: Bus, principal: Principal, visit_id: UUID, kind: letters.LetterKind, version: int | None = None
) -> LetterFile:
    """Return a letter as PDF, the newest or the given version; each access is logged. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        case, _ = await parties.case_of_visit(tx.session, principal, visit_id)
        letter = None
        if READERS[PreparationItem.INVITATION] & readiness.sides(case):
            letter = await store.newest_letters(tx.session, visit_id, kind, version)
        if letter is None:
            raise not_found()
        guest = await entries.person(tx.session, case.guest_subject)
        await log_access(
            tx.session,
            caller=principal.subject,
            what="letter",
            audience="applicant",
            case_id=str(case.application.id),
            purpose="preparation",
            people=[] if guest is None else [guest.id],
        )
        name = f"{case.application.reference or letter.number}-{letter.kind}-{letter.version}.pdf"
        return LetterFile(name, letter.document)


@dataclass(frozen=True, slots=True)
class CheckedLetter:
    """The answer to a check of a letter's number: only what the letter itself says, and no name."""

    letter: store.Letter
    standing: letters.LetterValidity
    host: str
    host_country: str


async def check(session: AsyncSession, number: str) -> CheckedLetter | None:
    """Return a letter by its number; None where there is none."""
    letter = await store.letter(session, number)
    visit = None if letter is None else await visits_store.visit(session, letter.visit_id)
    if letter is None or visit is None:
        return None
    newest = await store.newest_letters(session, letter.visit_id, letter.kind)
    validity = letters.validity(
        newest=newest is not None and newest.number == number,
        same_dates=(letter.start, letter.end) == (visit.start, visit.end),
        visit=VisitState(visit.state),
    )
    return CheckedLetter(letter, validity, letter.facts.host, visit.host_country)
