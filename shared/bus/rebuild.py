"""How is a projection made again from the log? Emptied, then read from the start, with `evolve` only.

What was reacted to is kept (`applied.reacted`), so that a rebuild tells nobody anything twice. The service is stopped
meanwhile or not: the partitions are locked while the tables are emptied, and the reader finds itself at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus import offsets
from shared.bus.transaction import driver

if TYPE_CHECKING:
    from shared.bus.bus import Bus
    from shared.bus.consumers import Consumers


async def empty(bus: Bus, consumers: Consumers, by: str) -> list[str]:
    """Empty the projections of a service and set its reader back to the start; give the tables' names.

    A reader that runs notices at its next batch or restart; topics that no longer hold their first records need the
    owners' replay.
    """
    async with bus.transaction(by) as tx:
        connection = await driver(tx.session)
        rows = await connection.fetch("SELECT topic, partition FROM consumed ORDER BY topic, partition")
        await offsets.lock(connection, [(row["topic"], row["partition"]) for row in rows])
        for table in consumers.projections:
            await connection.execute(f'TRUNCATE TABLE "{table}"')
        await connection.execute("UPDATE consumed SET next_offset = 0, last_ce_id = NULL")
        await connection.execute("UPDATE applied SET sequence = 0, ce_id = NULL")
        await connection.execute("DELETE FROM unknown")
    return list(consumers.projections)
