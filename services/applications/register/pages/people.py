"""List, show and change people."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.display import country_filter, tag
from services.applications.forms import refuse, version_of
from services.applications.guards import Decider
from services.applications.pages import list_page
from services.applications.parameters import REGISTER, BusDep, Portal
from services.applications.register.actions import proposals
from services.applications.register.actions.entries import person_entry
from services.applications.register.forms import PersonForm, countries_of, person_data, set_choices
from services.applications.register.model import PersonEntry
from services.applications.register.model import grants as register_grants
from services.applications.register.model.proposals import PersonChange
from services.applications.register.pages.common import entry_form_page, submitted_response
from services.applications.register.store import address_checks, entries, people
from services.applications.register.store import proposals as proposed
from services.applications.register.store.history import history
from services.applications.register.views import words
from services.applications.register.views.confirmation import confirmation_times, grants_to_confirm, may_confirm
from services.applications.register.views.deputies import deputies_of
from services.applications.register.views.scope import decides, grantable, scope_of, visible_person
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, Role
from shared.errors import Refused
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
    scope = scope_of(principal)
    filters = people.Filters(
        q=q.strip()[:100] or None,
        country=country or None,
        organisation_id=read_id(organisation),
        role=Role(role) if role in set(Role) else None,
        standing=standing or None,
        sort=sort,
    )
    async with bus.read() as session:
        listed, total = await people.people(session, scope, filters, page)
        grants = await people.grants(session, [person.subject for person in listed])
        names = await words.organisation_names(session, [person.organisation_id for person in listed])
        organisations, _ = await people.organisations(session, scope, people.OrganisationFilters())
    due_before = confirmation_times(settings).due_before(clock.today())
    country_options = countries_of(scope.countries)
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
        rows=[_row(person, grants.get(person.subject, ()), names, due_before) for person in listed],
        fields=[
            {"name": "q", "label": gettext("Name or address"), "value": q},
            *country_filter(country_options, country),
            {
                "name": "organisation",
                "label": gettext("Organisation"),
                "options": [(str(person.id), person.name) for person in organisations],
                "value": organisation,
            },
            {
                "name": "role",
                "label": gettext("Role"),
                "options": [(person.value, labels.label(person)) for person in Role],
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
        total=total,
        empty_why=gettext("Nobody is here, or nobody fits the filters."),
    )


def _row(person: entries.Person, grants: Any, names: dict[str, str], due_before: Any) -> list[Any]:
    roles = dict.fromkeys(labels.role(grant.role) for grant in grants if words.current(grant))
    return [
        {"text": person.name, "href": f"{AT}/{person.id}"},
        ", ".join(roles) or None,
        labels.country(person.country) or None,
        names.get(str(person.organisation_id)) or None,
        person.email_wanted or person.email,
        tag("access", words.access_state(person, grants, due_before)),
    ]


async def _set_form_choices(form: PersonForm, principal: Principal, bus: Bus, person: entries.Person | None) -> None:
    """Set the choices of the form: countries, active organisations, and grantable roles."""
    scope = scope_of(principal)
    async with bus.read() as session:
        organisations = await entries.organisations(session, countries=scope.countries)
        if scope.organisations:
            known = {organisation.id for organisation in organisations}
            organisations += [
                organisation
                for organisation in await entries.organisations(session, ids=scope.organisations)
                if organisation.id not in known
            ]
    current = None if person is None else person.organisation_id
    countries = (
        set(COUNTRIES)
        if scope.countries is None
        else {*scope.countries, *(organisation.country for organisation in organisations)}
    )
    form.offer(
        countries=countries_of(frozenset(countries)),
        organisations=[
            organisation for organisation in organisations if organisation.active or organisation.id == current
        ],
        roles=grantable(principal),
        anywhere=decides(principal),
    )
    if person is not None:
        del form.subject


def _form_page(
    request: Request, principal: Principal, form: PersonForm, status: int = 200, *, person: entries.Person | None = None
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
    if (chosen := read_id(organisation)) is not None:
        async with bus.read() as session:
            organisation_entry = await entries.organisation(session, chosen)
        if organisation_entry is not None and scope_of(principal).covers(
            organisation_entry.country, organisation_entry.id
        ):
            data |= {"organisation_id": str(organisation_entry.id), "country": organisation_entry.country}
    form = PersonForm(data=data)
    await _set_form_choices(form, principal, bus, None)
    return _form_page(request, principal, form)


@router.post("/new")
async def enter(request: Request, principal: Decider, bus: BusDep) -> Response:
    """Enter a person, or propose him or her."""
    return await _save(request, principal, bus, None)


async def _save(request: Request, principal: Principal, bus: Bus, person: entries.Person | None) -> Response:
    form = await PersonForm.read(request)
    await _set_form_choices(form, principal, bus, person)
    if await form.rows_changed(request):
        _set_row_choices(form, principal)
        return _form_page(request, principal, form, 422, person=person)
    if not form.validate():
        return _form_page(request, principal, form, 422, person=person)
    try:
        entry = await _entry(form, principal, bus, person)
        submitted = await proposals.submit(
            bus,
            principal,
            PersonChange(entry=entry),
            version=None if person is None else await version_of(request),
            note_=form.note.data or "",
            new=person is None,
        )
    except ValidationError as error:
        for problem in error.errors():
            form.refuse(str(problem["loc"][0]), _sentence(problem))
        return _form_page(request, principal, form, 422, person=person)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, principal, form, refused.status_code, person=person)
    return submitted_response(submitted, AT)


_REMEDIES = {
    "subject": N_("Write it without spaces and without the signs / ? #"),
    "years_in_field": N_("Write a whole number from 0 to 60"),
}


def _sentence(problem: Any) -> str:
    """What to do about a value that an entry does not take."""
    if problem["type"] == "value_error":
        return sentence_of(problem)
    return gettext(_REMEDIES.get(str(problem["loc"][0]), N_("This cannot be read. Write it anew.")))


def _set_row_choices(form: PersonForm, principal: Principal) -> None:
    """Set the choices of rows that were just added."""
    for row in form.roles:
        set_choices(row.form.role, grantable(principal), blank=N_("Choose one"))


async def _entry(form: PersonForm, principal: Principal, bus: Bus, person: entries.Person | None) -> PersonEntry:
    grants: tuple[Any, ...] = ()
    values = form.values()
    if person is not None:
        values["subject"] = person.subject
        async with bus.read() as session:
            grants = (await people.grants(session, [person.subject])).get(person.subject, ())
    base = PersonEntry.model_validate(values)
    roles = register_grants.replace_roles(
        grants,
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
    scope = scope_of(principal)
    async with bus.read() as session:
        person = await visible_person(session, principal, person_id)
        grants = (await people.grants(session, [person.subject])).get(person.subject, ())
        changes = await history(session, ("person", "access"), person.id)
        names = await words.organisation_names(
            session,
            [
                person.organisation_id,
                person.moves_to,
                *grants,
                *(change.before for change in changes),
                *(change.after for change in changes),
            ],
        )
        events = await words.history(session, changes, scope, names)
        waiting = await proposed.waiting_about(session, person.subject)
        deputies = await deputies_of(session, person.subject)
        check = await address_checks.newest(session, person.subject)
    role_inputs = grants_to_confirm(person, grants)
    times = confirmation_times(settings)
    return render(
        request,
        "register/person.html",
        one=person,
        names=names,
        grants=sorted(
            grants, key=lambda grant: (register_grants.has_ended(grant, clock.today()), grant.since), reverse=False
        ),
        holders={grant.deputy_for: name for grant, name in await _holders(bus, grants, scope)},
        register_words=words,
        access=words.access_state(person, grants, times.due_before(clock.today())),
        due=times.due(person.confirmed_on),
        lapses=times.lapses(person.confirmed_on),
        may_confirm=may_confirm(principal, person, role_inputs),
        address=words.address_state(person, link_open=check is not None and check.open(clock.now())),
        may_ask=person.unconfirmed_address is not None,
        asked_at=None if check is None else check.asked_at,
        stands_in=[deputy for deputy in deputies if scope.covers(deputy.deputy.country, deputy.deputy.organisation_id)],
        offices=register_grants.deputisable_offices(grants, clock.today()),
        leaves=bool(register_grants.current_or_future(grants, clock.today())),
        events=events,
        waiting=waiting,
        decides=decides(principal),
        done=request.query_params.get("done"),
    )


async def _holders(bus: Bus, grants: Any, scope: people.RegisterScope) -> list[tuple[Any, str]]:
    """The grants as a deputy, each with the holder's name if the reader may see it."""
    async with bus.read() as session:
        holders = await entries.people_by_subject(session, [grant.deputy_for for grant in grants if grant.deputy_for])
    return [
        (grant, holders[grant.deputy_for].name)
        for grant in grants
        if grant.deputy_for in holders
        and scope.covers(holders[grant.deputy_for].country, holders[grant.deputy_for].organisation_id)
    ]


@router.get("/{person_id}/edit")
async def edit(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show the form with the person."""
    async with bus.read() as session:
        person = await visible_person(session, principal, person_id)
        grants = (await people.grants(session, [person.subject])).get(person.subject, ())
    form = PersonForm(data=person_data(person_entry(person, grants), grantable(principal), clock.today()))
    await _set_form_choices(form, principal, bus, person)
    return _form_page(request, principal, form, person=person)


@router.post("/{person_id}/edit")
async def save(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Change a person, or propose the change."""
    async with bus.read() as session:
        person = await visible_person(session, principal, person_id)
    return await _save(request, principal, bus, person)
