"""Sign in as a person does, with a browser and Keycloak's own pages, and as programs do."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.compose.checkout import TOKENS_CLIENT
from tests.compose.engine import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ORIGIN = "http://localhost:8000"
MAIL = "http://localhost:8025"
PROVIDER, PROVIDER_NAME = "http://127.0.0.1:8080", "keycloak.localhost:8080"
REALM = f"{PROVIDER}/realms/tandem/protocol/openid-connect/token"
PERSON = "persona-programme"
NEW_PASSWORD = "a new password of the trial"
PAGES = ("/applications/", "/matching/", "/notifications/due", "/reporting/")
"""A page of each service."""
PROGRAM, FIGURES = "dashboard", "tandem:figures:read"
_PATIENCE = 60_000


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium. Raises `TrialFailed` where there is none."""
    path = chromium()
    if path is None:
        raise TrialFailed("There is no Chromium: install chromium-headless-shell, or name one in TANDEM_CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


def sign_in(first_password: str | None = None) -> None:
    """Sign the coordinator in, open a page of each service, and sign out.

    With `first_password` it is the first time, and Keycloak asks for a new one. Raises `TrialFailed`.
    """
    with browser() as started:
        context = started.new_context(locale="en-GB")
        context.set_default_timeout(_PATIENCE)
        page = context.new_page()
        try:
            _sign_in(page, first_password)
        except (AssertionError, Exception) as error:
            raise TrialFailed(f"The browser stopped at {page.url}: {str(error)[:600]}") from error


def _sign_in(page: Page, first_password: str | None) -> None:
    page.goto(f"{ORIGIN}/sign-in")
    page.locator("#username").fill(PERSON)
    page.locator("#password").fill(first_password or NEW_PASSWORD)
    page.locator("#kc-login").click()
    if first_password is not None:
        page.locator("#password-new").fill(NEW_PASSWORD)
        page.locator("#password-confirm").fill(NEW_PASSWORD)
        page.locator("[type=submit]").first.click()
    sign_out = page.get_by_role("button", name="Sign out")
    expect(sign_out).to_be_visible(timeout=_PATIENCE)
    for path in PAGES:
        answer = page.goto(ORIGIN + path)
        if answer is None or answer.status != 200:
            raise TrialFailed(f"{path} was answered with {answer and answer.status}.")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    sign_out.first.click()
    page.wait_for_url(f"{ORIGIN}/**")
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)


def forget_password() -> None:
    """Ask Keycloak for another password of the coordinator, by mail. Raises `TrialFailed`."""
    with browser() as started:
        context = started.new_context(locale="en-GB")
        context.set_default_timeout(_PATIENCE)
        page = context.new_page()
        try:
            page.goto(f"{ORIGIN}/sign-in")
            page.locator("a[href*=reset-credentials]").click()
            page.locator("#username").fill(PERSON)
            page.locator("[type=submit]").first.click()
            page.wait_for_load_state()
        except Exception as error:
            raise TrialFailed(f"The browser stopped at {page.url}: {str(error)[:600]}") from error


def token_of(person: str, password: str) -> str:
    """Return an access token of a person by name and password."""
    grant = {"grant_type": "password", "client_id": TOKENS_CLIENT, "username": person, "password": password}
    return str(_answer("POST", REALM, data=grant | {"scope": "openid"})["access_token"])


@dataclass(frozen=True)
class Program:
    """The answers that a program of its own got."""

    figures: int
    """The status of a request that its scope opens."""
    people: int
    """The status of a request that its scope does not open."""


def program(admin_password: str) -> Program:
    """Add a client for a program in Keycloak, get its token by its own credentials, and ask the API with it.

    The client is added as docs/api.md says: with its own credentials, and nothing else. Raises `TrialFailed`.
    """
    grant = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": admin_password}
    admin = _answer("POST", f"{PROVIDER}/realms/master/protocol/openid-connect/token", data=grant)
    bearer = {"Authorization": f"Bearer {admin['access_token']}"}
    secret = "of the program"
    client = {"clientId": PROGRAM, "secret": secret, "serviceAccountsEnabled": True, "standardFlowEnabled": False}
    clients = f"{PROVIDER}/admin/realms/tandem/clients"
    if not _answer("GET", clients, params={"clientId": PROGRAM}, headers=bearer):
        _answer("POST", clients, json=client, headers=bearer)
    grant = {"grant_type": "client_credentials", "client_id": PROGRAM, "client_secret": secret, "scope": FIGURES}
    own = {"Authorization": f"Bearer {_answer('POST', REALM, data=grant)['access_token']}"}
    figures = httpx2.get(f"{ORIGIN}/reporting/api/v1/targets", headers=own, timeout=30)
    people = httpx2.get(f"{ORIGIN}/applications/api/v1/people", headers=own, timeout=30)
    return Program(figures.status_code, people.status_code)


def _answer(method: str, address: str, **request: Any) -> Any:
    headers = {"Host": PROVIDER_NAME} | request.pop("headers", {})
    answer = httpx2.request(method, address, headers=headers, timeout=60, **request)
    if answer.status_code >= 400:
        raise TrialFailed(f"{method} {address} was answered with {answer.status_code}: {answer.text[:300]}")
    return answer.json() if answer.content else None
