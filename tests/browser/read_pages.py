"""Write every page as every persona sees it, picture and text side by side: `python -m tests.browser.read_pages DATA`.

DATA is the folder of a local run that is up and has the sample programme (default: `.data`). Of each kind of page one
is written for each status of its record: at 1280 and at 360 pixels, as it is printed, and in high contrast. The result
is `build/pages/index.html`; `build/pages/texts.txt` has all texts, with the reading grade of each page, and says which
titles several kinds of pages share. Names of personas after the folder limit it to these; `--no-pictures` writes the
texts only.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import FloatRect, sync_playwright

from deploy.cli.system import System
from deploy.local.folder import ROOT
from deploy.local.personas import PERSONAS
from shared.identity.session import CookieJar
from tests.browser.conftest import DESK, FLAGS, chromium_of_command
from tests.every_page import open_pages, session_cookies
from tests.reading_grade import grade, lines, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import ViewportSize

    from tests.every_page import Opened


@dataclass(frozen=True)
class Look:
    """The size of a window, and whether its page is printed or drawn in the dark colours of high contrast."""

    size: ViewportSize
    media: Literal["screen", "print"] = "screen"
    forced_colors: Literal["active", "none"] = "none"

    @property
    def color_scheme(self) -> Literal["dark", "light"]:
        """Return the scheme from which the colours of high contrast are taken."""
        return "dark" if self.forced_colors == "active" else "light"


FOLDER = ROOT / "build" / "pages"
LOOKS: dict[str, Look] = {
    "1280": Look(DESK),
    "360": Look({"width": 360, "height": 740}),
    "print": Look(DESK, media="print"),
    "contrast": Look(DESK, forced_colors="active"),
}
"""The ways in which pages are drawn, by the end of a picture's name."""
RECORDS = 8
"""The most records of a kind that are opened as a persona, to find one in each status."""
TALLEST = 6000

_STYLE = """
body { font: 15px sans-serif; margin: 1rem }
section { border-top: 2px solid #173f5f; display: flex; gap: 1rem }
img { width: 640px; align-self: flex-start; border: 1px solid #ccc }
img + img { width: 240px }
img + img + img { width: 320px }
div { display: flex; flex-wrap: wrap; gap: 1rem; flex: none; max-width: 900px }
pre { white-space: pre-wrap; max-width: 40rem }
"""


def main() -> int:
    """Write the pages; return the exit code."""
    named = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    folder = Path(named.pop(0) if named and Path(named[0]).is_dir() else ".data")
    system = System(json.loads((folder / "environment.json").read_text("utf-8")))
    people = named or [persona.subject for persona in PERSONAS]
    pages = in_each_status(asyncio.run(open_pages(system, people, records=RECORDS)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "texts.txt").write_text("\n\n".join(map(as_text, pages)) + "\n\n" + shared_titles(pages), "utf-8")
    pictures = {} if "--no-pictures" in sys.argv else take(system, people, pages)
    parts = [_section(number, page, pictures.get(number, [])) for number, page in enumerate(pages, 1)]
    (FOLDER / "index.html").write_text(f"<!DOCTYPE html><style>{_STYLE}</style>" + "".join(parts), "utf-8")
    print(f"{len(pages)} pages of {len({page.kind for page in pages})} kinds: {FOLDER.relative_to(ROOT)}/index.html")
    return 0


def in_each_status(pages: Sequence[Opened]) -> list[Opened]:
    """Return the first page of each person, kind and status of its record."""
    first: dict[object, Opened] = {}
    for page in pages:
        first.setdefault((page.person, page.kind, page.status, page.status_word), page)
    return list(first.values())


def as_text(page: Opened) -> str:
    """Return the text of a page, with its address, title and grade."""
    value, words = grade(sentences(page.main))
    head = f"=== {page.person} {page.address} ({page.status}) grade {value:.1f} of {words} words"
    return "\n".join((head, page.title, *lines(page.main)))


def shared_titles(pages: Sequence[Opened]) -> str:
    """Return the titles that pages of several kinds have."""
    kinds = defaultdict(set)
    for page in pages:
        kinds[page.title].add(page.kind)
    shared = (f"{title}: {', '.join(sorted(where))}" for title, where in sorted(kinds.items()) if len(where) > 1)
    return "\n".join(("=== titles of several kinds", *shared, ""))


def take(system: System, people: Sequence[str], pages: Sequence[Opened]) -> dict[int, list[str]]:
    """Take pictures of pages; return their names by the number of the page."""
    taken: dict[int, list[str]] = {}
    cookies = asyncio.run(session_cookies(system, people))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_of_command(), args=FLAGS)
        for person in people:
            for name_of_look, look in LOOKS.items():
                context = browser.new_context(
                    viewport=look.size,
                    forced_colors=look.forced_colors,
                    color_scheme=look.color_scheme,
                    locale="en-GB",
                )
                name = CookieJar(system.origin).session
                context.add_cookies([{"name": name, "value": cookies[person][name], "url": system.origin}])
                view = context.new_page()
                view.emulate_media(media=look.media)
                for number, page in enumerate(pages, 1):
                    if page.person != person:
                        continue
                    kind = re.sub(r"[^a-z]+", "-", page.kind).strip("-")
                    file = f"{number:03}-{person}-{kind}-{name_of_look}.png"
                    view.goto(system.origin + page.address)
                    tall = min(view.evaluate("document.documentElement.scrollHeight"), TALLEST)
                    clip = FloatRect(x=0.0, y=0.0, width=float(look.size["width"]), height=float(tall))
                    view.screenshot(path=FOLDER / file, full_page=True, clip=clip, animations="disabled")
                    taken.setdefault(number, []).append(file)
                context.close()
        browser.close()
    return taken


def _section(number: int, page: Opened, pictures: Sequence[str]) -> str:
    images = "".join(f'<img src="{escape(name)}" alt="" loading="lazy">' for name in pictures)
    return f'<section id="p{number}"><div>{images}</div><pre>{escape(as_text(page))}</pre></section>'


if __name__ == "__main__":
    sys.exit(main())
