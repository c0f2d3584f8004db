"""Report an incident, read it as one of its chosen readers, and follow it up.

Each look is in the access log. There is no event: readers learn of a report on their first page, and nobody else learns
that it exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.access_log import log_access
from services.applications.counters import next_number, this_year
from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.oversight import model
from services.applications.oversight.store import incidents as store
from services.applications.oversight.views.incidents import (
    Incident,
    IncidentReport,
    incident_view,
    may_handle,
    may_report,
    report_view,
)
from services.applications.refusals import may_proceed, not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from shared.bus import Bus, Tx
    from shared.identity import Principal

_LONGEST_NOTE = 2000


async def report(
    bus: Bus,
    principal: Principal,
    match_id: UUID,
    category: model.Category,
    text: str,
    readers: Sequence[model.Reader],
    happened_on: date | None = None,
) -> Incident:
    """Report an incident of a visit or mentorship. Reporting the same again returns the existing report.

    Raises `Refused` (404, 422 by field).
    """
    async with bus.transaction(principal.subject) as tx:
        case = await may_report(tx.session, principal, match_id)
        await parties.case_of_match(tx.session, principal, match_id, lock=True)
        party = case.acts_as(*model.REPORTING)
        problems = model.wrong(text, happened_on, readers, clock.today())
        if problems:
            raise Refused(next(iter(problems.values())), 422, problems)
        text = text.strip()
        existing = await store.same(tx.session, match_id, principal.subject, category, text)
        if existing is not None:
            return incident_view(existing, principal)
        home, moment = model.of_home(party), clock.now()
        visit = (await visits_store.of_matches(tx.session, [match_id])).get(match_id)
        mentorship = (await mentorships.of_matches(tx.session, [match_id])).get(match_id)
        year = this_year()
        number = await next_number(tx.session, f"incident-{year}")
        incident = store.Incident(
            id=new_id(),
            reference=f"IR-{year}-{number:04}",
            match_id=match_id,
            application_id=case.match.application_id,
            visit_id=visit.id if visit is not None else None,
            mentorship_id=mentorship.id if mentorship is not None else None,
            party=party,
            reporter=principal.subject,
            country=case.match.country if home else case.match.host_country,
            organisation_id=case.match.organisation_id if home else case.match.host_organisation_id,
            category=category,
            happened_on=happened_on,
            text=text,
            readers=sorted({reader.value for reader in readers}),
            since=moment,
            reported_at=moment,
        )
        tx.session.add(incident)
        await tx.changed("incidents")
        return incident_view(incident, principal)


async def look(bus: Bus, principal: Principal, incident_id: UUID) -> IncidentReport:
    """Read a report; each look of a handler is logged. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        incident, handles = await _visible(tx, principal, incident_id)
        if handles:
            person = await entries.person(tx.session, incident.reporter)
            await log_access(
                tx.session,
                caller=principal.subject,
                what="incident",
                audience="incident_reader",
                case_id=str(incident.application_id),
                purpose=incident.reference,
                people=[] if person is None else [person.id],
            )
        notes = await store.notes(tx.session, incident_id) if handles else []
        return report_view(incident, principal, notes, handles=handles)


async def _visible(
    tx: Tx, principal: Principal, incident_id: UUID, *, lock: bool = False
) -> tuple[store.Incident, bool]:
    incident = await store.incident(tx.session, incident_id, lock=lock)
    if incident is None:
        raise not_found()
    handles = may_handle(principal, incident)
    if not handles and incident.reporter != principal.subject:
        raise not_found()
    return incident, handles


async def _to_handle(tx: Tx, principal: Principal, incident_id: UUID) -> store.Incident:
    """Return the report, locked, that the principal handles. Raises `Refused` (404)."""
    incident, handles = await _visible(tx, principal, incident_id, lock=True)
    if not handles:
        raise not_found()
    return incident


async def acknowledge(bus: Bus, principal: Principal, incident_id: UUID) -> Incident:
    """Acknowledge that the report was read and is followed up. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        incident = await _to_handle(tx, principal, incident_id)
        if may_proceed(model.may_acknowledge, incident.stands):
            incident.state, incident.since = model.IncidentState.ACKNOWLEDGED, clock.now()
            await tx.changed("incidents")
        return incident_view(incident, principal)


async def note(bus: Bus, principal: Principal, incident_id: UUID, text: str) -> Incident:
    """Note what was done or found, for the handlers. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        incident = await _to_handle(tx, principal, incident_id)
        may_proceed(model.may_follow_up, incident.stands)
        text = _checked_text(text, gettext("Enter the note."))
        notes = await store.notes(tx.session, incident_id)
        if not notes or (notes[-1].text, notes[-1].actor) != (text, principal.subject):
            new_note = store.Note(
                id=new_id(), incident_id=incident_id, text=text, actor=principal.subject, at=clock.now()
            )
            tx.session.add(new_note)
            await tx.changed("incidents")
        return incident_view(incident, principal)


async def close(bus: Bus, principal: Principal, incident_id: UUID, answer: str) -> Incident:
    """Close a report with an answer to the reporter. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        incident = await _to_handle(tx, principal, incident_id)
        if may_proceed(model.may_close, incident.stands):
            incident.answer = _checked_text(answer, gettext("Enter the answer for the person who reported it."))
            incident.state, incident.since = model.IncidentState.CLOSED, clock.now()
            await tx.changed("incidents")
        return incident_view(incident, principal)


def _checked_text(text: str, sentence: str) -> str:
    text = text.strip()
    if not text or len(text) > _LONGEST_NOTE:
        raise Refused(sentence, 422, {"text": sentence})
    return text
