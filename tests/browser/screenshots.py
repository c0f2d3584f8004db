"""Take the pictures of README and docs: `python -m tests.browser.screenshots http://localhost:8000`.

The system at that address has to hold the sample programme, as it is after its first start. For the pictures of an
application and of its status an officer, Nino, applies in the open call, and her national coordinator endorses it.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import ViewportSize, expect, sync_playwright

from deploy.local.personas import PERSONAS
from tests.browser.conftest import FLAGS, chromium_of_command
from tests.browser.people import Person
from tests.browser.steps import TOPIC, WISH, Season, answer_tasks, submit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
PAGE: ViewportSize = {"width": 1200, "height": 900}
TALLEST, LARGEST = 1600, 250_000
"""Pixels and bytes: what is longer is cut from below."""
FIRST_SCREENS = (
    ("host", "persona-host", "/applications/"),
    ("coordinator", "persona-coordinator-am", "/applications/"),
    ("queue", "persona-coordinator-am", "/applications/cases"),
    ("donor", "persona-donor", "/reporting/"),
)
"""Pages of which the first screen is enough: name of the picture, who reads the page, its address."""


def save_picture(page: Page, name: str, *, tallest: int = TALLEST) -> None:
    """Save the page as a picture, from its top."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.evaluate("document.fonts.ready")
    tall: int = page.evaluate("document.documentElement.scrollHeight")
    file, height = PICTURES / f"{name}.png", min(tall, tallest)
    while True:
        page.screenshot(
            path=file,
            full_page=True,
            clip={"x": 0, "y": 0, "width": PAGE["width"], "height": height},
            animations="disabled",
        )
        if file.stat().st_size < LARGEST or height <= PAGE["height"]:
            break
        height -= 100
    print(f"{file.relative_to(PICTURES.parents[1])}  {file.stat().st_size // 1000} KB")


def as_(browser: Browser, origin: str, subject: str, path: str) -> Page:
    """Open a page as a persona."""
    page = browser.new_context(viewport=PAGE, locale="en-GB").new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{origin}/sign-in?as={subject}&next={path}")
    return page


def take(browser: Browser, origin: str) -> None:
    """Take all pictures."""
    page = browser.new_context(viewport=PAGE, locale="en-GB").new_page()
    page.goto(f"{origin}/")
    expect(page.get_by_role("link", name=PERSONAS[0].name).first).to_be_visible()
    save_picture(page, "start")
    for name, subject, path in FIRST_SCREENS:
        save_picture(as_(browser, origin, subject, path), name, tallest=PAGE["height"])

    board = as_(browser, origin, "persona-programme", "/matching/")
    expect(board.get_by_role("link", name=re.compile("^Why")).first).to_be_visible()
    save_picture(board, "board")
    board.get_by_role("link", name=re.compile("^Why [A-Z]{2}-")).first.click()
    expect(board.get_by_role("heading", name="Explanation")).to_be_visible()
    save_picture(board, "receipt")

    steering = as_(browser, origin, "persona-programme", "/reporting/?period=programme")
    steering.get_by_role("link", name="Applications received").first.click()
    expect(steering.get_by_text("How it is counted").first).to_be_visible()
    save_picture(steering, "figure")
    apply(browser, origin)


def apply(browser: Browser, origin: str) -> None:
    """Take pictures of an application in progress, and of an endorsed one."""
    officer = Person(browser, origin, "Nino Beridze", size=PAGE).go("/applications/calls")
    card = officer.page.locator("main section").filter(has=officer.page.get_by_text("Open", exact=True))
    card.get_by_role("link").first.click()
    title = officer.page.get_by_role("heading", level=1).inner_text()
    officer.press("Apply for a study visit")
    if officer.page.get_by_role("link", name="Delete draft").count():
        officer.follow("Topics and countries").choose("Topic", TOPIC, WISH).press("Save and come back later")
        save_picture(officer.page, "application")
        answer_tasks(officer, Season(title, datetime.now(UTC).date()), own="Georgian", level="B2")
        reference = submit(officer)
        country = (
            Person(browser, origin, "Giorgi Maisuradze").go(f"/applications/cases?q={reference}").follow(reference)
        )
        country.press("Return for information").fill("Languages", "When did you pass the test?").press(
            "Return for information"
        )
        officer.page.reload()
        officer.press("Check your answers and send").press("Send application again").sees_status("Submitted")
        country.page.reload()
        country.press("Endorse").press("Endorse").sees_status("Endorsed")
    officer.page.goto(officer.page.url.partition("?")[0])  # without the banner about the last action
    expect(officer.page.get_by_role("region", name="Status and next step")).to_be_visible()
    save_picture(officer.page, "status")


def main() -> None:
    """Take the address from the command line, and take the pictures."""
    origin = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000").rstrip("/")
    path = chromium_of_command()
    PICTURES.mkdir(exist_ok=True)
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        take(browser, origin)
        browser.close()


if __name__ == "__main__":
    main()
