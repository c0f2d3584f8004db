"""List the answers that are asked for, with their states: a row for each form and respondent of each ended case.

The list is computed from cases, calls, received forms, drafts, reminders and closings, so nothing must be kept in step.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.reporting.answers.model.waves import MISSING, STATES, Answer, AnswerFilter, Rate, Reopened
from services.reporting.tables import Table
from shared.contracts.calls import Timers
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
# Long before any programme, and late enough that the query can subtract 800 days.
_EARLIEST, _LATEST = date(1990, 1, 1), date(2200, 1, 1)


class Closing(Table, table=True):
    """Answers to one form of a call that were due by a day are no longer taken, from some moment on."""

    __tablename__ = "wave_closing"

    id: UUID = Field(primary_key=True)
    call_id: UUID = Field(index=True)
    form: str
    respondent: str
    due_until: date = Field(description="Answers due later than this day are still taken")
    reason: str = Field(description="In words, shown to people who come too late: never in an event")
    closed_by: str
    closed_at: datetime = Field(sa_type=_TIME)
    reopened_by: str | None = None
    reopened_at: datetime | None = Field(default=None, sa_type=_TIME)


class Reminder(Table, table=True):
    """The last reminder of an answer by hand, and the number of reminders."""

    __tablename__ = "answer_reminder"

    case_id: UUID = Field(primary_key=True)
    form: str = Field(primary_key=True)
    respondent: str = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME)
    times: int = 1


class ClosedAnswer(Table, table=True):
    """An answer that an event has announced as closed; closings are computed, and announced answer by answer."""

    __tablename__ = "closed_answer"

    case_id: UUID = Field(primary_key=True)
    form: str = Field(primary_key=True)
    respondent: str = Field(primary_key=True)
    call_id: UUID = Field(index=True)
    due: date
    at: datetime = Field(sa_type=_TIME)


# `told_as` is the respondent as the log names it: for a follow-up, self or manager.
_ANSWERS = """
SELECT c.id AS case_id, c.application_id, c.call_id, c.kind, c.country, c.topic, c.ended_on,
  w.form, w.respondent, w.due,
  coalesce(r.late, false) AS late,
  CASE WHEN r.case_id IS NOT NULL THEN 'submitted' WHEN v.case_id IS NOT NULL THEN 'waived'
       WHEN x.call_id IS NOT NULL THEN 'closed' WHEN d.case_id IS NOT NULL THEN 'begun'
       WHEN w.due < :today THEN 'late' ELSE 'due' END AS state,
  m.at AS reminded_at, coalesce(m.times, 0) AS times, w.place
FROM "case" c LEFT JOIN call k ON k.id = c.call_id
CROSS JOIN LATERAL (VALUES
  (1, 'evaluation', CASE c.kind WHEN 'visit' THEN 'guest' ELSE 'mentee' END,
   CASE c.kind WHEN 'visit' THEN 'guest' ELSE 'mentee' END,
   c.ended_on + coalesce((k.timers->>'evaluation_days')::int, :evaluation_days)),
  (2, 'evaluation', CASE c.kind WHEN 'visit' THEN 'host' ELSE 'mentor' END,
   CASE c.kind WHEN 'visit' THEN 'host' ELSE 'mentor' END,
   c.ended_on + coalesce((k.timers->>'evaluation_days')::int, :evaluation_days)),
  (3, 'report', 'guest', 'guest',
   CASE c.kind WHEN 'visit' THEN c.ended_on + coalesce((k.timers->>'report_days')::int, :report_days) END),
  (4, 'follow_up', CASE c.kind WHEN 'visit' THEN 'guest' ELSE 'mentee' END, 'self',
   CASE c.state WHEN 'completed' THEN (c.ended_on
     + make_interval(months => coalesce((k.timers->>'follow_up_months')::int, :follow_up_months)))::date END),
  (5, 'follow_up', 'line_manager', 'manager',
   CASE c.state WHEN 'completed' THEN (c.ended_on
     + make_interval(months => coalesce((k.timers->>'follow_up_months')::int, :follow_up_months)))::date END),
  (6, 'evaluation', 'national_coordinator', 'national_coordinator',
   CASE c.state WHEN 'completed' THEN (c.ended_on
     + make_interval(months => coalesce((k.timers->>'follow_up_months')::int, :follow_up_months)))::date END)
) AS w (place, form, respondent, told_as, due)
LEFT JOIN received_answer r ON r.case_id = c.id AND r.form = w.form AND r.respondent = w.told_as
LEFT JOIN received_answer v ON v.case_id = c.id AND v.form = 'waiver' AND v.respondent = w.respondent
  AND w.form = 'evaluation'
LEFT JOIN answer_draft d ON d.case_id = c.id AND d.form = w.form AND d.respondent = w.respondent
LEFT JOIN answer_reminder m ON m.case_id = c.id AND m.form = w.form AND m.respondent = w.respondent
LEFT JOIN (
  SELECT call_id, form, respondent, max(due_until) AS due_until FROM wave_closing
  WHERE reopened_at IS NULL GROUP BY call_id, form, respondent
) x ON x.call_id = c.call_id AND x.form = w.form AND x.respondent = w.respondent AND x.due_until >= w.due
WHERE c.ended_on BETWEEN CAST(:since AS date) - 800 AND :until AND c.state <> 'voided'
  AND w.due BETWEEN :since AND :until
  AND (w.place < 4
       OR w.due - coalesce((k.timers->>'follow_up_window_days')::int, :follow_up_window_days) <= :today)
  AND (:form = '' OR w.form = :form) AND (:respondent = '' OR w.respondent = :respondent)
  AND (:country = '' OR c.country = :country)
  AND (CAST(:call_id AS uuid) IS NULL OR c.call_id = CAST(:call_id AS uuid))
"""
_TIMERS = ("evaluation_days", "report_days", "follow_up_months", "follow_up_window_days")
_COLUMNS = (
    "case_id, application_id, call_id, kind, country, topic, ended_on, form, respondent, due, late, state,"
    " reminded_at, times"
)
# These texts are made of the constants above only, so no input is put into SQL.
LIST = (
    f"SELECT {_COLUMNS} FROM ({_ANSWERS}) AS a WHERE state = ANY(:states)"  # noqa: S608 - constants of ours
    " ORDER BY ended_on DESC, case_id, place LIMIT :limit OFFSET :offset"
)
_TO_REMIND = (
    f"SELECT {_COLUMNS} FROM ({_ANSWERS}) AS a WHERE state = ANY(:states)"  # noqa: S608 - constants of ours
    " AND (reminded_at IS NULL OR reminded_at < :before) AND (CAST(:case_id AS uuid) IS NULL OR case_id = :case_id)"
    " ORDER BY due, case_id, place LIMIT :limit"
)
# Closed, and not announced yet. A form that was submitted just now arrives by the log a moment later.
UNTOLD = (
    f"SELECT {_COLUMNS} FROM ({_ANSWERS}) AS a WHERE state = 'closed' AND NOT EXISTS (SELECT 1 FROM closed_answer t"  # noqa: S608 - constants of ours
    " WHERE t.case_id = a.case_id AND t.form = a.form AND t.respondent = a.respondent)"
    " AND NOT EXISTS (SELECT 1 FROM submission s"
    " WHERE s.case_id = a.case_id AND s.form = a.form AND s.respondent = a.respondent)"
    " ORDER BY case_id, place LIMIT :limit"
)
# Announced as closed, and not covered by a closing any more: it was reopened, or is due later now, since the call's
# terms or the day of the end changed. `over`: it was submitted, waived or voided meanwhile.
OPEN_AGAIN = f"""
SELECT t.case_id, t.form, t.respondent, coalesce(a.due, t.due) AS due,
  c.application_id, c.kind, c.country, c.topic, c.ended_on,
  c.state = 'voided' OR coalesce(a.state = 'submitted', false) OR EXISTS (
    SELECT 1 FROM submission s WHERE s.case_id = t.case_id AND s.form = t.form AND s.respondent = t.respondent)
  OR EXISTS (
    SELECT 1 FROM received_answer v WHERE v.case_id = t.case_id AND v.form = 'waiver' AND v.respondent = t.respondent
      AND t.form = 'evaluation') AS over
FROM closed_answer t JOIN "case" c ON c.id = t.case_id
LEFT JOIN ({_ANSWERS}) AS a ON a.case_id = t.case_id AND a.form = t.form AND a.respondent = t.respondent
WHERE t.call_id = :call_id AND NOT EXISTS (
  SELECT 1 FROM wave_closing x WHERE x.call_id = t.call_id AND x.form = t.form AND x.respondent = t.respondent
    AND x.due_until >= coalesce(a.due, t.due) AND x.reopened_at IS NULL)
ORDER BY t.case_id, t.form, t.respondent LIMIT :limit
"""  # noqa: S608 - constants of ours
# One column for each state, since a group for each state would be sorted on disk if there are many answers.
_RATES = (
    "SELECT form, respondent, count(*) FILTER (WHERE due < :today AND state <> 'waived') AS due,"  # noqa: S608 - constants of ours
    " count(*) FILTER (WHERE due < :today AND state = 'submitted') AS answered, count(*) FILTER (WHERE late) AS late, "
    + ", ".join(f"count(*) FILTER (WHERE state = '{state}')" for state in STATES)
    + f" FROM ({_ANSWERS}) AS a GROUP BY place, form, respondent ORDER BY place, respondent"
)


def parameters(filters: AnswerFilter, today: date) -> dict[str, Any]:
    """Return the parameters of the queries, except limits."""
    defaults = Timers().model_dump(include=set(_TIMERS))
    return {**asdict(filters), "states": list(filters.states), "today": today, **defaults}


async def answers(
    session: AsyncSession, filters: AnswerFilter, today: date, limit: int, offset: int = 0
) -> list[Answer]:
    """Return the answers that are asked for, the last ended cases first."""
    values = {**parameters(filters, today), "limit": limit, "offset": offset}
    return [Answer(*row) for row in await session.execute(sa.text(LIST), values)]


async def rates(session: AsyncSession, filters: AnswerFilter, today: date) -> list[Rate]:
    """Return how each form is answered, in all states; what was waived is not due."""
    rows = await session.execute(sa.text(_RATES), parameters(filters, today))
    return [
        Rate(form, respondent, due, answered, late, dict(zip(STATES, many, strict=True)))
        for form, respondent, due, answered, late, *many in rows
    ]


async def to_remind(
    session: AsyncSession, filters: AnswerFilter, today: date, before: datetime, limit: int, case_id: UUID | None = None
) -> list[Answer]:
    """Return missing answers without a reminder since `before`, the oldest first; only of one case if given."""
    states = [state for state in filters.states if state in MISSING]
    values = {**parameters(filters, today), "states": states, "before": before, "limit": limit, "case_id": case_id}
    return [Answer(*row) for row in await session.execute(sa.text(_TO_REMIND), values)]


async def reminded(session: AsyncSession, answer: Answer, at: datetime, before: datetime) -> bool:
    """Note a reminder; return False if somebody else has sent one since `before`."""
    values = {"case_id": answer.case_id, "form": answer.form, "respondent": answer.respondent, "at": at, "times": 1}
    new = insert(Reminder).values(**values)
    once_more = new.on_conflict_do_update(
        index_elements=["case_id", "form", "respondent"],
        set_={"at": at, "times": col(Reminder.times) + 1},
        where=col(Reminder.at) < before,
    )
    return (await session.execute(once_more.returning(col(Reminder.case_id)))).first() is not None


async def lock(session: AsyncSession, call_id: UUID) -> None:
    """Let one person at a time close waves of a call until the commit."""
    key = {"key": f"closings/{call_id}"}
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def close(session: AsyncSession, **values: Any) -> Closing:
    """Save a closing; see `Closing`."""
    row = Closing(id=new_id(), **values)
    session.add(row)
    return row


async def closing(session: AsyncSession, closing_id: UUID) -> Closing | None:
    """Return one closing, locked for this transaction."""
    return await session.get(Closing, closing_id, with_for_update=True, populate_existing=True)


async def closings(session: AsyncSession) -> list[Closing]:
    """Return the present closings, the newest first."""
    query = select(Closing).where(col(Closing.reopened_at).is_(None))
    return list(await session.scalars(query.order_by(col(Closing.closed_at).desc(), col(Closing.id)).limit(100)))


async def standing(session: AsyncSession, call_ids: Collection[UUID]) -> list[Closing]:
    """Return all present closings of these calls."""
    query = select(Closing).where(col(Closing.call_id).in_(sorted(call_ids)), col(Closing.reopened_at).is_(None))
    return list(await session.scalars(query.order_by(col(Closing.id))))


async def closed(session: AsyncSession, call_id: UUID, form: str, respondent: str, due: date | None) -> Closing | None:
    """Return the closing that covers an answer that was due on that day, if there is one."""
    if due is None:
        return None
    query = select(Closing).where(
        Closing.call_id == call_id,
        Closing.form == form,
        Closing.respondent == respondent,
        Closing.due_until >= due,
        col(Closing.reopened_at).is_(None),
    )
    return await session.scalar(query.order_by(col(Closing.closed_at)).limit(1))


async def calls_with_closings(session: AsyncSession) -> list[UUID]:
    """Return the calls with a closed wave, or with an answer that an event announced as closed."""
    closed = sa.select(col(Closing.call_id)).where(col(Closing.reopened_at).is_(None))
    either = closed.union(sa.select(col(ClosedAnswer.call_id))).subquery()
    return list(await session.scalars(sa.select(either.c.call_id).order_by(either.c.call_id)))


async def unannounced(session: AsyncSession, call_id: UUID, today: date, limit: int) -> list[Answer]:
    """Return the closed answers of a call that no event has announced yet."""
    values = {**parameters(AnswerFilter(_EARLIEST, today, call_id=call_id), today), "limit": limit}
    return [Answer(*row) for row in await session.execute(sa.text(UNTOLD), values)]


async def note_closing_announced(session: AsyncSession, answer: Answer, at: datetime) -> bool:
    """Note that an event announced an answer as closed; return False if one did before."""
    row = {"case_id": answer.case_id, "form": answer.form, "respondent": answer.respondent, "call_id": answer.call_id}
    new = insert(ClosedAnswer).values(**row, due=answer.due, at=at).on_conflict_do_nothing()
    return (await session.execute(new.returning(col(ClosedAnswer.case_id)))).first() is not None


async def open_again(session: AsyncSession, call_id: UUID, today: date, limit: int) -> list[Reopened]:
    """Return answers of a call that an event announced as closed, and that are not any more."""
    values = {**parameters(AnswerFilter(_EARLIEST, _LATEST, call_id=call_id), today), "limit": limit}
    rows = await session.execute(sa.text(OPEN_AGAIN), values)
    return [Reopened(*row) for row in rows]


async def note_opening_announced(session: AsyncSession, answer: Reopened) -> bool:
    """Note that an answer is no longer announced as closed; return False if somebody else noted it before."""
    gone = sa.delete(ClosedAnswer).where(
        col(ClosedAnswer.case_id) == answer.case_id,
        col(ClosedAnswer.form) == answer.form,
        col(ClosedAnswer.respondent) == answer.respondent,
    )
    return (await session.execute(gone.returning(col(ClosedAnswer.case_id)))).first() is not None
