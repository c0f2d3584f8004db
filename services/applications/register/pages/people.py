"""List, show and change people."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.display import country_filter, tag
from services.applications.forms import submit_change, version_of
from services.applications.guards import Decider
from services.applications.pages import list_page
from services.applications.parameters import REGISTER, BusDep, Portal
from services.applications.register.actions import proposals
from services.applications.register.forms import PersonForm, countries_of, person_data, set_choices
from services.applications.register.model import PersonEntry
from services.applications.register.model import grants as register_grants
from services.applications.register.model.proposals import PersonChange
from services.applications.register.pages.common import entry_form_page, submitted_response
from services.applications.register.views import people, words
from services.applications.register.views.entries import Person
from services.applications.register.views.people import EditedPerson, Filters, ListedPerson
from services.applications.register.views.proposals import Submission
from services.applications.register.views.scope import decides, grantable, scope_of
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.ids import read_id
from shared.time import clock
from shared.web.render import render
from shared.web.validation_texts import sentence_of

router = APIRouter(prefix=f"{REGISTER}/people", include_in_schema=False)
AT = f"{REGISTER}/people"
_SECTIONS = (
    (N_("Who"), ("subject", "name", "own_name", "email", "language", "sex")),
    (N_("Where"), ("country", "organisation_id", "service", "unit", "rank_group", "national_rank", "years_in_field")),
    (N_("What the person may"), ("roles",)),
    ("", ("note",)),
)


@router.get("")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    settings: Portal,
    q: str = "",
    country: str = "",
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
    return list_page(
        request,
        title=gettext("People"),
        action=AT,
        buttons=[(gettext("Add a person") if decides(principal) else gettext("Propose a person"), f"{AT}/new")],
        columns=[
            (gettext("Name"), "name"),
            gettext("Roles today"),
            (gettext("Country"), "country"),
            gettext("Organisation"),
            gettext("Service e-mail"),
            (gettext("Access"), "confirmed"),
        ],
        rows=[_row(person) for person in listed.shown],
        fields=[
            {"name": "q", "label": gettext("Name or address"), "value": q},
            *country_filter(countries_of(scope_of(principal).countries), country),
            {
                "name": "organisation",
                "label": gettext("Organisation"),
                "options": [(str(offered.id), offered.name) for offered in listed.organisations],
                "value": organisation,
            },
            {
                "name": "role",
                "label": gettext("Role"),
                "options": [(offered.value, labels.label(offered)) for offered in Role],
                "value": role,
            },
            {
                "name": "standing",
                "label": gettext("What is the matter"),
                "options": [("unverified", gettext("Address not confirmed")), ("lapsed", gettext("Access has lapsed"))],
                "value": standing,
            },
        ],
        sort=sort,
        page=page,
        total=listed.total,
        empty_why=gettext("Nobody is here, or nobody fits the filters."),
    )


def _row(listed: ListedPerson) -> list[Any]:
    person = listed.person
    return [
        {"text": person.name, "href": f"{AT}/{person.id}"},
        ", ".join(labels.role(role) for role in listed.roles) or None,
        labels.country(person.country) or None,
        listed.organisation or None,
        person.email_wanted or person.email,
        tag("access", listed.access),
    ]


async def _set_form_choices(form: PersonForm, principal: Principal, bus: Bus, person: Person | None) -> None:
    """Set the choices of the form: countries, active organisations, and grantable roles."""
    async with bus.read() as session:
        choices = await people.form_choices(session, principal, None if person is None else person.organisation_id)
    form.offer(
        countries=countries_of(choices.countries),
        organisations=choices.organisations,
        roles=grantable(principal),
        anywhere=decides(principal),
    )
    if person is not None:
        del form.subject


def _form_page(
    request: Request, principal: Principal, form: PersonForm, status: int = 200, *, person: Person | None = None
) -> Response:
    return entry_form_page(
        request,
        principal,
        form,
        status,
        at=AT,
        entry=person,
        titles=(gettext("Change what is known"), gettext("Add a person"), gettext("Propose a person")),
        sections=[(gettext(name) if name else "", fields) for name, fields in _SECTIONS],
    )


@router.get("/new")
async def new(request: Request, principal: Decider, bus: BusDep, organisation: str = "") -> Response:
    """Show an empty form with one role that begins today."""
    data: dict[str, Any] = {"language": "en", "roles": [{"role": Role.OFFICER.value, "since": clock.today()}]}
    async with bus.read() as session:
        chosen = await people.chosen_organisation(session, principal, read_id(organisation))
    if chosen is not None:
        data |= {"organisation_id": str(chosen.id), "country": chosen.country}
    form = PersonForm(data=data)
    await _set_form_choices(form, principal, bus, None)
    return _form_page(request, principal, form)


@router.post("/new")
async def enter(request: Request, principal: Decider, bus: BusDep) -> Response:
    """Enter a person, or propose him or her."""
    return await _save(request, principal, bus, None)


async def _save(request: Request, principal: Principal, bus: Bus, edited: EditedPerson | None) -> Response:
    form, person = await PersonForm.read(request), None if edited is None else edited.person
    await _set_form_choices(form, principal, bus, person)
    if await form.rows_changed(request):
        _set_row_choices(form, principal)
        return _form_page(request, principal, form, 422, person=person)

    async def submit() -> Submission:
        return await proposals.submit(
            bus,
            principal,
            PersonChange(entry=_entry(form, principal, edited)),
            version=None if edited is None else await version_of(request),
            note_=form.note.data or "",
            new=edited is None,
        )

    submitted = await submit_change(form, submit, _sentences)
    if isinstance(submitted, int):
        return _form_page(request, principal, form, submitted, person=person)
    return submitted_response(submitted, AT)


_REMEDIES = {
    "subject": N_("Write it without spaces and without the signs / ? #"),
    "years_in_field": N_("Write a whole number from 0 to 60"),
}


def _sentences(error: ValidationError) -> dict[str, str]:
    """Return what to do about the values that an entry does not take, by field."""
    found = {}
    for problem in error.errors():
        field = str(problem["loc"][0])
        if problem["type"] == "value_error":
            found[field] = sentence_of(problem)
        else:
            found[field] = gettext(_REMEDIES.get(field, N_("This cannot be read. Write it anew.")))
    return found


def _set_row_choices(form: PersonForm, principal: Principal) -> None:
    """Set the choices of rows that were just added."""
    for row in form.roles:
        set_choices(row.form.role, grantable(principal), blank=N_("Choose one"))


def _entry(form: PersonForm, principal: Principal, edited: EditedPerson | None) -> PersonEntry:
    """Return the entry of a valid form. Raises ValidationError for values that an entry does not take."""
    values = form.values()
    if edited is not None:
        values["subject"] = edited.person.subject
    base = PersonEntry.model_validate(values)
    roles = register_grants.replace_roles(
        () if edited is None else edited.entry.grants,
        form.role_inputs(),
        roles=grantable(principal),
        country=base.country,
        organisation_id=base.organisation_id,
        day=clock.today(),
    )
    return base.model_copy(update={"grants": roles})


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


async def _edited(bus: Bus, principal: Principal, person_id: UUID) -> EditedPerson:
    async with bus.read() as session:
        return await people.edited_person(session, principal, person_id)


@router.get("/{person_id}/edit")
async def edit(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show the form with the person."""
    edited = await _edited(bus, principal, person_id)
    form = PersonForm(data=person_data(edited.entry, grantable(principal), clock.today()))
    await _set_form_choices(form, principal, bus, edited.person)
    return _form_page(request, principal, form, person=edited.person)


@router.post("/{person_id}/edit")
async def save(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Change a person, or propose the change."""
    return await _save(request, principal, bus, await _edited(bus, principal, person_id))
