"""An index serves `since` in every list of the service's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.since_indexes import unserved

if TYPE_CHECKING:
    from fastapi import FastAPI


async def test_an_index_serves_since(portal: FastAPI) -> None:
    """Records that changed since a time are found by an index, without reading everything."""
    found = await unserved(portal, "applications", {}, {})
    assert found == [], "\n".join(found)
