"""Make the reader of a service read the log again, with its projections emptied.

`tandem rebuild` fills new tables beside them instead (`shared/bus/rebuild/loading.py`), and is compared with what the
reader's way gives. Records of past reactions are kept (`applied_sequence.reacted`), so that no reaction happens twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus.db.transaction import driver
from shared.bus.log import offsets
from tests.support import owner_of

if TYPE_CHECKING:
    from shared.bus.db.bus import Bus
    from shared.bus.inbox.consumers import Consumers


async def empty_projections(bus: Bus, consumers: Consumers, by: str) -> list[str]:
    """Empty the projections of a service and set its reader back to the start; return the names of the tables.

    A running reader notices at its next batch or restart; topics without their first records need the owners' replay.
    """
    async with owner_of(bus) as owner, owner.transaction(by) as tx:
        connection = await driver(tx.session)
        rows = await connection.fetch("SELECT topic, partition FROM read_position ORDER BY topic, partition")
        await offsets.lock(connection, [(row["topic"], row["partition"]) for row in rows])
        for table in consumers.projections:
            await connection.execute(f'TRUNCATE TABLE "{table}"')
        await connection.execute("UPDATE read_position SET next_offset = 0, last_ce_id = NULL")
        await connection.execute("UPDATE applied_sequence SET sequence = 0, ce_id = NULL")
        await connection.execute("DELETE FROM unknown_type")
    return list(consumers.projections)
