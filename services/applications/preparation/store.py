"""Store the sheets, costs, letters and rules of preparations. All of it stays in the portal."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import defer
from sqlmodel import Field, col, select

from services.applications.preparation.model import SHEETS, Rule, Sheet
from services.applications.preparation.model.costs import CostItem, Line, Payer
from services.applications.preparation.model.letters import StatedFacts
from services.applications.tables import Table
from shared.bus.db.documents import JsonDocument
from shared.contracts.codes import PreparationItem

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
MOST_RULES = 500


class StoredSheet(Table, table=True):
    """A sheet in its present version."""

    __tablename__ = "sheet"

    visit_id: UUID = Field(primary_key=True)
    item: str = Field(primary_key=True)
    details: dict[str, JsonValue] = Field(sa_type=JSONB)
    actor: str
    at: datetime = Field(sa_type=_TIME)

    @property
    def of(self) -> PreparationItem:
        """The subject that it is about."""
        return PreparationItem(self.item)

    @property
    def sheet(self) -> Sheet:
        """The sheet as it was written."""
        return SHEETS[self.of].model_validate(self.details)


class Cost(Table, table=True):
    """One line of a visit's costs."""

    __tablename__ = "cost"
    __table_args__ = (sa.Index("cost_visit", "visit_id", "id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    item: str
    note: str = ""
    payer: str
    currency: str
    planned: Decimal = Field(sa_type=sa.Numeric(12, 2))
    actual: Decimal | None = Field(default=None, sa_type=sa.Numeric(12, 2))
    party: str = Field(description="Which side wrote it")
    actor: str
    at: datetime = Field(sa_type=_TIME)

    @property
    def line(self) -> Line:
        """As the model reads it."""
        return Line(self.id, CostItem(self.item), Payer(self.payer), self.currency, self.planned, self.actual)


class TravelRule(Table, table=True):
    """A rule whether an item is required before travel, in a call or between countries; empty stands for any."""

    __tablename__ = "preparation_rule"
    __table_args__ = (
        sa.Index(
            "preparation_rule_once",
            "item",
            "call_id",
            "country",
            "host_country",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: UUID = Field(primary_key=True)
    item: str
    required: bool
    call_id: UUID | None = None
    country: str | None = None
    host_country: str | None = None
    actor: str
    at: datetime = Field(sa_type=_TIME)

    @property
    def rule(self) -> Rule:
        """As the model reads it."""
        return Rule(PreparationItem(self.item), self.required, self.call_id, self.country, self.host_country)


async def sheets(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, dict[PreparationItem, StoredSheet]]:
    """Return, by visit and thing, what was written."""
    query = select(StoredSheet).where(col(StoredSheet.visit_id).in_(sorted(visit_ids)))
    found: dict[UUID, dict[PreparationItem, StoredSheet]] = {id_: {} for id_ in visit_ids}
    for sheet in await session.scalars(query.order_by(col(StoredSheet.visit_id), col(StoredSheet.item))):
        found[sheet.visit_id][sheet.of] = sheet
    return found


async def put_sheet(session: AsyncSession, row: StoredSheet) -> None:
    """Write a sheet, the first or the next version."""
    new = insert(StoredSheet).values(**row.model_dump())
    changes = {name: new.excluded[name] for name in ("details", "actor", "at")}
    await session.execute(new.on_conflict_do_update(index_elements=["visit_id", "item"], set_=changes))


async def costs(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, list[Cost]]:
    """Return, by visit, the lines in the order in which they were written."""
    found: dict[UUID, list[Cost]] = defaultdict(list)
    query = select(Cost).where(col(Cost.visit_id).in_(sorted(visit_ids)))
    for row in await session.scalars(query.order_by(col(Cost.visit_id), col(Cost.id))):
        found[row.visit_id].append(row)
    return found


async def cost(session: AsyncSession, visit_id: UUID, cost_id: UUID) -> Cost | None:
    """Return one line of a visit; the match's row is the lock."""
    found = await session.get(Cost, cost_id)
    return found if found is not None and found.visit_id == visit_id else None


async def rules(session: AsyncSession) -> list[TravelRule]:
    """Return the programme's decisions about what is required, the newest first; there are few."""
    return list(await session.scalars(select(TravelRule).order_by(col(TravelRule.id).desc()).limit(MOST_RULES)))


async def rule(session: AsyncSession, rule_id: UUID) -> TravelRule | None:
    """Return one decision."""
    return await session.get(TravelRule, rule_id)


async def lock_rules(session: AsyncSession) -> None:
    """Let nobody else change what is required before travel until the commit, so that nothing is decided twice."""
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('preparation.rules'))"))


async def same_rule(session: AsyncSession, rule: Rule) -> TravelRule | None:
    """Return the decision about the same item, call and countries, if there is one."""
    query = select(TravelRule).where(
        TravelRule.item == rule.item,
        col(TravelRule.call_id).is_not_distinct_from(rule.call_id),
        col(TravelRule.country).is_not_distinct_from(rule.country),
        col(TravelRule.host_country).is_not_distinct_from(rule.host_country),
    )
    return await session.scalar(query)


class Letter(Table, table=True):
    """A letter about a visit, by its number; a later one of its kind replaces it."""

    __tablename__ = "letter"
    __table_args__ = (sa.Index("letter_visit", "visit_id", "kind", "version", unique=True),)

    number: str = Field(primary_key=True, description="Cannot be guessed: whoever holds the paper can verify it")
    visit_id: UUID
    kind: str
    version: int
    start: date
    end: date
    facts: StatedFacts = Field(sa_type=JsonDocument(StatedFacts), description="What it says")
    digest: str = Field(description="SHA-256 of the document")
    document: bytes = Field(sa_type=sa.LargeBinary, description="PDF")
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def letter(session: AsyncSession, number: str) -> Letter | None:
    """Return one letter by its number, with its document."""
    return await session.get(Letter, number)


async def letters(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, list[Letter]]:
    """Return, by visit, its letters without the documents, by kind and the newest first."""
    found: dict[UUID, list[Letter]] = {id_: [] for id_ in visit_ids}
    query = select(Letter).where(col(Letter.visit_id).in_(sorted(visit_ids))).options(defer(Letter.document))  # type: ignore[arg-type]  # a column of the mapped class
    for row in await session.scalars(
        query.order_by(col(Letter.visit_id), col(Letter.kind), col(Letter.version).desc())
    ):
        found[row.visit_id].append(row)
    return found


async def newest_letters(session: AsyncSession, visit_id: UUID, kind: str, version: int | None = None) -> Letter | None:
    """Return the newest letter of a kind, or the given version, with its document."""
    query = select(Letter).where(Letter.visit_id == visit_id, Letter.kind == kind)
    if version is not None:
        query = query.where(Letter.version == version)
    return await session.scalar(query.order_by(col(Letter.version).desc()).limit(1))
