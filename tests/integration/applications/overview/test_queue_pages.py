"""Tests of the pages of the coordinators' queue among thousands of applications, and of the rows that they list."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.applications.access.store import deciders_on
from services.applications.application.store.queue_entries import NEVER
from services.applications.overview.model import FIRST, FIRST_PAGE, Place, QueueFilters
from services.applications.overview.store import queue
from services.applications.review.forms.queue import SORTS
from services.applications.tables import PAGE
from shared.identity.access import load_principal
from shared.time import clock
from tests.many_applications import PROGRAMME, fill
from tests.plans import plans, read_whole, rows_read
from tests.support import owner_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from tests.integration.applications.conftest import Programme

ORDERS = (FIRST, *(down + name for name in SORTS for down in ("", "-")))
MOST = 15 * PAGE
"""The rows that a page may read: it merges ranges, and near the end of a list PostgreSQL may sort what is left."""
_UNLISTED = """
SELECT count(*) FROM application a LEFT JOIN standing s ON s.application_id = a.id
LEFT JOIN queue_entry e ON e.application_id = a.id
WHERE a.submitted_at IS NOT NULL
  AND (e.state, e.due, e.changes_at) IS DISTINCT FROM
      (CASE a.state WHEN 'eligible' THEN coalesce(s.state, 'in_matching') ELSE a.state END,
       coalesce(a.due, s.due, '9999-01-01 00:00Z'), s.changes_at)
"""
_CHANGED = """
UPDATE standing SET (changes_at, due, due_then) = (SELECT at - interval '1 hour', at - interval '2 hours',
                                                          at + interval '3 minutes' FROM CAST(:now AS timestamptz) at)
WHERE application_id = (SELECT application_id FROM standing WHERE state = 'offered' LIMIT 1) RETURNING application_id
"""
_MOVED = """
UPDATE application SET state = 'endorsed', reference = 'AM-1999-' || substr(CAST(id AS text), 5, 4),
                       due = now() + :hours * interval '1 hour' WHERE id = ANY(:ids)
"""


@pytest.fixture
async def hundreds(programme: Programme) -> Programme:
    """Return a programme with six pages of applications to its call."""
    async with owner_of(programme.app.state.service.bus) as owner, owner.transaction("test") as tx:
        await fill(tx.session, 300, clock.now(), [UUID(programme.call["id"])])
    return programme


async def reader_of(session: AsyncSession, subject: str) -> queue.Reader:
    """Return a reader of the queue."""
    return queue.Reader(await load_principal(session, subject), clock.now(), await deciders_on(session, clock.today()))


async def page_plans(
    session: AsyncSession, reader: queue.Reader, filters: QueueFilters, place: Place
) -> list[dict[str, Any]]:
    """Return the plans of the queries that read a page."""
    return await plans(session, lambda: queue.lines(session, reader, filters, place))


async def test_each_page_of_each_order_is_read_by_an_index(programme: Programme) -> None:
    """Of 10,600 applications the first page and a deep one read a few pages' rows, and sort no more."""
    async with owner_of(programme.app.state.service.bus) as owner:
        async with owner.transaction("test") as tx:
            await fill(tx.session, PROGRAMME, clock.now())
        async with owner.transaction("test") as tx:
            await tx.session.execute(sa.text("ANALYZE application, standing, queue_entry"))
    async with programme.app.state.service.bus.read() as session:
        for subject, deep in (("programme", 150), ("tigran", 25)):
            reader = await reader_of(session, subject)
            for order in ORDERS:
                filters = QueueFilters(sort=order)
                before = await queue.lines(session, reader, filters, Place(deep))
                for place in (FIRST_PAGE, Place(deep + 1, after=before.after), Place(deep - 1, before=before.before)):
                    for plan in await page_plans(session, reader, filters, place):
                        at = f"{subject} {order} {place}\n{json.dumps(plan, indent=1)}"
                        assert not read_whole(plan) & {"application", "standing", "queue_entry"}, at
                        assert rows_read(plan, "queue_entry") <= MOST, at
        for filters in (QueueFilters(state="endorsed"), QueueFilters(state="scheduled"), QueueFilters(needs="me")):
            for plan in await page_plans(session, reader, filters, FIRST_PAGE):
                assert rows_read(plan, "queue_entry") <= MOST, f"{filters}\n{json.dumps(plan, indent=1)}"


def key_of(line: queue.Line, order: str) -> Any:
    """Return what an order compares, for Python to sort by."""
    due = NEVER if line.due is None else line.due
    columns = {"call": line.call_id, "age": line.submitted_at, "due": due}
    return columns.get(order) or getattr(line, order)


def in_order(lines: list[queue.Line], order: str) -> list[queue.Line]:
    """Return lines in the order of a queue, as sorted by Python."""
    name, down = order.removeprefix("-"), order.startswith("-")
    if order == FIRST:
        return sorted(lines, key=lambda line: (not line.needs, key_of(line, "due"), line.id))
    found = sorted(lines, key=lambda line: (key_of(line, name), line.id), reverse=down)
    undated = sorted((line for line in found if line.due is None), key=lambda line: line.id)
    return [line for line in found if line.due is not None] + undated if order == "-due" else found


async def walk(session: AsyncSession, reader: queue.Reader, filters: QueueFilters) -> list[queue.Lines]:
    """Return all pages of a queue, from the first on."""
    pages = [await queue.lines(session, reader, filters)]
    while pages[-1].after is not None:
        pages.append(await queue.lines(session, reader, filters, Place(len(pages) + 1, after=pages[-1].after)))
    return pages


@pytest.mark.parametrize("subject", ["programme", "tigran"])
async def test_all_pages_of_each_order_give_each_row_once(
    programme: Programme, monkeypatch: pytest.MonkeyPatch, subject: str
) -> None:
    """Forwards, backwards and by number the pages are those of all rows as sorted in memory."""
    monkeypatch.setattr(queue, "PAGE", 17)
    bus = programme.app.state.service.bus
    async with owner_of(bus) as owner, owner.transaction("test") as tx:
        await fill(tx.session, 300, clock.now())
    async with bus.read() as session:
        reader = await reader_of(session, subject)
        for order in ORDERS:
            filters = QueueFilters(sort=order)
            pages = await walk(session, reader, filters)
            lines = [line for page in pages for line in page.lines]
            assert [line.id for line in lines] == [line.id for line in in_order(lines, order)], order
            assert len({line.id for line in lines}) == len(lines) == await queue.count(session, reader, filters)
            assert [page.page for page in pages] == list(range(1, len(pages) + 1))
            for number, page in enumerate(pages[1:], 2):
                assert page.before is not None
                assert (
                    await queue.lines(session, reader, filters, Place(number - 1, before=page.before))
                    == pages[number - 2]
                ), order
            by_number = [await queue.lines(session, reader, filters, Place(page.page)) for page in pages]
            assert by_number == pages, order


@pytest.mark.parametrize("seed", range(3))
async def test_pages_keep_their_rows_while_others_change(
    programme: Programme, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """While rows move between two pages, each row that does not move is given once, in its order."""
    monkeypatch.setattr(queue, "PAGE", 11)
    bus, chance = programme.app.state.service.bus, random.Random(seed)
    async with owner_of(bus) as owner:
        async with owner.transaction("test") as tx:
            await fill(tx.session, 150, clock.now())
        for order in (FIRST, "-due", "state", "-reference"):
            filters, place, given, moved = QueueFilters(sort=order), FIRST_PAGE, [], set()
            async with bus.read() as session:
                everything = [
                    line
                    for page in await walk(session, await reader_of(session, "programme"), filters)
                    for line in page.lines
                ]
            while True:
                async with bus.read() as session:
                    found = await queue.lines(session, await reader_of(session, "programme"), filters, place)
                given += found.lines
                if found.after is None:
                    break
                place = Place(found.page + 1, after=found.after)
                ids = [line.id for line in chance.sample(everything, 4)]
                moved |= set(ids)
                async with owner.transaction("test") as tx:
                    values = {"ids": ids, "hours": chance.randint(-100, 100)}
                    await tx.session.execute(sa.text(_MOVED), values)
            kept = [line.id for line in everything if line.id not in moved]
            assert [line.id for line in given if line.id not in moved] == kept, order


async def test_a_due_date_changes_at_its_moment(hundreds: Programme) -> None:
    """Once the moment of a change has come, the row has its later date in the list, its filters and its order."""
    bus = hundreds.app.state.service.bus
    async with owner_of(bus) as owner, owner.transaction("test") as tx:
        changed = (await tx.session.execute(sa.text(_CHANGED), {"now": clock.now()})).scalar_one()
    async with bus.read() as session:
        reader = await reader_of(session, "programme")
        soon = await queue.lines(session, reader, QueueFilters(due="week", sort="due"))
        overdue = [line.id for page in await walk(session, reader, QueueFilters(due="overdue")) for line in page.lines]
    assert soon.lines[0].id == changed
    assert changed not in overdue


async def test_rows_follow_their_sources(hundreds: Programme) -> None:
    """The listed rows say what application and projection say, also after both were written in one transaction."""
    bus = hundreds.app.state.service.bus
    async with owner_of(bus) as owner:
        async with owner.transaction("test") as tx:
            await tx.session.execute(
                sa.text("UPDATE application SET state = 'eligible', due = NULL WHERE state = 'endorsed'")
            )
            await tx.session.execute(
                sa.text("UPDATE standing SET state = 'ended', due = NULL WHERE state = 'scheduled'")
            )
        async with owner.transaction("test") as tx:
            assert (await tx.session.execute(sa.text(_UNLISTED))).scalar_one() == 0


async def test_a_cursor_of_another_order_is_refused(hundreds: Programme) -> None:
    """A cursor that is none of ours, or of another order, is a clear error; a page without rows is the first one."""
    client = hundreds.as_("programme")
    first = await client.get("/applications/cases?sort=reference")
    assert "1 to 50 of 300" in first.text
    after = first.text.partition("after=")[2].partition('"')[0]
    assert "51 to 100 of 300" in (await client.get(f"/applications/cases?sort=reference&page=2&after={after}")).text
    for query in (
        f"sort=due&after={after}",
        "after=x",
        f"after={after}&before={after}&sort=age",
        "after=WzksMSwyXQ",
        f"after={'x' * 501}",
    ):
        assert (await client.get(f"/applications/cases?{query}")).status_code == 422, query
    for query in ("page=6", "page=10000"):
        answer = await client.get(f"/applications/cases?sort=reference&{query}")
        assert ("251 to 300 of 300" if query == "page=6" else "1 to 50 of 300") in answer.text
