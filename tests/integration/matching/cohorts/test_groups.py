"""Groups in cohorts: proposed whole, held back until complete, and explained in their receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from services.matching.provisional import snapshot
from services.matching.provisional.model.problem import problem
from shared.contracts import applications
from shared.contracts.codes import Answer, ApplicationKind, Criterion, Objective, Party, Reason, Role
from shared.contracts.matches import MatchProposed
from shared.contracts.receipts import MatchExplained, NoMatchExplained
from shared.contracts.runs import RunFinished
from shared.errors import Refused
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World


async def _group(world: World, size: int, **profile: Any) -> list[UUID]:
    group = str(new_id())
    return [await world.officer(group_id=group, mode="group", **profile) for _ in range(size)]


async def test_a_group_is_proposed_at_one_place(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """All members get the same offer and common weeks; receipts and run say that they were placed together."""
    await world.call()
    await world.offer(places=1, group_size=5)
    wide = await world.offer(
        places=3, group_size=5, periods=[period | {"places_per_week": 3} for period in world.period()]
    )
    members = await _group(world, 3)
    committed = await world.commit()
    events = dict(await world.facts("MatchProposed"))
    for member in members:
        event = events[str(committed.matches[member])]
        assert isinstance(event, MatchProposed)
        assert event.pairing.offer_id == wide
        assert event.weeks
    receipts = dict(await world.facts("MatchExplained"))
    receipt = receipts[str(members[0])]
    assert isinstance(receipt, MatchExplained)
    assert (receipt.group_size, receipt.group_feasible) == (3, 1)
    ((run_id, run),) = await world.facts("RunFinished")
    assert isinstance(run, RunFinished)
    assert run.groups is not None
    assert (run.groups.placed, run.groups.unplaced) == (1, 0)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = (await browser.get(f"/matching/applications/{members[0]}")).text
    assert "Placed as a group of 3. All members are at this place in the same weeks." in page
    cohort = (await browser.get(f"/matching/runs/{run_id}")).text
    assert "Groups placed together" in cohort
    assert "Matches of this cohort now" in cohort
    for member in members:
        assert f'href="/matching/applications/{member}"' in cohort, "the page lists each match"


async def test_nobody_of_a_group_goes_where_not_all_fit(world: World) -> None:
    """With two places for three no member is placed, each receipt asks for one more place, and a single gets one."""
    await world.call()
    await world.offer(places=2, group_size=5, periods=[period | {"places_per_week": 5} for period in world.period()])
    members = await _group(world, 3)
    single = await world.officer("GE")
    committed = await world.commit()
    assert set(committed.matches) == {single}
    receipts = dict(await world.facts("NoMatchExplained"))
    for member in members:
        receipt = receipts[str(member)]
        assert isinstance(receipt, NoMatchExplained)
        assert (receipt.group_size, receipt.group_feasible) == (3, 0)
        assert [(change.change, change.count) for change in receipt.counterfactuals] == [("more_places", 1)]


async def test_a_group_waits_until_all_of_it_is_eligible(world: World) -> None:
    """While a member may still become eligible none is placed; if that one withdraws the rest is."""
    await world.call()
    await world.offer(places=4, group_size=5)
    members = await _group(world, 2)
    group = (await world.rows("SELECT group_id FROM candidate WHERE id = :id", id=members[0]))[0].group_id
    late = await world.officer(group_id=str(group), mode="group", eligible=False)
    await world.match_calls()
    assert await world.rows("SELECT 1 FROM standing") == []
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER), late))
    await world.match_calls()
    seats = await world.rows("SELECT seat_id FROM standing")
    assert len(seats) == len(members)
    assert len({row.seat_id for row in seats}) == 1


async def test_half_a_group_cannot_be_committed(world: World) -> None:
    """Choosing one of two members is refused, and nothing is proposed."""
    await world.call()
    offer = await world.offer(places=4, group_size=5)
    first, other = await _group(world, 2)
    with pytest.raises(Refused, match="whole"):
        await world.commit({first: offer})
    assert await world.facts("MatchProposed") == []
    assert set((await world.commit({first: offer, other: offer})).matches) == {first, other}


async def test_a_group_that_is_next_in_line_is_proposed_whole(world: World) -> None:
    """A waiting group gets both places at once when one of the two matches is declined."""
    await world.call()
    await world.offer(places=2, group_size=5)
    first = await world.officer("GE", years_in_field=20)
    taken = await world.commit()
    members = await _group(world, 2)
    assert set((await world.commit()).matches) == set()
    await world.clear(taken.matches[first], first)
    await world.answer(taken.matches[first], first, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    rows = await world.rows("SELECT application_id, seat_id FROM match WHERE state = 'proposed'")
    assert {row.application_id for row in rows} == set(members)
    assert await world.rows("SELECT 1 FROM vacancy") == []


@pytest.mark.parametrize("objective", list(Objective))
async def test_a_first_participation_comes_before_all_points(world: World, objective: Objective) -> None:
    """If the call puts first-time participants first, one with fewer points gets the place."""
    plain = {"objective": objective, "share_of_offer": 100}
    await world.call(**plain, rules={"first_time_first": True})
    await world.offer(places=1)
    again = await world.officer(first_time=False)
    first = await world.officer(
        "GE",
        first_time=True,
        languages=[{"language": "en", "level": "B2"}],
        expertise=[{"area": "analysis", "level": 1, "years": 0}],
    )
    given = await snapshot.load(world.bus, world.call_id)
    assert given is not None
    weights = problem(given.facts, ApplicationKind.STUDY_VISIT, ()).rules.weights
    others = [weight for criterion, weight in weights.items() if criterion is not Criterion.FIRST_TIME]
    assert weights[Criterion.FIRST_TIME].host > sum(weight.host for weight in others)
    assert set((await world.commit({first: (await world.rows("SELECT id FROM seat"))[0].id})).matches) == {first}
    assert again not in {row.application_id for row in await world.rows("SELECT application_id FROM match")}
