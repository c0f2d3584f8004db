"""Show incident reports to those who made them or were chosen to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.oversight import model
from services.applications.oversight.store import incidents as store
from services.applications.refusals import not_found
from services.applications.visits import store as visits_store
from services.applications.waiting import counted
from shared.contracts.codes import UNION, MatchState, Role
from shared.i18n import ngettext
from shared.identity.scope import may_clear

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader, Waiting
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class IncidentView:
    """A report for one reader: whether it is the reader's own or to handle; `notes` are for handlers."""

    incident: store.Incident
    own: bool
    handles: bool
    notes: list[store.Note]


def may_handle(principal: Principal, incident: store.Incident) -> bool:
    """Return whether a person was chosen to read the report; its reporter does not handle it."""
    if incident.reporter == principal.subject:
        return False
    country = model.Reader.COUNTRY in incident.read_by and may_clear(
        principal, incident.country, incident.organisation_id
    )
    programme = model.Reader.PROGRAMME in incident.read_by and principal.has(Role.PROGRAMME_COORDINATOR)
    protection = model.Reader.DATA_PROTECTION in incident.read_by and principal.has(Role.DATA_PROTECTION_OFFICER)
    return country or programme or protection


async def may_report(session: AsyncSession, principal: Principal, match_id: UUID) -> parties.Case:
    """Return the case that a person may report about: a confirmed match. Raises `Refused` (404)."""
    case = await parties.case_of_match(session, principal, match_id)
    case.acts_as(*model.REPORTING)
    has_visit_or_mentorship = await visits_store.of_matches(session, [match_id]) or await mentorships.of_matches(
        session, [match_id]
    )
    if case.match.stands is not MatchState.CONFIRMED and not has_visit_or_mentorship:
        raise not_found()
    return case


async def visible_incidents(session: AsyncSession, principal: Principal) -> list[store.Incident]:
    """Return what a person reported or may handle: reported ones first, then acknowledged, then closed."""
    conditions = []
    if principal.has(Role.PROGRAMME_COORDINATOR):
        conditions.append(store.to(model.Reader.PROGRAMME))
    if principal.has(Role.DATA_PROTECTION_OFFICER):
        conditions.append(store.to(model.Reader.DATA_PROTECTION))
    if principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER):
        countries = sorted(principal.countries(Role.NATIONAL_COORDINATOR))
        agencies = [UUID(item) for item in sorted(principal.organisations(Role.CLEARANCE_OFFICER))]
        conditions.append(store.to_country(countries, agencies, UNION))
    by_id = {item.id: item for item in await store.read_by(session, conditions)} if conditions else {}
    by_id |= {item.id: item for item in await store.of_reporter(session, principal.subject)}
    order = list(model.IncidentState)
    return sorted(by_id.values(), key=lambda item: (order.index(item.stands), item.id))


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the reports that wait for the reader to acknowledge them."""
    count = sum(
        incident.stands is model.IncidentState.REPORTED and may_handle(reader.principal, incident)
        for incident in await visible_incidents(session, reader.principal)
    )
    name = ngettext("incident report waits for you", "incident reports wait for you", count)
    return counted(count, name, "/applications/incidents?state=reported")
