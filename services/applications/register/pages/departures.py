"""Show and process the pages on which a person leaves or moves, with the open matters first."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import refuse, version_of
from services.applications.guards import Decider
from services.applications.overview.views import handover
from services.applications.pages import form_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals
from services.applications.register.forms import LeaveForm, TransferForm, set_choices
from services.applications.register.model.grants import PROGRAMME_WIDE, current_or_future
from services.applications.register.model.proposals import Leave, Transfer
from services.applications.register.pages.common import save_button, submitted_response
from services.applications.register.store import entries, people
from services.applications.register.views import words
from services.applications.register.views.scope import decides, scope_of, visible_person
from shared.bus import Bus
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.time import clock

router = APIRouter(prefix=f"{REGISTER}/people", include_in_schema=False)
AT = f"{REGISTER}/people"


@dataclass(frozen=True, slots=True)
class _OpenMatters:
    """A person with open matters, shown before he or she leaves or moves."""

    person: entries.Person
    matters: list[handover.Matter]
    offices: list[dict[str, Any]]
    grants: tuple[Any, ...]


async def _open_matters(bus: Bus, principal: Principal, person_id: UUID) -> _OpenMatters:
    async with bus.read() as session:
        person = await visible_person(session, principal, person_id)
        grants = (await people.grants(session, [person.subject])).get(person.subject, ())
        offices = await handover.offices_of(session, person, grants)
        names = await words.organisation_names(session, [office.grant for office in offices])
        return _OpenMatters(
            person,
            await handover.of_person(session, person),
            [
                {
                    "grant": office.grant,
                    "others": office.others,
                    "matters": office.matters,
                    "where": names.get(str(office.grant.organisation_id)) or labels.country(office.grant.country),
                }
                for office in offices
            ],
            tuple(grants),
        )


async def _leave_page(
    request: Request, principal: Principal, bus: Bus, before: _OpenMatters, form: LeaveForm, status: int = 200
) -> Response:
    await _offer_successors(form, principal, bus, before)
    if decides(principal):
        form.without_note()
    return form_page(
        request,
        form,
        status,
        title=gettext("%(name)s leaves") % {"name": before.person.name},
        caption=labels.country(before.person.country),
        back=f"{AT}/{before.person.id}",
        button=gettext("End the access") if decides(principal) else save_button(decides=False),
        text=gettext("All roles end with the last day, and so do those of deputies. The history stays."),
        version=before.person.version,
        warning=decides(principal),
        matters=before.matters,
        offices=before.offices,
    )


async def _offer_successors(form: LeaveForm, principal: Principal, bus: Bus, before: _OpenMatters) -> None:
    """Offer people of the same country or organisation whom the reader sees."""
    if "successor" not in form:
        return
    if not before.offices:
        del form.successor
        return
    organisations = {office["grant"].organisation_id for office in before.offices} - {None}
    scope = scope_of(principal)
    async with bus.read() as session:
        nearby = people.RegisterScope(frozenset({before.person.country or ""}), frozenset())
        candidates = [
            person
            for person in await people.choosable(session, nearby)
            if person.subject != before.person.subject
            and scope.covers(person.country, person.organisation_id)
            and (not organisations or person.organisation_id in organisations)
        ]
    set_choices(form.successor, [(str(person.id), person.name) for person in candidates], blank=N_("Nobody"))


@router.get("/{person_id}/leave")
async def ask_leave(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show open matters, and ask for the last day with access."""
    return await _leave_page(request, principal, bus, await _open_matters(bus, principal, person_id), LeaveForm())


@router.post("/{person_id}/leave")
async def leave(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """End the access, or propose that."""
    before, form = await _open_matters(bus, principal, person_id), await LeaveForm.read(request)
    await _offer_successors(form, principal, bus, before)
    if not form.validate():
        return await _leave_page(request, principal, bus, before, form, 422)
    successor = None
    if "successor" in form and form.successor.data:
        async with bus.read() as session:
            successor_person = await visible_person(session, principal, UUID(form.successor.data))
        successor = successor_person.subject
    change = Leave(subject=before.person.subject, last_day=form.last_day.data, successor=successor)
    try:
        submitted = await proposals.submit(
            bus, principal, change, version=await version_of(request), note_=form.note.data or ""
        )
    except Refused as refused:
        refuse(form, refused)
        return await _leave_page(request, principal, bus, before, form, refused.status_code)
    return submitted_response(submitted, AT)


async def _transfer_page(
    request: Request, principal: Principal, bus: Bus, before: _OpenMatters, form: TransferForm, status: int = 200
) -> Response:
    await _offer_organisations(form, bus, before)
    if decides(principal):
        form.without_note()
    programme_wide = [
        grant for grant in current_or_future(before.grants, clock.today()) if grant.role in PROGRAMME_WIDE
    ]
    return form_page(
        request,
        form,
        status,
        title=gettext("%(name)s moves to another organisation") % {"name": before.person.name},
        caption=labels.country(before.person.country),
        back=f"{AT}/{before.person.id}",
        button=save_button(decides(principal)),
        text=gettext(
            "The person stays the same, with the own applications and history. Roles in the old organisation end the"
            " day before; an officer or mentor is the same in the new one, an office is given anew there."
        )
        + (" " + gettext("Programme-wide roles stay.") if programme_wide else ""),
        version=before.person.version,
        matters=before.matters,
        offices=before.offices,
    )


async def _offer_organisations(form: TransferForm, bus: Bus, before: _OpenMatters) -> None:
    """Offer every active organisation, as a person may move to another country."""
    async with bus.read() as session:
        organisations = await entries.organisations(session)
    organisation_options = [
        (str(organisation.id), f"{organisation.name} ({labels.country(organisation.country)})")
        for organisation in sorted(
            organisations,
            key=lambda candidate: (candidate.country != before.person.country, candidate.country, candidate.name),
        )
        if organisation.active and organisation.id != before.person.organisation_id
    ]
    set_choices(form.organisation_id, organisation_options, blank=N_("Choose one"))


@router.get("/{person_id}/transfer")
async def ask_transfer(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show open matters, and ask for the new organisation and the first day there."""
    return await _transfer_page(request, principal, bus, await _open_matters(bus, principal, person_id), TransferForm())


@router.post("/{person_id}/transfer")
async def transfer(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Move the person, or propose that."""
    before, form = await _open_matters(bus, principal, person_id), await TransferForm.read(request)
    await _offer_organisations(form, bus, before)
    if not form.validate():
        return await _transfer_page(request, principal, bus, before, form, 422)
    change = Transfer(subject=before.person.subject, organisation_id=UUID(form.organisation_id.data), day=form.day.data)
    try:
        submitted = await proposals.submit(
            bus, principal, change, version=await version_of(request), note_=form.note.data or ""
        )
    except Refused as refused:
        refuse(form, refused)
        return await _transfer_page(request, principal, bus, before, form, refused.status_code)
    return submitted_response(submitted, AT)
