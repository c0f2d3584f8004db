"""Show the portal's first page to one person: their work, what is in progress, and their account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.application.views.standing import standing
from services.applications.calls import store as calls_store
from services.applications.desk import store
from services.applications.desk.model import PARTS, PublishedPeriod, newest
from services.applications.first_page import waiting_for
from services.applications.overview.views.first_page import participant
from services.applications.overview.views.participation import who_comes
from services.applications.partners.views import continuing_cases
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.waiting import MOST, Waiting, urgency
from shared.contracts import labels
from shared.contracts.codes import ApplicationState, CallState, Role, group_labels
from shared.contracts.lifecycle.state_sets import MENTORSHIP_OVER, VISIT_AHEAD, VISIT_GOING
from shared.i18n import N_, gettext, number
from shared.time import clock, dates
from shared.web import navigation, states
from shared.web.graphics.charts import Bar, bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from services.applications.overview.views.participation import MatchView
    from services.applications.partners.views import PartnerCase
    from services.applications.settings import Settings
    from shared.bus import Bus
    from shared.identity import Principal
    from shared.web.graphics.charts import Chart
    from shared.web.states import Standing, State


@dataclass(frozen=True, slots=True)
class Card:
    """A link to a page with a title, and what is found there; `meta` is above the title, `note` below the text."""

    title: str
    text: str
    href: str
    meta: str = ""
    action: str = ""
    note: str = ""


async def open_calls(bus: Bus) -> list[calls_store.Call]:
    """Return the calls that take applications now."""
    async with bus.read() as session:
        calls = await calls_store.calls(session, state=CallState.PUBLISHED)
    moment = clock.now()
    return [call for call in calls if call.takes_applications(moment)]


_FIGURES = "/reporting/"
_FEWEST_BARS = 2
"""The fewest parts of which a chart is drawn."""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of the newest published period: two figures and a chart, as reporting released them.

    A figure is None where it is not shown. `statement` is the address of the published statement; empty for a reader
    who may not open it.
    """

    period: PublishedPeriod
    chart: Chart | None
    statement: str


async def results(bus: Bus, principal: Principal | None) -> Results | None:
    """Return the results of the newest published period; None if nothing is published."""
    async with bus.read() as session:
        period = newest(await store.published(session))
    if period is None:
        return None
    return Results(period, _visits_chart(period), _statement(period.label) if _may_open(principal) else "")


def _statement(label: str) -> str:
    return f"{_FIGURES}{label}/latest/"


def _may_open(principal: Principal | None) -> bool:
    """Return whether the reader's navigation leads to figures; who is not signed in is asked to sign in first."""
    if principal is None:
        return True
    sections = navigation.navigation(principal, _FIGURES)
    return any(_FIGURES in {section.href, *(entry.href for entry in section.entries)} for section in sections)


def _visits_chart(period: PublishedPeriod) -> Chart | None:
    """Return the visits by the officers' country or group; None for fewer than two that are shown."""
    if len(period.parts) < _FEWEST_BARS:
        return None
    groups = group_labels(PARTS)
    named = [
        (gettext(groups[part]) if part in groups else labels.country(part), float(count))
        for part, count in period.parts
    ]
    most, most_visits = named[0]
    if period.has_first_part:
        title = gettext("Most visits by officers from: %(where)s (%(count)s)") % {
            "where": most,
            "count": number(most_visits),
        }
    else:
        title = gettext("Completed visits by country of service")
    return bars(
        title,
        [Bar(name, count, marked=name == most and period.has_first_part) for name, count in named],
        label=gettext("Country of service"),
        value=gettext("Visits"),
        definition=gettext(
            "Completed visits by the country where the officer serves. We leave out numbers based on few people."
        ),
    )


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom messages are sent: the opaque id, the language in which they are written, the last change."""

    id: UUID
    country: str | None
    email: str
    written_in: str
    changed_at: datetime


async def recipient(bus: Bus, principal: Principal) -> Recipient | None:
    """Return the principal as the register knows them; None for somebody who is not in it."""
    async with bus.read() as session:
        person = await entries.person(session, principal.subject)
    return (
        None
        if person is None
        else Recipient(person.id, person.country, person.email, person.written_in, person.changed_at)
    )


async def known_recipient(bus: Bus, principal: Principal) -> Recipient:
    """Return the same. Raises `Refused` (404) for somebody who is not in the register."""
    person = await recipient(bus, principal)
    if person is None:
        raise not_found()
    return person


@dataclass(frozen=True, slots=True)
class Account:
    """The facts known about a person, and the names of the organisations in which they have a role, by id."""

    person: entries.Person | None
    organisations: Mapping[str, str]


async def account(bus: Bus, principal: Principal) -> Account:
    """Return what is known about the principal."""
    async with bus.read() as session:
        person = await entries.person(session, principal.subject)
        ids = {UUID(grant.organisation_id) for grant in principal.grants if grant.organisation_id}
        found = await entries.organisations(session, ids=ids) if ids else []
    return Account(person, {str(organisation.id): organisation.name for organisation in found})


@dataclass(frozen=True, slots=True)
class Continuing:
    """A case of a suspended country that was decided to be finished, until when, and where it is."""

    reference: str
    href: str
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the first page's list "In progress" or of earlier applications."""

    thing: str
    href: str
    about: str = ""
    state: State | None = None
    text: str = ""
    due: date | datetime | None = None


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The content of a person's first page: their work, what is in progress, and their earlier applications.

    `address_waits`: their new address is not confirmed.
    """

    todo: Sequence[Waiting]
    in_progress: Sequence[Entry]
    earlier: Sequence[Entry]
    open_calls: Sequence[calls_store.Call]
    officer: bool
    address_waits: bool
    continuing: Sequence[Continuing]
    clock_movable: bool


async def first_page(session: AsyncSession, principal: Principal, settings: Settings) -> FirstPage:
    """Return what the first page shows to the principal."""
    reader = await participant(session, principal, settings)
    officer, moment = principal.has(Role.OFFICER), clock.now()
    calls = await calls_store.calls(session, state=CallState.PUBLISHED) if officer else []
    person = await entries.person(session, principal.subject)
    continuing = await continuing_cases(session, principal) if principal.suspended else []
    own = [(case, standing(case)) for case in reader.cases]
    waiting = [*map(_own_work, filter(_asks_officer, own)), *await waiting_for(session, reader)]
    followed = [] if officer else _to_follow(reader.confirmed)
    names = await _place_names(session, waiting, followed)
    waiting = [
        replace(entry, about=_joined(entry.about, names.get(entry.place, ""))) if entry.place else entry
        for entry in waiting
    ]
    others = [item for item in own if not _asks_officer(item)]
    return FirstPage(
        todo=sorted((entry for entry in waiting if entry.mine), key=urgency),
        in_progress=[
            *(_own_entry(item) for item in others if item[1].next),
            *(_followed_entry(view, names) for view in followed),
            *(Entry(entry.thing, entry.href, entry.about) for entry in waiting if not entry.mine),
        ],
        earlier=[_own_entry(item) for item in others if not item[1].next],
        open_calls=[call for call in calls if call.takes_applications(moment)],
        officer=officer,
        address_waits=person is not None and person.unconfirmed_address is not None,
        continuing=[Continuing(case.reference, _case_address(case), case.ends_on) for case in continuing],
        clock_movable=clock.movable() and principal.has(Role.PROGRAMME_COORDINATOR),
    )


_OWN_WORK = {
    ApplicationState.DRAFT: N_("Continue application"),
    ApplicationState.RETURNED_FOR_INFORMATION: N_("Answer questions"),
}


def _asks_officer(item: tuple[Case, Standing]) -> bool:
    """Return whether an application itself waits for the officer; what follows from it is listed by the rooms.

    A draft waits until its call's deadline.
    """
    case, _ = item
    lapsed = case.shown_state is ApplicationState.DRAFT and case.call.deadline < clock.now()
    return case.shown_state in _OWN_WORK and not lapsed


def _own_work(item: tuple[Case, Standing]) -> Waiting:
    case, status = item
    return Waiting(
        _own_name(case),
        gettext(_OWN_WORK[case.shown_state]),
        f"/applications/mine/{case.application.id}",
        case.call.title,
        due=status.due,
    )


def _own_name(case: Case) -> str:
    reference = case.application.reference
    return (
        gettext("Application %(reference)s") % {"reference": reference} if reference else gettext("Draft application")
    )


def _own_entry(item: tuple[Case, Standing]) -> Entry:
    case, status = item
    holder = "" if not status.holder else gettext("With: %(holder)s.") % {"holder": status.holder}
    return Entry(
        _own_name(case),
        f"/applications/mine/{case.application.id}",
        case.call.title,
        status.state,
        " ".join(filter(None, [holder, status.next])),
        status.due,
    )


def _to_follow(confirmed: Sequence[MatchView]) -> list[MatchView]:
    """Return the next visits and mentorships that the reader takes part in or looks after, those that begin first."""
    visits = [
        (view.visit.start, view)
        for view in confirmed
        if view.visit is not None and view.visit.start is not None and view.visit.stands in (*VISIT_AHEAD, *VISIT_GOING)
    ]
    pairs = [
        view
        for view in confirmed
        if view.visit is None and view.mentorship is not None and view.mentorship.stands not in MENTORSHIP_OVER
    ]
    return [*(view for _, view in sorted(visits, key=lambda item: (item[0], item[1].match.id))), *pairs][:MOST]


def _followed_entry(view: MatchView, names: Mapping[UUID, str]) -> Entry:
    reference = {"reference": view.case.application.reference}
    if view.visit is not None and view.visit.start is not None:
        return Entry(
            gettext("Visit %(reference)s") % reference,
            f"/applications/visits/{view.visit.id}",
            _joined(who_comes(view), names.get(view.visit.host_organisation_id, "")),
            states.state("visit", view.visit.state),
            dates.span(view.visit.start, view.visit.end or view.visit.start),
        )
    assert view.mentorship is not None
    return Entry(
        gettext("Mentorship %(reference)s") % reference,
        f"/applications/mentorships/{view.mentorship.id}",
        _joined(who_comes(view), names.get(view.match.host_organisation_id, "")),
        states.state("mentorship", view.mentorship.state),
    )


def _joined(about: str, place: str) -> str:
    return " · ".join(filter(None, (about, place)))


async def _place_names(
    session: AsyncSession, waiting: Sequence[Waiting], followed: Sequence[MatchView]
) -> dict[UUID, str]:
    """Return the names of the organisations that the page names, by id."""
    ids = {entry.place for entry in waiting if entry.place is not None}
    for view in followed:
        ids.add(view.match.host_organisation_id if view.visit is None else view.visit.host_organisation_id)
    found = await entries.organisations(session, ids=ids) if ids else []
    return {organisation.id: organisation.name for organisation in found}


def _case_address(case: PartnerCase) -> str:
    """Return the address of a continuing case: the match, with all that followed from it, or the application."""
    if case.match_id is None:
        return f"/applications/mine/{case.application_id}"
    return f"/applications/matches/{case.match_id}"
