"""Indexes for the queries of the ledger and the rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from fastapi import FastAPI


async def test_ledger_and_rings_are_answered_by_index(app: FastAPI) -> None:
    """The queries of a matching and of the pages use an index."""
    queries = {
        "stay_between": "SELECT country, host_country, sum(days) FROM stay GROUP BY country, host_country",
        "stay_host": "SELECT * FROM stay WHERE country = 'AM' OR host_country = 'AM'",
        "stay_agency": "SELECT * FROM stay WHERE organisation_id = :id OR host_organisation_id = :id",
        "stay_pkey": "SELECT * FROM stay WHERE visit_id = :id",
        "ring_leg_call": "SELECT * FROM ring_leg WHERE call_id = :id ORDER BY ring_id",
        "ring_leg_pkey": "SELECT ring_id FROM ring_leg WHERE match_id = :id",
        "ring_leg_ring": "SELECT * FROM ring_leg WHERE ring_id = :id ORDER BY place",
        "run_inputs_pkey": "SELECT * FROM run_inputs WHERE run_id = :id",
    }
    async with app.state.service.bus.read() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        for index, query in queries.items():
            values = {"id": "01977a1e-0000-7000-8000-000000000001"} if ":id" in query else {}
            plan = "\n".join(row[0] for row in await session.execute(sa.text(f"EXPLAIN {query}"), values))
            assert index in plan, plan
