"""Portal and matching agree on an application whose confirmed place is cancelled (decision 0012).

Matching is driven with people's statements; its events are given to the portal, one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from services.applications import app as portal
from services.applications.consumers import consumers as portal_consumers
from services.applications.settings import Settings as PortalSettings
from services.matching import app as matching
from services.matching.board.views.cases import case_of
from services.matching.consumers import consumers as matching_consumers
from services.matching.settings import Settings as MatchingSettings
from shared.contracts.codes import ApplicationState, Party, Reason
from shared.contracts.participation import CancellationRequested
from shared.identity.scope import Reach
from tests.integration.matching.conftest import World
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from uuid import UUID

    from shared.bus import Bus
    from tests.conftest import Databases

_EVERYTHING = Reach(everything=True, countries=frozenset(), organisations=frozenset(), subject="")
_TOLD = ("exchange.matches", "exchange.visits", "exchange.receipts")


@pytest.fixture
def addresses(postgres: Databases) -> Iterator[dict[str, str]]:
    """Return a store for each of the two services."""
    made = {}
    for service in ("matching", "applications"):
        name = postgres.of_service(service)
        made[service] = postgres.new(name)
    yield made
    for address in made.values():
        postgres.drop(address)


@pytest.fixture
async def world(addresses: dict[str, str]) -> AsyncIterator[World]:
    """Run matching on a store of its own."""
    address = addresses["matching"]
    app = matching.create_app(MatchingSettings(**settings_for(address)), background=False)
    bus = app.state.service.bus
    yield World(app, bus, Feed(bus, matching_consumers))
    await bus.close()


@pytest.fixture
async def reader(addresses: dict[str, str]) -> AsyncIterator[Reader]:
    """Run the portal on a store of its own, which reads the events of matching."""
    app = portal.create_app(PortalSettings(**settings_for(addresses["applications"])), background=False)
    bus = app.state.service.bus
    yield Reader(Feed(bus, portal_consumers), bus)
    await bus.close()


class Reader:
    """The portal: the events of matching that it has read, and the states of applications."""

    def __init__(self, feed: Feed, bus: Bus) -> None:
        """Take its feed and its store."""
        self.feed, self.bus = feed, bus
        self._read = 0

    async def catch_up(self, world: World) -> None:
        """Read all events that matching published since the last call, in order."""
        rows = await world.rows("SELECT type FROM journal WHERE aggregatetype = ANY(:topics)", topics=list(_TOLD))
        events = await world.facts(*{row.type for row in rows})
        for subject, event in events[self._read :]:
            await self.feed.deliver((event, subject))
        self._read = len(events)

    async def state(self, application_id: UUID) -> str:
        """Return the projected state of an application."""
        query = text("SELECT state FROM standing WHERE application_id = :id")
        async with self.bus.read() as session:
            return str(await session.scalar(query, {"id": application_id}))


async def _on_board(world: World, application_id: UUID) -> str:
    """Return the stage in which the coordinators' board shows the application."""
    async with world.bus.read() as session:
        return (await case_of(session, _EVERYTHING, application_id)).stage


async def _waits_for_a_place(world: World, application_id: UUID) -> bool:
    """Return whether matching looks for a place for it: the next cohort proposes another placement."""
    await world.offer("DE")
    committed = await world.commit()
    return application_id in committed.matches


async def _cancelled(world: World, reader: Reader, by: Party) -> UUID:
    await world.call()
    await world.offer()
    application_id, match_id = await world.confirmed()
    await reader.catch_up(world)
    assert await reader.state(application_id) == ApplicationState.SCHEDULED
    event = CancellationRequested(application_id=application_id, by=by, reason=Reason.OPERATIONAL_DUTY)
    await world.feed.deliver((event, match_id))
    await reader.catch_up(world)
    return application_id


@pytest.mark.parametrize("by", [Party.HOST, Party.HOST_COORDINATOR, Party.HOME_COORDINATOR, Party.PROGRAMME])
async def test_an_officer_who_loses_a_place_gets_another_proposal(world: World, reader: Reader, by: Party) -> None:
    """Both services say in_matching, and the next cohort proposes another place, which both follow."""
    application_id = await _cancelled(world, reader, by)
    assert await reader.state(application_id) == ApplicationState.IN_MATCHING == await _on_board(world, application_id)
    assert await _waits_for_a_place(world, application_id)
    await reader.catch_up(world)
    assert await reader.state(application_id) == ApplicationState.MATCHED


async def test_an_officer_who_gives_up_a_confirmed_place_has_ended(world: World, reader: Reader) -> None:
    """Both services say that it has ended, on the board too, and the pool no longer contains it."""
    application_id = await _cancelled(world, reader, Party.GUEST)
    assert await reader.state(application_id) == ApplicationState.ENDED == await _on_board(world, application_id)
    other = await world.officer()
    assert not await _waits_for_a_place(world, application_id)
    await reader.catch_up(world)
    assert await reader.state(application_id) == ApplicationState.ENDED
    assert await reader.state(other) == ApplicationState.MATCHED
