"""Answer the preparation of a visit: the state of each item, the sheets that the reader may read, costs and letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from services.applications.matches.views import parties
from services.applications.overview.views.participation import VisitView, visit_view
from services.applications.preparation import model, store
from services.applications.preparation.model import (
    AccessNeeds,
    Arrival,
    Authorisation,
    EmergencyContact,
    Insurance,
    Readiness,
    Settled,
    Visa,
)
from services.applications.preparation.model.costs import list_digest
from services.applications.preparation.model.letters import LetterKind
from services.applications.preparation.views import readiness
from services.applications.preparation.views.costs import Cost, CostTotal, cost_of, totals_of
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import Party, PreparationItem
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


class ItemState(ReadModel):
    """The state of one item of a preparation, and the party that brings it."""

    state: Readiness
    owner: Party
    remark: Annotated[str, Field(description="What is wrong with it, or left to do.")]


class WrittenSheet(ReadModel):
    """The sheet about one item."""

    details: Authorisation | Visa | Insurance | Arrival | EmergencyContact | AccessNeeds | Settled


class Letter(ReadModel):
    """A letter about a visit, without its document."""

    number: Annotated[str, Field(description="Anybody who has the paper can check it.", examples=["LT-7F3K-9QXM-2D8R"])]
    kind: LetterKind
    version: int
    start: date
    end: date
    digest: Annotated[str, Field(description="The SHA-256 of the document.")]
    at: AwareDatetime


class Preparation(ReadModel):
    """The preparation of a visit; only the sheets that the reader may read."""

    due: Annotated[AwareDatetime | None, Field(description="When all must be ready; null without dates.")]
    complete: bool
    items: dict[PreparationItem, ItemState]
    sheets: dict[PreparationItem, WrittenSheet]
    costs: list[Cost]
    totals: list[CostTotal]
    lines: Annotated[str | None, Field(description="The digest of the costs, by which the sender confirms the list.")]
    letters: list[Letter]


def letter_of(row: store.Letter) -> Letter:
    """Return a letter as the API answers it."""
    return Letter(
        number=row.number,
        kind=LetterKind(row.kind),
        version=row.version,
        start=row.start,
        end=row.end,
        digest=row.digest,
        at=row.at,
    )


async def preparation(session: AsyncSession, principal: Principal, visit_id: UUID) -> Preparation:
    """Return the preparation of a visit. Raises `Refused` (404)."""
    view = await visit_view(session, principal, visit_id)
    written = (await store.sheets(session, [visit_id]))[visit_id]
    lines = (await store.costs(session, [visit_id])).get(visit_id, [])
    readable = await readiness.readable_items(session, view.of.case)
    letters = (await store.letters(session, [visit_id]))[visit_id]
    checklist = view.checklist
    reads_letters = bool(readiness.sides(view.of.case) & model.READERS[PreparationItem.INVITATION])
    return Preparation(
        due=view.preparation_due,
        complete=checklist is not None and checklist.complete,
        items={
            standing.item: ItemState(state=standing.ready, owner=standing.owner, remark=standing.remark)
            for standing in (checklist.standings if checklist is not None else ())
        },
        sheets={
            item: WrittenSheet.model_validate({"details": row.sheet})
            for item, row in written.items()
            if item in readable
        },
        costs=[cost_of(line) for line in lines],
        totals=totals_of(lines),
        lines=list_digest(line.line for line in lines),
        letters=[letter_of(row) for row in letters] if reads_letters else [],
    )


@dataclass(frozen=True, slots=True)
class PreparationPage:
    """A visit with the sheets of its preparation that the reader may read, by item."""

    view: VisitView
    sheets: dict[PreparationItem, model.Sheet]


async def preparation_page(session: AsyncSession, principal: Principal, visit_id: UUID) -> PreparationPage:
    """Return what the page of a preparation shows. Raises `Refused` (404)."""
    view = await visit_view(session, principal, visit_id)
    written = (await store.sheets(session, [visit_id]))[visit_id]
    readable = await readiness.readable_items(session, view.of.case)
    return PreparationPage(view, {item: row.sheet for item, row in written.items() if item in readable})


@dataclass(frozen=True, slots=True)
class SheetToFill:
    """A sheet as its owner finds it: None where nothing is written; `person` is the reader."""

    reference: str | None
    sheet: model.Sheet | None
    person: entries.Person | None


async def sheet_to_fill(
    session: AsyncSession, principal: Principal, visit_id: UUID, item: PreparationItem
) -> SheetToFill:
    """Return one sheet for its owner. Raises `Refused` (404), for anybody else too."""
    case, _ = await parties.case_of_visit(session, principal, visit_id)
    if not readiness.owns_item(case, item):
        raise not_found()
    row = (await store.sheets(session, [visit_id]))[visit_id].get(item)
    person = await entries.person(session, principal.subject)
    return SheetToFill(case.application.reference, None if row is None else row.sheet, person)


@dataclass(frozen=True, slots=True)
class LetterList:
    """The letters of a visit, by kind and the newest first, and what is wrong with them or left to do."""

    view: VisitView
    letters: Sequence[Letter]
    remark: str


async def letter_list(session: AsyncSession, principal: Principal, visit_id: UUID) -> LetterList:
    """Return the letters of a visit. Raises `Refused` (404), also for somebody who may not read them."""
    view = await visit_view(session, principal, visit_id)
    if not readiness.sides(view.of.case) & model.READERS[PreparationItem.INVITATION]:
        raise not_found()
    rows = (await store.letters(session, [visit_id]))[visit_id]
    standing = readiness.standing_of(view.checklist, PreparationItem.INVITATION)
    return LetterList(view, [letter_of(row) for row in rows], standing.remark if standing is not None else "")
