"""Tests of the pages of open deadlines among those of thousands of applications."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.notifications.deadlines.model.lists import PAGE, DeadlineFilter
from services.notifications.deadlines.store import lists
from shared.contracts.codes import DeadlineKind
from shared.time import clock
from shared.web.paging import PageRequest
from tests.many_applications import PROGRAMME
from tests.many_deadlines import fill
from tests.plans import nodes, plans, read_whole, rows_read
from tests.support import owner_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.bus import Bus

_OPEN = 3975


async def _filled(app: FastAPI) -> Bus:
    bus: Bus = app.state.service.bus
    async with owner_of(bus) as owner:
        async with owner.transaction("test") as tx:
            await fill(tx.session, PROGRAMME, clock.now())
        async with owner.transaction("test") as tx:
            await tx.session.execute(sa.text('ANALYZE deadline, "case"'))
    return bus


async def test_each_page_is_read_by_an_index(app: FastAPI) -> None:
    """Of 31,800 deadlines an index gives the open ones in order, and their cases are found by id.

    The first page reads about the rows that it shows, a page by cursor too however deep it is.
    """
    bus, now = await _filled(app), clock.now()
    all_open = DeadlineFilter(now)
    chosen = (
        all_open,
        DeadlineFilter(now, frozenset({"AM"})),
        DeadlineFilter(now, frozenset({"AM", "GE"})),
        DeadlineFilter(now, whom="office:AM"),
        DeadlineFilter(now, kind=DeadlineKind.ENDORSEMENT),
        DeadlineFilter(now, over=True),
    )
    async with bus.read() as session:
        rows, total = await lists.deadlines_page(session, all_open, 60)
        assert (len(rows), total) == (PAGE, _OPEN)
        deep = PageRequest(PAGE, (rows[-1].due.isoformat(), str(rows[-1].id)))
        short = [partial(lists.deadlines_by_cursor, session, all_open, each) for each in (PageRequest(), deep)]
        for read in short:
            for plan in await plans(session, read):
                at = f"{read}\n{json.dumps(plan, indent=1)}"
                assert rows_read(plan, "deadline") <= 2 * PAGE, at
                assert rows_read(plan, "case") <= 2 * PAGE, at
                assert "Sort" not in {node["Node Type"] for node in nodes(plan)}, at
        for filters in chosen:
            for page in (1, 8, 60):
                for plan in await plans(session, partial(lists.deadlines_page, session, filters, page)):
                    at = f"{filters} {page}\n{json.dumps(plan, indent=1)}"
                    assert not read_whole(plan) & {"deadline", "case"}, at
                    assert rows_read(plan, "case") <= PAGE, at
                    assert rows_read(plan, "deadline") <= _OPEN, at
                    if page == 1 and plan["Node Type"] == "Limit":
                        assert rows_read(plan, "deadline") <= 4 * PAGE, at


async def test_pages_give_each_deadline_once(app: FastAPI) -> None:
    """Page by page the list gives every open deadline once, the first due first, as it gives them by cursor."""
    bus, filters = await _filled(app), DeadlineFilter(clock.now(), frozenset({"AM"}))
    async with bus.read() as session:
        first, total = await lists.deadlines_page(session, filters)
        found = list(first)
        for page in range(2, -(-total // PAGE) + 1):
            found += (await lists.deadlines_page(session, filters, page))[0]
        by_cursor = await lists.deadlines_by_cursor(session, filters, PageRequest(total))
    assert found == by_cursor
    assert len(found) == total == 883
