"""Cut what a journal holds about one subject: `tandem erase SERVICE SUBJECT`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Collection

    from deploy.cli.system import System

NAME = "erase"


async def erase(system: "System", service: str, subject: str, keep: "Collection[str]", by: str, reason: str) -> int:
    """Cut all payloads about `subject` to the members in `keep`; return how many were cut that were not before.

    Raises `Failed` where the key of erasures is missing or wrong, or an event still waits to be sent.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - with the rest

    import asyncpg  # noqa: PLC0415 - heavy
    import orjson  # noqa: PLC0415 - as above

    from deploy.cli.system import Failed, report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.db.erasure import erase as cut  # noqa: PLC0415 - as above
    from shared.bus.db.transaction import driver  # noqa: PLC0415 - as above

    key = system["TANDEM_ERASURE_PRIVATE_KEY"]
    bus = system.bus(service)
    try:
        with report_unreachable(f"The database of {service}"):
            async with bus.transaction(f"erasure:{by}") as tx:
                connection = await driver(tx.session)
                query = "SELECT id, payload FROM journal WHERE aggregateid = $1 ORDER BY aggregatetype, sequence"
                facts = []
                for row in await connection.fetch(query, subject):
                    rest = {name: value for name, value in orjson.loads(row["payload"]).items() if name in keep}
                    facts.append((row["id"], orjson.dumps(rest).decode()))
                return await cut(connection, facts, key, at=datetime.now(UTC), by=by, reason=reason)
    except asyncpg.ObjectInUseError as error:
        raise Failed(f"{error} Try again in a minute.") from None
    except (TypeError, ValueError) as error:
        raise Failed(f"TANDEM_ERASURE_PRIVATE_KEY: {error}") from None
    finally:
        await bus.close()


def command(
    service: Annotated[str, typer.Argument(help="applications, matching, notifications or reporting.")],
    subject: Annotated[str, typer.Argument(help="Whose events are cut, such as the id of an application.")],
    by: Annotated[str, typer.Option(help="Who decides, for the record.")],
    why: Annotated[str, typer.Option(help="The reason, for the record; without names.")],
    keep: Annotated[list[str] | None, typer.Option(help="A member of the payloads that is left; repeat it.")] = None,
) -> None:
    """Cut the journal's payloads about one subject, for good; digests, chains and a signed mark stay."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System, service_named  # noqa: PLC0415 - as above

    cut = asyncio.run(erase(System.here(), service_named(service), subject, keep or (), by, why))
    print(f"{cut} payloads were cut. The log forgets its copies by its retention.")
