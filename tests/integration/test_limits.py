"""Sign-ins, links with a key and forms are limited by address, key and person; the answer says when to try again."""

from __future__ import annotations

import asyncio
import importlib
import re
from typing import TYPE_CHECKING

import httpx2
import pytest
import uvicorn

from deploy.local.ports import free_port
from services.notifications.preferences.model.choices import link
from shared.contracts.codes import Role
from shared.i18n import offered
from shared.identity import Grant, csrf, every_route, write_access
from shared.identity.rate_limit import RateLimit
from shared.identity.state import identity_of
from shared.ids import new_id
from shared.runtime.service import server_options
from shared.time import clock
from tests.sessions import session_cookie
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI

    from tests.conftest import Databases

ORIGIN = "http://localhost:8000"
LINKS = {
    "applications": (
        "/applications/available?key={}",
        "/applications/line-manager?key={}",
        "/applications/address/{}",
        "/applications/verify-letter/{}",
    ),
    "notifications": ("/notifications/choice/{}", "/notifications/feed.ics?key={}"),
    "reporting": ("/reporting/evaluations/0190a000-0000-7000-8000-000000000000?ticket={}",),
}
"""The links with a key in each service."""


@pytest.fixture(params=["applications", "notifications", "reporting"])
def migrated(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[tuple[str, str]]:
    """Return a service, and a database as its migrations make it."""
    service = request.param
    address = postgres.new(postgres.of_service(service))
    yield service, address
    postgres.drop(address)


@pytest.fixture
async def app(migrated: tuple[str, str]) -> AsyncIterator[FastAPI]:
    """Run the service."""
    service, address = migrated
    settings = importlib.import_module(f"services.{service}.settings").Settings(**settings_for(address))
    made: FastAPI = importlib.import_module(f"services.{service}.app").create_app(settings, background=False)
    yield made
    await made.state.service.bus.close()


def browser(app: FastAPI, address: str, **headers: str) -> httpx2.AsyncClient:
    """Return a browser at an address."""
    transport = httpx2.ASGITransport(app, client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html", **headers})


def refused(answer: httpx2.Response) -> bool:
    """Return whether a page was refused for a while, and check that it says for how long."""
    if answer.status_code != 429:
        return False
    seconds = int(answer.headers["retry-after"])
    assert 1 <= seconds <= 60
    if "html" in answer.headers["content-type"]:
        assert re.search(rf"Try again in {seconds} seconds?\.", answer.text)
        assert "Wait a minute" not in answer.text, "one time, not two"
    return True


async def test_wrong_keys_are_limited_by_address(app: FastAPI) -> None:
    """A guesser of keys is soon refused, whatever the kind of link; another address is not."""
    service = app.state.service.name
    for key_link in LINKS[service]:
        identity_of(app).limits.links = RateLimit(3)
        async with browser(app, "192.0.2.1") as guesser, browser(app, "192.0.2.2") as other:
            answers = [await guesser.get(key_link.format(f"wrong-{number}")) for number in range(4)]
            assert [refused(answer) for answer in answers] == [False, False, False, True], key_link
            assert {answer.status_code for answer in answers[:3]} <= {400, 403, 404}, key_link
            assert not refused(await other.get(key_link.format("wrong-5"))), key_link


@pytest.mark.parametrize("migrated", ["notifications"], indirect=True)
async def test_a_right_key_counts_for_itself_only(app: FastAPI) -> None:
    """Right keys from one address are no guesses, however many; one key may be used so often a minute."""
    identity_of(app).limits.links = RateLimit(3)
    paths = [link(app.state.service.settings.choice_seal, "", new_id()) for _ in range(5)]
    async with browser(app, "192.0.2.1") as mail_program, browser(app, "192.0.2.2") as other:
        for path in paths:
            assert (await mail_program.get(path)).status_code == 200
        assert [refused(await mail_program.get(paths[0])) for _ in range(3)] == [False, False, True]
        assert refused(await other.get(paths[0]))
        assert not refused(await other.get(paths[1]))


@pytest.mark.parametrize("migrated", ["applications"], indirect=True)
async def test_sign_ins_are_limited_by_address(app: FastAPI) -> None:
    """Steps of the sign-in count by address, also those that fail; another address is not refused."""
    for path in ("/sign-in", "/sign-in/callback?code=x&state=y"):
        identity_of(app).limits.sign_ins = RateLimit(3)
        async with browser(app, "192.0.2.1") as first, browser(app, "192.0.2.2") as second:
            assert [refused(await first.get(path)) for _ in range(4)] == [False, False, False, True]
            assert not refused(await second.get(path))


async def test_forms_are_limited_by_person(app: FastAPI) -> None:
    """Forms count by the person who sends them, from whatever address, and before anything is done with them."""
    identity_of(app).limits.forms = RateLimit(3)
    path = next(
        str(route.path)
        for route, access in every_route(app)
        if access.admits(Role.PROGRAMME_COORDINATOR)
        and access.kind in {"roles", "signed_in"}
        and "POST" in (route.methods or ())
        and "{" not in str(route.path)
        and "/api/" not in str(route.path)
    )
    people = {}
    for subject in ("ani", "nino"):
        async with app.state.service.bus.transaction("system:tests") as tx:
            grant = Grant(Role.PROGRAMME_COORDINATOR, clock.today())
            await write_access(tx.session, {subject: ([grant], clock.now())})
        token = csrf.new_token(identity_of(app).csrf, csrf.person(subject))
        people[subject] = {"Cookie": session_cookie(app, subject), csrf.HEADER: token}
    answers = []
    for number in range(4):
        async with browser(app, f"192.0.2.{number}", **people["ani"]) as client:
            answers.append(refused(await client.post(path)))
    assert answers == [False, False, False, True]
    async with browser(app, "192.0.2.3", **people["nino"]) as client:
        assert not refused(await client.post(path))


@pytest.mark.parametrize("migrated", ["applications"], indirect=True)
@pytest.mark.parametrize(("gateways", "believed"), [("127.0.0.1", True), ("*", True), ("192.0.2.77", False)])
async def test_only_the_gateway_says_where_a_request_comes_from(
    app: FastAPI,
    gateways: str,
    believed: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """The server of a service counts by the address that a gateway names; what others name counts for nothing."""
    identity_of(app).limits.sign_ins = RateLimit(2)
    settings = app.state.service.settings.model_copy(update={"gateways": gateways, "port": free_port()})
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **server_options(settings)))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}") as client:
            answers = [
                await client.get("/sign-in/callback", headers={"X-Forwarded-For": f"192.0.2.{number}"})
                for number in range(4)
            ]
        assert [refused(answer) for answer in answers] == [False, False, not believed, not believed]
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize("migrated", ["applications"], indirect=True)
async def test_forms_of_strangers_are_limited_by_address(app: FastAPI) -> None:
    """Forms without a sign-in count by their address."""
    identity_of(app).limits.forms = RateLimit(3)
    async with browser(app, "192.0.2.1") as first, browser(app, "192.0.2.2") as second:
        assert [refused(await first.post("/applications/verify")) for _ in range(4)] == [False, False, False, True]
        assert not refused(await second.post("/applications/verify"))


READS = {"applications": "people", "notifications": "messages", "reporting": "figures"}
"""A list of each service."""


async def test_requests_of_programs_are_limited_as_described(app: FastAPI) -> None:
    """Beyond the limit the answer is 429, says after how many seconds to try again, and is as it is described."""
    identity_of(app).rate_limit = RateLimit(2)
    service = app.state.service.name
    async with browser(app, "192.0.2.1") as first, browser(app, "192.0.2.2") as second:
        address = f"/{service}/api/v1/{READS[service]}"
        answers = [await first.get(address) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert [answer.headers["ratelimit"].partition(";t")[0] for answer in answers] == [
            f'"sender";r={left}' for left in (1, 0, 0)
        ]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 30
        assert answers[-1].json()["code"] == "too-many-requests"
        assert (await first.head(address)).status_code == 429
        assert (await second.get(address)).status_code == 401


async def test_texts_of_problems_follow_accept_language_as_described(app: FastAPI) -> None:
    """A problem is written in the first language of Accept-Language that is offered, else in English, and names it."""
    service = app.state.service.name
    texts = set()
    async with browser(app, "192.0.2.1") as program:
        for accepted, language in (("xx", "en"), *((f"xx, {code}-XX;q=0.9, en;q=0.1", code) for code in offered())):
            address = f"/{service}/api/v1/{READS[service]}"
            answer = await program.get(address, headers={"Accept-Language": accepted})
            assert (answer.status_code, answer.headers["content-language"]) == (401, language)
            texts.add(answer.json()["detail"])
    assert len(texts) == len(offered())
