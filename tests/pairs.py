"""Keep a copy of a service's database beside it, so that each pair of actions begins from the same state."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Bus

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
APART = {"access_log", "alembic_version", "attempt", "counter", "message_count", "sign_in_session"}
"""Tables that note requests or lock by counting, not what they change."""


@dataclass
class Moment:
    """The state of the database: digests of the tables, and the part that two runs of the same actions share."""

    digests: dict[str, str]
    shape: Counter[str]

    def changed(self, other: Moment) -> set[str]:
        """Return the tables that differ."""
        return {name for name in self.digests if self.digests[name] != other.digests[name]} - APART


@dataclass
class KeptDatabase:
    """A database that returns to a state after each pair of actions.

    `owner` makes the copies and returns them, which no service could.
    """

    owner: Bus
    tables: list[str] = field(default_factory=list)
    stateful: list[str] = field(default_factory=list)

    async def keep(self) -> Moment:
        """Keep a copy of every table beside it."""
        rows = await self.run(
            "SELECT table_name, bool_or(column_name = 'state') FROM information_schema.columns JOIN"
            " information_schema.tables USING (table_schema, table_name) WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE' GROUP BY table_name ORDER BY table_name"
        )
        self.tables = [name for name, _ in rows]
        self.stateful = [name for name, has_state in rows if has_state]
        await self.run("CREATE SCHEMA kept", *(f'CREATE TABLE kept."{t}" AS TABLE public."{t}"' for t in self.tables))
        return await self.moment()

    async def restore(self, before: Moment, now: Moment | None = None) -> None:
        """Return every table to the copy; `now` is the present moment, where it is known."""
        now = now or await self.moment()
        names = [name for name in self.tables if now.digests[name] != before.digests[name]]
        await self.run(
            # No trigger notes what is returned to its place.
            "SET LOCAL session_replication_role = replica",
            *(
                statement
                for name in names
                for statement in (
                    f'DELETE FROM public."{name}"',
                    f'INSERT INTO public."{name}" OVERRIDING SYSTEM VALUE SELECT * FROM kept."{name}"',
                )
            ),
        )

    async def moment(self) -> Moment:
        """Return what the database holds now."""
        digests = " UNION ALL ".join(
            f"SELECT '{t}', md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), '')), count(*)::text FROM \"{t}\" x"
            for t in self.tables
        )
        states = " UNION ALL ".join(
            f"SELECT '{t}', state::text, count(*)::text FROM \"{t}\" GROUP BY state" for t in self.stateful
        )
        rows = await self.run(digests)
        shape = Counter({f"{name}: {count}": 1 for name, _, count in rows if name not in APART})
        shape.update(f"{name} {state}: {count}" for name, state, count in await self.run(states))
        shape.update(row.type for row in await self.run("SELECT type FROM journal"))
        return Moment({name: digest for name, digest, _ in rows}, shape)

    async def run(self, *statements: str) -> Sequence[Any]:
        """Run statements in one transaction; return the rows of the last one."""
        rows: Sequence[Any] = ()
        async with self.owner.engine.begin() as connection:
            for statement in statements:
                result = await connection.exec_driver_sql(statement)
                rows = result.all() if result.returns_rows else ()
        return rows
