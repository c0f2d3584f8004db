"""Indexes for the queries about plans, dates and late reserves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shared.ids import new_id

if TYPE_CHECKING:
    from tests.integration.matching.conftest import World

QUERIES = {
    "date_plan_call": "SELECT * FROM date_plan WHERE call_id = :id ORDER BY asked_at DESC LIMIT 1",
    "date_plan_searching": "SELECT id FROM date_plan WHERE state = 'searching' ORDER BY asked_at",
    "visit_without_dates": "SELECT match_id FROM visit WHERE state = 'unschedulable' ORDER BY call_id, match_id",
    "visit_call": "SELECT * FROM visit WHERE call_id = :id AND state IN ('scheduled', 'unschedulable') ORDER BY id",
    "visit_move_due": "SELECT offer_id, match_id FROM visit WHERE move_due IS NOT NULL"
    " AND jsonb_array_length(proposal -> 'accepted') = 2 ORDER BY offer_id, match_id",
    "match_reserve_once": "SELECT application_id FROM match WHERE reserve AND state = 'proposed' AND due < now()"
    " ORDER BY due",
    "match_seat": "SELECT m.id FROM match m JOIN candidate c ON c.id = m.application_id"
    " WHERE m.seat_id = :id AND m.state IN ('proposed', 'confirmed') AND c.group_id IS NOT NULL",
}


@pytest.mark.parametrize("index", QUERIES)
async def test_a_query_has_its_index(world: World, index: str) -> None:
    """With sequential scans disabled, the query planner uses the intended index."""
    query = QUERIES[index]
    async with world.bus.read() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.execute(text(f"EXPLAIN {query}"), {"id": new_id()} if ":id" in query else {})
        assert index in "\n".join(row[0] for row in plan)
