"""A form is saved on the server, field by field, while its writer fills it in, until it is submitted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.reporting.answers.actions import drafts
from shared.contracts.codes import Role, VoidReason
from shared.contracts.visits import VisitCompleted, VisitVoided
from shared.identity import csrf
from shared.time import clock
from tests.integration.reporting.answers.test_forms import APPLICATION, GUEST, REPORT, VISIT
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House

ADDRESS = f"/reporting/evaluations/{APPLICATION}"
REPORTS = f"/reporting/reports/{APPLICATION}"


async def opened(house: House, address: str = ADDRESS, purpose: str = "evaluation") -> httpx2.AsyncClient:
    """Open a form as the officer, on a new device with a new ticket."""
    guest = await house.grant(Role.OFFICER)
    form = await house.with_ticket(guest, address, purpose, "officer")
    assert form.status_code == 200, form.text
    return guest


async def draft_count(house: House) -> int:
    """Return how many drafts there are."""
    async with house.app.state.service.bus.read() as session:
        return int(await session.scalar(sa.text("SELECT count(*) FROM answer_draft")) or 0)


async def test_what_is_begun_is_there_on_another_device(house: House) -> None:
    """Fields are saved one by one; a new ticket shows them all; submitting deletes the draft; no event holds it."""
    await feed_events(house, world(1, running=0))
    phone = await opened(house)
    page = {"draft_writer": "phone", "draft_turn": "1"}
    said = (await phone.post(f"{ADDRESS}/draft", data={**page, "went_well": "The labs"})).json()
    assert re.fullmatch(r"Saved .+ \d\d:\d\d \w+\.", said["said"])
    answer = await phone.post(f"{ADDRESS}/draft", data={**page, "draft_turn": "2", "overall": "4"})
    assert answer.json()["version"] == 2
    desk = await opened(house)
    shown = (await desk.get(ADDRESS)).text
    assert "The labs" in shown
    assert re.search(r'name="overall"[^>]*value="4"[^>]*checked', shown)
    assert "Saved " in shown
    assert await house.journal("exchange.outcomes") == []
    assert (await desk.post(ADDRESS, data=GUEST)).status_code == 303
    assert await draft_count(house) == 0
    late = await phone.post(f"{ADDRESS}/draft", data={**page, "draft_turn": "3", "went_well": "Too late"})
    assert (late.status_code, await draft_count(house)) == (409, 0)
    told = await house.journal("exchange.outcomes")
    assert "The labs" not in "".join(row.payload for row in told)


async def test_the_last_write_stands_and_a_late_one_changes_nothing(house: House) -> None:
    """A page's write that arrives after a later one is dropped; another device's write is taken."""
    await feed_events(house, world(1, running=0))
    guest = await opened(house)
    for writer, turn, text in (("a", "2", "second"), ("a", "1", "first"), ("a", "2", "once more")):
        sent = {"draft_writer": writer, "draft_turn": turn, "went_well": text}
        assert (await guest.post(f"{ADDRESS}/draft", data=sent)).status_code == 200
        assert "second" in (await guest.get(ADDRESS)).text
    other = {"draft_writer": "b", "draft_turn": "1", "went_well": "on the phone"}
    assert (await guest.post(f"{ADDRESS}/draft", data=other)).json()["version"] == 2
    assert "on the phone" in (await guest.get(ADDRESS)).text


async def test_a_button_saves_without_javascript(house: House) -> None:
    """`Save and finish later` saves all that is on the page, complete or not; so does a form with a mistake."""
    await feed_events(house, world(1, running=0))
    guest = await opened(house, REPORTS, "report")
    assert "Save and finish later" in (await guest.get(REPORTS)).text
    led = await guest.post(REPORTS, data={**REPORT, "learnt": "", "use": "A training", "later": "1"})
    assert (led.status_code, led.headers["location"]) == (303, f"{REPORTS}?saved=1")
    page = (await guest.get(led.headers["location"])).text
    assert "Saved. What you wrote is here when you come back" in page
    assert "A training" in page
    assert (await guest.post(REPORTS, data={**REPORT, "learnt": "", "use": "Two trainings"})).status_code == 422
    assert "Two trainings" in (await guest.get(REPORTS)).text
    assert await house.journal("exchange.outcomes") == []
    long = await guest.post(REPORTS, data={**REPORT, "use": "x" * 20_001, "later": "1"})
    assert (long.status_code, "Shorten this" in long.text) == (422, True)


async def test_a_line_manager_comes_back_by_another_link(house: House) -> None:
    """A line manager without an account finds, by a second ticket, what was written under the first."""
    await feed_events(house, world(1, running=0))
    address = f"/reporting/follow-ups/line_manager.{APPLICATION}"
    for example in ("", "A case in May"):
        manager = house.stranger()
        form = await house.with_ticket(manager, address, "follow_up", None)
        assert example in form.text
        manager.headers[csrf.HEADER] = re.findall(r'name="csrf_token" value="([^"]+)"', form.text)[0]
        sent = {"draft_writer": "m", "draft_turn": "1", "example": "A case in May", "applied": "partly"}
        assert (await manager.post(f"{address}/draft", data=sent)).status_code == 200
    own = await opened(house, f"/reporting/follow-ups/{APPLICATION}", "follow_up")
    assert "A case in May" not in (await own.get(f"/reporting/follow-ups/{APPLICATION}")).text


async def test_drafts_are_forgotten(house: House, own_clock: None) -> None:
    """Drafts that nobody touched for the set days are deleted, and those about a voided visit at once."""
    told = world(1, running=0)
    await feed_events(house, told)
    guest = await opened(house)
    bus, write = house.app.state.service.bus, {"draft_writer": "a", "draft_turn": "1", "went_well": "The labs"}
    await guest.post(f"{ADDRESS}/draft", data=write)
    assert await drafts.forget(bus, 180) == 0
    clock.move(timedelta(days=181))
    assert await drafts.forget(bus, 180) == 1
    assert (await guest.post(f"{ADDRESS}/draft", data=write)).status_code == 200
    completed = next(each.event for each in told if isinstance(each.event, VisitCompleted))
    await house.feed.deliver((VisitVoided(plan=completed.plan, reason=VoidReason.ENTERED_IN_ERROR), VISIT))
    assert await drafts.forget(bus, 180) == 1


async def test_nobody_keeps_a_draft_of_somebody_else(house: House) -> None:
    """Without the ticket, with one for another form, or before the end, nothing is saved."""
    await feed_events(house, world(1, running=1))
    guest = await opened(house)
    assert (await house.stranger().post(f"{ADDRESS}/draft", data={"went_well": "x"})).status_code == 401
    assert (await guest.post(f"{REPORTS}/draft", data={"learnt": "x"})).status_code == 403
    assert (await guest.post(f"/reporting/evaluations/host.{VISIT}/draft", data={"went_well": "x"})).status_code == 403
    early = f"/reporting/evaluations/{ident('application', 1)}"
    await house.with_ticket(guest, early, "evaluation", "officer")
    assert (await guest.post(f"{early}/draft", data={"went_well": "x"})).status_code == 409
    assert await draft_count(house) == 0
