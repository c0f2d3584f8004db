"""A mentorship stays lawful to its end, in whatever order mentee and mentor act.

The portal's rules say who may act; matching's state machine draws the conclusions, in the order of the events.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.applications.mentorships.model import agreement, course, goals, sessions
from services.applications.mentorships.model.agreement import Terms, Version, VersionState
from services.applications.mentorships.model.pair import OVER, PAIR, other
from services.applications.mentorships.model.sessions import LoggedSession, SessionState
from services.applications.mentorships.model.tasks import pending_tasks
from services.applications.transitions import NotNow, Recorded, WrongValue
from services.matching.lifecycle.model import mentorship as matching
from shared.contracts.codes import MentorshipState, Party, Reason
from shared.contracts.lifecycle import TRANSITIONS
from shared.contracts.mentorships import MentorshipOpened, MentorshipPlan
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from shared.contracts.mentorships import MentorshipEvent

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAN = MentorshipPlan.model_validate(MentorshipOpened.example["plan"])
NEEDED = 3
LED = {
    (row.event, str(source)): str(row.target)
    for row in TRANSITIONS
    if row.event.startswith("Mentorship")
    for source in row.sources
}
"""The states to which the programme's life cycles let a mentorship go, by event and state."""

either = st.sampled_from(PAIR)


class Pair(RuleBasedStateMachine):
    """A pair that tries everything, with a count of actions accepted after the end."""

    def __init__(self) -> None:
        """Open a mentorship that nobody has signed."""
        super().__init__()
        self.now = NOW
        self.mentorship, _ = matching.open_mentorship(
            new_id(),
            PLAN,
            due=NOW + timedelta(days=14),
            until=date(2026, 9, 30),
            sessions_to_complete=NEEDED,
            now=NOW,
        )
        self.versions = [Version(1, self.mentorship.due)]
        self.logged: list[LoggedSession] = []
        self.confirmed_by: dict[int, Party] = {}
        self.goals: dict[UUID, bool | None] = {}
        self.accepted_after_end = 0
        self.newest = 1

    @property
    def progress(self) -> matching.Progress:
        """The actions of both sides as matching knows them."""
        signed = {version.number: matching.Signed(version.signed) for version in self.versions}
        confirmed = sum(entry.state is SessionState.CONFIRMED for entry in self.logged)
        return matching.Progress(signed, confirmed, self.goals)

    @property
    def totals(self) -> sessions.Totals:
        """The totals of the sessions."""
        return sessions.totals(self.logged, NEEDED)

    def accepts(self, ask: Callable[[], None]) -> bool:
        """Return whether a rule accepts an action, and count those accepted after the end."""
        try:
            ask()
        except (NotNow, WrongValue):
            return False
        self.accepted_after_end += self.mentorship.state in OVER
        return True

    def follow(self, step: matching.Step) -> None:
        """Apply a step of matching, and check its events against the life cycles of the programme."""
        state: str = self.mentorship.state
        self.mentorship, events = step
        for event in events:
            state = self._led(event, state)
        assert state == self.mentorship.state

    @staticmethod
    def _led(event: MentorshipEvent, state: str) -> str:
        assert (event.type, state) in LED, f"{event.type} out of {state}"
        return LED[event.type, state]

    def progressed(self) -> None:
        """Let matching process the recorded actions."""
        self.follow(matching.progressed(self.mentorship, self.progress, today=self.now.date(), now=self.now))

    @rule(by=either, terms=st.sampled_from([Terms(), Terms(aims="Read charts."), Terms(aims="Draw charts.")]))
    def propose(self, by: Party, terms: Terms) -> None:
        """Write the next version after the newest, and sign it."""
        if not self.accepts(
            lambda: agreement.may_propose(self.mentorship.state, self.versions, self.newest, terms, self.now.date())
        ):
            return
        waits = agreement.to_sign(self.versions, self.now)
        self.versions = [
            Version(
                version.number,
                version.due,
                lapsed=version.lapsed or (version.number == waits != 1),
                signed=version.signed,
            )
            for version in self.versions
        ]
        self.newest += 1
        self.versions.append(Version(self.newest, self.now + timedelta(days=14), signed=frozenset({by})))
        self.progressed()

    @rule(by=either, number=st.integers(1, 6))
    def sign(self, by: Party, number: int) -> None:
        """Sign some version."""
        if self.accepts(lambda: agreement.may_sign(self.mentorship.state, self.versions, number, by, self.now)):
            self.versions = [
                Version(version.number, version.due, lapsed=version.lapsed, signed=version.signed | {by})
                if version.number == number
                else version
                for version in self.versions
            ]
            self.progressed()

    @rule(mine=st.booleans())
    def withdraw(self, mine: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        """Withdraw the newest version."""
        last = self.versions[-1]
        where = agreement.states(self.versions, self.now, over=self.mentorship.state in OVER)[last.number]
        if self.accepts(lambda: agreement.may_take_back(self.mentorship.state, last, where, mine)):
            self.versions[-1] = Version(last.number, last.due, lapsed=True, signed=last.signed)

    @rule()
    def set_goal(self) -> None:
        """Set a goal."""
        open_ = sum(met is None for met in self.goals.values())
        if self.accepts(lambda: goals.may_set(self.mentorship.state, open_, len(self.goals))):
            self.goals[new_id()] = None

    @precondition(lambda self: self.goals)
    @rule(met=st.booleans(), place=st.integers(0, 30))
    def close_goal(self, met: bool, place: int) -> None:  # noqa: FBT001 - hypothesis passes it by name
        """Close some goal."""
        goal = list(self.goals)[place % len(self.goals)]
        before, how = self.goals[goal], goals.MET if met else goals.GIVEN_UP
        closed = None if before is None else Recorded(goals.MET if before else goals.GIVEN_UP, Party.MENTEE, NOW)
        if self.accepts(lambda: goals.may_close(self.mentorship.state, closed, how, Party.MENTEE)):
            self.goals[goal] = met
            self.progressed()

    @rule(by=either)
    def log(self, by: Party) -> None:
        """Log a session."""
        if self.accepts(lambda: sessions.may_log(self.mentorship.state, len(self.logged))):
            self.logged.append(LoggedSession(SessionState.LOGGED, by))

    @precondition(lambda self: self.logged)
    @rule(by=either, place=st.integers(0, 30), what=st.sampled_from(["confirm", "dispute", "correct", "withdraw"]))
    def answer(self, by: Party, place: int, what: str) -> None:
        """Act on some session in its present state."""
        at = place % len(self.logged)
        session = self.logged[at]
        ask = {
            "confirm": sessions.may_confirm,
            "dispute": sessions.may_dispute,
            "correct": sessions.may_correct,
            "withdraw": sessions.may_withdraw,
        }[what]
        if not self.accepts(lambda: ask(self.mentorship.state, session, by)):
            return
        assert session.state is not SessionState.CONFIRMED
        leads = {
            "confirm": SessionState.CONFIRMED,
            "dispute": SessionState.DISPUTED,
            "correct": SessionState.LOGGED,
            "withdraw": SessionState.WITHDRAWN,
        }[what]
        self.logged[at] = LoggedSession(leads, session.by, session.minutes)
        if what == "confirm":
            self.confirmed_by[at] = by
            self.progressed()

    @rule(by=either)
    def pause(self, by: Party) -> None:
        """Request a pause, which takes effect."""
        if self.accepts(lambda: course.may_pause(self.mentorship.state, by, None)):
            self.follow(matching.pause(self.mentorship, by, Reason.OPERATIONAL_DUTY, now=self.now))

    @rule(by=either)
    def resume(self, by: Party) -> None:
        """Request to resume."""
        if self.accepts(lambda: course.may_resume(self.mentorship.state, Party.MENTOR, by, None)):
            self.follow(matching.resume(self.mentorship, by, now=self.now))

    @rule(by=either)
    def complete(self, by: Party) -> None:
        """Request completion: it then counts as completed, never as ended early."""
        if self.accepts(lambda: course.may_complete(self.mentorship.state, self.totals)):
            today = self.now.date()
            self.follow(matching.asked_to_end(self.mentorship, self.progress, by, None, today=today, now=self.now))
            assert self.mentorship.state is MentorshipState.COMPLETED

    @rule(by=either)
    def end_early(self, by: Party) -> None:
        """End it with a reason."""
        if self.accepts(lambda: course.may_end_early(self.mentorship.state)):
            step = matching.asked_to_end(
                self.mentorship, self.progress, by, Reason.OTHER, today=self.now.date(), now=self.now
            )
            self.follow(step)
            assert self.mentorship.state is MentorshipState.ENDED_EARLY

    @rule(days=st.sampled_from([1, 9, 60]))
    def wait(self, days: int) -> None:
        """Let time pass, and let matching process deadlines."""
        self.now += timedelta(days=days)
        self.follow(matching.unsigned(self.mentorship, today=self.now.date(), now=self.now))
        self.progressed()

    @invariant()
    def one_version_holds(self) -> None:
        """Two versions are never in force or waiting at once, and a started mentorship has one in force."""
        where = list(agreement.states(self.versions, self.now, over=self.mentorship.state in OVER).values())
        assert where.count(VersionState.IN_FORCE) <= 1
        assert where.count(VersionState.PROPOSED) <= 1
        if self.mentorship.state not in {MentorshipState.OPENED, MentorshipState.ENDED_EARLY}:
            assert where.count(VersionState.IN_FORCE) == 1

    @invariant()
    def sessions_are_confirmed_by_the_other_side(self) -> None:
        """A confirmed session was confirmed by the other side."""
        for at, by in self.confirmed_by.items():
            assert by is other(self.logged[at].by)

    @invariant()
    def nothing_after_the_end(self) -> None:
        """No action is accepted after the end, and no task is open."""
        assert self.accepted_after_end == 0
        if self.mentorship.state in OVER:
            for party in PAIR:
                assert pending_tasks(self.mentorship.state, party, self.versions, self.logged, None, self.now) == []
        assert self.mentorship.state is not MentorshipState.COMPLETED or self.mentorship.sessions >= NEEDED


TestPair = Pair.TestCase
TestPair.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
