"""Work on the jobs of large cohorts until this process is killed.

Run as `python -m tests.integration.matching.work_until_killed STORE`.
"""

from __future__ import annotations

import asyncio
import sys

from services.matching.app import create_app
from services.matching.cohorts.actions import job
from services.matching.settings import Settings
from tests.support import settings_for


async def _work(store: str) -> None:
    service = create_app(Settings(**settings_for(store)), background=False).state.service
    await job.work_cohorts(service)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1]))
