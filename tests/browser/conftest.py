"""Where is a browser for the tests? Chromium from the system; without one they skip, except in CI, which has it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import ViewportSize, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}


def chromium() -> str | None:
    """The path of Chromium: `TANDEM_CHROMIUM`, or one of the usual names on the path."""
    named = os.environ.get("TANDEM_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session; each test opens its own contexts in it."""
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to install Chromium: .ci/run does.")
        pytest.skip("There is no Chromium here: install the package chromium, or name one in TANDEM_CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh visitor at a desk, in English; what its console says as an error fails the test."""
    context = browser.new_context(viewport=DESK, locale="en-GB")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    context.close()
    assert not errors, errors
