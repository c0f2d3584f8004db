"""Commit cohorts of a call until this process is killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.matching.cohorts.actions import commit as cohorts_commit
from services.matching.settings import Settings
from shared.bus import Bus
from shared.errors import Refused
from tests.support import settings_for

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from uuid import UUID


def commit(store: str, call_id: UUID, report: Connection) -> None:
    """Print "ready", then commit whenever a line is read."""
    asyncio.run(_work(store, call_id, report))


async def _work(store: str, call_id: UUID, report: Connection) -> None:
    bus = Bus("matching", Settings(**settings_for(store)))
    report.send("ready")
    await asyncio.to_thread(report.recv)
    while True:
        try:
            await cohorts_commit.commit_cohort(bus, "carla", call_id, effort=0)
        except Refused:
            await asyncio.sleep(0.001)
