"""A loop of the portal that stands still for longer than its lease changes nothing when it goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from services.applications.app import create_app
from services.applications.application.actions import deadlines
from services.applications.settings import Settings
from shared.bus.db import leases
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.stalls import stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from shared.bus import Bus
    from tests.integration.applications.conftest import Programme


async def withdraw(address: str) -> None:
    """Withdraw applications that were not answered in time."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, deadlines.LEASE) as lease:
        await deadlines.withdraw_silent(bus, lease)


@pytest.mark.usefixtures("own_clock")
@pytest.mark.parametrize("at", ["_withdraw", "record"])
async def test_a_sweep_of_deadlines_that_slept_withdraws_nothing_twice(programme: Programme, at: str) -> None:
    """It stops before or in its transaction; another sweep withdraws the application, once."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"periods": "When?"}})
    due = datetime.fromisoformat((await programme.get("ani", f"/applications/{made['id']}"))["due"])
    clock.move(due - clock.now() + ANSWERED_WITHIN + timedelta(minutes=1))
    bus = programme.app.state.service.bus
    address = bus.settings.database_url.get_secret_value()
    where = f"services.applications.application.actions.deadlines:{at}"
    async with stalled(__name__, withdraw, address, at=where) as process:
        async with leases.hold(bus, deadlines.LEASE) as lease:
            assert await deadlines.withdraw_silent(bus, lease) == 1
        before = await programme.journal("exchange.applications")
        assert [kind for kind, _, _ in before].count("ApplicationWithdrawn") == 1
        assert await process.go_on() != "done"
    assert await programme.journal("exchange.applications") == before
