"""Rebuilds and events in another order leave the same figures."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.reporting.disclosure.model import release
from services.reporting.facts import store as facts_store
from services.reporting.figures.actions import counting
from services.reporting.figures.actions import periods as actions
from services.reporting.indicators.model import calls
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.periods.model import periods
from shared.contracts import _examples as ex
from shared.time import clock
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import mentorship, world
from tests.rebuilding import empty_projections

if TYPE_CHECKING:
    from collections.abc import Collection

    import pytest

    from services.reporting.disclosure.model.released import ReleasedCell
    from tests.integration.reporting.conftest import House


async def _figures(house: House) -> list[tuple[str, ReleasedCell, int, Collection[str]]]:
    async with house.app.state.service.bus.read() as session:
        _, made = await actions.standing_figures(session, await actions.period_of(session, "2026"))
    return [
        (figure.definition.id, release([figure])[0].total, figure.total.count, figure.breakdowns.keys())
        for figure in made
    ]


async def test_topics_in_any_order_give_the_same_figures(house: House) -> None:
    """The order of topics and the size of batches do not change the figures."""
    events = [*world(8), *mentorship()]
    await feed_events(house, events)
    wanted = await _figures(house)
    bus = house.app.state.service.bus
    await empty_projections(bus, house.app.state.service.consumers, "system:tests")
    assert [figure for figure in await _figures(house) if figure[2]] == []
    topics = sorted({each.event.topic for each in events})
    random.Random(7).shuffle(topics)
    house.feed._sequences.clear()
    for topic in topics:
        of_topic = [each for each in events if each.event.topic == topic]
        for start in range(0, len(of_topic), 5):
            await feed_events(house, of_topic[start : start + 5])
    again = await _figures(house)
    assert [(figure[0], figure[1].value) for figure in again] == [(figure[0], figure[1].value) for figure in wanted]


async def test_a_large_programme_counts_only_stale_figures_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored figures are shown until new facts concern them, and only those are counted again."""
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    bus = house.app.state.service.bus
    await feed_events(house, world(8))
    of_calls = {calls.period_of(call).label for call in (calls.ALL, ex.CALL)}
    assert await _stale(house) == {"programme", "2026", "2026-H1", "2026-Q1"} | await _later_labels(house) | of_calls
    wanted = await _figures(house)  # nothing is kept yet: counted while the page waits
    assert await counting.recount_stale(bus, ["2026"]) == len(COUNTED)
    assert await _figures(house) == wanted
    await feed_events(house, mentorship())
    shown = await _figures(house)
    assert shown == wanted, "shown as they were last counted"
    assert "2026" in await _stale(house)
    again = await counting.recount_stale(bus, ["2026"])
    assert 0 < again < len(COUNTED), "those that read nothing of it are left alone"
    assert await _stale(house) == (await _stale(house)) - {"2026"}
    now = await _figures(house)
    assert now != wanted
    monkeypatch.setattr(counting, "AT_ONCE", 10_000)
    assert await _figures(house) == now


async def _stale(house: House) -> set[str]:
    """Return the periods to count again; one statement finds out about all of them, since it is asked each second."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = house.app.state.service.bus.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    async with house.app.state.service.bus.read() as session:
        found = set(await counting.stale_periods(session))
    sa.event.remove(engine, "before_cursor_execute", note)
    assert sum("FROM current_figure" in statement for statement in statements) == 1
    return found


async def _later_labels(house: House) -> set[str]:
    """Return the periods between the first fact and today that are not named in the test."""
    async with house.app.state.service.bus.read() as session:
        first, _ = await facts_store.span(session) or (clock.today(), clock.today())
    return set(periods.labels(first, clock.today()))
