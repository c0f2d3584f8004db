"""How far has each subject come, after a load? As in an empty store, but what was reacted to stays so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shared.bus import offsets, twins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from shared.bus.loading import Loaded

_MARKS = f"{twins.SCHEMA}.{twins.MARKS}"
# Set against set, in one go, and only what moves is written: an upsert looks into the index for each subject and writes
# each row again, which takes several times as long where a service had read all of it before.
_MOVE = f"""
MERGE INTO applied a USING {_MARKS} m ON m.topic = a.topic AND m.source = a.source AND m.subject = a.subject
WHEN MATCHED AND (a.sequence, a.ce_id, a.reacted)
    IS DISTINCT FROM (m.sequence, m.ce_id, greatest(a.reacted, m.sequence))
    THEN UPDATE SET sequence = m.sequence, ce_id = m.ce_id, reacted = greatest(a.reacted, m.sequence)
WHEN NOT MATCHED BY SOURCE AND a.sequence > 0 THEN UPDATE SET sequence = 0, ce_id = NULL
WHEN NOT MATCHED THEN INSERT (topic, source, subject, sequence, ce_id, reacted)
    VALUES (m.topic, m.source, m.subject, m.sequence, m.ce_id, m.sequence)
"""  # noqa: S608 - the names are ours


async def note(connection: asyncpg.Connection, loaded: Sequence[Loaded]) -> None:
    """How far the log was read, how far each subject has come, and which types nobody here knows: as in an empty store.

    What was reacted to stays so: a rebuild tells nobody anything twice.
    """
    # First of all a table in use, for PostgreSQL hears of what others have made when it locks a table: by a name that
    # was not there when this connection looked for it last, it would not look again.
    await connection.execute("DELETE FROM unknown")
    await connection.execute(f"ANALYZE {_MARKS}")
    await connection.execute("SET LOCAL work_mem = '64MB'")  # else it is joined in parts, by way of files
    await connection.execute(_MOVE)
    await connection.execute("SET LOCAL work_mem TO DEFAULT")
    await connection.execute("UPDATE consumed SET next_offset = 0, last_ce_id = NULL")
    await offsets.advance(connection, [record for each in loaded for record in each.last.values()])
    unknown = sum((each.unknown for each in loaded), Counter[tuple[str, str]]())
    for (topic, type_), count in sorted(unknown.items()):
        await connection.execute("INSERT INTO unknown (topic, type, count) VALUES ($1, $2, $3)", topic, type_, count)
