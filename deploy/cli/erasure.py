"""Cut the payloads of a journal, with the key of erasures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import orjson

from deploy.cli.system import Failed, report_unreachable
from shared.bus.db import erasure
from shared.bus.db.transaction import driver

if TYPE_CHECKING:
    from collections.abc import Collection

    from deploy.cli.system import System

_FACTS = "SELECT id, payload FROM journal WHERE aggregateid = $1 ORDER BY aggregatetype, sequence"


async def erase(system: System, service: str, subject: str, keep: Collection[str], by: str, reason: str) -> int:
    """Cut all payloads about `subject` to the members in `keep`; return how many were cut that were not before.

    Raises `Failed` where the key of erasures is missing or wrong, or an event still waits to be sent.
    """
    key = system["TANDEM_ERASURE_PRIVATE_KEY"]
    bus = system.bus(service)
    try:
        with report_unreachable(f"The database of {service}"):
            async with bus.transaction(f"erasure:{by}") as tx:
                connection = await driver(tx.session)
                facts = []
                for row in await connection.fetch(_FACTS, subject):
                    rest = {name: value for name, value in orjson.loads(row["payload"]).items() if name in keep}
                    facts.append((row["id"], orjson.dumps(rest).decode()))
                return await erasure.erase(connection, facts, key, at=datetime.now(UTC), by=by, reason=reason)
    except asyncpg.ObjectInUseError as error:
        raise Failed(f"{error} Try again in a minute.") from None
    except (TypeError, ValueError) as error:
        raise Failed(f"TANDEM_ERASURE_PRIVATE_KEY: {error}") from None
    finally:
        await bus.close()
