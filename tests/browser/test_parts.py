"""The parts of a page that use JavaScript work in a real browser, also without JavaScript."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from deploy.local.ports import free_port
from shared.bus.db.transaction import CHANGED_CHANNEL
from shared.web import site
from tests.browser import axe
from tests.browser.conftest import open_alone
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.conftest import Databases

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]


class Demo:
    """The demo app in a process of its own, on a database whose changes it receives."""

    def __init__(self, postgres: Databases) -> None:
        self._postgres = postgres
        self.database = postgres.new()
        self.address = f"http://127.0.0.1:{free_port()}"
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "demo.py"), self.address.rpartition(":")[2]],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DEMO_DATABASE": self.database},
        )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)

    def changed(self, name: str = "board") -> None:
        """Send the notification of a store's commit."""
        self._postgres.server.sql(f"SELECT pg_notify('{CHANGED_CHANNEL}', '{name}')", self.database.rpartition("/")[2])

    def stop(self) -> None:
        """Stop the process."""
        self._process.terminate()
        self._process.wait(10)
        self._postgres.drop(self.database)


@pytest.fixture(scope="module")
def demo(postgres: Databases) -> Iterator[Demo]:
    """Return the demo app."""
    running = Demo(postgres)
    yield running
    running.stop()


def live_stamp(page: Page) -> Any:
    """Return the stamp at which the live part was drawn: it changes with every change that the server received."""
    return page.locator("#board").get_attribute("data-live-seen")


def live(page: Page, address: str) -> None:
    """Open the page with a live part; changes before its stream is open are sent once it is."""
    page.goto(address)
    expect(page.locator("html")).to_have_attribute("data-live", "on")


def test_a_change_appears_without_a_reload(demo: Demo, page: Page) -> None:
    """Each commit in the database draws the live part again."""
    live(page, demo.address)
    for _ in range(2):
        before = live_stamp(page)
        demo.changed()
        expect(page.locator("#board")).not_to_have_attribute("data-live-seen", before)
        expect(page.locator("#board")).to_have_count(1)


def test_tabs_share_one_stream(demo: Demo, page: Page) -> None:
    """Two tabs share one stream and both are drawn again; when its tab closes, the other takes over."""
    live(page, demo.address)
    other = page.context.new_page()
    live(other, demo.address)
    other.wait_for_timeout(3500)  # in which the tabs agree on one stream: nothing on a page says so
    for tab in (page, other):
        tab.bring_to_front()
        before = live_stamp(tab)
        demo.changed()
        expect(tab.locator("#board")).not_to_have_attribute("data-live-seen", before)
    page.goto("about:blank")
    other.bring_to_front()
    before = live_stamp(other)
    demo.changed()
    expect(other.locator("#board")).not_to_have_attribute("data-live-seen", before)


def test_without_javascript_a_link_refreshes(demo: Demo, browser: Browser) -> None:
    """Without JavaScript the link, the rows of the form and its errors work as plain HTML."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.address)
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_role("heading", name="Components")).to_be_visible()
    page.goto(f"{demo.address}/form")
    page.get_by_label("Unit", exact=True).fill("Cyber unit")
    page.get_by_role("button", name="Add a language").click()
    expect(page.get_by_role("group", name="Languages that you speak 2")).to_be_visible()
    expect(page.get_by_label("Unit", exact=True)).to_have_value("Cyber unit")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Choose what you apply for").click()
    assert page.url.endswith("#kind")
    context.close()


def test_enter_continues_and_removes_no_row(demo: Demo, page: Page) -> None:
    """The Enter key in a text field presses Continue, not the first button in the form."""
    page.goto(f"{demo.address}/form")
    page.get_by_label("Unit", exact=True).press("Enter")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(page.get_by_role("group", name="Languages that you speak 1")).to_be_visible()


def test_the_script_of_forms_is_fetched_for_forms_only(demo: Demo, page: Page) -> None:
    """A form fetches GOV.UK's script, which starts its parts; a page without such parts does not fetch it."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    page.goto(f"{demo.address}/nowhere", wait_until="networkidle")
    assert "/static/tandem.js" in fetched
    assert "/static/vendor/govuk-frontend.js" not in fetched
    page.goto(f"{demo.address}/form")
    expect(page.locator("[data-govuk-radios-init]")).to_be_visible()
    assert "/static/vendor/govuk-frontend.js" in fetched


def test_a_form_is_sent_once(demo: Demo, page: Page) -> None:
    """A double click sends one request."""
    page.goto(f"{demo.address}/form")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Continue").dblclick()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert len(sent) == 1


def test_a_draft_is_saved_on_leaving(demo: Demo, page: Page) -> None:
    """A form that is left half written is sent to the address of its draft."""
    page.goto(f"{demo.address}/form")
    page.get_by_label("Unit", exact=True).fill("Half a sent")
    page.goto(demo.address)
    kept: list[str] = []
    end = time.monotonic() + PATIENCE
    while not kept and time.monotonic() < end:
        kept = page.request.get(f"{demo.address}/drafts").json()
    assert len(kept) == 1
    assert "unit=Half+a+sent" in kept[0]


@pytest.mark.parametrize("path", ["/", "/design", "/form", "/nowhere", "/?stranger=1"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_its_window(demo: Demo, page: Page, path: str, width: int) -> None:
    """No page scrolls sideways, from the smallest phone on."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(demo.address + path)
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/design", "/form", "/nowhere", "/?stranger=1"])
def test_components_meet_wcag(demo: Demo, page: Page, path: str) -> None:
    """No component has a fault by WCAG 2.2 AA that axe-core finds, at 1280 and at 320 pixels, errors included."""
    page.add_init_script(path=axe.AXE)
    page.goto(demo.address + path)
    assert [fault for size in axe.SIZES for fault in axe.faults_at(page, size)] == []


def test_faults_of_a_page_are_found(page: Page) -> None:
    """A picture without a text, a pale text, a field without a label and a line that is too wide are reported."""
    page.add_init_script(path=axe.AXE)
    open_alone(
        page,
        '<!DOCTYPE html><html lang="en"><title>Faults</title><main><img src="/mark.svg"><input>'
        '<p class="pale">Pale</p><p class="wide">Wide</p></main>'
        "<style>.pale { color: #ccc } .wide { width: 400px }</style>",
    )
    found = "\n".join(axe.faults_at(page, axe.SIZES[1]))
    for rule in ("image-alt", "label", "color-contrast", "sideways"):
        assert f"at 320 px {rule}:" in found, found


def test_text_has_the_agreed_size(demo: Demo, page: Page) -> None:
    """Text is 16 px on phones and 19 px on wide pages, in Noto Sans."""
    for width, size in ((390, "16px"), (1280, "19px")):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{demo.address}/form")
        assert page.locator("#unit").evaluate("e => getComputedStyle(e).fontSize") == size
        page.goto(demo.address)
        font = page.locator(".tandem-standing__text").evaluate(
            "e => [getComputedStyle(e).fontSize, getComputedStyle(e).fontFamily]"
        )
        assert font[0] == size
        assert font[1].startswith('"Noto Sans"')
