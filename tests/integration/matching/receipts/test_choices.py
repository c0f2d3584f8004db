"""Orders of hosts and mentors reach the matching, and "not suitable" reads as a place that is not available."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest

from services.matching.facts.store import facts
from services.matching.receipts.views import receipts as receipts_views
from shared.contracts.codes import Answer, HardRule, Party, Role, TieBreak, Wishes
from shared.contracts.mentors import MentorCandidatesChosen
from shared.contracts.offers import OfferCandidatesChosen, OfferRevised
from shared.contracts.receipts import NoMatchExplained

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World


async def _choose(
    world: World,
    seat: UUID,
    *order: UUID,
    refused: tuple[UUID, ...] = (),
    event: Any = OfferCandidatesChosen,
) -> None:
    unsuitable = [{"application_id": id_, "reason": "other_service"} for id_ in refused]
    choices = {"wishes": list(order), "not_suitable": unsuitable}
    await world.feed.deliver((event.model_validate({"choices": choices}), seat))


@pytest.mark.parametrize("rule", [Wishes.WISHES_FIRST, Wishes.WISHES_AMONG_EQUALS])
async def test_the_order_of_a_host_decides_between_two_officers(world: World, rule: Wishes) -> None:
    """Of two officers with the same points the one whom the host puts first gets the place, after a change too."""
    await world.call(wishes=rule, share_of_offer=100)
    seat = await world.offer(places=1)
    officers = [await world.officer(), await world.officer()]
    for first in officers:
        await _choose(world, seat, first)
        await world.match_calls()
        assert await _placed(world, seat) == {first}
    revised = OfferRevised.model_validate({"terms": await _terms(world, seat) | {"title": "Another title"}})
    await world.feed.deliver((revised, seat))
    assert officers[1] in (await world.commit()).matches


async def _placed(world: World, seat: UUID) -> set[UUID]:
    """Return the applications that have the seat provisionally."""
    return {row.application_id for row in await world.rows("SELECT * FROM standing WHERE seat_id = :seat", seat=seat)}


async def _terms(world: World, seat: UUID) -> dict[str, Any]:
    async with world.bus.read() as session:
        row = (await facts.seats(session, [seat]))[seat]
        assert row.candidate_choices.wishes
        return dict(row.terms)


async def test_a_place_that_falls_free_follows_the_order_of_its_host(world: World) -> None:
    """If the first of the order declines, the place goes to the second."""
    await world.call(wishes=Wishes.WISHES_FIRST, share_of_offer=100, reserves=0)
    seat = await world.offer(places=1)
    first, second, third = [await world.officer() for _ in range(3)]
    await _choose(world, seat, third, first, second)
    committed = await world.commit()
    assert list(committed.matches) == [third]
    match_id = committed.matches[third]
    await world.clear(match_id, third)
    await world.answer(match_id, third, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    proposed = [content for kind, content in await world.facts("MatchProposed")]
    assert [content.pairing.application_id for content in proposed] == [third, first]


async def test_an_unsuitable_officer_reads_that_the_place_is_not_available(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """The receipt counts it with the places that are not available; the programme coordinator reads the reason."""
    await world.call(share_of_offer=100)
    seat, officer = await world.offer(), await world.officer()
    await _choose(world, seat, refused=(officer,))
    assert (await world.commit()).matches == {}
    receipt = await receipts_views.published_receipt(world.bus, officer)
    assert isinstance(receipt, NoMatchExplained)
    assert next(step.rule for step in receipt.funnel if step.remaining == 0) is HardRule.NOT_AVAILABLE
    assert receipt.counterfactuals == ()
    await sign_in("tigran", Role.NATIONAL_COORDINATOR, country="MD")
    page = html.unescape((await browser.get(f"/matching/applications/{officer}")).text)
    assert "Another service is needed" not in page
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    form = (await browser.get(f"/matching/applications/{officer}/override")).text
    sent = {
        "csrf_token": form.split('name="csrf_token" value="')[1].split('"')[0],
        "seat": str(seat),
        "reason": "other",
        "text": "The host asked for another service.",
    }
    price = await browser.post(f"/matching/applications/{officer}/override", data=sent)
    assert "Reason: Another service is needed." in html.unescape(price.text)


async def test_a_mentor_is_not_matched_with_an_unsuitable_mentee(world: World) -> None:
    """Of two mentors the one who finds the mentee not suitable stays free."""
    await world.call(kinds=["mentee"])
    mentors = [await world.mentor(), await world.mentor()]
    mentee = await world.officer(kind="mentee")
    for refusing, other in (mentors, mentors[::-1]):
        await _choose(world, refusing, refused=(mentee,), event=MentorCandidatesChosen)
        await _choose(world, other, event=MentorCandidatesChosen)
        await world.match_calls()
        assert await _placed(world, other) == {mentee}


async def test_officers_exchange_places_that_are_equal_to_a_host(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """Exchanges of the call give two officers their first wishes, for any officer whom the lot favours at a host."""
    await world.call(wishes=Wishes.WISHES_FIRST, ties=TieBreak.EXCHANGES, share_of_offer=100)
    contested, other = await world.offer(places=1), await world.offer(places=1)
    alone = await world.officer(topics=["online_crime"], wishes=[str(contested)], conflicts=[str(other)])
    second = await world.officer(topics=["online_crime"], wishes=[str(other), str(contested)])
    third = await world.officer(topics=["online_crime"], wishes=[str(contested), str(other)])
    await _choose(world, contested, second)
    await _choose(world, other, third)
    committed = await world.commit()
    receipts = {each: await receipts_views.published_receipt(world.bus, each) for each in (second, third)}
    assert [getattr(receipt, "offer_id", None) for receipt in receipts.values()] == [other, contested]
    assert alone not in committed.matches
    (run_id,) = committed.runs.values()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    runs = (await browser.get("/matching/api/v1/runs")).json()["items"]
    assert [run["result"]["exchanged"] in {0, 2} for run in runs if run["id"] == str(run_id)] == [True]
    page = html.unescape((await browser.get(f"/matching/runs/{run_id}")).text)
    assert "Better place by an exchange among equals" in page
