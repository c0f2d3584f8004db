"""Show training needs, and preview what importing a table of them would do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.calls import store as calls_store
from services.applications.needs import store
from services.applications.needs.model import (
    Cell,
    ImportState,
    Plan,
    Row,
    plan,
    read_table,
)
from services.applications.needs.store import Filters
from services.applications.refusals import not_found
from services.applications.register.views.history import entry_events
from services.applications.register.views.scope import scope_of
from shared.contracts.codes import Expertise
from shared.identity.scope import countries_visible, may_see_country
from shared.time import clock
from shared.time.arrival import arrived
from shared.web.items import ListedVersion
from shared.web.paging import page_of
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.display import TimelineEntry
    from shared.identity import Principal
    from shared.web.paging import PageRequest


class Need(ReadModel):
    """A training need: who is to learn what, how many, and to which level."""

    id: UUID
    country: Annotated[str, Field(examples=["AM"])]
    scheme: Annotated[str, Field(description="The scheme of the topic.", examples=["empact-2026"])]
    topic_code: Annotated[str, Field(examples=["online_crime"])]
    area: Annotated[Expertise | None, Field(description="Null for the topic as a whole.")]
    level: Annotated[int, Field(description="1 basic, 2 advanced, 3 expert.", examples=[2])]
    quantity: Annotated[int, Field(description="How many people are to be trained.", examples=[12])]
    since: date
    until: date
    withdrawn: bool
    changed_at: AwareDatetime


class ListedNeed(Need):
    """A need in a list, with the version of the record."""

    version: ListedVersion


class ListedNeeds(ReadModel):
    """One page of training needs with their versions, and the sums of all pages."""

    items: list[ListedNeed]
    next: Annotated[
        str | None, Field(description="The `cursor` of the next page; null on the last one.", examples=[None])
    ]
    total: Annotated[int, Field(description="How many needs there are in all.", examples=[2])]
    people: Annotated[int, Field(description="How many people are to be trained in all.", examples=[17])]


class NeedList(ReadModel):
    """One page of training needs, and the sums of all pages."""

    items: tuple[Need, ...]
    next: Annotated[
        str | None, Field(description="The `cursor` of the next page; null on the last one.", examples=[None])
    ]
    total: Annotated[int, Field(description="How many needs there are in all.", examples=[2])]
    people: Annotated[int, Field(description="How many people are to be trained in all.", examples=[17])]


class ImportProblem(ReadModel):
    """An error in one cell of an uploaded table, and its remedy."""

    row: Annotated[int, Field(description="Counts from 1, the header.", examples=[3])]
    column: Annotated[str, Field(description="Empty for the row as a whole.", examples=["level"])]
    written: Annotated[str, Field(description="What the cell says.", examples=["7"])]
    remedy: Annotated[str, Field(examples=["Write 1, 2 or 3."])]


class ImportResult(ReadModel):
    """The number of rows of a table that were added, changed, unchanged and left out."""

    added: int
    changed: int
    unchanged: int
    wrong: Annotated[int, Field(description="How many rows were left out, as something in them is wrong.")]


class ImportPreview(ReadModel):
    """An uploaded table, and what importing it would do now: the numbers of its rows, counted from 1, the header."""

    id: UUID
    filename: Annotated[str, Field(examples=["needs.csv"])]
    state: ImportState
    expires_at: Annotated[AwareDatetime, Field(description="Until when it can be confirmed.")]
    seen: Annotated[
        str, Field(description="Send it with the confirmation, to notice changes since.", examples=["2-0-1-0"])
    ]
    added: Annotated[tuple[int, ...], Field(examples=[[2, 3]])]
    changed: tuple[int, ...]
    unchanged: tuple[int, ...]
    wrong: tuple[ImportProblem, ...]
    result: Annotated[ImportResult | None, Field(description="Null until it is imported.")]


class Withdrawn(ReadModel):
    """The confirmation that something was withdrawn."""

    withdrawn: bool


class Discarded(ReadModel):
    """The confirmation that an uploaded table was discarded."""

    discarded: bool


@dataclass(frozen=True, slots=True)
class WaitingUpload:
    """An uploaded table that waits for confirmation."""

    id: UUID
    filename: str


@dataclass(frozen=True, slots=True)
class NeedListing:
    """One page of the list of needs, with its sums, and the reader's newest upload that waits."""

    shown: list[Need]
    total: int
    people: int
    upload: WaitingUpload | None


@dataclass(frozen=True, slots=True)
class CitingCall:
    """A call that answers a need."""

    id: UUID
    reference: str
    title: str
    state: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class NeedDetails:
    """A need with its history, newest first, and the calls that answer it."""

    need: Need
    events: list[TimelineEntry]
    citing: list[CitingCall]


@dataclass(frozen=True, slots=True)
class Preview:
    """An uploaded table with the plan of its import, row by row."""

    shown: ImportPreview
    plan: Plan


def need_view(row: store.Need) -> Need:
    """Return the read model of a need."""
    return Need.model_validate(row.model_dump() | {"area": row.area or None})


async def need(session: AsyncSession, principal: Principal, need_id: UUID) -> Need:
    """Return a need that the principal may see. Raises `Refused` (404)."""
    row = await store.need(session, need_id)
    if row is None or not may_see_country(principal, row.country):
        raise not_found()
    return need_view(row)


async def need_list(session: AsyncSession, principal: Principal, filters: Filters, request: PageRequest) -> NeedList:
    """Return one page of the needs that the principal sees, in the order in which they were entered."""
    countries = countries_visible(principal)
    rows = await store.needs_page(session, countries, filters, request)
    total, people = await store.sums(session, countries, filters)
    page = page_of(rows, request, Need, need_view, lambda row: [row.id])
    return NeedList(items=tuple(page.items), next=page.next, total=total, people=people)


async def need_listing(session: AsyncSession, principal: Principal, filters: Filters, page: int) -> NeedListing:
    """Return one page of the list of needs for a page."""
    countries = countries_visible(principal)
    rows = await store.needs(session, countries, filters, page)
    total, people = await store.sums(session, countries, filters)
    uploads = await store.waiting_uploads(session, principal.subject, clock.now())
    upload = WaitingUpload(uploads[0].id, uploads[0].filename) if uploads else None
    return NeedListing([need_view(row) for row in rows], total, people, upload)


async def need_details(session: AsyncSession, principal: Principal, need_id: UUID) -> NeedDetails:
    """Return a need as its page shows it. Raises `Refused` (404)."""
    found_need, now = await need(session, principal, need_id), clock.now()
    return NeedDetails(
        found_need,
        await entry_events(session, ("need",), need_id, scope_of(principal)),
        [
            CitingCall(call.id, call.reference, call.title, call.shown_state(now), call.deadline)
            for call in await calls_store.citing(session, need_id)
        ],
    )


async def preview(session: AsyncSession, principal: Principal, import_id: UUID) -> Preview:
    """Return what importing the principal's own table would do now. Raises `Refused` (404)."""
    return await preview_of(session, principal, own_upload(principal, await store.upload(session, import_id)))


def own_upload(principal: Principal, upload: store.NeedImport | None) -> store.NeedImport:
    """Return the upload if it is the principal's and has not expired. Raises `Refused` (404)."""
    if (
        upload is None
        or upload.subject != principal.subject
        or (upload.state == ImportState.WAITS and upload.expires_at <= arrived())
    ):
        raise not_found()
    return upload


async def preview_of(session: AsyncSession, principal: Principal, upload: store.NeedImport) -> Preview:
    """Return what importing an upload would do now."""
    rows = _rows(upload)
    stored = await store.same(session, [row.entry for row in rows if row.entry is not None])
    quantities = {key: (need.quantity, need.withdrawn) for key, need in stored.items()}
    planned = plan(rows, quantities, countries_visible(principal))
    import_preview = ImportPreview(
        id=upload.id,
        filename=upload.filename,
        state=ImportState(upload.state),
        expires_at=upload.expires_at,
        seen=planned.mark,
        added=tuple(row.number for row in planned.added),
        changed=tuple(row.number for row, _ in planned.changed),
        unchanged=tuple(row.number for row in planned.unchanged),
        wrong=tuple(
            ImportProblem(row=problem.row, column=problem.column, written=problem.written, remedy=problem.remedy)
            for problem in planned.wrong
        ),
        result=import_result(upload),
    )
    return Preview(import_preview, planned)


def import_result(upload: store.NeedImport) -> ImportResult | None:
    """Return what importing an upload did; None until then."""
    return ImportResult.model_validate(upload.result) if upload.result else None


def _rows(upload: store.NeedImport) -> list[Row]:
    return read_table([[Cell(text, formula) for text, formula in line] for line in upload.cells]).rows


__all__ = [
    "CitingCall",
    "Discarded",
    "Filters",
    "ImportPreview",
    "ImportProblem",
    "ImportResult",
    "Need",
    "NeedDetails",
    "NeedList",
    "NeedListing",
    "Preview",
    "WaitingUpload",
    "Withdrawn",
    "import_result",
    "need",
    "need_details",
    "need_list",
    "need_listing",
    "need_view",
    "own_upload",
    "preview",
    "preview_of",
]
