"""The counting of figures that stands still for longer than its lease stores nothing when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from services.reporting.app import create_app
from services.reporting.figures.actions import counting
from services.reporting.settings import Settings
from shared.bus.db import leases
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import mentorship, world
from tests.stalls import ENDED, stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from shared.bus import Bus
    from tests.integration.reporting.conftest import House

LEASE = "figures"


async def count(address: str) -> None:
    """Count the figures of a year."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, LEASE) as lease:
        await counting.recount_stale(bus, ["2026"], lease)


async def _figures(bus: Bus) -> Sequence[Any]:
    async with bus.read() as session:
        return (await session.execute(sa.text("SELECT * FROM current_figure ORDER BY indicator, period"))).all()


@pytest.mark.parametrize(("at", "call"), [("_renew", 2), ("store.keep_moving", 1)])
async def test_a_count_that_slept_stores_nothing_older(house: House, at: str, call: int) -> None:
    """It stops between or in its transactions; what another has counted of newer facts stays."""
    bus = house.app.state.service.bus
    await feed_events(house, world(8))
    where = f"services.reporting.figures.actions.counting:{at}"
    address = bus.settings.database_url.get_secret_value()
    async with stalled(__name__, count, address, at=where, call=call) as process:
        await feed_events(house, mentorship())
        async with leases.hold(bus, LEASE) as lease:
            assert await counting.recount_stale(bus, ["2026"], lease) > 0
        counted = await _figures(bus)
        assert counted
        assert await process.go_on() in ENDED
    assert await _figures(bus) == counted
