"""The list beside a case: the page of the queue from which it was opened, which stays while the reader decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypedDict
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.review.forms.queue import BesideQuery
from services.applications.review.views.case import case_address
from services.applications.review.views.queue import NamedLine, NextLine, has_line, line_after, lines_beside
from shared.bus import Bus
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web import states
from shared.web.lists import PAGE

LAYOUT = "review/beside.html"


class ListContext(TypedDict, total=False):
    """The values of a case's template for the list beside it; `opened` is for its links."""

    layout: str
    opened: str
    list_home: str
    list_rows: list[tuple[str, str, str, states.State, str, bool]]
    """Address, name, reference, state, due date and whether it is the open one, of each row."""
    list_more: bool
    list_page: int


async def _keep(request: Request, query: Annotated[BesideQuery, Query()]) -> None:
    """Keep the list of the address for the page, and for decisions, whose functions get the request alone."""
    request.state.beside = query if query.beside_list else None


KEEPS_LIST = Depends(_keep)
"""The dependency of a page of a case that may be opened beside the list."""


def query_of(request: Request) -> BesideQuery | None:
    """Return the page of the list beside which a case is opened; None for a case alone."""
    query: BesideQuery | None = request.state.beside
    return query


def opened(request: Request) -> str:
    """Return what keeps the list in the address of a page of a case: its query, or nothing."""
    query = query_of(request)
    return "" if query is None else f"?{query.beside(query.page)}"


async def list_context(
    session: AsyncSession, request: Request, principal: Principal, application_id: UUID
) -> ListContext:
    """Return the list beside a case for the template of its page."""
    query = query_of(request)
    if query is None:
        return {"opened": ""}
    found = await lines_beside(session, principal, query.filters, query.page)
    return context_of(query, found, application_id)


def context_of(query: BesideQuery, found: Sequence[NamedLine], application_id: UUID) -> ListContext:
    """Return the same for a page of the list that was read."""
    now, text = clock.now(), f"?{query.beside(query.page)}"
    rows = [
        (
            case_address(each.line.id) + text,
            each.name,
            each.line.reference,
            states.state("application", each.line.state),
            _due(each.line.due, now),
            each.line.id == application_id,
        )
        for each in found
    ]
    return {
        "layout": LAYOUT,
        "opened": text,
        "list_home": query.address(page=str(query.page) if query.page > 1 else None),
        "list_rows": rows,
        "list_more": len(rows) == PAGE,
        "list_page": query.page,
    }


def _due(due: datetime | None, now: datetime) -> str:
    if due is None:
        return ""
    day = dates.day(due, short=True)
    return (gettext("Overdue: %(when)s") if due < now else gettext("Due: %(when)s")) % {"when": day}


async def following(request: Request, bus: Bus, principal: Principal, application_id: UUID) -> NextLine | None:
    """Return the case that follows in the list beside this one; None where there is no list, or no other one."""
    query = query_of(request)
    if query is None:
        return None
    async with bus.read() as session:
        return await line_after(session, principal, query.filters, query.page, application_id)


async def present_line(request: Request, bus: Bus, principal: Principal, line: NextLine | None) -> NextLine | None:
    """Return the case that follows with the page on which it is now: one up where a decided one has left the list."""
    query = query_of(request)
    if query is None or line is None or line.page == query.page:
        return line
    async with bus.read() as session:
        moved_up = await has_line(session, principal, query.filters, query.page, line.id)
    return NextLine(line.id, query.page) if moved_up else line


def done_address(request: Request, application_id: UUID, done: str, line: NextLine | None) -> str:
    """Return the page after a decision: the next case of the list, which says what was done, or else the same case."""
    query = query_of(request)
    if query is None:
        return f"{case_address(application_id)}?done={done}"
    if line is None:
        return case_address(application_id) + f"?{query.beside(query.page)}&{urlencode({'done': done})}"
    said = urlencode({"done": done, "done_about": str(application_id)})
    return case_address(line.id) + f"?{query.beside(line.page)}&{said}"
