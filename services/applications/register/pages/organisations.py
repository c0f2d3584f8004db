"""List, show and change organisations."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import country_filter, tag
from services.applications.forms import submit_change, version_of
from services.applications.guards import Decider
from services.applications.overview.views.handover import OpenMatter, matter
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals
from services.applications.register.forms import OrganisationForm, WordForm, countries_of
from services.applications.register.model import OrganisationEntry
from services.applications.register.model.proposals import OrganisationChange
from services.applications.register.pages.common import (
    entry_form_page,
    save_button,
    submitted_response,
)
from services.applications.register.views import entries, organisations
from services.applications.register.views.entries import Organisation, organisation_entry
from services.applications.register.views.organisations import OrganisationActivity, OrganisationFilters
from services.applications.register.views.proposals import Submission
from services.applications.register.views.scope import decides, scope_of
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, OrganisationKind
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
    filters = OrganisationFilters(
        q.strip()[:100] or None, country or None, kind or None, {"active": True, "inactive": False}.get(state)
    )
    async with bus.read() as session:
        listed = await organisations.organisation_list(session, principal, filters, page)
    add = gettext("Add an organisation") if decides(principal) else gettext("Propose an organisation")
    return list_page(
        request,
        title=gettext("Organisations"),
        action=AT,
        buttons=[(add, f"{AT}/new")] if _countries(principal) else [],
        columns=[gettext("Name"), gettext("What it is"), gettext("Country"), gettext("City"), gettext("State")],
        rows=[_row(organisation) for organisation in listed.shown],
        fields=[
            {"name": "q", "label": gettext("Name or city"), "value": q},
            *country_filter(countries_of(scope_of(principal).countries), country),
            {
                "name": "kind",
                "label": gettext("What it is"),
                "options": [(offered.value, labels.label(offered)) for offered in OrganisationKind],
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
        total=listed.total,
        empty_why=gettext("No organisation is here, or none fits the filters."),
    )


def _row(organisation: Organisation) -> list[Any]:
    return [
        {"text": organisation.name, "href": f"{AT}/{organisation.id}"},
        labels.label(organisation.kind),
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
    request: Request,
    principal: Principal,
    form: OrganisationForm,
    status: int = 200,
    *,
    organisation: Organisation | None = None,
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


async def _save(request: Request, principal: Principal, bus: Bus, organisation: Organisation | None) -> Response:
    form = await OrganisationForm.read(request)
    form.fill(None, _own_country(organisation) if organisation is not None else _countries(principal))

    async def submit() -> Submission:
        values = form.values()
        if organisation is not None:
            values |= {"id": organisation.id, "active": organisation.active}
        return await proposals.submit(
            bus,
            principal,
            OrganisationChange(entry=OrganisationEntry.model_validate(values)),
            version=None if organisation is None else await version_of(request),
            note_=form.note.data or "",
        )

    submitted = await submit_change(form, submit)
    if isinstance(submitted, int):
        return _form_page(request, principal, form, submitted, organisation=organisation)
    return submitted_response(submitted, AT)


def _own_country(organisation: Organisation) -> list[tuple[str, str]]:
    return [(organisation.country, labels.country(organisation.country))]


@router.get("/{organisation_id}")
async def show(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show an organisation: its people, what it takes part in, and its history."""
    async with bus.read() as session:
        details = await organisations.organisation_details(session, principal, organisation_id)
    organisation = details.organisation
    return render(
        request,
        "register/organisation.html",
        details=details,
        organisation=organisation,
        kind=labels.label(organisation.kind),
        where=tag("organisation", "active" if organisation.active else "inactive"),
        members=[
            [
                {"text": member.name, "href": f"{REGISTER}/people/{member.id}"},
                "; ".join(labels.role(role) for role in member.roles) or None,
            ]
            for member in details.members
        ],
        decides=decides(principal),
        done=request.query_params.get("done"),
    )


async def _organisation(bus: Bus, principal: Principal, organisation_id: UUID) -> Organisation:
    async with bus.read() as session:
        return await entries.organisation(session, principal, organisation_id)


@router.get("/{organisation_id}/edit")
async def edit(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show the form with the organisation."""
    organisation = await _organisation(bus, principal, organisation_id)
    form = OrganisationForm()
    form.fill(organisation_entry(organisation), _own_country(organisation))
    return _form_page(request, principal, form, organisation=organisation)


@router.post("/{organisation_id}/edit")
async def save(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Change an organisation, or propose the change."""
    return await _save(request, principal, bus, await _organisation(bus, principal, organisation_id))


def _activity_page(
    request: Request, principal: Principal, activity: OrganisationActivity, form: WordForm, status: int = 200
) -> Response:
    organisation = activity.organisation
    if decides(principal):
        form.without_note()
    if not organisation.active:
        title = gettext("Let the organisation take part again?")
        text = gettext("It can host, send and mentor again.")
        button = save_button(decides(principal))
    else:
        title = gettext("Take the organisation out?")
        text = gettext(
            "Nothing new begins with it: no placement, no match, no new person. What is under way goes on to its end."
        )
        button = gettext("Take it out") if decides(principal) else gettext("Propose")
    return form_page(
        request,
        form,
        status,
        title=title,
        caption=organisation.name,
        back=f"{AT}/{organisation.id}",
        button=button,
        text=text,
        version=organisation.version,
        warning=organisation.active,
        matters=_matters(activity) if organisation.active else None,
    )


def _matters(activity: OrganisationActivity) -> list[OpenMatter]:
    """Return what is open at an organisation, its people last."""
    if not activity.count:
        return activity.matters
    title = gettext("People who belong to it: %(count)d") % {"count": activity.count}
    return [*activity.matters, matter(title, href=f"{REGISTER}/people?organisation={activity.organisation.id}")]


async def _activity(bus: Bus, principal: Principal, organisation_id: UUID) -> OrganisationActivity:
    async with bus.read() as session:
        return await organisations.organisation_activity(session, principal, organisation_id)


@router.get("/{organisation_id}/activity")
async def ask_activity(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask whether the organisation stops or starts to take part, and show its open matters."""
    return _activity_page(request, principal, await _activity(bus, principal, organisation_id), WordForm())


@router.post("/{organisation_id}/activity")
async def change_activity(request: Request, organisation_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Stop or start an organisation's taking part, or propose that."""
    form, activity = await WordForm.read(request), await _activity(bus, principal, organisation_id)
    organisation = activity.organisation

    async def submit() -> Submission:
        entry = OrganisationEntry.model_validate(
            organisation_entry(organisation).model_dump() | {"active": not organisation.active}
        )
        version = await version_of(request) or organisation.version
        return await proposals.submit(
            bus, principal, OrganisationChange(entry=entry), version=version, note_=form.note.data or ""
        )

    submitted = await submit_change(form, submit)
    if isinstance(submitted, int):
        return _activity_page(request, principal, activity, form, submitted)
    return submitted_response(submitted, AT)
