"""Commits of one call at the same moment, and commits with nothing to commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from services.matching.cohorts.actions.commit import Committed
from shared.errors import ProblemCode, Refused

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.matching.conftest import World


async def _three_for_two_places(world: World) -> list[UUID]:
    """Publish two places and find three officers eligible for them; the third one is too many."""
    await world.call(share_of_offer=100)
    await world.offer(places=1, group_size=1)
    await world.offer(places=1, group_size=1)
    people = [await world.officer(country) for country in ("MD", "MD", "GE")]
    await world.match_calls()
    return people


async def test_simultaneous_commits_of_a_call_are_one(world: World) -> None:
    """Of four commits at the same moment one is written and explained once, and the others are refused."""
    people = await _three_for_two_places(world)
    ended = await asyncio.gather(*(world.commit() for _ in range(4)), return_exceptions=True)
    (done,) = [end for end in ended if isinstance(end, Committed)]
    refusals = [end for end in ended if isinstance(end, Refused)]
    assert {(end.status_code, end.code) for end in refusals} == {(409, ProblemCode.ALREADY_DONE)}
    assert len(refusals) == 3
    assert len(done.matches) == 2
    assert len(await world.rows("SELECT id FROM run")) == 1
    assert len(await world.facts("RunFinished")) == 1
    events = await world.facts("MatchExplained", "NoMatchExplained")
    assert sorted(subject for subject, _ in events) == sorted(str(person) for person in people)


async def test_a_cohort_with_nothing_to_commit_is_refused(world: World) -> None:
    """With no provisional match left and every receipt published, there is no further run and no receipt."""
    await _three_for_two_places(world)
    await world.commit()
    events = await world.facts("MatchExplained", "NoMatchExplained", "RunFinished")
    await world.match_calls()
    with pytest.raises(Refused, match="Everybody without a place already knows the reason") as refused:
        await world.commit()
    assert refused.value.code is ProblemCode.ALREADY_DONE
    assert await world.facts("MatchExplained", "NoMatchExplained", "RunFinished") == events
    assert [row.cohort for row in await world.rows("SELECT cohort FROM pool")] == [1]


async def test_a_cohort_without_matches_notifies_new_officers(world: World) -> None:
    """An officer who arrives after a cohort and finds no place gets a receipt with the next one."""
    await _three_for_two_places(world)
    await world.commit()
    late = await world.officer("MD")
    await world.match_calls()
    done = await world.commit()
    assert (done.cohort, dict(done.matches)) == (2, {})
    assert str(late) in {subject for subject, _ in await world.facts("NoMatchExplained")}
