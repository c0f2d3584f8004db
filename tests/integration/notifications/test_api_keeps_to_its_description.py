"""The API of notifications answers as its OpenAPI document says, to every role."""

from __future__ import annotations

from services.notifications.app import create_app
from services.notifications.settings import Settings
from tests.api_trial import try_all
from tests.support import settings_for


async def test_every_operation_answers_as_described(migrated: str) -> None:
    """Examples, valid and invalid requests of every role get answers that the document describes."""
    app = create_app(Settings(**settings_for(migrated)), background=False)
    try:
        found = await try_all(app, "notifications", {})
        assert found == [], "\n".join(found)
    finally:
        await app.state.service.bus.close()
