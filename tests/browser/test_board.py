"""The board follows events live in a real browser, catches up after a lost connection, and works without JavaScript."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from playwright.sync_api import expect
from starlette.staticfiles import StaticFiles

from deploy.local.ports import free_port
from services.matching.app import create_app
from services.matching.consumers import consumers
from services.matching.settings import Settings
from shared.contracts.codes import Role
from shared.identity import Grant, write_access
from shared.identity.state import identity_of
from shared.time import clock
from shared.web import site
from tests.browser.conftest import DESK, PHONE
from tests.integration.matching.conftest import World
from tests.portal_of_strangers import strangers_portal
from tests.sessions import session_key
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from fastapi import FastAPI
    from playwright.sync_api import Browser, Page

    from tests.conftest import Databases

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]


class Board:
    """The matching service in a thread: the test delivers events, the browser shows the pages."""

    def __init__(self, postgres: Databases) -> None:
        self._postgres = postgres
        # Playwright's loop runs in this thread already, and migrations run one of their own.
        with ThreadPoolExecutor(1) as pool:
            self._address = pool.submit(self._new_store).result()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        port = free_port()
        self.origin = f"http://localhost:{port}"
        self._portal = ExitStack()
        portal_url = self._portal.enter_context(strangers_portal())
        settings = settings_for(self._address, origin=self.origin, portal_url=portal_url)
        self.app: FastAPI = create_app(Settings(**settings), background=False)
        self.app.mount("/static", StaticFiles(directory=site.STATIC))
        self._server = uvicorn.Server(uvicorn.Config(self.app, port=port, log_config=None, timeout_graceful_shutdown=2))
        self.world: World = self.do(self._begun())

    def _new_store(self) -> str:
        template = self._postgres.of_service("matching")
        return self._postgres.new(template)

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the loop of the service and wait for its result."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    async def _begun(self) -> World:
        await self.app.state.service.live.start()
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no other way to say so
            await asyncio.sleep(0.05)
        bus = self.app.state.service.bus
        async with bus.transaction("system:tests") as tx:
            grant = Grant(Role.PROGRAMME_COORDINATOR, clock.today() - timedelta(days=30))
            await write_access(tx.session, {"carla": ([grant], clock.now())})
        world = World(self.app, bus, Feed(bus, consumers))
        await world.call()
        return world

    def page(self, browser: Browser, **options: Any) -> Page:
        """Read a page as the programme coordinator."""
        context = browser.new_context(locale="en-GB", **{"viewport": DESK} | options)
        identity = identity_of(self.app)
        key = session_key(self.app, "carla")
        context.add_cookies([{"name": identity.cookies.session, "value": key, "url": self.origin}])
        return context.new_page()

    def stop(self) -> None:
        """Stop the service."""

        async def end() -> None:
            await self.app.state.service.live.stop()
            self._server.should_exit = True
            await self._task
            await self.app.state.service.bus.close()

        self.do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._portal.close()
        self._postgres.drop(self._address)


@pytest.fixture
def board(postgres: Databases, browser: Browser) -> Iterator[Board]:
    """Return a board with an empty call."""
    assert browser.is_connected()
    running = Board(postgres)
    yield running
    running.stop()


def test_the_board_updates_by_itself_and_catches_up(board: Board, browser: Browser) -> None:
    """New events are shown without a reload, and events of an interruption once the connection is back."""
    page = board.page(browser)
    page.goto(f"{board.origin}/matching/?call={board.world.call_id}")
    expect(page.locator("html[data-live=on]")).to_have_count(1)
    expect(page.get_by_text("No application has arrived in this call yet.")).to_be_visible()
    board.do(board.world.officer("MD", eligible=False))
    expect(page.locator(".tandem-counts").get_by_text("Endorsed")).to_be_visible()
    page.context.set_offline(offline=True)
    board.do(board.world.offer())
    board.do(board.world.officer("GE"))
    board.do(board.world.match_calls())
    page.context.set_offline(offline=False)
    expect(page.get_by_role("link", name="Why GE-2026-0003")).to_be_visible(timeout=20_000)
    page.context.close()


def test_the_board_works_without_javascript(board: Board, browser: Browser) -> None:
    """Counts link to their rows, a link loads what is new, and nothing is wider than the screen of a phone."""
    page = board.page(browser, java_script_enabled=False, viewport=PHONE)
    page.goto(f"{board.origin}/matching/?call={board.world.call_id}")
    board.do(board.world.officer("MD", eligible=False))
    page.get_by_role("link", name="Refresh").click()
    page.locator(".tandem-counts a").first.click()
    expect(page.get_by_role("link", name="MD-2026-0001")).to_be_visible()
    page.context.close()


def test_no_page_of_the_board_is_wider_than_a_phone(board: Board, browser: Browser) -> None:
    """Board, calendar, heat map, events, cohorts and what-ifs fit on 390 pixels, each with content."""
    world = board.world
    board.do(world.offer(places=2))
    board.do(world.confirmed())
    board.do(world.officer("GE"))
    board.do(world.match_calls())
    page = board.page(browser, viewport=PHONE)
    for path in ("", "calendar", "supply", "events", "runs", "what-ifs", "stuck"):
        page.goto(f"{board.origin}/matching/{path}?call={world.call_id}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.context.close()


def test_a_dragged_visit_moves_only_after_confirmation(board: Board, browser: Browser) -> None:
    """Dragging a visit opens the page that asks for confirmation, with that week chosen, and moves nothing yet."""
    world = board.world
    first = board.do(world.offer(places=2))
    _, match_id = board.do(world.confirmed())
    page = board.page(browser)
    page.goto(f"{board.origin}/matching/calendar?call={world.call_id}")
    row = page.locator(f'[data-drop-row="{first}"]')
    field = row.locator("[data-drop]").nth(3)
    week = field.get_attribute("data-drop")
    row.locator("[data-drag-to]").drag_to(field)
    page.wait_for_url(f"**/matching/visits/{match_id}/move?week={week}")
    assert page.locator("input[name=week]:checked").get_attribute("value") == week
    assert board.do(world.facts("VisitMoveProposed")) == []
    page.context.close()


def test_a_cohort_is_decided_on_its_page(board: Board, browser: Browser) -> None:
    """A receipt opens in place by the keyboard; a match is held back at its price, and the way back keeps the page."""
    world = board.world
    board.do(world.offer(places=1, group_size=1, title="A week in Lyon"))
    board.do(world.offer("PL", places=1, group_size=1, title="A week in Warsaw"))
    for country in ("MD", "GE", "AM"):
        board.do(world.officer(country))
    board.do(world.match_calls())
    address = f"{board.origin}/matching/cohorts/{world.call_id}"
    page = board.page(browser)
    page.goto(address)
    first = page.locator(".tandem-matches tbody tr").first
    box = first.bounding_box()
    assert box is not None
    assert box["y"] + 60 < DESK["height"]
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first.get_by_text("What the officer gains")).to_be_visible()
    first.get_by_role("link", name="Hold back, pin or move").click()
    page.get_by_label("Hold back").check()
    page.get_by_role("button", name="Show what it costs").click()
    expect(page.get_by_text("Gains a place")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Show what it costs")).to_be_visible()
    page.go_forward()
    page.get_by_label("Reason").select_option("timetable_conflict")
    page.get_by_role("button", name="Hold back application").click()
    expect(page.get_by_text("1 choice changes this cohort.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Your choices", exact=True)).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You hold back 1 application.")).to_be_visible()
    page.get_by_role("button", name="Commit cohort").click()
    expect(page.get_by_text("2 matches are proposed.")).to_be_visible()
    page.context.close()


def test_a_cohort_is_decided_without_javascript_on_a_phone(board: Board, browser: Browser) -> None:
    """The first match is on the first screen; explanation, price and choice work by links and buttons alone."""
    world = board.world
    board.do(world.offer(places=1, group_size=1))
    for country in ("MD", "GE"):
        board.do(world.officer(country))
    board.do(world.match_calls())
    page = board.page(browser, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.goto(f"{board.origin}/matching/cohorts/{world.call_id}")
    box = page.locator(".tandem-matches tbody tr").first.bounding_box()
    assert box is not None
    assert box["y"] + 60 < 740
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".tandem-matches summary").first.click()
    page.get_by_role("link", name="Open explanation").first.click()
    expect(page.get_by_text("What the officer gains")).to_be_visible()
    page.get_by_role("link", name="Commit cohort").click()
    page.get_by_role("link", name="Hold back, pin or move").first.click()
    page.get_by_label("Pin to this place").check()
    page.get_by_role("button", name="Show what it costs").click()
    expect(page.get_by_text("as before")).to_be_visible()
    page.get_by_label("Reason").select_option("other")
    page.get_by_role("button", name="Pin match").click()
    expect(page.get_by_text("Pinned by a coordinator.")).to_be_visible()
    page.get_by_role("button", name="Remove choice").click()
    expect(page.get_by_text("Pinned by a coordinator.")).to_have_count(0)
    page.context.close()
