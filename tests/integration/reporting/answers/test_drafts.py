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


async def test_a_draft_is_available_on_another_device(house: House) -> None:
    """A new ticket shows all saved fields, submitting deletes the draft, and no event has it."""
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
    events = await house.journal("exchange.outcomes")
    assert "The labs" not in "".join(row.payload for row in events)


async def test_the_last_write_holds_and_a_late_one_changes_nothing(house: House) -> None:
    """A write that arrives after a later one is dropped, and one from another device is accepted."""
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
    """`Save and finish later` saves everything on the page, also if it is incomplete or has a mistake."""
    await feed_events(house, world(1, running=0))
    guest = await opened(house, REPORTS, "report")
    assert "Save and finish later" in (await guest.get(REPORTS)).text
    led = await guest.post(REPORTS, data={**REPORT, "learnt": "", "use": "A training", "later": "1"})
    assert (led.status_code, led.headers["location"]) == (303, f"{REPORTS}?done=saved")
    page = (await guest.get(led.headers["location"])).text
    assert "Saved. Your text is here when you come back" in page
    assert "A training" in page
    assert (await guest.post(REPORTS, data={**REPORT, "learnt": "", "use": "Two trainings"})).status_code == 422
    assert "Two trainings" in (await guest.get(REPORTS)).text
    assert await house.journal("exchange.outcomes") == []
    long = await guest.post(REPORTS, data={**REPORT, "use": "x" * 20_001, "later": "1"})
    assert (long.status_code, "This text is too long to be saved. Shorten it" in long.text) == (422, True)


async def test_a_line_manager_continues_with_another_link(house: House) -> None:
    """With a second ticket a line manager finds the draft of the first."""
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


async def test_old_drafts_are_deleted(house: House, own_clock: None) -> None:
    """Drafts are deleted after the set days without a change, and at once for a voided visit."""
    events = world(1, running=0)
    await feed_events(house, events)
    guest = await opened(house)
    bus, write = house.app.state.service.bus, {"draft_writer": "a", "draft_turn": "1", "went_well": "The labs"}
    await guest.post(f"{ADDRESS}/draft", data=write)
    assert await drafts.forget(bus, 180) == 0
    clock.move(timedelta(days=181))
    assert await drafts.forget(bus, 180) == 1
    assert (await guest.post(f"{ADDRESS}/draft", data=write)).status_code == 200
    completed = next(each.event for each in events if isinstance(each.event, VisitCompleted))
    await house.feed.deliver((VisitVoided(plan=completed.plan, reason=VoidReason.ENTERED_IN_ERROR), VISIT))
    assert await drafts.forget(bus, 180) == 1


async def test_a_draft_needs_the_ticket_of_its_form(house: House) -> None:
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


async def test_a_draft_is_deleted_once_all_that_arrived_in_time_is_answered(house: House, own_clock: None) -> None:
    """After its last day a draft is there while a request that arrived in time may still be answered."""
    await feed_events(house, world(1, running=0))
    guest = await opened(house)
    bus, write = house.app.state.service.bus, {"draft_writer": "a", "draft_turn": "1", "went_well": "The labs"}
    await guest.post(f"{ADDRESS}/draft", data=write)
    clock.move(timedelta(days=180, minutes=5))
    assert await drafts.forget(bus, 180) == 0
    clock.move(timedelta(minutes=7))
    assert await drafts.forget(bus, 180) == 1
