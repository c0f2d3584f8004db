"""Do rebuild and order leave reporting's tables as they should be?"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from services.reporting.actions import periods as actions
from services.reporting.model.disclosure import release
from shared.bus import rebuild
from tests.integration.reporting.test_figures_served import tell
from tests.integration.reporting.world import mentorship, world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House


async def _figures(house: House) -> list[object]:
    async with house.app.state.service.bus.read() as session:
        _, made = await actions.standing(session, await actions.period_of(session, "2026"))
    return [(figure.definition.id, release(figure).total, figure.total) for figure in made]


async def test_topics_in_any_order_give_the_same_figures(house: House) -> None:
    """Whatever topic runs ahead of another, and however events are cut into batches, the figures are the same."""
    told = [*world(8), *mentorship()]
    await tell(house, told)
    wanted = await _figures(house)
    bus = house.app.state.service.bus
    await rebuild.empty(bus, house.app.state.service.consumers, "system:tests")
    assert [figure for figure in await _figures(house) if figure[2].events] == []  # type: ignore[index]
    topics = sorted({each.event.topic for each in told})
    random.Random(7).shuffle(topics)
    house.feed._sequences.clear()
    for topic in topics:
        of_topic = [each for each in told if each.event.topic == topic]
        for start in range(0, len(of_topic), 5):
            await tell(house, of_topic[start : start + 5])
    again = await _figures(house)
    assert [(one[0], one[1].value) for one in again] == [(one[0], one[1].value) for one in wanted]  # type: ignore[index]
