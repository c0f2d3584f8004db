"""Test in a browser to where a form may lead: our own pages and the sign-in provider, redirects included."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.ports import free_port
from shared.web.headers import security_headers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from starlette.requests import Request

pytestmark = pytest.mark.browser
_FORMS = """<!DOCTYPE html><title>Forms</title>
<form method="post" action="/to/provider"><button>Sign out</button></form>
<form method="post" action="/to/elsewhere"><button>Lead away</button></form>"""


@pytest.fixture
def origin() -> Iterator[str]:
    """Serve a page with two forms, a sign-in provider and another site, each at an origin of its own."""
    ports = {"site": free_port()}
    ports["provider"] = free_port(set(ports.values()))
    ports["elsewhere"] = free_port(set(ports.values()))
    origins = {name: f"http://localhost:{port}" for name, port in ports.items()}
    headers = security_headers(origins["site"], f"{origins['provider']}/realms/tandem")

    async def forms(_: Request) -> Response:
        return HTMLResponse(_FORMS, headers=headers)

    async def lead(request: Request) -> Response:
        return RedirectResponse(f"{origins[request.path_params['name']]}/arrived", 303, headers)

    async def arrived(_: Request) -> Response:
        return HTMLResponse("<!DOCTYPE html><title>Arrived</title>")

    routes = [Route("/", forms), Route("/to/{name}", lead, methods=["POST"]), Route("/arrived", arrived)]
    app = Starlette(routes=routes)
    servers = [
        uvicorn.Server(uvicorn.Config(app, host="localhost", port=port, log_config=None)) for port in ports.values()
    ]
    threads = [threading.Thread(target=server.run) for server in servers]
    for thread in threads:
        thread.start()
    while not all(server.started for server in servers):
        time.sleep(0.02)
    yield origins["site"]
    for server, thread in zip(servers, threads, strict=True):
        server.should_exit = True
        thread.join(5)


def test_a_form_leads_to_the_sign_in_provider_and_to_no_other_site(browser: Browser, origin: str) -> None:
    """The redirect of a form to the provider is followed; one to another site is stopped by the policy."""
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "form-action" in message.text else None)
    page.goto(origin)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Arrived")
    assert refused == []
    page.goto(origin)
    page.get_by_role("button", name="Lead away").click()
    deadline = time.monotonic() + 10
    while not refused and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert refused, "the policy did not stop the form"
    expect(page).to_have_title("Forms")
    page.close()
