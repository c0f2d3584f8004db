"""Check the hash chains of all journals, and compare them with anchors and an export: `tandem verify`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.cli.system import System

NAME = "verify"


async def verify(system: "System", export: Path | None = None, anchors: Path | None = None) -> list[str]:
    """Check the journals of all services; return what does not hold, as sentences.

    `export` is a folder that `tandem export` wrote, `anchors` that of the daily anchors: the journals' chains must
    continue theirs. Raises `Failed` if a database does not answer or the export cannot be read.
    """
    from sqlalchemy import text  # noqa: PLC0415 - heavy

    from deploy.cli.export_files import Exported  # noqa: PLC0415 - as above
    from deploy.cli.progress import bar  # noqa: PLC0415 - as above
    from deploy.cli.system import SERVICES, report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.db.transaction import driver  # noqa: PLC0415 - as above
    from shared.bus.outbox.anchors import Anchors, faults  # noqa: PLC0415 - as above
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
                    with bar(f"Journal of {service}", total) as progress:
                        async for found in findings(session, system.erasure_keys):
                            if isinstance(found, Finding):
                                wrong.append(
                                    f"{service}: {found.topic} {found.subject}, event {found.sequence}: {found.what}"
                                )
                            else:
                                progress.at(found)
                    if exported is not None:
                        wrong += await exported.against(service, await driver(session))
                    days: list[str] = []
                    if anchors is not None:
                        files = Anchors(anchors, service)
                        days = files.days()
                        wrong += [] if days else [f"{service}: there are no anchors of it in {anchors}"]
                        wrong += [f"{service}: {fault}" for fault in await faults(files, await driver(session))]
                since = f", anchored from {days[0]} to {days[-1]}" if days else ""
                print(f"{service:<14} {total:>9,} events{since}")
        finally:
            await bus.close()
    return wrong


def command(
    export: Annotated[Path | None, typer.Option(help="A folder that `tandem export` wrote, to compare with.")] = None,
    anchors: Annotated[Path | None, typer.Option(help="The folder of the anchors. Default: TANDEM_ANCHORS.")] = None,
) -> None:
    """Check the hash chains of all four journals; exit 1 if one is wrong."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System  # noqa: PLC0415 - as above

    system = System.here()
    folder = system.env.get("TANDEM_ANCHORS")
    wrong = asyncio.run(verify(system, export, anchors or (Path(folder) if folder else None)))
    for line in wrong:
        print(line)
    if wrong:
        print(f"{len(wrong)} places where the journals are broken.")
        sys.exit(1)
    print(
        "All chains are intact." if export is None else "All chains are intact, and they continue those of the export."
    )
