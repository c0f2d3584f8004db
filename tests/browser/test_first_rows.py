"""On a desk and on a phone the first row of work is on the first screen, and no page scrolls sideways.

A case that is opened from the queue has the list beside it on a desk, and stands alone on a phone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request, Response
from markupsafe import Markup
from playwright.sync_api import expect
from starlette.testclient import TestClient

from deploy.local.folder import ROOT
from services.applications.beside import context_of
from services.applications.desk.views import Entry, FirstPage
from services.applications.overview.model import Place
from services.applications.overview.store.queue import Figures, Line
from services.applications.review.forms.queue import HERE, BesideQuery, PlacedQuery
from services.applications.review.pages import queue
from services.applications.review.pages.beside import queue_beside, queue_rows
from services.applications.review.views.queue import NamedLine, QueueLine, QueuePage
from services.applications.waiting import Waiting
from shared.contracts.codes import ApplicationKind, Role
from shared.identity.principal import Grant, Principal
from shared.identity.session import CookieJar
from shared.ids import new_id
from shared.next_steps import NextStep
from shared.web import setup, site, states
from shared.web.render import render
from tests.browser.conftest import DESK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route, ViewportSize

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]
NARROW: ViewportSize = {"width": 360, "height": 740}
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
STATES = ("submitted", "endorsed", "returned_for_information", "in_matching", "matched", "offered", "scheduled")


def queue_page() -> QueuePage:
    """Return a full page of a queue, with applications in many states."""
    lines = [
        QueueLine(
            Line(
                new_id(),
                f"AM-2026-{number:04}",
                "study_visit",
                "AM",
                None,
                "somebody",
                new_id(),
                "submitted",
                "submitted",
                NOW,
                NOW + timedelta(days=number - 2),
                NOW - timedelta(days=12),
                needs=True,
            ),
            NextStep("National coordinator of Armenia", "The coordinator endorses it."),
            "Anahit Hovhannisyan-Petrosyan",
            "TOPCOP-2026-1",
        )
        for number in range(1, 51)
    ]
    figures = Figures(dict.fromkeys(STATES, 12), needs=40, silence=3, overdue=2, week=7)
    return QueuePage(lines, Place(), 60, figures, [(str(new_id()), "TOPCOP-2026-1 Exchange of officers 2026")], [])


def first_page() -> FirstPage:
    """Return a first page with work, and with cases in progress."""
    work = [
        Waiting(
            f"Application AM-2026-{number:04}",
            "Review application",
            f"/applications/cases/{number}",
            "Anahit Hovhannisyan-Petrosyan",
            due=NOW + timedelta(days=number - 2),
        )
        for number in range(1, 7)
    ]
    going = [
        Entry(
            "Visit AM-2026-0042", "/applications/visits/1", "Anti-cybercrime office", states.state("visit", "scheduled")
        )
    ]
    return FirstPage(work, going, [], [], officer=False, address_waits=False, continuing=[], clock_movable=False)


PRESENT = 30
"""The place of the open case in the list."""
PAGE = queue_page()
CASE = f"{HERE}/{PAGE.lines[PRESENT].line.id}"


def open_case(request: Request) -> Response:
    """Return a case that waits for the reader, opened from the queue."""
    line = PAGE.lines[PRESENT].line
    standing = states.Standing(states.state("application", "submitted"), NOW, NOW, "You", "You endorse it.")
    view = SimpleNamespace(standing=standing, decides=True, company="alone", notice=None, manager_to_confirm=None)
    view.changes = view.answers = view.events = []
    more: dict[str, Any] = {
        "view": view,
        "application": SimpleNamespace(
            id=line.id,
            reference=line.reference,
            answers=SimpleNamespace(name="Anahit Hovhannisyan-Petrosyan", own_name="Անահիտ Հովհաննիսյան"),
            for_=ApplicationKind.STUDY_VISIT,
            own_state="submitted",
        ),
        "call": SimpleNamespace(title="Exchange of officers 2026"),
        "findings": [],
    }
    more |= dict.fromkeys(("done", "decided", "named_coordinator", "may_confirm", "may_cancel", "may_void"))
    query = BesideQuery.model_validate(dict(request.query_params))
    rows = queue_rows([NamedLine(each.line, each.name) for each in PAGE.lines])
    return render(request, "review/case.html", **more, **context_of(queue_beside(query), rows, line.id))


def app() -> FastAPI:
    """Return the pages as their reader with most pages in the navigation sees them."""
    made = FastAPI()
    setup.install(made, place="portal", templates=ROOT / "services" / "applications", local=True)
    made.state.identity = SimpleNamespace(cookies=CookieJar("http://alone.test"))
    made.state.service = SimpleNamespace(live=None)

    @made.middleware("http")
    async def signed_in(request: Request, call_next: Any) -> Response:
        grants = (Grant(Role.PROGRAMME_COORDINATOR, NOW.date()), Grant(Role.NATIONAL_COORDINATOR, NOW.date(), "AM"))
        request.state.principal = Principal("marta", grants)
        answer: Response = await call_next(request)
        return answer

    @made.get("/applications/")
    async def home(request: Request) -> Response:
        return render(request, "desk/home.html", view=first_page(), done=None)

    @made.get(HERE)
    async def cases(request: Request) -> Response:
        return queue.queue_list(request, request.state.principal, PlacedQuery(**request.query_params), PAGE)

    @made.get(CASE)
    async def case(request: Request) -> Response:
        return open_case(request)

    return made


@pytest.fixture(scope="module")
def texts() -> Iterator[dict[str, str]]:
    """The HTML of the pages, by address."""
    made = app()
    with pytest.MonkeyPatch.context() as patch, TestClient(made) as client:
        patch.setitem(made.state.site.environment.globals, "csrf", Markup)  # all apps of the process share it
        paths = ("/applications/", HERE, f"{HERE}?state=submitted", f"{CASE}?beside=1")
        yield {path: client.get(path).text for path in paths}


def opened(browser: Browser, texts: dict[str, str], path: str, size: ViewportSize, *, javascript: bool = True) -> Page:
    """Open a page by its text, with the style sheets and scripts of all pages."""
    page = browser.new_context(viewport=size, locale="en-GB", java_script_enabled=javascript).new_page()

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url).path
        if address.startswith("/static/"):
            route.fulfill(path=site.STATIC / Path(address.removeprefix("/static/")))
        elif address == path.partition("?")[0]:
            route.fulfill(body=texts[path], content_type="text/html")
        else:
            route.fulfill(status=404)

    page.route("**/*", answer)
    page.goto(f"http://alone.test{path}")
    return page


@pytest.mark.parametrize("size", [DESK, NARROW], ids=["desk", "phone"])
@pytest.mark.parametrize(
    ("path", "row"),
    [("/applications/", ".tandem-todo__item"), (HERE, "tbody tr"), (f"{HERE}?state=submitted", "tbody tr")],
    ids=["first page", "queue", "filtered queue"],
)
def test_the_first_row_is_on_the_first_screen(
    browser: Browser, texts: dict[str, str], path: str, row: str, size: ViewportSize
) -> None:
    """Without scrolling the reader sees the first row, and can open it; nothing is wider than the screen."""
    page = opened(browser, texts, path, size)
    first = page.locator(row).first.bounding_box()
    link = page.locator(f"{row} a").first.bounding_box()
    assert first is not None
    assert link is not None
    assert link["y"] + link["height"] <= size["height"]
    assert size is NARROW or first["y"] + first["height"] <= size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_menu_and_filters_open_without_a_script(browser: Browser, texts: dict[str, str], *, javascript: bool) -> None:
    """On a phone the menu and the filters are closed and open by themselves; on a desk the menu is a row of links."""
    page = opened(browser, texts, HERE, NARROW, javascript=javascript)
    menu, field = page.get_by_role("link", name="Register"), page.get_by_label("Reference or part of it")
    assert not menu.first.is_visible()
    assert not field.is_visible()
    page.get_by_text("Menu", exact=True).click()
    assert menu.first.is_visible()
    page.get_by_text("Filters", exact=True).click()
    assert field.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.context.close()
    page = opened(browser, texts, f"{HERE}?state=submitted", NARROW, javascript=javascript)
    assert not page.get_by_label("Reference or part of it").is_visible()
    assert page.get_by_text("State: Submitted").is_visible(), "the closed filters name what is chosen"
    page.context.close()
    page = opened(browser, texts, f"{HERE}?state=submitted", DESK, javascript=javascript)
    assert page.get_by_label("Reference or part of it").is_visible(), "a filter is set"
    assert page.get_by_role("link", name="Register").first.is_visible()
    assert page.get_by_role("link", name="Eligibility").is_visible(), "the second row has the pages of the section"
    assert not page.get_by_role("link", name="Partners").is_visible()
    page.context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_case_has_its_list_beside_it_on_a_desk(browser: Browser, texts: dict[str, str], *, javascript: bool) -> None:
    """On a desk both are on the first screen, with the open row in sight; on a phone the case stands alone."""
    path = f"{CASE}?beside=1"
    assert f'href="{path}"' in texts[HERE], "the row of the queue leads there"
    page = opened(browser, texts, path, DESK, javascript=javascript)
    rows, heading = page.locator(".tandem-alongside li"), page.get_by_role("heading", level=1)
    assert rows.count() == len(PAGE.lines)
    first, title = rows.first.bounding_box(), heading.bounding_box()
    button = page.get_by_role("button", name="Endorse").bounding_box()
    assert first is not None
    assert title is not None
    assert button is not None
    assert first["x"] + first["width"] < title["x"]
    assert button["y"] + button["height"] <= DESK["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= DESK["width"]
    assert page.locator("main .tandem-alongside").count() == 0, "the skip link leads past the list"
    if javascript:
        current = page.locator('.tandem-alongside [aria-current="page"]').bounding_box()
        assert current is not None
        assert 0 <= current["y"] < DESK["height"] - current["height"]
    page.context.close()
    page = opened(browser, texts, path, NARROW, javascript=javascript)
    assert not page.locator(".tandem-alongside").is_visible()
    assert page.get_by_role("button", name="Endorse").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.context.close()


def test_a_case_is_printed_without_the_list_in_its_full_width(browser: Browser, texts: dict[str, str]) -> None:
    """On wide paper, or at a small scale, the case is not squeezed into the column of the list that is not printed."""
    page = opened(browser, texts, f"{CASE}?beside=1", DESK)
    page.emulate_media(media="print")
    case = page.locator("main").bounding_box()
    assert case is not None
    assert case["width"] > DESK["width"] / 2
    assert not page.locator(".tandem-alongside").is_visible()
    page.context.close()


def test_the_open_row_and_page_are_marked_with_forced_colours(browser: Browser, texts: dict[str, str]) -> None:
    """In high contrast only the open row and the present page have a line, as they have in other colours."""
    page = opened(browser, texts, f"{CASE}?beside=1", DESK)
    page.emulate_media(forced_colors="active")
    canvas = "rgb(255, 255, 255)"
    for links, side in ((".tandem-alongside li a", "Left"), (".tandem-nav a", "Bottom")):
        drawn = f"(links) => links.map((link) => getComputedStyle(link).border{side}Color)"
        present, others = (page.locator(links + which) for which in ("[aria-current]", ":not([aria-current])"))
        assert canvas not in present.evaluate_all(drawn)
        assert set(others.evaluate_all(drawn)) == {canvas}
    page.context.close()


def test_keys_go_through_the_rows_while_the_focus_is_in_the_list(browser: Browser, texts: dict[str, str]) -> None:
    """The keys j and k go from row to row of the list; elsewhere, and in a field, they do nothing of their own."""
    page = opened(browser, texts, HERE, DESK)
    rows = page.locator(".tandem-table tbody th a")
    page.keyboard.press("j")
    expect(page.locator("body")).to_be_focused()
    page.locator(".tandem-scroll").focus()
    for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(rows.nth(row)).to_be_focused()
    page.get_by_text("Filters", exact=True).click()
    written = page.get_by_label("Reference or part of it")
    written.press("j")
    expect(written).to_be_focused()
    expect(written).to_have_value("j")
    page.context.close()
    page = opened(browser, texts, HERE, DESK, javascript=False)
    assert not page.get_by_text("Keyboard shortcuts").is_visible()
    page.context.close()
