"""Rebuild a service's projections from the log: `tandem rebuild SERVICE`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.cli.system import System

NAME = "rebuild"
# A reader that makes no progress for so long needs a person to look.
_PATIENCE = 120.0


async def rebuild(system: "System", service: str, by: str) -> list[str]:
    """Rebuild the projections of `service`, then wait until its reader has caught up; return the table names.

    The database's owner does it, since only that role makes tables. Pages show the old tables until the new ones are
    complete. Raises `Failed` if the reader makes no progress for
    two minutes.
    """
    import asyncio  # noqa: PLC0415 - with the rest
    from time import monotonic  # noqa: PLC0415 - as above

    from deploy.cli.lag import Lag  # noqa: PLC0415 - heavy
    from deploy.cli.progress import bar  # noqa: PLC0415 - as above
    from deploy.cli.system import Failed, consumers_of, report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.rebuild.loading import load  # noqa: PLC0415 - as above

    with report_unreachable(f"The database of {service}"), bar(f"{service} rebuilds its tables") as progress:
        await load(system.settings(service, owner=True), service, consumers_of, by=by, tell=progress.at)
    async with Lag(system, [service]) as lag:
        with bar(f"{service} reads the log again") as progress:
            least, since = None, monotonic()
            while True:
                standing = (await lag.standings())[service]
                progress.at(standing.records - standing.unread, standing.records)
                if not standing.unread:
                    break
                if least is None or standing.unread < least:
                    least, since = standing.unread, monotonic()
                if monotonic() - since > _PATIENCE:
                    raise Failed(
                        f"{service} has {standing.unread} records still to read and makes no progress. "
                        f"Does it run, and what does {service}'s log say?"
                    )
                await asyncio.sleep(0.2)
    return list(consumers_of(service).projections)


def command(
    service: Annotated[str, typer.Argument(help="applications, matching, notifications or reporting.")],
    by: Annotated[str, typer.Option(help="Who asks for it, for the record.")] = "operator",
) -> None:
    """Rebuild a service's projections from the log; the service may run meanwhile."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System, service_named  # noqa: PLC0415 - as above

    service_named(service)
    tables = asyncio.run(rebuild(System.here(), service, by))
    print(f"{service} read {len(tables)} tables again: {', '.join(tables)}.")
