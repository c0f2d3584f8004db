"""What-ifs: a true comparison, without side effects, that survives the loss of an instance."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from services.matching.interventions import store as interventions_store
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis, Comparison, Effect, OtherTerms
from services.matching.provisional.model.problem import solve
from shared.bus.db import leases
from shared.contracts import _examples as ex
from shared.contracts import calls
from shared.contracts.calls import CountryQuota
from shared.contracts.codes import Objective, Wishes
from shared.errors import Refused
from tests.waiting import until

if TYPE_CHECKING:
    from uuid import UUID

    from services.matching.interventions.store import WhatIf
    from tests.integration.matching.conftest import World

NO_MOLDOVAN = OtherTerms(quotas=(CountryQuota(country="MD", ceiling=0),))


async def _two_for_one_place(world: World) -> tuple[UUID, UUID]:
    """Return a Moldovan who has the only place, and a Georgian with an earlier exchange who has none."""
    await world.call()
    await world.offer(places=1)
    first, second = await world.officer("MD"), await world.officer("GE", first_time=False)
    await world.match_calls()
    return first, second


async def _stored(world: World, what_if_id: UUID) -> WhatIf:
    async with world.bus.read() as session:
        row = await interventions_store.what_if(session, what_if_id)
    assert row is not None
    return row


async def _worked_out(
    world: World, other: OtherTerms, basis: Basis = Basis.NOW, *, by: str = "carla", **options: Any
) -> Comparison:
    what_if_id = await what_ifs.ask(world.bus, by, world.call_id, basis, other)
    assert await what_ifs.work_once(world.bus, **options)
    row = await _stored(world, what_if_id)
    assert row.state == "done", row.problem
    return Comparison.model_validate(row.outcome)


async def test_it_is_the_matching_under_the_other_terms(world: World) -> None:
    """Both sides equal runs of the engine on the same facts; winners and losers are the difference, by group too."""
    first, second = await _two_for_one_place(world)
    outcome = await _worked_out(world, NO_MOLDOVAN)
    given = await what_ifs.facts_for(world.bus, world.call_id, Basis.NOW)
    assert given is not None
    own = solve(given.facts)
    theirs = solve(replace(given.facts, terms=NO_MOLDOVAN.applied(given.facts.terms)))
    assert [side.digest for side in outcome.before] == [result.digest for result in own.values()]
    assert [side.digest for side in outcome.after] == [result.digest for result in theirs.values()]
    assert {move.application_id: move.how for move in outcome.moved} == {first: Effect.LOST, second: Effect.GAINED}
    assert {group.code: (group.gained, group.lost) for group in outcome.countries} == {"GE": (1, 0), "MD": (0, 1)}
    assert [side.matched for side in outcome.before] == [side.matched for side in outcome.after]
    for groups in (outcome.countries, outcome.services, outcome.rank_groups):
        assert sum(group.before for group in groups) == sum(side.matched for side in outcome.before)
        assert all(group.after - group.before == group.gained - group.lost for group in groups)


async def test_another_rule_of_wishes_is_compared(world: World) -> None:
    """Once points decide alone or first, an officer loses the wished place to one of more points."""
    await world.call(wishes=Wishes.WISHES_FIRST, share_of_offer=100)
    best, wished = await world.offer(topics=["online_crime"]), await world.offer(topics=["criminal_networks"])
    officer = await world.officer(topics=["online_crime", "criminal_networks"], wishes=[str(wished)])
    await world.match_calls()
    for rule in (Wishes.SCORES, Wishes.WISHES_AMONG_EQUALS):
        outcome = await _worked_out(world, OtherTerms(wishes=rule))
        (move,) = outcome.moved
        assert (move.application_id, move.before, move.after, move.how) == (officer, wished, best, Effect.WORSE)


async def test_nothing_is_published_or_moved(world: World) -> None:
    """A what-if writes no fact, raises no version and leaves the provisional matching unchanged."""
    await _two_for_one_place(world)
    kept = (
        "SELECT (SELECT count(*) FROM journal), (SELECT sum(input_version) FROM pool),"
        " (SELECT string_agg(s::text, ' ' ORDER BY application_id) FROM standing s)"
    )
    before = [tuple(row) for row in await world.rows(kept)]
    await _worked_out(world, NO_MOLDOVAN)
    await _worked_out(world, NO_MOLDOVAN, Basis.START)
    assert [tuple(row) for row in await world.rows(kept)] == before


async def test_a_finished_call_is_matched_again_from_its_start(world: World) -> None:
    """After cohort and close the whole call is computed as if nothing had been committed, under its own terms too."""
    first, second = await _two_for_one_place(world)
    await world.commit()
    terms = ex.CALL_TERMS | {"visit_periods": world.period(0, 60), "quotas": [], "weights": [], "needs": []}
    await world.feed.deliver((calls.CallClosed.model_validate({"terms": terms}), world.call_id))
    outcome = await _worked_out(world, NO_MOLDOVAN, Basis.START)
    assert outcome.before[0].applications == outcome.before[0].matched + 1 == 2
    assert {move.application_id: move.how for move in outcome.moved} == {first: Effect.LOST, second: Effect.GAINED}
    with pytest.raises(Refused) as refused:
        await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, NO_MOLDOVAN)
    assert refused.value.status_code == 409


async def test_a_large_one_is_worked_out_in_a_process_of_its_own(world: World) -> None:
    """Another process returns the same outcome."""
    await _two_for_one_place(world)
    here = await _worked_out(world, NO_MOLDOVAN)
    assert await _worked_out(world, NO_MOLDOVAN, by="bruno", large=0) == here


async def test_it_can_be_cancelled_while_it_is_under_way(world: World) -> None:
    """A cancel ends the process at once and leaves no outcome."""
    await _two_for_one_place(world)
    what_if_id = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, NO_MOLDOVAN)
    working = asyncio.create_task(what_ifs.work_once(world.bus, large=0))

    async def begun() -> bool:
        return (await _stored(world, what_if_id)).state != "waiting"

    await until(begun, "it is under way", unless=working)
    await what_ifs.cancel(world.bus, "carla", what_if_id)
    assert await working
    row = await _stored(world, what_if_id)
    assert (row.state, row.outcome) == ("cancelled", None)
    await what_ifs.cancel(world.bus, "carla", what_if_id)
    with pytest.raises(Refused, match="Another coordinator cancelled this on"):
        await what_ifs.cancel(world.bus, "bruno", what_if_id)


async def test_another_instance_goes_on_with_what_was_left(world: World) -> None:
    """One instance at a time works on it; if that one is lost another starts it again and finishes."""
    await _two_for_one_place(world)
    what_if_id = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, NO_MOLDOVAN)
    mine, world.bus.holder = world.bus.holder, "another"
    lease = await leases.acquire(world.bus, f"what-if:{what_if_id}", 60)
    assert lease is not None
    assert await what_ifs._begun(world.bus, what_if_id, lease) is not None
    world.bus.holder = mine
    assert not await what_ifs.work_once(world.bus)
    world.bus.holder = "another"
    await leases.release(world.bus, lease)
    world.bus.holder = mine
    assert await what_ifs.work_once(world.bus)
    assert (await _stored(world, what_if_id)).state == "done"


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (OtherTerms(), "objective"),
        (OtherTerms(wishes=Wishes.WISHES_FIRST, objective=Objective.MOST_GOOD), "wishes"),
        (OtherTerms(quotas=(CountryQuota(country="MD", floor=3, ceiling=2),)), "quotas"),
        (OtherTerms(quotas=(CountryQuota(country="MD"), CountryQuota(country="MD", floor=1))), "quotas"),
    ],
)
async def test_meaningless_terms_are_refused_at_their_fields(world: World, other: OtherTerms, field: str) -> None:
    """No change, an order for the highest sum, a floor above its ceiling, a country twice: refused at its field."""
    await world.call()
    with pytest.raises(Refused) as refused:
        await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, other)
    assert list(refused.value.fields) == [field]
