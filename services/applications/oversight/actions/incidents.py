"""How is an incident reported, read by those chosen for it, and followed up? Each look stands in the access log.

No event: whom it concerns hears of it on the own first page, and nobody else learns that there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.access_log import log_access
from services.applications.counters import next_number
from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.oversight import model
from services.applications.oversight.store import incidents as store
from services.applications.refusals import may_proceed, not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.codes import UNION, MatchState, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_clear
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx
    from shared.identity import Principal

_LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class View:
    """A report for one person: whether it is the own one, or one to handle; `notes` are for those who handle it."""

    incident: store.Incident
    own: bool
    handles: bool
    notes: list[store.Note]


def _handles(principal: Principal, one: store.Incident) -> bool:
    """Whether somebody was chosen to read it. Whoever reported it does not handle it."""
    if one.reporter == principal.subject:
        return False
    country = model.Reader.COUNTRY in one.read_by and may_clear(principal, one.country, one.organisation_id)
    programme = model.Reader.PROGRAMME in one.read_by and principal.has(Role.PROGRAMME_COORDINATOR)
    protection = model.Reader.DATA_PROTECTION in one.read_by and principal.has(Role.DATA_PROTECTION_OFFICER)
    return country or programme or protection


async def may_report(session: AsyncSession, principal: Principal, match_id: UUID) -> parties.Case:
    """The case that somebody may report about: a match that was confirmed. Raises `Refused` (404)."""
    case = await parties.case_of_match(session, principal, match_id)
    case.acts_as(*model.REPORTING)
    came = await visits_store.of_matches(session, [match_id]) or await mentorships.of_matches(session, [match_id])
    if case.match.stands is not MatchState.CONFIRMED and not came:
        raise not_found()
    return case


async def report(
    bus: Bus,
    principal: Principal,
    match_id: UUID,
    category: model.Category,
    text: str,
    readers: Sequence[model.Reader],
    happened_on: date | None = None,
) -> store.Incident:
    """Report an incident of a visit or mentorship to those chosen. The same again gives the report that is there.

    Raises `Refused` (404, 422 with the fields).
    """
    async with bus.transaction(principal.subject) as tx:
        case = await may_report(tx.session, principal, match_id)
        await parties.case_of_match(tx.session, principal, match_id, lock=True)
        party = case.acts_as(*model.REPORTING)
        problems = model.wrong(text, happened_on, readers, clock.today())
        if problems:
            raise Refused(next(iter(problems.values())), 422, problems)
        text = text.strip()
        before = await store.same(tx.session, match_id, principal.subject, category, text)
        if before is not None:
            return before
        home, moment = model.of_home(party), clock.now()
        visit = (await visits_store.of_matches(tx.session, [match_id])).get(match_id)
        pair = (await mentorships.of_matches(tx.session, [match_id])).get(match_id)
        number = await next_number(tx.session, f"incident-{moment.year}")
        made = store.Incident(
            id=new_id(),
            reference=f"IR-{moment.year}-{number:04}",
            match_id=match_id,
            application_id=case.match.application_id,
            visit_id=visit.id if visit is not None else None,
            mentorship_id=pair.id if pair is not None else None,
            party=party,
            reporter=principal.subject,
            country=case.match.country if home else case.match.host_country,
            organisation_id=case.match.organisation_id if home else case.match.host_organisation_id,
            category=category,
            happened_on=happened_on,
            text=text,
            readers=sorted({one.value for one in readers}),
            since=moment,
            reported_at=moment,
        )
        tx.session.add(made)
        await tx.changed("incidents")
        return made


async def listed(session: AsyncSession, principal: Principal) -> list[store.Incident]:
    """What somebody reported, or is to handle: what waits first, then what is followed up, then what is closed."""
    among = []
    if principal.has(Role.PROGRAMME_COORDINATOR):
        among.append(store.to(model.Reader.PROGRAMME))
    if principal.has(Role.DATA_PROTECTION_OFFICER):
        among.append(store.to(model.Reader.DATA_PROTECTION))
    if principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER):
        countries = sorted(principal.countries(Role.NATIONAL_COORDINATOR))
        agencies = [UUID(one) for one in sorted(principal.organisations(Role.CLEARANCE_OFFICER))]
        among.append(store.to_country(countries, agencies, UNION))
    found = {one.id: one for one in await store.read_by(session, among)} if among else {}
    found |= {one.id: one for one in await store.of_reporter(session, principal.subject)}
    order = list(model.IncidentState)
    return sorted(found.values(), key=lambda one: (order.index(one.stands), one.id))


async def waiting(session: AsyncSession, principal: Principal) -> int:
    """How many reports wait for somebody to acknowledge them."""
    found = await listed(session, principal)
    return sum(one.stands is model.IncidentState.REPORTED and _handles(principal, one) for one in found)


async def look(bus: Bus, principal: Principal, incident_id: UUID) -> View:
    """Read a report; each look of those who handle it is noted. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        one, handles = await _found(tx, principal, incident_id)
        if handles:
            person = await entries.person(tx.session, one.reporter)
            await log_access(
                tx.session,
                caller=principal.subject,
                what="incident",
                audience="incident_reader",
                case_id=str(one.application_id),
                purpose=one.reference,
                people=[] if person is None else [person.id],
            )
        noted = await store.notes(tx.session, incident_id) if handles else []
        return View(one, one.reporter == principal.subject, handles, noted)


async def _found(tx: Tx, principal: Principal, incident_id: UUID, *, lock: bool = False) -> tuple[store.Incident, bool]:
    one = await store.incident(tx.session, incident_id, lock=lock)
    if one is None:
        raise not_found()
    handles = _handles(principal, one)
    if not handles and one.reporter != principal.subject:
        raise not_found()
    return one, handles


async def _handled(tx: Tx, principal: Principal, incident_id: UUID) -> store.Incident:
    """A report that somebody handles, locked. Raises `Refused` (404)."""
    one, handles = await _found(tx, principal, incident_id, lock=True)
    if not handles:
        raise not_found()
    return one


async def acknowledge(bus: Bus, principal: Principal, incident_id: UUID) -> store.Incident:
    """Say that the report was read and is followed up. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await _handled(tx, principal, incident_id)
        if may_proceed(model.may_acknowledge, one.stands):
            one.state, one.since = model.IncidentState.ACKNOWLEDGED, clock.now()
            await tx.changed("incidents")
        return one


async def note(bus: Bus, principal: Principal, incident_id: UUID, text: str) -> store.Incident:
    """Note what was done or found, for those who handle it. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        one = await _handled(tx, principal, incident_id)
        may_proceed(model.may_follow_up, one.stands)
        text = _written(text, gettext("Write the note."))
        noted = await store.notes(tx.session, incident_id)
        if not noted or (noted[-1].text, noted[-1].actor) != (text, principal.subject):
            made = store.Note(id=new_id(), incident_id=incident_id, text=text, actor=principal.subject, at=clock.now())
            tx.session.add(made)
            await tx.changed("incidents")
        return one


async def close(bus: Bus, principal: Principal, incident_id: UUID, answer: str) -> store.Incident:
    """Close it, with what whoever reported it is told. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        one = await _handled(tx, principal, incident_id)
        if may_proceed(model.may_close, one.stands):
            one.answer = _written(answer, gettext("Write what the person who reported it is told."))
            one.state, one.since = model.IncidentState.CLOSED, clock.now()
            await tx.changed("incidents")
        return one


def _written(text: str, sentence: str) -> str:
    text = text.strip()
    if not text or len(text) > _LONGEST_NOTE:
        raise Refused(sentence, 422, {"text": sentence})
    return text
