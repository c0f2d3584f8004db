"""Tests of the pages of cases on the board among thousands of applications."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.matching.board.views.cases import case_view
from services.matching.overview.store import board
from services.matching.overview.store.board import PAGE, Filter, StayFilter
from shared.identity.scope import Reach
from shared.time import clock
from shared.web.paging import PageRequest
from tests.many_applications import CALLS, PROGRAMME
from tests.many_cases import TABLES, fill
from tests.plans import plans, rows_read
from tests.support import owner_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest
    from fastapi import FastAPI

    from shared.bus import Bus

EVERYTHING = Reach(everything=True, countries=frozenset(), organisations=frozenset(), subject="programme")


async def _filled(app: FastAPI, number: int) -> Bus:
    bus: Bus = app.state.service.bus
    async with owner_of(bus) as owner:
        async with owner.transaction("test") as tx:
            await fill(tx.session, number, clock.now())
        async with owner.transaction("test") as tx:
            await tx.session.execute(sa.text(f"ANALYZE {TABLES}"))
    return bus


async def test_only_the_cases_of_a_page_are_put_together(app: FastAPI) -> None:
    """Of 10,600 cases by reference, an index gives those of a page, and only these are joined with their visits.

    By country and on deep pages, too, no more than one page is joined.
    """
    bus = await _filled(app, PROGRAMME)
    async with bus.read() as session:
        rows, _ = await board.cases(session, EVERYTHING, Filter(page=150))
        deep = PageRequest(PAGE, (rows[-1].reference, str(rows[-1].id)))
        by_index: list[Callable[[], Awaitable[object]]] = [
            partial(board.cases, session, EVERYTHING, Filter(sort=sort)) for sort in ("reference", "-reference")
        ]
        by_index += [partial(board.cases_from, session, EVERYTHING, Filter(), each) for each in (PageRequest(), deep)]
        others: list[Callable[[], Awaitable[object]]] = [
            partial(board.cases, session, EVERYTHING, Filter(sort=sort, page=page))
            for sort, page in (("reference", 150), ("-reference", 150), ("country", 1), ("-country", 150))
        ]
        for read in (*by_index, *others):
            made = await plans(session, read)
            for plan in made:
                at = f"{read}\n{json.dumps(plan, indent=1)}"
                assert rows_read(plan, "visit") <= 2 * PAGE, at
                assert rows_read(plan, "seat") <= 2 * PAGE, at
                if read in by_index and plan["Node Type"] != "Aggregate":
                    assert rows_read(plan, "candidate") <= 2 * PAGE, at


async def test_only_the_visits_of_a_page_are_joined(app: FastAPI) -> None:
    """Of 4,824 visits the applications and places of those on the page are read; the others are only counted."""
    bus = await _filled(app, PROGRAMME)
    async with bus.read() as session:
        for page in (1, 30):
            rows, total = await board.visits(session, EVERYTHING, StayFilter(), page=page)
            assert (len(rows), total) == (PAGE, 4824)
            for plan in await plans(session, partial(board.visits, session, EVERYTHING, StayFilter(), page=page)):
                at = f"{page}\n{json.dumps(plan, indent=1)}"
                assert rows_read(plan, "candidate") <= PAGE, at
                assert rows_read(plan, "seat") <= PAGE, at
        ids = list((await session.execute(sa.text("SELECT id FROM visit ORDER BY start NULLS FIRST, id"))).scalars())
        listed = [
            row.id
            for page in range(1, -(-total // PAGE) + 1)
            for row in (await board.visits(session, EVERYTHING, StayFilter(), page=page))[0]
        ]
        assert listed == ids


async def test_pages_are_those_of_all_cases_in_order(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page that an index gives has the rows, the order and the total of a query that joins and sorts all."""
    bus = await _filled(app, 400)
    filters = [Filter(sort=sort) for sort in ("reference", "-reference", "country", "-country", "no such")]
    filters += [Filter(country="AM"), Filter(kind="study_visit"), Filter(kind="mentee"), Filter(call_id=CALLS[3])]
    wanted = [replace(each, page=page) for each in filters for page in (1, 2, 8, 9)]
    found: list[list[Any]] = [[], []]
    async with bus.read() as session:
        for number in (0, 1):
            if number:
                monkeypatch.setattr(Filter, "among_applications", lambda _: False)
            for each in wanted:
                rows, total = await board.cases(session, EVERYTHING, each)
                found[number].append(([case_view(row) for row in rows], total if rows else None))
            for since in (None, clock.now()):
                rows_ = await board.cases_from(session, EVERYTHING, filters[5], PageRequest(20, None, since))
                found[number].append([case_view(row) for row in rows_])
    assert found[0] == found[1]
    assert sum(len(rows) for rows, _ in found[0][:4]) == 2 * PAGE + PAGE
