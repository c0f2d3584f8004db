"""List, show and change organisations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.overview.views.handover import OpenMatter, matter
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals
from services.applications.register.forms import OrganisationForm, WordForm, countries_of, country_codes, set_choices
from services.applications.register.model.proposals import OrganisationChange
from services.applications.register.pages.common import (
    entry_question,
    keep_note,
    note_of,
    save_button,
    submitted_address,
)
from services.applications.register.views import entries, organisations
from services.applications.register.views.entries import Organisation, organisation_entry
from services.applications.register.views.organisations import OrganisationActivity, OrganisationFilters
from services.applications.register.views.scope import decides, scope_of
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, OrganisationKind
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, country_filter, list_page
from shared.web.query import CountryText
from shared.web.render import render

router = APIRouter(prefix=f"{REGISTER}/organisations", include_in_schema=False)
AT = f"{REGISTER}/organisations"


@router.get("")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    q: str = "",
    country: CountryText = "",
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
    heads = gettext("Name"), gettext("Type"), gettext("Country"), gettext("City"), gettext("State")
    listing = Listing(
        gettext("Organisations"),
        AT,
        [Column(head) for head in heads],
        [_row(organisation) for organisation in listed.shown],
        listed.total,
        Empty(gettext("No organisations yet.")),
        none_fit=gettext("No organisations match these filters."),
        page=page,
        back=REGISTER,
        buttons=[Link(add, f"{AT}/new")] if _countries(principal) else [],
        filters=[
            Filter("q", gettext("Name or city"), q),
            *country_filter(country_codes(scope_of(principal).countries), country),
            Filter(
                "kind",
                gettext("Type"),
                kind,
                [(offered.value, labels.label(offered)) for offered in OrganisationKind],
            ),
            Filter(
                "state",
                gettext("State"),
                state,
                [("active", gettext("Takes part")), ("inactive", gettext("No longer takes part"))],
            ),
        ],
    )
    return list_page(request, listing)


def _row(organisation: Organisation) -> list[Cell]:
    return [
        Link(organisation.name, f"{AT}/{organisation.id}"),
        labels.label(organisation.kind),
        labels.country(organisation.country),
        organisation.city or None,
        tag("organisation", "active" if organisation.active else "inactive"),
    ]


def _countries(principal: Principal) -> list[tuple[str, str]]:
    scope = scope_of(principal)
    return countries_of(frozenset(COUNTRIES) if scope.countries is None else scope.countries)


async def _edited(request: DecisionRequest[OrganisationForm] | DecisionRequest[WordForm]) -> Organisation | None:
    """Return the organisation that the form changes; None for a new one."""
    if not request.ids:
        return None
    async with request.bus.read() as session:
        return await entries.organisation(session, request.principal, request.id)


async def _filled(request: DecisionRequest[OrganisationForm]) -> OrganisationForm:
    organisation = await _edited(request)
    if organisation is None:
        return request.form
    values = organisation.model_dump(include={"name", "kind", "country", "city"})
    return OrganisationForm(data={**values, "domains": "\n".join(organisation.domains)})


async def _offer_countries(request: DecisionRequest[OrganisationForm]) -> None:
    """Offer the countries for a new organisation, or its own. Raises `Refused` (403) if there is none."""
    keep_note(request.form, request.principal)
    organisation, countries = await _edited(request), _countries(request.principal)
    if organisation is not None:
        countries = [(organisation.country, labels.country(organisation.country))]
    if not countries:
        raise Refused(
            gettext("The programme coordinator adds EU agencies. You can propose changes to your own agency."), 403
        )
    set_choices(request.form.country, countries, blank=N_("Choose one") if len(countries) > 1 else None)


async def _ask(request: DecisionRequest[OrganisationForm]) -> Question:
    titles = gettext("Change the organisation"), gettext("Add an organisation"), gettext("Propose an organisation")
    return entry_question(request.principal, await _edited(request), at=AT, titles=titles)


async def _save(request: DecisionRequest[OrganisationForm]) -> str:
    """Enter or change an organisation, or propose that."""
    organisation = await _edited(request)
    existing_id = None if organisation is None else organisation.id
    entry = request.form.entry(existing_id, active=organisation is None or organisation.active)
    submitted = await proposals.submit(
        request.bus,
        request.principal,
        OrganisationChange(entry=entry),
        note_=note_of(request.form),
    )
    return submitted_address(submitted, AT)


add_decision(router, Decider, Decision("/new", OrganisationForm, _ask, _save, new=_filled, prepare=_offer_countries))


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
                Link(member.name, f"{REGISTER}/people/{member.id}"),
                "; ".join(labels.role(role) for role in member.roles) or None,
            ]
            for member in details.members
        ],
        decides=decides(principal),
        done=request.query_params.get("done"),
    )


async def _activity(request: DecisionRequest[WordForm]) -> OrganisationActivity:
    async with request.bus.read() as session:
        return await organisations.organisation_activity(session, request.principal, request.id)


async def _ask_activity(request: DecisionRequest[WordForm]) -> Question:
    """Ask whether the organisation stops or starts to take part, and show its open matters."""
    activity, programme = await _activity(request), decides(request.principal)
    organisation = activity.organisation
    if not organisation.active:
        title = gettext("Let the organisation take part again?")
        text = gettext("It can host, send and mentor again.")
        button = save_button(programme)
    else:
        title = gettext("Stop the organisation taking part?")
        text = gettext(
            "Nothing new starts with it: no placement, no match, no new person. What is in progress continues "
            "to its end."
        )
        button = gettext("Stop participation") if programme else save_button(programme)
    return Question(
        title,
        button,
        f"{AT}/{organisation.id}",
        caption=organisation.name,
        text=text,
        warning=organisation.active,
        template="register/open_matters.html",
        more={"matters": _matters(activity) if organisation.active else None, "offices": ()},
    )


def _matters(activity: OrganisationActivity) -> list[OpenMatter]:
    """Return what is open at an organisation, its people last."""
    if not activity.count:
        return activity.matters
    title = gettext("People in this organisation: %(count)d") % {"count": activity.count}
    return [*activity.matters, matter(title, href=f"{REGISTER}/people?organisation={activity.organisation.id}")]


async def _drop_note(request: DecisionRequest[WordForm]) -> None:
    keep_note(request.form, request.principal)


async def _change_activity(request: DecisionRequest[WordForm]) -> str:
    """Stop or start an organisation's taking part, or propose that."""
    async with request.bus.read() as session:
        organisation = await entries.organisation(session, request.principal, request.id)
    entry = organisation_entry(organisation).model_copy(update={"active": not organisation.active})
    submitted = await proposals.submit(
        request.bus,
        request.principal,
        OrganisationChange(entry=entry),
        note_=note_of(request.form),
    )
    return submitted_address(submitted, AT)


add_decision(
    router,
    Decider,
    Decision("/{organisation_id}/edit", OrganisationForm, _ask, _save, new=_filled, prepare=_offer_countries),
)
add_decision(
    router,
    Decider,
    Decision("/{organisation_id}/activity", WordForm, _ask_activity, _change_activity, prepare=_drop_note),
)
