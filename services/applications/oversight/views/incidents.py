"""Show incident reports to those who made them or were chosen to read them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.oversight import model
from services.applications.oversight.store import incidents as store
from services.applications.refusals import not_found
from services.applications.visits import store as visits_store
from services.applications.waiting import Waiting
from shared.contracts.codes import UNION, MatchState, Party, Role
from shared.i18n import gettext
from shared.identity.scope import may_clear
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader
    from shared.identity import Principal
    from shared.web.paging import PageRequest


class Incident(ReadModel):
    """An incident report in a list, without its text."""

    id: UUID
    reference: Annotated[str, Field(examples=["IR-2026-0001"])]
    category: model.Category
    state: model.IncidentState
    since: Annotated[AwareDatetime, Field(description="When it came into its state.")]
    reported_at: AwareDatetime
    by: Annotated[Party, Field(description="As which party of the match the reporter reported.")]
    own: Annotated[bool, Field(description="The caller reported it.")]


class IncidentNote(ReadModel):
    """A handler's note on a report: actions and findings."""

    text: Annotated[str, Field(examples=["Spoke with the host."])]
    at: AwareDatetime


class IncidentReport(Incident):
    """An incident report for its reporter or one of its chosen readers."""

    match_id: UUID
    visit_id: UUID | None
    mentorship_id: UUID | None
    happened_on: date | None
    text: str
    readers: tuple[model.Reader, ...]
    answer: Annotated[str, Field(description="The answer to the reporter at the end; empty before.", examples=[""])]
    handles: Annotated[bool, Field(description="The caller was chosen to read it and follow it up.")]
    notes: Annotated[tuple[IncidentNote, ...], Field(description="Only for those who handle it; oldest first.")]


def incident_view(row: store.Incident, principal: Principal) -> Incident:
    """Return a report for a list."""
    return Incident(**_listed(row, principal))


def report_view(
    row: store.Incident, principal: Principal, notes: Sequence[store.Note], *, handles: bool
) -> IncidentReport:
    """Return a report with its text; `notes` are for those who handle it."""
    return IncidentReport(
        **_listed(row, principal),
        match_id=row.match_id,
        visit_id=row.visit_id,
        mentorship_id=row.mentorship_id,
        happened_on=row.happened_on,
        text=row.text,
        readers=tuple(row.read_by),
        answer=row.answer,
        handles=handles,
        notes=tuple(IncidentNote(text=note.text, at=note.at) for note in notes),
    )


def _listed(row: store.Incident, principal: Principal) -> dict[str, Any]:
    return {
        "id": row.id,
        "reference": row.reference,
        "category": row.about,
        "state": row.stands,
        "since": row.since,
        "reported_at": row.reported_at,
        "by": Party(row.party),
        "own": row.reporter == principal.subject,
    }


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


def _readable(principal: Principal) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for reports that a person was chosen to read."""
    conditions = []
    if principal.has(Role.PROGRAMME_COORDINATOR):
        conditions.append(store.to(model.Reader.PROGRAMME))
    if principal.has(Role.DATA_PROTECTION_OFFICER):
        conditions.append(store.to(model.Reader.DATA_PROTECTION))
    if principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER):
        countries = sorted(principal.countries(Role.NATIONAL_COORDINATOR))
        agencies = [UUID(agency) for agency in sorted(principal.organisations(Role.CLEARANCE_OFFICER))]
        conditions.append(store.to_country(countries, agencies, UNION))
    return conditions


async def _visible(session: AsyncSession, principal: Principal) -> list[store.Incident]:
    conditions = _readable(principal)
    by_id = {row.id: row for row in await store.read_by(session, conditions)} if conditions else {}
    by_id |= {row.id: row for row in await store.of_reporter(session, principal.subject)}
    order = list(model.IncidentState)
    return sorted(by_id.values(), key=lambda row: (order.index(row.stands), row.id))


async def visible_incidents(session: AsyncSession, principal: Principal) -> list[Incident]:
    """Return the reports that a person made or may handle: reported ones first, then acknowledged, then closed."""
    return [incident_view(row, principal) for row in await _visible(session, principal)]


async def incidents_page(session: AsyncSession, principal: Principal, request: PageRequest) -> Page[Incident]:
    """Return one page of the reports that a person made or may handle, newest first."""
    rows = await store.visible_page(session, _readable(principal), principal.subject, request)
    return page_of(rows, request, Incident, lambda row: incident_view(row, principal), lambda row: [row.id])


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the reports that wait for the reader to acknowledge them."""
    return [
        Waiting(
            gettext("Incident report %(reference)s") % {"reference": incident.reference},
            gettext("Acknowledge report"),
            f"/applications/incidents/{incident.id}",
            urgent=True,
        )
        for incident in await _visible(session, reader.principal)
        if incident.stands is model.IncidentState.REPORTED and may_handle(reader.principal, incident)
    ]
