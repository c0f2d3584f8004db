"""What does a coordinator see and do about people? A list, a page each, and what changes one."""

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
from services.applications.register.forms import PersonForm, choose, countries_of, person_data
from services.applications.register.model import PersonEntry
from services.applications.register.model import grants as register_grants
from services.applications.register.model.proposals import PersonChange
from services.applications.register.pages.common import entry_page, went
from services.applications.register.store import address_checks, entries, people
from services.applications.register.store import proposals as proposed
from services.applications.register.store.history import history
from services.applications.register.views import words
from services.applications.register.views.confirmation import access_year, grants_to_confirm, may_confirm
from services.applications.register.views.deputies import deputies_of
from services.applications.register.views.scope import decides, grantable, scope_of, seen_person
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, Role
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.ids import read_id
from shared.time import clock
from shared.web.render import render

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
    """The people of the own country or agency, or all; search and filters stand in the address."""
    seen = scope_of(principal)
    filters = people.Filters(
        q=q.strip()[:100] or None,
        country=country or None,
        organisation_id=read_id(organisation),
        role=Role(role) if role in set(Role) else None,
        standing=standing or None,
        sort=sort,
    )
    async with bus.read() as session:
        found, total = await people.people(session, seen, filters, page)
        grants = await people.grants(session, [one.subject for one in found])
        names = await words.organisation_names(session, [one.organisation_id for one in found])
        bodies, _ = await people.organisations(session, seen, people.OrganisationFilters())
    asked = access_year(settings).asked_before(clock.today())
    shown = countries_of(seen.countries)
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
        rows=[_row(one, grants.get(one.subject, ()), names, asked) for one in found],
        fields=[
            {"name": "q", "label": gettext("Name or address"), "value": q},
            *country_filter(shown, country),
            {
                "name": "organisation",
                "label": gettext("Organisation"),
                "options": [(str(one.id), one.name) for one in bodies],
                "value": organisation,
            },
            {
                "name": "role",
                "label": gettext("Role"),
                "options": [(one.value, labels.label(one)) for one in Role],
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


def _row(one: entries.Person, grants: Any, names: dict[str, str], asked: Any) -> list[Any]:
    roles = dict.fromkeys(labels.role(grant.role) for grant in grants if words.current(grant))
    return [
        {"text": one.name, "href": f"{AT}/{one.id}"},
        ", ".join(roles) or None,
        labels.country(one.country) or None,
        names.get(str(one.organisation_id)) or None,
        one.email_wanted or one.email,
        tag("access", words.access_state(one, grants, asked)),
    ]


async def _offered(form: PersonForm, principal: Principal, bus: Bus, one: entries.Person | None) -> None:
    """Say what the form can be filled with: own country, its organisations that take part, the roles to be given."""
    seen = scope_of(principal)
    async with bus.read() as session:
        bodies = await entries.organisations(session, countries=seen.countries)
        if seen.organisations:
            known = {body.id for body in bodies}
            bodies += [b for b in await entries.organisations(session, ids=seen.organisations) if b.id not in known]
    kept = None if one is None else one.organisation_id
    countries = set(COUNTRIES) if seen.countries is None else {*seen.countries, *(body.country for body in bodies)}
    form.offer(
        countries=countries_of(frozenset(countries)),
        organisations=[body for body in bodies if body.active or body.id == kept],
        roles=grantable(principal),
        anywhere=decides(principal),
    )
    if one is not None:
        del form.subject


def _form_page(
    request: Request, principal: Principal, form: PersonForm, status: int = 200, *, one: entries.Person | None = None
) -> Response:
    return entry_page(
        request,
        principal,
        form,
        status,
        at=AT,
        one=one,
        titles=(gettext("Change what is known"), gettext("Add a person"), gettext("Propose a person")),
        sections=[(gettext(name) if name else "", fields) for name, fields in _SECTIONS],
    )


@router.get("/new")
async def new(request: Request, principal: Decider, bus: BusDep, organisation: str = "") -> Response:
    """An empty form with one role to begin today."""
    data: dict[str, Any] = {"language": "en", "roles": [{"role": Role.OFFICER.value, "since": clock.today()}]}
    if (chosen := read_id(organisation)) is not None:
        async with bus.read() as session:
            home = await entries.organisation(session, chosen)
        if home is not None and scope_of(principal).covers(home.country, home.id):
            data |= {"organisation_id": str(home.id), "country": home.country}
    form = PersonForm(data=data)
    await _offered(form, principal, bus, None)
    return _form_page(request, principal, form)


@router.post("/new")
async def enter(request: Request, principal: Decider, bus: BusDep) -> Response:
    """Enter the person, or propose him or her."""
    return await _save(request, principal, bus, None)


async def _save(request: Request, principal: Principal, bus: Bus, one: entries.Person | None) -> Response:
    form = await PersonForm.read(request)
    await _offered(form, principal, bus, one)
    if await form.rows_changed(request):
        _offered_rows(form, principal)
        return _form_page(request, principal, form, 422, one=one)
    if not form.validate():
        return _form_page(request, principal, form, 422, one=one)
    try:
        entry = await _entry(form, principal, bus, one)
        submitted = await proposals.submit(
            bus,
            principal,
            PersonChange(entry=entry),
            version=None if one is None else await version_of(request),
            note_=form.note.data or "",
            new=one is None,
        )
    except ValidationError as error:
        for problem in error.errors():
            form.refuse(str(problem["loc"][0]), _sentence(problem))
        return _form_page(request, principal, form, 422, one=one)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, principal, form, refused.status_code, one=one)
    return went(submitted, AT)


_REMEDIES = {
    "subject": N_("Write it without spaces and without the signs / ? #"),
    "years_in_field": N_("Write a whole number from 0 to 60"),
}


def _sentence(problem: Any) -> str:
    """What to do about a value that an entry does not take."""
    if problem["type"] == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    return gettext(_REMEDIES.get(str(problem["loc"][0]), N_("This cannot be read. Write it anew.")))


def _offered_rows(form: PersonForm, principal: Principal) -> None:
    """Say what the roles of rows that were just added can be."""
    for row in form.roles:
        choose(row.form.role, grantable(principal), blank=N_("Choose one"))


async def _entry(form: PersonForm, principal: Principal, bus: Bus, one: entries.Person | None) -> PersonEntry:
    known: tuple[Any, ...] = ()
    values = form.values()
    if one is not None:
        values["subject"] = one.subject
        async with bus.read() as session:
            known = (await people.grants(session, [one.subject])).get(one.subject, ())
    base = PersonEntry.model_validate(values)
    roles = register_grants.with_roles(
        known,
        form.held(),
        roles=grantable(principal),
        country=base.country,
        organisation_id=base.organisation_id,
        day=clock.today(),
    )
    return base.model_copy(update={"grants": roles})


@router.get("/{person_id}")
async def show(request: Request, person_id: UUID, principal: Decider, bus: BusDep, settings: Portal) -> Response:
    """What is known about a person, what he or she may and since when, who stands in, and what was changed."""
    seen = scope_of(principal)
    async with bus.read() as session:
        one = await seen_person(session, principal, person_id)
        grants = (await people.grants(session, [one.subject])).get(one.subject, ())
        changes = await history(session, ("person", "access"), one.id)
        names = await words.organisation_names(
            session,
            [
                one.organisation_id,
                one.moves_to,
                *grants,
                *(change.before for change in changes),
                *(change.after for change in changes),
            ],
        )
        events = await words.history(session, changes, seen, names)
        waiting = await proposed.waiting_about(session, one.subject)
        stands_in = await deputies_of(session, one.subject)
        check = await address_checks.newest(session, one.subject)
    held = grants_to_confirm(one, grants)
    times = access_year(settings)
    return render(
        request,
        "register/person.html",
        one=one,
        names=names,
        grants=sorted(
            grants, key=lambda grant: (register_grants.over(grant, clock.today()), grant.since), reverse=False
        ),
        holders={grant.deputy_for: name for grant, name in await _holders(bus, grants, seen)},
        said=words,
        access=words.access_state(one, grants, times.asked_before(clock.today())),
        due=times.due(one.confirmed_on),
        lapses=times.lapses(one.confirmed_on),
        may_confirm=may_confirm(principal, one, held),
        address=words.address_state(one, link_open=check is not None and check.open(clock.now())),
        may_ask=one.unconfirmed_address is not None,
        asked_at=None if check is None else check.asked_at,
        stands_in=[pair for pair in stands_in if seen.covers(pair.deputy.country, pair.deputy.organisation_id)],
        offices=register_grants.left_behind(grants, clock.today()),
        leaves=bool(register_grants.to_come(grants, clock.today())),
        events=events,
        waiting=waiting,
        decides=decides(principal),
        done=request.query_params.get("done"),
    )


async def _holders(bus: Bus, grants: Any, seen: people.RegisterScope) -> list[tuple[Any, str]]:
    """For whom somebody stands in, by name where that is the reader's to know."""
    async with bus.read() as session:
        known = await entries.people_by_subject(session, [g.deputy_for for g in grants if g.deputy_for])
    return [
        (grant, known[grant.deputy_for].name)
        for grant in grants
        if grant.deputy_for in known
        and seen.covers(known[grant.deputy_for].country, known[grant.deputy_for].organisation_id)
    ]


@router.get("/{person_id}/edit")
async def edit(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """The form with what is known."""
    async with bus.read() as session:
        one = await seen_person(session, principal, person_id)
        grants = (await people.grants(session, [one.subject])).get(one.subject, ())
    form = PersonForm(data=person_data(person_entry(one, grants), grantable(principal), clock.today()))
    await _offered(form, principal, bus, one)
    return _form_page(request, principal, form, one=one)


@router.post("/{person_id}/edit")
async def save(request: Request, person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Change the person, or propose the change."""
    async with bus.read() as session:
        one = await seen_person(session, principal, person_id)
    return await _save(request, principal, bus, one)
