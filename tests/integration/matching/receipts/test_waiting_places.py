"""The place in line that a waiting officer sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.receipts.views import receipts as receipts_views
from shared.contracts.codes import Answer, Party, Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World


async def test_the_place_in_line_is_the_one_that_is_called(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """Of two who wait for a full place number one is proposed when it falls free, and number two moves up."""
    await world.call(share_of_offer=100)
    seat = await world.offer(places=1)
    officers = [await world.officer(country) for country in ("MD", "GE", "AM")]
    committed = await world.commit()
    ((winner, match_id),) = committed.matches.items()
    line = {}
    for officer in set(officers) - {winner}:
        (place,) = await receipts_views.waiting_places(world.bus, officer)
        assert (place.seat_id, place.of, place.free, place.limit) == (seat, 2, 0, None)
        line[place.at] = officer
    assert sorted(line) == [1, 2]
    assert await receipts_views.waiting_places(world.bus, winner) == ()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = (await browser.get(f"/matching/applications/{line[2]}")).text
    assert "2 of 2" in page
    assert "A place must become free." in page
    answer = (await browser.get(f"/matching/api/v1/receipts/{line[1]}")).json()["waiting"]
    assert answer == [{"seat_id": str(seat), "at": 1, "of": 2, "free": 0, "limit": None}]
    await world.clear(match_id, winner)
    await world.answer(match_id, winner, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    (called,) = await world.rows("SELECT application_id FROM match WHERE state = 'proposed'")
    assert called.application_id == line[1]
    (place,) = [place for place in await receipts_views.waiting_places(world.bus, line[2]) if place.seat_id == seat]
    assert (place.at, place.of) == (1, 1)


async def test_a_newcomer_is_in_no_line_before_the_next_cohort(world: World) -> None:
    """A newcomer has no place in line before the next cohort."""
    await world.call()
    await world.offer(places=1)
    await world.officer()
    await world.commit()
    late = await world.officer("GE")
    assert await receipts_views.waiting_places(world.bus, late) == ()


async def test_a_used_up_share_is_named(world: World) -> None:
    """If the country's share of a place is used up, the page says that a free place alone is not enough."""
    await world.call(share_of_offer=40)
    await world.offer(places=2, group_size=1)
    first, other = await world.officer(), await world.officer()
    committed = await world.commit()
    waiting = other if first in committed.matches else first
    (place,) = await receipts_views.waiting_places(world.bus, waiting)
    assert (place.at, place.of, place.free, place.limit) == (1, 1, 1, "share_of_offer")
