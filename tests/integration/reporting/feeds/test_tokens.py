"""A consumer's token opens the files of published periods, and nothing else, while it is valid."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from services.reporting.app import create_app
from services.reporting.feeds.actions.files import KINDS, open_to_all
from services.reporting.feeds.model.tokens import PullToken
from services.reporting.feeds.store import tokens as store
from services.reporting.settings import Settings
from shared.contracts.codes import Role
from shared.ids import new_id
from shared.time import clock
from tests.integration.reporting.feeds.test_files import published
from tests.support import settings_for

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House
TOKENS = "/reporting/feeds/tokens"
FILE = "/reporting/feeds/2026-Q1/figures.csv"


def form(**changes: str) -> dict[str, str]:
    """Return the form for a token that is valid for a month, with changes."""
    last = clock.today() + timedelta(days=30)
    day = {"expires-day": str(last.day), "expires-month": str(last.month), "expires-year": str(last.year)}
    return {"consumer": "European Commission, OPSYS", "key": "0190a000-0000-7000-8000-00000000abcd", **day, **changes}


async def issued(coordinator: httpx2.AsyncClient, consumer: str = "OPSYS") -> dict[str, Any]:
    """Issue a token by the API; return the answer, with the token."""
    wanted = {"consumer": consumer, "expires": str(clock.today() + timedelta(days=30))}
    answer = await coordinator.post("/reporting/api/v1/feeds/tokens", json=wanted)
    assert answer.status_code == 201, answer.text
    response: dict[str, Any] = answer.json()
    return response


def token_header(token: str) -> dict[str, str]:
    """Return the header that a consumer's program sends."""
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_is_shown_once_and_opens_the_files(house: House, own_clock: None) -> None:
    """A token is stored as a digest only and opens each file, and a request without one is refused."""
    await published(house, "2026-Q1")
    coordinator, stranger = await house.grant(Role.PROGRAMME_COORDINATOR), house.stranger()
    assert "No token has been issued yet" in (await coordinator.get(TOKENS)).text
    wrong = await coordinator.post(TOKENS, data=form(consumer=" ", **{"expires-year": "2009"}))
    assert wrong.status_code == 422
    assert all(each in wrong.text for each in ('href="#consumer"', "Enter who gets the token", "Enter a day between"))
    shown = await coordinator.post(TOKENS, data=form())
    assert shown.status_code == 201
    (token,) = re.findall(r"<code>(tandem-feeds-[\w-]{43})</code>", shown.text)
    assert token in (await coordinator.post(TOKENS, data=form())).text, "sent twice, there is one"
    other = await coordinator.post(TOKENS, data=form(consumer="Somebody else"))
    assert (other.status_code, token in other.text, "European Commission" in other.text) == (409, False, True)
    clock.move(timedelta(minutes=11))
    assert (await coordinator.post(TOKENS, data=form())).status_code == 409, "for a second click only"
    page = (await coordinator.get(TOKENS)).text
    assert token not in page
    assert "European Commission, OPSYS" in page
    async with house.app.state.service.bus.read() as session:
        (row,) = (await session.execute(text("SELECT t::text FROM pull_token t"))).scalars()
    assert token.removeprefix("tandem-feeds-") not in row

    led = await stranger.get(FILE)
    assert (led.status_code, "/sign-in" in led.headers["location"]) == (303, True)
    assert (await stranger.get(FILE.replace("/feeds/", "/api/v1/feeds/"))).status_code == 401
    for name in KINDS:
        answer = await stranger.get(f"/reporting/feeds/2026-Q1/1/{name}", headers=token_header(token))
        assert answer.status_code == 200, answer.text
        again = {**token_header(token), "If-None-Match": answer.headers["etag"]}
        assert (await stranger.get(f"/reporting/api/v1/feeds/latest/{name}", headers=again)).status_code == 304
    for open_ in ("manifest.json", "keys", "manifests/1.jws"):
        assert (await stranger.get(f"/reporting/feeds/{open_}", headers=token_header(token))).status_code == 200


async def test_a_token_opens_nothing_else(house: House) -> None:
    """A token opens no page, figure or unpublished file, and a forged, expired or revoked one opens nothing."""
    await published(house, "2026-Q1")
    coordinator, stranger = await house.grant(Role.PROGRAMME_COORDINATOR), house.stranger()
    made = await issued(coordinator)
    mine = token_header(made["token"])
    for closed in (
        "/reporting/api/v1/figures",
        "/reporting/api/v1/feeds/2026-Q1",
        "/reporting/",
        TOKENS,
        "/reporting/figures.csv",
    ):
        # Elsewhere it is taken for a token of the sign-in provider, which knows none such (here: does not answer).
        assert (await stranger.get(closed, headers=mine)).status_code in {401, 503}, closed
    post = await stranger.post(f"/reporting/api/v1/feeds/tokens/{made['id']}/revoke", headers=mine)
    assert post.status_code in {401, 503}
    assert (await stranger.get("/reporting/api/v1/feeds/2026-Q2/figures.csv", headers=mine)).status_code == 409
    forged = token_header("tandem-feeds-" + "A" * 43)
    refused = await stranger.get(FILE, headers=forged)
    assert (refused.status_code, "invalid_token" in refused.headers["www-authenticate"]) == (401, True)

    assert (await stranger.get(FILE, headers=mine)).status_code == 200
    async with house.app.state.service.bus.transaction("system:tests") as tx:
        await tx.session.execute(
            text("UPDATE pull_token SET expires = :day"), {"day": clock.today() - timedelta(days=1)}
        )
    assert (await stranger.get(FILE, headers=mine)).status_code == 401
    assert (await coordinator.get(f"/reporting/api/v1/feeds/tokens/{made['id']}")).json()["state"] == "expired"

    other = await issued(coordinator, "Another consumer")
    assert (await stranger.get(FILE, headers=token_header(other["token"]))).status_code == 200
    for _ in range(2):
        assert (await coordinator.post(f"{TOKENS}/{other['id']}/revoke")).status_code == 303
    assert (await stranger.get(FILE, headers=token_header(other["token"]))).status_code == 401
    assert (await coordinator.post(f"{TOKENS}/{made['id'][:-4]}0000/revoke")).status_code == 404


async def test_auditors_read_issues_and_downloads(house: House) -> None:
    """The auditor sees who issued a token and its downloads by day, and only the coordinator issues tokens."""
    await published(house, "2026-Q1")
    coordinator, auditor = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.AUDITOR)
    made = await issued(coordinator)
    stranger = house.stranger()
    for _ in range(3):
        await stranger.get("/reporting/feeds/latest/figures.csv", headers=token_header(made["token"]))
    await stranger.get("/reporting/feeds/2026-Q1/1/figures.json", headers=token_header(made["token"]))
    answer = (await auditor.get(f"/reporting/api/v1/feeds/tokens/{made['id']}")).json()
    assert answer["issued_by"] == Role.PROGRAMME_COORDINATOR.value
    assert answer["last_used_at"] is not None
    assert "token" not in answer
    assert [(each["period"], each["name"], each["times"]) for each in answer["fetched"]] == [
        ("2026-Q1", "figures.csv", 3),
        ("2026-Q1", "figures.json", 1),
    ]
    page = (await auditor.get(f"{TOKENS}/{made['id']}")).text
    assert "figures.csv" in page
    assert "Revoke token" not in page
    assert (await auditor.post(TOKENS, data=form())).status_code == 403
    await coordinator.post(f"{TOKENS}/{made['id']}/revoke")
    answer = (await auditor.get("/reporting/api/v1/feeds/tokens")).json()["items"][0]
    assert (answer["state"], answer["revoked_by"]) == ("revoked", Role.PROGRAMME_COORDINATOR.value)
    for role in (Role.DONOR, Role.EVALUATOR):
        assert (await (await house.grant(role)).get(TOKENS)).status_code == 403


async def test_requests_with_a_token_are_limited(house: House) -> None:
    """Beyond the limit the answer says when to continue, and another token is not affected."""
    await published(house, "2026-Q1")
    coordinator, stranger = await house.grant(Role.PROGRAMME_COORDINATOR), house.stranger()
    bus = house.app.state.service.bus
    bus.settings = bus.settings.model_copy(update={"feeds_pulls_a_minute": 2})
    first, second = await issued(coordinator), await issued(coordinator, "Another")
    answers = [await stranger.get(FILE, headers=token_header(first["token"])) for _ in range(6)]
    # The minute may turn once on the way: of six at the most four are let in.
    refused = [each for each in answers if each.status_code == 429]
    assert len(refused) >= 2
    assert 0 < int(refused[0].headers["retry-after"]) <= 60
    assert (await stranger.get(FILE, headers=token_header(second["token"]))).status_code == 200


async def test_a_setting_makes_files_public(house: House) -> None:
    """With the setting IATI files are public and cacheable, and the other files are not."""
    await published(house, "2026-Q1")
    stranger = house.stranger()
    for name in KINDS:
        for home in ("/reporting/feeds", "/reporting/api/v1/feeds"):
            answer = await stranger.get(f"{home}/2026-Q1/1/{name}", headers={"Accept": "application/json"})
            open_ = name.startswith("iati-")
            assert (answer.status_code == 200) == open_, name
            assert answer.headers.get("cache-control", "").startswith("public") == open_
    bus = house.app.state.service.bus
    bus.settings = bus.settings.model_copy(update={"feeds_public": ""})
    assert (await stranger.get("/reporting/api/v1/feeds/2026-Q1/iati-activities.xml")).status_code == 401
    bus.settings = bus.settings.model_copy(update={"feeds_public": "figures.csv, iati-activities.xml"})
    assert (await stranger.get(FILE)).status_code == 200


def test_an_unknown_public_file_is_refused() -> None:
    """The service refuses to start, and names the setting and the existing files."""
    wrong = Settings(**settings_for("postgresql+asyncpg://nobody@localhost/none", feeds_public="figures.cvs"))
    with pytest.raises(ValueError, match=r"TANDEM_FEEDS_PUBLIC names no file: figures\.cvs"):
        create_app(wrong)
    assert open_to_all(wrong.model_copy(update={"feeds_public": " "})) == frozenset()


async def test_tokens_are_read_page_by_page(house: House) -> None:
    """Following `next` gives each token once, the newest first."""
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    made = [(await issued(coordinator, f"Consumer {n}"))["id"] for n in range(3)]
    first = (await coordinator.get("/reporting/api/v1/feeds/tokens?limit=2")).json()
    rest = (await coordinator.get(f"/reporting/api/v1/feeds/tokens?limit=2&cursor={first['next']}")).json()
    assert [each["id"] for each in (*first["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None


async def test_a_digest_that_is_there_already_is_no_error(house: House) -> None:
    """Two clicks at once can meet at the digest rather than the id, where the second finds the token."""
    today = clock.today()
    token = PullToken(new_id(), "OPSYS", today, "carla", clock.now())
    async with house.app.state.service.bus.transaction("carla") as tx:
        assert await store.add(tx.session, token, "digest")
        assert not await store.add(tx.session, replace(token, id=new_id()), "digest")
        assert not await store.add(tx.session, token, "another digest")
