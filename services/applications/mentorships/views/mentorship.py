"""Read a mentorship for a person, and what waits there for them: for page, API, lists and first page.

Goals, notes, sessions and the agreement's text are the pair's own; the coordinators see state, dates and counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from services.applications.calls import store as calls_store
from services.applications.matches.views import parties as matches_parties
from services.applications.mentorships.model.goals import WHOLE
from services.applications.mentorships.model.pair import OVER, PAIR
from services.applications.mentorships.model.sessions import Totals, totals
from services.applications.mentorships.model.tasks import PendingTasks, pending_tasks
from services.applications.mentorships.model.visit import earliest
from services.applications.mentorships.store import agreements, meetings, pauses, visits
from services.applications.mentorships.store import goals as goals_store
from services.applications.mentorships.store import sessions as sessions_store
from services.applications.mentorships.views.agreement import agreement_of, first_versions
from services.applications.mentorships.views.requests import open_request, pause_arrived, planned_end, resume_arrived
from services.applications.next_steps.views import pair_facts, readers
from services.applications.outcomes import store as outcomes_store
from services.applications.outcomes.views import mentorship_tasks, pair_results_asked, tasks_of
from services.applications.overview.views.participation import match_views, views_of
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party, Role
from shared.contracts.lifecycle.state_sets import MATCH_SETTLED, MENTOR_TAKES_NOBODY
from shared.identity.access import grants_of
from shared.next_steps import NextStep, pair_step
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from services.applications.mentorships.store.goals import Goal, GoalNote
    from services.applications.mentorships.store.meetings import Meeting
    from services.applications.mentorships.store.mentorships import Mentorship
    from services.applications.mentorships.store.pauses import Pause
    from services.applications.mentorships.store.sessions import PairSession
    from services.applications.mentorships.store.visits import PairVisit
    from services.applications.mentorships.views.agreement import AgreementView
    from services.applications.outcomes.views import Task
    from services.applications.overview.views.participation import MatchView
    from services.applications.visits.store import Visit
    from shared.identity import Principal

MATCH_STATES = MATCH_SETTLED


@dataclass(frozen=True, slots=True)
class GoalView:
    """A goal with its notes, the newest first, the goal that it resumes and the one that resumes it."""

    goal: Goal
    notes: list[GoalNote]
    before: Goal | None = None
    after: Goal | None = None

    @property
    def percent(self) -> int | None:
        """The progress as last noted; a goal that is reached is whole."""
        if self.goal.met:
            return WHOLE
        return next((note.percent for note in self.notes if note.percent is not None), None)


@dataclass(frozen=True, slots=True)
class MentorshipView:
    """A mentorship for one person, with its match; `party` is the role in which the person takes part, if any.

    `left` is the one of the two who is no longer with the programme; `opens` the first day on which a visit can be;
    `step` the next one about the mentorship, for the person. `planned` is the session that is planned last.
    """

    of: MatchView
    mentorship: Mentorship
    party: Party | None
    agreement: AgreementView
    totals: Totals
    goals: list[GoalView] = field(default_factory=list)
    sessions: list[PairSession] = field(default_factory=list)
    requests: list[PairVisit] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    pause: Pause | None = None
    left: Party | None = None
    opens: date | None = None
    tasks: list[Task] = field(default_factory=list)
    planned: Meeting | None = None
    step: NextStep = field(default_factory=NextStep)

    @property
    def until(self) -> date | None:
        """The planned end."""
        return planned_end(self.mentorship, self.agreement.until)

    @property
    def request(self) -> PairVisit | None:
        """The request for a visit that waits for an answer or for its dates."""
        return open_request(self.requests, self.visits)

    @property
    def pause_arrived(self) -> bool:
        """Return whether a pause was asked for and has not begun."""
        return pause_arrived(self.mentorship, self.pause)

    @property
    def resume_arrived(self) -> bool:
        """Return whether the pair asked to resume and has not resumed."""
        return resume_arrived(self.mentorship, self.pause)

    @property
    def meeting(self) -> Meeting | None:
        """The planned session, if it is to come."""
        return self.planned if self.planned is not None and self.planned.to_come(clock.now()) else None

    @property
    def next_on(self) -> date | None:
        """The day on which the two agreed to meet next, if it is to come."""
        return _next_on(self.sessions, self.planned)

    @property
    def mentor_takes_nobody(self) -> bool:
        """Return whether the mentor's profile takes no new mentee; open mentorships remain."""
        mentor = self.of.case.mentor
        return mentor is not None and mentor.stands in MENTOR_TAKES_NOBODY

    @property
    def pending(self) -> list[PendingTasks]:
        """The entries that wait for the reader."""
        request = self.requests[0] if self.requests else None
        return pending_tasks(
            self.mentorship.stands,
            self.party,
            self.agreement.versions,
            [session.as_logged for session in self.sessions],
            Party(request.party) if request is not None and request.answered_at is None else None,
            clock.now(),
            evaluated=not any(task.waits for task in self.tasks),
            met=_to_log(self.sessions, self.planned),
        )


async def mentorship_view(session: AsyncSession, principal: Principal, mentorship_id: UUID) -> MentorshipView:
    """Return one mentorship as the principal sees it. Raises `Refused` (404)."""
    case, mentorship = await matches_parties.case_of_mentorship(session, principal, mentorship_id)
    party = _own(case.parties)
    call = await calls_store.call(session, case.match.call_id)
    assert call is not None
    sessions = await sessions_store.sessions(session, mentorship.id)
    facts = await pair_facts(session, mentorship, call)
    view = MentorshipView(
        (await views_of(session, principal, [case]))[0],
        mentorship,
        party,
        await agreement_of(session, mentorship),
        totals([logged.as_logged for logged in sessions], call.terms.sessions_to_complete),
        visits=await visits_store.of_mentorship(session, mentorship.id),
        left=await _left(session, case),
        step=pair_step(facts, readers(case.parties)),
    )
    if party is None:  # of a coordinator only the evaluation of what came of it is asked
        return replace(view, tasks=await mentorship_tasks(session, case, mentorship))
    return replace(
        view,
        goals=await _goals(session, mentorship.id),
        sessions=sessions,
        requests=await visits.requests(session, mentorship.id),
        pause=await pauses.last(session, mentorship.id),
        opens=earliest(clock.today(), call.terms.timers.notice_weeks),
        tasks=await mentorship_tasks(session, case, mentorship),
        planned=(await meetings.latest(session, [mentorship.id])).get(mentorship.id),
    )


def _next_on(sessions: Collection[PairSession], planned: Meeting | None) -> date | None:
    """Return when the two meet next: as planned, else the next day that they agreed on in a session."""
    if planned is not None and planned.to_come(clock.now()):
        return planned.begins_at.astimezone(ZONE).date()
    days = [session.next_on for session in sessions if session.next_on and session.withdrawn_at is None]
    return min((day for day in days if day >= clock.today()), default=None)


def _to_log(sessions: Collection[PairSession], planned: Meeting | None) -> bool:
    """Return whether the last day on which the two wanted to meet is over, without a session since or a next one."""
    kept = [session for session in sessions if session.withdrawn_at is None]
    days = [session.next_on for session in kept if session.next_on is not None and session.next_on < clock.today()]
    if planned is not None and planned.over(clock.now()):
        days.append(planned.begins_at.astimezone(ZONE).date())
    if not days or _next_on(sessions, planned) is not None:
        return False
    return all(session.held_on < max(days) for session in kept)


def _own(parties: Collection[Party]) -> Party | None:
    return next((party for party in PAIR if party in parties), None)


async def _goals(session: AsyncSession, mentorship_id: UUID) -> list[GoalView]:
    """Return the goals: open ones by target, then closed ones, the newest first."""
    goals = await goals_store.goals(session, mentorship_id)
    notes = await goals_store.notes(session, mentorship_id)
    by_id = {goal.id: goal for goal in goals}
    after = {goal.follows: goal for goal in goals if goal.follows is not None}
    open_ = [goal for goal in goals if goal.met is None]
    open_.sort(key=lambda goal: (goal.target is None, goal.target or goal.at.date(), goal.number))
    closed = sorted((goal for goal in goals if goal.met is not None), key=lambda goal: -goal.number)
    return [
        GoalView(
            goal,
            [note for note in reversed(notes) if note.goal_id == goal.id],
            by_id.get(goal.follows) if goal.follows is not None else None,
            after.get(goal.id),
        )
        for goal in (*open_, *closed)
    ]


async def _left(session: AsyncSession, case: Case) -> Party | None:
    """Return who of the two no longer holds the role in which they take part."""
    today = clock.today()
    subjects = [(Party.MENTEE, case.application.subject, Role.OFFICER)]
    if case.mentor is not None:
        subjects.append((Party.MENTOR, case.mentor.subject, Role.MENTOR))
    for party, subject, role in subjects:
        if not any(grant.role is role and grant.active(today) for grant in await grants_of(session, subject)):
            return party
    return None


@dataclass(frozen=True, slots=True)
class MentorshipRow:
    """A mentorship in a list: with what waits for the reader, and the totals of its sessions.

    `results`: the reader coordinates the mentee's country and is asked for the results.
    """

    of: MatchView
    mentorship: Mentorship
    party: Party | None
    pending: list[PendingTasks]
    totals: Totals
    next_on: date | None
    results: bool = False

    @property
    def waits(self) -> bool:
        """Return whether something in it waits for the reader."""
        return bool(self.pending) or self.results


async def mentorship_rows(
    session: AsyncSession, principal: Principal, seen: Sequence[MatchView] | None = None
) -> list[MentorshipRow]:
    """Return the mentorships that concern the principal: what waits for them first, then the newest first.

    `seen`: the matches in one of the states `MATCH_STATES` that the person sees, where they have been read.
    """
    if seen is None:
        seen = await match_views(session, principal, MATCH_STATES)
    views = [view for view in seen if view.mentorship is not None]
    if not views:
        return []
    ids = [view.mentorship.id for view in views if view.mentorship is not None]
    versions = await agreements.of_mentorships(session, ids)
    by_mentorship = await sessions_store.of_mentorships(session, ids)
    requests = await visits.open_requests(session, ids)
    arrived = await outcomes_store.of_subjects(session, ids)
    terms = {
        id_: call.terms
        for id_, call in (await calls_store.calls_by_id(session, {v.match.call_id for v in views})).items()
    }
    moment = clock.now()
    planned = await meetings.latest(session, ids)
    results = await pair_results_asked(session, views)
    rows = []
    for view in views:
        mentorship = view.mentorship
        assert mentorship is not None
        party = _own(view.case.parties)
        request = requests.get(mentorship.id)
        sessions = by_mentorship[mentorship.id] if party is not None else []
        summed = totals(
            [logged.as_logged for logged in by_mentorship[mentorship.id]],
            terms[view.match.call_id].sessions_to_complete,
        )
        tasks = tasks_of(
            view.case.parties, Party.MENTEE, mentorship.id, arrived, ended=mentorship.stands in OVER, follows=False
        )
        meeting = planned.get(mentorship.id) if party is not None else None
        waits = pending_tasks(
            mentorship.stands,
            party,
            versions[mentorship.id] or first_versions(mentorship),
            [logged.as_logged for logged in sessions],
            Party(request.party) if request is not None else None,
            moment,
            evaluated=not any(task.waits for task in tasks),
            met=_to_log(sessions, meeting),
        )
        next_on = _next_on(sessions, meeting)
        rows.append(MentorshipRow(view, mentorship, party, waits, summed, next_on, mentorship.id in results))
    newest = sorted(rows, key=lambda row: row.mentorship.since, reverse=True)
    return sorted(newest, key=lambda row: not row.waits)
