"""An index serves `since` in every list of the service's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.notifications.webhook_receiver import receiving, registered
from tests.since_indexes import unserved

if TYPE_CHECKING:
    from fastapi import FastAPI


async def test_an_index_serves_since(app: FastAPI) -> None:
    """What was changed lately is found without reading everything."""
    async with receiving() as receiver:
        endpoint, _ = await registered(app, receiver.url)
    found = await unserved(app, "notifications", {}, {"endpoint_id": str(endpoint)})
    assert found == [], "\n".join(found)
