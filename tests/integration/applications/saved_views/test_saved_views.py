"""A coordinator saves filters of the queue under a name, and opens, renames and deletes them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.applications.access.actions.yearly_confirmation import lapse
from services.applications.register.model.grants import ConfirmationTimes
from services.applications.saved_views.actions import KEPT_FOR, MOST_VIEWS, forget_views
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.test_abroad_pages import read, send
from tests.support import move_to

if TYPE_CHECKING:
    from shared.bus import Bus
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

QUEUE = "/applications/cases"
VIEWS = f"{QUEUE}/views"
LATE = "due=overdue&kind=mentee"


async def view_ids(abroad: Abroad, who: str) -> list[str]:
    """Return the ids of a person's saved views, by name."""
    return re.findall(r'name="view" value="([^"]+)"', await read(abroad, who, VIEWS))


async def test_filters_are_saved_opened_renamed_and_deleted(abroad: Abroad) -> None:
    """The view stands above the queue with its filters, for its owner only."""
    assert "Saved views" not in (await read(abroad, "tigran", QUEUE)).partition("<h1")[2]
    assert f'{VIEWS}?state=endorsed"' in await read(abroad, "tigran", f"{QUEUE}?state=endorsed&page=1&q=")
    assert "Save current filters" in await read(abroad, "tigran", f"{VIEWS}?{LATE}")
    saved = await send(abroad, "tigran", VIEWS, {"name": "Late mentees", "query": LATE})
    assert saved.headers["location"] == f"{QUEUE}?{LATE}"
    await send(abroad, "tigran", VIEWS, {"name": "Late mentees", "query": LATE})
    shown = await read(abroad, "tigran", saved.headers["location"])
    assert f'href="{QUEUE}?{LATE.replace("&", "&amp;")}" aria-current="page">Late mentees</a>' in shown
    assert '<p class="govuk-body tandem-break">Saved views: ' in shown, "a long name would make a narrow page wider"
    assert "Late mentees" not in await read(abroad, "giorgi", QUEUE)
    [view] = await view_ids(abroad, "tigran")
    await send(abroad, "giorgi", VIEWS, {"view": view, "name": "Mine"}, 404)
    await send(abroad, "giorgi", VIEWS, {"view": view, "delete": "1"})
    await send(abroad, "tigran", VIEWS, {"view": view, "name": "Overdue mentees"})
    assert "Overdue mentees" in await read(abroad, "tigran", QUEUE)
    for _ in range(2):
        await send(abroad, "tigran", VIEWS, {"view": view, "delete": "1"})
    assert await view_ids(abroad, "tigran") == []
    await read(abroad, "ani", VIEWS, 403)


async def test_a_view_holds_filters_that_can_be_read_only(abroad: Abroad) -> None:
    """Nothing but the parameters of the queue is saved; without a name, or without filters, nothing is."""
    for wrong in (
        {"query": LATE},
        {"name": "All"},
        {"name": "Odd", "query": "state=nonsense"},
        {"name": "Odd", "query": "sort=name"},
        {"name": "Odd", "query": "due=week&q=%00"},
        {"name": "Long", "query": f"q={'A' * 2000}"},
    ):
        await send(abroad, "tigran", VIEWS, wrong, 422)
    await send(abroad, "tigran", VIEWS, {"name": "Odd", "query": "due=week&next=https://evil.example&all=1&sort=age"})
    assert f'{QUEUE}?due=week&amp;sort=age"' in await read(abroad, "tigran", VIEWS)
    await send(abroad, "tigran", VIEWS, {"view": "nothing", "name": "A"}, 404)
    await send(abroad, "tigran", VIEWS, {"view": str(new_id()), "name": "A"}, 404)


async def test_a_person_has_a_limited_number_of_views(abroad: Abroad) -> None:
    """Names differ, and one more than the limit is refused with what to do."""
    for number in range(MOST_VIEWS):
        await send(abroad, "tigran", VIEWS, {"name": f"View {number}", "query": f"q=AM-{number}"})
    more = await send(abroad, "tigran", VIEWS, {"name": "One more", "query": LATE}, 422)
    assert "Delete one before you save another." in more.text
    first, *_ = await view_ids(abroad, "tigran")
    taken = await send(abroad, "tigran", VIEWS, {"view": first, "name": "view 1"}, 422)
    assert "You have a view with this name" in taken.text


async def owners(bus: Bus) -> list[str]:
    """Return whose views are in the store."""
    async with bus.read() as session:
        return list(await session.scalars(sa.text("SELECT DISTINCT subject FROM saved_view ORDER BY subject")))


async def leave_luc(abroad: Abroad, programme: Programme) -> None:
    """Save views of two coordinators, of whom one leaves today."""
    for who in ("tigran", "luc"):
        await send(abroad, who, VIEWS, {"name": "Late mentees", "query": LATE})
    [luc] = [each for each in (await programme.get("programme", "/people"))["items"] if each["subject"] == "luc"]
    change = {"kind": "leave", "subject": "luc", "last_day": str(clock.today()), "successor": None}
    await programme.post("programme", "/register/proposals", {"change": change, "version": luc["version"]}, 201)


async def test_views_go_once_all_that_arrived_in_time_is_answered(abroad: Abroad, programme: Programme) -> None:
    """On the day on which saved views go they are there while a request of the day before may still be answered."""
    bus, today = programme.app.state.service.bus, clock.today()
    await leave_luc(abroad, programme)
    for minute, left in ((5, ["luc", "tigran"]), (12, ["tigran"])):
        move_to(today + KEPT_FOR + timedelta(days=1), minute)
        await forget_views(bus)
        assert await owners(bus) == left


async def test_views_go_thirty_days_after_their_owner_has_left(abroad: Abroad, programme: Programme) -> None:
    """A coordinator who leaves, and nobody else, loses the saved views thirty days after the last day."""
    bus = programme.app.state.service.bus
    await leave_luc(abroad, programme)
    for days, left in ((30, ["luc", "tigran"]), (2, ["tigran"])):
        clock.move(timedelta(days=days))
        await forget_views(bus)
        assert await owners(bus) == left


async def test_views_stay_thirty_days_after_access_lapsed(abroad: Abroad, programme: Programme) -> None:
    """Access that nobody confirmed ends with its day; who is confirmed again within thirty days finds the views."""
    bus = programme.app.state.service.bus
    await send(abroad, "tigran", VIEWS, {"name": "Late mentees", "query": LATE})
    clock.move(timedelta(days=ConfirmationTimes().lapse + 2))
    assert await lapse(bus, ConfirmationTimes()) > 0
    await forget_views(bus)
    assert await owners(bus) == ["tigran"]
    clock.move(KEPT_FOR + timedelta(days=2))
    await forget_views(bus)
    assert await owners(bus) == []
