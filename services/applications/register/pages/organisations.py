"""List, show and change organisations."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.display import country_filter, tag
from services.applications.forms import refuse, version_of
from services.applications.guards import Decider
from services.applications.overview.views import handover
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.refusals import unreadable
from services.applications.register.actions import proposals
from services.applications.register.actions.entries import organisation_entry, organisation_json
from services.applications.register.forms import OrganisationForm, WordForm, countries_of
from services.applications.register.model import OrganisationEntry
from services.applications.register.model.proposals import OrganisationChange
from services.applications.register.pages.common import entry_form_page, save_button, submitted_response
from services.applications.register.store import people
from services.applications.register.store import proposals as proposed
from services.applications.register.store.history import history
from services.applications.register.views import words
from services.applications.register.views.scope import decides, scope_of, visible_organisation
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, UNION, OrganisationKind
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.render import render

router = APIRouter(prefix=f"{REGISTER}/organisations", include_in_schema=False)
AT = f"{REGISTER}/organisations"


@router.get("")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    q: str = "",
    country: str = "",
    kind: str = "",
    state: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the organisations in the reader's scope by country and name; filters are in the address."""
    scope = scope_of(principal)
    filters = people.OrganisationFilters(
        q.strip()[:100] or None, country or None, kind or None, {"active": True, "inactive": False}.get(state)
    )
    async with bus.read() as session:
        found, total = await people.organisations(session, scope, filters, page)
    country_options = countries_of(scope.countries)
    return list_page(
        request,
        title=gettext("Organisations"),
        action=AT,
        buttons=[
            (gettext("Add an organisation") if decides(principal) else gettext("Propose an organisation"), f"{AT}/new")
        ]
        if _countries(principal)
        else [],
        columns=[gettext("Name"), gettext("What it is"), gettext("Country"), gettext("City"), gettext("State")],
        rows=[_row(kind_option) for kind_option in found],
        fields=[
            {"name": "q", "label": gettext("Name or city"), "value": q},
            *country_filter(country_options, country),
            {
                "name": "kind",
                "label": gettext("What it is"),
                "options": [(kind_option.value, labels.label(kind_option)) for kind_option in OrganisationKind],
                "value": kind,
            },
            {
                "name": "state",
                "label": gettext("State"),
                "options": [("active", gettext("Takes part")), ("inactive", gettext("Takes part no more"))],
                "value": state,
            },
        ],
        page=page,
        total=total,
        empty_why=gettext("No organisation is here, or none fits the filters."),
    )


def _row(organisation: Any) -> list[Any]:
    return [
        {"text": organisation.name, "href": f"{AT}/{organisation.id}"},
        labels.label(OrganisationKind(organisation.kind)),
        labels.country(organisation.country),
        organisation.city or None,
        tag("organisation", "active" if organisation.active else "inactive"),
    ]


def _countries(principal: Principal) -> list[tuple[str, str]]:
    scope = scope_of(principal)
    return countries_of(frozenset(COUNTRIES) if scope.countries is None else scope.countries)


def _addable_countries(principal: Principal) -> list[tuple[str, str]]:
    """The countries for which the principal may add an organisation. Raises `Refused` (403) if there is none."""
    if countries := _countries(principal):
        return countries
    raise Refused(gettext("The programme coordinator adds EU agencies. You can propose changes of your own."), 403)


def _form_page(
    request: Request, principal: Principal, form: OrganisationForm, status: int = 200, *, organisation: Any = None
) -> Response:
    titles = gettext("Change the organisation"), gettext("Add an organisation"), gettext("Propose an organisation")
    return entry_form_page(
        request, principal, form, status, at=AT, entry=organisation, titles=titles, widths={"city": 20}
    )


@router.get("/new")
async def new(request: Request, principal: Decider) -> Response:
    """Show an empty form."""
    form = OrganisationForm()
    form.fill(None, _addable_countries(principal))
    return _form_page(request, principal, form)


@router.post("/new")
async def enter(request: Request, principal: Decider, bus: BusDep) -> Response:
    """Enter an organisation, or propose it."""
    _addable_countries(principal)
    return await _save(request, principal, bus, None)


async def _save(request: Request, principal: Principal, bus: Bus, organisation: Any) -> Response:
    form = await OrganisationForm.read(request)
    form.country.choices = _choices(principal, organisation)
    if not form.validate():
        return _form_page(request, principal, form, 422, organisation=organisation)
    values = form.values()
    if organisation is not None:
        values |= {"id": organisation.id, "active": organisation.active}
    try:
        change = OrganisationChange(entry=OrganisationEntry.model_validate(values))
        submitted = await proposals.submit(
            bus,
            principal,
            change,
            version=None if organisation is None else await version_of(request),
            note_=form.note.data or "",
        )
    except ValidationError as error:
        for name, sentence in unreadable(error).items():
            form.refuse(name, sentence)
        return _form_page(request, principal, form, 422, organisation=organisation)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, principal, form, refused.status_code, organisation=organisation)
    return submitted_response(submitted, AT)


def _choices(principal: Principal, organisation: Any) -> Any:
    form = OrganisationForm()
    form.fill(None, _own_country(organisation) if organisation is not None else _countries(principal))
    return form.country.choices


def _own_country(organisation: Any) -> list[tuple[str, str]]:
    return [(organisation.country, labels.country(organisation.country))]


@router.get("/{organisation_id}")
async def show(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show an organisation: its people, what it takes part in, and its history."""
    scope = scope_of(principal)
    async with bus.read() as session:
        organisation = await visible_organisation(session, principal, organisation_id)
        members, count = await people.people(session, scope, people.Filters(organisation_id=organisation.id))
        grants = await people.grants(session, [person.subject for person in members])
        changes = await history(session, ("organisation",), organisation.id)
        names = await words.organisation_names(session, [change.after for change in changes])
        events = await words.history(session, changes, scope, names)
        matters = await handover.of_organisation(session, [organisation.id])
        waiting = await proposed.waiting_about(session, str(organisation.id))
    return render(
        request,
        "register/organisation.html",
        one=organisation,
        kind=labels.label(OrganisationKind(organisation.kind)),
        where=tag("organisation", "active" if organisation.active else "inactive"),
        members=[
            [
                {"text": person.name, "href": f"{REGISTER}/people/{person.id}"},
                "; ".join(
                    dict.fromkeys(labels.role(g.role) for g in grants.get(person.subject, ()) if words.current(g))
                )
                or None,
            ]
            for person in members
        ],
        count=count,
        matters=matters,
        events=events,
        waiting=waiting,
        decides=decides(principal),
        agency=organisation.country == UNION,
        done=request.query_params.get("done"),
    )


@router.get("/{organisation_id}/edit")
async def edit(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show the form with the organisation."""
    async with bus.read() as session:
        organisation = await visible_organisation(session, principal, organisation_id)
    form = OrganisationForm()
    form.fill(organisation_entry(organisation), _own_country(organisation))
    form.country.choices = _choices(principal, organisation)
    return _form_page(request, principal, form, organisation=organisation)


@router.post("/{organisation_id}/edit")
async def save(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Change an organisation, or propose the change."""
    async with bus.read() as session:
        organisation = await visible_organisation(session, principal, organisation_id)
    return await _save(request, principal, bus, organisation)


async def _activity_page(
    request: Request, principal: Principal, bus: Bus, organisation_id: UUID, form: WordForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        organisation = await visible_organisation(session, principal, organisation_id)
        matters = await handover.of_organisation(session, [organisation.id])
        _, count = await people.people(session, scope_of(principal), people.Filters(organisation_id=organisation.id))
    if decides(principal):
        form.without_note()
    text = gettext(
        "Nothing new begins with it: no placement, no match, no new person. What is under way goes on to its end."
    )
    return form_page(
        request,
        form,
        status,
        title=gettext("Take the organisation out?")
        if organisation.active
        else gettext("Let the organisation take part again?"),
        caption=organisation.name,
        back=f"{AT}/{organisation.id}",
        button=save_button(decides(principal))
        if not organisation.active
        else gettext("Take it out")
        if decides(principal)
        else gettext("Propose"),
        text=text if organisation.active else gettext("It can host, send and mentor again."),
        version=organisation.version,
        warning=organisation.active,
        matters=[
            *matters,
            *(
                [
                    handover.Matter(
                        gettext("People who belong to it: %(count)d") % {"count": count},
                        href=f"{REGISTER}/people?organisation={organisation.id}",
                    )
                ]
                if count
                else []
            ),
        ]
        if organisation.active
        else None,
    )


@router.get("/{organisation_id}/activity")
async def ask_activity(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask whether the organisation stops or starts to take part, and show its open matters."""
    return await _activity_page(request, principal, bus, organisation_id, WordForm())


@router.post("/{organisation_id}/activity")
async def change_activity(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Stop or start an organisation's taking part, or propose that."""
    form = await WordForm.read(request)
    async with bus.read() as session:
        organisation = await visible_organisation(session, principal, organisation_id)
    entry = OrganisationEntry.model_validate(organisation_json(organisation) | {"active": not organisation.active})
    if not form.validate():
        return await _activity_page(request, principal, bus, organisation_id, form, 422)
    version = await version_of(request)
    try:
        submitted = await proposals.submit(
            bus,
            principal,
            OrganisationChange(entry=entry),
            version=version or organisation.version,
            note_=form.note.data or "",
        )
    except Refused as refused:
        refuse(form, refused)
        return await _activity_page(request, principal, bus, organisation_id, form, refused.status_code)
    return submitted_response(submitted, AT)
