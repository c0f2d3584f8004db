"""Project which forms of reporting are in, so that the board says who still owes one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.lifecycle.store import case_records
from services.matching.lifecycle.store.case_records import CERTIFICATE, CaseRecord
from shared.contracts.outcomes import CertificateGranted
from shared.next_steps.received import received, taken_again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Apply events of `exchange.outcomes`; the last one about a form counts."""
    rows: dict[tuple[UUID, str, str], CaseRecord | None] = {}
    for event in events:
        subject = UUID(event.subject)
        if (again := taken_again(event.data)) is not None:
            rows[subject, *again] = None
        found = (CERTIFICATE, "") if isinstance(event.data, CertificateGranted) else received(event.data)
        if found is not None:
            rows[subject, *found] = CaseRecord(subject=subject, kind=found[0], party=found[1], at=event.time)
    await case_records.write(tx.session, [row for row in rows.values() if row is not None])
    await case_records.take_back(tx.session, [key for key, row in rows.items() if row is None])
    if rows:
        await tx.changed("board")
