"""List, show and change training needs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.display import country_filter, tag, topic
from services.applications.forms import submit_change, version_of
from services.applications.guards import Country
from services.applications.needs import views
from services.applications.needs.actions import needs as actions
from services.applications.needs.forms import NeedForm, topics
from services.applications.needs.model import LEVELS, NeedEntry
from services.applications.needs.views import Need, NeedListing
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.forms import countries_of, set_choices
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, UNION, Expertise
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import countries_visible
from shared.time import dates
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
    visible = countries_visible(principal)
    return countries_of(frozenset(set(COUNTRIES) - {UNION}) if visible is None else visible)


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
    """List the needs of the reader's country, or all; filters are in the address."""
    filters = views.Filters(
        country or None,
        topic.rpartition(":")[2] or None,
        int(level) if level in {"1", "2", "3"} else None,
        area or None,
        withdrawn=state == "withdrawn",
        sort=sort,
    )
    async with bus.read() as session:
        listed = await views.need_listing(session, principal, filters, page)
    return list_page(
        request,
        title=gettext("Training needs"),
        action=AT,
        intro=_intro(listed),
        buttons=_buttons(listed),
        fields=[
            *country_filter(_countries(principal), country),
            {"name": "topic", "label": gettext("Topic"), "options": topics(), "value": topic},
            {
                "name": "level",
                "label": gettext("Level"),
                "options": [(str(number), gettext(text)) for number, text in LEVELS.items()],
                "value": level,
            },
            {
                "name": "area",
                "label": gettext("Area of expertise"),
                "options": [(area_option.value, labels.label(area_option)) for area_option in Expertise],
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
        rows=[_row(need) for need in listed.shown],
        sort=sort,
        page=page,
        total=listed.total,
        empty_why=gettext("No need is here, or none fits the filters. Add one, or import the table of the OTNA."),
        done=gettext(_DONE[done]) if done in _DONE else "",
    )


def _intro(listed: NeedListing) -> str:
    text = gettext("What the operational training needs analysis (OTNA) names. Calls answer them.")
    if not listed.total:
        return text
    sentence = ngettext(
        "Shown here: %(num)d person to be trained.", "Shown here: %(num)d people to be trained.", listed.people
    )
    return f"{text} {sentence % {'num': listed.people}}"


def _buttons(listed: NeedListing) -> list[tuple[str, str]]:
    buttons = [(gettext("Add a need"), f"{AT}/new"), (gettext("Import a table"), f"{AT}/import")]
    if (upload := listed.upload) is not None:
        buttons.append((gettext("Go on with %(file)s") % {"file": upload.filename}, f"{AT}/import/{upload.id}"))
    return buttons


def _row(need: Need) -> list[Any]:
    return [
        {"text": topic(need.topic_code), "href": f"{AT}/{need.id}"},
        labels.label(need.area) if need.area else None,
        labels.country(need.country),
        gettext(LEVELS[need.level]),
        need.quantity,
        dates.day(need.until, short=True),
        tag("need", "withdrawn" if need.withdrawn else "open"),
    ]


def _offer(form: NeedForm, principal: Principal) -> None:
    country_options = _countries(principal)
    set_choices(form.country, country_options, blank=N_("Choose one") if len(country_options) > 1 else None)
    set_choices(form.topic, topics(), blank=N_("Choose one"))
    set_choices(form.area, Expertise, blank=N_("The topic as a whole"))
    set_choices(form.level, [(str(number), text) for number, text in LEVELS.items()])


def _form_page(request: Request, form: NeedForm, status: int = 200, *, need: Need | None = None) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Change the need") if need else gettext("Add a need"),
        back=f"{AT}/{need.id}" if need else AT,
        button=gettext("Save"),
        version=need.version if need else None,
    )


async def _save(request: Request, principal: Principal, bus: Bus, need: Need | None) -> Response:
    form = await NeedForm.read(request)
    _offer(form, principal)
    if not form.validate():
        return _form_page(request, form, 422, need=need)
    scheme, _, code = str(form.topic.data).partition(":")
    values = {
        "id": need.id if need else None,
        "country": form.country.data,
        "scheme": scheme,
        "topic_code": code,
        "area": form.area.data or None,
        "level": form.level.data,
        "quantity": form.quantity.data,
        "since": form.since.data,
        "until": form.until.data,
    }

    async def submit() -> UUID:
        entry = NeedEntry.model_validate(values)
        try:
            return await actions.save(bus, principal, entry, version=await version_of(request) if need else None)
        except Refused as refused:
            # The form has one field for topic and scheme.
            refused.fields = {_NAMES.get(name, name): sentence for name, sentence in refused.fields.items()}
            raise

    submitted = await submit_change(form, submit, _wrong_quantity)
    if isinstance(submitted, int):
        return _form_page(request, form, submitted, need=need)
    return see_other(f"{AT}/{submitted}?done=saved")


def _wrong_quantity(_: ValidationError) -> dict[str, str]:
    """Return what is wrong with a need that its entry does not take: the form has checked all but the quantity."""
    return {"quantity": gettext("Write a whole number from 1 to 10000.")}


_NAMES = {"topic_code": "topic", "scheme": "topic"}


@router.get("/new")
async def new(request: Request, principal: Country) -> Response:
    """Show an empty form."""
    form = NeedForm()
    _offer(form, principal)
    return _form_page(request, form)


@router.post("/new")
async def enter(request: Request, principal: Country, bus: BusDep) -> Response:
    """Enter a need."""
    return await _save(request, principal, bus, None)


async def _visible_need(bus: Bus, principal: Principal, need_id: UUID) -> Need:
    async with bus.read() as session:
        return await views.need(session, principal, need_id)


@router.get("/{need_id}")
async def show(request: Request, need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Show one need and its history."""
    async with bus.read() as session:
        details = await views.need_details(session, principal, need_id)
    need = details.need
    return render(
        request,
        "needs/need.html",
        need=need,
        citing=[
            [
                {"text": call.reference, "href": f"/applications/calls/{call.id}"},
                call.title,
                tag("call", call.state),
                dates.day(call.deadline, short=True),
            ]
            for call in details.citing
        ],
        name=topic(need.topic_code),
        area=labels.label(need.area) if need.area else gettext("all areas"),
        level=gettext(LEVELS[need.level]),
        where=tag("need", "withdrawn" if need.withdrawn else "open"),
        events=details.events,
        done=request.query_params.get("done"),
    )


@router.get("/{need_id}/edit")
async def edit(request: Request, need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Show the form with the need."""
    need = await _visible_need(bus, principal, need_id)
    form = NeedForm(
        data={
            "country": need.country,
            "topic": f"{need.scheme}:{need.topic_code}",
            "area": need.area,
            "level": str(need.level),
            "quantity": need.quantity,
            "since": need.since,
            "until": need.until,
        }
    )
    _offer(form, principal)
    return _form_page(request, form, need=need)


@router.post("/{need_id}/edit")
async def save(request: Request, need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Change a need; a withdrawn one opens again."""
    return await _save(request, principal, bus, await _visible_need(bus, principal, need_id))


@router.post("/{need_id}/withdraw")
async def withdraw(need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Withdraw a need."""
    await actions.withdraw(bus, principal, need_id)
    return see_other(f"{AT}/{need_id}?done=withdrawn")
