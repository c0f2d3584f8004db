"""Does a mentoring pair come together, meet and end as lifecycles.md says?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from shared import clock
from shared.contracts import mentorships, participation
from shared.contracts.codes import Party, Reason
from shared.ids import new_id

if TYPE_CHECKING:
    from tests.integration.matching.conftest import World


async def _opened(world: World) -> tuple[UUID, UUID, UUID]:
    """A mentee with a confirmed match: application, match and mentorship."""
    await world.call()
    await world.mentor()
    application, match_id = await world.confirmed(kind="mentee")
    ((mentorship, _),) = await world.told("MentorshipOpened")
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
    asked = participation.FundChangeRequested(application_id=application, fund_id=fund, reason=Reason.PARTNER_SUSPENDED)
    await world.feed.deliver((asked, match_id))
    assert len(await world.told("MatchFundChanged")) == 1
    for by in (Party.MENTEE, Party.MENTOR):
        await _sign(world, application, match_id, mentorship, by)
    ((_, started),) = await world.told("MentorshipStarted")
    assert isinstance(started, mentorships.MentorshipStarted)
    assert started.plan.fund_id == fund


async def test_from_confirmed_to_completed(world: World) -> None:
    """Both sign one version, three sessions are confirmed, the goal is closed: completed, as figures need it."""
    application, match_id, mentorship = await _opened(world)
    await _sign(world, application, match_id, mentorship, Party.MENTEE, 1)
    await _sign(world, application, match_id, mentorship, Party.MENTOR, 2)
    assert await world.told("MentorshipStarted") == []
    await _sign(world, application, match_id, mentorship, Party.MENTEE, 2)
    ((_, started),) = await world.told("MentorshipStarted")
    assert isinstance(started, mentorships.MentorshipStarted)
    assert started.until is not None
    goal = {"application_id": application, "mentorship_id": mentorship, "goal_id": new_id(), "number": 1}
    await world.feed.deliver((participation.GoalSet(**goal, by=Party.MENTEE), match_id))
    await world.feed.deliver((participation.GoalClosed(**goal, by=Party.MENTEE, met=True), match_id))
    for _ in range(3):
        assert await world.told("MentorshipCompleted") == []
        await _meet(world, application, match_id, mentorship)
    ((_, completed),) = await world.told("MentorshipCompleted")
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
    await world.turn()
    assert [row.seat_id for row in await world.rows("SELECT seat_id FROM standing")] == [None]
    ((mentorship, _),) = await world.told("MentorshipOpened")
    event = participation.EndRequested(
        application_id=application, mentorship_id=UUID(mentorship), by=Party.MENTEE, reason=Reason.OPERATIONAL_DUTY
    )
    await world.feed.deliver((event, match_id))
    ((_, ended),) = await world.told("MentorshipEndedEarly")
    assert isinstance(ended, mentorships.MentorshipEndedEarly)
    assert ended.reason is Reason.OPERATIONAL_DUTY
    await world.turn()
    (row,) = await world.rows("SELECT application_id, seat_id FROM standing")
    assert row.application_id == other
    assert row.seat_id is not None


async def test_an_agreement_that_is_not_signed_ends_it(world: World, moving_clock: None) -> None:
    """Ten working days of silence over the agreement end the mentorship by the clock."""
    await _opened(world)
    clock.move(timedelta(days=30))
    assert await world.sweep() == 1
    ((_, ended),) = await world.told("MentorshipEndedEarly")
    assert isinstance(ended, mentorships.MentorshipEndedEarly)
    assert (ended.by, ended.reason) == (Party.CLOCK, Reason.NO_ANSWER)


async def test_a_pause_holds_until_it_is_taken_up_again(world: World) -> None:
    """Either side may pause and resume what has begun."""
    application, match_id, mentorship = await _opened(world)
    for by in (Party.MENTEE, Party.MENTOR):
        await _sign(world, application, match_id, mentorship, by)
    ids = {"application_id": application, "mentorship_id": mentorship, "by": Party.MENTOR}
    await world.feed.deliver((participation.PauseRequested(**ids, reason=Reason.OPERATIONAL_DUTY), match_id))
    await world.feed.deliver((participation.ResumeRequested(**ids), match_id))
    told = [event.type for _, event in await world.told("MentorshipPaused", "MentorshipResumed")]
    assert told == ["MentorshipPaused", "MentorshipResumed"]
