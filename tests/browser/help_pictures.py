"""Take the pictures of the help pages: `python -m tests.browser.help_pictures DATA`.

DATA is the folder of a local run that is up and has the sample programme (default: `.data`). Each picture shows the top
of a page of a persona, once as on a desk and once as on a phone, and has at most `LARGEST` bytes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from deploy.cli.system import System
from shared.identity.session import CookieJar
from shared.web import site
from shared.web.help_guides import GUIDES
from tests.browser.conftest import FLAGS, chromium_of_command
from tests.every_page import session_cookies

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

FOLDER = site.STATIC / "help"
SIZES: dict[str, tuple[ViewportSize, int]] = {
    "": ({"width": 960, "height": 600}, 1),
    "-phone": ({"width": 360, "height": 500}, 2),
}
"""By the end of a picture's name: the size of the window, and the pixels of the picture to each of the page's."""
LARGEST = 60_000
PAGES = {
    "officers": ("persona-officer", "/applications/", "/applications/mine/"),
    "hosts": ("persona-host", "/applications/offers", "/applications/offers/0"),
    "mentors": ("persona-mentor", "/applications/mentorships", "/applications/mentorships/"),
    "coordinators": ("persona-coordinator-am", "/applications/cases", ""),
    "programme": ("persona-programme", "/matching/", ""),
    "figures": ("persona-donor", "/reporting/", ""),
    "clearance": ("persona-clearance", "/applications/offers", ""),
    "protection": ("persona-dpo", "/applications/incidents", "/applications/incidents/0"),
    "auditors": ("persona-auditor", "/applications/audit?kind=releases", ""),
}
"""By guide with a picture: the persona, the page that is opened, and how the address of a link to follow begins."""


def main() -> int:
    """Take all pictures; return the exit code."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".data")
    system = System(json.loads((folder / "environment.json").read_text("utf-8")))
    cookies = asyncio.run(session_cookies(system, [who for who, _, _ in PAGES.values()]))
    name = CookieJar(system.origin).session
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_of_command(), args=FLAGS)
        for guide in (each for each in GUIDES if each.picture):
            who, path, link = PAGES[guide.code]
            for ending, (size, scale) in SIZES.items():
                context = browser.new_context(viewport=size, device_scale_factor=scale, locale="en-GB")
                context.set_default_timeout(120_000)
                context.add_cookies([{"name": name, "value": cookies[who][name], "url": system.origin}])
                page = context.new_page()
                page.goto(system.origin + path)
                if link:
                    page.locator(f'main a[href^="{link}"]').first.click()
                    page.wait_for_load_state()
                save(page, FOLDER / f"{guide.code}{ending}.jpg")
                context.close()
        browser.close()
    return 0


def save(page: Page, file: Path) -> None:
    """Save what is on the screen, without the banners of a local run and a phone's header, as its size allows."""
    page.evaluate("document.querySelectorAll('.tandem-strip').forEach((strip) => strip.remove())")
    page.evaluate("innerWidth < 640 && document.querySelector('main').scrollIntoView()")
    page.evaluate("document.fonts.ready")
    for quality in range(80, 20, -10):
        page.screenshot(path=file, type="jpeg", quality=quality, animations="disabled")
        if file.stat().st_size <= LARGEST:
            break
    print(f"{file.name}  {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
