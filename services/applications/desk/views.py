"""Show the portal's first page to one person: their applications, what waits for them, where to go by role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.application.views.standing import standing
from services.applications.calls import store as calls_store
from services.applications.first_page import waiting_for
from services.applications.overview.views.first_page import participant
from services.applications.partners.views import continuing_cases
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import ApplicationState, AudienceKind, CallState, Role
from shared.i18n import N_, gettext
from shared.next_steps import owed
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from services.applications.partners.views import PartnerCase
    from services.applications.settings import Settings
    from services.applications.waiting import Waiting
    from shared.bus import Bus
    from shared.identity import Principal
    from shared.web.states import Standing


@dataclass(frozen=True, slots=True)
class Card:
    """A link to a page with a title, and what is found there; `meta` stands above the title."""

    title: str
    text: str
    href: str
    meta: str = ""
    action: str = ""


# Where each role goes on to: (roles, title, text, address).
_LINKS: tuple[tuple[frozenset[Role], str, str, str], ...] = (
    (
        frozenset({Role.OFFICER}),
        N_("Calls"),
        N_("What you can apply for, and what each call asks."),
        "/applications/calls",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Applications"),
        N_("Submitted applications, with filters, age and deadline."),
        "/applications/cases",
    ),
    (
        frozenset({Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Placements"),
        N_("Places that hosts offer, from draft to published."),
        "/applications/offers",
    ),
    (
        frozenset({Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Visit calendar"),
        N_("Visits by month and week, and the places that are left."),
        "/applications/calendar",
    ),
    (
        frozenset({Role.HOST_CONTACT}),
        N_("Guests here today"),
        N_("Attendance, with one tap a day."),
        "/applications/visits/attendance",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Mentors"),
        N_("Profiles of mentors, and how many mentees each has."),
        "/applications/mentors/country",
    ),
    (
        frozenset({Role.MENTOR}),
        N_("Your mentoring"),
        N_("Your offer to mentees, and how many you take."),
        "/applications/mentors",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.HOST_CONTACT,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Matches"),
        N_("Proposed matches, and who must answer next."),
        "/applications/matches",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.HOST_CONTACT,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Visits"),
        N_("Who goes where and when, with agenda and attendance."),
        "/applications/visits",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Mentorships"),
        N_("Agreement, goals and sessions."),
        "/applications/mentorships",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Sent and hosted"),
        N_("Visits and mentorships, with days, by year and call, by country and organisation."),
        "/applications/balance",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Appeals"),
        N_("Decisions that an officer asked us to review."),
        "/applications/appeals",
    ),
    (
        frozenset(
            {
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
                Role.DATA_PROTECTION_OFFICER,
            }
        ),
        N_("Incident reports"),
        N_("What was reported to you in confidence."),
        "/applications/incidents",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Before travel"),
        N_("What guest, sender and host must provide, and between which countries this is not needed."),
        "/applications/asked-before-travel",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Eligibility"),
        N_("Confirm whether endorsed applications meet the rules."),
        "/applications/eligibility",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Calls"),
        N_("Publish, view and close calls."),
        "/applications/calls",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER}),
        N_("Register"),
        N_("Organisations, people, access, deputies and training needs."),
        "/applications/register",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Partners"),
        N_("Each partner country's status, its cases in progress, and decisions about it."),
        "/applications/partners",
    ),
    (
        frozenset({Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Audit"),
        N_(
            "Refused attempts, changes to the register, decisions about partners, releases of names, and access "
            "to people's records."
        ),
        "/applications/audit",
    ),
    (
        frozenset({Role.HOST_CONTACT}),
        N_("Deputies"),
        N_("Who acts for you, from when until when."),
        "/applications/register/deputies",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Dead letters"),
        N_("Events that could not be processed, to be tried again."),
        "/applications/dead-letters",
    ),
    (
        frozenset(
            {
                Role.NATIONAL_COORDINATOR,
                Role.PROGRAMME_COORDINATOR,
                Role.AUDITOR,
                Role.DATA_PROTECTION_OFFICER,
            }
        ),
        N_("Sent messages"),
        N_("Every message of the programme: who it is for, when it was sent, or why not. Also what is due next."),
        "/notifications/",
    ),
    (
        frozenset({Role.DONOR, Role.EVALUATOR, Role.ANASPOC, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Figures"),
        N_("What was counted, and from what."),
        "/reporting/",
    ),
)


def role_links(principal: Principal) -> list[Card]:
    """Return the pages to which the reader's roles lead, each address once."""
    found = {
        address: Card(gettext(title), gettext(text), address)
        for roles, title, text, address in _LINKS
        if principal.has(*roles)
    }
    return list(found.values())


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
class FirstPage:
    """The content of a person's first page; `cases` are their own applications, the most pressing first.

    `own_waits`: one of them waits for the person. `address_waits`: their new address is not confirmed.
    """

    cases: Sequence[tuple[Case, Standing]]
    own_waits: bool
    open_calls: Sequence[calls_store.Call]
    officer: bool
    waiting: Sequence[Waiting]
    address_waits: bool
    cards: Sequence[Card]
    continuing: Sequence[Continuing]
    clock_movable: bool


async def first_page(session: AsyncSession, principal: Principal, settings: Settings) -> FirstPage:
    """Return what the first page shows to the principal."""
    reader = await participant(session, principal, settings)
    officer, moment = principal.has(Role.OFFICER), clock.now()
    calls = await calls_store.calls(session, state=CallState.PUBLISHED) if officer else []
    person = await entries.person(session, principal.subject)
    continuing = await continuing_cases(session, principal) if principal.suspended else []
    return FirstPage(
        cases=sorted(((case, standing(case)) for case in reader.cases), key=_pressing_first),
        own_waits=any(map(_waits_for_officer, reader.cases)),
        open_calls=[call for call in calls if call.takes_applications(moment)],
        officer=officer,
        waiting=await waiting_for(session, reader),
        address_waits=person is not None and person.unconfirmed_address is not None,
        cards=role_links(principal),
        continuing=[Continuing(case.reference, _case_address(case), case.ends_on) for case in continuing],
        clock_movable=clock.movable() and principal.has(Role.PROGRAMME_COORDINATOR),
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = datetime.max.replace(tzinfo=UTC)


def _waits_for_officer(case: Case) -> bool:
    """Return whether the officer is asked for something about an application."""
    own = any(item.by is AudienceKind.APPLICANT for item in owed(case.facts))
    return own or case.shown_state is ApplicationState.DRAFT


def _pressing_first(item: tuple[Case, Standing]) -> tuple[int, datetime]:
    """Return the sort key of an officer's application: what waits for the officer, by deadline; the rest by age.

    Drafts come after what was submitted, and what is over comes last.
    """
    case, status = item
    if _waits_for_officer(case):
        draft = case.shown_state is ApplicationState.DRAFT
        return (1 if draft else 0), status.due if isinstance(status.due, datetime) else _FAR
    return (2 if status.next else 3), _FAR - (case.application.since - _EPOCH)


def _case_address(case: PartnerCase) -> str:
    """Return the address of a continuing case: the match, with all that followed from it, or the application."""
    if case.match_id is None:
        return f"/applications/mine/{case.application_id}"
    return f"/applications/matches/{case.match_id}"
