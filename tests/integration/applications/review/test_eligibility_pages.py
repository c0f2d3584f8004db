"""Tests of the list of endorsed applications among thousands of applications."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from services.applications.overview.model import FIRST_PAGE, Place
from services.applications.review.views.eligibility import WaitingPage, waiting_page, waiting_rows
from services.applications.tables import PAGE
from shared.identity.access import load_principal
from shared.time import clock
from tests.many_applications import PROGRAMME, fill
from tests.plans import plans, read_whole, rows_read
from tests.support import owner_of

if TYPE_CHECKING:
    from shared.bus import Bus
    from tests.integration.applications.conftest import Programme

_MOST = 3 * PAGE
_MORE = """
UPDATE application SET state = 'endorsed',
                       due = since + CAST('x' || substr(md5(CAST(id AS text)), 1, 4) AS bit(16))::int
                             * interval '1 hour'
WHERE state = 'unplaced'
"""
_CONFIRMED = """
UPDATE application SET state = 'eligible', due = NULL
WHERE id IN (SELECT id FROM application WHERE state = 'endorsed' ORDER BY due, id LIMIT 50)
"""
_ENDORSED = "SELECT id FROM application WHERE state = 'endorsed' ORDER BY due, id"
LIST = "/applications/eligibility"


async def _filled(programme: Programme, number: int) -> Bus:
    bus: Bus = programme.app.state.service.bus
    async with owner_of(bus) as owner:
        async with owner.transaction("test") as tx:
            await fill(tx.session, number, clock.now(), [UUID(programme.call["id"])])
            await tx.session.execute(sa.text(_MORE))
        async with owner.transaction("test") as tx:
            await tx.session.execute(sa.text("ANALYZE application, standing, queue_entry"))
    return bus


async def test_each_page_is_read_by_an_index(programme: Programme) -> None:
    """Of 10,600 applications, 1,484 of them endorsed, a page reads about the rows that it shows."""
    bus = await _filled(programme, PROGRAMME)
    async with bus.read() as session:
        principal = await load_principal(session, "programme")
        deep_page = await waiting_page(session, principal, Place(20))
        places = (FIRST_PAGE, Place(21, after=deep_page.place.after), Place(19, before=deep_page.place.before))
        for place in places:
            for plan in await plans(session, partial(waiting_rows, session, principal, place)):
                at = f"{place}\n{json.dumps(plan, indent=1)}"
                assert not read_whole(plan) & {"application", "standing", "queue_entry"}, at
                assert rows_read(plan, "queue_entry") <= _MOST, at
                assert rows_read(plan, "application") <= PAGE, at


async def test_all_pages_give_each_application_once(programme: Programme) -> None:
    """From cursor to cursor and by number the pages list every endorsed application once, by due date."""
    bus = await _filled(programme, PROGRAMME)
    async with bus.read() as session:
        principal = await load_principal(session, "programme")
        ids = list((await session.execute(sa.text(_ENDORSED))).scalars())
        assert len(ids) == 1484
        pages: list[WaitingPage] = [await waiting_page(session, principal, FIRST_PAGE)]
        while pages[-1].place.after is not None:
            pages.append(await waiting_page(session, principal, Place(len(pages) + 1, pages[-1].place.after)))
        assert [each.application.id for page in pages for each in page.judged] == ids
        assert {page.total for page in pages} == {len(ids)}
        assert await waiting_page(session, principal, Place(12)) == pages[11]
        assert await waiting_page(session, principal, Place(11, before=pages[11].place.before)) == pages[10]
        beside = await waiting_rows(session, principal, Place(12, pages[10].place.after))
        assert beside == [each.application for each in pages[11].judged]


async def test_pages_follow_each_other_by_cursor(programme: Programme) -> None:
    """The link to the next page names the last row, so that what is confirmed meanwhile hides nothing."""
    await _filled(programme, 3000)
    client = programme.as_("programme")
    first = await client.get(LIST)
    assert "1 to 50 of 420" in first.text
    [following] = re.findall(r'href="([^"]+)" rel="next"', first.text)
    following = following.replace("&amp;", "&")
    assert "after=" in following
    second = await client.get(f"{LIST}?{following.partition('?')[2]}")
    assert "51 to 100 of 420" in second.text
    [case, *_] = re.findall(r'href="(/applications/cases/[^"]+beside=eligibility[^"]*)"', second.text)
    assert "after=" in case
    opened = (await client.get(case.replace("&amp;", "&"))).text
    assert opened.partition('<nav class="tandem-alongside"')[2].partition("</nav>")[0].count("<a href") >= PAGE
    assert (await client.get(f"{LIST}?after=x")).status_code == 422
    assert "1 to 50 of 420" in (await client.get(f"{LIST}?page=10")).text
    async with owner_of(programme.app.state.service.bus) as owner, owner.transaction("test") as tx:
        await tx.session.execute(sa.text(_CONFIRMED))
    again = await client.get(f"{LIST}?{following.partition('?')[2]}")
    assert "of 370" in again.text
    boxes = [re.findall(r'name="case" id="([^"]+)"', answer.text) for answer in (second, again)]
    assert boxes[0] == boxes[1]
    assert len(boxes[0]) == PAGE
