"""The page on which officers browse the placements or mentors of an open call, and wish for some of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.application.actions.wishes import Wished, add_wish, remove_wish
from services.applications.calls.views.headings import places_path
from services.applications.guards import Officer
from services.applications.parameters import BusDep
from services.applications.places.model import NEWEST, ORDERS, REFERENCE, SOONEST
from services.applications.places.views import Choice, PlaceList, card_of, place_list
from shared.contracts import labels
from shared.contracts.codes import LANGUAGES, MOST_WISHES, ApplicationKind
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.ids import read_id
from shared.time import dates
from shared.web.forms import sent
from shared.web.lists import Empty, Filter, Listing, list_page, with_country
from shared.web.path_parameters import limit_parameter
from shared.web.query import CountryText, DayText, TopicText, one_of
from shared.web.render import see_other

router = APIRouter(prefix="/applications/calls", include_in_schema=False)
limit_parameter("application_kind", ApplicationKind)


@dataclass(frozen=True, slots=True)
class ListedPart:
    """The part of the list that an address shows: filters, order and page."""

    topic: TopicText = ""
    country: CountryText = ""
    week: DayText = ""
    language: Annotated[str, one_of(*LANGUAGES)] = ""
    sort: Annotated[str, one_of(*ORDERS)] = REFERENCE
    page: Annotated[int, Query(ge=1, le=10_000)] = 1

    @property
    def choice(self) -> Choice:
        """The filters."""
        week = date.fromisoformat(self.week) if self.week else None
        return Choice(self.topic or None, self.country or None, week, self.language or None)

    @property
    def query(self) -> dict[str, str]:
        """The parameters that differ from those of the whole list."""
        given = asdict(self) | {"page": str(self.page) if self.page > 1 else ""}
        return {name: value for name, value in given.items() if value and (name, value) != ("sort", REFERENCE)}


ListedPartDep = Annotated[ListedPart, Depends()]


@router.get("/{call_id}/places/{kind:application_kind}")
async def browse(
    request: Request,
    call_id: UUID,
    kind: str,
    principal: Officer,
    bus: BusDep,
    part: ListedPartDep,
    done: Annotated[str, one_of(*Wished)] = "",
) -> Response:
    """Show the published placements or mentors abroad, with the rules that can be checked for the officer now."""
    chosen, choice = ApplicationKind(kind), part.choice
    async with bus.read() as session:
        found = await place_list(session, principal, call_id, chosen, choice, part.sort or REFERENCE, part.page)
    visits = chosen is ApplicationKind.STUDY_VISIT
    address, call_address = places_path(call_id, chosen), f"/applications/calls/{call_id}"
    return list_page(
        request,
        Listing(
            gettext("Placements in this call") if visits else gettext("Mentors in this call"),
            address,
            [],
            [
                [card_of(place, found.scheme), str(id_), found.wishes.number_of(id_) if found.wishes else 0]
                for id_, place in zip(found.ids, found.items, strict=True)
            ],
            found.total,
            _empty(found, address, call_address, visits=visits),
            _none_fit(found, visits=visits) if choice != Choice() else "",
            page=part.page,
            caption=found.call.name,
            intro=_intro(visits=visits, ordered=found.wishes is not None),
            filters=[*_filters(found, choice), *_more_filters(found, choice, part.sort)],
            back=call_address,
            back_text=gettext("Back to the call"),
            done=_done(done, visits=visits),
        ),
        "places/list.html",
        wishes=found.wishes,
        refused=done in {Wished.FULL, Wished.NOT_OPEN},
        wish_address=_with(f"{address}/wish", part.query),
    )


@router.post("/{call_id}/places/{kind:application_kind}/wish")
async def wish(
    request: Request, call_id: UUID, kind: str, principal: Officer, bus: BusDep, part: ListedPartDep
) -> Response:
    """Add a listed placement or mentor to the wishes of the officer's application, or remove it, and show the list."""
    form = await sent(request)
    place_id, chosen = read_id(str(form.get("place", ""))), ApplicationKind(kind)
    if place_id is None:
        sentence = gettext("Choose one of the answers given")
        raise Refused(sentence, 422, {"place": sentence})
    change = remove_wish if "remove" in form else add_wish
    done = await change(bus, principal, call_id, chosen, place_id)
    return see_other(_with(places_path(call_id, chosen), part.query | {"done": str(done)}))


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address


def _done(done: str, *, visits: bool) -> str:
    """Return what a change of wishes did, in words."""
    if done == Wished.FULL:
        sentence = ngettext(
            "Your list is full: it has %(num)d wish. Remove one first.",
            "Your list is full: it has %(num)d wishes. Remove one first.",
            MOST_WISHES,
        )
        return sentence % {"num": MOST_WISHES}
    words = {
        Wished.ADDED: gettext("Added to your wishes. Change their order in your application."),
        Wished.STARTED: gettext("Added to your wishes. We started a draft application for you."),
        Wished.REMOVED: gettext("Removed from your wishes."),
        Wished.NOT_OPEN: gettext("This placement is no longer open, so we did not add it.")
        if visits
        else gettext("This mentor takes no more mentees, so we did not add the profile."),
    }
    return words[Wished(done)] if done else ""


def _intro(*, visits: bool, ordered: bool) -> str:
    if ordered:
        listed = (
            gettext("These placements are abroad and open now. Add those that you would like to your wishes.")
            if visits
            else gettext("These mentors are abroad and take mentees now. Add those that you would like to your wishes.")
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
    topics = [(code, labels.topic(code, found.scheme)) for code in found.topics]
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
