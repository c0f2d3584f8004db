"""Replacements for visits that were given up."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.cohorts.actions import commit
from shared.contracts import applications, participation
from shared.contracts.codes import Answer, Party, Reason, Role
from shared.contracts.visits import VisitScheduled
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World


async def _confirm(world: World, application_id: UUID) -> None:
    """Clear and accept the proposed match of an application."""
    (match,) = await world.rows(
        "SELECT id FROM match WHERE application_id = :id AND state = 'proposed'", id=application_id
    )
    await world.clear(match.id, application_id)
    await world.answer(match.id, application_id, Party.GUEST)
    await world.answer(match.id, application_id, Party.HOST)


async def test_the_next_in_line_replaces_the_visit_that_was_given_up(world: World) -> None:
    """One withdraws from a scheduled visit, the next declines, the third accepts: that visit replaces the first."""
    await world.call(share_of_offer=100)
    await world.offer(places=1)
    for country in ("MD", "GE", "AM"):
        await world.officer(country)
    ((first, _),) = (await world.commit()).matches.items()
    await _confirm(world, first)
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER), first))
    await world.match_calls()
    ((second, match_id),) = await world.rows("SELECT application_id, id FROM match WHERE state = 'proposed'")
    await world.clear(match_id, second)
    await world.answer(match_id, second, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    ((third,),) = await world.rows("SELECT application_id FROM match WHERE state = 'proposed'")
    await _confirm(world, third)
    (old, before), (_, after) = await world.facts("VisitScheduled")
    assert isinstance(before, VisitScheduled)
    assert isinstance(after, VisitScheduled)
    assert before.plan.replaces is None
    assert str(after.plan.replaces) == old


async def _scheduled(world: World, **terms: Any) -> tuple[UUID, UUID, UUID]:
    """Two officers for one place, of whom one has a visit: application, match and offer."""
    await world.call(share_of_offer=100)
    offer = await world.offer(places=1, **terms)
    for country in ("MD", "GE"):
        await world.officer(country)
    ((first, match_id),) = (await world.commit()).matches.items()
    await _confirm(world, first)
    return first, match_id, offer


async def _not_there(world: World, application_id: UUID, match_id: UUID) -> None:
    (visit,) = await world.rows("SELECT id FROM visit WHERE match_id = :id", id=match_id)
    reported = participation.NoShowReported(application_id=application_id, visit_id=visit.id)
    await world.feed.deliver((reported, match_id), (reported, match_id))


async def _shown_text(browser: httpx2.AsyncClient, address: str) -> str:
    """Return the text of a page without its tags: a reference within a text has tags around it."""
    return re.sub(r"<[^>]*>", "", (await browser.get(address)).text)


async def test_the_place_of_a_no_show_goes_to_the_next_in_line(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """A no-show keeps the match but not the place: the next in line gets it, with due notice, and both cases say so."""
    first, match_id, offer = await _scheduled(world)
    await _not_there(world, first, match_id)
    await world.match_calls()
    ((second, new),) = await world.rows("SELECT application_id, id FROM match WHERE state = 'proposed'")
    assert second != first
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert "Place proposed to" in (await browser.get("/matching/visits")).text
    await _confirm(world, second)
    (old, before), (_, after) = await world.facts("VisitScheduled")
    assert isinstance(before, VisitScheduled)
    assert isinstance(after, VisitScheduled)
    assert (str(after.plan.replaces), after.plan.offer_id) == (old, offer)
    assert after.plan.start >= clock.today() + timedelta(weeks=6)
    # The place is used once: nobody else gets it, and the no-show does not come back into the pool.
    await world.officer("AM")
    assert (await world.commit()).matches == {}
    references = {row.id: row.reference for row in await world.rows("SELECT id, reference FROM candidate")}
    listed = await _shown_text(browser, "/matching/visits")
    assert f"Replaced by {references[second]}" in listed
    assert f"Replaces {references[first]}" in listed
    assert f"Replaced by {references[second]}" in await _shown_text(browser, f"/matching/applications/{first}")
    assert f"Replaces {references[first]}" in await _shown_text(browser, f"/matching/applications/{second}")
    answer = (await browser.get("/matching/api/v1/visits")).json()["items"]
    assert {item["replacement"]["outcome"] for item in answer} == {"proposed", None}
    assert new in {UUID(item["replacement"]["match_id"]) for item in answer if item["replacement"]["match_id"]}
    assert {item["replacement"]["match_state"] for item in answer} == {"confirmed", None}
    country = {row.id: row.country for row in await world.rows("SELECT id, country FROM candidate")}[first]
    await sign_in("nora", Role.NATIONAL_COORDINATOR, country=country)
    (own,) = (await browser.get("/matching/api/v1/visits")).json()["items"]
    taken_over = own["replacement"]
    assert taken_over["outcome"] == "proposed"
    assert [taken_over[name] for name in ("match_state", "by_application", "by_reference")] == [None] * 3


async def test_the_board_shows_places_with_less_than_six_weeks_left(
    world: World,
    browser: httpx2.AsyncClient,
    sign_in: Callable[..., Awaitable[None]],
    moving_clock: None,
) -> None:
    """If the placement's last week is too near nobody is proposed, and board, list and case say that it is too late."""
    periods = [period | {"places_per_week": 2} for period in world.period(7, 9)]
    first, match_id, _ = await _scheduled(world, periods=periods)
    clock.move(timedelta(weeks=4))
    await world.feed.deliver(
        (
            participation.CancellationRequested(application_id=first, by=Party.GUEST, reason=Reason.OPERATIONAL_DUTY),
            match_id,
        )
    )
    await world.match_calls()
    assert await world.rows("SELECT 1 FROM match WHERE state = 'proposed'") == []
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert "too late to replace" in (await browser.get("/matching/")).text
    assert "Too late to replace: less than 6 weeks left" in (await browser.get("/matching/visits")).text
    assert "Too late to replace: less than 6 weeks left" in (await browser.get(f"/matching/applications/{first}")).text


async def test_a_reserve_takes_the_place_of_a_no_show_at_once(world: World) -> None:
    """A cleared reserve is offered the place as soon as the host reports that the guest did not come."""
    await world.call(share_of_offer=100)
    await world.offer(places=1)
    for country in ("MD", "GE"):
        await world.officer(country)
    committed = await commit.commit_cohort(world.bus, "carla", world.call_id, effort=0, reserves=True)
    ((first, match_id),) = committed.matches.items()
    ((reserve, second),) = await world.rows("SELECT id, application_id FROM match WHERE reserve")
    await world.clear(reserve, second)
    await _confirm(world, first)
    await _not_there(world, first, match_id)
    assert await world.sweep() == 0
    await world.match_calls()
    ((up, _),) = await world.facts("MatchCalledUp")
    assert up == str(reserve)
    await world.answer(reserve, second, Party.GUEST)
    await world.answer(reserve, second, Party.HOST)
    (old, _), (_, after) = await world.facts("VisitScheduled")
    assert isinstance(after, VisitScheduled)
    assert str(after.plan.replaces) == old
