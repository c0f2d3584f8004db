"""Show and process the pages on which a person leaves or moves, with the open matters first."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import submit_change, version_of
from services.applications.guards import Decider
from services.applications.pages import form_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals
from services.applications.register.forms import LeaveForm, TransferForm, set_choices
from services.applications.register.model.proposals import Leave, Transfer
from services.applications.register.pages.common import save_button, submitted_response
from services.applications.register.views import entries, people
from services.applications.register.views.people import Departure
from services.applications.register.views.proposals import Submission
from services.applications.register.views.scope import decides
from shared.bus import Bus
from shared.contracts import labels
from shared.i18n import N_, gettext
from shared.identity import Principal

router = APIRouter(prefix=f"{REGISTER}/people", include_in_schema=False)
AT = f"{REGISTER}/people"


async def _departure(bus: Bus, principal: Principal, person_id: UUID) -> Departure:
    async with bus.read() as session:
        return await people.departure(session, principal, person_id)


def _page(
    request: Request,
    principal: Principal,
    form: LeaveForm | TransferForm,
    leaving: Departure,
    status: int,
    *,
    title: str,
    button: str,
    text: str,
    warning: bool = False,
) -> Response:
    if decides(principal):
        form.without_note()
    return form_page(
        request,
        form,
        status,
        title=title % {"name": leaving.person.name},
        caption=labels.country(leaving.person.country),
        back=f"{AT}/{leaving.person.id}",
        button=button,
        text=text,
        version=leaving.person.version,
        warning=warning,
        matters=leaving.matters,
        offices=leaving.offices,
    )


def _leave_page(
    request: Request, principal: Principal, leaving: Departure, form: LeaveForm, status: int = 200
) -> Response:
    return _page(
        request,
        principal,
        form,
        leaving,
        status,
        title=gettext("%(name)s leaves"),
        button=gettext("End the access") if decides(principal) else save_button(decides=False),
        text=gettext("All roles end with the last day, and so do those of deputies. The history stays."),
        warning=decides(principal),
    )


async def _offer_successors(form: LeaveForm, principal: Principal, bus: Bus, leaving: Departure) -> None:
    """Offer people of the same country or organisation whom the reader sees, if there is an office."""
    if not leaving.offices:
        del form.successor
        return
    async with bus.read() as session:
        candidates = await people.successors(session, principal, leaving)
    set_choices(form.successor, [(str(person.id), person.name) for person in candidates], blank=N_("Nobody"))


@router.get("/{person_id}/leave")
async def ask_leave(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show open matters, and ask for the last day with access."""
    leaving, form = await _departure(bus, principal, person_id), LeaveForm()
    await _offer_successors(form, principal, bus, leaving)
    return _leave_page(request, principal, leaving, form)


@router.post("/{person_id}/leave")
async def leave(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """End the access, or propose that."""
    leaving, form = await _departure(bus, principal, person_id), await LeaveForm.read(request)
    await _offer_successors(form, principal, bus, leaving)

    async def submit() -> Submission:
        successor = None
        if "successor" in form and form.successor.data:
            async with bus.read() as session:
                successor = (await entries.person(session, principal, UUID(form.successor.data))).subject
        change = Leave(subject=leaving.person.subject, last_day=form.last_day.data, successor=successor)
        return await proposals.submit(
            bus, principal, change, version=await version_of(request), note_=form.note.data or ""
        )

    submitted = await submit_change(form, submit)
    if isinstance(submitted, int):
        return _leave_page(request, principal, leaving, form, submitted)
    return submitted_response(submitted, AT)


def _transfer_page(
    request: Request, principal: Principal, moving: Departure, form: TransferForm, status: int = 200
) -> Response:
    text = gettext(
        "The person stays the same, with the own applications and history. Roles in the old organisation end the"
        " day before; an officer or mentor is the same in the new one, an office is given anew there."
    )
    if moving.keeps_programme_roles:
        text += " " + gettext("Programme-wide roles stay.")
    return _page(
        request,
        principal,
        form,
        moving,
        status,
        title=gettext("%(name)s moves to another organisation"),
        button=save_button(decides(principal)),
        text=text,
    )


async def _offer_organisations(form: TransferForm, bus: Bus, moving: Departure) -> None:
    """Offer every active organisation, as a person may move to another country."""
    async with bus.read() as session:
        organisations = await entries.organisations(session)
    organisation_options = [
        (str(organisation.id), f"{organisation.name} ({labels.country(organisation.country)})")
        for organisation in sorted(
            organisations,
            key=lambda candidate: (candidate.country != moving.person.country, candidate.country, candidate.name),
        )
        if organisation.active and organisation.id != moving.person.organisation_id
    ]
    set_choices(form.organisation_id, organisation_options, blank=N_("Choose one"))


@router.get("/{person_id}/transfer")
async def ask_transfer(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show open matters, and ask for the new organisation and the first day there."""
    moving, form = await _departure(bus, principal, person_id), TransferForm()
    await _offer_organisations(form, bus, moving)
    return _transfer_page(request, principal, moving, form)


@router.post("/{person_id}/transfer")
async def transfer(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Move the person, or propose that."""
    moving, form = await _departure(bus, principal, person_id), await TransferForm.read(request)
    await _offer_organisations(form, bus, moving)

    async def submit() -> Submission:
        change = Transfer(
            subject=moving.person.subject, organisation_id=UUID(form.organisation_id.data), day=form.day.data
        )
        return await proposals.submit(
            bus, principal, change, version=await version_of(request), note_=form.note.data or ""
        )

    submitted = await submit_change(form, submit)
    if isinstance(submitted, int):
        return _transfer_page(request, principal, moving, form, submitted)
    return submitted_response(submitted, AT)
