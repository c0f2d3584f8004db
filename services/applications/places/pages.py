"""The page on which officers browse the published placements or mentors of an open call."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.calls.views.headings import places_path
from services.applications.fields import topic_in_words
from services.applications.guards import Officer
from services.applications.parameters import BusDep
from services.applications.places.model import NEWEST, ORDERS, REFERENCE, SOONEST
from services.applications.places.views import Choice, PlaceList, card_of, place_list
from shared.contracts import labels
from shared.contracts.codes import LANGUAGES, ApplicationKind
from shared.i18n import gettext
from shared.time import dates
from shared.web.lists import Empty, Filter, Listing, list_page, with_country
from shared.web.path_parameters import limit_parameter
from shared.web.query import CountryText, DayText, TopicText, one_of

router = APIRouter(prefix="/applications/calls", include_in_schema=False)
limit_parameter("application_kind", ApplicationKind)


@router.get("/{call_id}/places/{kind:application_kind}")
async def browse(
    request: Request,
    call_id: UUID,
    kind: str,
    principal: Officer,
    bus: BusDep,
    topic: TopicText = "",
    country: CountryText = "",
    week: DayText = "",
    language: Annotated[str, one_of(*LANGUAGES)] = "",
    sort: Annotated[str, one_of(*ORDERS)] = REFERENCE,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show the published placements or mentors abroad, with the rules that can be checked for the officer now."""
    chosen = ApplicationKind(kind)
    choice = Choice(topic or None, country or None, date.fromisoformat(week) if week else None, language or None)
    async with bus.read() as session:
        found = await place_list(session, principal, call_id, chosen, choice, sort or REFERENCE, page)
    visits = chosen is ApplicationKind.STUDY_VISIT
    address, call_address = places_path(call_id, chosen), f"/applications/calls/{call_id}"
    return list_page(
        request,
        Listing(
            gettext("Placements in this call") if visits else gettext("Mentors in this call"),
            address,
            [],
            [[card_of(place, found.scheme)] for place in found.items],
            found.total,
            _empty(found, address, call_address, visits=visits),
            _none_fit(found, visits=visits) if choice != Choice() else "",
            page=page,
            caption=found.call.name,
            intro=_intro(visits=visits, ordered=found.ordered),
            filters=[*_filters(found, choice), *_more_filters(found, choice, sort)],
            back=call_address,
            back_text=gettext("Back to the call"),
        ),
        "places/list.html",
    )


def _intro(*, visits: bool, ordered: bool) -> str:
    if ordered:
        listed = (
            gettext("These placements are abroad and open now. In your application you can put them in order.")
            if visits
            else gettext(
                "These mentors are abroad and take mentees now. In your application you can put them in order."
            )
        )
    else:
        listed = (
            gettext("These placements are abroad and open now. You do not choose one: the matching finds it for you.")
            if visits
            else gettext(
                "These mentors are abroad and take mentees now. You do not choose one: the matching finds one for you."
            )
        )
    checked = gettext("We check some rules with your newest answers. The matching checks all rules later.")
    return f"{listed} {checked}"


def _empty(found: PlaceList, address: str, call_address: str, *, visits: bool) -> Empty:
    """Return why the list is empty, and the way on."""
    if found.total:
        return Empty(gettext("This page of the list is empty."), gettext("Go to the first page"), address)
    why = (
        gettext("No placements yet. Placements appear here when hosts in other countries publish them.")
        if visits
        else gettext("No mentors yet. Mentors appear here when they publish a profile in another country.")
    )
    return Empty(why, gettext("Back to the call"), call_address)


def _none_fit(found: PlaceList, *, visits: bool) -> str:
    if found.total:
        return gettext("This page of the list is empty.")
    if visits:
        return gettext("No placements match these filters.")
    return gettext("No mentors match these filters.")


def _filters(found: PlaceList, choice: Choice) -> list[Filter]:
    """Return the filters by topic and country, each with its value in the address."""
    topics = [(code, topic_in_words(code, found.scheme)) for code in found.topics]
    countries = labels.countries(with_country(found.countries, choice.country))
    return [
        Filter("topic", gettext("Topic"), choice.topic or "", topics),
        Filter("country", gettext("Country"), choice.country or "", countries),
    ]


def _more_filters(found: PlaceList, choice: Choice, order: str) -> list[Filter]:
    """Return the filters by week and language, and the order of the list."""
    spoken = [*found.languages, *([choice.language] if choice.language else [])]
    tongues = sorted(((code, labels.tongue(code)) for code in dict.fromkeys(spoken)), key=lambda entry: entry[1])
    weeks = [(week.start.isoformat(), dates.span(week.start, week.friday)) for week in found.weeks]
    orders = [(SOONEST, gettext("Earliest first")), (NEWEST, gettext("Newest first"))]
    return [
        Filter("week", gettext("Week"), choice.week.isoformat() if choice.week else "", weeks),
        Filter("language", gettext("Language"), choice.language or "", tongues),
        Filter("sort", gettext("Order"), "" if order == REFERENCE else order, orders, all=gettext("Reference")),
    ]
