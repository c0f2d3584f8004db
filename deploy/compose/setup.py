"""Create users, rights, topics and tables that the services of docker-compose need before they start.

A program of its own, which compose runs before the services each time.
"""

from __future__ import annotations

import asyncio
import os
import sys
from time import monotonic, sleep

import asyncpg
from confluent_kafka import KafkaException

from deploy.kafka import access, topics
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.contracts.topics import SERVICES
from shared.runtime.migrate import migrate
from shared.secret_files import with_secrets
from shared.settings import plain_address

_PATIENCE = 120.0
_AGAIN = 2.0


def main() -> None:
    """Bring broker and databases up to date; safe to run again. Raises `SystemExit` if they do not answer in time."""
    env = with_secrets(os.environ)
    databases = {service: env[f"TANDEM_DATABASE_OWNER_URL_{service.upper()}"] for service in SERVICES}
    asyncio.run(_same_secrets(databases["applications"]))
    until = monotonic() + _PATIENCE
    while True:
        try:
            created = asyncio.run(_broker(env))
        except (access.AccessWrong, topics.TopicsWrong, KafkaException) as wrong:
            if monotonic() > until:
                raise SystemExit(str(wrong)) from wrong
            sleep(_AGAIN)
        else:
            break
    print(f"Kafka has its users and rights. Topics created: {len(created)}.")
    for service, url in databases.items():
        migrate(service, url, service)
        print(f"Tables of {service} are up to date.")


async def _broker(env: dict[str, str]) -> list[str]:
    password = env["TANDEM_KAFKA_ADMIN_PASSWORD"]
    users = (*SERVICES, access.TOOLS)
    await access.apply(
        env["TANDEM_KAFKA"], password, {user: env[f"TANDEM_KAFKA_{user.upper()}_PASSWORD"] for user in users}
    )
    return await topics.apply(env["TANDEM_KAFKA"], login=access.login(password))


async def _same_secrets(url: str) -> None:
    """Raise `SystemExit` if the databases were made with other secrets, or do not answer."""
    try:
        connection = await asyncpg.connect(plain_address(url), timeout=30)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        sys.exit(
            "PostgreSQL refuses the passwords in .secrets: the data in the volumes was made with other ones. "
            "Put the folder .secrets of that time back. Or remove the data: docker compose down --volumes"
        )
    except DATABASE_ERRORS as wrong:
        sys.exit(f"PostgreSQL does not answer: {type(wrong).__name__}.")
    await connection.close()


if __name__ == "__main__":
    main()
