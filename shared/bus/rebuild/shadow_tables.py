"""Fill shadow tables beside those in use, and swap them in at the end.

A rebuild takes as long as the log is, and pages are requested meanwhile. So it fills empty shadow tables of the
projections, which several processes can do at once, each in a transaction of its own; the last step swaps them in. A
failure before that leaves the service as it was. Indexes that a load does not use are created at the end: in one go,
and on tables that nobody writes to, that is less work.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg

from shared.bus.db.transaction import driver

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.bus import Bus

SCHEMA = "loading"
MARKS = "mark"
"""Beside the shadow tables: how far each subject has come."""
BUILDERS = 2
"""The number of indexes that are created at once."""
TRIES = 100

_TABLES = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
       coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS options,
       quote_nullable(obj_description(c.oid, 'pg_class')) AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = current_schema() AND c.relname = ANY($1) ORDER BY c.relname
"""
_KEYS = """
SELECT quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE conrelid = $1 AND contype IN ('p', 'u', 'x') ORDER BY contype, conname
"""
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) AS definition, i.indisunique AS one_each FROM pg_index i
WHERE i.indrelid = $1 AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY i.indexrelid::regclass::text
"""


_GRANTS = """
SELECT format('GRANT %s ON TABLE %s TO %s', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), $2::text,
              CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $1 AND a.grantee <> c.relowner GROUP BY a.grantee
"""
_TRIGGERS = """
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = CAST($1 AS regclass) AND NOT tgisinternal ORDER BY tgname
"""


async def use(session: AsyncSession) -> None:
    """Have this transaction find the shadow tables by the tables' names; all other tables are those in use."""
    connection = await driver(session)
    schema = await connection.fetchval("SELECT quote_ident(current_schema())")
    await connection.execute(f"SET LOCAL search_path TO {SCHEMA}, {schema}")


async def build(bus: Bus, tables: Collection[str], late: Collection[str]) -> list[str]:
    """Create empty shadow tables of `tables`; return the statements that finish them: indexes of those in `late`.

    Who has rights on a table has them on its shadow. Other transactions see the shadows when this returns; those of an
    earlier load are removed. `bus` connects as the owner of the tables.
    """
    later: list[str] = []
    analyses: list[str] = []
    async with bus.transaction(f"system:{bus.service}") as tx:
        connection = await driver(tx.session)
        found = await connection.fetch(_TABLES, sorted(tables))
        if missing := set(tables) - {table["name"] for table in found}:
            raise LookupError(f"{bus.service} has no table {', '.join(sorted(missing))}.")
        await _clear(connection)
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")
        await connection.execute(
            f"CREATE TABLE {SCHEMA}.{MARKS} (topic text, source text, subject text, sequence bigint, ce_id uuid)"
        )
        for table in found:
            shadow = await connection.fetchval("SELECT $1 || '.' || quote_ident($2)", SCHEMA, table["name"])
            await connection.execute(
                f"CREATE TABLE {shadow} (LIKE {table['quoted']} INCLUDING ALL EXCLUDING INDEXES){table['options']}"
            )
            await connection.execute(f"COMMENT ON TABLE {shadow} IS {table['comment']}")
            for (statement,) in await connection.fetch(_GRANTS, table["oid"], shadow):
                await connection.execute(statement)
            for key in await connection.fetch(_KEYS, table["oid"]):
                await connection.execute(f"ALTER TABLE {shadow} ADD CONSTRAINT {key['name']} {key['definition']}")
            for index in await connection.fetch(_INDEXES, table["oid"]):
                statement = index["definition"].replace(f" ON {table['quoted']} ", f" ON {shadow} ", 1)
                if table["name"] in late and not index["one_each"]:
                    later.append(statement)
                else:
                    await connection.execute(statement)
            analyses.append(f"ANALYZE {shadow}")  # so that the planner has statistics before the first page's query
    return [*later, *analyses]


async def finish(bus: Bus, statements: Sequence[str]) -> None:
    """Run the statements that `build` left for the end, some at once, when all rows are committed.

    Each in a transaction of its own: creating an index and analysing a table block each other.
    """
    left = list(reversed(statements))

    async def some() -> None:
        while left:
            statement = left.pop()
            async with bus.transaction(f"system:{bus.service}") as tx:
                connection = await driver(tx.session)
                # Several run at once; parallel workers besides would need more shared memory than containers have.
                await connection.execute("SET LOCAL max_parallel_maintenance_workers = 0")
                await connection.execute("SET LOCAL maintenance_work_mem = '128MB'")
                await connection.execute(statement)

    await asyncio.gather(*(some() for _ in range(min(BUILDERS, len(left)))))


async def swap(session: AsyncSession, tables: Collection[str]) -> None:
    """Swap the shadow tables in, with the triggers; other transactions see this when the transaction commits.

    Raises `asyncpg.LockNotAvailableError` where the tables are never free.
    """
    connection = await driver(session)
    found = await connection.fetch(_TABLES.replace("current_schema()", f"'{SCHEMA}'"), sorted(tables))
    home = await connection.fetchval("SELECT quote_ident((current_schemas(false))[2])")
    names = [table["quoted"].removeprefix(f"{SCHEMA}.") for table in found]
    await _lock(connection, [f"{home}.{name}" for name in names])
    for name in names:
        triggers = await connection.fetch(_TRIGGERS, f"{home}.{name}")
        await connection.execute(f"DROP TABLE {home}.{name}")
        await connection.execute(f"ALTER TABLE {SCHEMA}.{name} SET SCHEMA {home}")
        for (statement,) in triggers:
            await connection.execute(statement)
    await _clear(connection)


async def clear(bus: Bus) -> None:
    """Remove the shadow tables, after a load that failed."""
    async with bus.transaction(f"system:{bus.service}") as tx:
        connection = await driver(tx.session)
        await connection.execute(
            "SET LOCAL lock_timeout = '10s'"
        )  # a process that still fills them may continue for long
        await _clear(connection)


async def _clear(connection: asyncpg.Connection) -> None:
    await connection.execute("SET LOCAL client_min_messages TO warning")
    await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


async def _lock(connection: asyncpg.Connection, tables: Sequence[str]) -> None:
    """Lock all tables or none: a page that holds one and waits for another would otherwise wait for us for ever."""
    names = ", ".join(tables)
    for tried in range(1, TRIES + 1):
        savepoint = connection.transaction()
        await savepoint.start()
        try:
            # No page waits behind this lock, but an autovacuum, which may take minutes, gives way to who waits for it
            # for longer than PostgreSQL waits to look for a deadlock (1 s).
            await connection.execute("SET LOCAL lock_timeout = '3s'")
            await connection.execute(f"LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE")
            await connection.execute("SET LOCAL lock_timeout = '500ms'")  # and for pages no longer than that
            await connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
        except asyncpg.LockNotAvailableError:
            await savepoint.rollback()
            if tried == TRIES:
                raise
            await asyncio.sleep(0.1)
        else:
            await savepoint.commit()
            break
    await connection.execute("SET LOCAL lock_timeout TO DEFAULT")
