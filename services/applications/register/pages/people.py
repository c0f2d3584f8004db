"""List, show and change people."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.parameters import REGISTER, BusDep, Portal
from services.applications.register.actions import proposals
from services.applications.register.forms import (
    PersonForm,
    countries_of,
    country_codes,
    person_form,
    sentences,
    set_choices,
)
from services.applications.register.model import PersonEntry
from services.applications.register.model import grants as register_grants
from services.applications.register.model.proposals import PersonChange
from services.applications.register.pages.common import entry_question, keep_note, note_of, submitted_address
from services.applications.register.views import people, words
from services.applications.register.views.people import EditedPerson, Filters, ListedPerson
from services.applications.register.views.scope import decides, grantable, scope_of
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.ids import read_id
from shared.time import clock
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, country_filter, list_page
from shared.web.query import CountryText, IdText, declared
from shared.web.render import render

router = APIRouter(prefix=f"{REGISTER}/people", include_in_schema=False)
AT = f"{REGISTER}/people"


@router.get("")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    settings: Portal,
    q: str = "",
    country: CountryText = "",
    organisation: str = "",
    role: str = "",
    standing: str = "",
    sort: str = "name",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the people in the reader's scope; search and filters are in the address."""
    filters = Filters(
        q=q.strip()[:100] or None,
        country=country or None,
        organisation_id=read_id(organisation),
        role=Role(role) if role in set(Role) else None,
        standing=standing or None,
        sort=sort,
    )
    async with bus.read() as session:
        listed = await people.people_list(session, principal, settings, filters, page)
    add = gettext("Add a person") if decides(principal) else gettext("Propose a person")
    listing = Listing(
        gettext("People"),
        AT,
        [
            Column(gettext("Name"), "name"),
            Column(gettext("Current roles")),
            Column(gettext("Country"), "country"),
            Column(gettext("Organisation")),
            Column(gettext("Service email")),
            Column(gettext("Access"), "confirmed"),
        ],
        [_row(person) for person in listed.shown],
        listed.total,
        Empty(gettext("No people yet."), add, f"{AT}/new"),
        none_fit=gettext("No people match these filters."),
        page=page,
        sort=sort,
        back=REGISTER,
        buttons=[Link(add, f"{AT}/new")],
        filters=[
            Filter("q", gettext("Name or address"), q),
            *country_filter(country_codes(scope_of(principal).countries), country),
            Filter(
                "organisation",
                gettext("Organisation"),
                organisation,
                [(str(offered.id), offered.name) for offered in listed.organisations],
            ),
            Filter("role", gettext("Role"), role, [(offered.value, labels.label(offered)) for offered in Role]),
            Filter(
                "standing",
                gettext("Problem"),
                standing,
                [("unverified", gettext("Address not confirmed")), ("lapsed", gettext("Access has lapsed"))],
            ),
        ],
    )
    return list_page(request, listing)


def _row(listed: ListedPerson) -> list[Cell]:
    person = listed.person
    return [
        Link(person.name, f"{AT}/{person.id}"),
        ", ".join(labels.role(role) for role in listed.roles) or None,
        labels.country(person.country) or None,
        listed.organisation or None,
        person.email_wanted or person.email,
        tag("access", listed.access),
    ]


async def _edited(request: DecisionRequest[PersonForm]) -> EditedPerson | None:
    """Return the person whom the form changes; None for a new one."""
    if not request.ids:
        return None
    async with request.bus.read() as session:
        return await people.edited_person(session, request.principal, request.id)


async def _new_form(request: DecisionRequest[PersonForm]) -> PersonForm:
    """Return an empty form with one role that begins today."""
    data: dict[str, Any] = {"language": "en", "roles": [{"role": Role.OFFICER.value, "since": clock.today()}]}
    organisation_id = read_id(request.http.query_params.get("organisation", ""))
    async with request.bus.read() as session:
        chosen = await people.chosen_organisation(session, request.principal, organisation_id)
    if chosen is not None:
        data |= {"organisation_id": str(chosen.id), "country": chosen.country}
    return PersonForm(data=data)


async def _filled_form(request: DecisionRequest[PersonForm]) -> PersonForm:
    async with request.bus.read() as session:
        edited = await people.edited_person(session, request.principal, request.id)
    return person_form(edited.entry, grantable(request.principal), clock.today())


async def _offer(request: DecisionRequest[PersonForm]) -> None:
    """Set the choices of the form: countries, active organisations, and grantable roles."""
    form, principal, edited = request.form, request.principal, await _edited(request)
    keep_note(form, principal)
    async with request.bus.read() as session:
        current = None if edited is None else edited.person.organisation_id
        choices = await people.form_choices(session, principal, current)
    form.offer(
        countries=countries_of(choices.countries),
        organisations=choices.organisations,
        roles=grantable(principal),
        anywhere=decides(principal),
    )
    if edited is not None:
        del form.subject


async def _ask(request: DecisionRequest[PersonForm]) -> Question:
    # Rows that were just added have no choices yet.
    for row in request.form.roles:
        set_choices(row.form.role, grantable(request.principal), blank=N_("Choose one"))
    edited = await _edited(request)
    return entry_question(
        request.principal,
        None if edited is None else edited.person,
        at=AT,
        titles=(gettext("Change details"), gettext("Add a person"), gettext("Propose a person")),
        template="register/person_form.html",
    )


async def _save(request: DecisionRequest[PersonForm]) -> str:
    """Enter or change a person, or propose that."""
    edited = await _edited(request)
    try:
        entry = _entry(request.form, request.principal, edited)
    except ValidationError as error:
        raise Refused(gettext("Some entries could not be read."), 422, sentences(error)) from error
    submitted = await proposals.submit(
        request.bus,
        request.principal,
        PersonChange(entry=entry),
        note_=note_of(request.form),
        new=edited is None,
    )
    return submitted_address(submitted, AT)


def _entry(form: PersonForm, principal: Principal, edited: EditedPerson | None) -> PersonEntry:
    """Return the entry of a valid form. Raises ValidationError for values that an entry does not take."""
    base = form.entry(None if edited is None else edited.person.subject)
    roles = register_grants.replace_roles(
        () if edited is None else edited.entry.grants,
        form.role_inputs(),
        roles=grantable(principal),
        country=base.country,
        organisation_id=base.organisation_id,
        day=clock.today(),
    )
    return base.model_copy(update={"grants": roles})


_ORGANISATION = declared({"organisation": IdText})
add_decision(
    router,
    Decider,
    Decision("/new", PersonForm, _ask, _save, new=_new_form, prepare=_offer, query=(_ORGANISATION,)),
)


@router.get("/{person_id}")
async def show(request: Request, person_id: UUID, principal: Decider, bus: BusDep, settings: Portal) -> Response:
    """Show a person: details, roles, deputies and history."""
    async with bus.read() as session:
        details = await people.person_details(session, principal, settings, person_id)
    return render(
        request,
        "register/person.html",
        details=details,
        person=details.person,
        register_words=words,
        decides=decides(principal),
        done=request.query_params.get("done"),
    )


add_decision(router, Decider, Decision("/{person_id}/edit", PersonForm, _ask, _save, new=_filled_form, prepare=_offer))
