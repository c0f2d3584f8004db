"""Overdue offers are given again, once each, by processes that are killed at every step of it."""

from __future__ import annotations

from collections import Counter
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

    from tests.integration.matching.conftest import World

_PLACES = 3
_LASTS = 60.0
"""Seconds of leases and transactions: nothing is to end by its time here, only by a kill."""
_STEPS = (
    ("lifecycle.actions.deadlines:_end", 1),
    ("lifecycle.actions.deadlines:Transitions.save", 1),
    ("provisional.worker:next_in_line.promote", 1),
    ("provisional.next_in_line:_propose", 1),
    ("provisional.next_in_line:_propose", _PLACES),
    ("provisional.next_in_line:store.settle", 1),
    ("provisional.worker:match_once", 1),
)
"""Functions at whose call a process is killed, and at which of its calls."""


async def give_again(address: str, call_id: UUID) -> None:
    """End what is overdue, and give the places that fall free to the next in line."""
    bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, deadlines.LEASE) as lease:
        await deadlines.sweep(bus, lease)
    await worker.match_under_lease(bus, call_id, {})


@pytest.mark.usefixtures("own_clock")
async def test_overdue_offers_are_given_again_once_each_after_kills(world: World, store_address: str) -> None:
    """Kills (SIGKILL) at each step from the end of an offer to the next proposal do nothing twice, and lose nothing.

    Each offer ends once, and its end is the cause of one proposal of the place to another officer.
    """
    await world.call(share_of_offer=100)
    for _ in range(_PLACES):
        await world.offer(places=1, group_size=1)
    for _ in range(2 * _PLACES):
        await world.officer()
    first = (await world.commit()).matches
    assert len(first) == _PLACES
    for application, match_id in first.items():
        await world.clear(match_id, application)
    clock.move(timedelta(days=30))
    found = []
    for step, call in _STEPS:
        at = f"services.matching.{step}"
        async with stalled(__name__, give_again, store_address, world.call_id, at=at, call=call, lasts=_LASTS):
            pass  # it is killed at this point
        found.append((len(await world.facts("MatchExpired")), len(await world.facts("MatchProposed"))))
    none, ended, given = (0, _PLACES), (_PLACES, _PLACES), (_PLACES, 2 * _PLACES)
    assert found == [none, none, ended, ended, ended, ended, given]
    await world.sweep()
    await world.match_calls()
    ends = Counter(subject for subject, _ in await world.facts("MatchExpired"))
    assert ends == Counter(map(str, first.values()))
    causes = await world.rows(
        "SELECT d.aggregateid, count(*) FROM journal p JOIN journal d ON d.id = p.causationid"
        " WHERE p.type = 'MatchProposed' GROUP BY d.aggregateid"
    )
    assert dict(map(tuple, causes)) == ends
    taken = await world.rows("SELECT seat_id, application_id FROM match WHERE state = 'proposed'")
    assert len({row.seat_id for row in taken}) == len({row.application_id for row in taken}) == len(taken) == _PLACES
