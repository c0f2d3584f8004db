"""The list beside a record: the page of a list from which it was opened, which stays while the reader decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlencode

from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.time import clock, dates
from shared.web.lists import PAGE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.identity import Principal
    from shared.web.states import State

LAYOUT = "beside.html"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: the page that it opens, what names it, and whether it can follow a decision on another."""

    id: UUID
    address: str
    name: str
    reference: str
    state: State
    due: datetime | None
    follows: bool = True


@dataclass(frozen=True, slots=True)
class Beside:
    """A page of a list beside which a record is opened.

    `rows` reads one page of the list. `address` is that of the list with its filters; `query` are the parameters that
    keep it in the address of a record, the page aside. `title` names the list, `none` says that no row is on its page.
    `cursor` says where the present page is in a list that is not cut by numbers.
    """

    rows: Callable[[AsyncSession, Principal, int], Awaitable[Sequence[Row]]]
    address: str
    query: Mapping[str, str]
    page: int
    title: str
    none: str
    cursor: Mapping[str, str] = field(default_factory=dict)

    def opened(self, page: int) -> str:
        """Return the query that keeps a page of the list in the address of a record."""
        return urlencode({**self.query, **self._place(page)})

    def _place(self, page: int) -> dict[str, str]:
        return ({"page": str(page)} if page > 1 else {}) | (dict(self.cursor) if page == self.page else {})

    @property
    def home(self) -> str:
        """The address of the list, at its page."""
        place = urlencode(self._place(self.page))
        return f"{self.address}{'&' if '?' in self.address else '?'}{place}" if place else self.address


class ListContext(TypedDict, total=False):
    """The values of a record's template for the list beside it; `opened` is for its links."""

    layout: str
    opened: str
    list_home: str
    list_title: str
    list_none: str
    list_rows: list[tuple[str, str, str, State, str, bool]]
    """Address, name, reference, state, due date and whether it is the open one, of each row."""
    list_more: bool
    list_page: int


@dataclass(frozen=True, slots=True)
class Next:
    """The row that follows after a decision, and the page of the list on which it is."""

    row: Row
    page: int


def keep(request: Request, beside: Beside | None) -> None:
    """Keep the list of the address for the page, and for decisions, whose functions get the request alone."""
    request.state.beside = beside


def list_of(request: Request) -> Beside | None:
    """Return the page of the list beside which a record is opened; None for a record alone."""
    beside: Beside | None = request.state.beside
    return beside


def opened(request: Request) -> str:
    """Return what keeps the list in the address of a page of a record: its query, or nothing."""
    beside = list_of(request)
    return "" if beside is None else f"?{beside.opened(beside.page)}"


async def list_context(session: AsyncSession, request: Request, principal: Principal, record_id: UUID) -> ListContext:
    """Return the list beside a record for the template of its page."""
    beside = list_of(request)
    if beside is None:
        return {"opened": ""}
    return context_of(beside, await beside.rows(session, principal, beside.page), record_id)


def context_of(beside: Beside, rows: Sequence[Row], record_id: UUID) -> ListContext:
    """Return the same for a page of the list that was read."""
    now, text = clock.now(), f"?{beside.opened(beside.page)}"
    return {
        "layout": LAYOUT,
        "opened": text,
        "list_home": beside.home,
        "list_title": beside.title,
        "list_none": beside.none,
        "list_rows": [
            (row.address + text, row.name, row.reference, row.state, _due(row.due, now), row.id == record_id)
            for row in rows
        ],
        "list_more": len(rows) == PAGE,
        "list_page": beside.page,
    }


def _due(due: datetime | None, now: datetime) -> str:
    if due is None:
        return ""
    day = dates.day(due, short=True)
    return (gettext("Overdue: %(when)s") if due < now else gettext("Due: %(when)s")) % {"when": day}


async def following(request: Request, bus: Bus, principal: Principal, record_id: UUID) -> Next | None:
    """Return what follows in the list beside this record; None where there is no list, or no other row to decide."""
    beside = list_of(request)
    if beside is None:
        return None
    async with bus.read() as session:
        rows = list(await beside.rows(session, principal, beside.page))
        ids = [row.id for row in rows]
        if record_id not in ids:
            return None
        if after := [row for row in rows[ids.index(record_id) + 1 :] if row.follows]:
            return Next(after[0], beside.page)
        others = [row for row in await beside.rows(session, principal, beside.page + 1) if row.follows]
        return Next(others[0], beside.page + 1) if others else None


async def present(request: Request, bus: Bus, principal: Principal, after: Next | None) -> Next | None:
    """Return what follows with the page on which it is now: one up where a decided record has left the list."""
    beside = list_of(request)
    if beside is None or after is None or after.page == beside.page:
        return after
    async with bus.read() as session:
        moved_up = after.row.id in {row.id for row in await beside.rows(session, principal, beside.page)}
    return Next(after.row, beside.page) if moved_up else after


async def said_about(decided: str, sentence: str, reference: Callable[[UUID], Awaitable[str]]) -> str:
    """Return what was done with the record before this one in the list, in a sentence (marked with `N_`).

    Empty where there is none. `reference` returns that of a record; where the reader may not see it, nothing is said.
    """
    id_ = read_id(decided)
    if id_ is None or not sentence:
        return ""
    try:
        return gettext(sentence) % {"reference": await reference(id_)}
    except Refused:
        return ""


def done_address(request: Request, address: str, record_id: UUID, done: str, after: Next | None) -> str:
    """Return the page after a decision: the next record of the list, which says what was done, or else the same one.

    `address` is that of the record without the list.
    """
    beside = list_of(request)
    if beside is None:
        return f"{address}?{urlencode({'done': done})}"
    if after is None:
        return f"{address}?{beside.opened(beside.page)}&{urlencode({'done': done})}"
    said = urlencode({"done": done, "done_about": str(record_id)})
    return f"{after.row.address}?{beside.opened(after.page)}&{said}"
