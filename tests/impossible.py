"""Make a row of a database impossible to change, so that a worker fails at it and at nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus.set_aside import problems
from tests.support import owner_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.bus import Bus

_FUNCTION = """
CREATE OR REPLACE FUNCTION impossible() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'This row is impossible.'; END $$
"""


@asynccontextmanager
async def impossible(bus: Bus, table: str, condition: str, on: str = "UPDATE OR DELETE") -> AsyncIterator[None]:
    """Let no statement change (or do what `on` says to) rows that meet a condition on `OLD`, while the block runs."""
    async with owner_of(bus) as owner, owner.transaction("system:tests") as tx:
        await tx.session.execute(text(_FUNCTION))
        trigger = f"CREATE TRIGGER impossible BEFORE {on} ON {table} FOR EACH ROW WHEN ({condition})"
        await tx.session.execute(text(f"{trigger} EXECUTE FUNCTION impossible()"))
    yield
    async with owner_of(bus) as owner, owner.transaction("system:tests") as tx:
        await tx.session.execute(text(f"DROP TRIGGER impossible ON {table}"))


async def set_aside_by(bus: Bus) -> set[tuple[str, str]]:
    """Return what the workers of a service leave out now: the work and the subject."""
    async with bus.read() as session:
        return {(problem.work, problem.subject) for problem in await problems(session)}
