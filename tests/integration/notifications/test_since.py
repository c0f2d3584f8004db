"""An index serves `since` in every list of the service's API."""

from __future__ import annotations

from services.notifications.app import create_app
from services.notifications.settings import Settings
from tests.integration.notifications.webhook_receiver import receiving, registered
from tests.since_indexes import unserved
from tests.support import settings_for


async def test_an_index_serves_since(migrated: str) -> None:
    """Records that changed since a time are found by an index, without reading everything."""
    app = create_app(Settings(**settings_for(migrated, webhook_allowed_networks="127.0.0.0/8")), background=False)
    try:
        async with receiving() as receiver:
            endpoint, _ = await registered(app, receiver.url)
        found = await unserved(app, "notifications", {}, {"endpoint_id": str(endpoint)})
        assert found == [], "\n".join(found)
    finally:
        await app.state.service.bus.close()
