"""The forms of reporting that somebody is asked for about a visit or a mentorship."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Protocol
from urllib.parse import urlencode

from pydantic import AwareDatetime, Field

from services.applications.calls import store as calls_store
from services.applications.matches.views import parties as matches_parties
from services.applications.mentorships.model.pair import OVER
from services.applications.outcomes import store
from services.applications.outcomes.store import TESTS
from services.applications.own_cases.store import coordinator_with_address
from services.applications.register.store import entries
from shared.contracts.codes import (
    ApplicationState,
    FollowUpBy,
    MentorshipState,
    Party,
    Respondent,
    TestPhase,
    VisitState,
)
from shared.contracts.lifecycle import Unit
from shared.contracts.lifecycle.state_sets import VISIT_OVER
from shared.i18n import gettext
from shared.next_steps.received import closed_form
from shared.time import clock, dates
from shared.time.arrival import arrived
from shared.time.workdays import due
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from services.applications.matches.store.matches import Match
    from services.applications.matches.views.parties import Case
    from services.applications.mentorships.store.mentorships import Mentorship
    from services.applications.visits import store as visits_store
    from shared.contracts.calls import Timers


class ConfirmedMatch(Protocol):
    """The part of a match that a coordinator's tasks read: its case, and the visit or mentorship it led to."""

    @property
    def case(self) -> Case:
        """The match with the parties that the reader acts as."""

    @property
    def match(self) -> Match:
        """The match itself."""

    @property
    def visit(self) -> visits_store.Visit | None:
        """The visit it led to."""

    @property
    def mentorship(self) -> Mentorship | None:
        """The mentorship it led to."""


_COORDINATOR = Respondent.NATIONAL_COORDINATOR.value
EVALUATED = frozenset(VISIT_OVER)
# Nobody is asked about an application that has come to nothing; while it can be written, its own page asks.
NO_LINE_MANAGER = frozenset(
    {
        ApplicationState.DRAFT,
        ApplicationState.RETURNED_FOR_INFORMATION,
        ApplicationState.NOT_ENDORSED,
        ApplicationState.INELIGIBLE,
        ApplicationState.UNPLACED,
        ApplicationState.WITHDRAWN,
        ApplicationState.CANCELLED,
        ApplicationState.VOIDED,
    }
)
_ENDED = NO_LINE_MANAGER - {ApplicationState.RETURNED_FOR_INFORMATION}


@dataclass(frozen=True, slots=True)
class Task:
    """A form of reporting to fill in: `purpose` is the ticket's, `party` the role of the reader; `done`: submitted.

    `due` is the deadline, where there is one. What is not `awaited` may be submitted any number of times, and nobody
    waits for it. What is `closed` was not submitted and is no longer taken: the form says why.
    """

    purpose: str
    party: Party
    done: bool
    due: datetime | None = None
    awaited: bool = True
    closed: bool = False

    @property
    def waits(self) -> bool:
        """Return whether somebody waits for it."""
        return self.awaited and not self.done and not self.closed


class FormTask(ReadModel):
    """A form of reporting that the reader is asked to fill in, or can fill in."""

    purpose: Annotated[str, Field(description="For which form a ticket is issued.", examples=["evaluation"])]
    party: Annotated[Party, Field(description="As whom the reader is asked.")]
    done: Annotated[bool, Field(description="Whether it was submitted.")]
    awaited: Annotated[
        bool, Field(description="Whether somebody waits for it; else it can be sent any number of times.")
    ]
    closed: Annotated[bool, Field(description="Whether it was not submitted and is no longer taken.")]
    due: AwareDatetime | None


def form_task(task: Task) -> FormTask:
    """Return a form as the API answers it."""
    return FormTask(
        purpose=task.purpose, party=task.party, done=task.done, awaited=task.awaited, closed=task.closed, due=task.due
    )


class Ticket(ReadModel):
    """A ticket into a form or receipt of another service; valid for two minutes."""

    ticket: Annotated[str, Field(description="Signed; the other service exchanges it for a cookie.")]
    address: Annotated[str, Field(description="What it opens.", examples=["/reporting/evaluations/guest.0197"])]
    link: Annotated[str, Field(description="Both together, for a browser.")]


def ticket(signed: str, address: str) -> Ticket:
    """Return a ticket with what it opens."""
    return Ticket(ticket=signed, address=address, link=f"{address}?{urlencode({'ticket': signed})}")


# Which forms of reporting are asked of whom once a visit or a mentorship has ended; the follow-up comes later.
_ASKED: dict[Party, tuple[str, ...]] = {
    Party.GUEST: ("evaluation", "report"),
    Party.HOST: ("evaluation",),
    Party.MENTEE: ("evaluation",),
    Party.MENTOR: ("evaluation",),
}


async def visit_tasks(session: AsyncSession, case: Case, visit: visits_store.Visit) -> list[Task]:
    """Return the forms of reporting about a visit that the reader is asked for, or can fill in."""
    arrived = await store.of_subjects(session, [visit.id])
    ended, sends = visit.stands in EVALUATED, sender(case)
    return await tests_of(session, case, visit, arrived) + tasks_of(
        case.parties & {Party.GUEST, Party.HOST, sends},
        Party.GUEST,
        visit.id,
        arrived,
        ended=ended,
        follows=visit.stands is VisitState.COMPLETED and await follow_up_open(session, case, visit.ended_on),
        sender=sends,
        passes_on=ended and await cascade_open(session, case, visit.ended_on),
    )


async def mentorship_tasks(session: AsyncSession, case: Case, mentorship: Mentorship) -> list[Task]:
    """Return the same about a mentorship."""
    over = mentorship.stands in OVER
    return tasks_of(
        case.parties,
        Party.MENTEE,
        mentorship.id,
        await store.of_subjects(session, [mentorship.id]),
        ended=over,
        follows=mentorship.stands is MentorshipState.COMPLETED
        and await follow_up_open(session, case, mentorship.ended_on),
        passes_on=over and await cascade_open(session, case, mentorship.ended_on),
    )


async def tests_of(
    session: AsyncSession, case: Case, visit: visits_store.Visit, arrived: set[tuple[UUID, str, str]]
) -> list[Task]:
    """Return the tests before and after the visit that its guest can take now, and those submitted.

    One that was not taken in time is no longer asked for, nor is one of a visit that does not take place.
    """
    if Party.GUEST not in case.parties:
        return []
    now, state = clock.now(), visit.stands
    open_ = {
        store.TESTS[TestPhase.PRE]: state is VisitState.SCHEDULED,
        store.TESTS[TestPhase.POST]: state in EVALUATED,
    }
    tasks = [
        Task(what, Party.GUEST, (visit.id, what, Party.GUEST.value) in arrived, last)
        for what, last in (await store.tests_of(session, visit.id)).items()
    ]
    return [task for task in tasks if task.done or (open_[task.purpose] and task.due and now <= task.due)]


def tasks_of(
    parties: Collection[Party],
    applicant: Party,
    subject: UUID,
    arrived: set[tuple[UUID, str, str]],
    *,
    ended: bool,
    follows: bool,
    sender: Party = Party.HOME_COORDINATOR,
    passes_on: bool = False,
) -> list[Task]:
    """Return what these parties of a visit or a mentorship are asked for, and what of it was submitted."""

    def task(purpose: str, party: Party, respondent: str, told_as: str = "") -> Task:
        shut = (subject, closed_form(purpose), respondent) in arrived
        return Task(purpose, party, (subject, purpose, told_as or respondent) in arrived, closed=shut)

    tasks = [
        task(purpose, party, party.value)
        for party in sorted(set(parties) & _ASKED.keys())
        for purpose in _ASKED[party]
        if ended
    ]
    if follows and applicant in parties:
        tasks.append(task("follow_up", applicant, applicant.value, FollowUpBy.SELF.value))
    if follows and sender in parties:
        tasks.append(task("evaluation", sender, _COORDINATOR))
    if passes_on and applicant in parties:
        tasks.append(Task("cascade", applicant, done=False, awaited=False))
    return tasks


def sender(case: Case) -> Party:
    """Return the coordinator of the country that sends: on a mentoring pair's visit it may be the mentor's."""
    return Party.HOST_COORDINATOR if case.guest is Party.MENTOR else Party.HOME_COORDINATOR


async def follow_up_open(session: AsyncSession, case: Case, ended_on: date | None) -> bool:
    """Return whether the follow-up is asked for by now: from its window on (lifecycles.md, "Outcomes")."""
    call = await calls_store.call(session, case.match.call_id)
    return call is not None and _follow_up_open(call.terms.timers, case.match.country, ended_on)


def _follow_up_open(timers: Timers, country: str, ended_on: date | None) -> bool:
    if ended_on is None:
        return False
    at = due(ended_on, timers.follow_up_months, Unit.MONTHS, country)
    return clock.now() >= at - timedelta(days=timers.follow_up_window_days)


async def cascade_open(session: AsyncSession, case: Case, ended_on: date | None) -> bool:
    """Return whether cascade sessions can still be reported (the call's `cascade_months`)."""
    call = await calls_store.call(session, case.match.call_id)
    if call is None or ended_on is None:
        return False
    return arrived() <= due(ended_on, call.terms.timers.cascade_months, Unit.MONTHS, case.match.country)


async def results_asked(session: AsyncSession, views: Sequence[ConfirmedMatch]) -> set[UUID]:
    """Return the visits whose results the reader is asked for, as the sending country's coordinator."""
    return await _results_asked(
        session,
        {
            view.visit.id: (view, view.visit.ended_on)
            for view in views
            if view.visit is not None
            and view.visit.stands is VisitState.COMPLETED
            and sender(matches_parties.as_visit_case(view.case, view.visit)) in view.case.parties
        },
    )


async def pair_results_asked(session: AsyncSession, views: Sequence[ConfirmedMatch]) -> set[UUID]:
    """Return the mentorships whose results the reader is asked for, as the mentee's coordinator."""
    return await _results_asked(
        session,
        {
            view.mentorship.id: (view, view.mentorship.ended_on)
            for view in views
            if view.mentorship is not None
            and view.mentorship.stands is MentorshipState.COMPLETED
            and Party.HOME_COORDINATOR in view.case.parties
        },
    )


async def _results_asked(session: AsyncSession, own: dict[UUID, tuple[ConfirmedMatch, date | None]]) -> set[UUID]:
    """Return those of these visits or mentorships whose answer is due and not submitted."""
    if not own:
        return set()
    terms = await calls_store.calls_by_id(session, {view.match.call_id for view, _ in own.values()})
    arrived = await store.of_subjects(session, own)
    return {
        id_
        for id_, (view, ended_on) in own.items()
        if (call := terms.get(view.match.call_id)) is not None
        and _follow_up_open(call.terms.timers, view.match.country, ended_on)
        and not {(id_, what, _COORDINATOR) for what in ("evaluation", closed_form("evaluation"))} & arrived
    }


def test_names() -> dict[str, str]:
    """Return the names of the two tests, by the purpose of their tickets."""
    return {
        TESTS[TestPhase.PRE]: gettext("Take the test before the visit"),
        TESTS[TestPhase.POST]: gettext("Take the test after the visit"),
    }


def due_hint(task: Task) -> str:
    """Return until when a form can be filled in, while it is asked for; empty without an end."""
    if task.done or task.due is None:
        return ""
    return gettext("Until %(day)s") % {"day": dates.day(task.due)}


def manager_address(application: Application) -> str:
    """Return the line manager's address in small letters; empty where none is named."""
    return (application.answers_in("line_manager_email").line_manager_email or "").lower()


def confirmed_manager(application: Application) -> str:
    """Return the address of the line manager whom a coordinator confirmed last, in small letters; empty for none."""
    return application.managers_confirmed[-1]["address"] if application.managers_confirmed else ""


async def may_write_to_manager(session: AsyncSession, application: Application) -> bool:
    """Return whether the programme may write to the line manager: an address of the agency, or a confirmed one."""
    address = manager_address(application)
    if any(confirmed["address"] == address for confirmed in application.managers_confirmed):
        return True
    agency = application.organisation_id
    organisation = None if agency is None else await entries.organisation(session, agency)
    domain = address.rpartition("@")[2]
    return organisation is not None and any(domain == own or domain.endswith(f".{own}") for own in organisation.domains)


async def manager_to_confirm(session: AsyncSession, application: Application) -> str | None:
    """Return the line manager's address that a coordinator has to confirm before it is written to; None if none."""
    address = application.answers.line_manager_email
    if not address or application.submitted_at is None or application.own_state in _ENDED:
        return None
    return None if await may_write_to_manager(session, application) else address


@dataclass(frozen=True, slots=True)
class NamedCoordinator:
    """A coordinator whom an officer names as line manager, and whom nobody has confirmed as such."""

    address: str
    subject: str


async def named_coordinator(session: AsyncSession, application: Application) -> NamedCoordinator | None:
    """Return the coordinator whom the officer names as line manager, until a coordinator confirms it."""
    address = manager_address(application)
    if not address or application.submitted_at is None or address == confirmed_manager(application):
        return None
    subject = await coordinator_with_address(session, address)
    return None if subject is None else NamedCoordinator(address, subject)
