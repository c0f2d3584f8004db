"""Reserves: cleared beforehand and called up as soon as a place falls free, without taking one before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from services.matching.app import create_app
from services.matching.cohorts.actions import commit
from services.matching.provisional import next_in_line
from services.matching.settings import Settings
from shared.bus.db import leases
from shared.contracts import applications, matches, offers, participation, receipts, registry
from shared.contracts.codes import Answer, MatchState, PartnerStatus, Party, Reason, Role, Side
from shared.errors import Refused
from shared.time import clock
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from shared.bus import Bus
    from tests.integration.matching.conftest import World


async def _commit(world: World, *, reserves: bool = True) -> commit.Committed:
    return await commit.commit_cohort(world.bus, "carla", world.call_id, effort=0, reserves=reserves)


async def _line(world: World, count: int = 3, **terms: object) -> tuple[tuple[UUID, UUID], tuple[UUID, UUID], UUID]:
    """Commit one of several officers with a reserve: match and application of both, and the offer."""
    await world.call(share_of_offer=100, **terms)
    offer = await world.offer(places=1)
    for number in range(count):
        await world.officer(("MD", "GE", "AM")[number % 3])
    committed = await _commit(world)
    ((winner, match_id),) = committed.matches.items()
    ((reserve, of),) = await world.rows("SELECT id, application_id FROM match WHERE reserve")
    return (match_id, winner), (reserve, of), offer


async def _states(world: World) -> dict[UUID, tuple[str, bool]]:
    rows = await world.rows("SELECT id, state, reserve FROM match ORDER BY id")
    return {row.id: (row.state, row.reserve) for row in rows}


async def test_a_declined_place_is_offered_to_the_reserve_without_new_clearance(world: World) -> None:
    """A cleared reserve has no place and no offer; after a decline it is offered the place at once."""
    (match_id, winner), (reserve, of), offer = await _line(world)
    (_, proposed), (_, beside) = await world.facts("MatchProposed")
    assert isinstance(proposed, matches.MatchProposed)
    assert isinstance(beside, matches.MatchProposed)
    assert (proposed.reserve, beside.reserve, beside.pairing.offer_id) == (False, True, offer)
    await world.clear(match_id, winner)
    await world.clear(reserve, of)
    assert (await _states(world))[reserve] == ("cleared", True)
    assert [subject for subject, _ in await world.facts("MatchOffered")] == [str(match_id)]
    await world.match_calls()
    (standing,) = await world.rows("SELECT seat_id FROM standing WHERE application_id = :id", id=of)
    assert standing.seat_id is None
    cleared = await world.facts("ClearanceGiven", "MatchCleared")
    await world.answer(match_id, winner, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    assert (await _states(world))[reserve] == ("offered", False)
    assert await world.facts("ClearanceGiven", "MatchCleared") == cleared
    assert len(await world.facts("MatchProposed")) == 2
    ((up, _),) = await world.facts("MatchCalledUp")
    assert up == str(reserve)
    (cause,) = await world.rows(
        "SELECT d.type FROM journal p JOIN journal d ON d.id = p.causationid WHERE p.type = 'MatchCalledUp'"
    )
    assert cause.type == "MatchDeclined"
    explained = [event for subject, event in await world.facts("MatchExplained") if subject == str(of)]
    assert [event.match_id for event in explained if isinstance(event, receipts.MatchExplained)] == [reserve]
    await world.answer(reserve, of, Party.GUEST)
    await world.answer(reserve, of, Party.HOST)
    assert [subject for subject, _ in await world.facts("MatchConfirmed")] == [str(reserve)]


async def test_a_reserve_that_one_country_has_cleared_keeps_that_clearance(world: World) -> None:
    """A place falls free before both countries have cleared: the reserve takes it, and is offered after the second."""
    (match_id, winner), (reserve, of), _ = await _line(world, count=2)
    await world.feed.deliver(
        (participation.ClearanceGiven(application_id=of, side=Side.HOME, country="GE"), reserve),
        (
            participation.ClearanceRefused(
                application_id=winner, side=Side.HOME, country="MD", reason=Reason.OPERATIONAL_DUTY
            ),
            match_id,
        ),
    )
    await world.match_calls()
    assert (await _states(world))[reserve] == ("proposed", False)
    await world.feed.deliver((participation.ClearanceGiven(application_id=of, side=Side.HOST, country="FR"), reserve))
    assert (await _states(world))[reserve] == ("offered", False)
    assert len(await world.facts("MatchProposed")) == 2


async def test_without_the_tick_nobody_is_cleared_beforehand(world: World) -> None:
    """By default a cohort proposes no reserves; a call that wants none never has any."""
    await world.call(reserves=0)
    await world.offer(places=1)
    await world.officer()
    await world.officer("GE")
    assert (await _commit(world, reserves=False)).reserves == 0
    with pytest.raises(Refused, match="no match to propose"):
        await _commit(world)


async def test_as_many_as_the_call_says_and_once_each(world: World) -> None:
    """With two a place, a second cohort with reserves adds the missing ones, and asks nobody twice."""
    await world.call(share_of_offer=100, reserves=2)
    await world.offer(places=1)
    for country in ("MD", "GE", "AM", "MD", "GE"):
        await world.officer(country)
    assert (await _commit(world)).reserves == 2
    with pytest.raises(Refused, match="no match to propose"):
        await _commit(world)
    ((reserve, of), _) = await world.rows("SELECT id, application_id FROM match WHERE reserve ORDER BY id")
    refused = participation.ClearanceRefused(application_id=of, side=Side.HOME, country="GE", reason=Reason.PERSONAL)
    await world.feed.deliver((refused, reserve))
    assert await world.rows("SELECT 1 FROM vacancy") == []
    assert (await _commit(world)).reserves == 1
    rows = await world.rows("SELECT application_id FROM match WHERE reserve AND state IN ('proposed', 'cleared')")
    assert len({row.application_id for row in rows} - {of}) == 2


async def test_a_reserve_that_withdraws_frees_no_place_and_the_next_is_proposed(world: World) -> None:
    """A withdrawn reserve is ended; when the place falls free the next in line is proposed as usual."""
    (match_id, winner), (reserve, of), _ = await _line(world)
    await world.clear(reserve, of)
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER, by=Party.GUEST), of))
    ((_, ended),) = await world.facts("MatchCancelled")
    assert isinstance(ended, matches.MatchCancelled)
    assert (ended.reserve, ended.was) == (True, MatchState.CLEARED)
    assert await world.rows("SELECT 1 FROM vacancy") == []
    await world.clear(match_id, winner)
    await world.answer(match_id, winner, Party.HOST, Answer.DECLINE)
    await world.match_calls()
    (last,) = await world.rows("SELECT application_id, reserve FROM match WHERE state = 'proposed'")
    assert last.application_id not in {winner, of}
    assert not last.reserve


async def test_a_suspended_partner_has_no_reserves(world: World) -> None:
    """A reserve of a suspended country is not called up, and ends with the next sweep of deadlines."""
    (match_id, winner), (reserve, of), _ = await _line(world, count=2)
    await world.clear(match_id, winner)
    await world.clear(reserve, of)
    country = (await world.rows("SELECT country FROM match WHERE id = :id", id=reserve))[0].country
    suspended = registry.PartnerStatusChanged(country=country, status=PartnerStatus.SUSPENDED, since=clock.today())
    await world.feed.deliver((suspended, country))
    await world.answer(match_id, winner, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    assert (await _states(world))[reserve] == ("cleared", True)
    assert await world.sweep() == 1
    ((subject, event),) = await world.facts("MatchCancelled")
    assert isinstance(event, matches.MatchCancelled)
    assert (subject, event.reason, event.reserve) == (str(reserve), Reason.PARTNER_SUSPENDED, True)


async def test_a_reserve_ends_when_the_visit_has_begun_or_the_call_closes(world: World) -> None:
    """A reserve stands while the place could fall free; once the visit has begun it is released by the clock."""
    (match_id, winner), (reserve, of), _ = await _line(world, count=2)
    await world.clear(reserve, of)
    assert await world.sweep() == 0
    await world.clear(match_id, winner)
    await world.answer(match_id, winner, Party.GUEST)
    await world.answer(match_id, winner, Party.HOST)
    assert await world.sweep() == 0
    ((visit_id, _),) = await world.facts("VisitScheduled")
    (visit,) = await world.rows("SELECT start FROM visit")
    came = participation.AttendanceRecorded(
        application_id=winner, visit_id=UUID(visit_id), day=visit.start, present=True
    )
    await world.feed.deliver((came, match_id))
    assert await world.sweep() == 1
    assert await world.sweep() == 0
    ((subject, event),) = await world.facts("MatchCancelled")
    assert isinstance(event, matches.MatchCancelled)
    assert (subject, event.by) == (str(reserve), Party.CLOCK)


async def test_the_close_of_a_call_ends_its_reserves(world: World) -> None:
    """CallClosed leaves no reserve behind."""
    _, (reserve, _), _ = await _line(world, count=2)
    await world.close()
    assert (await _states(world))[reserve] == ("cancelled", True)


async def test_a_place_elsewhere_ends_the_reserve(world: World) -> None:
    """A reserve is matched like any application; another place supersedes it, the same place keeps its clearances."""
    _, (reserve, of), _ = await _line(world, count=2)
    await world.clear(reserve, of)
    other = await world.offer("EE")
    committed = await _commit(world, reserves=False)
    assert set(committed.matches) == {of}
    ((subject, event),) = await world.facts("MatchSuperseded")
    assert isinstance(event, matches.MatchSuperseded)
    assert (subject, event.by_match_id, event.reserve) == (str(reserve), committed.matches[of], True)
    (row,) = await world.rows("SELECT seat_id FROM match WHERE id = :id", id=committed.matches[of])
    assert row.seat_id == other


async def test_a_cohort_takes_up_a_reserve_for_the_same_place(world: World) -> None:
    """If the offer gets another place, the next cohort offers it to the cleared reserve at once."""
    _, (reserve, of), offer = await _line(world, count=2)
    await world.clear(reserve, of)
    (seat,) = await world.rows("SELECT terms FROM seat WHERE id = :id", id=offer)
    await world.feed.deliver((offers.OfferRevised.model_validate({"terms": seat.terms | {"places": 2}}), offer))
    committed = await _commit(world, reserves=False)
    assert committed.matches == {of: reserve}
    assert (await _states(world))[reserve] == ("offered", False)
    assert await world.facts("MatchSuperseded") == []


async def test_two_instances_call_one_reserve_up_once(world: World, store_address: str) -> None:
    """If two places fall free at once and two instances act, each place goes to one, nobody gets two."""
    await world.call(share_of_offer=100)
    await world.offer(places=2)
    for country in ("MD", "GE", "AM", "MD", "GE", "AM"):
        await world.officer(country)
    committed = await _commit(world)
    assert committed.reserves == 2
    rows = await world.rows("SELECT id, application_id FROM match ORDER BY id")
    for row in rows:
        await world.clear(row.id, row.application_id)
    for application_id, match_id in committed.matches.items():
        await world.answer(match_id, application_id, Party.GUEST, Answer.DECLINE)
    second = create_app(Settings(**settings_for(store_address)), background=False).state.service.bus
    try:

        async def take(bus: Bus) -> int:
            lease = await leases.acquire(bus, f"match:{world.call_id}")
            return 0 if lease is None else await next_in_line.promote(bus, world.call_id, lease)

        assert sum(await asyncio.gather(*(take(bus) for bus in (world.bus, second)))) == 2
    finally:
        await second.close()
    offered = await world.rows("SELECT application_id FROM match WHERE state = 'offered' AND NOT reserve")
    assert len({row.application_id for row in offered}) == len(offered) == 2
    assert len(await world.facts("MatchCalledUp")) == 2


async def test_a_reserve_takes_no_answer(world: World) -> None:
    """An answer about a reserve changes nothing, and no event calls it late."""
    _, (reserve, of), _ = await _line(world, count=2)
    await world.clear(reserve, of)
    await world.answer(reserve, of, Party.GUEST, Answer.DECLINE)
    assert (await _states(world))[reserve] == ("cleared", True)
    assert await world.facts("AnswerTooLate", "MatchDeclined") == []


async def test_pages_say_who_stands_in_reserve(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """The option passes through both pages into the commit; board, list and case mark the reserve."""
    await world.call(share_of_offer=100)
    await world.offer(places=1)
    for country in ("MD", "GE"):
        await world.officer(country)
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = (await browser.get(f"/matching/cohorts/{world.call_id}")).text
    assert "Clear reserves in advance" in page
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    pair = page.partition('name="pair" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "pair": pair, "reserves": "1"}
    named = (await browser.post(f"/matching/cohorts/{world.call_id}", data=form)).text
    assert 'name="reserves" value="1"' in named
    done = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=form)
    assert done.headers["location"].endswith("?done=1&done_reserves=1")
    ((reserve, of),) = await world.rows("SELECT id, application_id FROM match WHERE reserve")
    case = (await browser.get(f"/matching/applications/{of}")).text
    assert "Reserve, to be cleared" in case
    await world.clear(reserve, of)
    case = (await browser.get(f"/matching/applications/{of}")).text
    assert "On the waiting list, cleared in advance" in case
    assert "Reserve, cleared" in case
    listed = (await browser.get("/matching/applications?stage=application:waitlisted_cleared")).text
    assert f"/matching/applications/{of}" in listed
    assert "cleared in advance" in (await browser.get("/matching/")).text
    assert (await browser.get("/matching/api/v1/board")).json()["pipeline"]["matched"] == 1
