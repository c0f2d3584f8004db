"""Store the bank's questions, and the tests made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.reporting.assessments.model.bank import Question, QuestionFilters, QuestionKind, Test, TestState
from services.reporting.tables import Table
from shared.contracts.codes import TestPhase
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)


class QuestionRow(Table, table=True):
    """A question in one of its versions; a question that was asked once is never deleted."""

    __tablename__ = "question"
    __table_args__ = (sa.Index("question_bank", "newest", "topic", "id"),)

    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    newest: bool
    topic: str
    area: str | None = None
    kind: str
    text: str
    answers: list[str] = Field(sa_type=JSONB)
    right: list[int] = Field(sa_type=JSONB, description="Places in `answers`, from 0")
    points: int
    author: str = Field(description="Sign-in subject")
    at: datetime = Field(index=True, sa_type=_TIME)
    retired_at: datetime | None = Field(default=None, sa_type=_TIME)
    retired_by: str | None = Field(default=None, description="Sign-in subject")


class TestRow(Table, table=True):
    """A test: draft, published or closed."""

    __test__ = False  # or pytest would collect it by its name
    __tablename__ = "knowledge_test"

    id: UUID = Field(primary_key=True)
    title: str
    topic: str
    call_id: UUID | None = None
    state: str
    author: str = Field(description="Sign-in subject")
    at: datetime = Field(sa_type=_TIME)
    published_at: datetime | None = Field(default=None, sa_type=_TIME)
    closed_at: datetime | None = Field(default=None, sa_type=_TIME)
    published_by: str | None = Field(default=None, description="Sign-in subject")
    closed_by: str | None = Field(default=None, description="Sign-in subject")


class ItemRow(Table, table=True):
    """A question of a test in one of its forms; `version` is none until the test is published, then stays."""

    __tablename__ = "test_item"
    __table_args__ = (sa.Index("test_item_question", "question_id"),)

    test_id: UUID = Field(primary_key=True)
    phase: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    question_id: UUID
    version: int | None = None


def _conditions(filters: QuestionFilters) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on the rows."""
    found: list[sa.ColumnElement[bool]] = [col(QuestionRow.newest).is_(True)]
    if filters.topic:
        found.append(col(QuestionRow.topic) == filters.topic)
    if filters.area:
        found.append(col(QuestionRow.area) == filters.area)
    retired = col(QuestionRow.retired_at)
    return [*found, retired.is_not(None) if filters.retired else retired.is_(None)]


async def lock(session: AsyncSession) -> None:
    """Let one person change the bank at a time until the transaction ends; reading goes on."""
    await session.execute(sa.text("LOCK TABLE question IN SHARE ROW EXCLUSIVE MODE"))


async def questions(
    session: AsyncSession, filters: QuestionFilters, limit: int, offset: int = 0
) -> tuple[list[Question], int, int]:
    """Return the newest versions, by topic and the earlier written first; their number, and that of the others.

    The others: retired questions if those in use are asked for, and the reverse.
    """
    other = replace(filters, retired=not filters.retired)
    counts = [
        await session.scalar(sa.select(sa.func.count()).select_from(QuestionRow).where(*_conditions(each))) or 0
        for each in (filters, other)
    ]
    query = select(QuestionRow).where(*_conditions(filters)).order_by(col(QuestionRow.topic), col(QuestionRow.id))
    rows = await session.scalars(query.limit(limit).offset(offset))
    return [_question(row) for row in rows], counts[0], counts[1]


async def questions_page(session: AsyncSession, filters: QuestionFilters, request: PageRequest) -> list[Question]:
    """Return one page of the newest versions, by topic and the earlier written first; `since`: written then."""
    query = select(QuestionRow).where(*_conditions(filters))
    if request.since is not None:
        query = query.where(col(QuestionRow.at) >= request.since)
    rows = await session.scalars(cut(query, (col(QuestionRow.topic), col(QuestionRow.id)), request))
    return [_question(row) for row in rows]


async def bank(session: AsyncSession, topic: str) -> dict[UUID, Question]:
    """Return what can be asked on a topic: the newest versions that are not retired, the earlier written first."""
    conditions = _conditions(QuestionFilters(topic=topic))
    rows = await session.scalars(select(QuestionRow).where(*conditions).order_by(col(QuestionRow.id)))
    return {row.id: _question(row) for row in rows}


async def versions(session: AsyncSession, question_id: UUID) -> list[Question]:
    """Return a question in all its versions, the newest first; none if there is no such question."""
    query = select(QuestionRow).where(col(QuestionRow.id) == question_id).order_by(col(QuestionRow.version).desc())
    return [_question(row) for row in await session.scalars(query)]


async def add(session: AsyncSession, question: Question) -> None:
    """Save a version; it is the newest from now on."""
    older = sa.update(QuestionRow).where(col(QuestionRow.id) == question.id).values(newest=False)
    await session.execute(older)
    values = {name: getattr(question, name) for name in _QUESTION}
    kept = {"answers": list(question.answers), "right": list(question.right), "kind": question.kind.value}
    session.add(QuestionRow(**{**values, **kept}, newest=True))
    await session.flush()


async def retire(session: AsyncSession, question_id: UUID, at: datetime | None, by: str | None) -> None:
    """Retire a question, or (None) return it to use."""
    change = sa.update(QuestionRow).where(col(QuestionRow.id) == question_id)
    await session.execute(change.values(retired_at=at, retired_by=by))


async def drop(session: AsyncSession, question_id: UUID) -> None:
    """Delete a question that is in no test."""
    await session.execute(sa.delete(QuestionRow).where(col(QuestionRow.id) == question_id))


async def used(session: AsyncSession, question_id: UUID) -> list[Test]:
    """Return the tests that have a question, in any version, the newest first."""
    query = select(ItemRow.test_id).where(col(ItemRow.question_id) == question_id).distinct()
    ids = list(await session.scalars(query.order_by(col(ItemRow.test_id))))
    return await _tests(session, col(TestRow.id).in_(ids))


async def tests(session: AsyncSession) -> list[Test]:
    """Return all tests, the newest first; a few hundred at most."""
    return await _tests(session)


async def tests_page(session: AsyncSession, request: PageRequest) -> list[Test]:
    """Return one page of the tests, the newest first; `since`: written, published or closed then."""
    query = select(TestRow)
    rows = await session.scalars(cut(query, (col(TestRow.at), col(TestRow.id)), request, newest=True))
    return await _with_items(session, list(rows))


async def open_tests(session: AsyncSession) -> list[Test]:
    """Return the published tests."""
    return await _tests(session, col(TestRow.state) == TestState.PUBLISHED.value)


async def test(session: AsyncSession, test_id: UUID) -> Test | None:
    """Return the test with that id."""
    found = await _tests(session, col(TestRow.id) == test_id)
    return found[0] if found else None


test.__test__ = False  # type: ignore[attr-defined]  # or pytest would collect it by its name


async def keep(session: AsyncSession, test: Test, versions: Mapping[UUID, Question] | None = None) -> None:
    """Save a test. With `versions` also its questions, in these versions, for good."""
    values = {name: getattr(test, name) for name in _TEST}
    await session.merge(TestRow(**{**values, "state": test.state.value}))
    if test.state is TestState.CLOSED:  # its questions are stored already
        return
    await session.execute(sa.delete(ItemRow).where(col(ItemRow.test_id) == test.id))
    session.add_all(
        ItemRow(
            test_id=test.id,
            phase=phase.value,
            place=place,
            question_id=id_,
            version=versions[id_].version if versions else None,
        )
        for phase, ids in sorted(test.forms.items())
        for place, id_ in enumerate(ids, 1)
    )
    await session.flush()


async def remove(session: AsyncSession, test: Test) -> None:
    """Delete a draft."""
    await session.execute(sa.delete(ItemRow).where(col(ItemRow.test_id) == test.id))
    await session.execute(sa.delete(TestRow).where(col(TestRow.id) == test.id))


async def form(session: AsyncSession, test_id: UUID, phase: TestPhase) -> list[Question]:
    """Return the questions of one form of a published test, in its versions and order."""
    for each in (phase, TestPhase.PRE):
        query = (
            select(QuestionRow)
            .join(
                ItemRow,
                sa.and_(
                    col(ItemRow.question_id) == col(QuestionRow.id), col(ItemRow.version) == col(QuestionRow.version)
                ),
            )
            .where(col(ItemRow.test_id) == test_id, col(ItemRow.phase) == each.value)
        )
        found = [_question(row) for row in await session.scalars(query.order_by(col(ItemRow.place)))]
        if found:
            return found
    return []


async def _tests(session: AsyncSession, *conditions: sa.ColumnElement[bool]) -> list[Test]:
    query = select(TestRow).where(*conditions).order_by(col(TestRow.at).desc(), col(TestRow.id))
    return await _with_items(session, list(await session.scalars(query)))


async def _with_items(session: AsyncSession, rows: Sequence[TestRow]) -> list[Test]:
    items = select(ItemRow).where(col(ItemRow.test_id).in_([row.id for row in rows]))
    forms: dict[UUID, dict[TestPhase, list[UUID]]] = {}
    order = col(ItemRow.test_id), col(ItemRow.phase), col(ItemRow.place)
    for item in await session.scalars(items.order_by(*order)) if rows else ():
        forms.setdefault(item.test_id, {}).setdefault(TestPhase(item.phase), []).append(item.question_id)
    return [_test(row, forms.get(row.id, {})) for row in rows]


_TEST = ("id", "title", "topic", "call_id", "author", "at", "published_at", "closed_at", "published_by", "closed_by")


def _test(row: TestRow, forms: Mapping[TestPhase, Sequence[UUID]]) -> Test:
    values: dict[str, Any] = {name: getattr(row, name) for name in _TEST}
    return Test(**values, state=TestState(row.state), forms={phase: tuple(ids) for phase, ids in forms.items()})


_QUESTION = ("id", "version", "topic", "area", "text", "points", "author", "at", "retired_at", "retired_by")


def _question(row: QuestionRow) -> Question:
    values: dict[str, Any] = {name: getattr(row, name) for name in _QUESTION}
    return Question(**values, kind=QuestionKind(row.kind), answers=tuple(row.answers), right=tuple(row.right))


async def questions_by_topic(session: AsyncSession, topics: Collection[str]) -> dict[str, int]:
    """Return how many questions in use there are on each of these topics."""
    conditions = [*_conditions(QuestionFilters()), col(QuestionRow.topic).in_(sorted(topics))]
    query = sa.select(col(QuestionRow.topic), sa.func.count()).where(*conditions).group_by(col(QuestionRow.topic))
    return {topic: int(count) for topic, count in (await session.execute(query.order_by(col(QuestionRow.topic)))).all()}
