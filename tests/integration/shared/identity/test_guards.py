"""Test guards, CSRF checks and the session in the real harness with real PostgreSQL."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from shared.contracts.codes import PartnerStatus, Role
from shared.identity import service_headers, write_partner
from shared.identity.programs import Programs
from shared.identity.rate_limit import RateLimit
from shared.identity.session import ABSOLUTE, IDLE, SEEN_AFTER
from shared.identity.state import Identity, identity_of
from shared.identity.suspensions import set_suspension_rule
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    import httpx2
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.settings import ServiceSettings
    from tests.integration.shared.identity.conftest import SigningIssuer

    Granting = Callable[..., Awaitable[None]]
    SigningIn = Callable[..., None]

ORIGIN = "http://localhost:8000"


async def test_a_stranger_is_led_to_the_sign_in_and_back(browser: httpx2.AsyncClient) -> None:
    """A page leads to the sign-in with the way back; programs and event streams get a plain 401."""
    answer = await browser.get("/tests/mine?page=2")
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["location"])
    assert (parts.path, parse_qs(parts.query)) == ("/sign-in", {"next": ["/tests/mine?page=2"]})
    api = await browser.get("/tests/api/mine", headers={"Accept": "application/json"})
    assert (api.status_code, api.headers["www-authenticate"]) == (401, "Bearer")
    assert api.headers["content-type"] == "application/problem+json"
    assert api.json()["status"] == 401
    stream = await browser.get("/tests/mine", headers={"Accept": "text/event-stream"})
    assert stream.status_code == 401


async def test_a_part_of_a_page_moves_the_whole_page_to_the_sign_in(browser: httpx2.AsyncClient) -> None:
    """The library htmx is redirected by its own header, with the page that the person sees as the way back."""
    seen = f"{ORIGIN}/matching/board?call=3"
    answer = await browser.get("/tests/mine", headers={"HX-Request": "true", "HX-Current-URL": seen})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fmatching%2Fboard%3Fcall%3D3"


async def test_the_role_decides(browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn) -> None:
    """An officer gets in; a donor learns for whom the page is; a person without a role reaches pages for everybody."""
    await grant("officer", Role.OFFICER)
    await grant("donor", Role.DONOR)
    sign_in("officer")
    assert (await browser.get("/tests/mine")).json()["subject"] == "officer"
    sign_in("donor")
    refused = await browser.get("/tests/mine")
    assert refused.status_code == 403
    assert "Officer" in refused.text
    sign_in("nobody-yet")
    assert (await browser.get("/tests/any")).json() == {"subject": "nobody-yet"}
    assert (await browser.get("/tests/open")).json() == {"subject": "nobody-yet"}
    assert (await browser.get("/tests/mine")).status_code == 403


async def test_a_removed_right_ends_at_once(browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn) -> None:
    """The session holds no rights: the next request after AccessChanged is refused."""
    await grant("officer", Role.OFFICER)
    sign_in("officer")
    assert (await browser.get("/tests/mine")).status_code == 200
    await grant("officer")
    assert (await browser.get("/tests/mine")).status_code == 403


@pytest.mark.parametrize("ago", [IDLE.total_seconds() + 5, ABSOLUTE.total_seconds() + 5])
async def test_an_old_session_is_over(
    browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn, ago: float
) -> None:
    """After an hour without a page, or eight hours in all, one signs in again."""
    await grant("officer", Role.OFFICER)
    sign_in("officer", ago)
    answer = await browser.get("/tests/mine")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


async def _last_active(app: FastAPI) -> datetime:
    """Return when the person of the only session was last seen."""
    async with app.state.service.bus.read() as session:
        return cast("datetime", (await session.execute(sa.text("SELECT seen_at FROM sign_in_session"))).scalar_one())


async def test_a_person_who_acts_keeps_the_session_and_an_open_page_does_not(
    app: FastAPI, browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """After ten minutes a page or a form counts as activity, but no program's request and no part that follows."""
    await grant("officer", Role.OFFICER)
    sign_in("officer", SEEN_AFTER.total_seconds() + 5)
    begun = await _last_active(app)
    assert (await browser.get("/tests/api/mine")).status_code == 200
    assert (await browser.get("/tests/mine", headers={"HX-Request": "true"})).status_code == 200
    assert await _last_active(app) == begun
    assert (await browser.get("/tests/mine?page=2")).status_code == 200
    seen = await _last_active(app)
    assert (datetime.now(UTC) - seen).total_seconds() < 60
    assert (await browser.get("/tests/mine")).status_code == 200
    assert await _last_active(app) == seen


async def test_a_form_needs_the_token_of_its_person(
    browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """With the token in field or header a form counts, files included; without, or with another person's, not."""
    await grant("officer", Role.OFFICER)
    await grant("other", Role.OFFICER)
    sign_in("other")
    others = (await browser.get("/tests/mine")).json()["csrf"]
    sign_in("officer")
    token = (await browser.get("/tests/mine")).json()["csrf"]
    good = await browser.post("/tests/mine", data={"text": "Ելեն", "csrf_token": token})
    assert good.json() == {"text": "Ելեն", "file": ""}
    by_header = await browser.post("/tests/mine", data={"text": "a"}, headers={"X-CSRF-Token": token})
    assert by_header.status_code == 200
    with_file = await browser.post(
        "/tests/mine", data={"text": "a", "csrf_token": token}, files={"file": ("a.txt", b"inside")}
    )
    assert with_file.json() == {"text": "a", "file": "inside"}
    for data in ({"text": "a"}, {"text": "a", "csrf_token": others}, {"text": "a", "csrf_token": ""}):
        refused = await browser.post("/tests/mine", data=data)
        assert refused.status_code == 403
        assert "still in the form" in refused.text


async def test_json_by_cookie_needs_the_header(
    browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """A script of ours sends the token in a header, and its JSON body reaches the route whole."""
    await grant("officer", Role.OFFICER)
    sign_in("officer")
    token = (await browser.get("/tests/mine")).json()["csrf"]
    good = await browser.put("/tests/api/mine", json={"a": "b"}, headers={"X-CSRF-Token": token})
    assert good.json() == {"a": "b"}
    assert (await browser.put("/tests/api/mine", json={"a": "b"})).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "http://localhost:9000"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
async def test_another_site_cannot_send_our_forms(
    browser: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """Even where nobody is signed in, a form that a browser says comes from elsewhere is refused."""
    assert (await browser.post("/tests/open", data={"text": "a"}, headers=headers)).status_code == status


async def test_a_form_sent_after_the_session_ended_loses_nothing(
    browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """A person who was signed out while writing learns how to keep the text; after a new sign-in the form counts."""
    await grant("officer", Role.OFFICER)
    sign_in("officer")
    form = {"text": "a long report", "csrf_token": (await browser.get("/tests/mine")).json()["csrf"]}
    sign_in("officer", IDLE.total_seconds() + 5)
    answer = await browser.post("/tests/mine", data=form, headers={"Origin": ORIGIN})
    assert answer.status_code == 401
    assert "in a new tab" in answer.text
    sign_in("officer")
    again = await browser.post("/tests/mine", data=form, headers={"Origin": ORIGIN})
    assert again.json() == {"text": "a long report", "file": ""}


async def test_a_bearer_token_needs_no_csrf_token(
    browser: httpx2.AsyncClient, provider: str, grant: Granting, sign_in: SigningIn
) -> None:
    """A program's token counts alone, beside a cookie of somebody else too, and an unknown one is refused."""
    await grant("program", Role.OFFICER)
    async with Programs(provider, client_id="tandem", client_secret="x", origin=ORIGIN) as programs:
        token = await programs.sign_in_as("program")
    sign_in("somebody-else")
    by_token = {"Authorization": f"Bearer {token}"}
    assert (await browser.get("/tests/api/mine", headers=by_token)).json() == {"subject": "program"}
    assert (await browser.put("/tests/api/mine", json={"a": "b"}, headers=by_token)).json() == {"a": "b"}
    for other in ("Bearer wrong", "Bearer ", "Basic dGVzdDp0ZXN0", "Bearer a.b.c"):
        assert (await browser.get("/tests/api/mine", headers={"Authorization": other})).status_code == 401


async def test_internal_routes_open_to_our_services_only(
    browser: httpx2.AsyncClient, settings: ServiceSettings, grant: Granting, sign_in: SigningIn
) -> None:
    """The service token lets a service in and tells its name; a person's session, however mighty, does not."""
    token = settings.service_token.get_secret_value()
    good = await browser.post("/tests/internal/contacts", headers=service_headers("notifications", token))
    assert good.json() == {"caller": "notifications"}
    await grant("coordinator", Role.PROGRAMME_COORDINATOR)
    sign_in("coordinator")
    for headers in ({}, service_headers("notifications", "guess"), {"X-Service-Token": ""}):
        assert (await browser.post("/tests/internal/contacts", headers=headers)).status_code == 401
    assert (await browser.get("/reporting/metrics", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_a_malformed_cookie_leads_to_the_sign_in(browser: httpx2.AsyncClient) -> None:
    """Any nonsense in the cookie leads to the sign-in, never to an error."""
    for nonsense in ("gAAAAABm-nonsense", "A" * 43, "é" * 43, ""):
        browser.cookies.set("tandem-8000", quote(nonsense), domain="localhost.local")
        assert (await browser.get("/tests/mine")).status_code == 303
        assert (await browser.get("/tests/open")).json() == {"subject": None}


async def suspend(app: FastAPI, country: str) -> None:
    """The country is suspended from today on."""
    async with app.state.service.bus.transaction("system:tests") as tx:
        await write_partner(tx, country, PartnerStatus.SUSPENDED, clock.today())


async def test_a_suspension_ends_sign_ins_at_once(
    app: FastAPI, browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """A person who was signed in must sign in again; after that the page says why it is closed."""
    await grant("minsk", Role.OFFICER, country="BY")
    await grant("tbilisi", Role.OFFICER, country="GE")
    sign_in("minsk")
    assert (await browser.get("/tests/mine")).status_code == 200
    await suspend(app, "BY")
    assert (await browser.get("/tests/mine")).headers["location"].startswith("/sign-in?next=")
    assert (await browser.get("/tests/any", headers={"Accept": "application/json"})).status_code in {303, 401}
    sign_in("minsk", -2)
    refused = await browser.get("/tests/mine")
    assert refused.status_code == 403
    assert "is suspended" in refused.text
    assert (await browser.get("/tests/any")).json() == {"subject": "minsk"}
    sign_in("tbilisi", 60)
    assert (await browser.get("/tests/mine")).status_code == 200


async def test_a_token_from_before_a_suspension_is_refused(
    app: FastAPI, browser: httpx2.AsyncClient, grant: Granting, signing_issuer: SigningIssuer
) -> None:
    """A program's token is measured by when it was issued; one that does not say so counts no more."""
    app.state.identity = Identity(
        app.state.service.settings.model_copy(update={"oidc_issuer": signing_issuer.issuer}), "reporting"
    )
    await grant("a-program", Role.OFFICER, country="BY")
    moment = int(time.time())
    before = {"Authorization": f"Bearer {signing_issuer.token(iat=moment - 5)}"}
    silent = {"Authorization": f"Bearer {signing_issuer.token(iat=None)}"}
    for token in (before, silent):
        assert (await browser.get("/tests/api/mine", headers=token)).status_code == 200
    await suspend(app, "BY")
    for token in (before, silent):
        assert (await browser.get("/tests/api/mine", headers=token)).status_code == 401
    after = {"Authorization": f"Bearer {signing_issuer.token(iat=moment + 5)}"}
    assert (await browser.get("/tests/api/mine", headers=after)).status_code == 403


async def test_only_the_case_that_goes_on_is_open(
    app: FastAPI, browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """Routes about cases that continue stay open, and only to those who bring them to an end."""
    open_case = uuid4()
    requests: list[Mapping[str, UUID]] = []

    async def ask(session: AsyncSession, countries: Collection[str], ids: Mapping[str, UUID]) -> bool:
        requests.append(ids)
        return set(countries) == {"BY"} and set(ids.values()) == {open_case}

    set_suspension_rule(app, ask)
    await grant("minsk", Role.OFFICER, Role.NATIONAL_COORDINATOR, country="BY")
    await suspend(app, "BY")
    sign_in("minsk", -2)
    assert (await browser.get(f"/tests/cases/{open_case}")).json() == {"roles": ["officer"]}
    assert (await browser.get(f"/tests/cases/{uuid4()}")).status_code == 403
    assert (await browser.get("/tests/mine")).status_code == 403
    assert (await browser.get(f"/tests/decided/{open_case}")).status_code == 403
    assert len(requests) == 2


async def test_api_requests_are_limited_by_person_else_by_address(
    app: FastAPI, browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """A person has one limit from anywhere, strangers and bad tokens have their address's; pages have none."""
    identity_of(app).rate_limit = RateLimit(2)
    await grant("officer", Role.OFFICER)
    await grant("other", Role.OFFICER)
    sign_in("officer")
    for left in (1, 0):
        answer = await browser.get("/tests/api/mine")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"sender";q=2;w=60'
        assert answer.headers["ratelimit"].startswith(f'"sender";r={left};t=')
    refused = await browser.get("/tests/api/mine")
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert refused.json()["code"] == "too-many-requests"
    assert 25 <= int(refused.headers["retry-after"]) <= 30
    assert (await browser.get("/tests/mine")).status_code == 200
    sign_in("other")
    assert (await browser.get("/tests/api/mine")).status_code == 200
    browser.cookies.clear()
    for status in (401, 401, 429):
        assert (await browser.get("/tests/api/mine", headers={"Authorization": "Bearer none"})).status_code == status
    assert (await browser.get("/tests/api/mine")).status_code == 429


async def test_head_is_answered_as_get_by_a_service(
    browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn
) -> None:
    """Guards, pages and the API treat HEAD as GET, and send no body."""
    await grant("officer", Role.OFFICER)
    assert (await browser.head("/tests/mine")).status_code == 303
    sign_in("officer")
    for path in ("/tests/mine", "/tests/api/mine", "/reporting/livez"):
        whole, head = await browser.get(path), await browser.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert "ratelimit" not in whole.headers or "ratelimit" in head.headers
    refused = await browser.request("POST", "/tests/api/mine")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert refused.json()["code"] == "method-not-allowed"
