"""What does a coordinator see and do about training needs? A list and a form; a table of them: `needs_table`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.calls import store as calls_store
from services.applications.display import country_filter, tag, topic
from services.applications.forms import refuse, version_of
from services.applications.guards import Country
from services.applications.needs import actions, store
from services.applications.needs.forms import NeedForm, topics
from services.applications.needs.model import LEVELS, NeedEntry
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.refusals import not_found
from services.applications.register.forms import countries_of, set_choices
from services.applications.register.store import people
from services.applications.register.store.history import history
from services.applications.register.views import words
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, UNION, Expertise
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import countries_visible, may_see_country
from shared.time import clock, dates
from shared.web.render import render, see_other

AT = f"{REGISTER}/needs"
router = APIRouter(prefix=AT, include_in_schema=False)
_DONE = {
    "saved": N_("Saved."),
    "withdrawn": N_("Withdrawn."),
    "imported": N_("The table is imported."),
    "discarded": N_("Discarded. Nothing was imported."),
}


def _countries(principal: Principal) -> list[tuple[str, str]]:
    seen = countries_visible(principal)
    return countries_of(frozenset(set(COUNTRIES) - {UNION}) if seen is None else seen)


@router.get("")
async def show_all(
    request: Request,
    principal: Country,
    bus: BusDep,
    country: str = "",
    topic: str = "",
    level: str = "",
    area: str = "",
    state: str = "",
    sort: str = "country",
    done: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The needs of the own country, or all; filters stand in the address."""
    filters = store.Filters(
        country or None,
        topic.rpartition(":")[2] or None,
        int(level) if level in {"1", "2", "3"} else None,
        area or None,
        withdrawn=state == "withdrawn",
        sort=sort,
    )
    async with bus.read() as session:
        found, total, people_ = await store.needs(session, countries_visible(principal), filters, page)
        uploads = await store.waiting_uploads(session, principal.subject, clock.now())
    shown = _countries(principal)
    return list_page(
        request,
        title=gettext("Training needs"),
        action=AT,
        intro=gettext("What the operational training needs analysis (OTNA) names. Calls answer them.")
        + (
            " "
            + ngettext(
                "Shown here: %(num)d person to be trained.", "Shown here: %(num)d people to be trained.", people_
            )
            % {"num": people_}
            if total
            else ""
        ),
        buttons=[
            (gettext("Add a need"), f"{AT}/new"),
            (gettext("Import a table"), f"{AT}/import"),
            *(
                (gettext("Go on with %(file)s") % {"file": one.filename}, f"{AT}/import/{one.id}")
                for one in uploads[:1]
            ),
        ],
        fields=[
            *country_filter(shown, country),
            {"name": "topic", "label": gettext("Topic"), "options": topics(), "value": topic},
            {
                "name": "level",
                "label": gettext("Level"),
                "options": [(str(n), gettext(text)) for n, text in LEVELS.items()],
                "value": level,
            },
            {
                "name": "area",
                "label": gettext("Area of expertise"),
                "options": [(one.value, labels.label(one)) for one in Expertise],
                "value": area,
            },
            {
                "name": "state",
                "label": gettext("State"),
                "options": [("withdrawn", gettext("Withdrawn"))],
                "value": state,
            },
        ],
        columns=[
            (gettext("Topic"), "topic"),
            gettext("Area of expertise"),
            (gettext("Country"), "country"),
            (gettext("Level"), "level"),
            (gettext("People"), "quantity"),
            (gettext("Until"), "until"),
            gettext("State"),
        ],
        rows=[_row(one) for one in found],
        sort=sort,
        page=page,
        total=total,
        empty_why=gettext("No need is here, or none fits the filters. Add one, or import the table of the OTNA."),
        done=gettext(_DONE[done]) if done in _DONE else "",
    )


def _row(one: store.Need) -> list[Any]:
    return [
        {"text": topic(one.topic_code), "href": f"{AT}/{one.id}"},
        labels.label(Expertise(one.area)) if one.area else None,
        labels.country(one.country),
        gettext(LEVELS[one.level]),
        one.quantity,
        dates.day(one.until, short=True),
        tag("need", "withdrawn" if one.withdrawn else "open"),
    ]


def _offer(form: NeedForm, principal: Principal) -> None:
    shown = _countries(principal)
    set_choices(form.country, shown, blank=N_("Choose one") if len(shown) > 1 else None)
    set_choices(form.topic, topics(), blank=N_("Choose one"))
    set_choices(form.area, Expertise, blank=N_("The topic as a whole"))
    set_choices(form.level, [(str(n), text) for n, text in LEVELS.items()])


def _form_page(request: Request, form: NeedForm, status: int = 200, *, one: store.Need | None = None) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Change the need") if one else gettext("Add a need"),
        back=f"{AT}/{one.id}" if one else AT,
        button=gettext("Save"),
        version=one.version if one else None,
    )


async def _save(request: Request, principal: Principal, bus: Bus, one: store.Need | None) -> Response:
    form = await NeedForm.read(request)
    _offer(form, principal)
    if not form.validate():
        return _form_page(request, form, 422, one=one)
    scheme, _, code = str(form.topic.data).partition(":")
    values = {
        "id": one.id if one else None,
        "country": form.country.data,
        "scheme": scheme,
        "topic_code": code,
        "area": form.area.data or None,
        "level": form.level.data,
        "quantity": form.quantity.data,
        "since": form.since.data,
        "until": form.until.data,
    }
    try:
        entry = NeedEntry.model_validate(values)
        need_id = await actions.save(bus, principal, entry, version=await version_of(request) if one else None)
    except ValidationError:
        form.refuse("quantity", gettext("Write a whole number from 1 to 10000."))
        return _form_page(request, form, 422, one=one)
    except Refused as refused:
        if refused.status_code not in {409, 422}:
            raise
        refuse(
            form, Refused(refused.detail, refused.status_code, {_NAMES.get(n, n): t for n, t in refused.fields.items()})
        )
        return _form_page(request, form, refused.status_code, one=one)
    return see_other(f"{AT}/{need_id}?done=saved")


_NAMES = {"topic_code": "topic", "scheme": "topic"}


@router.get("/new")
async def new(request: Request, principal: Country) -> Response:
    """An empty form."""
    form = NeedForm()
    _offer(form, principal)
    return _form_page(request, form)


@router.post("/new")
async def enter(request: Request, principal: Country, bus: BusDep) -> Response:
    """Enter a need."""
    return await _save(request, principal, bus, None)


async def _seen(bus: Bus, principal: Principal, need_id: UUID) -> store.Need:
    async with bus.read() as session:
        one = await store.need(session, need_id)
    if one is None or not may_see_country(principal, one.country):
        raise not_found()
    return one


@router.get("/{need_id}")
async def show(request: Request, need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """One need, and what was changed."""
    one = await _seen(bus, principal, need_id)
    async with bus.read() as session:
        changes = await history(session, ("need",), one.id)
        events = await words.history(session, changes, people.RegisterScope(countries_visible(principal)), {})
        citing = await calls_store.citing(session, one.id)
    return render(
        request,
        "needs/need.html",
        citing=[
            [
                {"text": call.reference, "href": f"/applications/calls/{call.id}"},
                call.title,
                tag("call", call.shown_state(clock.now())),
                dates.day(call.deadline, short=True),
            ]
            for call in citing
        ],
        one=one,
        name=topic(one.topic_code),
        area=labels.label(Expertise(one.area)) if one.area else gettext("all areas"),
        level=gettext(LEVELS[one.level]),
        where=tag("need", "withdrawn" if one.withdrawn else "open"),
        events=events,
        done=request.query_params.get("done"),
    )


@router.get("/{need_id}/edit")
async def edit(request: Request, need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """The form with what is known."""
    one = await _seen(bus, principal, need_id)
    form = NeedForm(
        data={
            "country": one.country,
            "topic": f"{one.scheme}:{one.topic_code}",
            "area": one.area,
            "level": str(one.level),
            "quantity": one.quantity,
            "since": one.since,
            "until": one.until,
        }
    )
    _offer(form, principal)
    return _form_page(request, form, one=one)


@router.post("/{need_id}/edit")
async def save(request: Request, need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Change it; one that was withdrawn is open again."""
    return await _save(request, principal, bus, await _seen(bus, principal, need_id))


@router.post("/{need_id}/withdraw")
async def withdraw(need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """It is needed no more."""
    await actions.withdraw(bus, principal, need_id)
    return see_other(f"{AT}/{need_id}?done=withdrawn")
