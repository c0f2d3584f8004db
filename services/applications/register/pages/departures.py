"""What does a coordinator do when somebody leaves or moves? What is open is shown first."""

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
from services.applications.register.forms import LeaveForm, TransferForm, choose
from services.applications.register.model.grants import PROGRAMME_WIDE, to_come
from services.applications.register.model.proposals import Leave, Transfer
from services.applications.register.pages.common import saves, went
from services.applications.register.store import entries, people
from services.applications.register.views import words
from services.applications.register.views.scope import decides, scope_of, seen_person
from shared.bus import Bus
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.time import clock

router = APIRouter(prefix=f"{REGISTER}/people", include_in_schema=False)
AT = f"{REGISTER}/people"


@dataclass(frozen=True, slots=True)
class _Open:
    """What is shown before somebody leaves."""

    person: entries.Person
    matters: list[handover.Matter]
    offices: list[dict[str, Any]]
    grants: tuple[Any, ...]


async def _open(bus: Bus, principal: Principal, person_id: UUID) -> _Open:
    async with bus.read() as session:
        one = await seen_person(session, principal, person_id)
        grants = (await people.grants(session, [one.subject])).get(one.subject, ())
        offices = await handover.offices_of(session, one, grants)
        names = await words.organisation_names(session, [office.grant for office in offices])
        return _Open(
            one,
            await handover.of_person(session, one),
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
    request: Request, principal: Principal, bus: Bus, found: _Open, form: LeaveForm, status: int = 200
) -> Response:
    await _successors(form, principal, bus, found)
    if decides(principal):
        form.without_note()
    return form_page(
        request,
        form,
        status,
        title=gettext("%(name)s leaves") % {"name": found.person.name},
        caption=labels.country(found.person.country),
        back=f"{AT}/{found.person.id}",
        button=gettext("End the access") if decides(principal) else saves(decides=False),
        text=gettext("All roles end with the last day, and so do those of deputies. The history stays."),
        version=found.person.version,
        warning=decides(principal),
        matters=found.matters,
        offices=found.offices,
    )


async def _successors(form: LeaveForm, principal: Principal, bus: Bus, found: _Open) -> None:
    """Who can take over: the people of the same country or organisation whom the reader sees."""
    if "successor" not in form:
        return
    if not found.offices:
        del form.successor
        return
    organisations = {office["grant"].organisation_id for office in found.offices} - {None}
    seen = scope_of(principal)
    async with bus.read() as session:
        near = people.RegisterScope(frozenset({found.person.country or ""}), frozenset())
        among = [
            one
            for one in await people.choosable(session, near)
            if one.subject != found.person.subject
            and seen.covers(one.country, one.organisation_id)
            and (not organisations or one.organisation_id in organisations)
        ]
    choose(form.successor, [(str(one.id), one.name) for one in among], blank=N_("Nobody"))


@router.get("/{person_id}/leave")
async def ask_leave(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """What is open, and from when on the access ends."""
    return await _leave_page(request, principal, bus, await _open(bus, principal, person_id), LeaveForm())


@router.post("/{person_id}/leave")
async def leave(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """End the access, or propose that."""
    found, form = await _open(bus, principal, person_id), await LeaveForm.read(request)
    await _successors(form, principal, bus, found)
    if not form.validate():
        return await _leave_page(request, principal, bus, found, form, 422)
    successor = None
    if "successor" in form and form.successor.data:
        async with bus.read() as session:
            taken = await seen_person(session, principal, UUID(form.successor.data))
        successor = taken.subject
    change = Leave(subject=found.person.subject, last_day=form.last_day.data, successor=successor)
    try:
        submitted = await proposals.submit(
            bus, principal, change, version=await version_of(request), note_=form.note.data or ""
        )
    except Refused as refused:
        refuse(form, refused)
        return await _leave_page(request, principal, bus, found, form, refused.status_code)
    return went(submitted, AT)


async def _transfer_page(
    request: Request, principal: Principal, bus: Bus, found: _Open, form: TransferForm, status: int = 200
) -> Response:
    await _targets(form, bus, found)
    if decides(principal):
        form.without_note()
    stay = [grant for grant in to_come(found.grants, clock.today()) if grant.role in PROGRAMME_WIDE]
    return form_page(
        request,
        form,
        status,
        title=gettext("%(name)s moves to another organisation") % {"name": found.person.name},
        caption=labels.country(found.person.country),
        back=f"{AT}/{found.person.id}",
        button=saves(decides(principal)),
        text=gettext(
            "The person stays the same, with the own applications and history. Roles in the old organisation end the"
            " day before; an officer or mentor is the same in the new one, an office is given anew there."
        )
        + (" " + gettext("Programme-wide roles stay.") if stay else ""),
        version=found.person.version,
        matters=found.matters,
        offices=found.offices,
    )


async def _targets(form: TransferForm, bus: Bus, found: _Open) -> None:
    """Any organisation that takes part: somebody may move to another country."""
    async with bus.read() as session:
        bodies = await entries.organisations(session)
    shown = [
        (str(body.id), f"{body.name} ({labels.country(body.country)})")
        for body in sorted(bodies, key=lambda one: (one.country != found.person.country, one.country, one.name))
        if body.active and body.id != found.person.organisation_id
    ]
    choose(form.organisation_id, shown, blank=N_("Choose one"))


@router.get("/{person_id}/transfer")
async def ask_transfer(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """What is open, and where the person goes from when on."""
    return await _transfer_page(request, principal, bus, await _open(bus, principal, person_id), TransferForm())


@router.post("/{person_id}/transfer")
async def transfer(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Move the person, or propose that."""
    found, form = await _open(bus, principal, person_id), await TransferForm.read(request)
    await _targets(form, bus, found)
    if not form.validate():
        return await _transfer_page(request, principal, bus, found, form, 422)
    change = Transfer(subject=found.person.subject, organisation_id=UUID(form.organisation_id.data), day=form.day.data)
    try:
        submitted = await proposals.submit(
            bus, principal, change, version=await version_of(request), note_=form.note.data or ""
        )
    except Refused as refused:
        refuse(form, refused)
        return await _transfer_page(request, principal, bus, found, form, refused.status_code)
    return went(submitted, AT)
