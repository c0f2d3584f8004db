"""Check the hash chains of all journals, and compare them with an export: `tandem verify`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.cli.system import System

NAME = "verify"


async def verify(system: "System", export: Path | None = None) -> list[str]:
    """Check the journals of all services; return what does not hold, as sentences.

    `export` is a folder that `tandem export` wrote: the journals' chains must continue its chains. Raises `Failed`
    if a database does not answer or the export cannot be read.
    """
    from sqlalchemy import text  # noqa: PLC0415 - heavy

    from deploy.cli.export_files import Exported  # noqa: PLC0415 - as above
    from deploy.cli.progress import bar  # noqa: PLC0415 - as above
    from deploy.cli.system import SERVICES, report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.db.transaction import driver  # noqa: PLC0415 - as above
    from shared.bus.outbox.verification import Finding, findings  # noqa: PLC0415 - as above

    wrong: list[str] = []
    exported = None if export is None else Exported.read(export, system.erasure_keys)
    if exported is not None:
        wrong += exported.faults
    for service in SERVICES:
        bus = system.bus(service)
        try:
            with report_unreachable(f"The database of {service}"):
                async with bus.read() as session:
                    total = await session.scalar(text("SELECT count(*) FROM journal"))
                    with bar(f"Journal of {service}", total) as shown:
                        async for found in findings(session, system.erasure_keys):
                            if isinstance(found, Finding):
                                wrong.append(
                                    f"{service}: {found.topic} {found.subject}, event {found.sequence}: {found.what}"
                                )
                            else:
                                shown.at(found)
                    if exported is not None:
                        wrong += await exported.against(service, await driver(session))
                print(f"{service:<14} {total:>9,} events")
        finally:
            await bus.close()
    return wrong


def command(
    export: Annotated[Path | None, typer.Option(help="A folder that `tandem export` wrote, to compare with.")] = None,
) -> None:
    """Check the hash chains of all four journals; exit 1 if one does not hold."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System  # noqa: PLC0415 - as above

    wrong = asyncio.run(verify(System.here(), export))
    for line in wrong:
        print(line)
    if wrong:
        print(f"{len(wrong)} places where the journals do not hold.")
        sys.exit(1)
    print("All chains hold." if export is None else "All chains hold, and they come from the export's.")
