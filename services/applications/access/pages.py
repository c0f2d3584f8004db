"""Show and process the yearly confirmation, deputies, and the confirmation of an address."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.access.actions import addresses, deputies, yearly_confirmation
from services.applications.access.forms import DeputyForm
from services.applications.forms import submit_form
from services.applications.guards import Decider, Holder
from services.applications.parameters import REGISTER, BusDep, Portal, address_seal
from services.applications.refusals import not_found
from services.applications.register.forms import set_choices
from services.applications.register.views import confirmation, words
from services.applications.register.views import deputies as deputy_views
from services.applications.register.views.deputies import Deputy, DeputyOffices
from services.applications.register.views.entries import Person
from services.applications.settings import Settings
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal, public, signed_in
from shared.ids import read_id
from shared.time import clock
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)

DEPUTIES, PEOPLE = f"{REGISTER}/deputies", f"{REGISTER}/people"


@router.get(f"{REGISTER}/access")
async def to_confirm(
    request: Request,
    principal: Decider,
    bus: BusDep,
    settings: Portal,
    all: str = "",  # noqa: A002 - the word in the address
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the people whose access is to be confirmed, oldest first; with `all` everybody."""
    return await _access_page(request, principal, bus, settings, every=bool(all), page=page)


async def _access_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    settings: Settings,
    *,
    every: bool = False,
    page: int = 1,
    status: int = 200,
    problem: str = "",
) -> Response:
    async with bus.read() as session:
        shown = await confirmation.access_list(session, principal, settings, every=every, page=page)
    return render(
        request,
        "access/access.html",
        status,
        rows=shown.rows,
        total=shown.total,
        page=page,
        every=every,
        problem=problem,
        times=shown.times,
        done=request.query_params.get("done", ""),
        left=request.query_params.get("left", ""),
    )


@router.post(f"{REGISTER}/access")
async def confirm(request: Request, principal: Decider, bus: BusDep, settings: Portal) -> Response:
    """Confirm the access of the selected people."""
    sent = (await request.form()).getlist("person")
    ids = [person_id for text in sent if isinstance(text, str) and (person_id := read_id(text)) is not None]
    every = bool(request.query_params.get("all"))
    try:
        result = await yearly_confirmation.confirm(bus, principal, ids)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        return await _access_page(request, principal, bus, settings, every=every, status=422, problem=refused.detail)
    counts = f"done={len(result.confirmed)}&left={len(result.left)}"
    return see_other(f"{REGISTER}/access?{counts}" + ("&all=1" if every else ""))


@router.post(f"{PEOPLE}/{{person_id}}/address")
async def send_address_mail(person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Send the mail by which the person confirms the address again."""
    await addresses.send_mail_to(bus, principal, person_id)
    return see_other(f"{PEOPLE}/{person_id}?done=asked")


@router.post(f"{PEOPLE}/{{person_id}}/confirm")
async def confirm_person(person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Confirm this person's access for another year."""
    result = await yearly_confirmation.confirm(bus, principal, [person_id])
    if not result.confirmed and not result.left:
        raise not_found()
    if result.left:
        raise Refused(
            gettext("Somebody else confirms this access: nobody confirms the own one."),
            code=ProblemCode.SECOND_PERSON_NEEDED,
        )
    return see_other(f"{PEOPLE}/{person_id}?done=confirmed")


@router.get(DEPUTIES)
async def show_deputies(request: Request, principal: Holder, bus: BusDep, person: str = "") -> Response:
    """Show the reader's deputies and those for whom the reader stands in, with a form to name a deputy."""
    form = DeputyForm(data={"since": clock.today()})
    offices = await _offices(form, principal, bus, read_id(person))
    return await _deputies_page(request, principal, bus, form, offices)


async def _deputies_page(
    request: Request, principal: Principal, bus: Bus, form: DeputyForm, offices: DeputyOffices, status: int = 200
) -> Response:
    async with bus.read() as session:
        shown = await deputy_views.deputies(session, offices.holder.subject)
    return render(
        request,
        "access/deputies.html",
        status,
        form_=form,
        holder=offices.holder,
        own=offices.holder.subject == principal.subject,
        offices=offices.offices,
        deputies=shown.deputies,
        for_others=shown.stands_in_for,
        register_words=words,
        today=clock.today(),
        done=request.query_params.get("done"),
    )


async def _offices(form: DeputyForm, principal: Principal, bus: Bus, holder_id: UUID | None) -> DeputyOffices:
    """Return the offices for which a deputy can be named, and offer them and the candidates in the form."""
    async with bus.read() as session:
        offices = await deputy_views.deputy_offices(session, principal, holder_id)
    roles = [(role.value, labels.role(role)) for role in offices.roles]
    set_choices(form.role, roles, blank=N_("Choose one") if len(roles) > 1 else None)
    candidates = [(str(person.id), _candidate(person, offices)) for person in offices.candidates]
    set_choices(form.deputy, candidates, blank=N_("Choose one"))
    return offices


def _candidate(person: Person, offices: DeputyOffices) -> str:
    organisation = offices.organisations.get(str(person.organisation_id))
    return f"{person.name} ({organisation})" if organisation is not None else person.name


@router.post(DEPUTIES)
async def name_deputy(request: Request, principal: Holder, bus: BusDep, person: str = "") -> Response:
    """Name a deputy."""
    holder_id, form = read_id(person), await DeputyForm.read(request)
    offices = await _offices(form, principal, bus, holder_id)

    async def act() -> Deputy:
        assert form.since.data is not None
        return await deputies.appoint_deputy(
            bus,
            principal,
            deputy_id=UUID(form.deputy.data),
            role=Role(form.role.data),
            since=form.since.data,
            until=form.until.data,
            holder_id=holder_id,
        )

    if status := await submit_form(form, act):
        return await _deputies_page(request, principal, bus, form, offices, status)
    return see_other(_deputies_at(holder_id, "named"))


def _deputies_at(holder_id: UUID | None, done: str) -> str:
    return f"{DEPUTIES}?done={done}" + (f"&person={holder_id}" if holder_id else "")


@router.post(f"{DEPUTIES}/end")
async def end_deputy(request: Request, principal: Holder, bus: BusDep, person: str = "") -> Response:
    """End a deputy early."""
    sent = await request.form()
    deputy_text, _, rest = str(sent.get("deputy", "")).partition(":")
    role, _, since = rest.partition(":")
    deputy_id = read_id(deputy_text)
    try:
        since_day, office = date.fromisoformat(since), Role(role)
    except ValueError:
        deputy_id = None
    if deputy_id is None:
        raise Refused(gettext("There is no such deputy any more."), 404)
    await deputies.end(bus, principal, deputy_id=deputy_id, role=office, since=since_day)
    return see_other(_deputies_at(read_id(person), "ended"))


@router.post("/applications/account/address")
async def ask_own(principal: Annotated[Principal, Depends(signed_in())], bus: BusDep) -> Response:
    """Send the mail to the reader's own address again."""
    await addresses.send_own_mail(bus, principal)
    return see_other("/applications/account?done=asked")


@router.get("/applications/address/{token}")
async def ask_address(
    request: Request, token: str, _: Annotated[Principal | None, Depends(public())], bus: BusDep
) -> Response:
    """Show a button by which the owner confirms, as a mail scanner that opens the link must confirm nothing."""
    async with bus.read() as session:
        link = await addresses.link_of(session, address_seal(request), token)
    return render(request, "access/address.html", link=link, open=link.open, problem="")


@router.post("/applications/address/{token}")
async def confirm_address(
    request: Request, token: str, _: Annotated[Principal | None, Depends(public())], bus: BusDep
) -> Response:
    """Confirm the address."""
    seal, problem = address_seal(request), ""
    try:
        await addresses.confirm(bus, seal, token)
    except Refused as refused:
        if refused.status_code != 409:
            raise
        problem = refused.detail
    async with bus.read() as session:
        link = await addresses.link_of(session, seal, token)
    return render(request, "access/address.html", 409 if problem else 200, link=link, open=False, problem=problem)
