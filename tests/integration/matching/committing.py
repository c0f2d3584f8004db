"""What does an instance do that is killed in the middle of a commit? It commits cohorts of a call until it is.

Run as `python -m tests.integration.matching.committing STORE CALL`; says "ready", then works when a line comes in.
"""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

from services.matching import actions
from services.matching.settings import Settings
from shared.bus import Bus
from shared.web.errors import Refused
from tests.support import settings_for


async def _work(store: str, call_id: UUID) -> None:
    bus = Bus("matching", Settings(**settings_for(store)))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    while True:
        try:
            await actions.commit_cohort(bus, "carla", call_id, effort=0)
        except Refused:
            await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], UUID(sys.argv[2])))
