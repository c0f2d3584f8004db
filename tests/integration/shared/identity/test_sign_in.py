"""Test that a person gets in and out by the real code flow, and nobody by a forged one."""

from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import sqlalchemy as sa

from shared.contracts.codes import Role
from shared.identity.session import CookieJar
from shared.identity.state import identity_of
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest
    from fastapi import FastAPI

ORIGIN = "http://localhost:8000"
SESSION = CookieJar(ORIGIN).session


def query(address: str) -> dict[str, str]:
    """Return the query of an address, one value a name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def consent(address: str, subject: str) -> str:
    """Sign in as a person does at the provider (type the name, press Authorize); return where that leads."""
    async with httpx2.AsyncClient() as provider:
        form = await provider.get(address)
        assert "Authorize" in form.text
        answer = await provider.post(address, data={"sub": subject})
    return answer.headers["location"]


def assert_failed(answer: httpx2.Response, onward: str) -> None:
    """Assert that an answer is the page of a failed sign-in, whose button begins it again with the same `next`."""
    assert answer.status_code == 401
    assert "Sign-in failed" in answer.text
    button = re.search(r'<a class="govuk-button" href="([^"]*)"[^>]*>Try again</a>', answer.text)
    assert button is not None
    assert query(html.unescape(button[1])) == {"next": onward}


async def test_by_hand_through_the_providers_form(browser: httpx2.AsyncClient, provider: str) -> None:
    """PKCE, state and nonce go out; the code that comes back opens a session and leads to the page asked for."""
    out = await browser.get("/sign-in?next=/tests/any")
    sent = query(out.headers["location"])
    assert out.headers["location"].startswith(f"{provider}/oauth2/authorize?")
    assert (sent["response_type"], sent["code_challenge_method"]) == ("code", "S256")
    assert sent["redirect_uri"] == f"{ORIGIN}/sign-in/callback"
    assert len(sent["code_challenge"]) == 43
    assert len(sent["state"]) >= 20
    assert len(sent["nonce"]) >= 20
    back = await browser.get(await consent(out.headers["location"], "elene@example.org"))
    assert (back.status_code, back.headers["location"]) == (303, "/tests/any")
    assert (await browser.get("/tests/any")).json() == {"subject": "elene@example.org"}


async def test_a_persona_is_one_click_away_in_a_local_run(browser: httpx2.AsyncClient) -> None:
    """`?as=` fills in the provider's form; all else is the same flow: state, code, ID token."""
    out = await browser.get("/sign-in?as=persona-officer&next=/tests/any")
    assert out.headers["location"].startswith(f"{ORIGIN}/sign-in/callback?")
    assert {"code", "state"} <= query(out.headers["location"]).keys()
    back = await browser.get(out.headers["location"])
    assert back.headers["location"] == "/tests/any"
    assert (await browser.get("/tests/any")).json() == {"subject": "persona-officer"}


async def test_a_persona_is_a_hint_only_elsewhere(browser: httpx2.AsyncClient, app: FastAPI, provider: str) -> None:
    """Outside a local run nobody fills in anything: the provider gets a login hint and asks."""
    identity: Any = identity_of(app)
    identity.settings = identity.settings.model_copy(update={"local": False})
    out = await browser.get("/sign-in?as=persona-officer")
    assert out.headers["location"].startswith(f"{provider}/oauth2/authorize?")
    assert query(out.headers["location"])["login_hint"] == "persona-officer"


async def test_two_tabs_sign_in_side_by_side(browser: httpx2.AsyncClient) -> None:
    """Each tab comes back to its own page, in any order; an answer counts once."""
    first = (await browser.get("/sign-in?as=persona-officer&next=/first")).headers["location"]
    second = (await browser.get("/sign-in?as=persona-officer&next=/second")).headers["location"]
    assert (await browser.get(second)).headers["location"] == "/second"
    assert (await browser.get(first)).headers["location"] == "/first"
    assert (await browser.get(first)).status_code == 401


async def test_an_answer_that_nobody_asked_for_is_refused(browser: httpx2.AsyncClient) -> None:
    """Another browser's answer, a changed state, no state: no session, and a page that says what to do."""
    leads_to = (await browser.get("/sign-in?as=persona-officer")).headers["location"]
    code, state = query(leads_to)["code"], query(leads_to)["state"]
    changed = state[:-1] + ("y" if state.endswith("x") else "x")
    for address in (
        f"/sign-in/callback?code={code}&state={changed}",
        f"/sign-in/callback?code={code}",
        "/sign-in/callback",
    ):
        answer = await browser.get(address)
        assert_failed(answer, "/")
    browser.cookies.clear()
    assert_failed(await browser.get(leads_to), "/")
    assert SESSION not in browser.cookies


async def test_a_code_counts_with_the_nonce_it_was_asked_with(browser: httpx2.AsyncClient) -> None:
    """A code of one sign-in slipped into another is refused: the ID token holds the other's nonce."""
    mine = (await browser.get("/sign-in?as=persona-officer")).headers["location"]
    other = (await browser.get("/sign-in?as=persona-donor")).headers["location"]
    slipped = f"/sign-in/callback?code={query(other)['code']}&state={query(mine)['state']}"
    assert (await browser.get(slipped)).status_code == 401
    assert SESSION not in browser.cookies


async def test_an_answer_of_another_issuer_is_refused(browser: httpx2.AsyncClient) -> None:
    """A provider that says it is another one (RFC 9207) is not believed."""
    leads_to = (await browser.get("/sign-in?as=persona-officer&next=/tests/any")).headers["location"]
    assert_failed(await browser.get(f"{leads_to}&iss=https://evil.example"), "/tests/any")


async def test_a_person_who_declines_at_the_provider_can_try_again(browser: httpx2.AsyncClient) -> None:
    """A refusal by the provider or the person leads back to the page for which the sign-in began."""
    out = (await browser.get("/sign-in?next=/tests/any?a=1%26b=2")).headers["location"]
    address = f"/sign-in/callback?error=access_denied&state={query(out)['state']}"
    assert_failed(await browser.get(address), "/tests/any?a=1&b=2")
    problem = (await browser.get(address, headers={"accept": "application/json"})).json()
    assert (problem["status"], problem["code"]) == (401, "sign-in-failed")


async def test_a_sign_in_takes_ten_minutes_at_most(
    browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link from the provider that was kept for later opens nothing."""
    leads_to = (await browser.get("/sign-in?as=persona-officer&next=/tests/any")).headers["location"]
    late = time.time() + 601
    monkeypatch.setattr("shared.identity.oidc.time.time", lambda: late)
    assert_failed(await browser.get(leads_to), "/tests/any")


async def test_a_new_sign_in_has_a_new_session(browser: httpx2.AsyncClient, app: FastAPI) -> None:
    """The sign-in makes a new session, whichever was in the browser: none can be planted, and the one before ends."""
    keys = []
    for persona in ("persona-officer", "persona-officer", "persona-donor"):
        await browser.get((await browser.get(f"/sign-in?as={persona}")).headers["location"])
        keys.append(browser.cookies[SESSION])
        assert (await browser.get("/tests/any")).json() == {"subject": persona}
    assert len(set(keys)) == 3
    for key, status in zip(keys, (303, 303, 200), strict=True):
        browser.cookies.clear()
        browser.cookies.set(SESSION, key, domain="localhost.local")
        assert (await browser.get("/tests/any")).status_code == status
    async with app.state.service.bus.read() as session:
        rows = (await session.execute(sa.text("SELECT digest, id_token FROM sign_in_session ORDER BY begun_at"))).all()
    assert not {key for key in keys for row in rows if key in str(row)}
    assert [row.id_token is None for row in rows] == [True, True, False]
    assert all("eyJ" not in str(row.id_token) for row in rows)


async def test_many_tabs_leave_room_for_the_page_itself(browser: httpx2.AsyncClient) -> None:
    """Of thirty tabs in which a sign-in begins the last twenty can finish it."""
    begun = [(await browser.get("/sign-in?as=persona-officer&next=/tests/any")).headers["location"] for _ in range(30)]
    assert len(browser.cookies) == 20
    assert [(await browser.get(begun[place])).status_code for place in (0, 9, 10, 29)] == [401, 401, 303, 303]


async def test_out_here_and_at_the_provider(browser: httpx2.AsyncClient, provider: str) -> None:
    """Signing out needs the token of the session, ends it, and leads to the provider's own end with the ID token."""
    await browser.get((await browser.get("/sign-in?as=persona-officer")).headers["location"])
    assert (await browser.post("/sign-out")).status_code == 403
    token, copied = (await browser.get("/tests/token")).text, browser.cookies[SESSION]
    out = await browser.post("/sign-out", data={"csrf_token": token})
    assert out.status_code == 303
    assert out.headers["location"].startswith(f"{provider}/oauth2/end_session?")
    sent = query(out.headers["location"])
    assert (sent["client_id"], sent["post_logout_redirect_uri"]) == ("tandem", f"{ORIGIN}/")
    assert sent["id_token_hint"].count(".") == 2
    assert SESSION not in browser.cookies
    assert (await browser.get("/tests/any")).status_code == 303
    browser.cookies.set(SESSION, copied, domain="localhost.local")
    assert (await browser.get("/tests/any")).status_code == 303


async def test_sign_ins_and_sign_outs_are_logged_without_a_name(
    browser: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """A completed sign-in, one that the provider refused and a sign-out are each one line, without person or key."""
    away = (await browser.get("/sign-in")).headers["location"]
    await browser.get(f"/sign-in/callback?error=access_denied&state={query(away)['state']}")
    await browser.get((await browser.get("/sign-in?as=persona-officer")).headers["location"])
    token, key = (await browser.get("/tests/token")).text, browser.cookies[SESSION]
    await browser.post("/sign-out", data={"csrf_token": token})
    written = capsys.readouterr().out
    for line in ("sign-in refused by the provider", "signed in", "signed out"):
        assert written.count(line) == 1
    assert "persona-officer" not in written
    assert key not in written


async def test_the_end_of_a_session_clears_what_the_browser_kept(browser: httpx2.AsyncClient) -> None:
    """The answer to a sign-out has the browser empty its cache and its storage for this site."""
    await browser.get((await browser.get("/sign-in?as=persona-officer")).headers["location"])
    out = await browser.post("/sign-out", data={"csrf_token": (await browser.get("/tests/token")).text})
    assert out.headers["clear-site-data"] == '"cache", "storage"'


async def test_the_list_that_was_filtered_last_is_forgotten(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    """Its address may have the name that somebody looked for: the next person at the same browser must not see it."""
    name = identity_of(app).cookies.list
    browser.cookies.set(name, "%2Fapplications%2Fcases%3Fq%3DPetrosyan", domain="localhost.local", path="/")
    await browser.get((await browser.get("/sign-in?as=persona-officer")).headers["location"])
    assert name not in browser.cookies
    browser.cookies.set(name, "%2Fapplications%2Fcases%3Fq%3DPetrosyan", domain="localhost.local", path="/")
    await browser.post("/sign-out", data={"csrf_token": (await browser.get("/tests/token")).text})
    assert name not in browser.cookies


async def test_a_provider_that_is_away_is_said_so(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    """No error of ours and no endless wait: the page says that the provider does not answer."""
    identity_of(app).provider.issuer = "http://127.0.0.1:1"
    began = time.monotonic()
    for _ in range(20):
        answer = await browser.get("/sign-in")
        assert answer.status_code == 503
        assert "does not answer" in answer.text
    assert time.monotonic() - began < 10
    token = {"Authorization": "Bearer not-seen-before"}
    assert (await browser.get("/tests/api/mine", headers=token)).status_code == 503


async def test_an_unknown_address_keeps_the_menu(
    browser: httpx2.AsyncClient, grant: Callable[..., Awaitable[None]], sign_in: Callable[..., None]
) -> None:
    """A 404 or 405 without a route has the menu and the sign-out of the reader; a stranger can sign in there."""
    await grant("ani", Role.OFFICER)
    stranger = await browser.get("/tests/no-such-page")
    assert stranger.status_code == 404
    assert "Main menu" not in stranger.text
    sign_in("ani")
    for answer in (await browser.get("/tests/no-such-page"), await browser.delete("/tests/mine")):
        assert answer.status_code in {404, 405}
        assert "Main menu" in answer.text
        assert "Sign out" in answer.text


def test_the_settings_of_a_service_are_enough() -> None:
    """Identity needs nothing that a service's settings do not have."""
    fields = set(ServiceSettings.model_fields)
    assert {"origin", "local", "session_key", "ticket_public_key", "service_token"} <= fields
    assert {"oidc_issuer", "oidc_client_id", "oidc_client_secret"} <= fields
