"""Give the tests a browser: Chromium from the system; without it they are skipped, except in CI."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import ViewportSize, sync_playwright

from deploy.cli.client import People
from deploy.cli.journey.steps import Journey
from deploy.cli.system import System
from shared.web import site
from tests.personas import enter_personas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, Page, Route

    from tests.local_run import LocalRun

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is the same engine without windows, tabs and menus around it: a page costs half the processor time."""
NO_CHROMIUM = "There is no Chromium here: install the package chromium, or name one in TANDEM_CHROMIUM."
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}


def chromium() -> str | None:
    """Return the path of Chromium: `TANDEM_CHROMIUM`, or one of the usual names on the path."""
    named = os.environ.get("TANDEM_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def chromium_of_command() -> str:
    """Return the path of Chromium for a command, which ends with a sentence where there is none."""
    path = chromium()
    if path is None:
        sys.exit(NO_CHROMIUM)
    return path


def required_chromium() -> str:
    """Return the path of Chromium; without one skip the test, in CI fail it."""
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to install Chromium: .ci/run does.")
        pytest.skip(NO_CHROMIUM)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file of tests; each test opens its own contexts in it.

    Not for the session: while it is open its event loop runs, and tests of coroutines cannot have theirs.
    """
    path = required_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page for a new visitor on a wide screen, in English; an error in its console fails the test."""
    context = browser.new_context(viewport=DESK, locale="en-GB")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on(
        "console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield opened
    context.close()
    assert not errors, errors


@dataclass(frozen=True)
class Running:
    """A running system whose register has the personas: the folder of its data, and its output."""

    folder: Path
    env: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The address of its pages."""
        return self.env["TANDEM_ORIGIN"]

    @property
    def mail(self) -> str:
        """The address of its mail catcher."""
        return self.env["TANDEM_MAIL_URL"]

    def today(self) -> date:
        """Return the present day by the clock of the system, which a journey moves."""
        clock = self.folder / "clock"
        offset = float(clock.read_text() or 0) if clock.exists() else 0.0
        return (datetime.now(UTC) + timedelta(seconds=offset)).date()


@pytest.fixture(scope="module")
def running(browser: Browser, request: pytest.FixtureRequest) -> Running:
    """A whole local run with nothing in it but the personas, or the one whose folder `TANDEM_RUNNING` names.

    It asks for the browser, so that nothing is started where there is none.
    """
    assert browser.is_connected()
    if "TANDEM_RUNNING" in os.environ:
        return _enter_personas(Path(os.environ["TANDEM_RUNNING"]))
    run: LocalRun = request.getfixturevalue("local_run")
    return _enter_personas(run.folder)


def _enter_personas(folder: Path) -> Running:
    """Enter the personas into the register."""
    system = System(json.loads((folder / "environment.json").read_text("utf-8")))
    made = Running(folder, system.env)

    async def enter() -> None:
        async with People(system) as people:
            await enter_personas(Journey(people, movable=True), made.today().isoformat())

    # Playwright's loop runs in this thread already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, enter()).result()
    return made


def open_alone(page: Page, text: str) -> None:
    """Open a page that no server returns: its text, and the style sheets and fonts of all pages by their addresses."""
    origin = "http://alone.test"

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(f"{origin}/")
        if path:
            route.fulfill(path=site.STATIC / path)
        else:
            route.fulfill(body=text, content_type="text/html")

    page.route("**/*", answer)
    page.goto(f"{origin}/")
