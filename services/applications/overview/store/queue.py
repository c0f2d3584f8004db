"""The queries of a coordinator's queue: which applications, in which projected state, and how many of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from services.applications.access import store as access_store
from services.applications.application.store.applications import Application
from services.applications.application.store.standings import DUE_NOW, Standing
from services.applications.overview.model import QueueFilters
from services.applications.register.store.entries import Organisation
from services.applications.review import store as review_store
from services.applications.tables import PAGE, one_page
from shared.contracts.codes import UNION, ApplicationState, Role
from shared.contracts.lifecycle import Unit
from shared.contracts.lifecycle.state_sets import APPLICATION_ASKED
from shared.identity.scope import coordinated, national_only
from shared.time.workdays import due
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.model import Deciders
    from shared.identity import Principal
    from shared.web.paging import PageRequest

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
_A: sa.Table = Application.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
_S: sa.Table = Standing.__table__  # type: ignore[attr-defined]  # as above
_O: sa.Table = Organisation.__table__  # type: ignore[attr-defined]  # as above
_DECIDABLE = (ApplicationState.SUBMITTED, ApplicationState.ENDORSED, ApplicationState.APPEALED)
"""The states in which an application may need somebody who decides."""
_ELIGIBLE = _A.c.state == ApplicationState.ELIGIBLE
SHOWN: sa.ColumnElement[str] = sa.case(
    (_ELIGIBLE, sa.func.coalesce(_S.c.state, ApplicationState.IN_MATCHING.value)), else_=_A.c.state
)
SINCE: sa.ColumnElement[datetime] = sa.case((_ELIGIBLE, sa.func.coalesce(_S.c.since, _A.c.since)), else_=_A.c.since)
# The deadline of the next step: before the matching that of the state, later that of its match, visit or mentorship.
# An application that has ended keeps the deadline for an appeal, which is a right and nobody's task.
DUE: sa.ColumnElement[datetime | None] = sa.case((_A.c.state.in_(APPLICATION_ASKED), _A.c.due), else_=DUE_NOW)
_JOIN = sa.join(_A, _S, _S.c.application_id == _A.c.id, isouter=True)
_SORTS: dict[str, sa.ColumnElement[Any]] = {
    "reference": _A.c.reference,
    "country": _A.c.country,
    "call": _A.c.call_id,
    "state": SHOWN,
    "since": SINCE,
    "age": _A.c.submitted_at,
    "due": DUE,
}


def _profile_field(name: str) -> sa.ColumnElement[Any]:
    """Return a field of the profile that was last submitted, as text."""
    return sa.cast(_A.c.profile[name].astext, sa.Text)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the queue: no name, so that a list can be shown to all who may see the case."""

    id: UUID
    reference: str
    kind: str
    country: str
    organisation_id: UUID | None
    subject: str
    call_id: UUID
    own_state: str
    state: str
    since: datetime
    due: datetime | None
    submitted_at: datetime
    needs: bool

    @property
    def tickable(self) -> bool:
        """Return whether the reader can decide on it together with others; an appeal is decided by itself."""
        return self.needs and self.own_state != ApplicationState.APPEALED


@dataclass(frozen=True)
class Reader:
    """The reader of a queue, the time, and the countries and EU agencies that have a coordinator or a deputy."""

    principal: Principal
    now: datetime
    deciders: Deciders

    @cached_property
    def by_silence(self) -> sa.ColumnElement[bool]:
        """The condition of cases that passed to the programme: no decision in time, or nobody to decide."""
        passed_on = access_store.by_silence(
            self.deciders,
            self.now,
            country=_A.c.country,
            organisation_id=_A.c.organisation_id,
            call_id=_A.c.call_id,
            due=_A.c.due,
            person=_A.c.subject,
        )
        return sa.and_(_A.c.state == ApplicationState.SUBMITTED, passed_on)

    @cached_property
    def needs(self) -> sa.ColumnElement[bool]:
        """The condition of cases that the reader can decide now, so none that concern the reader.

        These are endorsements and appeals; for the programme also eligibility and what came to it by silence.
        """
        any_of = [
            sa.and_(
                _A.c.state == ApplicationState.SUBMITTED,
                coordinated(national_only(self.principal), country=_A.c.country, organisation=_A.c.organisation_id),
            )
        ]
        if self.principal.has(Role.PROGRAMME_COORDINATOR):
            any_of += [_A.c.state == ApplicationState.ENDORSED, self.by_silence]
        any_of.append(sa.and_(_A.c.state == ApplicationState.APPEALED, review_store.waits_for(self.principal)))
        concerning = sorted(self.deciders.ties.concerning(self.principal.subject))
        return sa.and_(sa.or_(*any_of), _A.c.subject != sa.all_(sa.literal(concerning, ARRAY(sa.Text))))


def _due(which: str, now: datetime) -> sa.ColumnElement[bool]:
    # Days, as people count them and deadlines end with them: on a Friday the whole of the next one is within a week.
    week = due(now, 1, Unit.WEEKS, UNION)
    match which:
        case "overdue":
            return now > DUE
        case "week":
            return sa.and_(now <= DUE, week >= DUE)
        case "later":
            return week < DUE
    return sa.false()


def _age(which: str, now: datetime) -> sa.ColumnElement[bool]:
    sent = _A.c.submitted_at
    match which:
        case "week":
            return sent >= now - WEEK
        case "month":
            return sa.and_(sent < now - WEEK, sent >= now - MONTH)
        case "older":
            return sent < now - MONTH
    return sa.false()


def _where(reader: Reader, filters: QueueFilters) -> list[sa.ColumnElement[bool]]:
    among = [
        coordinated(reader.principal, country=_A.c.country, organisation=_A.c.organisation_id),
        _A.c.submitted_at.is_not(None),
    ]
    if filters.state:
        among.append(SHOWN == filters.state)  # noqa: SIM300 - SQLAlchemy's operator, which the other order loses on mypy
    if filters.needs:
        among.append(reader.needs if filters.needs == "me" else reader.by_silence)
    if filters.due:
        among.append(_due(filters.due, reader.now))
    if filters.age:
        among.append(_age(filters.age, reader.now))
    columns = {
        _A.c.country: filters.country,
        _A.c.call_id: filters.call_id,
        _A.c.kind: filters.kind,
        _A.c.organisation_id: filters.organisation_id,
        _profile_field("mode"): filters.mode,
        _profile_field("rank_group"): filters.rank_group,
        _profile_field("service"): filters.service,
    }
    among += [column == value for column, value in columns.items() if value]
    if filters.first_time is not None:
        among.append(_profile_field("first_time") == ("true" if filters.first_time else "false"))
    if filters.reference:
        among.append(_A.c.reference.contains(filters.reference.upper(), autoescape=True))
    return among


def _lines(reader: Reader, among: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    return (
        sa.select(
            _A.c.id,
            _A.c.reference,
            _A.c.kind,
            _A.c.country,
            _A.c.organisation_id,
            _A.c.subject,
            _A.c.call_id,
            _A.c.state,
            SHOWN.label("shown"),
            SINCE.label("since"),
            DUE.label("due"),
            _A.c.submitted_at,
            reader.needs.label("needs"),
        )
        .select_from(_JOIN)
        .where(*among)
    )


def _changed(since: datetime) -> sa.CompoundSelect[Any]:
    """Return the applications that were saved, or came into their own or projected state, at `since` or later."""
    return sa.union(
        sa.select(_A.c.id).where(_A.c.saved_at >= since),
        sa.select(_A.c.id).where(_A.c.since >= since),
        sa.select(_S.c.application_id).where(_S.c.since >= since),
    )


async def listed(session: AsyncSession, reader: Reader, filters: QueueFilters, request: PageRequest) -> list[Line]:
    """Return one page of the submitted applications within reach by id, and one more where there is a next page."""
    query = _lines(reader, _where(reader, filters))
    if request.since is not None:
        query = query.where(_A.c.id.in_(_changed(request.since)))
    return [Line(*row) for row in (await session.execute(cut(query, [_A.c.id], request))).all()]


async def count(session: AsyncSession, reader: Reader, filters: QueueFilters) -> int:
    """Return how many submitted applications are within reach."""
    return await _count(session, _where(reader, filters))


async def _count(session: AsyncSession, among: Sequence[sa.ColumnElement[bool]]) -> int:
    return int((await session.execute(sa.select(sa.func.count()).select_from(_JOIN).where(*among))).scalar_one())


async def lines(session: AsyncSession, reader: Reader, filters: QueueFilters, page: int = 1) -> list[Line]:
    """Return one page of the submitted applications within reach; what needs the reader comes first."""
    among = _where(reader, filters)
    by = _SORTS.get(filters.sort.lstrip("-"))
    if by is not None:
        order = by.desc().nulls_last() if filters.sort.startswith("-") else by.asc().nulls_last()
        return await _read(session, one_page(_lines(reader, among).order_by(order, _A.c.id), page))
    # What needs the reader is few among thousands, and found by its state: mostly nothing else is read and sorted.
    own = [*among, _A.c.state.in_(_DECIDABLE), reader.needs]
    found = await _read(session, one_page(_in_turn(reader, own), page, PAGE))
    if len(found) == PAGE or filters.needs == "me":
        return found
    before = (page - 1) * PAGE
    own_before = before if found or not before else await _count(session, own)
    others = _in_turn(reader, [*among, reader.needs.is_not(sa.true())])
    return found + await _read(session, others.limit(PAGE - len(found)).offset(before - own_before))


def _in_turn(reader: Reader, among: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    return _lines(reader, among).order_by(DUE.asc().nulls_last(), _A.c.id)


async def _read(session: AsyncSession, query: sa.Select[Any]) -> list[Line]:
    return [Line(*row) for row in (await session.execute(query)).all()]


@dataclass(frozen=True, slots=True)
class Figures:
    """The number of cases by state as shown, and of urgent ones."""

    states: dict[str, int]
    needs: int
    silence: int
    overdue: int
    week: int


async def figures(session: AsyncSession, reader: Reader, filters: QueueFilters) -> Figures:
    """Return the figures on top of the queue: each counts exactly the rows that the filter of the same name shows."""
    among = _where(reader, filters.wide())
    pressing = [reader.needs, reader.by_silence, _due("overdue", reader.now), _due("week", reader.now)]
    counts = (sa.func.count(), *(sa.func.count().filter(condition) for condition in pressing))
    query = sa.select(SHOWN.label("shown"), *counts).select_from(_JOIN).where(*among).group_by(SHOWN)
    rows = (await session.execute(query)).all()
    states = {str(row[0]): int(row[1]) for row in rows}
    return Figures(states, *(sum(int(row[place]) for row in rows) for place in range(2, 2 + len(pressing))))


async def of_call(session: AsyncSession, call_id: UUID) -> dict[str, int]:
    """Return how many submitted applications of a call are in each state as shown; for the whole programme."""
    among = (_A.c.call_id == call_id, _A.c.submitted_at.is_not(None))
    query = sa.select(SHOWN.label("shown"), sa.func.count()).select_from(_JOIN).where(*among).group_by(SHOWN)
    return {str(state): int(count) for state, count in (await session.execute(query)).all()}


async def organisations(session: AsyncSession, reader: Reader) -> Sequence[UUID]:
    """Return the organisations that have a case in the queue: the choices of its filter."""
    case = sa.exists().where(*_where(reader, QueueFilters()), _A.c.organisation_id == _O.c.id)
    return list((await session.execute(sa.select(_O.c.id).where(case).order_by(_O.c.id).limit(500))).scalars())
