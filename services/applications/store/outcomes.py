"""What has come in about a visit or a mentorship? A projection of `exchange.outcomes`: what is in, not the answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.store.base import Table
from services.applications.store.rows import write_rows
from shared.contracts import outcomes as told
from shared.contracts.codes import FollowUpBy, Respondent, TestPhase
from shared.contracts.outcomes import OutcomeEvent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class OutcomeIn(Table, table=True):
    """Something that is in, given by `of`: `what` is evaluation, report, follow_up, waiver, or one of `TESTS`."""

    __tablename__ = "outcome_in"

    subject: UUID = Field(primary_key=True, description="Visit or mentorship")
    what: str = Field(primary_key=True)
    of: str = Field(primary_key=True, description="The respondent")
    application_id: UUID = Field(index=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    late: bool = False


class TestAskedRow(Table, table=True):
    """A test that reporting asks a guest to take before or after a visit, until `due`."""

    __test__ = False  # or pytest would collect it by its name
    __tablename__ = "test_asked"

    subject: UUID = Field(primary_key=True, description="Visit")
    what: str = Field(primary_key=True, description="One of `TESTS`")
    due: datetime = Field(sa_type=sa.DateTime(timezone=True))


TESTS: dict[TestPhase, str] = {TestPhase.PRE: "test_before", TestPhase.POST: "test_after"}
"""What the form of a test is called, which is also the purpose of the ticket into it."""


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `evolve` of exchange.outcomes for what is in, and for the tests that are asked."""
    rows: dict[tuple[UUID, str, str], dict[str, Any]] = {}
    tests: dict[tuple[UUID, str], dict[str, Any]] = {}
    for event in events:
        match event.data:
            case told.EvaluationSubmitted(respondent=of, late=late):
                what = "evaluation"
            case told.ReportSubmitted(late=late):
                what, of = "report", Respondent.GUEST
            case told.FollowUpSubmitted(by=by):
                what, of, late = "follow_up", by, False  # type: ignore[assignment]
            case told.TestScored(phase=phase):
                what, of, late = TESTS[phase], Respondent.GUEST, False
            case told.TestAsked(phase=phase, due=due):
                asked = UUID(event.subject), TESTS[phase]
                tests[asked] = {"subject": asked[0], "what": asked[1], "due": due}
                continue
            case told.EvaluationWaived(respondent=of):
                what, late = "waiver", False
            case _:
                continue
        assert isinstance(event.data, OutcomeEvent)
        key = (UUID(event.subject), what, of.value)
        rows[key] = {
            "subject": key[0],
            "what": what,
            "of": of.value,
            "application_id": event.data.application_id,
            "at": event.time,
            "late": late,
        }
    await write_rows(tx.session, OutcomeIn, rows.values())
    await write_rows(tx.session, TestAskedRow, tests.values())
    if rows or tests:
        await tx.changed("matches")


async def of_subjects(session: AsyncSession, subjects: Collection[UUID]) -> set[tuple[UUID, str, str]]:
    """What is in about these visits or mentorships, as (subject, what, of)."""
    query = select(OutcomeIn).where(col(OutcomeIn.subject).in_(sorted(subjects))).order_by(col(OutcomeIn.subject))
    return {(one.subject, one.what, one.of) for one in await session.scalars(query)}


async def tests_of(session: AsyncSession, visit_id: UUID) -> dict[str, datetime]:
    """Which tests are asked about a visit, and until when."""
    query = select(TestAskedRow).where(TestAskedRow.subject == visit_id).order_by(col(TestAskedRow.what).desc())
    return {one.what: one.due for one in await session.scalars(query)}


async def manager_followed_up(session: AsyncSession, application_id: UUID) -> bool:
    """Whether the line manager has answered the follow-up of an application."""
    query = select(OutcomeIn.subject).where(
        OutcomeIn.application_id == application_id, OutcomeIn.what == "follow_up", OutcomeIn.of == FollowUpBy.MANAGER
    )
    return (await session.scalars(query.limit(1))).first() is not None
