"""Keep a copy of a service's database beside it, so that each pair of actions begins from the same state."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    """A database that returns to a state after each pair of actions, or to the one after the first of a pair.

    `owner` makes the copies and returns them, which no service could.
    """

    owner: Bus
    tables: list[str] = field(default_factory=list)
    stateful: list[str] = field(default_factory=list)
    _first: Moment | None = field(default=None, repr=False)
    _later: Moment | None = field(default=None, repr=False)
    _rows: dict[str, str] = field(default_factory=dict, repr=False)
    """The row versions that each table had when it was read last: with the same ones it holds the same."""
    _content: dict[str, tuple[str, Counter[str]]] = field(default_factory=dict, repr=False)
    """The digest of each table then, and its part of the shape."""

    async def keep(self) -> Moment:
        """Keep a copy of every table beside it."""
        rows = await self.run(
            "SELECT table_name, bool_or(column_name = 'state') FROM information_schema.columns JOIN"
            " information_schema.tables USING (table_schema, table_name) WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE' GROUP BY table_name ORDER BY table_name"
        )
        self.tables = [name for name, _ in rows]
        self.stateful = [name for name, has_state in rows if has_state]
        await self.run(
            "CREATE SCHEMA kept",
            "CREATE SCHEMA later",
            *(f'CREATE TABLE kept."{t}" AS TABLE public."{t}"' for t in self.tables),
        )
        self._first = await self.moment()
        return self._first

    async def keep_later(self, now: Moment) -> None:
        """Keep a second copy of the present moment, in place of an earlier second one, to which `restore` can return.

        It has the tables that are not as in the first copy.
        """
        assert self._first is not None
        names = [name for name in self.tables if now.digests[name] != self._first.digests[name]]
        await self.run(
            *(
                statement
                for name in names
                for statement in (
                    f'DROP TABLE IF EXISTS later."{name}"',
                    f'CREATE TABLE later."{name}" AS TABLE public."{name}"',
                )
            )
        )
        self._later = now

    async def restore(self, before: Moment, now: Moment | None = None) -> None:
        """Return every table to the copy of `before`; `now` is the present moment, where it is known."""
        assert before in (self._first, self._later), "there is no copy of that moment"
        now = now or await self.moment()
        names = [name for name in self.tables if now.digests[name] != before.digests[name]]
        if not names:
            return
        await self.run(
            # No trigger notes what is returned to its place.
            "SET LOCAL session_replication_role = replica",
            *(
                statement
                for name in names
                for copy in (self._copy(name, before),)
                for statement in (
                    f'DELETE FROM public."{name}"',
                    f'INSERT INTO public."{name}" OVERRIDING SYSTEM VALUE SELECT * FROM {copy}."{name}"',
                )
            ),
        )

    def _copy(self, name: str, moment: Moment) -> str:
        """Return the schema that has a table as it was at a moment."""
        assert self._first is not None
        return "kept" if moment.digests[name] == self._first.digests[name] else "later"

    async def moment(self) -> Moment:
        """Return what the database holds now; read the tables whose rows are not those that were read last."""
        versions = " UNION ALL ".join(
            f"SELECT '{t}', count(*) || ' ' || coalesce(sum(hashtextextended(ctid::text || ' ' || xmin, 0)), 0)"
            f' FROM public."{t}"'
            for t in self.tables
        )
        async with self.owner.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            rows: Sequence[Any] = (await connection.exec_driver_sql(versions)).all()
            now = {str(row[0]): str(row[1]) for row in rows}
            names = [name for name in self.tables if now[name] != self._rows.get(name)]
            if names:
                found = (await connection.exec_driver_sql(self._query_for(names))).all()
                self._note(names, found)
        self._rows = now
        shape: Counter[str] = Counter()
        for name in self.tables:
            shape.update(self._content[name][1])
        return Moment({name: self._content[name][0] for name in self.tables}, shape)

    def _query_for(self, names: Iterable[str]) -> str:
        """Return the query for the contents of tables: digest and number of rows, states and types of events."""
        parts = []
        for name in names:
            parts.append(
                f"SELECT '{name}', 'rows', md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), '')), count(*)"
                f' FROM public."{name}" x'
            )
            if name in self.stateful:
                parts.append(f"SELECT '{name}', 'state', state::text, count(*) FROM public.\"{name}\" GROUP BY state")
            if name == "journal":
                parts.append("SELECT 'journal', 'type', type::text, count(*) FROM public.journal GROUP BY type")
        return " UNION ALL ".join(parts)

    def _note(self, names: Iterable[str], found: Iterable[Any]) -> None:
        """Note what was read of tables."""
        self._content |= {name: ("", Counter()) for name in names}
        for name, what, value, count in found:
            digest, shape = self._content[name]
            if what == "rows":
                digest = value
                shape.update({f"{name}: {count}": 1} if name not in APART else {})
            else:
                shape[f"{name} {value}: {count}" if what == "state" else value] += 1 if what == "state" else count
            self._content[name] = (digest, shape)

    async def run(self, *statements: str) -> Sequence[Any]:
        """Run statements in one transaction; return the rows of the last one."""
        rows: Sequence[Any] = ()
        async with self.owner.engine.begin() as connection:
            for statement in statements:
                result = await connection.exec_driver_sql(statement)
                rows = result.all() if result.returns_rows else ()
        return rows
