"""Anchor the heads of all chains in a file outside the database, once a day, and compare a journal with such files.

The owner of a database can compute a chain anew, so that it verifies. Hence the head of each chain that has grown since
the day before is written into a file that no database can reach. A file names the digest of the one before it.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from shared.bus.db import leases
from shared.bus.db.transaction import driver
from shared.bus.metrics import ANCHORED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
    from pathlib import Path

    import asyncpg

    from shared.bus.db.bus import Bus
    from shared.bus.db.leases import Lease

log = structlog.get_logger(__name__)

LOOK_SECONDS = 600.0
LEASE_SECONDS = 600.0
_NAME, _END, _NONE = "tandem anchors 1", "end", "-"
_AT_ONCE = 5_000
_FILES = 3
"""An event is in one of so many files from its day on: a transaction may end after midnight."""
# From the journal, not from `aggregate`: a head that was set by hand anchors nothing.
_HEADS = """
SELECT DISTINCT ON (aggregatetype, aggregateid) aggregatetype, aggregateid, sequence, hash FROM journal
ORDER BY aggregatetype, aggregateid, sequence DESC
"""


@dataclass(frozen=True, slots=True)
class AnchoredHead:
    """The number and hash of the newest event of a chain at some time."""

    topic: str
    subject: str
    sequence: int
    hash: bytes

    @property
    def line(self) -> bytes:
        """The head as a line of a file of anchors."""
        return f"{self.topic}\t{self.subject}\t{self.sequence}\t{self.hash.hex()}\n".encode()

    @classmethod
    def read(cls, line: bytes) -> AnchoredHead:
        """Return the head of a line. Raises `ValueError` where it is none."""
        topic, subject, sequence, hash_ = line.decode().rstrip("\n").split("\t")
        return cls(topic, subject, int(sequence), bytes.fromhex(hash_))


class Anchors:
    """The files of anchors of one service, one a day."""

    def __init__(self, folder: Path, service: str) -> None:
        """Take the folder of all services."""
        self._folder = folder / service
        self._service = service

    def days(self) -> list[str]:
        """Return the days (ISO) with a file, the oldest first."""
        return sorted(file.stem for file in self._folder.glob("????-??-??.txt"))

    def file(self, day: str) -> Path:
        """Return the file of a day."""
        return self._folder / f"{day}.txt"

    def heads(self, day: str, faults: list[str]) -> Iterator[AnchoredHead]:
        """Give the heads of a day's file; what is wrong with the file is added to `faults`."""
        days = self.days()
        place, count, whole = days.index(day), 0, False
        with self.file(day).open("rb") as lines:
            expected = self._header(day, self._digest(days[place - 1]) if place else _NONE)
            if next(lines, b"") != expected:
                faults.append(f"anchors of {day}: the file before it is not the one that was written")
            for line in lines:
                if whole or line.startswith(f"{_END}\t".encode()):
                    whole = line == self._footer(count)
                    break
                try:
                    head = AnchoredHead.read(line)
                except ValueError:
                    faults.append(f"anchors of {day}: line {count + 2} cannot be read")
                    continue
                count += 1
                yield head
            if not whole or next(lines, b""):
                faults.append(f"anchors of {day}: the file is not whole")

    def vouching(self, topic: str, subject: str, sequence: int, since: str) -> tuple[str, AnchoredHead] | None:
        """Return the first anchored head at or after an event of a chain, with the day of its file; None if none is.

        `since` is the day (ISO) on which the event was recorded: the next file that is written names its chain, so
        that few files are read.
        """
        for day in [each for each in self.days() if each >= since][:_FILES]:
            for head in self.heads(day, []):
                if (head.topic, head.subject) == (topic, subject) and head.sequence >= sequence:
                    return day, head
        return None

    async def write(self, bus: Bus, lease: Lease, day: str) -> int:
        """Write the file of `day` with the heads that no file has yet; return their number.

        It is written beside and takes its place in one step. Raises `FileExistsError` where another process was
        quicker, `LeaseLost`, and `OSError` where the folder cannot be written.
        """
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        days = self.days()
        newest = await asyncio.to_thread(self._anchored, days)
        draft, count = self._folder / f".{day}.{os.getpid()}", 0
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._header(day, self._digest(days[-1]) if days else _NONE))
                async with bus.snapshot() as session:
                    async for head in _newest(await driver(session)):
                        if newest.get(_chain(head)) != _short(head.line):
                            file.write(head.line)
                            count += 1
                file.write(self._footer(count))
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            async with bus.transaction("system:anchors") as tx:
                await leases.check(tx.session, lease)
            self.file(day).hardlink_to(draft)  # fails where there is one, as a renaming would not
        finally:
            draft.unlink(missing_ok=True)
        return count

    def _anchored(self, days: Iterable[str]) -> dict[bytes, bytes]:
        """Return the newest anchored head of each chain, in few bytes: there may be millions."""
        return {_chain(head): _short(head.line) for day in days for head in self.heads(day, [])}

    def _header(self, day: str, before: str) -> bytes:
        return f"{_NAME}\t{self._service}\t{day}\t{before}\n".encode()

    def _footer(self, count: int) -> bytes:
        return f"{_END}\t{count}\n".encode()

    def _digest(self, day: str) -> str:
        with self.file(day).open("rb") as file:
            whole = sha256()
            for line in file:
                whole.update(line)
        return whole.hexdigest()


async def anchor_daily(bus: Bus, folder: Path) -> None:
    """Write the anchors of each day (UTC) soon after it has begun, in one process at a time; runs until cancelled."""
    anchors = Anchors(folder, bus.service)
    while True:
        await anchor_today(bus, anchors)
        await asyncio.sleep(LOOK_SECONDS)


async def anchor_today(bus: Bus, anchors: Anchors) -> bool:
    """Write today's file unless there is one; return whether there is one now."""
    day = str(datetime.now(UTC).date())
    if not anchors.file(day).exists():
        lease = await leases.acquire(bus, "anchors", LEASE_SECONDS)
        if lease is None:
            return False
        try:
            count = await anchors.write(bus, lease, day)
        except FileExistsError:
            pass
        except OSError:
            log.exception("anchors cannot be written", service=bus.service)
            return False
        else:
            log.info("heads anchored", service=bus.service, heads=count)
        finally:
            await leases.release(bus, lease)
    ANCHORED.labels(bus.service).set(anchors.file(day).stat().st_mtime)
    return True


async def differences(
    connection: asyncpg.Connection, heads: Iterable[AnchoredHead]
) -> AsyncIterator[tuple[AnchoredHead, bool]]:
    """Give each head that the journal does not hold as it was, and whether it is gone altogether.

    Since hashes chain, a head that is as it was vouches for all events before it.
    """
    for some in _portions(heads):
        rows = await connection.fetch(
            "SELECT aggregatetype, aggregateid, sequence, hash FROM journal"
            " JOIN unnest($1::text[], $2::text[], $3::bigint[]) AS w(aggregatetype, aggregateid, sequence)"
            " USING (aggregatetype, aggregateid, sequence) ORDER BY aggregatetype, aggregateid, sequence",
            [head.topic for head in some],
            [head.subject for head in some],
            [head.sequence for head in some],
        )
        here = {(row["aggregatetype"], row["aggregateid"], row["sequence"]): row["hash"] for row in rows}
        for head in some:
            found = here.get((head.topic, head.subject, head.sequence))
            if found != head.hash:
                yield head, found is None


async def faults(anchors: Anchors, connection: asyncpg.Connection) -> list[str]:
    """Return where a journal is not as it was anchored, and which files are not as they were written."""
    wrong: list[str] = []
    for day in anchors.days():
        async for head, gone in differences(connection, anchors.heads(day, wrong)):
            what = "is missing from the journal" if gone else "is different in the journal"
            wrong.append(f"{head.topic} {head.subject}, event {head.sequence}: what was anchored on {day} {what}")
    return wrong


async def _newest(connection: asyncpg.Connection) -> AsyncIterator[AnchoredHead]:
    async for row in connection.cursor(_HEADS, prefetch=_AT_ONCE):
        yield AnchoredHead(row["aggregatetype"], row["aggregateid"], row["sequence"], row["hash"])


def _portions(heads: Iterable[AnchoredHead]) -> Iterator[Sequence[AnchoredHead]]:
    some: list[AnchoredHead] = []
    for head in heads:
        some.append(head)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _chain(head: AnchoredHead) -> bytes:
    return _short(f"{head.topic}\t{head.subject}".encode())


def _short(text: bytes) -> bytes:
    return sha256(text).digest()[:16]
