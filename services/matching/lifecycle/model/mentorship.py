"""The state machine of a mentorship, from the confirmed match to its end (lifecycles.md, "Mentorship")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.contracts import mentorships
from shared.contracts.codes import MentorshipState, Party, Reason
from shared.contracts.lifecycle.state_sets import MENTORSHIP_GOING, MENTORSHIP_OVER
from shared.contracts.visits import VisitOf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from shared.contracts.codes import RankGroup
    from shared.contracts.matches import Pairing
    from shared.contracts.mentorships import MentorshipEvent, MentorshipPlan

GOING = MENTORSHIP_GOING
OVER = MENTORSHIP_OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentorship:
    """One mentorship; both sign by `due`, `until` is the planned end, `sessions_to_complete` the call's rule."""

    id: UUID
    plan: MentorshipPlan
    state: MentorshipState
    since: datetime
    due: datetime
    sessions_to_complete: int
    started_on: date | None = None
    until: date | None = None
    ended_on: date | None = None
    sessions: int = 0
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """The people who signed a version of the agreement, and the end date of that version."""

    by: frozenset[Party]
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The records of the pair so far: signatures by version, confirmed sessions, goals (met?)."""

    signed: Mapping[int, Signed]
    sessions: int
    goals: Mapping[UUID, bool | None]

    @property
    def agreed(self) -> Signed | None:
        """The newest version that both signed; a version with one signature changes nothing."""
        both = [version for version, signed in self.signed.items() if {Party.MENTEE, Party.MENTOR} <= signed.by]
        return self.signed[max(both)] if both else None

    @property
    def goals_closed(self) -> bool:
        """Return whether there are goals, and none is open."""
        return bool(self.goals) and None not in self.goals.values()


Step = tuple[Mentorship, tuple["MentorshipEvent", ...]]


def paid_from(mentorship: Mentorship, fund_id: UUID) -> Mentorship:
    """Return the mentorship under another fund, which its next events name; the match publishes the change."""
    return replace(mentorship, plan=mentorship.plan.model_copy(update={"fund_id": fund_id}))


def open_mentorship(
    mentorship_id: UUID,
    plan: MentorshipPlan,
    *,
    due: datetime,
    until: date | None,
    sessions_to_complete: int,
    now: datetime,
) -> Step:
    """Return the mentorship of a confirmed match: both sign the agreement by `due`."""
    opened = Mentorship(
        id=mentorship_id,
        plan=plan,
        state=MentorshipState.OPENED,
        since=now,
        due=due,
        until=until,
        sessions_to_complete=sessions_to_complete,
    )
    return opened, (mentorships.MentorshipOpened(plan=plan, due=due, until=until),)


def progressed(
    mentorship: Mentorship, progress: Progress, *, today: date, now: datetime, visiting: bool = False
) -> Step:
    """Return what follows from the pair's records.

    It starts when both have signed, completes when the goals are closed. While a visit of the pair is planned or under
    way (`visiting`) closed goals do not complete it. It also completes when its time is over; with too few sessions by
    then it has ended early.
    """
    event: list[MentorshipEvent] = []
    agreed = progress.agreed
    if mentorship.state not in OVER and agreed is not None and agreed.until is not None:
        mentorship = replace(mentorship, until=agreed.until)
    if mentorship.state is MentorshipState.OPENED and agreed is not None:
        mentorship = replace(mentorship, state=MentorshipState.ACTIVE, since=now, started_on=today)
        event.append(mentorships.MentorshipStarted(plan=mentorship.plan, started_on=today, until=mentorship.until))
    if mentorship.state not in GOING:
        return mentorship, tuple(event)
    mentorship = replace(mentorship, sessions=progress.sessions)
    enough = progress.sessions >= mentorship.sessions_to_complete
    over = mentorship.until is not None and today > mentorship.until
    if enough and (over or (progress.goals_closed and not visiting)):
        mentorship, more = _complete(mentorship, progress, today, now)
        event.extend(more)
    elif over:
        mentorship, more = end(mentorship, Party.CLOCK, Reason.OTHER, today=today, now=now)
        event.extend(more)
    return mentorship, tuple(event)


def asked_to_end(
    mentorship: Mentorship, progress: Progress, by: Party, reason: Reason | None, *, today: date, now: datetime
) -> Step:
    """End it because a side asks: complete without a reason and with enough sessions, else early."""
    enough = progress.sessions >= mentorship.sessions_to_complete
    if mentorship.state in GOING and enough and reason is None:
        return _complete(mentorship, progress, today, now)
    return end(replace(mentorship, sessions=progress.sessions), by, reason or Reason.OTHER, today=today, now=now)


def unsigned(mentorship: Mentorship, *, today: date, now: datetime) -> Step:
    """End it because the time to sign is over."""
    if mentorship.state is not MentorshipState.OPENED or now <= mentorship.due:
        return mentorship, ()
    return end(mentorship, Party.CLOCK, Reason.NO_ANSWER, today=today, now=now)


def end(mentorship: Mentorship, by: Party, reason: Reason, *, today: date, now: datetime) -> Step:
    """End it before it is complete; one that is over stays as it is."""
    if mentorship.state in OVER:
        return mentorship, ()
    event = mentorships.MentorshipEndedEarly(
        plan=mentorship.plan, by=by, reason=reason, ended_on=today, sessions=mentorship.sessions
    )
    ended = replace(mentorship, state=MentorshipState.ENDED_EARLY, since=now, ended_on=today, reason=reason)
    return ended, (event,)


def pause(mentorship: Mentorship, by: Party, reason: Reason, *, now: datetime) -> Step:
    """Pause it because a side asks."""
    if mentorship.state is not MentorshipState.ACTIVE:
        return mentorship, ()
    event = mentorships.MentorshipPaused(plan=mentorship.plan, by=by, reason=reason)
    return replace(mentorship, state=MentorshipState.PAUSED, since=now, reason=reason), (event,)


def resume(mentorship: Mentorship, by: Party, *, now: datetime) -> Step:
    """Resume a paused mentorship."""
    if mentorship.state is not MentorshipState.PAUSED:
        return mentorship, ()
    event = mentorships.MentorshipResumed(plan=mentorship.plan, by=by)
    return replace(mentorship, state=MentorshipState.ACTIVE, since=now, reason=None), (event,)


def pair_visit(mentorship: Mentorship, pairing: Pairing, guest: Party, *, mentor_rank: RankGroup) -> VisitOf:
    """Return whose visit a pair asks for: the mentee goes to the mentor's organisation, or the other way."""
    plan = mentorship.plan
    travels = guest is Party.MENTOR
    return VisitOf(
        match_id=plan.match_id,
        application_id=plan.application_id,
        call_id=plan.call_id,
        mentorship_id=mentorship.id,
        mentor_id=plan.mentor_id,
        guest=guest,
        country=plan.mentor_country if travels else plan.country,
        host_country=plan.country if travels else plan.mentor_country,
        host_organisation_id=pairing.organisation_id if travels else plan.mentor_organisation_id,
        rank_group=mentor_rank if travels else plan.rank_group,
        topic=plan.topic,
        fund_id=plan.fund_id,
    )


def _complete(mentorship: Mentorship, progress: Progress, today: date, now: datetime) -> Step:
    event = mentorships.MentorshipCompleted(
        plan=mentorship.plan,
        ended_on=today,
        sessions=progress.sessions,
        goals=len(progress.goals),
        goals_met=sum(met is True for met in progress.goals.values()),
    )
    completed = replace(
        mentorship,
        state=MentorshipState.COMPLETED,
        since=now,
        ended_on=today,
        sessions=progress.sessions,
    )
    return completed, (event,)
