"""Does mail keep to the hours that a person has chosen, whatever those of the country are?"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from services.notifications.sending.office import Office
from shared import clock
from shared.identity import service_headers
from shared.zones import zone_of
from tests.integration.notifications.conftest import Catcher, Contacts, post, recipient, rows
from tests.integration.notifications.stories import APPLICATION, VISIT, event
from tests.integration.notifications.test_choices import choice_in
from tests.integration.notifications.test_pages import ORIGIN, page
from tests.integration.notifications.test_sending import change

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.support import Feed

HOME = "home_coordinator"
FIRST, DEPUTY, OFFICER = (f"{name}@police.example" for name in (f"{HOME}.first", f"{HOME}.deputy", "applicant.only"))


async def choose(app: FastAPI, name: str, night: str) -> int:
    """A home coordinator chooses hours without mail, as the portal says it; the answer's status."""
    body = {"recipient": str(recipient(HOME, name)), "choice": "each", "night": night}
    headers = service_headers("applications", "service-token-of-the-tests")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x") as portal:
        return (await portal.post("/notifications/internal/choice", json=body, headers=headers)).status_code


def go_to(hour: int, zone: str = "MD", *, days: int = 0) -> None:
    """Move the clock to that hour in a country, so many days from its present day, and one second more."""
    here = clock.now().astimezone(zone_of(zone))
    clock.move(datetime.combine(here.date() + timedelta(days=days), time(hour, 0, 1), here.tzinfo) - here)


async def test_own_hours_go_before_those_of_the_country(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """One reader has none and is told at 23:00; one sleeps till 6 by the clock of Lisbon; the officer as usual till 7.

    Each gets the message once, and nobody waits for another: not even where the mail server was away at first.
    """
    change(app, quiet_hours="21:00-07:00")
    contacts.zones[f"{HOME}.deputy"] = "Europe/Lisbon"
    assert await choose(app, "first", "none") == 200
    assert await choose(app, "deputy", "20:00-06:00") == 200
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due="2036-01-30T22:59:59Z"), APPLICATION))
    catcher.to_mail = "451 Later"
    await post(app)
    catcher.to_mail = "250 Caught"
    async with app.state.service.bus.transaction("test") as tx:
        await tx.session.execute(sa.text("UPDATE message SET next_at = now()"))
    for _ in range(2):
        await post(app)
        assert catcher.recipients == [FIRST]
    assert "waits until 08:00 in Chi" in await page(app, "programme", "/notifications/")
    go_to(7, days=1)
    for _ in range(2):
        await post(app)
        assert catcher.recipients == [FIRST, OFFICER]
    go_to(6, "PT")
    for _ in range(2):
        await post(app)
        assert catcher.recipients == [FIRST, OFFICER, DEPUTY]
    assert [row.state for row in await rows(app, "SELECT DISTINCT state FROM message")] == ["done"]


async def test_whoever_is_awake_does_not_wait_though_the_sender_ends(
    app: FastAPI, feed: Feed, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends when a message was made ready and not sent: the next one sends it at once to who is awake."""
    change(app, quiet_hours="21:00-07:00")
    await choose(app, "first", "none")
    go_to(23, days=1)
    await feed.deliver((event("ApplicationSubmitted", due="2036-01-30T22:59:59Z"), APPLICATION))

    async def ends(*_: object) -> None:
        raise RuntimeError("The process ends here.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Office, "_send", ends)
        with pytest.raises(ExceptionGroup):
            await post(app)
    await post(app)
    assert catcher.recipients == [FIRST]


async def test_what_cannot_wait_goes_in_own_hours_too(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Who wants no mail at noon gets a request that is due tomorrow at once, and what can wait an hour later."""
    await choose(app, "first", "12:00-13:00")
    go_to(12, days=1)
    due = (clock.now() + timedelta(hours=20)).isoformat()
    await feed.deliver((event("ApplicationSubmitted", due=due), APPLICATION))
    await post(app)
    assert FIRST in catcher.recipients
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION), (event("VisitScheduled"), VISIT))
    catcher.recipients.clear()
    await post(app)
    assert DEPUTY in catcher.recipients
    assert FIRST not in catcher.recipients
    go_to(13)
    await post(app)
    assert FIRST in catcher.recipients


async def test_own_hours_are_chosen_by_the_link_in_a_mail_too(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """The link's page shows and keeps them; the same hour twice is refused; a click to unsubscribe leaves them."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitScheduled"), VISIT))
    await post(app)
    (courtesy,) = [mail for mail in catcher.to(FIRST) if mail["list-unsubscribe"]]
    path = choice_in(courtesy)
    asked = {"choice": "each", "night": "own", "since": "22:00"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html"}) as anybody:
        wrong = await anybody.post(path, data=asked | {"until": "22:00"})
        assert (wrong.status_code, "Choose another hour than the one" in wrong.text) == (422, True)
        assert (await anybody.post(path, data=asked | {"until": "09:00"})).status_code == 303
        shown = (await anybody.get(path)).text
        assert 'value="own" checked' in shown
        assert 'value="09:00" selected' in shown
        await anybody.post(path, data={"List-Unsubscribe": "One-Click"})
    (kept,) = await rows(app, "SELECT recipient, choice, quiet FROM choice")
    assert (kept.recipient, kept.choice, kept.quiet) == (recipient(HOME, "first"), "none", "22:00-09:00")


@pytest.mark.parametrize("night", ["07:00-07:00", "25:00-07:00", "21:30-07:00", "sometimes", ""])
async def test_hours_that_are_none_are_not_kept(app: FastAPI, night: str) -> None:
    """Whatever asks for them: nothing is written that could not be kept to."""
    assert await choose(app, "first", night) == 422
    assert await rows(app, "SELECT 1 FROM choice") == []
