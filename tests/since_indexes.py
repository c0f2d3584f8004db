"""Find the lists of a service's API whose parameter `since` no index serves.

Each list is read with a `since` of its own making, as a role that may read it. The conditions of its queries that
compare with it are explained by PostgreSQL, which may not read whole tables meanwhile.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import operators, visitors

from shared.contracts.codes import Role
from shared.time import clock
from tests.api_trial import admitted, signed_in
from tests.contracts.openapi_gaps import committed, operations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

SINCE = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


def _sinces() -> tuple[datetime, datetime]:
    """Return the moment by the programme's clock, and by the real one, by which deliveries are dated."""
    return SINCE, SINCE - clock.offset()


async def unserved(app: FastAPI, service: str, people: Mapping[Role, str], known: Mapping[str, str]) -> list[str]:
    """Return the lists that read whole tables, or no query at all, for `since`; `known` are values of parameters."""
    lists = {
        operation["operationId"]: path.format_map(known)
        for method, path, operation in operations(committed(service))
        if method == "GET" and any(parameter["name"] == "since" for parameter in operation.get("parameters", ()))
    }
    assert lists
    wrong = []
    for role in Role:
        for id_ in [id_ for id_ in admitted(service, role) if id_ in lists]:
            headers = await signed_in(app, role, people.get(role))
            path = lists.pop(id_)
            conditions = await _conditions(app, path, headers)
            if not conditions:
                wrong.append(f"{path}: `since` is in no query")
            for condition, values in conditions:
                plan = await _plan(app, condition, values)
                if not _served(plan, str(condition.left.key)):
                    wrong.append(f"{path}: {condition.left}\n{plan}")
    assert not lists, f"no role reads {sorted(lists)}"
    return wrong


async def _conditions(
    app: FastAPI, path: str, headers: Mapping[str, str]
) -> list[tuple[sa.BinaryExpression[Any], dict[str, Any]]]:
    """Return what the queries of a list compare with `since`, with the values of their parameters."""
    found: list[tuple[sa.BinaryExpression[Any], dict[str, Any]]] = []

    def note(conn: sa.Connection, clauseelement: Any, multiparams: Any, params: Any, execution_options: Any) -> None:
        if isinstance(clauseelement, sa.sql.ClauseElement):
            found.extend((condition, dict(params)) for condition in _compared(clauseelement))

    sa.event.listen(sa.Engine, "before_execute", note)
    try:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=headers["Origin"], headers=headers) as client:
            (await client.get(path, params={"since": SINCE.isoformat()})).raise_for_status()
    finally:
        sa.event.remove(sa.Engine, "before_execute", note)
    return found


def _compared(query: sa.sql.ClauseElement) -> Iterator[sa.BinaryExpression[Any]]:
    for part in visitors.iterate(query):
        if isinstance(part, sa.BinaryExpression) and part.operator is operators.ge:
            value = part.right
            if isinstance(value, sa.BindParameter) and value.value in _sinces():
                # A column of a union stands for one of each part.
                columns = getattr(part.left, "base_columns", ())
                known = columns and all(isinstance(column.table, sa.Table) for column in columns)
                yield from (column >= value for column in columns) if known else (part,)


async def _plan(app: FastAPI, condition: sa.BinaryExpression[Any], values: Mapping[str, Any]) -> str:
    query: sa.Select[Any] = sa.select(sa.literal_column("1")).where(condition)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # the library has no types here
    text = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    async with app.state.service.bus.read() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        rows = await session.execute(sa.text("EXPLAIN " + str(text).replace(":", r"\:")), values)
        plan = "\n".join(rows.scalars())
        # An index in which the column comes later would be read whole.
        for name in set(re.findall(r"Index (?:Only )?Scan (?:using|on) (\w+)", plan)):
            columns = sa.text("SELECT pg_get_indexdef(CAST(:name AS regclass), 1, true)")
            first = (await session.execute(columns, {"name": f'"{name}"'})).scalar_one()
            plan = re.sub(rf"\b{name}\b", f"{name}, by {first} first,", plan)
        return plan


def _served(plan: str, column: str) -> bool:
    moments = [f"{moment:%Y-%m-%d %H:%M}" for moment in _sinces()]
    lines = [line for line in plan.splitlines() if any(moment in line for moment in moments)]
    return (
        f"by {column} first" in plan
        and bool(lines)
        and all("Index Cond:" in line or "Recheck Cond:" in line for line in lines)
    )
