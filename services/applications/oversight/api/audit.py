"""Serve the audit trail to an auditor's programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.applications.guards import Overseer
from services.applications.oversight.forms import AuditFiltersDep
from services.applications.overview.store import audit as store
from services.applications.parameters import BusDep

router = APIRouter(prefix="/applications/api/v1/audit", tags=["audit"])


@router.get("")
async def read(
    _: Overseer, bus: BusDep, filters: AuditFiltersDep, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> dict[str, Any]:
    """One page (50) of a kind: attempts, register, partners, releases, looks; the newest first."""
    async with bus.read() as session:
        lines, total = await store.page(session, filters, page)
    names = ("at", "who", "what", "about", "country", "details")
    return {"lines": [{name: getattr(line, name) for name in names} for line in lines], "total": total}
