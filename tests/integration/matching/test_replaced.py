"""Does a visit say whose place it took over?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import applications
from shared.contracts.codes import Answer, Party, Reason
from shared.contracts.visits import VisitScheduled

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.matching.conftest import World


async def _goes(world: World, application_id: UUID) -> None:
    """Whoever is proposed is cleared and accepts."""
    (match,) = await world.rows(
        "SELECT id FROM match WHERE application_id = :id AND state = 'proposed'", id=application_id
    )
    await world.clear(match.id, application_id)
    await world.answer(match.id, application_id, Party.GUEST)
    await world.answer(match.id, application_id, Party.HOST)


async def test_the_next_in_line_replaces_the_visit_that_was_given_up(world: World) -> None:
    """One withdraws from a scheduled visit, the next says no, the third goes: that visit replaces the first one's."""
    await world.call(share_of_offer=100)
    await world.offer(places=1)
    for country in ("MD", "GE", "AM"):
        await world.officer(country)
    ((first, _),) = (await world.commit()).matches.items()
    await _goes(world, first)
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER), first))
    await world.turn()
    ((second, match_id),) = await world.rows("SELECT application_id, id FROM match WHERE state = 'proposed'")
    await world.clear(match_id, second)
    await world.answer(match_id, second, Party.GUEST, Answer.DECLINE)
    await world.turn()
    ((third,),) = await world.rows("SELECT application_id FROM match WHERE state = 'proposed'")
    await _goes(world, third)
    (old, before), (_, after) = await world.told("VisitScheduled")
    assert isinstance(before, VisitScheduled)
    assert isinstance(after, VisitScheduled)
    assert before.plan.replaces is None
    assert str(after.plan.replaces) == old
