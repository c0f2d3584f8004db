"""Act as a persona in a browser: one browser context a person."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Self

from playwright.sync_api import ViewportSize, expect

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Browser, Locator, Page

DESK: ViewportSize = {"width": 1280, "height": 900}
PATIENCE = 120_000
"""Milliseconds for a page or for an event to arrive: the machines of tests are small and shared."""


class Person:
    """A persona with a browser context of their own, signed in on the start page.

    What a page's script raises, or what its security policy stops, is kept in `errors`.
    """

    def __init__(
        self, browser: Browser, origin: str, name: str, *, javascript: bool = True, size: ViewportSize = DESK
    ) -> None:
        """Open a browser, open the start page, and click on the card of the persona `name`."""
        self.origin = origin
        self.errors: list[str] = []
        self._context = browser.new_context(
            viewport=size, locale="en-GB", java_script_enabled=javascript, accept_downloads=True
        )
        self._context.set_default_timeout(PATIENCE)
        self.page: Page = self._context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(f"{name}: {error}"))
        self.page.on(
            "console",
            lambda message: (
                self.errors.append(f"{name}: {message.text}") if "Content Security Policy" in message.text else None
            ),
        )
        self.go("/")
        self.follow(name)
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def go(self, path: str) -> Self:
        """Open a page by its address."""
        self.page.goto(self.origin + path)
        return self

    def follow(self, text: str | re.Pattern[str]) -> Self:
        """Click on a link."""
        self._click(self.page.get_by_role("link", name=text).first)
        return self

    def press(self, text: str) -> Self:
        """Press a button, or a link that looks like one."""
        name = re.compile(rf"^{re.escape(text)}")
        self._click(self.page.get_by_role("button", name=name).first)
        return self

    def fill(self, label: str, value: str, inside: str | None = None) -> Self:
        """Fill in the field whose label begins with `label`, in the row named `inside` if there are several."""
        self._write(self._inside(inside).get_by_label(re.compile(rf"^\s*{re.escape(label)}")).first, value)
        return self

    def choose(self, label: str, option: str, inside: str | None = None) -> Self:
        """Choose in a list, in the row named `inside` if there are several."""
        self._select(self._inside(inside).get_by_label(re.compile(rf"^\s*{re.escape(label)}")).first, option)
        return self

    def tick(self, *labels: str, inside: str | None = None) -> Self:
        """Tick boxes, or choose a radio button."""
        for label in labels:
            self._check(self._inside(inside).get_by_label(label, exact=True).first)
        return self

    def choose_everywhere(self, label: str) -> Self:
        """Choose the radio button of this name in each group that has one."""
        for choice in self.page.get_by_role("radio", name=label, exact=True).all():
            self._check(choice)
        return self

    def unfold(self, text: str) -> Self:
        """Open a part of the page that is folded."""
        self._open(self.page.locator("summary", has_text=text).first)
        return self

    def download(self, text: str) -> bytes:
        """Return the file behind a link."""
        with self.page.expect_download() as download:
            self._open(self.page.get_by_role("link", name=text).first)
        return Path(download.value.path()).read_bytes()

    def enter_date(self, legend: str, day: date, inside: str | None = None) -> Self:
        """Fill in the three fields of a date."""
        group = self._inside(inside).get_by_role("group", name=re.compile(rf"^{re.escape(legend)}")).last
        for label, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            self._write(group.get_by_label(label, exact=True), str(value))
        return self

    def sees(self, *texts: str) -> Self:
        """Expect texts on the page as it is."""
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text, timeout=PATIENCE)
        return self

    def sees_saved(self, text: str) -> Self:
        """Expect the sentence that confirms what was done, or that an event has changed the record since.

        For what another service answers: on a busy machine its event is here before the page.
        """
        changed = "Saved. Something has changed since then."
        expect(self.page.locator("main")).to_contain_text(re.compile(f"{re.escape(text)}|{changed}"), timeout=PATIENCE)
        return self

    def sees_status(self, state: str, *, holder: str = "", follows: str = "") -> Self:
        """Expect a status, its holder and the next step; open the page again until they are shown.

        Facts of other services arrive a moment later than the page on which they were made.
        """
        where = self.page.get_by_role("region", name="Status and next step")
        until(self.page, where.locator(".tandem-standing__state"), state)
        if holder:
            expect(where).to_contain_text(holder)
        expect(where).to_contain_text("With" if holder else state)
        if follows:
            expect(where).to_contain_text(follows)
        return self

    def waits_for(self, text: str) -> Self:
        """Open the page again until it says `text`."""
        until(self.page, self.page.locator("main"), text)
        return self

    def close(self) -> None:
        """Close the browser context."""
        self._context.close()

    def _click(self, target: Locator) -> None:
        target.click()

    def _open(self, target: Locator) -> None:
        target.click()

    def _write(self, target: Locator, value: str) -> None:
        target.fill(value)

    def _select(self, target: Locator, option: str) -> None:
        target.select_option(label=option)

    def _check(self, target: Locator) -> None:
        target.check()

    def _inside(self, row: str | None) -> Page | Locator:
        return self.page if row is None else self.page.get_by_role("group", name=row)


def until(page: Page, locator: Locator, text: str) -> None:
    """Open the page again, for a bounded time, until `locator` holds `text`.

    Whether that is worth while is asked without drawing the page; now and then it is opened anyway.
    """
    for tried in range(1, PATIENCE // 500):
        if locator.count() and text in (locator.first.text_content() or ""):
            return
        page.wait_for_timeout(500)
        if tried % 8 == 0 or text in unescape(page.request.get(page.url, headers={"Accept": "text/html"}).text()):
            page.reload()
    expect(locator.first).to_contain_text(text, timeout=1)
