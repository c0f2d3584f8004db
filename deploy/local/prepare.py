"""Create topics and tables before the services start, in a short process of its own.

When it ends, it frees the memory of four services' tables and of the contracts.
"""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from deploy.kafka import topics
from deploy.local.settings import SERVICES
from shared.runtime.migrate import migrate


def main() -> None:
    """Create both at the same time; the addresses are in the environment (`tools_environment`)."""
    env = os.environ
    with ThreadPoolExecutor(1) as beside:
        applied = beside.submit(asyncio.run, topics.apply(env["TANDEM_KAFKA"]))
        for service in SERVICES:
            migrate(service, env[f"TANDEM_DATABASE_OWNER_URL_{service.upper()}"], service)
        made = applied.result()
    print(f"Topics created: {len(made)}. Tables are up to date.")


if __name__ == "__main__":
    try:
        main()
    except topics.TopicsWrong as error:
        sys.exit(str(error))
