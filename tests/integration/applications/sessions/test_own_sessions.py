"""A person sees all sessions of theirs, and ends one or all others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from services.applications.sessions.actions import KEPT_FOR
from services.applications.sessions.model import browser_in
from services.applications.sessions.store import forget_before
from shared.identity.session import digest_of
from shared.identity.state import identity_of
from shared.ids import new_id
from tests.sessions import session_key

if TYPE_CHECKING:
    import httpx2
    from fastapi import FastAPI

    from tests.integration.applications.conftest import Programme

PAGE = "/applications/account/sessions"
API = "/applications/api/v1/sessions"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def cookie_of(programme: Programme, client: httpx2.AsyncClient) -> str:
    """Return the key in a client's cookie."""
    return str(client.cookies[identity_of(programme.app).cookies.session])


async def statuses(portal: FastAPI, *keys: str) -> list[bool]:
    """Return for each key whether its session goes on."""
    find = identity_of(portal).sessions.find
    return [await find(digest_of(key) or "", active=False) is not None for key in keys]


async def test_the_page_shows_sessions_the_newest_first(programme: Programme) -> None:
    """The open sessions of a person are listed with browser and times; the present one is marked and has no button."""
    client = programme.as_("ani")
    session_key(programme.app, "ani", ago=600)
    session_key(programme.app, "nino")
    text = (await client.get(PAGE)).text
    rows = re.findall(r'<tr class="govuk-table__row"><th scope="row".*?</tr>', text, re.DOTALL)
    assert len(rows) == 2
    assert "This session" in rows[0]
    assert "<button" not in rows[0]
    assert "End session" in rows[1]
    assert "Firefox on Linux" in rows[1]
    listed = (await client.get(API)).json()["items"]
    assert [entry["present"] for entry in listed] == [True, False]
    assert "127.0.0.1" not in text


async def test_a_button_without_a_script_ends_one_session(programme: Programme, portal: FastAPI) -> None:
    """The form of the page, sent as a browser sends it, ends that session; it is listed among the ended ones."""
    client = programme.as_("ani")
    del client.headers["X-CSRF-Token"]
    other, third = (session_key(programme.app, "ani", ago=ago) for ago in (60, 120))
    text = (await client.get(PAGE)).text
    form = re.findall(r'<form method="post" action="([^"]+/end)".*?name="csrf_token" value="([^"]+)"', text, re.DOTALL)
    assert len(form) == 2
    address, token = form[0]
    assert (await client.post(address)).status_code == 403
    for _ in range(2):  # pressed again, it is as done
        answer = await client.post(address, data={"csrf_token": unescape(token)})
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert await statuses(portal, cookie_of(programme, client), other, third) == [True, False, True]
    assert "Ended by you" in (await client.get(PAGE)).text


async def test_all_others_are_ended_at_once(programme: Programme, portal: FastAPI) -> None:
    """The button leaves the present session and those of other people."""
    client = programme.as_("ani")
    own = [session_key(programme.app, "ani", ago=ago) for ago in (60, 120)]
    nino = session_key(programme.app, "nino")
    answer = await client.post(f"{PAGE}/end-others")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert await statuses(portal, cookie_of(programme, client), *own, nino) == [True, False, False, True]
    text = (await client.get(PAGE)).text
    assert "End all other sessions" not in text
    client.cookies.clear()
    led = await client.get(PAGE, headers={"Cookie": f"{identity_of(portal).cookies.session}={own[0]}"})
    assert led.headers["location"] == "/sign-in?next=%2Fapplications%2Faccount%2Fsessions"


async def test_programs_end_sessions_too(programme: Programme, portal: FastAPI) -> None:
    """The API lists by pages, ends one session (twice is as once) and all but the present one."""
    client = programme.as_("ani")
    keys = [session_key(programme.app, "ani", ago=ago) for ago in (60, 120, 180)]
    first = (await client.get(API, params={"limit": 2})).json()
    rest = (await client.get(API, params={"limit": 2, "cursor": first["next"]})).json()
    listed = [*first["items"], *rest["items"]]
    assert rest["next"] is None
    begun = [entry["begun_at"] for entry in listed]
    assert (len(begun), begun) == (4, sorted(begun, reverse=True))
    for _ in range(2):
        assert (await client.delete(f"{API}/{listed[1]['id']}")).status_code == 204
    assert await statuses(portal, *keys) == [False, True, True]
    assert (await client.post(f"{API}/end-others")).json() == {"ended": 2}
    assert (await client.post(f"{API}/end-others")).json() == {"ended": 0}
    assert await statuses(portal, cookie_of(programme, client)) == [True]


async def test_nobody_ends_the_session_of_somebody_else(programme: Programme, portal: FastAPI) -> None:
    """Another person's session and one that never was look the same: 404, on the page and in the API."""
    nino = session_key(programme.app, "nino")
    theirs = (await programme.as_("nino").get(API)).json()["items"]
    client = programme.as_("ani")
    for session_id in (*(entry["id"] for entry in theirs), new_id()):
        assert (await client.delete(f"{API}/{session_id}")).status_code == 404
        assert (await client.post(f"{PAGE}/{session_id}/end")).status_code == 404
    assert await statuses(portal, nino) == [True]


async def test_a_session_that_was_over_keeps_its_own_end(programme: Programme) -> None:
    """After an hour without activity or eight hours a session is listed as ended, with that reason and time."""
    client = programme.as_("ani")
    session_key(programme.app, "ani", ago=2 * 3600)
    await client.post(f"{PAGE}/end-others")
    text = (await client.get(PAGE)).text
    assert "An hour without activity" in text
    assert "Ended by you" not in text


async def test_old_sessions_are_forgotten(programme: Programme, portal: FastAPI) -> None:
    """Rows are deleted thirty days after the session was over, not before."""
    day = 24 * 3600
    for days in (29, 31):
        session_key(programme.app, "ani", ago=days * day)
    async with portal.state.service.bus.transaction("system:tests") as tx:
        assert await forget_before(tx.session, datetime.now(UTC) - KEPT_FOR) == 1


async def test_only_the_family_of_the_browser_is_kept(programme: Programme, portal: FastAPI) -> None:
    """Family and system of the browser are kept and no more; key and ID token cannot be read in the store."""
    keeper = identity_of(portal).keeper
    assert keeper is not None
    key = await keeper.begin("ani", browser=FIREFOX, id_token="header.claims.signature", replaces=None)
    async with portal.state.service.bus.read() as session:
        row = (await session.execute(sa.text("SELECT * FROM sign_in_session WHERE subject = 'ani'"))).one()
    assert (row.browser, row.system) == ("Firefox", "Windows")
    for secret in (key, "140.0", "Mozilla", "header", "claims", "signature"):
        assert secret not in str(row)
    digest = digest_of(key) or ""
    assert await keeper.sign_out(digest) == "header.claims.signature"
    assert await keeper.sign_out(digest) is None


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, ("Firefox", "Windows")),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            ("Edge", "Windows"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36",
            ("Chrome", "Android"),
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1",
            ("Safari", "iPhone"),
        ),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.5 Safari/605.1.15",
            ("Safari", "macOS"),
        ),
        ("curl/8.5.0", ("", "")),
        ("", ("", "")),
    ],
)
def test_browsers_are_recognised(user_agent: str, name: tuple[str, str]) -> None:
    """The usual browsers are named by family and system, unknown ones not at all."""
    assert browser_in(user_agent) == name
