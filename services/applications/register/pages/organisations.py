"""What does a coordinator see and do about organisations? A list, a page each, and what changes one."""

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
from services.applications.register.pages.common import entry_page, saves, went
from services.applications.register.store import people
from services.applications.register.store import proposals as proposed
from services.applications.register.store.history import history
from services.applications.register.views import words
from services.applications.register.views.scope import decides, scope_of, seen_organisation
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
    """The organisations of the own country, or all, by country and name; filters stand in the address."""
    seen = scope_of(principal)
    filters = people.OrganisationFilters(
        q.strip()[:100] or None, country or None, kind or None, {"active": True, "inactive": False}.get(state)
    )
    async with bus.read() as session:
        found, total = await people.organisations(session, seen, filters, page)
    shown = countries_of(seen.countries)
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
        rows=[_row(one) for one in found],
        fields=[
            {"name": "q", "label": gettext("Name or city"), "value": q},
            *country_filter(shown, country),
            {
                "name": "kind",
                "label": gettext("What it is"),
                "options": [(one.value, labels.label(one)) for one in OrganisationKind],
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


def _row(one: Any) -> list[Any]:
    return [
        {"text": one.name, "href": f"{AT}/{one.id}"},
        labels.label(OrganisationKind(one.kind)),
        labels.country(one.country),
        one.city or None,
        tag("organisation", "active" if one.active else "inactive"),
    ]


def _countries(principal: Principal) -> list[tuple[str, str]]:
    seen = scope_of(principal)
    return countries_of(frozenset(COUNTRIES) if seen.countries is None else seen.countries)


def _where(principal: Principal) -> list[tuple[str, str]]:
    """The countries for which somebody may add an organisation. Raises `Refused` (403) where there is none."""
    if found := _countries(principal):
        return found
    raise Refused(gettext("The programme coordinator adds EU agencies. You can propose changes of your own."), 403)


def _form_page(
    request: Request, principal: Principal, form: OrganisationForm, status: int = 200, *, one: Any = None
) -> Response:
    titles = gettext("Change the organisation"), gettext("Add an organisation"), gettext("Propose an organisation")
    return entry_page(request, principal, form, status, at=AT, one=one, titles=titles, widths={"city": 20})


@router.get("/new")
async def new(request: Request, principal: Decider) -> Response:
    """An empty form."""
    form = OrganisationForm()
    form.fill(None, _where(principal))
    return _form_page(request, principal, form)


@router.post("/new")
async def enter(request: Request, principal: Decider, bus: BusDep) -> Response:
    """Enter it, or propose it."""
    _where(principal)
    return await _save(request, principal, bus, None)


async def _save(request: Request, principal: Principal, bus: Bus, one: Any) -> Response:
    form = await OrganisationForm.read(request)
    form.country.choices = _choices(principal, one)
    if not form.validate():
        return _form_page(request, principal, form, 422, one=one)
    values = form.values()
    if one is not None:
        values |= {"id": one.id, "active": one.active}
    try:
        change = OrganisationChange(entry=OrganisationEntry.model_validate(values))
        submitted = await proposals.submit(
            bus,
            principal,
            change,
            version=None if one is None else await version_of(request),
            note_=form.note.data or "",
        )
    except ValidationError as error:
        for name, sentence in unreadable(error).items():
            form.refuse(name, sentence)
        return _form_page(request, principal, form, 422, one=one)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, principal, form, refused.status_code, one=one)
    return went(submitted, AT)


def _choices(principal: Principal, one: Any) -> Any:
    form = OrganisationForm()
    form.fill(None, _own_country(one) if one is not None else _countries(principal))
    return form.country.choices


def _own_country(one: Any) -> list[tuple[str, str]]:
    return [(one.country, labels.country(one.country))]


@router.get("/{organisation_id}")
async def show(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """What it is, its people, what it takes part in, and how it came about."""
    seen = scope_of(principal)
    async with bus.read() as session:
        one = await seen_organisation(session, principal, organisation_id)
        members, count = await people.people(session, seen, people.Filters(organisation_id=one.id))
        grants = await people.grants(session, [person.subject for person in members])
        changes = await history(session, ("organisation",), one.id)
        names = await words.organisation_names(session, [change.after for change in changes])
        events = await words.history(session, changes, seen, names)
        places = await handover.of_organisation(session, [one.id])
        waiting = await proposed.waiting_about(session, str(one.id))
    return render(
        request,
        "register/organisation.html",
        one=one,
        kind=labels.label(OrganisationKind(one.kind)),
        where=tag("organisation", "active" if one.active else "inactive"),
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
        matters=places,
        events=events,
        waiting=waiting,
        decides=decides(principal),
        agency=one.country == UNION,
        done=request.query_params.get("done"),
    )


@router.get("/{organisation_id}/edit")
async def edit(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """The form with what is known."""
    async with bus.read() as session:
        one = await seen_organisation(session, principal, organisation_id)
    form = OrganisationForm()
    form.fill(organisation_entry(one), _own_country(one))
    form.country.choices = _choices(principal, one)
    return _form_page(request, principal, form, one=one)


@router.post("/{organisation_id}/edit")
async def save(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Change it, or propose the change."""
    async with bus.read() as session:
        one = await seen_organisation(session, principal, organisation_id)
    return await _save(request, principal, bus, one)


async def _activity_page(
    request: Request, principal: Principal, bus: Bus, organisation_id: UUID, form: WordForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        one = await seen_organisation(session, principal, organisation_id)
        places = await handover.of_organisation(session, [one.id])
        _, count = await people.people(session, scope_of(principal), people.Filters(organisation_id=one.id))
    if decides(principal):
        form.without_note()
    text = gettext(
        "Nothing new begins with it: no placement, no match, no new person. What is under way goes on to its end."
    )
    return form_page(
        request,
        form,
        status,
        title=gettext("Take the organisation out?") if one.active else gettext("Let the organisation take part again?"),
        caption=one.name,
        back=f"{AT}/{one.id}",
        button=saves(decides(principal))
        if not one.active
        else gettext("Take it out")
        if decides(principal)
        else gettext("Propose"),
        text=text if one.active else gettext("It can host, send and mentor again."),
        version=one.version,
        warning=one.active,
        matters=[
            *places,
            *(
                [
                    handover.Matter(
                        gettext("People who belong to it: %(count)d") % {"count": count},
                        href=f"{REGISTER}/people?organisation={one.id}",
                    )
                ]
                if count
                else []
            ),
        ]
        if one.active
        else None,
    )


@router.get("/{organisation_id}/activity")
async def ask_activity(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask once more whether it takes part no more, or again, and say what it takes part in."""
    return await _activity_page(request, principal, bus, organisation_id, WordForm())


@router.post("/{organisation_id}/activity")
async def change_activity(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """It takes part no more, or again; or that is proposed."""
    form = await WordForm.read(request)
    async with bus.read() as session:
        one = await seen_organisation(session, principal, organisation_id)
    entry = OrganisationEntry.model_validate(organisation_json(one) | {"active": not one.active})
    if not form.validate():
        return await _activity_page(request, principal, bus, organisation_id, form, 422)
    version = await version_of(request)
    try:
        submitted = await proposals.submit(
            bus, principal, OrganisationChange(entry=entry), version=version or one.version, note_=form.note.data or ""
        )
    except Refused as refused:
        refuse(form, refused)
        return await _activity_page(request, principal, bus, organisation_id, form, refused.status_code)
    return went(submitted, AT)
