"""The life of a mentorship after lifecycles.md: agreement, sessions, visits and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.lifecycle.actions.transitions import Transitions
from shared.contracts import applications, mentorships, participation, visits
from shared.contracts.codes import Answer, Party, Reason, UnschedulableCause
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.support import move_to

if TYPE_CHECKING:
    from tests.integration.matching.conftest import World


async def _opened(world: World) -> tuple[UUID, UUID, UUID]:
    """Return a mentee with a confirmed match: application, match and mentorship."""
    await world.call()
    await world.mentor()
    application, match_id = await world.confirmed(kind="mentee")
    ((mentorship, _),) = await world.facts("MentorshipOpened")
    return application, match_id, UUID(mentorship)


async def _sign(world: World, application: UUID, match_id: UUID, mentorship: UUID, by: Party, version: int = 1) -> None:
    event = participation.AgreementSigned(
        application_id=application, mentorship_id=mentorship, by=by, version=version, document="0" * 64
    )
    await world.feed.deliver((event, match_id))


async def _meet(world: World, application: UUID, match_id: UUID, mentorship: UUID) -> None:
    ids = {"application_id": application, "mentorship_id": mentorship, "session_id": new_id()}
    day = clock.today()
    logged = participation.SessionLogged(**ids, by=Party.MENTOR, held_on=day, minutes=60)
    confirmed = participation.SessionConfirmed(**ids, by=Party.MENTEE, held_on=day)
    await world.feed.deliver((logged, match_id), (confirmed, match_id))


async def test_a_mentorship_moves_to_another_fund(world: World) -> None:
    """On request another fund pays for match and mentorship, and the mentorship's next event names it."""
    application, match_id, mentorship = await _opened(world)
    fund = new_id()
    request = participation.FundChangeRequested(
        application_id=application, fund_id=fund, reason=Reason.PARTNER_SUSPENDED
    )
    await world.feed.deliver((request, match_id))
    assert len(await world.facts("MatchFundChanged")) == 1
    for by in (Party.MENTEE, Party.MENTOR):
        await _sign(world, application, match_id, mentorship, by)
    ((_, started),) = await world.facts("MentorshipStarted")
    assert isinstance(started, mentorships.MentorshipStarted)
    assert started.plan.fund_id == fund


async def test_from_confirmed_to_completed(world: World) -> None:
    """Both sign one version, three sessions are confirmed, the goal is closed: the mentorship is completed."""
    application, match_id, mentorship = await _opened(world)
    await _sign(world, application, match_id, mentorship, Party.MENTEE, 1)
    await _sign(world, application, match_id, mentorship, Party.MENTOR, 2)
    assert await world.facts("MentorshipStarted") == []
    await _sign(world, application, match_id, mentorship, Party.MENTEE, 2)
    ((_, started),) = await world.facts("MentorshipStarted")
    assert isinstance(started, mentorships.MentorshipStarted)
    assert started.until is not None
    goal = {"application_id": application, "mentorship_id": mentorship, "goal_id": new_id(), "number": 1}
    await world.feed.deliver((participation.GoalSet(**goal, by=Party.MENTEE), match_id))
    await world.feed.deliver((participation.GoalClosed(**goal, by=Party.MENTEE, met=True), match_id))
    for _ in range(3):
        assert await world.facts("MentorshipCompleted") == []
        await _meet(world, application, match_id, mentorship)
    ((_, completed),) = await world.facts("MentorshipCompleted")
    assert isinstance(completed, mentorships.MentorshipCompleted)
    assert (completed.sessions, completed.goals, completed.goals_met) == (3, 1, 1)
    rows = await world.rows("SELECT DISTINCT correlationid FROM journal WHERE aggregatetype = 'mentoring.mentorships'")
    assert [row.correlationid for row in rows] == [str(application)]


async def test_an_ended_mentorship_gives_the_mentor_a_place_again(world: World) -> None:
    """After EndRequested the next mentee is matched with the same mentor."""
    await world.call()
    await world.mentor(capacity=1)
    application, match_id = await world.confirmed(kind="mentee")
    other = await world.officer("GE", kind="mentee")
    await world.match_calls()
    assert [row.seat_id for row in await world.rows("SELECT seat_id FROM standing")] == [None]
    ((mentorship, _),) = await world.facts("MentorshipOpened")
    event = participation.EndRequested(
        application_id=application, mentorship_id=UUID(mentorship), by=Party.MENTEE, reason=Reason.OPERATIONAL_DUTY
    )
    await world.feed.deliver((event, match_id))
    ((_, ended),) = await world.facts("MentorshipEndedEarly")
    assert isinstance(ended, mentorships.MentorshipEndedEarly)
    assert ended.reason is Reason.OPERATIONAL_DUTY
    await world.match_calls()
    (row,) = await world.rows("SELECT application_id, seat_id FROM standing")
    assert row.application_id == other
    assert row.seat_id is not None


async def test_an_agreement_that_is_not_signed_ends_it(world: World, moving_clock: None) -> None:
    """Ten working days without signatures end the mentorship."""
    await _opened(world)
    clock.move(timedelta(days=30))
    assert await world.sweep() == 1
    ((_, ended),) = await world.facts("MentorshipEndedEarly")
    assert isinstance(ended, mentorships.MentorshipEndedEarly)
    assert (ended.by, ended.reason) == (Party.CLOCK, Reason.NO_ANSWER)


async def test_a_pause_holds_until_it_is_taken_up_again(world: World) -> None:
    """Either side may pause and resume a mentorship that has begun."""
    application, match_id, mentorship = await _opened(world)
    for by in (Party.MENTEE, Party.MENTOR):
        await _sign(world, application, match_id, mentorship, by)
    ids = {"application_id": application, "mentorship_id": mentorship, "by": Party.MENTOR}
    await world.feed.deliver((participation.PauseRequested(**ids, reason=Reason.OPERATIONAL_DUTY), match_id))
    await world.feed.deliver((participation.ResumeRequested(**ids), match_id))
    events = [event.type for _, event in await world.facts("MentorshipPaused", "MentorshipResumed")]
    assert events == ["MentorshipPaused", "MentorshipResumed"]


async def _begun(world: World) -> tuple[UUID, UUID, UUID]:
    """Return a pair that has signed."""
    application, match_id, mentorship = await _opened(world)
    for by in (Party.MENTEE, Party.MENTOR):
        await _sign(world, application, match_id, mentorship, by)
    return application, match_id, mentorship


def _visit_request(
    application: UUID, mentorship: UUID, answer: Answer | None, guest: Party = Party.MENTEE, days: int = 3
) -> participation.VisitRequested:
    """Return a request of the pair for a visit, from two months on."""
    start = clock.today() + timedelta(weeks=9)
    return participation.VisitRequested.model_validate(
        {
            "application_id": application,
            "mentorship_id": mentorship,
            "by": Party.MENTOR,
            "periods": [{"start": start, "end": start + timedelta(weeks=6)}],
            "days": days,
            "request_id": new_id(),
            "guest": guest,
            "answer": answer,
        }
    )


async def _attend(world: World, match_id: UUID, visit_id: UUID, plan: visits.VisitPlan) -> None:
    for day in plan.days:
        event = participation.AttendanceRecorded(
            application_id=plan.application_id, visit_id=visit_id, day=day, present=True
        )
        await world.feed.deliver((event, match_id))


async def test_an_agreed_end_becomes_the_planned_one(world: World) -> None:
    """A version signed by one side changes nothing; once both have signed it, its end is the planned end."""
    application, match_id, mentorship = await _begun(world)
    sooner = clock.today() + timedelta(days=20)
    ids = {"application_id": application, "mentorship_id": mentorship, "version": 2, "document": "1" * 64}
    before = (await world.rows("SELECT until FROM mentorship"))[0].until
    await world.feed.deliver((participation.AgreementSigned(**ids, by=Party.MENTOR, until=sooner), match_id))
    assert (await world.rows("SELECT until FROM mentorship"))[0].until == before
    await world.feed.deliver((participation.AgreementSigned(**ids, by=Party.MENTEE, until=sooner), match_id))
    assert (await world.rows("SELECT until FROM mentorship"))[0].until == sooner


async def test_a_pair_gets_dates_only_when_both_agreed(world: World) -> None:
    """A requested or refused visit gets no dates; an agreed one gets lawful days, and no second visit beside it."""
    application, match_id, mentorship = await _begun(world)
    await world.feed.deliver((_visit_request(application, mentorship, None), match_id))
    await world.feed.deliver((_visit_request(application, mentorship, Answer.DECLINE), match_id))
    assert await world.facts("VisitScheduled") == []
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    ((visit_id, event),) = await world.facts("VisitScheduled")
    assert isinstance(event, visits.VisitScheduled)
    plan = event.plan
    assert (plan.mentorship_id, plan.offer_id, plan.guest) == (mentorship, None, Party.MENTEE)
    assert (plan.country, plan.host_country) == ("MD", "RO")
    assert plan.required_days == len(plan.days) == 3
    assert plan.start >= clock.today() + timedelta(weeks=9)
    await _attend(world, match_id, UUID(visit_id), plan)
    assert len(await world.facts("VisitStarted", "VisitEnded", "VisitCompleted")) == 3
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    assert len(await world.facts("VisitScheduled")) == 2


async def test_the_mentor_can_be_the_guest(world: World) -> None:
    """If the mentor travels, the mentee's organisation is the host and the mentor's rank is counted."""
    application, match_id, mentorship = await _begun(world)
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT, guest=Party.MENTOR), match_id))
    ((_, event),) = await world.facts("VisitScheduled")
    assert isinstance(event, visits.VisitScheduled)
    assert (event.plan.country, event.plan.host_country, event.plan.guest) == ("RO", "MD", Party.MENTOR)
    rows = await world.rows("SELECT terms->>'rank_group' AS rank FROM seat")
    assert event.plan.rank_group == rows[0].rank


async def test_a_visit_without_notice_says_why(world: World) -> None:
    """Periods within the notice have no lawful week; the pair can ask again with others."""
    application, match_id, mentorship = await _begun(world)
    soon = _visit_request(application, mentorship, Answer.ACCEPT).model_dump()
    soon["periods"] = [{"start": clock.today(), "end": clock.today() + timedelta(days=20)}]
    await world.feed.deliver((participation.VisitRequested.model_validate(soon), match_id))
    ((_, event),) = await world.facts("VisitUnschedulable")
    assert isinstance(event, visits.VisitUnschedulable)
    assert event.cause is UnschedulableCause.NOTICE_TOO_SHORT
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    assert len(await world.facts("VisitScheduled")) == 1


async def test_a_visit_to_come_keeps_closed_goals_from_completing(world: World) -> None:
    """With closed goals a pair with a planned visit continues; it completes when the visit is over."""
    application, match_id, mentorship = await _begun(world)
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    ((visit_id, event),) = await world.facts("VisitScheduled")
    assert isinstance(event, visits.VisitScheduled)
    for _ in range(3):
        await _meet(world, application, match_id, mentorship)
    goal = {"application_id": application, "mentorship_id": mentorship, "goal_id": new_id(), "number": 1}
    await world.feed.deliver((participation.GoalSet(**goal, by=Party.MENTEE), match_id))
    await world.feed.deliver((participation.GoalClosed(**goal, by=Party.MENTEE, met=True), match_id))
    assert await world.facts("MentorshipCompleted") == []
    await _attend(world, match_id, UUID(visit_id), event.plan)
    assert len(await world.facts("VisitCompleted", "MentorshipCompleted")) == 2


async def test_a_pair_takes_its_visit_back_and_goes_on(world: World) -> None:
    """A cancelled visit leaves the mentorship unchanged; the end of the mentorship cancels its planned visit."""
    application, match_id, mentorship = await _begun(world)
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    ((visit_id, _),) = await world.facts("VisitScheduled")
    back = participation.CancellationRequested(
        application_id=application, by=Party.MENTEE, reason=Reason.TIMETABLE_CONFLICT, visit_id=UUID(visit_id)
    )
    await world.feed.deliver((back, match_id))
    assert len(await world.facts("VisitCancelled")) == 1
    assert await world.facts("MentorshipEndedEarly", "MatchCancelled") == []
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    end = participation.EndRequested(
        application_id=application, mentorship_id=mentorship, by=Party.MENTOR, reason=Reason.OPERATIONAL_DUTY
    )
    await world.feed.deliver((end, match_id))
    (_, (_, cancelled)) = await world.facts("VisitCancelled")
    assert isinstance(cancelled, visits.VisitCancelled)
    assert (cancelled.by, cancelled.reason) == (Party.MENTOR, Reason.OPERATIONAL_DUTY)
    assert len(await world.facts("MentorshipEndedEarly")) == 1


async def test_a_withdrawal_ends_the_mentorship_even_after_a_visit(world: World) -> None:
    """A past visit of the pair does not prevent a withdrawal from ending the mentorship."""
    application, match_id, mentorship = await _begun(world)
    await world.feed.deliver((_visit_request(application, mentorship, Answer.ACCEPT), match_id))
    ((visit_id, event),) = await world.facts("VisitScheduled")
    assert isinstance(event, visits.VisitScheduled)
    await _attend(world, match_id, UUID(visit_id), event.plan)
    left = applications.ApplicationWithdrawn(reason=Reason.OTHER, by=Party.MENTEE)
    await world.feed.deliver((left, application))
    assert len(await world.facts("MentorshipEndedEarly")) == 1


async def test_an_agreement_may_be_signed_until_all_that_arrived_in_time_is_answered(
    world: World, moving_clock: None
) -> None:
    """After the time to sign the mentorship goes on while a signature in time may still be answered."""
    await _opened(world)
    ((_, opened),) = await world.facts("MentorshipOpened")
    assert isinstance(opened, mentorships.MentorshipOpened)
    clock.move(opened.due - clock.now() + ANSWERED_WITHIN - timedelta(minutes=1))
    async with world.bus.transaction("system:clock") as tx:  # also where the sweep comes by for another reason
        ((match_id,),) = await world.rows("SELECT match_id FROM mentorship")
        pairs = await Transitions.load(tx, [match_id])
        await pairs.progressed(match_id, None)
        await pairs.save()
    assert (await world.sweep(), await world.facts("MentorshipEndedEarly")) == (0, [])
    clock.move(timedelta(minutes=2))
    assert await world.sweep() == 1
    assert len(await world.facts("MentorshipEndedEarly")) == 1


async def test_a_mentorship_is_over_once_all_that_arrived_in_time_is_answered(world: World, moving_clock: None) -> None:
    """On the day after its last one it goes on while a session of that day may still be answered."""
    await _begun(world)
    ((last, match_id),) = await world.rows("SELECT until, match_id FROM mentorship")
    move_to(last + timedelta(days=1), 5)
    async with world.bus.transaction("system:clock") as tx:
        pairs = await Transitions.load(tx, [match_id])
        await pairs.progressed(match_id, None)
        await pairs.save()
    assert (await world.sweep(), await world.facts("MentorshipEndedEarly")) == (0, [])
    move_to(last + timedelta(days=1), 12)
    assert await world.sweep() == 1
    assert len(await world.facts("MentorshipEndedEarly")) == 1
