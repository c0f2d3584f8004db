"""Show the event log as readable lines, and follow it: `tandem events`."""

import re
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from aiokafka import ConsumerRecord

    from deploy.cli.system import System
    from shared.bus import Envelope
    from shared.bus.log.envelope import Faulty

NAME = "events"
_AGO = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHOWN = 6


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that `2h`, `3d` (ago) or an ISO date or time means; default zone UTC. Raises `Failed`."""
    from datetime import UTC  # noqa: PLC0415 - with the rest

    from deploy.cli.system import Failed  # noqa: PLC0415 - as above

    found = _AGO.fullmatch(text.strip())
    if found is not None:
        return now - timedelta(**{_UNITS[found["unit"]]: int(found["count"])})
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Failed(f"{text!r} is not a time: write 30m, 2h, 3d (ago) or 2026-11-24 or 2026-11-24T10:00.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def line(event: "Envelope") -> str:
    """Return an event as one line: time, type, subject, correlation, and its first codes and numbers."""
    fields = " ".join(_payload_values(event.data.model_dump(mode="json"), _SHOWN))
    return (
        f"{event.time:%Y-%m-%d %H:%M:%S}  {event.topic:<24} {event.type:<24} {event.subject} #{event.sequence}"
        f"  story {event.correlationid}  {fields}".rstrip()
    )


def describe_unreadable(record: "ConsumerRecord", fault: "Faulty") -> str:
    """Return a record that is not an event as one line: its place, its subject, and what is wrong."""
    return (
        f"{record.topic} partition {record.partition} offset {record.offset} is not an event that can be read: "
        f"{fault.subject or 'without a subject'}, {fault.reason}: {fault.detail}"
    )


def _payload_values(data: dict[str, Any], most: int) -> list[str]:
    """Return the first plain values of a payload, also of its one part; ids are left out, as they are long."""
    values: list[str] = []
    for name, value in data.items():
        if isinstance(value, dict):
            values += _payload_values(value, most)
        elif isinstance(value, (str, int)) and not isinstance(value, bool) and not name.endswith("_id") and value != "":
            values.append(f"{name}={value}")
        elif value is True:
            values.append(name)
    return values[:most]


def _events(records: "Iterable[ConsumerRecord]", about: str | None) -> "Iterator[Envelope]":
    """The events among records; unreadable records are printed on standard error, all or those of `about`."""
    from shared.bus.log.envelope import Envelope, read  # noqa: PLC0415 - heavy

    for record in records:
        event = read(record)
        if isinstance(event, Envelope):
            yield event
        elif about in {None, event.subject}:
            print(describe_unreadable(record, event), file=sys.stderr, flush=True)


async def _read(
    system: "System", topics: list[str], *, follow: bool, about: str | None = None
) -> "AsyncIterator[Envelope]":
    """The events of topics: those on the log, by time; then, following, new ones as they arrive."""
    from aiokafka import TopicPartition  # noqa: PLC0415 - heavy

    from deploy.cli.system import report_unreachable  # noqa: PLC0415 - with the rest
    from shared.bus.log import kafka  # noqa: PLC0415 - as above
    from shared.contracts import TOPICS  # noqa: PLC0415 - as above

    consumer = kafka.bare_consumer(system.settings())
    with report_unreachable():
        await kafka.start(consumer)
    try:
        with report_unreachable():
            partitions = [TopicPartition(topic, n) for topic in topics for n in range(TOPICS[topic].partitions)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await consumer.seek_to_beginning(*partitions)
            begins = {part: await consumer.position(part) for part in partitions}
            left = {part for part in partitions if begins[part] < ends[part]}
            found: list[Envelope] = []
            while left:
                for partition, records in (await consumer.getmany(timeout_ms=1000)).items():
                    found += _events(records, about)
                    if records and records[-1].offset >= ends[partition] - 1:
                        left.discard(partition)
                # Compaction may have taken the last records away: the position then stands at the end.
                left = {part for part in left if await consumer.position(part) < ends[part]}
        for event in sorted(found, key=lambda event: (event.time, event.topic, event.subject, event.sequence)):
            yield event
        while follow:
            with report_unreachable():
                batches = await consumer.getmany(timeout_ms=1000)
            for records in batches.values():
                for event in _events(records, about):
                    yield event
    finally:
        await kafka.stop(consumer)


def command(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Also show new events, until Ctrl-C.")] = False,
    correlation: Annotated[
        str | None, typer.Option(help="Only events with this correlation id (mostly an application).")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Only this aggregate.")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only these types; may be repeated.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Only these topics; may be repeated.")] = None,
    since: Annotated[str | None, typer.Option(help="2h, 3d (ago), or a date or time; by the domain's clock.")] = None,
) -> None:
    """Show the event log as readable lines, by time; --follow also shows new ones."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import Failed, System, topics_named  # noqa: PLC0415 - as above
    from shared.contracts import EVENTS, TOPICS  # noqa: PLC0415 - heavy
    from shared.time import clock  # noqa: PLC0415 - as above

    topics_named(topic or [])
    if unknown := sorted(set(type_ or ()) - set(EVENTS)):
        raise Failed(f"There is no event {unknown[0]!r}: see shared/contracts or docs/contracts/asyncapi.json.")
    wanted = topic or sorted({EVENTS[name].topic for name in type_} if type_ else TOPICS)
    system = System.here()
    start = None if since is None else moment(since, clock.now())

    async def show() -> int:
        count = 0
        async for event in _read(system, wanted, follow=follow, about=subject):
            if (
                correlation in {None, event.correlationid}
                and subject in {None, event.subject}
                and (not type_ or event.type in type_)
                and (start is None or event.time >= start)
            ):
                print(line(event), flush=True)
                count += 1
        return count

    if not asyncio.run(show()):
        ids = " --correlation and --subject ask for ids, not for references." if correlation or subject else ""
        print(f"No event on the log matches.{ids}", file=sys.stderr)
