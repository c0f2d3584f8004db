"""Serve the audit trail to an auditor's programs."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.applications.guards import Overseer
from services.applications.oversight.views import audit
from services.applications.oversight.views.audit import AuditEntry
from services.applications.overview.model import AuditFilters, AuditKind
from services.applications.parameters import BusDep
from shared.contracts.base import Country, IsoMoment
from shared.time.dates import EARLIEST, LATEST
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/audit", tags=["audit"])


@router.get("", operation_id="list_audit_entries")
async def read(
    _: Overseer,
    bus: BusDep,
    page: PageDep,
    kind: AuditKind = AuditKind.ATTEMPTS,
    who: Annotated[str | None, Query(max_length=200, description="A sign-in name.")] = None,
    what: Annotated[str | None, Query(max_length=100, description="A code, as in the answers.")] = None,
    country: Country | None = None,
    until: Annotated[
        IsoMoment | None, Query(ge=EARLIEST, le=LATEST, description="Only what happened before then.")
    ] = None,
) -> Page[AuditEntry]:
    """Return one kind of records: attempts, register, partners, releases, looks or overrides; newest first."""
    async with bus.read() as session:
        return await audit.audit_page(session, AuditFilters(kind, who, what, country), until, page)
