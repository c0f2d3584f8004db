"""Test that a reaction whose subject has not arrived waits for it, in any order and with several readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shared.bus import Consumers, set_aside
from shared.bus.inbox.apply import Applier
from shared.bus.inbox.deferred_reactions import WORK
from shared.contracts.calls import CallClosed
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, endorsed, note
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.bus import Bus, Envelope, Tx

    NewBus = Callable[..., Awaitable[Bus]]

CALLS = "exchange.calls"
CALL = str(new_id())


class Handlers:
    """A reader that reacts to an application once it knows the call."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.consumers = Consumers("matching", projections=("seen",))
        self.consumers.topic(CALLS, evolve=self.evolve)
        self.consumers.topic(TOPIC, react=self.react)

    async def evolve(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came."""
        await note(tx, events, "evolve")

    async def react(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came once its call is known; until then it waits."""
        known = await tx.session.scalar(text("SELECT count(*) FROM seen WHERE subject = :call"), {"call": CALL})
        for event in events:
            if known:
                await note(tx, [event], "react")
                if event.subject in self.broken:
                    raise ArithmeticError(event.subject)
            else:
                await tx.wait(event, CALLS, CALL)


async def reacted(bus: Bus) -> list[str]:
    """Return the subjects that were reacted to, in order."""
    async with bus.read() as session:
        return list(await session.scalars(text("SELECT subject FROM seen WHERE how = 'react'")))


async def waiting(bus: Bus) -> int:
    """Return how many reactions wait."""
    async with bus.read() as session:
        return await session.scalar(text("SELECT count(*) FROM deferred_reaction")) or 0


def closed() -> CallClosed:
    """Return an event about the call."""
    return CallClosed.model_validate(dict(CallClosed.example))


@pytest.mark.parametrize("before", [True, False])
async def test_a_reaction_waits_for_its_subject(new_bus: NewBus, before: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The reaction takes place once, at the call's event if that comes later."""
    bus, handlers = await new_bus("matching"), Handlers()
    feed = Feed(bus, handlers.consumers)
    application, call = (endorsed(), str(new_id())), (closed(), CALL)
    for event in (call, application) if before else (application, call):
        await feed.deliver(event)
    assert await reacted(bus) == [application[1]]
    assert await waiting(bus) == 0


async def test_the_sweep_finds_what_two_instances_missed(new_bus: NewBus) -> None:
    """A reaction that began to wait while another instance applied its subject is released by the sweep, once."""
    bus, handlers = await new_bus("matching"), Handlers()
    feed, first, application = Feed(bus, handlers.consumers), Applier(bus, handlers.consumers), str(new_id())
    async with bus.transaction("system:matching") as tx:
        await first.apply(tx, [feed.record(endorsed(), application)])
        await feed.deliver((closed(), CALL))  # by another instance, which sees no reaction that waits
    assert (await reacted(bus), await waiting(bus)) == ([], 1)
    for released in (1, 0):
        async with bus.transaction("system:matching") as tx:
            assert await first.sweep(tx) == released
    assert (await reacted(bus), await waiting(bus)) == ([application], 0)


@pytest.mark.parametrize("swept", [False, True])
async def test_a_deferred_reaction_that_fails_stops_nothing_else(new_bus: NewBus, swept: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """It waits on, named among the problems; the event that releases it, and the others that wait, are not held up."""
    bus, handlers = await new_bus("matching"), Handlers()
    feed, applier = Feed(bus, handlers.consumers), Applier(bus, handlers.consumers)
    broken, other = str(new_id()), str(new_id())
    handlers.broken.add(broken)
    async with bus.transaction("system:matching") as tx:
        await applier.apply(tx, [feed.record(endorsed(), subject) for subject in (broken, other)])
        if swept:
            await feed.deliver((closed(), CALL))  # by another instance, which sees no reaction that waits
    if swept:
        async with bus.transaction("system:matching") as tx:
            assert await applier.sweep(tx) == 1
    else:
        await feed.deliver((closed(), CALL))
    assert (await reacted(bus), await waiting(bus)) == ([other], 1)
    async with bus.read() as session:
        (problem,) = await set_aside.problems(session)
        assert await session.scalar(text("SELECT count(*) FROM dead_letter")) == 0
    assert problem.work == WORK
    assert broken in problem.reason
    assert "ArithmeticError" in problem.reason
    handlers.broken.clear()
    async with bus.transaction("system:matching") as tx:
        assert await applier.sweep(tx) == 1
    assert (await reacted(bus), await waiting(bus)) == ([other, broken], 0)
    async with bus.read() as session:
        assert await set_aside.problems(session) == []
