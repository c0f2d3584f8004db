"""Verify the journal: follow every aggregate's chain and list where it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bus.db.erasure import mark_of
from shared.bus.db.journal import CHAIN_START, link
from shared.bus.db.transaction import driver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.erasure import ErasureKeys


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a journal's chain breaks."""

    topic: str
    subject: str
    sequence: int
    what: str


async def findings(session: AsyncSession, keys: ErasureKeys) -> AsyncIterator[Finding | int]:
    """Give every place where the chain breaks; in between, the number of events read (for a progress bar).

    An erased payload no longer fits its digest: it must be what its mark names, and `keys` must have signed the mark.
    """
    connection = await driver(session)
    before: tuple[str, str] | None = None
    sequence, chain, seen = 0, CHAIN_START, 0
    cursor = connection.cursor(
        "SELECT j.aggregatetype, j.aggregateid, j.sequence, j.payload, j.digest, j.hash, a.sequence AS head,"
        " a.hash AS head_hash, j.id, e.digest_after, e.erased_at, e.erased_by, e.reason, e.signature"
        " FROM journal j LEFT JOIN aggregate a USING (aggregatetype, aggregateid)"
        " LEFT JOIN erasure e ON e.journal_id = j.id"
        " ORDER BY j.aggregatetype, j.aggregateid, j.sequence",
        prefetch=1000,
    )
    head: tuple[int | None, bytes | None] = (None, None)
    async for row in cursor:
        here = (row["aggregatetype"], row["aggregateid"])
        if here != before:
            if before is not None and head != (sequence, chain):
                yield Finding(*before, sequence, "the newest event is not the one that the aggregate's head names")
            before, sequence, chain = here, 0, CHAIN_START
        sequence += 1
        if row["sequence"] != sequence:
            yield Finding(*here, row["sequence"], f"event {sequence} is missing")
            sequence = row["sequence"]
        if fault := keys.fault(mark_of(row), row["signature"], row["payload"].encode(), row["digest"]):
            yield Finding(*here, sequence, fault)
        chain = link(chain, row["digest"])
        if chain != row["hash"]:
            yield Finding(*here, sequence, "the chain is broken here")
            chain = row["hash"]
        head = (row["head"], row["head_hash"])
        seen += 1
        if seen % 1000 == 0:
            yield seen
    if before is not None and head != (sequence, chain):
        yield Finding(*before, sequence, "the newest event is not the one that the aggregate's head names")
    yield seen
