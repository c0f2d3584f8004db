"""Cut what a journal holds about one subject: `tandem erase SERVICE SUBJECT`.

A module of its own, since each subcommand is one, and its work (`erasure.py`) is imported only when it runs.
"""

from typing import Annotated

import typer

NAME = "erase"


def command(
    service: Annotated[str, typer.Argument(help="applications, matching, notifications or reporting.")],
    subject: Annotated[str, typer.Argument(help="The subject of the events, such as the id of an application.")],
    by: Annotated[str, typer.Option(help="Who decides, for the record.")],
    why: Annotated[str, typer.Option(help="The reason, for the record; without names.")],
    keep: Annotated[list[str] | None, typer.Option(help="A field of the payloads to keep; may be repeated.")] = None,
) -> None:
    """Delete the journal's payloads about one subject for good; digests, chains and a signed mark stay."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.erasure import erase  # noqa: PLC0415 - heavy
    from deploy.cli.system import System, service_named  # noqa: PLC0415 - as above

    cut = asyncio.run(erase(System.here(), service_named(service), subject, keep or (), by, why))
    print(f"Payloads deleted: {cut}. Kafka deletes its copies when their retention time ends.")
