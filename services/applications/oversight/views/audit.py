"""Show auditors what was done and tried: refused attempts, changes, decisions, releases, looks, overrides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.overview.model import AuditFilters, AuditKind
from services.applications.overview.store import audit as store
from services.applications.partners.model import DecisionState
from shared.contracts.codes import IdentityField, Party
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest


class AttemptDetails(ReadModel):
    """The details of a refused attempt, without its content."""

    method: Annotated[str, Field(examples=["GET"])]
    route: Annotated[str, Field(examples=["/applications/matches/{match_id}"])]
    status: Annotated[int, Field(examples=[404])]
    more: Annotated[int, Field(description="Further ones in the same minute, which were only counted.", examples=[0])]


class ChangeDetails(ReadModel):
    """The kind and the names of the fields of a register entry that were changed, without their values."""

    kind: Annotated[str, Field(examples=["person"])]
    fields: Annotated[tuple[str, ...], Field(examples=[["unit"]])]


class DecisionDetails(ReadModel):
    """The day from which a decision about a partner applies, and its result."""

    since: date
    state: DecisionState
    withdrawn_by: str | None


class ReleaseDetails(ReadModel):
    """The fields released, the parties of the release, and its basis."""

    of: Party
    to: Party
    fields: tuple[IdentityField, ...]
    basis: str


class LookDetails(ReadModel):
    """For whom and for what something about people was read, and about how many."""

    audience: Annotated[str, Field(examples=["applicant"])]
    purpose: Annotated[str, Field(examples=["certificate"])]
    people: Annotated[int, Field(examples=[1])]


class OverrideDetails(ReadModel):
    """The application that a place was assigned to manually, and why, in the coordinator's own words."""

    application: UUID
    text: Annotated[str, Field(examples=["The host asked for an officer with this experience."])]


Details = AttemptDetails | ChangeDetails | DecisionDetails | ReleaseDetails | LookDetails | OverrideDetails
_DETAILS: dict[AuditKind, type[Details]] = {
    AuditKind.ATTEMPTS: AttemptDetails,
    AuditKind.REGISTER: ChangeDetails,
    AuditKind.PARTNERS: DecisionDetails,
    AuditKind.RELEASES: ReleaseDetails,
    AuditKind.LOOKS: LookDetails,
    AuditKind.OVERRIDES: OverrideDetails,
}


class AuditEntry(ReadModel):
    """One record of the audit trail."""

    kind: AuditKind
    id: Annotated[UUID, Field(description="Of the record; for a release or an override, of its match.")]
    at: AwareDatetime
    who: Annotated[str | None, Field(description="A sign-in name, or system:<what>; null for a stranger.")]
    what: Annotated[str, Field(description="What was done, as a code.", examples=["role"])]
    about: Annotated[str | None, Field(description="Ids of what it was about.", examples=[None])]
    country: Annotated[str | None, Field(examples=["AM"])]
    details: Details


@dataclass(frozen=True, slots=True)
class AuditList:
    """One page of the audit trail for a page; the total is counted up to 10,000."""

    shown: list[AuditEntry]
    total: int


async def audit_page(
    session: AsyncSession, filters: AuditFilters, until: datetime | None, request: PageRequest
) -> Page[AuditEntry]:
    """Return one page of the records before `until`, newest first."""
    lines = await store.by_cursor(session, filters, until, request)
    return page_of(
        lines, request, AuditEntry, lambda line: _entry(filters.kind, line), lambda line: [line.at, line.id, line.part]
    )


async def audit_list(session: AsyncSession, filters: AuditFilters, page: int) -> AuditList:
    """Return one page of 50 for a page, newest first."""
    lines, total = await store.page(session, filters, page)
    return AuditList([_entry(filters.kind, line) for line in lines], total)


async def all_entries(session: AsyncSession, filters: AuditFilters) -> list[AuditEntry]:
    """Return all that fits, newest first; 10,000 at the most."""
    return [_entry(filters.kind, line) for line in await store.everything(session, filters)]


def _entry(kind: AuditKind, line: store.Line) -> AuditEntry:
    return AuditEntry(
        kind=kind,
        id=line.id,
        at=line.at,
        who=line.who,
        what=line.what,
        about=line.about,
        country=line.country,
        details=_DETAILS[kind].model_validate(line.details),
    )
