"""Answer the costs of a visit: its lines and totals, and what the reader may do with them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.applications.matches.views import parties
from services.applications.placements import store as placements_store
from services.applications.preparation import store
from services.applications.preparation.model import SENDER, Readiness
from services.applications.preparation.model import costs as model
from services.applications.preparation.views import readiness
from services.applications.refusals import not_found
from shared.contracts.codes import CostBorne, Party, PreparationItem
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from shared.identity import Principal

_WRITERS = (Party.GUEST, Party.HOST, SENDER, Party.PROGRAMME)
_OPEN = frozenset(VISIT_GOING)


class Cost(ReadModel):
    """One line of a visit's costs."""

    id: UUID
    item: model.CostItem
    payer: model.Payer
    currency: Annotated[str, Field(description="ISO 4217.", examples=["EUR"])]
    planned: Annotated[Decimal, Field(examples=["120.50"])]
    actual: Annotated[Decimal | None, Field(description="Once it is known.", examples=["118.00"])]
    note: str
    by: Annotated[Party, Field(description="The side that wrote it.")]


class CostTotal(ReadModel):
    """The costs of one payer in one currency; `actual` sums up the lines whose actual amount is known."""

    payer: model.Payer
    currency: Annotated[str, Field(description="ISO 4217.", examples=["EUR"])]
    planned: Annotated[Decimal, Field(examples=["120.50"])]
    actual: Annotated[Decimal, Field(examples=["118.00"])]


def cost_of(row: store.Cost) -> Cost:
    """Return a line as the API answers it."""
    return Cost(
        id=row.id,
        item=row.line.item,
        payer=row.line.payer,
        currency=row.currency,
        planned=row.planned,
        actual=row.actual,
        note=row.note,
        by=Party(row.party),
    )


def totals_of(rows: Iterable[store.Cost]) -> list[CostTotal]:
    """Return the totals by payer and currency."""
    return [
        CostTotal(payer=total.payer, currency=total.currency, planned=total.planned, actual=total.actual)
        for total in model.totals(row.line for row in rows)
    ]


def writer(case: Case) -> Party | None:
    """Return the side for which somebody writes lines; None for a reader."""
    own = readiness.sides(case)
    return next((party for party in _WRITERS if party in own), None)


def may_change(case: Case, line: store.Cost) -> bool:
    """Return whether somebody may change a line: their own side's; the sender and the programme any."""
    party = writer(case)
    return party is not None and (party in {SENDER, Party.PROGRAMME} or line.party == party)


@dataclass(frozen=True, slots=True)
class CostList:
    """The costs of a visit for one reader; `own` are the lines that the reader may change.

    `digest` is that of the list which the sender confirms, `remark` what is left to do; `borne` is what the host said
    in the placement that it pays for.
    """

    visit_id: UUID
    reference: str | None
    lines: Sequence[Cost]
    own: frozenset[UUID]
    totals: Sequence[CostTotal]
    borne: Sequence[CostBorne]
    may_add: bool
    may_settle: bool
    settled: bool
    remark: str
    digest: str


async def cost_list(session: AsyncSession, principal: Principal, visit_id: UUID) -> CostList:
    """Return the costs of a visit. Raises `Refused` (404)."""
    case, visit = await parties.case_of_visit(session, principal, visit_id)
    rows = (await store.costs(session, [visit_id])).get(visit_id, [])
    standing = readiness.standing_of(await readiness.checklist(session, visit), PreparationItem.COSTS)
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
    open_ = visit.stands in _OPEN
    return CostList(
        visit_id=visit_id,
        reference=case.application.reference,
        lines=[cost_of(row) for row in rows],
        own=frozenset(row.id for row in rows if may_change(case, row)),
        totals=totals_of(rows),
        borne=offer.entry.costs_borne if offer is not None else (),
        may_add=open_ and writer(case) is not None,
        may_settle=open_ and bool(rows) and readiness.owns_item(case, PreparationItem.COSTS),
        settled=standing is not None and standing.ready is Readiness.THERE,
        remark=standing.remark if standing is not None else "",
        digest=model.list_digest(row.line for row in rows) or "",
    )


@dataclass(frozen=True, slots=True)
class CostToChange:
    """One line of the costs for the side that may change it; `may_remove` until the visit is over."""

    visit_id: UUID
    reference: str | None
    cost: Cost
    may_remove: bool


async def cost_to_change(session: AsyncSession, principal: Principal, visit_id: UUID, cost_id: UUID) -> CostToChange:
    """Return one line. Raises `Refused` (404), also for a reader who may not change it."""
    case, visit = await parties.case_of_visit(session, principal, visit_id)
    row = await store.cost(session, visit_id, cost_id)
    if row is None or not may_change(case, row):
        raise not_found()
    return CostToChange(visit_id, case.application.reference, cost_of(row), visit.stands in _OPEN)
