"""Test that a ticket opens one form, once, for its person, and leaves nothing in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.identity import issue_ticket
from shared.identity.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    from joserfc.jwk import OKPKey

    Granting = Callable[..., Awaitable[None]]
    SigningIn = Callable[..., None]

ORIGIN = "http://localhost:8000"


def new_ticket(key: OKPKey, subject: str = "a-1", person: str | None = "officer", purpose: str = "report") -> str:
    """Return a ticket of the portal."""
    return issue_ticket(purpose, subject, person=person, private_key=key.as_pem(private=True).decode())


async def test_a_ticket_becomes_a_narrow_cookie(
    browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey
) -> None:
    """The browser is sent on to the clean address; there the form opens and can be sent, for that case only."""
    sign_in("officer")
    away = await browser.get(f"/tests/reports/a-1?lang=en&ticket={new_ticket(ticket_key)}")
    assert (away.status_code, away.headers["location"]) == (303, "/tests/reports/a-1?lang=en")
    cookie = away.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Path=/;" in cookie
    form = await browser.get("/tests/reports/a-1")
    assert (form.json()["case"], form.json()["person"]) == ("a-1", "officer")
    sent = await browser.post("/tests/reports/a-1", data={"text": "well", "csrf_token": form.json()["csrf"]})
    assert sent.json() == {"case": "a-1", "text": "well", "ticket": "a-1"}
    assert (await browser.get("/tests/reports/a-2")).status_code == 403


async def test_two_forms_are_open_side_by_side(
    browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey
) -> None:
    """A second case's ticket does not close the first one's form."""
    sign_in("officer")
    for case in ("a-1", "a-2"):
        await browser.get(f"/tests/reports/{case}?ticket={new_ticket(ticket_key, case)}")
    for case in ("a-1", "a-2"):
        assert (await browser.get(f"/tests/reports/{case}")).json()["case"] == case


async def test_a_ticket_opens_once(browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey) -> None:
    """Found in a history or a log and used again, it opens nothing, whichever process is asked."""
    sign_in("officer")
    address = f"/tests/reports/a-1?ticket={new_ticket(ticket_key)}"
    assert (await browser.get(address)).status_code == 303
    back = await browser.get(address)
    assert (back.status_code, back.headers["location"]) == (303, "/tests/reports/a-1"), "the same browser goes back"
    assert "set-cookie" not in back.headers, "its time does not begin again"
    browser.cookies.clear()
    sign_in("officer")
    again = await browser.get(address)
    assert again.status_code == 403
    assert "This link does not work" in again.text
    assert "Links like this open a learning report. This one was already used." in again.text
    assert "from your list “To do”" in again.text


async def test_a_forwarded_ticket_opens_nothing(
    browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey
) -> None:
    """In the hands of another person, or of nobody signed in, it is refused and not used up."""
    address = f"/tests/reports/a-1?ticket={new_ticket(ticket_key)}"
    assert (await browser.get(address)).status_code == 403
    sign_in("somebody-else")
    assert (await browser.get(address)).status_code == 403
    sign_in("officer")
    assert (await browser.get(address)).status_code == 303


async def test_the_cookie_ends_with_the_person(
    browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey
) -> None:
    """The form of one person is closed after the next person signs in at the same browser."""
    sign_in("officer")
    await browser.get(f"/tests/reports/a-1?ticket={new_ticket(ticket_key)}")
    sign_in("somebody-else")
    assert (await browser.get("/tests/reports/a-1")).status_code == 403


async def test_a_line_manager_needs_no_account(browser: httpx2.AsyncClient, ticket_key: OKPKey) -> None:
    """A ticket that names nobody opens by itself, and its form still needs the token of its cookie."""
    away = await browser.get(f"/tests/reports/a-1?ticket={new_ticket(ticket_key, person=None)}")
    assert away.status_code == 303
    form = await browser.get("/tests/reports/a-1")
    assert form.json()["person"] is None
    good = {"text": "yes", "csrf_token": form.json()["csrf"]}
    assert (await browser.post("/tests/reports/a-1", data=good)).status_code == 200
    assert (await browser.post("/tests/reports/a-1", data={"text": "yes"})).status_code == 403


async def test_wrong_tickets_are_refused(browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey) -> None:
    """Another case's, another purpose's or a changed ticket is refused with a page that says what to do."""
    sign_in("officer")
    for text in (
        new_ticket(ticket_key, "a-2"),
        new_ticket(ticket_key, purpose="receipt"),
        new_ticket(ticket_key)[:-3] + "AAA",
        "x",
    ):
        assert (await browser.get(f"/tests/reports/a-1?ticket={text}")).status_code == 403


async def test_without_a_ticket_the_portal_is_the_way(browser: httpx2.AsyncClient, sign_in: SigningIn) -> None:
    """A stranger is led to the sign-in; a signed-in person learns where the link is."""
    assert (await browser.get("/tests/reports/a-1")).status_code == 303
    sign_in("officer")
    refused = await browser.get("/tests/reports/a-1")
    assert refused.status_code == 403
    assert "Open the page again from your list “To do”" in refused.text


async def test_a_role_needs_no_ticket_where_the_route_says_so(
    browser: httpx2.AsyncClient, grant: Granting, sign_in: SigningIn, ticket_key: OKPKey
) -> None:
    """A receipt opens to the coordinator by role and to the officer by ticket, and to nobody else."""
    await grant("coordinator", Role.NATIONAL_COORDINATOR, country="AM")
    sign_in("coordinator")
    assert (await browser.get("/tests/receipts/a-1")).json() == {"by": "Principal"}
    sign_in("officer")
    assert (await browser.get("/tests/receipts/a-1")).status_code == 403
    await browser.get(f"/tests/receipts/a-1?ticket={new_ticket(ticket_key, purpose='receipt')}")
    assert (await browser.get("/tests/receipts/a-1")).json() == {"by": "Ticket"}


async def test_a_program_sends_its_ticket_along(browser: httpx2.AsyncClient, provider: str, ticket_key: OKPKey) -> None:
    """With a bearer token of the same person the ticket stands in a header; another person's is refused."""
    async with Programs(provider, client_id="tandem", client_secret="x", origin=ORIGIN) as programs:
        token, other = await programs.sign_in_as("officer"), await programs.sign_in_as("somebody-else")
    headers = {"Authorization": f"Bearer {token}", "X-Ticket": new_ticket(ticket_key)}
    assert (await browser.get("/tests/api/reports/a-1", headers=headers)).json() == {"case": "a-1", "ticket": "a-1"}
    assert (await browser.get("/tests/api/reports/a-2", headers=headers)).status_code == 403
    headers["Authorization"] = f"Bearer {other}"
    refused = await browser.get("/tests/api/reports/a-1", headers=headers)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")


async def test_a_used_ticket_is_forgotten_when_it_is_over(
    browser: httpx2.AsyncClient, sign_in: SigningIn, ticket_key: OKPKey, used_tickets: Callable[[], Awaitable[int]]
) -> None:
    """The list of used tickets does not grow: what is over anyway is taken off with the next use."""
    sign_in("officer")
    old = issue_ticket("report", "a-1", person="officer", private_key=ticket_key.as_pem(private=True).decode(), ttl=-3)
    assert (await browser.get(f"/tests/reports/a-1?ticket={old}")).status_code == 303
    await browser.get(f"/tests/reports/a-1?ticket={new_ticket(ticket_key)}")
    assert await used_tickets() == 2
