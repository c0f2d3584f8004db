"""Check pages for WCAG 2.2 AA by axe-core, for width and for weight: `python -m tests.browser.axe DATA`.

DATA is the folder of a local run that is up and has the sample programme (default: `.data`). Each page that a persona
or a stranger reaches by links is checked in each status of its record, at 1280 and at 320 pixels. Names of personas
after the folder limit it to these. It prints what is wrong, and exits with 1 if anything is.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from playwright.sync_api import ConsoleMessage, Page, ViewportSize, sync_playwright

from deploy.cli.system import System
from deploy.local.folder import ROOT
from deploy.local.personas import PERSONAS
from shared.identity.session import CookieJar
from tests.browser.conftest import DESK, FLAGS, chromium_of_command
from tests.browser.read_pages import RECORDS, in_each_status
from tests.every_page import STRANGER, open_pages, session_cookies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import BrowserContext

    from tests.every_page import Opened

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""The rules of WCAG 2.2, levels A and AA, that a program can check."""
SIZES: tuple[ViewportSize, ...] = (DESK, {"width": 320, "height": 640})
HEAVIEST = 60_000
"""The most bytes of HTML, style sheets and scripts that a page sends to somebody who opens it first."""

_RUN = """
async (tags) => {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], preload: false,
  });
  const lines = ({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.html}`);
  return found.violations.flatMap(lines);
}
"""
REFERENCE = "/applications/contracts"
"""A page for programmers, who search it: all events with their fields. It may be heavier."""
_FILES = "//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src"
_PARTS = "//*[@data-module][not(contains(@class, 'govuk-skip-link'))]"
_SCRIPT = "/static/vendor/govuk-frontend.js"
"""The script that `tandem.js` fetches for pages that have such parts."""
_WIDE = """
(width) => [...document.querySelectorAll("body *")]
  .filter((part) => part.getBoundingClientRect().right > width + 0.5)
  .map((part) => `${part.localName}.${part.className}`).slice(0, 5).join(", ")
"""


def check(system: System, pages: Sequence[Opened], executable: str) -> Iterator[str]:
    """Yield what is wrong with pages when their readers open them in a browser, a line each."""
    cookies = asyncio.run(session_cookies(system, sorted({page.person for page in pages} - {STRANGER})))
    with opened(executable) as context:
        view, said = context.new_page(), list[str]()
        view.on("pageerror", lambda error: said.append(str(error)))
        view.on("console", lambda message: said.append(message.text) if _is_error(message) else None)
        person, name = "", CookieJar(system.origin).session
        for page in pages:
            if page.person != person:
                person = page.person
                context.clear_cookies()
                if person in cookies:
                    context.add_cookies([{"name": name, "value": cookies[person][name], "url": system.origin}])
            yield from (f"{person} {page.address} {fault}" for fault in _faults(view, system.origin + page.address))
            yield from (f"{person} {page.address} console: {text}" for text in said)
            said.clear()


@contextmanager
def opened(executable: str) -> Iterator[BrowserContext]:
    """Open a browser whose pages have axe-core."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        context = browser.new_context(viewport=SIZES[0], locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(60_000)
        context.add_init_script(path=AXE)
        yield context
        browser.close()


async def too_heavy(system: System, pages: Sequence[Opened]) -> list[str]:
    """Return the pages that have more than `HEAVIEST` bytes of HTML, style sheets and scripts as they are sent."""
    files = [
        set(map(str, page.tree.xpath(_FILES))) | ({_SCRIPT} if page.tree.xpath(_PARTS) else set()) for page in pages
    ]
    sizes = {}
    async with httpx2.AsyncClient(base_url=system.origin, headers={"Accept-Encoding": "br, zstd, gzip"}) as http:
        for file in sorted(set().union(*files)):
            async with http.stream("GET", file) as answer:
                sizes[file] = len(b"".join([part async for part in answer.aiter_raw()]))
    weights = [page.sent + sum(sizes[file] for file in names) for page, names in zip(pages, files, strict=True)]
    return [
        f"{page.person} {page.address}: {weight} bytes"
        for page, weight in zip(pages, weights, strict=True)
        if weight > HEAVIEST and not page.address.startswith(REFERENCE)
    ]


def _is_error(message: ConsoleMessage) -> bool:
    """Return whether a message of the console is an error of the page; a status other than 200 may be meant."""
    return message.type == "error" and "the server responded with a status of" not in message.text


def _faults(view: Page, address: str) -> Iterator[str]:
    """Yield what is wrong with a page."""
    view.set_viewport_size(SIZES[0])
    view.goto(address)
    for size in SIZES:
        yield from faults_at(view, size)


def faults_at(view: Page, size: ViewportSize) -> Iterator[str]:
    """Yield what is wrong with an open page at a size."""
    width = size["width"]
    view.set_viewport_size(size)
    view.evaluate("document.fonts.ready.then(() => true)")
    found: list[str] = view.evaluate(_RUN, list(TAGS))
    yield from (f"at {width} px {fault}" for fault in found)
    wide = view.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        yield f"at {width} px sideways: {wide} pixels: {view.evaluate(_WIDE, width)}"


def main() -> int:
    """Check the pages of a run; return the exit code."""
    named = sys.argv[1:]
    folder = Path(named.pop(0) if named and Path(named[0]).is_dir() else ".data")
    environment: dict[str, Any] = json.loads((folder / "environment.json").read_text("utf-8"))
    system = System(environment)
    people = named or [*(persona.subject for persona in PERSONAS), STRANGER]
    path = chromium_of_command()
    began = time.monotonic()
    pages = in_each_status(asyncio.run(open_pages(system, people, records=RECORDS)))
    found = time.monotonic()
    wrong = 0
    for fault in (*asyncio.run(too_heavy(system, pages)), *check(system, pages, path)):
        wrong += 1
        print(fault, flush=True)
    kinds = len({page.kind for page in pages})
    print(f"{len(pages)} pages of {kinds} kinds, {wrong} faults; found in {found - began:.0f} s, ", end="")
    print(f"checked in {time.monotonic() - found:.0f} s.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
