"""The life of a match after lifecycles.md, from the first event to the visit, the decline or the deadline."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.contracts import applications, matches, offers, participation, receipts, runs, visits
from shared.contracts.calls import Timers
from shared.contracts.codes import Answer, CloseCause, Party, Reason, Side, VisitState, VoidReason
from shared.errors import Refused
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.support import move_to

if TYPE_CHECKING:
    from tests.integration.matching.conftest import World


async def test_a_match_and_its_visit_move_to_another_fund(world: World) -> None:
    """A match and its visit move to another fund, published once; later events of the visit name it."""
    await world.call()
    await world.offer()
    application, match_id = await world.confirmed()
    fund = new_id()
    request = participation.FundChangeRequested(
        application_id=application, fund_id=fund, reason=Reason.PARTNER_SUSPENDED
    )
    await world.feed.deliver((request, match_id))
    await world.feed.deliver((request, match_id))
    ((subject, changed),) = await world.facts("MatchFundChanged")
    assert subject == str(match_id)
    assert isinstance(changed, matches.MatchFundChanged)
    assert (changed.pairing.fund_id, changed.reason) == (fund, Reason.PARTNER_SUSPENDED)
    assert changed.previous_fund_id != fund
    cancelled = participation.CancellationRequested(application_id=application, by=Party.GUEST, reason=Reason.FUNDING)
    await world.feed.deliver((cancelled, match_id))
    ((_, visit),) = await world.facts("VisitCancelled")
    assert isinstance(visit, visits.VisitCancelled)
    assert visit.plan.fund_id == fund
    await world.feed.deliver(
        (
            participation.FundChangeRequested(application_id=application, fund_id=new_id(), reason=Reason.FUNDING),
            match_id,
        )
    )
    assert len(await world.facts("MatchFundChanged")) == 1


async def test_from_eligible_to_a_provisional_match_on_the_board(world: World) -> None:
    """An eligible officer and a published placement become a provisional match, and nobody is notified."""
    await world.call()
    offer = await world.offer()
    application = await world.officer()
    await world.match_calls()
    (row,) = await world.rows("SELECT * FROM standing")
    assert (row.application_id, row.seat_id, row.reason) == (application, offer, "matched")
    assert not await world.rows("SELECT 1 FROM journal")


async def test_whole_story_from_events_to_a_completed_visit(world: World) -> None:
    """A match is committed, cleared, offered, accepted by both, scheduled automatically, attended, completed."""
    await world.call()
    await world.offer()
    application, match_id = await world.confirmed()
    ((visit_id, scheduled),) = await world.facts("VisitScheduled")
    assert isinstance(scheduled, visits.VisitScheduled)
    plan = scheduled.plan
    assert plan.start >= clock.today() + timedelta(weeks=6)
    for day in plan.days:
        event = participation.AttendanceRecorded(
            application_id=application, visit_id=UUID(visit_id), day=day, present=True
        )
        await world.feed.deliver((event, match_id))
    assert await world.story(application) == [
        "MatchProposed",
        "MatchExplained",
        "MatchCleared",
        "MatchOffered",
        "MatchConfirmed",
        "VisitScheduled",
        "VisitStarted",
        "VisitEnded",
        "VisitCompleted",
    ]
    ((_, completed),) = await world.facts("VisitCompleted")
    assert isinstance(completed, visits.VisitCompleted)
    assert (completed.attended_days, completed.ended_on) == (plan.required_days, plan.end)
    ((_, run),) = await world.facts("RunFinished")
    assert isinstance(run, runs.RunFinished)
    assert (run.matched, run.unmatched, run.cohort, run.blocking_pairs) == (1, 0, 1, 0)
    # What follows from a clearance or an answer names it as its cause.
    causes = await world.rows("SELECT causationid FROM journal WHERE type LIKE 'Match%' AND type <> 'MatchExplained'")
    assert sum(row.causationid is not None for row in causes) == 3


async def test_an_officer_without_a_place_gets_the_reasons(world: World) -> None:
    """An officer whose language no host takes gets a receipt with the rule and what would have matched."""
    await world.call()
    await world.offer(languages=[{"language": "en", "level": "C1"}])
    application = await world.officer()
    await world.match_calls()
    (row,) = await world.rows("SELECT * FROM standing")
    assert (row.seat_id, row.reason, row.rule) == (None, "no_feasible_seat", "common_language")
    committed = await world.commit()
    assert committed.matches == {}
    ((subject, event),) = await world.facts("NoMatchExplained")
    assert subject == str(application)
    assert isinstance(event, receipts.NoMatchExplained)
    assert event.counterfactuals[0].to_level == "C1"


async def test_home_clears_before_host_and_each_country_once(world: World) -> None:
    """One country's clearance alone offers nothing, however often it is given."""
    await world.call()
    await world.offer()
    application = await world.officer()
    match_id = (await world.commit()).matches[application]
    home = participation.ClearanceGiven(
        application_id=application, side=Side.HOME, country="MD", host_due=clock.now() + timedelta(days=20)
    )
    await world.feed.deliver((home, match_id), (home, match_id))
    assert await world.facts("MatchOffered") == []
    (row,) = await world.rows("SELECT state, home_cleared, host_cleared, due FROM match")
    assert (row.state, row.home_cleared, row.host_cleared) == ("proposed", True, False)
    assert row.due == home.host_due


async def test_a_refused_clearance_ends_the_match_and_bars_the_pair(world: World) -> None:
    """A pair that a country does not clear is not proposed again; the officer is matched elsewhere."""
    await world.call()
    first, second = await world.offer(), await world.offer("EE")
    application = await world.officer(preferred_countries=["FR"])
    match_id = (await world.commit()).matches[application]
    refused = participation.ClearanceRefused(
        application_id=application, side=Side.HOST, country="FR", reason=Reason.PERSONAL
    )
    await world.feed.deliver((refused, match_id))
    await world.match_calls()
    (row,) = await world.rows("SELECT seat_id FROM standing")
    assert {first, second} - {row.seat_id} == {first}


async def test_declined_goes_to_the_next_in_line_at_once(world: World) -> None:
    """A declined place is proposed to the next in line; the officer who declined is barred from it."""
    await world.call()
    offer = await world.offer(places=1)
    officer = await world.officer()
    other = await world.officer()
    committed = await world.commit()
    ((winner, match_id),) = committed.matches.items()
    waiting = other if winner == officer else officer
    await world.clear(match_id, winner)
    ((_, offered),) = await world.facts("MatchOffered")
    assert isinstance(offered, matches.MatchOffered)
    assert offered.next_in_line == (waiting,)
    await world.answer(match_id, winner, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    proposed = await world.facts("MatchProposed")
    assert len(proposed) == 2
    last = proposed[-1][1]
    assert isinstance(last, matches.MatchProposed)
    assert (last.pairing.application_id, last.pairing.offer_id) == (waiting, offer)
    (cause,) = await world.rows(
        "SELECT d.type FROM journal p JOIN journal d ON d.id = p.causationid WHERE p.type = 'MatchProposed'"
    )
    assert cause.type == "MatchDeclined"
    (row,) = await world.rows("SELECT application_id, seat_id, rule FROM standing")
    assert (row.application_id, row.seat_id, row.rule) == (winner, None, "declined_before")
    assert await world.rows("SELECT 1 FROM vacancy") == []


async def test_a_full_placement_gives_a_free_place_to_the_next_in_line(world: World) -> None:
    """A placement closed as full stays in the pool: the next in line is proposed when the confirmed guest withdraws."""
    await world.call()
    offer = await world.offer(places=1)
    application, _ = await world.confirmed()
    other = await world.officer()
    assert (await world.commit()).matches == {}
    await world.feed.deliver((offers.OfferClosed(cause=CloseCause.FULL), offer))
    await world.feed.deliver(
        (applications.ApplicationWithdrawn(reason=Reason.OPERATIONAL_DUTY, by=Party.GUEST), application)
    )
    await world.match_calls()
    rows = await world.rows("SELECT application_id, state FROM match ORDER BY id")
    assert {row.application_id: row.state for row in rows} == {application: "cancelled", other: "proposed"}


async def test_a_placement_entered_in_error_ends_what_is_proposed(world: World) -> None:
    """OfferVoided takes the placement out of the pool and cancels its proposal for the programme."""
    await world.call()
    offer = await world.offer()
    application = await world.officer()
    match_id = (await world.commit()).matches[application]
    await world.feed.deliver((offers.OfferVoided(reason=VoidReason.TEST), offer))
    await world.match_calls()
    ((subject, event),) = await world.facts("MatchCancelled")
    assert isinstance(event, matches.MatchCancelled)
    assert (subject, event.by) == (str(match_id), Party.PROGRAMME)
    (row,) = await world.rows("SELECT seat_id FROM standing")
    assert row.seat_id is None


async def test_silence_expires_an_offer_once_all_that_arrived_in_time_is_answered(
    world: World, moving_clock: None
) -> None:
    """After that and the grace the match expires, names the silent sides, and its call is to be matched again."""
    await world.call()
    await world.offer()
    application = await world.officer()
    match_id = (await world.commit()).matches[application]
    await world.clear(match_id, application)
    await world.answer(match_id, application, Party.HOST)
    ((_, offered),) = await world.facts("MatchOffered")
    assert isinstance(offered, matches.MatchOffered)
    clock.move(offered.due - clock.now() + ANSWERED_WITHIN + timedelta(seconds=60))
    assert await world.sweep() == 0
    await world.match_calls()
    assert await world.rows("SELECT 1 FROM pool WHERE input_version > matched_version") == []
    clock.move(timedelta(seconds=120))
    assert await world.sweep() == 1
    assert len(await world.rows("SELECT 1 FROM pool WHERE input_version > matched_version")) == 1
    ((_, expired),) = await world.facts("MatchExpired")
    assert isinstance(expired, matches.MatchExpired)
    assert (expired.silent, expired.silences) == ((Party.GUEST,), 1)
    await world.answer(match_id, application, Party.GUEST)
    ((_, late),) = await world.facts("AnswerTooLate")
    assert isinstance(late, matches.AnswerTooLate)
    assert late.by is Party.GUEST
    assert await world.sweep() == 0


async def test_an_answer_given_in_time_counts_within_the_grace(world: World, moving_clock: None) -> None:
    """An answer that arrived in time counts, though it is given as late as it may be, and its event a minute later."""
    await world.call()
    await world.offer()
    application = await world.officer()
    match_id = (await world.commit()).matches[application]
    await world.clear(match_id, application)
    await world.answer(match_id, application, Party.HOST)
    ((_, offered),) = await world.facts("MatchOffered")
    assert isinstance(offered, matches.MatchOffered)
    clock.move(offered.due - clock.now() + ANSWERED_WITHIN + timedelta(seconds=60))
    assert await world.sweep() == 0
    await world.answer(match_id, application, Party.GUEST, at=offered.due - timedelta(seconds=1))
    assert len(await world.facts("MatchConfirmed")) == 1


async def test_a_withdrawal_frees_the_place(world: World) -> None:
    """A withdrawal cancels the match and the visit that has not begun."""
    await world.call()
    await world.offer()
    application, _ = await world.confirmed()
    gone = applications.ApplicationWithdrawn(reason=Reason.OPERATIONAL_DUTY)
    await world.feed.deliver((gone, application))
    cancelled = await world.facts("MatchCancelled", "VisitCancelled")
    assert {event.type for _, event in cancelled} == {"MatchCancelled", "VisitCancelled"}
    await world.match_calls()
    assert await world.rows("SELECT 1 FROM standing") == []


@pytest.mark.parametrize(
    ("gone", "ended"),
    [
        (applications.ApplicationVoided(reason=VoidReason.DUPLICATE), True),
        (applications.ApplicationCancelled.model_validate(applications.ApplicationCancelled.example), True),
        (applications.ApplicationWithdrawn(reason=Reason.OPERATIONAL_DUTY), True),
        (None, False),
    ],
)
async def test_a_cancelled_match_says_whether_its_application_has_ended(
    world: World, gone: applications.ApplicationEvent | None, *, ended: bool
) -> None:
    """A match that ends with its application says so; one that a host cancels does not: another place is looked for."""
    await world.call()
    await world.offer()
    application, match_id = await world.confirmed()
    if gone is not None:
        await world.feed.deliver((gone, application))
    else:
        request = participation.CancellationRequested(
            application_id=application, by=Party.HOST, reason=Reason.OPERATIONAL_DUTY
        )
        await world.feed.deliver((request, match_id))
    ((_, cancelled),) = await world.facts("MatchCancelled")
    assert isinstance(cancelled, matches.MatchCancelled)
    assert cancelled.application_ended is ended


async def test_withdrawing_an_offer_ends_only_unconfirmed_matches(world: World) -> None:
    """A confirmed visit is unaffected; a match that is only proposed is cancelled by the host."""
    await world.call()
    offer = await world.offer()
    _, confirmed = await world.confirmed()
    other = await world.officer("GE")
    proposed = (await world.commit()).matches[other]
    await world.feed.deliver((offers.OfferWithdrawn(reason=Reason.OPERATIONAL_DUTY), offer))
    rows = await world.rows("SELECT id, state FROM match ORDER BY id")
    assert {row.id: row.state for row in rows} == {confirmed: "confirmed", proposed: "cancelled"}


async def test_a_closed_call_ends_what_is_not_confirmed_and_matches_no_more(world: World) -> None:
    """After CallClosed nothing is provisional and nothing can be committed."""
    await world.call()
    await world.offer()
    application = await world.officer()
    await world.commit()
    await world.officer("GE")
    await world.close()
    await world.match_calls()
    ((_, cancelled),) = await world.facts("MatchCancelled")
    assert isinstance(cancelled, matches.MatchCancelled)
    assert cancelled.pairing.application_id == application
    assert await world.rows("SELECT 1 FROM standing") == []
    with pytest.raises(Refused):
        await world.commit()


async def test_no_week_takes_more_guests_than_it_has_places(world: World) -> None:
    """Guests of an offer with one place a week get different weeks."""
    await world.call()
    await world.offer(places=6, periods=[p | {"places_per_week": 1} for p in world.period()], group_size=5)
    weeks = set()
    for _ in range(3):
        await world.confirmed()
    for _, event in await world.facts("VisitScheduled"):
        assert isinstance(event, visits.VisitScheduled)
        weeks.add(event.plan.start.isocalendar().week)
    assert len(weeks) == 3


async def test_early_return_and_no_show(world: World) -> None:
    """An early return ends with its actual days and is not completed; a no-show is published as one."""
    await world.call()
    await world.offer(places=4, group_size=5)
    application, match_id = await world.confirmed()
    other, other_match = await world.confirmed()
    planned = dict(await world.facts("VisitScheduled"))
    plans = {event.plan.application_id: (UUID(visit), event.plan) for visit, event in planned.items()}
    visit_id, plan = plans[application]
    await world.feed.deliver(
        (
            participation.AttendanceRecorded(
                application_id=application, visit_id=visit_id, day=plan.days[0], present=True
            ),
            match_id,
        ),
        (
            participation.EarlyReturnReported(
                application_id=application, visit_id=visit_id, last_day=plan.days[0], reason=Reason.PERSONAL
            ),
            match_id,
        ),
    )
    visit_id, plan = plans[other]
    await world.feed.deliver(
        (participation.NoShowReported(application_id=other, visit_id=visit_id), other_match),
    )
    rows = await world.rows("SELECT application_id, state FROM visit")
    assert {row.application_id: row.state for row in rows} == {
        application: VisitState.ENDED,
        other: VisitState.NO_SHOW,
    }
    ((_, ended),) = await world.facts("VisitEnded")
    assert isinstance(ended, visits.VisitEnded)
    assert (ended.early, ended.attended_days, ended.ended_on) == (True, 1, plans[application][1].days[0])
    assert await world.facts("VisitCompleted") == []


async def test_the_same_facts_give_the_same_matching(world: World) -> None:
    """An emptied board is rebuilt as it was."""
    await world.call()
    await world.offer()
    await world.officer()
    await world.match_calls()
    before = await world.rows("SELECT application_id, seat_id, score, host_score FROM standing")
    async with world.bus.transaction("system:tests") as tx:
        await tx.session.execute(text("DELETE FROM standing"))
    await world.match_calls()
    assert await world.rows("SELECT application_id, seat_id, score, host_score FROM standing") == before


async def test_an_unknown_match_is_refused(world: World) -> None:
    """An event about a match that was never proposed here fails, so that it becomes a dead letter."""
    event = participation.ClearanceGiven(application_id=new_id(), side=Side.HOME, country="MD")
    with pytest.raises(LookupError):
        await world.feed.deliver((event, new_id()))


async def test_attendance_may_be_recorded_until_all_that_arrived_in_time_is_answered(
    world: World, moving_clock: None
) -> None:
    """On the day after the last one for attendance, a visit is open while a record of that day may be answered."""
    await world.call()
    await world.offer()
    application, match_id = await world.confirmed()
    ((visit_id, scheduled),) = await world.facts("VisitScheduled")
    assert isinstance(scheduled, visits.VisitScheduled)
    plan = scheduled.plan
    move_to(plan.days[0], 30)
    recorded = participation.AttendanceRecorded(
        application_id=application, visit_id=UUID(visit_id), day=plan.days[0], present=True
    )
    await world.feed.deliver((recorded, match_id))
    over = plan.end + timedelta(days=Timers().attendance_days + 1)
    move_to(over, 5)
    assert (await world.sweep(), await world.facts("VisitEnded")) == (0, [])
    move_to(over, 12)
    assert await world.sweep() == 1
    assert len(await world.facts("VisitEnded")) == 1
