"""The queries of a coordinator's queue: which applications, in which projected state, and how many of each.

A page is cut by the keys of its order, so that it reads about as many rows as it shows, however deep it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from services.applications.access import store as access_store
from services.applications.application.store.applications import Application
from services.applications.application.store.queue_entries import NEVER, QueueEntry
from services.applications.application.store.standings import Standing
from services.applications.overview.model import FIRST, FIRST_PAGE, Place, QueueFilters
from services.applications.register.store.entries import Organisation
from services.applications.review import store as review_store
from services.applications.tables import PAGE
from shared.contracts.codes import UNION, ApplicationState, Role
from shared.contracts.lifecycle import Unit
from shared.identity.scope import coordinated, coordinated_ranges, national_only
from shared.time.workdays import due
from shared.web.paging import PageRequest, cursor_of, cut, keys_of, not_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.model import Deciders
    from shared.identity import Principal

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
_A: sa.Table = Application.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
_E: sa.Table = QueueEntry.__table__  # type: ignore[attr-defined]  # as above
_S: sa.Table = Standing.__table__  # type: ignore[attr-defined]  # as above
_O: sa.Table = Organisation.__table__  # type: ignore[attr-defined]  # as above
_DECIDABLE = (ApplicationState.SUBMITTED, ApplicationState.ENDORSED, ApplicationState.APPEALED)
"""The states in which an application may need somebody who decides."""
_SORTS = {
    "reference": "reference",
    "country": "country",
    "call": "call_id",
    "state": "state",
    "age": "submitted_at",
    "due": "due",
}
"""The column of each order."""


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


@dataclass(frozen=True, slots=True)
class Lines:
    """One page of the queue: its number as shown, and the cursors of the pages before and after it."""

    lines: list[Line]
    page: int = 1
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class _Half:
    """The rows whose due date has changed by now, or has not: `due` is the column of their due date."""

    condition: sa.ColumnElement[bool]
    due: sa.ColumnElement[Any]


@dataclass(frozen=True)
class Reader:
    """The reader of a queue, the time, and the countries and EU agencies that have a coordinator or a deputy."""

    principal: Principal
    now: datetime
    deciders: Deciders

    @cached_property
    def ranges(self) -> list[sa.ColumnElement[bool]]:
        """The applications within reach, as conditions of which no two hold for one row."""
        return coordinated_ranges(self.principal, country=_E.c.country, organisation=_E.c.organisation_id)

    @property
    def one_place(self) -> bool:
        """Return whether they are all of one country, or of EU agencies."""
        return len(self.ranges) == 1 and not self.principal.has(Role.PROGRAMME_COORDINATOR)

    @cached_property
    def halves(self) -> tuple[_Half, _Half]:
        """Both halves: few dates have changed, since an event follows within minutes."""
        changed = _E.c.changes_at <= self.now
        return _Half(changed.is_not(sa.true()), _E.c.due), _Half(changed, _E.c.due_then)

    @cached_property
    def whole(self) -> _Half:
        """Both halves as one, where rows are not in the order of their due dates."""
        _, changed = self.halves
        return _Half(sa.true(), sa.case((changed.condition, changed.due), else_=_E.c.due))

    @cached_property
    def by_silence(self) -> sa.ColumnElement[bool]:
        """The condition of cases that passed to the programme: no decision in time, or nobody to decide."""
        passed_on = access_store.by_silence(
            self.deciders,
            self.now,
            country=_E.c.country,
            organisation_id=_E.c.organisation_id,
            call_id=_E.c.call_id,
            due=_E.c.due,
            person=_E.c.subject,
        )
        return sa.and_(_E.c.state == ApplicationState.SUBMITTED, passed_on)

    @cached_property
    def tasks(self) -> dict[ApplicationState, sa.ColumnElement[bool]]:
        """The condition of cases that the reader can decide now, so none that concern the reader, by state.

        These are endorsements and appeals; for the programme also eligibility and what came to it by silence.
        """
        programme = self.principal.has(Role.PROGRAMME_COORDINATOR)
        endorses = coordinated(national_only(self.principal), country=_E.c.country, organisation=_E.c.organisation_id)
        any_of = {
            ApplicationState.SUBMITTED: sa.or_(endorses, self.by_silence) if programme else endorses,
            ApplicationState.ENDORSED: sa.true() if programme else sa.false(),
            ApplicationState.APPEALED: _E.c.application_id.in_(review_store.waiting_for(self.principal)),
        }
        concerning = sorted(self.deciders.ties.concerning(self.principal.subject))
        others = _E.c.subject != sa.all_(sa.literal(concerning, ARRAY(sa.Text)))
        return {state: sa.and_(_E.c.state == state, able, others) for state, able in any_of.items()}

    @cached_property
    def needs(self) -> sa.ColumnElement[bool]:
        """The condition of all cases that the reader can decide now."""
        return sa.or_(*self.tasks.values())


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an order: its rows by columns and the id. `any_of` are conditions of which no two hold for one row."""

    by: tuple[str, ...]
    down: bool = False
    any_of: Sequence[sa.ColumnElement[bool]] = (sa.true(),)
    needs: bool | None = None
    dated: bool | None = None

    @property
    def merged(self) -> bool:
        """Return whether it depends on the due date, and so is read in halves."""
        return "due" in self.by or self.dated is not None


def _due(which: str, now: datetime, due_date: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    # Days, as people count them and deadlines end with them: on a Friday the whole of the next one is within a week.
    week = due(now, 1, Unit.WEEKS, UNION)
    match which:
        case "overdue":
            return due_date < now
        case "week":
            return sa.and_(due_date >= now, due_date <= week)
        case "later":
            return sa.and_(due_date > week, due_date < NEVER)
    return sa.false()


def _age(which: str, now: datetime) -> sa.ColumnElement[bool]:
    sent = _E.c.submitted_at
    match which:
        case "week":
            return sent >= now - WEEK
        case "month":
            return sa.and_(sent < now - WEEK, sent >= now - MONTH)
        case "older":
            return sent < now - MONTH
    return sa.false()


def _chosen(reader: Reader, filters: QueueFilters, half: _Half) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the filters."""
    among = [half.condition]
    if filters.needs:
        among.append(reader.needs if filters.needs == "me" else reader.by_silence)
    if filters.due:
        among.append(_due(filters.due, reader.now, half.due))
    if filters.age:
        among.append(_age(filters.age, reader.now))
    columns = {
        _E.c.state: filters.state,
        _E.c.country: filters.country,
        _E.c.call_id: filters.call_id,
        _E.c.kind: filters.kind,
        _E.c.organisation_id: filters.organisation_id,
        _E.c.mode: filters.mode,
        _E.c.rank_group: filters.rank_group,
        _E.c.service: filters.service,
    }
    among += [column == value for column, value in columns.items() if value]
    if filters.first_time is not None:
        among.append(_E.c.first_time.is_(filters.first_time))
    if filters.reference:
        among.append(_E.c.reference.contains(filters.reference.upper(), autoescape=True))
    return among


def _where(reader: Reader, filters: QueueFilters) -> list[sa.ColumnElement[bool]]:
    return [sa.or_(sa.false(), *reader.ranges), *_chosen(reader, filters, reader.whole)]


def _columns(reader: Reader, half: _Half, *, needs: bool | None = None) -> sa.Select[Any]:
    return sa.select(
        _E.c.application_id,
        _E.c.reference,
        _E.c.kind,
        _E.c.country,
        _E.c.organisation_id,
        _E.c.subject,
        _E.c.call_id,
        _E.c.own_state,
        _E.c.state,
        _E.c.since,
        half.due.label("due"),
        _E.c.submitted_at,
        (reader.needs if needs is None else sa.literal(needs)).label("needs"),
    )


def _line(row: Sequence[Any]) -> Line:
    line = Line(*row)
    return replace(line, due=None) if line.due == NEVER else line


def _changed(since: datetime) -> sa.CompoundSelect[Any]:
    """Return the applications that were saved, or came into their own or projected state, at `since` or later."""
    return sa.union(
        sa.select(_A.c.id).where(_A.c.saved_at >= since),
        sa.select(_A.c.id).where(_A.c.since >= since),
        sa.select(_S.c.application_id).where(_S.c.since >= since),
    )


async def listed(session: AsyncSession, reader: Reader, filters: QueueFilters, request: PageRequest) -> list[Line]:
    """Return one page of the submitted applications within reach by id, and one more where there is a next page."""
    query = _columns(reader, reader.whole).where(*_where(reader, filters))
    if request.since is not None:
        query = query.where(_E.c.application_id.in_(_changed(request.since)))
    return [_line(row) for row in (await session.execute(cut(query, [_E.c.application_id], request))).all()]


async def count(session: AsyncSession, reader: Reader, filters: QueueFilters) -> int:
    """Return how many submitted applications are within reach."""
    query = sa.select(sa.func.count()).select_from(_E).where(*_where(reader, filters))
    return int((await session.execute(query)).scalar_one())


async def lines(session: AsyncSession, reader: Reader, filters: QueueFilters, place: Place = FIRST_PAGE) -> Lines:
    """Return one page of the submitted applications within reach; what needs the reader comes first.

    Raises `Refused` (422) for a cursor of another list or order.
    """
    order = _Order(session, reader, filters)
    if place.before is not None:
        found = await order.read(place.before, back=True)
        if len(found) > PAGE:
            return order.page(found[PAGE - 1 :: -1], max(place.page, 2), more=True)
        place = FIRST_PAGE  # which is read from its beginning, since it may have more rows by now
    if place.after is not None:
        found, number = await order.read(place.after), max(place.page, 2)
    else:
        found, number = await order.read(skip=(place.page - 1) * PAGE), place.page
    return order.page(found[:PAGE], number, more=len(found) > PAGE)


class _Order:
    """The order of a queue: parts that follow each other, each read by an index."""

    def __init__(self, session: AsyncSession, reader: Reader, filters: QueueFilters) -> None:
        """Take the rows to read."""
        self._session, self._reader = session, reader
        # The part of the reader's tasks finds them by state, with a condition for each.
        self._filters = replace(filters, needs=None) if filters.sort == FIRST and filters.needs == "me" else filters
        self._parts = list(self._in_order(filters))

    def _in_order(self, filters: QueueFilters) -> Iterator[_Part]:
        """Return the parts of the order. What needs the reader is few among thousands, and found by its state."""
        reader = self._reader
        name, down = filters.sort.removeprefix("-"), filters.sort.startswith("-")
        if filters.sort == FIRST:
            tasks = [task for state, task in reader.tasks.items() if filters.state in {None, state}]
            if tasks:
                yield _Part(("due",), any_of=tasks, needs=True)
            if filters.needs != "me":
                others = [reader.needs.is_not(sa.true())] if tasks else [sa.true()]
                yield _Part(("due",), any_of=others, needs=False)
        elif name == "due" and down:
            yield _Part(("due",), down=True, dated=True)
            yield _Part((), dated=False)
        else:
            # A column that has one value for all rows is no key: with it PostgreSQL would read more of the index.
            fixed = {"country": filters.country or reader.one_place, "state": filters.state, "call": filters.call_id}
            yield _Part(() if fixed.get(name) else (_SORTS[name],), down=down)

    async def read(self, cursor: str | None = None, *, back: bool = False, skip: int = 0) -> list[Line]:
        """Return a page of rows and one more, from a cursor on or back from it, which reverses them.

        Raises `Refused` (422) for a cursor of another list or order.
        """
        at, keys = self._start(cursor)
        found: list[Line] = []
        for part in self._parts[at::-1] if back else self._parts[at:]:
            request = PageRequest(PAGE - len(found), keys)
            rows = (await self._session.execute(self._query(part, request, back=back, skip=skip))).all()
            found += [_line(row) for row in rows]
            if len(found) > PAGE:
                break
            if skip:
                skip = 0 if rows else skip - await self._count(part)
            keys = None
        return found

    def _start(self, cursor: str | None) -> tuple[int, tuple[str | int, ...] | None]:
        """Return the part in which a cursor is, and its keys there."""
        if cursor is None:
            return 0, None
        at, *keys = keys_of(cursor)
        if not isinstance(at, int) or not 0 <= at < len(self._parts):
            raise not_ours()
        return at, tuple(keys)

    def page(self, found: list[Line], number: int, *, more: bool) -> Lines:
        """Return a page with its cursors; `more`: rows follow."""
        before = self._cursor(found[0]) if found and number > 1 else None
        return Lines(found, number, before, self._cursor(found[-1]) if more else None)

    def _cursor(self, line: Line) -> str:
        at = next(at for at, part in enumerate(self._parts) if self._holds(part, line))
        values = [NEVER if getattr(line, name) is None else getattr(line, name) for name in self._parts[at].by]
        return cursor_of([at, *values, line.id])

    @staticmethod
    def _holds(part: _Part, line: Line) -> bool:
        return part.needs in {None, line.needs} and part.dated in {None, line.due is not None}

    def _query(self, part: _Part, request: PageRequest, *, back: bool, skip: int) -> sa.Select[Any]:
        """Return the query of a part: its ranges are cut one by one, and what is left of them is merged."""
        down = part.down is not back
        most = request.limit + 1 + skip
        ranges = []
        for half, among in self._ranges(part):
            keys = [half.due if name == "due" else _E.c[name] for name in part.by]
            query = _columns(self._reader, half, needs=part.needs).where(*among)
            ranges.append(cut(query, [*keys, _E.c.application_id], replace(request, limit=most - 1), newest=down))
        if len(ranges) == 1:
            return ranges[0].offset(skip).limit(request.limit + 1)
        rows = sa.union_all(*ranges).subquery()
        keys = [rows.c[name] for name in (*part.by, "application_id")]
        merged = sa.select(rows).order_by(*(key.desc() if down else key for key in keys))
        return merged.offset(skip).limit(request.limit + 1)

    def _ranges(self, part: _Part) -> Iterator[tuple[_Half, list[sa.ColumnElement[bool]]]]:
        for half in self._reader.halves if part.merged else (self._reader.whole,):
            among = _chosen(self._reader, self._filters, half)
            if part.dated is not None:
                among.append(half.due < NEVER if part.dated else half.due == NEVER)
            for within in self._reader.ranges or [sa.false()]:
                for condition in part.any_of:
                    yield half, [within, condition, *among]

    async def _count(self, part: _Part) -> int:
        among = [sa.and_(*conditions) for _, conditions in self._ranges(part)]
        query = sa.select(sa.func.count()).select_from(_E).where(sa.or_(*among))
        return int((await self._session.execute(query)).scalar_one())


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
    dues = [_due(which, reader.now, reader.whole.due) for which in ("overdue", "week")]
    counts = (sa.func.count().filter(condition) for condition in (reader.needs, reader.by_silence, *dues))
    query = sa.select(_E.c.state, sa.func.count(), *counts).where(*among).group_by(_E.c.state)
    rows = (await session.execute(query)).all()
    states = {str(row[0]): int(row[1]) for row in rows}
    return Figures(states, *(sum(int(row[place]) for row in rows) for place in range(2, 6)))


async def of_call(session: AsyncSession, call_id: UUID) -> dict[str, int]:
    """Return how many submitted applications of a call are in each state as shown; for the whole programme."""
    query = sa.select(_E.c.state, sa.func.count()).where(_E.c.call_id == call_id).group_by(_E.c.state)
    return {str(state): int(count) for state, count in (await session.execute(query)).all()}


async def organisations(session: AsyncSession, reader: Reader) -> Sequence[UUID]:
    """Return the organisations that have a case in the queue: the choices of its filter."""
    case = sa.exists().where(sa.or_(sa.false(), *reader.ranges), _E.c.organisation_id == _O.c.id)
    return list((await session.execute(sa.select(_O.c.id).where(case).order_by(_O.c.id).limit(500))).scalars())
