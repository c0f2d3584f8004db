"""A request to notifications that is repeated with its `Idempotency-Key` is carried out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.notifications.app import create_app
from services.notifications.settings import Settings
from shared.identity.idempotency import HEADER, REPLAYED
from tests.integration.notifications.messages.test_pages import as_
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

WEBHOOKS = "/notifications/api/v1/webhooks"


@pytest.fixture
async def app(migrated: str) -> AsyncIterator[FastAPI]:
    """The app, which may send to this machine."""
    made = create_app(Settings(**settings_for(migrated, webhook_allowed_networks="127.0.0.0/8")), background=False)
    yield made
    await made.state.service.bus.close()


async def test_a_lost_secret_is_answered_again(app: FastAPI) -> None:
    """Two requests with one key register one webhook, and the second has the secret of the first."""
    body = {
        "url": "http://127.0.0.1:9/",
        "description": "A donor's office",
        "events": ["FigurePublished"],
        "reach": "outside",
    }
    async with as_(app, "programme") as client:
        answers = [await client.post(WEBHOOKS, json=body, headers={HEADER: "a-webhook"}) for _ in range(2)]
        listed = (await client.get(WEBHOOKS)).json()["items"]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert answers[0].json()["secret"] == answers[1].json()["secret"]
    assert answers[1].headers[REPLAYED] == "true"
    assert len(listed) == 1
