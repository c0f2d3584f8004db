"""Store which guests are asked to take which test, and their answers; a row from the request on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from services.reporting.cases.store import CaseRow, of_row
from services.reporting.tables import Table
from shared.bus.db.locking import for_update
from shared.contracts.codes import TestPhase, VisitState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.assessments.model.bank import Test
    from services.reporting.cases.model import Case

_TIME = sa.DateTime(timezone=True)


class Sitting(Table, table=True):
    """One test of one guest: asked, begun, submitted. Answers by place, from which the points were counted."""

    __tablename__ = "sitting"
    __table_args__ = (sa.Index("sitting_test", "test_id"),)

    case_id: UUID = Field(primary_key=True)
    phase: str = Field(primary_key=True)
    test_id: UUID
    application_id: UUID
    asked_at: datetime = Field(sa_type=_TIME)
    answers: dict[str, list[int]] = Field(sa_type=JSONB)
    saved_at: datetime | None = Field(default=None, sa_type=_TIME)
    handed_in_at: datetime | None = Field(default=None, sa_type=_TIME)
    score: int | None = None
    maximum: int | None = None

    @property
    def chosen(self) -> dict[int, tuple[int, ...]]:
        """The answers by number, as the model uses them."""
        return {int(place): tuple(chosen) for place, chosen in self.answers.items()}


@dataclass(frozen=True, slots=True)
class Participation:
    """The number of people asked to take a test, and of those who submitted it before and after the visit."""

    invited: int
    before: int
    after: int


NOBODY = Participation(0, 0, 0)


async def lock(session: AsyncSession, *, alone: bool) -> None:
    """Keep the publishing of a test (`alone`) apart from the requests for tests that events of visits cause.

    Otherwise a visit that becomes known at the moment of publishing would be missed by both. Requests for tests do not
    wait for each other.
    """
    mode = "SHARE ROW EXCLUSIVE" if alone else "ROW EXCLUSIVE"
    await session.execute(sa.text(f"LOCK TABLE knowledge_test IN {mode} MODE"))


async def ask(
    session: AsyncSession, wanted: Mapping[UUID, tuple[Case, UUID]], phase: TestPhase, at: datetime
) -> set[UUID]:
    """Note that the guests of these visits are asked to take these tests; return those not asked before."""
    rows = [
        {
            "case_id": case_id,
            "phase": phase.value,
            "test_id": test_id,
            "application_id": case.application_id,
            "asked_at": at,
            "answers": {},
        }
        for case_id, (case, test_id) in sorted(wanted.items())
    ]
    new: set[UUID] = set()
    for first in range(0, len(rows), 1000):  # PostgreSQL limits the parameters of a statement
        added = (
            insert(Sitting).values(rows[first : first + 1000]).on_conflict_do_nothing().returning(col(Sitting.case_id))
        )
        new |= set(await session.scalars(added))
    return new


async def sittings(session: AsyncSession, cases: Collection[UUID]) -> dict[tuple[UUID, TestPhase], Sitting]:
    """Return what was asked and answered about these visits."""
    query = select(Sitting).where(col(Sitting.case_id).in_(sorted(cases)))
    rows = await session.scalars(query.order_by(col(Sitting.case_id), col(Sitting.phase)))
    return {(row.case_id, TestPhase(row.phase)): row for row in rows}


async def both(session: AsyncSession, case_id: UUID, *, locked: bool = False) -> dict[TestPhase, Sitting]:
    """Return the two tests of a visit, as far as they were asked for; `locked` until the transaction ends."""
    query = select(Sitting).where(col(Sitting.case_id) == case_id).order_by(col(Sitting.phase))
    if locked:
        query = for_update(query)
    return {TestPhase(row.phase): row for row in await session.scalars(query)}


_TAKEN = """
SELECT test_id, count(*) FILTER (WHERE phase = 'pre'),
       count(*) FILTER (WHERE phase = 'pre' AND handed_in_at IS NOT NULL),
       count(*) FILTER (WHERE phase = 'post' AND handed_in_at IS NOT NULL)
FROM sitting WHERE test_id = ANY(:tests) GROUP BY test_id ORDER BY test_id
"""


async def participation(session: AsyncSession, tests: Collection[UUID]) -> dict[UUID, Participation]:
    """Return for each of these tests how many were asked and have submitted it."""
    rows = await session.execute(sa.text(_TAKEN), {"tests": sorted(tests)})
    return {test_id: Participation(invited, before, after) for test_id, invited, before, after in rows}


async def to_come(session: AsyncSession, test: Test, today: date) -> Sequence[Case]:
    """Return the visits to come on a test's topic (and of its call) whose guest no test was asked of yet.

    A mentoring pair's own visits have none: their application is that of the mentorship.
    """
    pair, wanted = aliased(CaseRow), col(Sitting.case_id)
    conditions = [
        col(CaseRow.kind) == "visit",
        col(CaseRow.state) == VisitState.SCHEDULED.value,
        col(CaseRow.topic) == test.topic,
        col(CaseRow.start) > today,
        ~sa.exists().where(wanted == col(CaseRow.id), col(Sitting.phase) == TestPhase.PRE.value),
        ~sa.exists().where(col(pair.application_id) == col(CaseRow.application_id), col(pair.kind) == "mentorship"),
    ]
    if test.call_id is not None:
        conditions.append(col(CaseRow.call_id) == test.call_id)
    rows = await session.scalars(select(CaseRow).where(*conditions).order_by(col(CaseRow.id)))
    return [of_row(row) for row in rows]


def values_of(answers: Mapping[int, Sequence[int]]) -> dict[str, list[int]]:
    """Return answers as they are stored."""
    return {str(place): list(chosen) for place, chosen in sorted(answers.items())}
