"""Put journals into the outbox once more: `tandem replay`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.cli.system import System

NAME = "replay"


def topics_of(what: str) -> list[str]:
    """Return the topics that `what` means: a topic, or a service that owns some. Raises `Failed`."""
    from deploy.cli.system import SERVICES, Failed  # noqa: PLC0415 - with the rest below
    from shared.contracts import TOPICS  # noqa: PLC0415 - heavy

    if what in TOPICS:
        return [what]
    if what in SERVICES:
        return [name for name, topic in TOPICS.items() if topic.owner == what]
    raise Failed(f"{what!r} is neither a service nor a topic. Topics are: {', '.join(TOPICS)}.")


async def replay(system: "System", topics: "Sequence[str]", subjects: list[str] | None) -> int:
    """Make the owners send the journals of `topics` again; return the number of events.

    Raises `Failed` if a database does not answer.
    """
    from sqlalchemy import text  # noqa: PLC0415 - heavy

    from deploy.cli.progress import bar  # noqa: PLC0415 - as above
    from deploy.cli.system import report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.db.transaction import driver  # noqa: PLC0415 - as above
    from shared.bus.outbox.replay import replay as again  # noqa: PLC0415 - as above
    from shared.contracts import TOPICS  # noqa: PLC0415 - as above

    sent = 0
    for topic in topics:
        bus = system.bus(TOPICS[topic].owner)
        try:
            with report_unreachable(f"The database of {TOPICS[topic].owner}"):
                async with bus.read() as session:
                    total = await session.scalar(
                        text("SELECT coalesce(sum(sequence), 0) FROM aggregate WHERE aggregatetype = :topic"),
                        {"topic": topic},
                    )
                with bar(topic, None if subjects or TOPICS[topic].compacted else int(total or 0)) as progress:
                    after, first = "", True
                    while after or first:
                        first = False
                        # A transaction each, so that the relay begins to send while the rest is put in.
                        async with bus.transaction("system:replay") as tx:
                            count, after = await again(await driver(tx.session), topic, subjects, after=after)
                        sent += count
                        progress.advance(count)
        finally:
            await bus.close()
    return sent


def command(
    what: Annotated[str, typer.Argument(help="A service (all topics that it owns) or one topic.", metavar="WHAT")],
    subject: Annotated[list[str] | None, typer.Option(help="Only this aggregate; may be repeated.")] = None,
) -> None:
    """Send a journal to the log again, for a reader that is new, emptied or missing a part; other readers ignore it."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import Failed, System  # noqa: PLC0415 - as above

    topics = topics_of(what)
    sent = asyncio.run(replay(System.here(), topics, subject or None))
    if subject and not sent:
        raise Failed(f"Nothing was sent: no journal of {what} knows {', '.join(subject)}.")
    print(f"{sent} {'event is' if sent == 1 else 'events are'} on the way to the log, from {', '.join(topics)}.")
