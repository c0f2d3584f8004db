"""A case that cannot be counted is left out of the figures and named; the others count, and it comes back by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.reporting.figures.actions import counting
from services.reporting.figures.actions import periods as actions
from shared.contracts.codes import Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    import pytest

    from tests.integration.reporting.conftest import House


async def attended(house: House) -> Any:
    """Return the days of visits that are counted in a year."""
    async with house.app.state.service.bus.read() as session:
        _, made = await actions.standing_figures(session, await actions.period_of(session, "2026"))
    return {figure.definition.id: figure.total.value for figure in made}


async def write(house: House, story: str, **values: Any) -> dict[str, Any]:
    """Write values into the facts of the ended visit of a case, as no event could; return what was there."""
    async with house.app.state.service.bus.transaction("system:tests") as tx:
        query = "SELECT id, values FROM fact WHERE story = :story AND type = 'VisitCompleted'"
        row = (await tx.session.execute(sa.text(query), {"story": story})).one()
        change = sa.text("UPDATE fact SET values = CAST(:values AS json) WHERE id = :id")
        await tx.session.execute(change, {"values": json.dumps(row.values | values), "id": row.id})
        await tx.session.execute(sa.text("UPDATE fact_count SET changes = changes + 1"))
    found: dict[str, Any] = row.values
    return found


async def test_an_impossible_fact_stops_no_figure(house: House) -> None:
    """All pages answer with the figures of the other cases; the page of problems names the case until it is right."""
    await feed_events(house, world(8))
    bus = house.app.state.service.bus
    whole = await attended(house)
    async with bus.read() as session:
        story = (await session.scalars(sa.text("SELECT story FROM fact WHERE type = 'VisitCompleted' LIMIT 1"))).one()
    before = await write(house, story, attended="many")
    without = await attended(house)
    assert without.keys() == whole.keys()
    assert without != whole
    await counting.name_what_fails(bus)
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    shown = await coordinator.get("/reporting/parked")
    assert shown.status_code == 200
    assert story in shown.text
    assert (await coordinator.get("/reporting/?period=2026")).status_code == 200
    await write(house, story, **before)
    assert await attended(house) == whole
    await counting.name_what_fails(bus)
    assert story not in (await coordinator.get("/reporting/parked")).text


async def test_an_impossible_fact_stops_no_figure_of_a_large_programme(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that counts in the background names the case too, and stores the figures of the others."""
    await feed_events(house, world(8))
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    bus = house.app.state.service.bus
    async with bus.read() as session:
        story = (await session.scalars(sa.text("SELECT story FROM fact WHERE type = 'VisitCompleted' LIMIT 1"))).one()
        due = await counting.stale_periods(session)
    await write(house, story, attended="many")
    assert await counting.recount_stale(bus, due) > 0
    async with bus.read() as session:
        assert await counting.stale_periods(session) == []
        assert set((await session.scalars(sa.text("SELECT subject FROM set_aside"))).all()) == {story}
