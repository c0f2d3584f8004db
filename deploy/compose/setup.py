"""Create the topics and tables that the services of docker-compose need before they start.

A program of its own, which compose runs once.
"""

from __future__ import annotations

import asyncio
import os

from deploy.kafka.topics import apply
from shared.contracts.topics import SERVICES
from shared.runtime.migrate import migrate


def main() -> None:
    """Create missing topics and bring all four databases up to date; safe to run again."""
    created = asyncio.run(apply(os.environ["TANDEM_KAFKA"]))
    print(f"Topics: {len(created)} created.")
    for service in SERVICES:
        migrate(service, os.environ[f"TANDEM_DATABASE_OWNER_URL_{service.upper()}"], service)
        print(f"Tables of {service} are up to date.")


if __name__ == "__main__":
    main()
