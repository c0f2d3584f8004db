"""A webhook at a new address starts afresh, whatever its old address did or still answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.responses import Response

from services.notifications.app import create_app
from services.notifications.settings import Settings
from services.notifications.webhooks.actions import endpoints
from tests.integration.notifications.conftest import rows
from tests.integration.notifications.webhook_receiver import Receiver, example, receiving, registered, send, sender
from tests.support import settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from fastapi import FastAPI

    from tests.support import Feed

_STATE = "SELECT state, cause, failing_since IS NULL, not_before IS NULL FROM webhook_endpoint"
_FRESH = [("active", None, True, True)]


@pytest.fixture
async def app(migrated: str) -> AsyncIterator[FastAPI]:
    """The app, which may send webhooks to this machine and retries twice, an hour later."""
    values: dict[str, Any] = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "3600,3600"}
    made = create_app(Settings(**settings_for(migrated, **values, webhook_seconds=30)), background=False)
    yield made
    await made.state.service.bus.close()


@pytest.fixture
async def old() -> AsyncIterator[Receiver]:
    """The address that a webhook leaves."""
    async with receiving() as made:
        yield made


@pytest.fixture
async def new() -> AsyncIterator[Receiver]:
    """The address that it moves to."""
    async with receiving() as made:
        yield made


async def _move(app: FastAPI, id_: UUID, to: Receiver) -> None:
    service = app.state.service
    draft = endpoints.Draft(to.url, "Test receiver", ("FigurePublished",))
    await endpoints.change(service.bus, service.settings, "somebody", id_, draft)


async def test_a_new_address_starts_afresh(app: FastAPI, feed: Feed, old: Receiver, new: Receiver) -> None:
    """Failures and a requested pause of the old address do not apply to the new one."""
    old.answer = lambda _: Response(status_code=503, headers={"Retry-After": "3600"})
    id_, _ = await registered(app, old.url)
    await feed.deliver((example("FigurePublished"), "figure"))
    await send(app)
    assert await rows(app, _STATE) == [("active", None, False, False)]
    service = app.state.service
    same = endpoints.Draft(old.url, "Another name", ("FigurePublished",))
    await endpoints.change(service.bus, service.settings, "somebody", id_, same)
    await send(app)
    assert await rows(app, _STATE) == [("active", None, False, False)], "it has not moved, so it still waits"
    await _move(app, id_, new)
    assert await rows(app, _STATE) == _FRESH
    await send(app)
    assert (len(old.got), len(new.got)) == (1, 1)


@pytest.mark.parametrize("status", [410, 503])
async def test_late_failures_of_an_old_address_do_not_affect_the_new_one(
    app: FastAPI, feed: Feed, old: Receiver, new: Receiver, status: int
) -> None:
    """A late 410 or Retry-After of the old address does not affect the new one."""
    answered = asyncio.Event()
    old.answer = lambda _: answered
    old.late = lambda: Response(status_code=status, headers={"Retry-After": "3600"})
    id_, _ = await registered(app, old.url)
    await feed.deliver((example("FigurePublished"), "figure"))
    async with asyncio.timeout(PATIENCE), sender(app) as courier:
        sending = asyncio.create_task(courier.send_due())
        while not old.got:  # noqa: ASYNC110 - the receiver has no event for it
            await asyncio.sleep(0.01)
        await _move(app, id_, new)
        answered.set()
        await sending
    assert await rows(app, _STATE) == _FRESH
    assert await rows(app, "SELECT status FROM webhook_attempt") == [(status,)]
    await send(app)
    assert old.ids == new.ids


async def test_late_successes_of_an_old_address_do_not_affect_the_new_one(
    app: FastAPI, feed: Feed, old: Receiver, new: Receiver
) -> None:
    """A late success at the old address does not clear the failures of the new one."""
    answered = asyncio.Event()
    old.answer = lambda _: answered
    new.answer = lambda _: Response(status_code=500)
    id_, _ = await registered(app, old.url)
    await feed.deliver((example("FigurePublished"), "figure"))
    async with asyncio.timeout(PATIENCE), sender(app) as courier:
        running = asyncio.create_task(courier.run())
        while not old.got:  # noqa: ASYNC110 - the receiver has no event for it
            await asyncio.sleep(0.01)
        await _move(app, id_, new)
        await feed.deliver((example("FigurePublished"), "another-figure"))
        while not await rows(app, "SELECT 1 FROM webhook_endpoint WHERE failing_since IS NOT NULL"):  # noqa: ASYNC110 - a loop sets it
            await asyncio.sleep(0.01)
        answered.set()
        while not await rows(app, "SELECT 1 FROM webhook_delivery WHERE state = 'delivered'"):  # noqa: ASYNC110 - a loop sets it
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    assert await rows(app, _STATE) == [("active", None, False, True)]
