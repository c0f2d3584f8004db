"""Open every page that people reach by links, as each of them, in a running system.

Pages of one kind have the same address but for ids and references. Only links are followed, and nothing is sent.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx2
from lxml import html

from tests.load.people import sign_in as session_cookies

__all__ = ["STRANGER", "Opened", "covering", "kind_of", "open_pages", "session_cookies"]

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from deploy.cli.system import System

FIRST = ("/applications/", "/matching/", "/reporting/", "/notifications/")
STRANGER = "stranger"
"""The name of a visitor without a session, who begins at the start page."""
MOST = 600
"""The most pages that are opened as a person."""
BUSY_TRIES = 15
_OPENING = 20_000
"""The cost of opening a page in a browser, as so many characters of a page."""

_VARIABLE = re.compile(
    r"(?<=/notifications/rules/)[^/]+|(?<=/)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^/]*[0-9A-Z][^/]*)(?=/|$)"
)
_ENGLISH = {"Accept": "text/html", "Accept-Language": "en-GB"}


@dataclass(frozen=True)
class Opened:
    """A page as a person sees it: its address, status and HTML, and the bytes in which the gateway sent it."""

    person: str
    address: str
    status: int
    text: str
    sent: int = 0

    @property
    def kind(self) -> str:
        """The path, with a star for each id or reference in it."""
        return kind_of(self.address)

    @cached_property
    def tree(self) -> HtmlElement:
        """The parsed page."""
        return html.fromstring(self.text)

    @property
    def main(self) -> HtmlElement:
        """The part of the page that is its own; the whole page where none is marked."""
        return next(self.tree.iter("main"), self.tree)

    @property
    def title(self) -> str:
        """The title, without the name of the programme."""
        return (self.tree.findtext(".//title") or "").removesuffix(" \N{EN DASH} Tandem").strip()

    @property
    def status_word(self) -> str:
        """The first tag of the page: the status of a record; empty where there is none."""
        tags = (element for element in self.main.iter() if "tandem-tag" in element.get("class", "").split())
        return next((" ".join(tag.text_content().split()) for tag in tags), "")

    @cached_property
    def structure(self) -> frozenset[tuple[str, ...]]:
        """The elements of the page without texts and addresses: two equal pages look alike but for their words."""
        return frozenset(map(_without_words, self.tree.iter("*")))


def _without_words(element: HtmlElement) -> tuple[str, ...]:
    """Return an element's tag, classes, role and kind, the names of its attributes, and what is around it."""
    parent = element.getparent()
    around = ("", "") if parent is None else (str(parent.tag), parent.get("class", ""))
    own = (element.get(name, "") for name in ("class", "role", "type"))
    return (str(element.tag), *own, *sorted(element.keys()), *around)


def covering(pages: Sequence[Opened]) -> list[Opened]:
    """Return few and short pages that together have everything which any page has, texts and addresses aside."""
    different = {page.structure: page for page in reversed(pages)}.values()
    left = frozenset[tuple[str, ...]]().union(*(page.structure for page in different))
    found = []
    while left:
        best = max(different, key=lambda page: len(page.structure & left) / (_OPENING + len(page.text)))
        found.append(best)
        left -= best.structure
    return sorted(found, key=lambda page: page.person)


def kind_of(address: str) -> str:
    """Return the path of an address with a star for each id or reference."""
    return _VARIABLE.sub("*", urlsplit(address).path)


async def open_pages(system: System, people: Sequence[str], *, records: int, forms: bool = True) -> list[Opened]:
    """Return the pages that these people reach, at most `records` of each kind a person, in a fixed order."""
    cookies = await session_cookies(system, [person for person in people if person != STRANGER])
    found = await asyncio.gather(
        *(_open_as(system.origin, person, cookies.get(person, {}), records, forms=forms) for person in people)
    )
    return [page for pages in found for page in pages]


async def _open_as(origin: str, person: str, cookie: dict[str, str], records: int, *, forms: bool) -> list[Opened]:
    opened: list[Opened] = []
    first = ("/",) if person == STRANGER else FIRST
    waiting, known, counts = list(first), set(first), Counter[str]()
    async with httpx2.AsyncClient(base_url=origin, cookies=cookie, headers=_ENGLISH, timeout=60) as http:
        while waiting and len(opened) < MOST:
            address = waiting.pop(0)
            kind = kind_of(address)
            if counts[kind] >= records:
                continue
            answer = await _answer(http, address)
            final = answer.url.raw_path.decode()
            if (
                "text/html" not in answer.headers.get("content-type", "")
                or answer.url.netloc != httpx2.URL(origin).netloc
            ):
                continue
            counts[kind] += 1
            if answer.status_code == httpx2.codes.FORBIDDEN and address in FIRST:
                continue
            if kind_of(final) != kind and counts[kind_of(final)] >= records:
                continue
            if kind_of(final) != kind:
                counts[kind_of(final)] += 1
            opened.append(Opened(person, final, answer.status_code, answer.text, answer.num_bytes_downloaded))
            for link in _links(answer.text, final, forms=forms):
                if link not in known:
                    known.add(link)
                    waiting.append(link)
    return opened


async def _answer(http: httpx2.AsyncClient, address: str) -> httpx2.Response:
    """Return the answer to a request, tried again for a bounded time while the service is busy."""
    for _ in range(BUSY_TRIES):
        answer = await http.get(address, follow_redirects=True)
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(2)
    return answer


def _links(text: str, address: str, *, forms: bool) -> Iterator[str]:
    """Yield the addresses of our own pages to which a page leads, lists in other orders left out."""
    tree = html.fromstring(text)
    found = [link.get("href") for link in tree.iter("a") if link.get("download") is None]
    if forms:
        found += [form.get("action") for form in tree.iter("form") if form.get("method", "get").lower() == "get"]
    for href in filter(None, found):
        parts = urlsplit(urljoin(f"http://own{address}", href))
        if parts.netloc != "own" or not parts.path.startswith(FIRST) or "/api" in parts.path:
            continue
        if re.search(r"(^|&)(lang|sort|cursor|after|before|page)=", parts.query):
            continue
        yield parts.path + (f"?{parts.query}" if parts.query else "")
