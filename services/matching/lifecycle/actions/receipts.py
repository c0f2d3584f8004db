"""Publish receipts: why an application has its match, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.lifecycle.store import receipts as store
from services.matching.lifecycle.store.receipts import Receipt
from shared.contracts.receipts import MatchExplained
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.bus import Tx
    from shared.contracts.receipts import NoMatchExplained


async def publish_receipts(tx: Tx, explained: Mapping[UUID, MatchExplained | NoMatchExplained]) -> None:
    """Record the receipts by application, and keep each as the newest of its application."""
    rows = []
    for application_id, event in explained.items():
        await tx.record(event, application_id, correlation=application_id)
        rows.append(
            Receipt(
                application_id=application_id,
                call_id=event.call_id,
                run_id=event.run_id,
                matched=isinstance(event, MatchExplained),
                at=clock.now(),
                event=event,
            )
        )
    await store.keep_receipts(tx.session, rows)
