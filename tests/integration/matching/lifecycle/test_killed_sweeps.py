"""Overdue offers end once, and their places are given again once, although the worker is killed between the steps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from services.matching.app import create_app
from services.matching.lifecycle.actions import deadlines
from services.matching.provisional import worker
from services.matching.settings import Settings
from shared.bus.db import leases
from shared.time import clock
from tests.stalls import stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from tests.integration.matching.conftest import World

_DEADLINES = "services.matching.lifecycle.actions.deadlines"
_PROVISIONAL = "services.matching.provisional"
# Where the worker is killed, with how many offers have expired and how many places are given again by then.
KILLS = (
    (f"{_DEADLINES}:Transitions.save", 0, 0),
    (f"{_PROVISIONAL}.next_in_line:_choose", 2, 0),
    (f"{_PROVISIONAL}.next_in_line:replacements.note", 2, 0),
    (f"{_PROVISIONAL}.worker:_write", 2, 2),
)


async def end_and_give_again(address: str, call_id: UUID) -> None:
    """End what has run out of time, and match the call; the work of the process that is killed."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, deadlines.LEASE) as lease:
        while await deadlines.sweep(bus, lease):
            pass
    await worker.match_under_lease(bus, call_id, {})


@pytest.mark.usefixtures("own_clock")
async def test_overdue_offers_are_given_again_once_each_after_kills(world: World, store_address: str) -> None:
    """Killed before and in each transaction, the worker expires each offer once and proposes one for each place."""
    await world.call(kinds=["study_visit"])
    for _ in range(2):
        await world.offer(places=1, group_size=1)
    for _ in range(4):
        await world.officer()
    first = (await world.commit()).matches
    assert len(first) == 2
    for application, match_id in first.items():
        await world.clear(match_id, application)
    assert len(await world.facts("MatchOffered")) == 2
    clock.move(timedelta(days=30))
    for at, expired, given in KILLS:
        async with stalled(__name__, end_and_give_again, store_address, world.call_id, at=at):
            pass  # the kill comes here
        assert len(await world.facts("MatchExpired")) == expired, at
        assert len(await world.facts("MatchProposed")) == 2 + given, at
    for _ in range(2):
        await world.sweep()
        await world.match_calls()
    assert {subject for subject, _ in await world.facts("MatchExpired")} == {str(each) for each in first.values()}
    assert len(await world.facts("MatchExpired")) == 2
    proposed = [event for _, event in await world.facts("MatchProposed")]
    assert len({event.pairing.application_id for event in proposed}) == len(proposed) == 4
    places = [event.pairing.offer_id for event in proposed]
    assert sorted(places[:2]) == sorted(places[2:])
