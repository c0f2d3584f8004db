"""Read how PostgreSQL carries out the queries of a page, and how many rows it reads for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sqlalchemy.ext.asyncio import AsyncSession


async def plans(session: AsyncSession, read: Callable[[], Awaitable[object]]) -> list[dict[str, Any]]:
    """Return the plans, as they were carried out, of the queries that `read` asks in the session."""
    found: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, values: Any, context: Any, many: Any) -> None:
        found.append((statement, values))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        await read()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    driver = (await (await session.connection()).get_raw_connection()).driver_connection
    assert driver is not None
    made = [await driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *values) for query, values in found]
    return [plan[0]["Plan"] for plan in made]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return all steps of a query's plan."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def rows_read(plan: dict[str, Any], table: str) -> int:
    """Return how many rows of a table a plan read, those included that it left aside."""
    reads = [node for node in nodes(plan) if node.get("Relation Name") == table]
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(int(sum(node.get(name, 0) for name in names) * node["Actual Loops"]) for node in reads)


def read_whole(plan: dict[str, Any]) -> set[str]:
    """Return the tables that a plan reads without an index."""
    return {str(node["Relation Name"]) for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
