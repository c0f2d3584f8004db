"""Show all answers that are asked for, how many of each form are in, and which waves are closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.reporting.answers.model.waves import (
    BENCHMARKS,
    MISSING,
    STATES,
    Answer,
    AnswerFilter,
    Rate,
    code_of,
    name_of,
)
from services.reporting.answers.store import waves
from services.reporting.cases import views as cases_views
from services.reporting.facts import views as facts_views
from shared.time import clock
from shared.web import states

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

PAUSE = timedelta(days=3)
"""Nobody is reminded of the same answer again before that."""
AT_ONCE = 500
"""The most reminders of one request: each is a mail."""


def quiet_since() -> datetime:
    """Return the moment after which nobody who was reminded is reminded again."""
    return clock.now() - PAUSE


@dataclass(frozen=True, slots=True)
class FormRate:
    """The response to one form: its name, its name in an address, and the benchmark and the share in per cent."""

    name: str
    code: str
    benchmark: int | None
    share: int | None
    rate: Rate

    @property
    def missing(self) -> int:
        """The number of forms still waited for."""
        return sum(self.rate.states[state] for state in MISSING)


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer that is asked for, with the reference of its application, its state and its form's name."""

    answer: Answer
    reference: str
    state: states.State
    code: str
    name: str
    remindable: bool

    @property
    def waited_for(self) -> bool:
        """Return whether it is still waited for."""
        return self.answer.state in MISSING


@dataclass(frozen=True, slots=True)
class ClosedWave:
    """A form of a call of which answers that were due by a day are no longer taken."""

    id: UUID
    form: str
    respondent: str
    name: str
    call: str
    due_until: date
    closed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class WaveList:
    """A page of the answers that are asked for, with their number, the rates of all forms, calls and closed waves."""

    lines: list[AnswerLine]
    total: int
    in_state: Mapping[str, int]
    rates: list[FormRate]
    calls: list[tuple[UUID, str]]
    closed: list[ClosedWave]

    @property
    def missing(self) -> int:
        """The number of forms still waited for."""
        return sum(self.in_state[state] for state in MISSING)


async def wave_list(session: AsyncSession, filters: AnswerFilter, limit: int, offset: int = 0) -> WaveList:
    """Return a page of the answers in `filters`."""
    rates = await waves.rates(session, filters, clock.today())
    in_state = {state: sum(rate.states[state] for rate in rates) for state in STATES}
    total = sum(in_state[state] for state in filters.states)
    # A search without any match would read everything.
    rows = await waves.answers(session, filters, clock.today(), limit, offset) if total else []
    references = await facts_views.references(session, {row.application_id for row in rows})
    calls = await cases_views.calls(session)
    known = dict(calls)
    return WaveList(
        [_line(row, references[row.application_id]) for row in rows],
        total,
        in_state,
        [_form_rate(rate) for rate in rates],
        calls,
        [
            ClosedWave(
                each.id,
                each.form,
                each.respondent,
                name_of(each.form, each.respondent),
                known.get(each.call_id, ""),
                each.due_until,
                each.closed_at,
                each.reason,
            )
            for each in await waves.closings(session)
        ],
    )


def _line(row: Answer, reference: str) -> AnswerLine:
    quiet = row.reminded_at is not None and row.reminded_at >= quiet_since()
    return AnswerLine(
        row,
        reference,
        states.state("outcome", row.state).for_others,
        code_of(row.form, row.respondent),
        name_of(row.form, row.respondent),
        remindable=row.state in MISSING and not quiet,
    )


def _form_rate(rate: Rate) -> FormRate:
    code = code_of(rate.form, rate.respondent)
    share = round(100 * rate.answered / rate.due) if rate.due else None
    return FormRate(name_of(rate.form, rate.respondent), code, BENCHMARKS.get(code), share, rate)


async def to_remind(session: AsyncSession, filters: AnswerFilter) -> int:
    """Return how many would be reminded of the answers in `filters` now, `AT_ONCE` at most."""
    return len(await waves.to_remind(session, filters, clock.today(), quiet_since(), AT_ONCE))
