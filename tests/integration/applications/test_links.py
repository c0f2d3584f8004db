"""Every link leads to a page, and every form copes with any input.

A crawl, as each person, through all pages of the portal that links lead to, while a visit and a mentorship are under
way. Every form with a text field is then sent with bad input: the answer shows an error, keeps the rest of the input,
and is never a server error.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin, urlsplit

import lxml.html
import pytest

from tests.integration.applications.abroad import Abroad
from tests.support import ticked_versions

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

PEOPLE = ("ani", "nino", "fresh", "jonas", "claire", "paul", "tigran", "luc", "rasa", "programme", "auditor", "donor")
MOST = 150
"""Pages that one person's crawl looks at; what differs only in its query counts once a path and set of names."""

NASTY = {
    "too long": "x" * 20_000,
    "a NUL": "before\x00after",
    "a control character": "before\x1b[31mafter",
    "a turned direction": "before\u202eafter",
    "a formula": "=HYPERLINK(1)",
    "another alphabet": "Անի Պետրոսյան",
    "markup": "<script>alert(1)</script>",
    "only blanks": "   ",
}
WRITTEN = {"text", "email", "search", "tel", "url", "number"}


@dataclass
class CrawlResult:
    """The result of a crawl: the pages by path, the forms by action, and the problems."""

    pages: dict[str, str] = field(default_factory=dict)
    forms: dict[str, lxml.html.FormElement] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@pytest.fixture
async def abroad(programme: Programme, feed: Feed) -> Abroad:
    """Return a programme with a scheduled visit, an open mentorship, a draft, and people without anything."""
    made = Abroad(programme, feed)
    await made.fill()
    fresh = programme.person("fresh", "Karen Mkrtchyan", "AM", "officer")
    auditor, donor = ({"subject": role, "name": role.title(), "email": f"{role}@audit.example",
                       "grants": [{"role": role, "since": "2025-01-01"}]} for role in ("auditor", "donor"))  # fmt: skip
    await programme.post("programme", "/people", {"people": [fresh, auditor, donor]}, 201)
    await made.scheduled(await made.placement_matched())
    await made.opened(await made.mentor_matched())
    for kind in ("study_visit", "mentee"):
        await programme.post("fresh", "/applications", {"call_id": programme.call["id"], "kind": kind}, 201)
    return made


def shape(address: str) -> str:
    """Return an address without the values of its query: pages that differ only in those are one page."""
    parts = urlsplit(address)
    return parts.path + "?" + ",".join(sorted({entry.partition("=")[0] for entry in parts.query.split("&")}))


async def crawl(client: httpx2.AsyncClient, start: str = "/applications/") -> CrawlResult:
    """Read every page of the portal that links lead to, from `start`."""
    found, waiting, visited = CrawlResult(), deque([(start, "the address bar")]), {shape(start)}
    while waiting and len(found.pages) < MOST:
        address, from_page = waiting.popleft()
        answer = await client.get(address)
        if answer.is_redirect:
            continue
        if answer.status_code != 200:
            found.wrong.append(f"{from_page} links to {address}: {answer.status_code}")
            continue
        if "html" not in answer.headers["content-type"]:
            continue
        page = cast("lxml.html.HtmlElement", lxml.html.document_fromstring(answer.text))
        found.pages[address] = answer.text
        ids = Counter(str(entry) for entry in page.xpath("//@id"))
        found.wrong += [f"{address} has {count} parts with the id {id_}" for id_, count in ids.items() if count > 1]
        for link in page.iter("a"):
            target = urljoin(address, str(link.get("href", ""))).partition("#")[0]
            if target.startswith("/applications") and shape(target) not in visited:
                visited.add(shape(target))
                waiting.append((target, address))
        for form in page.forms:
            if form.method == "POST":
                action = urljoin(address, form.action or address)
                found.forms.setdefault(re.sub(r"[0-9a-f-]{36}", "ID", action), form).set("action", action)
    return found


def writable(form: lxml.html.FormElement) -> list[str]:
    """Return the names of the text fields of a form."""
    fields = form.xpath(".//textarea[@name]|.//input[@name]")
    return [
        str(field.get("name")) for field in fields if field.tag == "textarea" or field.get("type", "text") in WRITTEN
    ]


def filled(form: lxml.html.FormElement, **changes: str) -> dict[str, str | list[str]]:
    """Return the form as a browser sends it, with other values in some fields."""
    sent: dict[str, str | list[str]] = {}
    for name, value in form.form_values():
        before = sent.get(name)
        sent[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    for select in form.xpath(".//select[@name]"):
        if not sent.get(select.get("name")):
            choices = [option for option in select.value_options if option]
            sent[select.get("name")] = choices[0] if choices else ""
    return sent | changes


def preview_in(page: str) -> lxml.html.FormElement | None:
    """Return the form of a page with which its reader confirms what they were shown; None where there is none."""
    forms = cast("lxml.html.HtmlElement", lxml.html.document_fromstring(page)).forms
    return next((form for form in forms if form.xpath(".//button[@name='told']")), None)


def action_with(page: str, names: list[str]) -> str:
    """Return the action of the form of a page that has one of these fields; empty for the address of the page."""
    forms = cast("lxml.html.HtmlElement", lxml.html.document_fromstring(page)).forms
    return next((form.action or "" for form in forms if not set(names).isdisjoint(form.fields.keys())), "")


async def test_every_link_opens_and_every_form_copes_with_bad_input(abroad: Abroad) -> None:
    """Nobody gets a link that is refused, and each form accepts bad input or refuses it with a message."""
    wrong, tried = [], set()
    for who in PEOPLE:
        client = abroad.of.as_(who)
        found = await crawl(client)
        wrong += [f"{who}: {entry}" for entry in found.wrong]
        for action, form in sorted(found.forms.items()):
            if action not in tried:
                tried.add(action)
                wrong += [f"{who}: {action}, {entry}" for entry in await _problems_of_form(client, form)]
    assert not wrong, f"{len(wrong)} of them:\n" + "\n".join(wrong[:40])
    assert len(tried) > 20


async def _problems_of_form(client: httpx2.AsyncClient, form: lxml.html.FormElement) -> list[str]:
    """Return the wrong answers to a form whose text fields have bad input."""
    wrong = []
    names = writable(form)
    for what, value in NASTY.items() if names else ():
        try:
            data = filled(form, **dict.fromkeys(names, value))
            answer = await client.post(form.get("action"), data=data)
            if answer.status_code == 200 and (preview := preview_in(answer.text)) is not None:
                data = filled(preview, told="1")
                answer = await client.post(form.get("action"), data=data)
            if answer.status_code == 412:  # what was sent before was saved: send it again, as the page offers
                action = urljoin(form.get("action"), action_with(answer.text, names))
                answer = await client.post(action, data=data | ticked_versions(answer.text))
        except Exception as error:  # noqa: BLE001 - whatever the app did not catch itself is what is looked for
            wrong.append(f"{what}: {type(error).__name__}")
            continue
        if answer.status_code not in {303, 404, 409, 422}:
            wrong.append(f"{what}: {answer.status_code}")
        elif answer.status_code == 422 and "govuk-error" not in answer.text:
            wrong.append(f"{what}: 422 without an error that is shown")
    return wrong


async def test_an_empty_page_says_what_to_do(abroad: Abroad) -> None:
    """A new user finds an action, and no empty table."""
    page = (await abroad.of.as_("fresh").get("/applications/")).text
    assert "/applications/calls" in page
    assert "<tbody></tbody>" not in page.replace("\n", "")
