"""Compare with its description all that notifications reads, where all goes well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.notifications.app import create_app
from services.notifications.settings import Settings
from tests.integration.notifications.conftest import rows
from tests.integration.notifications.webhook_receiver import example, registered
from tests.read_trial import everybody, unread
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.support import Feed


@pytest.fixture
async def app(migrated: str) -> AsyncIterator[FastAPI]:
    """The app, which may send to this machine."""
    made = create_app(Settings(**settings_for(migrated, webhook_allowed_networks="127.0.0.0/8")), background=False)
    yield made
    await made.state.service.bus.close()


async def test_each_reading_operation_answers_as_described(app: FastAPI, feed: Feed) -> None:
    """Each GET operation answers 200 to somebody, also about a webhook and a delivery that exist."""
    endpoint_id, _ = await registered(app, "http://127.0.0.1:1/hook")
    await feed.deliver((example("FigurePublished"), "TOPCOP-OP-02:2026-H1"))
    (delivery,) = await rows(app, "SELECT id FROM webhook_delivery")
    known = {"endpoint_id": str(endpoint_id), "delivery_id": str(delivery.id)}
    readers = await everybody(app, {})
    assert await unread(app, "notifications", readers, known) == []
