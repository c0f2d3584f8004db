"""Tests of cancelling and voiding applications: the consequences, and who may do it."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from shared.contracts import outcomes, visits
from shared.identity.versions import FIELD
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

CASES = "/applications/cases"


async def page(programme: Programme, subject: str, path: str, status: int = 200) -> str:
    """Return a page as a person sees it."""
    answer = await programme.as_(subject).get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


async def test_an_open_application_is_cancelled_by_page(programme: Programme) -> None:
    """The page shows the consequences and asks for a reason; the officer reads the text and may appeal."""
    made = await programme.submitted()
    at = f"{CASES}/{made['id']}"
    assert f'href="{at}/cancel"' in await page(programme, "programme", at)
    assert f'href="{at}/cancel"' not in await page(programme, "tigran", at)
    form = await page(programme, "programme", f"{at}/cancel")
    assert "No match depends on it." in form
    assert "This cannot be undone." in form
    client = programme.as_("programme")
    assert (await client.post(f"{at}/cancel", data={"text": "Sorry"})).status_code == 422
    data = {"reason": "funding", "text": "The fund has ended."}
    for _ in range(2):
        sent = await client.post(f"{at}/cancel", data=data)
        assert sent.headers["location"] == f"{at}?done=cancelled"
    events = await programme.journal("exchange.applications")
    cancelled = [payload for kind, _, payload in events if kind == "ApplicationCancelled"]
    assert [entry["reason"] for entry in cancelled] == ["funding"]
    assert events[-1][2]["outcome"] == "cancelled"
    assert "The fund has ended" not in str(events)
    mine = await page(programme, "ani", f"/applications/mine/{made['id']}")
    assert "The fund has ended" in mine
    assert "appeal" in mine
    shown = await page(programme, "programme", at)
    assert f'href="{at}/cancel"' not in shown
    assert "It cannot be cancelled" in await page(programme, "programme", f"{at}/cancel")


@pytest.mark.parametrize("ending", ["cancel", "void"])
async def test_an_ending_keeps_the_list_beside_the_case(programme: Programme, ending: str) -> None:
    """A case that was opened from the queue keeps the list and its filters on the page of its end, and after it."""
    made = await programme.submitted()
    at, beside = f"{CASES}/{made['id']}", "?state=submitted&beside=1"
    assert f'href="{at}/{ending}{beside}"' in await page(programme, "programme", at + beside)
    form = await page(programme, "programme", f"{at}/{ending}{beside}")
    assert "tandem-alongside" in form
    assert f'href="{at}{beside}">No, go back' in form
    data = {"reason": "funding"} if ending == "cancel" else {"reason": "duplicate", "known": "y"}
    sent = await programme.as_("programme").post(f"{at}/{ending}{beside}", data=data)
    assert sent.headers["location"] == f"{at}{beside}&done={'cancelled' if ending == 'cancel' else 'voided'}"


async def test_cancelling_by_program(programme: Programme) -> None:
    """The API cancels alike, publishes a personal reason as personal, and a page refuses an outdated version."""
    made = await programme.submitted()
    path = f"/applications/{made['id']}/cancel"
    await programme.post("tigran", path, {"reason": "funding"}, 403)
    await programme.post("programme", path, {"reason": "unheard_of"}, 422)
    late = await programme.as_("programme").post(
        f"{CASES}/{made['id']}/cancel", data={"reason": "funding", "text": "Kept", FIELD: "application.0.1"}
    )
    assert late.status_code == 412
    assert "Kept" in late.text
    assert (await programme.post("programme", path, {"reason": "clearance"}))["state"] == "cancelled"
    events = await programme.journal("exchange.applications")
    assert events[-2][2]["reason"] == "personal"
    await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": "Why?"})
    await programme.post("programme", path, {"reason": "funding"}, 409)


async def test_the_page_names_match_and_visit_before_cancelling(abroad: Abroad) -> None:
    """The page names a match or a visit to come, and a visit in progress cannot be cancelled."""
    programme = abroad.of
    match_id = await abroad.placement_matched()
    at = f"{CASES}/{abroad.pairings[match_id]['application_id']}"
    form = await page(programme, "programme", f"{at}/cancel")
    assert "The match with Anti-cybercrime office is cancelled" in form
    visit_id = await abroad.scheduled(match_id)
    form = await page(programme, "programme", f"{at}/cancel")
    assert "The visit at Anti-cybercrime office" in form
    assert "is cancelled" in form
    clock.move(timedelta(days=78))
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    assert "Its visit has started" in await page(programme, "programme", f"{at}/cancel")
    application_id = abroad.pairings[match_id]["application_id"]
    await programme.post("programme", f"/applications/{application_id}/cancel", {"reason": "funding"}, 409)
    assert "is no longer counted" in await page(programme, "programme", f"{at}/void")


async def test_a_mentorship_is_named_too(abroad: Abroad) -> None:
    """Before an application with a mentorship is cancelled or voided, the page says that it ends."""
    match_id = await abroad.mentor_matched()
    await abroad.opened(match_id)
    at = f"{CASES}/{abroad.pairings[match_id]['application_id']}"
    assert "The mentorship ends early" in await page(abroad.of, "programme", f"{at}/cancel")
    assert "The mentorship is no longer counted" in await page(abroad.of, "programme", f"{at}/void")


async def test_an_application_entered_in_error_is_voided(abroad: Abroad, feed: Feed) -> None:
    """The page names visit and certificate and asks for confirmation, and the history has the reason."""
    programme = abroad.of
    match_id = await abroad.placement_matched()
    application_id = abroad.pairings[match_id]["application_id"]
    visit_id = await abroad.scheduled(match_id)
    granted = {
        **outcomes.CertificateGranted.example,
        "application_id": application_id,
        "number": "TC-2026-000777",
    }
    await feed.deliver((outcomes.CertificateGranted.model_validate(granted), visit_id))
    at = f"{CASES}/{application_id}"
    form = await page(programme, "programme", f"{at}/void")
    assert "Certificate TC-2026-000777 is revoked." in form
    assert "The visit at Anti-cybercrime office" in form
    client = programme.as_("programme")
    unsure = await client.post(f"{at}/void", data={"reason": "duplicate"})
    assert unsure.status_code == 422
    assert "Confirm that you know" in unsure.text
    for _ in range(2):
        sent = await client.post(f"{at}/void", data={"reason": "duplicate", "known": "y"})
        assert sent.headers["location"] == f"{at}?done=voided"
    events = [(kind, payload) for kind, _, payload in await programme.journal("exchange.applications")]
    assert [payload["reason"] for kind, payload in events if kind == "ApplicationVoided"] == ["duplicate"]
    shown = await page(programme, "programme", at)
    assert "Entered twice" in shown
    assert f'href="{at}/void"' not in shown
    assert "It cannot be marked as entered in error" in await page(programme, "programme", f"{at}/void")


@pytest.mark.parametrize("what", ["cancel", "void"])
async def test_nobody_else_ends_an_application(programme: Programme, what: str) -> None:
    """Country coordinators and the officer cannot end it, and a draft or an unknown id is not found."""
    made = await programme.submitted()
    for who in ("tigran", "ani", "claire"):
        await page(programme, who, f"{CASES}/{made['id']}/{what}", 403)
    await page(programme, "programme", f"{CASES}/{new_id()}/{what}", 404)
    body = {"reason": "funding" if what == "cancel" else "test"}
    await programme.post("programme", f"/applications/{new_id()}/{what}", body, 404)
