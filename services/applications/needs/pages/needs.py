"""List, show and change training needs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.guards import Country
from services.applications.needs import views
from services.applications.needs.actions import needs as actions
from services.applications.needs.forms import NeedForm, topics
from services.applications.needs.model import LEVELS, NeedEntry
from services.applications.needs.views import Need, NeedListing
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.forms import countries_of, set_choices
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, UNION, Expertise
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import countries_visible
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, country_filter, list_page
from shared.web.query import CountryText
from shared.web.render import render, see_other

AT = f"{REGISTER}/needs"
router = APIRouter(prefix=AT, include_in_schema=False)
_DONE = {
    "saved": N_("Training need saved."),
    "withdrawn": N_("Training need withdrawn."),
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
    country: CountryText = "",
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
    listing = Listing(
        gettext("Training needs"),
        AT,
        [
            Column(gettext("Topic"), "topic"),
            Column(gettext("Area of expertise")),
            Column(gettext("Country"), "country"),
            Column(gettext("Level"), "level"),
            Column(gettext("People"), "quantity"),
            Column(gettext("Until"), "until"),
            Column(gettext("State")),
        ],
        [_row(need) for need in listed.shown],
        listed.total,
        Empty(gettext("No training needs yet. Add a need, or import the OTNA table.")),
        none_fit=gettext("No training needs match these filters."),
        page=page,
        sort=sort,
        intro=_intro(listed),
        back=REGISTER,
        buttons=_buttons(listed),
        filters=[
            *country_filter([code for code, _ in _countries(principal)], country),
            Filter("topic", gettext("Topic"), topic, topics()),
            Filter("level", gettext("Level"), level, [(str(number), gettext(text)) for number, text in LEVELS.items()]),
            Filter(
                "area",
                gettext("Area of expertise"),
                area,
                [(area_option.value, labels.label(area_option)) for area_option in Expertise],
            ),
            Filter("state", gettext("State"), state, [("withdrawn", gettext("Withdrawn"))]),
        ],
        done=gettext(_DONE[done]) if done in _DONE else "",
    )
    return list_page(request, listing)


def _intro(listed: NeedListing) -> str:
    text = gettext("Needs from the operational training needs analysis (OTNA). Calls cover them.")
    if not listed.total:
        return text
    sentence = ngettext(
        "Shown here: %(num)d person to be trained.", "Shown here: %(num)d people to be trained.", listed.people
    )
    return f"{text} {sentence % {'num': listed.people}}"


def _buttons(listed: NeedListing) -> list[Link]:
    buttons = [Link(gettext("Add a need"), f"{AT}/new"), Link(gettext("Import a table"), f"{AT}/import")]
    if (upload := listed.upload) is not None:
        buttons.append(Link(gettext("Continue with %(file)s") % {"file": upload.filename}, f"{AT}/import/{upload.id}"))
    return buttons


def _row(need: Need) -> list[Cell]:
    return [
        Link(labels.topic(need.topic_code), f"{AT}/{need.id}"),
        labels.label(need.area) if need.area else None,
        labels.country(need.country),
        gettext(LEVELS[need.level]),
        need.quantity,
        dates.day(need.until, short=True),
        tag("need", "withdrawn" if need.withdrawn else "open"),
    ]


async def _need(request: DecisionRequest[NeedForm]) -> Need | None:
    """Return the need that the form changes; None for a new one."""
    if not request.ids:
        return None
    async with request.bus.read() as session:
        return await views.need(session, request.principal, request.id)


async def _filled(request: DecisionRequest[NeedForm]) -> NeedForm:
    need = await _need(request)
    if need is None:
        return request.form
    values = need.model_dump(include={"country", "area", "quantity", "since", "until"})
    return NeedForm(data=values | {"topic": f"{need.scheme}:{need.topic_code}", "level": str(need.level)})


async def _offer(request: DecisionRequest[NeedForm]) -> None:
    form, country_options = request.form, _countries(request.principal)
    set_choices(form.country, country_options, blank=N_("Choose one") if len(country_options) > 1 else None)
    set_choices(form.topic, topics(), blank=N_("Choose one"))
    set_choices(form.area, Expertise, blank=N_("The topic as a whole"))
    set_choices(form.level, [(str(number), text) for number, text in LEVELS.items()])


async def _ask(request: DecisionRequest[NeedForm]) -> Question:
    need = await _need(request)
    return Question(
        gettext("Change need") if need else gettext("Add a need"),
        gettext("Save need"),
        f"{AT}/{need.id}" if need else AT,
    )


async def _save(request: DecisionRequest[NeedForm]) -> str:
    """Enter or change a need; a withdrawn one opens again."""
    form, need_id = request.form, request.ids.get("need_id")
    scheme, _, code = str(form.topic.data).partition(":")
    entry = NeedEntry(
        id=need_id,
        country=form.country.data,
        scheme=scheme,
        topic_code=code,
        area=form.area.data or None,
        level=form.level.data,
        quantity=form.quantity.data,
        since=form.since.data,
        until=form.until.data,
    )
    try:
        saved = await actions.save(request.bus, request.principal, entry)
    except Refused as refused:
        # The form has one field for topic and scheme.
        refused.fields = {_NAMES.get(name, name): sentence for name, sentence in refused.fields.items()}
        raise
    return f"{AT}/{saved}?done=saved"


_NAMES = {"topic_code": "topic", "scheme": "topic"}
add_decision(router, Country, Decision("/new", NeedForm, _ask, _save, prepare=_offer))


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
                Link(call.reference, f"/applications/calls/{call.id}"),
                call.title,
                tag("call", call.state),
                dates.day(call.deadline, short=True),
            ]
            for call in details.citing
        ],
        name=labels.topic(need.topic_code),
        scheme=labels.scheme(need.scheme),
        area=labels.label(need.area) if need.area else gettext("all areas"),
        level=gettext(LEVELS[need.level]),
        where=tag("need", "withdrawn" if need.withdrawn else "open"),
        events=details.events,
        done=request.query_params.get("done"),
    )


add_decision(router, Country, Decision("/{need_id}/edit", NeedForm, _ask, _save, new=_filled, prepare=_offer))


@router.post("/{need_id}/withdraw")
async def withdraw(need_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Withdraw a need."""
    await actions.withdraw(bus, principal, need_id)
    return see_other(f"{AT}/{need_id}?done=withdrawn")
