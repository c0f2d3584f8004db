"""List dead letters, apply them again, or pass over one: `tandem redrive`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.cli.system import System
    from shared.bus.dead_letters.letters import DeadLetter

NAME = "redrive"


async def dead_letters(system: "System", service: str) -> "list[DeadLetter]":
    """Return all dead letters of a service, oldest first. Raises `Failed` if the database does not answer."""
    from deploy.cli.system import report_unreachable  # noqa: PLC0415 - with the rest
    from shared.bus.dead_letters.letters import open_events  # noqa: PLC0415 - heavy

    bus = system.bus(service)
    found: list[DeadLetter] = []
    try:
        with report_unreachable(f"The database of {service}"):
            async with bus.read() as session:
                while some := await open_events(session, after=found[-1].id if found else 0, limit=500):
                    found += some
    finally:
        await bus.close()
    return found


async def retry(system: "System", service: str, topic: str | None, subject: str | None, by: str) -> tuple[int, int]:
    """Apply dead letters again, subject by subject; give how many there were and how many failed again."""
    from deploy.cli.progress import bar  # noqa: PLC0415 - with the rest
    from deploy.cli.system import consumers_of, report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.dead_letters.redrive import NoSuchDeadLetter, redrive  # noqa: PLC0415 - heavy

    wanted = dict.fromkeys(
        (letter.topic, letter.subject)
        for letter in await dead_letters(system, service)
        if topic in {None, letter.topic} and subject in {None, letter.subject}
    )
    bus, done, left = system.bus(service), 0, 0
    try:
        with (
            report_unreachable(f"The database of {service}"),
            bar(f"{service}: subjects with dead letters", len(wanted)) as progress,
        ):
            for each in wanted:
                try:
                    there, failed = await redrive(bus, consumers_of(service), *each, by, "redriven from the terminal")
                except NoSuchDeadLetter:  # healed or settled by somebody in the meantime
                    continue
                finally:
                    progress.advance()
                done, left = done + there, left + failed
    finally:
        await bus.close()
    return done, left


async def skip_one(system: "System", service: str, letter_id: int, by: str, reason: str) -> tuple[int, int]:
    """Pass one dead letter over and apply what waited behind it; gives the same as `again`. Raises `Failed`."""
    from deploy.cli.system import Failed, consumers_of, report_unreachable  # noqa: PLC0415 - with the rest
    from shared.bus.dead_letters.redrive import NoSuchDeadLetter, skip  # noqa: PLC0415 - heavy

    bus = system.bus(service)
    try:
        with report_unreachable(f"The database of {service}"):
            return await skip(bus, consumers_of(service), letter_id, by, reason)
    except NoSuchDeadLetter as error:
        raise Failed(str(error)) from None
    finally:
        await bus.close()


def _show(service: str, events: "list[DeadLetter]") -> None:
    if not events:
        print(f"There are no dead letters in {service}.")
    for event in events:
        print(
            f"{event.id:>6}  {event.recorded_at:%Y-%m-%d %H:%M}  {event.topic} {event.subject} "
            f"#{event.sequence or '?'} {event.type or '?'}  {event.reason} (tried {event.attempts}): {event.detail}"
        )


def command(
    service: Annotated[str, typer.Argument(help="applications, matching, notifications or reporting.")],
    *,
    topic: Annotated[str | None, typer.Option(help="Only of this topic.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only this aggregate.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    skip: Annotated[int | None, typer.Option(help="Skip the dead letter with this number.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is skipped.")] = "",
    by: Annotated[str, typer.Option(help="Who decides, for the record.")] = "operator",
) -> None:
    """List a service's dead letters; with --topic, --subject or --all apply them again, with --skip skip one.

    Exit 1 when an event failed again.
    """
    import asyncio  # noqa: PLC0415 - not needed to show the help
    import sys  # noqa: PLC0415 - as above

    from deploy.cli.system import Failed, System, service_named, topics_named  # noqa: PLC0415 - as above

    service_named(service)
    topics_named([topic] if topic else [])
    if skip is not None and not reason.strip():
        raise Failed("Give a reason for skipping the event: --reason '...'. It is stored with the event.")
    system = System.here()
    if skip is not None:
        done, left = asyncio.run(skip_one(system, service, skip, by, reason.strip()))
        print(f"Event {skip} is skipped.")
    elif topic or subject or every:
        done, left = asyncio.run(retry(system, service, topic, subject, by))
    else:
        _show(service, asyncio.run(dead_letters(system, service)))
        return
    print(f"Dead letters tried again: {done}. Failed again: {left}.")
    if left:
        sys.exit(1)
