"""A session ends in all four services within five seconds, and costs the others one question in that time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from shared.contracts.codes import Role
from shared.identity import Grant, remote_sessions
from shared.identity import session as sessions
from shared.identity.remote_sessions import GOOD_FOR, RemoteSessions
from shared.identity.state import identity_of
from shared.time import clock
from shared.web import live
from tests.integration.applications.suspension import FINISH
from tests.serving import served
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.applications.sessions.conftest import Browser, House

EVERYWHERE = ("applications", "matching", "notifications", "reporting")
IN = dict.fromkeys(EVERYWHERE, 200)
OUT = dict.fromkeys(EVERYWHERE, 303)


async def ends_everywhere(browser: Browser, end: Callable[[], Awaitable[object]]) -> None:
    """Check that a browser is let in by all services, and by none five seconds after `end`; by the portal at once."""
    assert await browser.statuses() == IN
    await end()
    ended = time.monotonic()
    assert (await browser.portal.get("/applications/account")).status_code == 303
    await asyncio.sleep(GOOD_FOR - (time.monotonic() - ended))
    assert await browser.statuses() == OUT
    assert (await browser.clients["matching"].get("/matching/")).headers["location"] == "/sign-in?next=%2Fmatching%2F"


async def test_a_copied_cookie_opens_nothing_after_the_sign_out(house: House) -> None:
    """A thief of the cookie is signed out with its owner, in all four services."""
    owner = house.browser("programme")
    thief = house.with_key("programme", owner.key)

    async def sign_out() -> None:
        answer = await owner.portal.post("/sign-out")
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].startswith('tandem-8000=""')

    await ends_everywhere(thief, sign_out)
    async with house.apps["applications"].state.service.bus.read() as session:
        row = (await session.execute(sa.text("SELECT * FROM sign_in_session WHERE ended_at IS NOT NULL"))).one()
    assert (row.subject, row.end_reason, row.id_token) == ("programme", "signed_out", None)
    assert owner.key not in str(row)


async def test_a_suspension_ends_the_sessions_of_a_country(house: House) -> None:
    """People of the country are out before the event has reached the other services; others stay."""
    tigran, giorgi = house.browser("tigran"), house.browser("giorgi")
    for subject, country in (("tigran", "AM"), ("giorgi", "GE")):
        await house.grant(subject, Grant(Role.NATIONAL_COORDINATOR, clock.today(), country))

    async def suspend() -> None:
        body = {"since": str(clock.today()), "choices": FINISH}
        preview = await house.programme.post("programme", "/partners/AM/suspension/preview", body)
        await house.programme.post("programme", "/partners/AM/suspension", {**body, "digest": preview["digest"]}, 201)

    await ends_everywhere(tigran, suspend)
    assert await giorgi.statuses() == IN


async def test_a_change_of_access_ends_the_sessions_of_that_person(house: House) -> None:
    """A new role ends the sessions in all browsers of the person, and nobody else's; a new name ends none."""
    first, second, other = house.browser("ani"), house.browser("ani"), house.browser("programme")
    entry = house.programme.person("ani", "Ani Petrosyan", "AM", "officer")

    async def change(**changes: object) -> None:
        await house.programme.post("programme", "/people", {"people": [entry | changes]}, 201)

    await change(name="Ani Hakobyan")
    assert await second.statuses() == IN
    grants = [*entry["grants"], {"role": "mentor", "country": "AM", "since": "2025-01-01"}]
    await ends_everywhere(first, lambda: change(grants=grants))
    assert await second.statuses() == OUT
    assert await other.statuses() == IN


async def test_a_new_deputy_signs_in_again(house: House) -> None:
    """A person who becomes a deputy, or is one no more, signs in again; the person represented does not."""
    body = house.programme.person("anahit", "Anahit Sargsyan", "AM", "officer")
    ids = (await house.programme.post("programme", "/people", {"people": [body]}, 201))["ids"]
    anahit, tigran = house.browser("anahit"), house.browser("tigran")
    day = str(clock.today())
    deputy = {"deputy_id": ids[0], "role": "national_coordinator", "since": day}
    await house.programme.post("tigran", "/register/deputies", {**deputy, "until": day}, 201)
    assert (await anahit.portal.get("/applications/account")).status_code == 303
    anahit = house.browser("anahit")
    assert (await anahit.portal.get("/applications/account")).status_code == 200
    await house.programme.post("tigran", "/register/deputies/end", deputy)
    assert (await anahit.portal.get("/applications/account")).status_code == 303
    assert (await tigran.portal.get("/applications/account")).status_code == 200


async def test_one_question_while_the_answer_counts_however_many_ask(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty requests at once ask the portal once, the next ones not at all; so do those with a cookie of nobody."""
    monkeypatch.setattr(remote_sessions, "GOOD_FOR", PATIENCE)  # a busy machine needs more than the five seconds
    for key in (house.browser("programme").key, sessions.new_key()):
        browser = house.with_key("programme", key)
        client = browser.clients["reporting"]
        before = house.portal.checks
        answers = await asyncio.gather(*(client.get("/reporting/") for _ in range(50)))
        assert len({answer.status_code for answer in answers}) == 1
        assert (await client.get("/reporting/")).status_code == answers[0].status_code
        assert house.portal.checks == before + 1


async def test_a_reader_who_leaves_takes_no_answer_from_others(house: House) -> None:
    """The first of several requests is broken off before the portal has answered; the others are let in."""
    client = house.browser("programme").clients["reporting"]
    first, *others = (asyncio.create_task(client.get("/reporting/")) for _ in range(5))
    while not house.portal.checks:  # noqa: ASYNC110 - the portal has no event for it
        await asyncio.sleep(0.001)
    first.cancel()
    assert [(await other).status_code for other in others] == [200] * 4
    assert house.portal.checks == 1


async def test_kept_answers_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more cookies than are kept the oldest answer is asked for again, and no newer one."""
    monkeypatch.setattr(remote_sessions, "_KEPT_AT_MOST", 2)
    clients = [house.browser("programme").clients["reporting"] for _ in range(3)]
    for client in (*clients, clients[2], clients[1]):
        assert (await client.get("/reporting/")).status_code == 200
    assert house.portal.checks == 3
    assert (await clients[0].get("/reporting/")).status_code == 200
    assert house.portal.checks == 4


async def test_a_malformed_session_key_is_not_looked_up(house: House) -> None:
    """A cookie that cannot be a session's key causes no request to the portal."""
    browser = house.with_key("programme", "nonsense")
    assert (await browser.clients["matching"].get("/matching/")).status_code == 303
    assert house.portal.checks == 0


async def test_a_page_of_any_service_keeps_the_session(house: House) -> None:
    """A page in another service counts as activity, also while its answer is kept."""
    browser = house.browser("programme", ago=sessions.SEEN_AFTER.total_seconds() + 5)
    client = browser.clients["matching"]
    query = sa.text("SELECT now() - seen_at < interval '1 minute' FROM sign_in_session WHERE digest = :digest")

    async def is_noted() -> bool:
        async with house.apps["applications"].state.service.bus.read() as session:
            digest = sessions.digest_of(browser.key)
            return bool((await session.execute(query, {"digest": digest})).scalar_one())

    assert (await client.get("/matching/", headers={"HX-Request": "true"})).status_code == 200
    assert not await is_noted()
    assert (await client.get("/matching/")).status_code == 200
    assert await is_noted()


async def test_the_portal_is_away(house: House) -> None:
    """Without the portal nobody is let in or sent to the sign-in, and all comes back with it; open pages stay open."""
    app = house.apps["matching"]
    browser = house.browser("programme")
    client = browser.clients["matching"]
    there = identity_of(app).sessions
    assert isinstance(there, RemoteSessions)
    away = identity_of(app).sessions = RemoteSessions("http://127.0.0.1:1", {})
    began = time.monotonic()
    for _ in range(20):
        answer = await client.get("/matching/")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "We cannot check at the moment whether you are signed in" in answer.text
    assert time.monotonic() - began < PATIENCE
    api = await client.get("/matching/api/v1/matches", headers={"Accept": "application/json"})
    assert (api.status_code, api.json()["code"]) == (503, "unavailable")
    assert (await client.get("/matching/livez")).status_code == 200
    await away.close()
    identity_of(app).sessions = there
    assert (await client.get("/matching/")).status_code == 200


async def test_a_portal_that_answers_nonsense_lets_nobody_in(house: House) -> None:
    """A wrong token between the services, or another server at the address, is as no portal."""
    app, browser = house.apps["reporting"], house.browser("programme")
    there = identity_of(app).sessions
    async with served(house.apps["matching"]) as elsewhere, served(house.apps["applications"]) as portal:
        for url in (elsewhere, portal):
            wrong = identity_of(app).sessions = RemoteSessions(url, {"X-Service-Token": "wrong"})
            assert (await browser.clients["reporting"].get("/reporting/")).status_code == 503
            await wrong.close()
    identity_of(app).sessions = there


@pytest.mark.parametrize("busy", [True, False])
async def test_the_stream_of_a_page_ends_with_the_session(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    busy: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """The stream of an open page ends within five seconds and a beat, whether much changes or nothing."""
    monkeypatch.setattr(live, "HEARTBEAT", 0.5)
    monkeypatch.setattr(live, "CHECKED", 0.5)
    app = house.apps["matching"]
    hub: live.Live = app.state.service.live
    owner = house.browser("programme")
    headers = {"Cookie": f"{identity_of(app).cookies.session}={owner.key}", "Accept": "text/event-stream"}
    async with (
        served(app) as address,
        httpx2.AsyncClient(base_url=address, headers=headers, timeout=PATIENCE) as client,
        client.stream("GET", "/matching/live") as stream,
    ):
        assert stream.status_code == 200
        await asyncio.sleep(1.2)
        assert hub.clients == 1
        await owner.portal.post("/sign-out")
        ended = time.monotonic()
        async for _ in stream.aiter_bytes():
            if busy:
                hub.changed("board")
        assert time.monotonic() - ended < GOOD_FOR + 2
