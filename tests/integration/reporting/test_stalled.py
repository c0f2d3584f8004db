"""A loop of reporting that stands still for longer than its lease stores nothing when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.reporting.answers.actions import waves
from services.reporting.answers.store.waves import ClosedAnswer
from services.reporting.app import create_app
from services.reporting.cascades import actions as cascades_actions
from services.reporting.feeds.actions import publications
from services.reporting.figures.actions import counting
from services.reporting.settings import Settings
from shared.bus.db import leases
from shared.bus.set_aside import SetAside
from shared.time import clock
from tests.integration.reporting.answers.test_forms import VISIT
from tests.integration.reporting.feeds.test_files import published
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.test_set_aside import unconfirmed_session
from tests.integration.reporting.world import mentorship, world
from tests.stalls import ENDED, stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from shared.bus import Bus, Lease
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


async def _answers(bus: Bus, lease: Lease) -> None:
    await cascades_actions.remind(bus, lease)
    await waves.announce_all(bus, lease)


async def look_after_answers(address: str) -> None:
    """Remind line managers and announce answers that are open again."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, "answers") as lease:
        await _answers(bus, lease)


@pytest.mark.parametrize("at", ["cascades.actions:store.lock_to_remind", "answers.actions.waves:waves.open_again"])
async def test_a_look_at_answers_that_slept_asks_nobody_twice(house: House, at: str) -> None:
    """It stops in one of its transactions; another reminds and announces, and the first does neither."""
    bus = house.app.state.service.bus
    await feed_events(house, world(3, running=0))
    async with bus.transaction("system:tests") as tx:
        closed = ClosedAnswer(
            case_id=VISIT,
            form="evaluation",
            respondent="guest",
            call_id=UUID(int=1),
            due=clock.today(),
            at=clock.now(),
        )
        tx.session.add_all([unconfirmed_session(VISIT), closed])
    address = bus.settings.database_url.get_secret_value()
    async with stalled(__name__, look_after_answers, address, at=f"services.reporting.{at}") as process:
        async with leases.hold(bus, "answers") as lease:
            await _answers(bus, lease)
        events = await house.journal("exchange.outcomes")
        assert sorted(row.type for row in events) == ["AnswerAsked", "AnswerReopened"]
        assert await process.go_on() in ENDED
    assert await house.journal("exchange.outcomes") == events


async def keep_older(address: str) -> None:
    """Make the files of older publications."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    await publications.keep_missing(bus, SetAside[str](bus, publications.WORK))


async def _published_files(bus: Bus) -> Sequence[Any]:
    async with bus.read() as session:
        query = "SELECT period, name, sha256, NULL FROM feed_file UNION ALL SELECT '', '', sha256, number FROM manifest"
        return sorted((await session.execute(sa.text(query))).all(), key=str)


@pytest.mark.parametrize(("at", "ended"), [("disclosure_store.lock", frozenset({"done"})), ("publish", ENDED)])
async def test_a_process_that_slept_makes_no_files_again(house: House, at: str, ended: frozenset[str]) -> None:
    """It stops before or in its transaction, which the store ends; another makes the files, and the first none."""
    await published(house, "2026-Q1")
    bus = house.app.state.service.bus
    async with bus.transaction("system:tests") as tx:
        for table in ("blob", "feed_file", "manifest"):
            await tx.session.execute(sa.text(f"DELETE FROM {table}"))
    address = bus.settings.database_url.get_secret_value()
    where = f"services.reporting.feeds.actions.publications:{at}"
    async with stalled(__name__, keep_older, address, at=where) as process:
        assert await publications.keep_missing(bus, SetAside[str](bus, publications.WORK)) == 1
        before = await _published_files(bus)
        assert await process.go_on() in ended
    assert await _published_files(bus) == before
