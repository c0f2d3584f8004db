"""Wishes reach the matching with the application, and the receipt says why the first one was not given."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest

from services.matching.receipts.views import receipts as receipts_views
from services.matching.receipts.views.explanation import receipt_page
from shared.contracts.codes import Role, Wishes, WishMissed
from shared.contracts.receipts import MatchExplained

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World


@pytest.mark.parametrize("rule", [Wishes.WISHES_FIRST, Wishes.WISHES_AMONG_EQUALS])
async def test_a_wish_decides_between_two_places(world: World, rule: Wishes) -> None:
    """Of two placements with the same points an officer gets the one that was wished, whichever it is."""
    await world.call(wishes=rule)
    seats = [await world.offer(), await world.offer()]
    wishes = {await world.officer(wishes=[str(seat)]): seat for seat in seats}
    committed = await world.commit()
    for officer, seat in wishes.items():
        assert officer in committed.matches
        receipt = await receipts_views.published_receipt(world.bus, officer)
        assert isinstance(receipt, MatchExplained)
        assert (receipt.offer_id, receipt.rank, receipt.missed) == (seat, 1, None)


async def test_the_receipt_says_why_it_is_not_the_first_wish(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """Of two who wish the same single place one reads that it went to others, and a wish against a rule is named."""
    await world.call(wishes=Wishes.WISHES_FIRST, share_of_offer=100)
    first, second = await world.offer(places=1), await world.offer(places=5)
    off_topic = await world.offer(topics=["criminal_networks"])
    officers = [await world.officer(wishes=[str(first), str(second)]) for _ in range(2)]
    third = await world.officer(topics=["online_crime"], wishes=[str(off_topic), str(second)])
    await world.commit()
    receipts = {officer: await receipts_views.published_receipt(world.bus, officer) for officer in (*officers, third)}
    matched = {officer: receipt for officer, receipt in receipts.items() if isinstance(receipt, MatchExplained)}
    assert matched.keys() == receipts.keys()
    missed = {officer: receipt.missed for officer, receipt in matched.items() if receipt.missed is not None}
    (outranked,) = [missed[officer] for officer in officers if officer in missed]
    assert (outranked.offer_id, outranked.why) == (first, WishMissed.OUTRANKED)
    assert (missed[third].offer_id, missed[third].why) == (off_topic, WishMissed.UNSUITABLE)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = html.unescape((await browser.get(f"/matching/applications/{third}")).text)
    assert "it does not meet all rules, or is no longer open." in page


async def test_a_page_says_that_points_came_before_the_first_wish(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """Among equal points a place with more points is not called the one that the officer wants most."""
    await world.call(wishes=Wishes.WISHES_AMONG_EQUALS, share_of_offer=100)
    best, wished = await world.offer(topics=["online_crime"]), await world.offer(topics=["criminal_networks"])
    officer = await world.officer(topics=["online_crime", "criminal_networks"], wishes=[str(wished)])
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    cohort = html.unescape((await browser.get(f"/matching/cohorts/{world.call_id}")).text)
    assert "Best of 2 suitable places." in cohort
    assert "First choice." not in cohort
    await world.commit()
    receipt = await receipts_views.published_receipt(world.bus, officer)
    assert isinstance(receipt, MatchExplained)
    assert receipt.missed is not None
    assert (receipt.offer_id, receipt.missed.offer_id, receipt.missed.why) == (best, wished, WishMissed.POINTS)
    page = html.unescape((await browser.get(f"/matching/applications/{officer}")).text)
    assert "another place gives more points." in page
    own = await receipt_page(world.bus, officer, side="applicant")
    assert own is not None
    assert own.receipt.sentences[0] == "You have the place with the most points for you of those that fit you."
