"""Test in a browser what a form says whose answer takes long: that of the page of sheets."""

from __future__ import annotations

from datetime import UTC, datetime
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
from services.matching.sheets.pages import form
from shared.contracts.codes import Role
from shared.identity.principal import Grant, Principal
from shared.identity.session import CookieJar
from shared.web import setup, site

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]
ADDRESS = "/matching/sheets"


@pytest.fixture(scope="module")
def text() -> str:
    """The HTML of the page of sheets."""
    made = FastAPI()
    setup.install(made, place="board", templates=ROOT / "services" / "matching", local=True)
    made.state.identity = SimpleNamespace(cookies=CookieJar("http://alone.test"))
    made.state.service = SimpleNamespace(live=None)
    principal = Principal("marta", (Grant(Role.PROGRAMME_COORDINATOR, datetime(2026, 12, 1, tzinfo=UTC).date()),))

    @made.middleware("http")
    async def signed_in(request: Request, call_next: Any) -> Response:
        request.state.principal = principal
        answer: Response = await call_next(request)
        return answer

    @made.get(ADDRESS)
    async def page(request: Request) -> Response:
        return await form(request, principal)

    with pytest.MonkeyPatch.context() as patch, TestClient(made) as client:
        patch.setitem(made.state.site.environment.globals, "csrf", Markup)  # all apps of the process share it
        return client.get(ADDRESS).text


def test_a_long_step_says_that_it_works_and_is_sent_once(page: Page, text: str) -> None:
    """Until the answer comes the page says so and a second click sends nothing; on the way back all is as before."""
    sent: list[str] = []

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url).path
        if address.startswith("/static/"):
            route.fulfill(path=site.STATIC / Path(address.removeprefix("/static/")))
        elif route.request.method == "POST":
            sent.append(route.request.post_data or "")
            # A browser that gets 204 stays on its page, as it does until an answer comes.
            route.fulfill(
                status=204 if len(sent) == 1 else 200,
                body="<!DOCTYPE html><title>Answer</title>",
                content_type="text/html",
            )
        else:
            route.fulfill(body=text, content_type="text/html")

    page.route("**/*", answer)
    page.clock.install()
    page.goto(f"http://alone.test{ADDRESS}")
    said, check = page.get_by_role("status"), page.get_by_role("button", name="Check files")
    expect(said).to_have_text("")
    check.click()
    expect(said).to_have_text("Working… This takes up to 25 seconds.")
    page.clock.run_for(20_000)
    page.get_by_role("button", name="Match files").click()
    expect(said).to_have_text("Working… This takes up to 25 seconds.")
    assert len(sent) == 1, "the second click is not sent"
    assert 'name="wish"\r\n\r\ncheck' in sent[0]
    page.clock.run_for(11_000)
    expect(said).to_have_text("")
    check.click()
    expect(page).to_have_title("Answer")
    assert len(sent) == 2, "when the gateway has given up, it can be sent again"
    page.go_back()
    expect(said).to_have_text("")
    check.click()
    expect(page).to_have_title("Answer")
    assert len(sent) == 3
