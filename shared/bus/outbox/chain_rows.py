"""Read an event's row in the journal, without its payload, and the chain from there to its anchor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from shared.bus.db.journal import CHAIN_START
from shared.bus.db.transaction import driver
from shared.bus.outbox.anchors import AnchoredHead, Anchors

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

MOST = 1_000
"""The most rows of a chain that are read at once; a subject has a few dozen events."""

_ROW = """
SELECT j.id, j.aggregatetype, j.aggregateid, j.sequence, j.type, j.occurred_at, j.recorded_at, j.digest, j.hash,
       b.hash AS before, e.erased_at
FROM journal j
LEFT JOIN journal b ON b.aggregatetype = j.aggregatetype AND b.aggregateid = j.aggregateid
  AND b.sequence = j.sequence - 1
LEFT JOIN erasure e ON e.journal_id = j.id
WHERE j.id = $1
"""
_CHAIN = """
SELECT sequence, digest, hash FROM journal
WHERE aggregatetype = $1 AND aggregateid = $2 AND sequence BETWEEN $3 AND $4 ORDER BY sequence LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An event's row: `digest` is that of its payload, `before` the hash of the event before it in its chain."""

    id: UUID
    topic: str
    subject: str
    sequence: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    digest: str
    before: str
    hash: str
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChainLink:
    """The digest and hash of one event of a chain."""

    sequence: int
    digest: str
    hash: str


@dataclass(frozen=True, slots=True)
class ChainAnchor:
    """The anchored head that vouches for an event: the day of its file, and the file's line."""

    day: str
    head: AnchoredHead

    @property
    def line(self) -> str:
        """The line of the file, without its end."""
        return self.head.line.decode().rstrip("\n")


async def journal_row(session: AsyncSession, event: UUID) -> JournalRow | None:
    """Return the row of an event in the journal of this service; None if it has none."""
    row = await (await driver(session)).fetchrow(_ROW, event)
    if row is None:
        return None
    return JournalRow(
        row["id"],
        row["aggregatetype"],
        row["aggregateid"],
        row["sequence"],
        row["type"],
        row["occurred_at"],
        row["recorded_at"],
        row["digest"].hex(),
        (row["before"] or CHAIN_START).hex(),
        row["hash"].hex(),
        row["erased_at"],
    )


async def chain_from(session: AsyncSession, row: JournalRow, last: int) -> list[ChainLink]:
    """Return the chain from an event to the one numbered `last`, both included, `MOST` at most."""
    rows = await (await driver(session)).fetch(_CHAIN, row.topic, row.subject, row.sequence, last, MOST)
    return [ChainLink(each["sequence"], each["digest"].hex(), each["hash"].hex()) for each in rows]


async def anchor_of(folder: Path | None, service: str, row: JournalRow) -> ChainAnchor | None:
    """Return the anchored head that vouches for an event; None if none is written yet, or anywhere."""
    if folder is None:
        return None
    since = row.recorded_at.astimezone(UTC).date().isoformat()
    anchors = Anchors(folder, service)
    found = await asyncio.to_thread(anchors.vouching, row.topic, row.subject, row.sequence, since)
    return None if found is None else ChainAnchor(*found)
