"""Tests of confirmations: a page says what was done only to its doer, for ten minutes, and while it is so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from shared.contracts import matches
from shared.identity.confirmations import GOOD_FOR
from shared.identity.state import identity_of
from shared.web.states import state
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

SENTENCE = "Application endorsed. "
CHANGED = "Something has changed since then."
PAGES = pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])


async def _opened(programme: Programme, subject: str, address: str, **headers: str) -> tuple[str, bool]:
    """Return the address at which a person ends up, and whether the page there says that it is endorsed."""
    page = await programme.as_(subject).get(address, headers=headers, follow_redirects=True)
    assert page.status_code == 200, page.text
    return page.url.raw_path.decode(), SENTENCE in page.text


async def _endorsed(programme: Programme) -> tuple[str, str]:
    """Have tigran endorse an application; return its id and the address to which the form leads."""
    made = await programme.submitted()
    sent = await programme.as_("tigran").post(f"/applications/cases/{made['id']}/endorse", data={})
    assert sent.status_code == 303, sent.text
    return made["id"], sent.headers["location"]


@PAGES
async def test_a_confirmation_stays_after_a_reload_and_a_second_click(
    programme: Programme, headers: dict[str, str]
) -> None:
    """The sentence is on the page after the form, after a reload, in another language and after a second click."""
    application, address = await _endorsed(programme)
    assert await _opened(programme, "tigran", address, **headers) == (address, True)
    assert await _opened(programme, "tigran", address, **headers) == (address, True)
    assert await _opened(programme, "tigran", f"{address}&lang=en", **headers) == (f"{address}&lang=en", True)
    again = await programme.as_("tigran").post(f"/applications/cases/{application}/endorse", data={}, headers=headers)
    assert await _opened(programme, "tigran", again.headers["location"]) == (address, True)


async def test_a_shared_forged_or_changed_address_says_nothing(programme: Programme) -> None:
    """Another reader, an address typed by hand, another word and a lost cookie get the page without the sentence."""
    _, address = await _endorsed(programme)
    case = address.partition("?")[0]
    assert await _opened(programme, "programme", address) == (case, False)
    assert await _opened(programme, "tigran", f"{case}?done=returned") == (case, False)
    assert await _opened(programme, "tigran", f"{address}&done=returned") == (case, False)
    assert await _opened(programme, "tigran", f"{address}&done_left=1&lang=en") == (f"{case}?lang=en", False)
    assert await _opened(programme, "tigran", address) == (address, True)
    programme.as_("tigran").cookies.delete(identity_of(programme.app).cookies.done)
    assert await _opened(programme, "tigran", address) == (case, False)


async def test_a_reload_does_not_say_what_somebody_else_has_undone(programme: Programme) -> None:
    """After the officer has withdrawn, the coordinator's page says that the action was saved and is changed since."""
    application, address = await _endorsed(programme)
    assert await _opened(programme, "tigran", address) == (address, True)
    await programme.post("ani", f"/applications/{application}/withdraw", {"reason": "health"})
    page = await programme.as_("tigran").get(address, follow_redirects=True)
    assert page.url.raw_path.decode() == f"{address.partition('?')[0]}?done_since=done%3Dendorsed"
    assert (SENTENCE in page.text, CHANGED in page.text) == (False, True)
    assert page.text.count("tandem-banner--success") == 1


async def test_an_event_right_after_the_action_leaves_no_page_without_an_answer(abroad: Abroad) -> None:
    """Matching cancels a match between the form and the page: the page says that it was saved, and what is true now."""
    match_id = await abroad.placement_matched()
    sent = await abroad.of.as_("tigran").post(f"/applications/matches/{match_id}/clear", data={"side": "home"})
    assert sent.status_code == 303, sent.text
    await abroad.publish(matches.MatchCancelled, match_id, by="programme", reason="funding", was="proposed")
    page = await abroad.of.as_("tigran").get(sent.headers["location"], follow_redirects=True)
    assert (page.status_code, CHANGED in page.text) == (200, True), page.text
    assert state("match", "cancelled").word in page.text


async def test_only_the_doer_reads_that_something_has_changed_and_only_when_it_has(programme: Programme) -> None:
    """The address of a changed page leads others to the clean page, and its doer to the sentence if it still holds."""
    _, address = await _endorsed(programme)
    case = address.partition("?")[0]
    for words in ("done%3Dreturned", "done", "done%3Dendorsed%26done_left%3D1", ""):
        assert await _opened(programme, "tigran", f"{case}?done_since={words}") == (case, False)
    assert await _opened(programme, "tigran", f"{case}?done_since=done%3Dendorsed") == (address, True)
    page = await programme.as_("programme").get(f"{case}?done_since=done%3Dendorsed", follow_redirects=True)
    assert (page.url.raw_path.decode(), CHANGED in page.text) == (case, False)


async def test_a_confirmation_is_good_for_ten_minutes(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is opened again later is shown without the sentence."""
    _, address = await _endorsed(programme)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + GOOD_FOR - 5)
    assert await _opened(programme, "tigran", address) == (address, True)
    monkeypatch.setattr("time.time", lambda: now + GOOD_FOR + 1)
    assert await _opened(programme, "tigran", address) == (address.partition("?")[0], False)


async def test_an_api_keeps_its_parameters_and_a_sign_in_its_way_back(programme: Programme) -> None:
    """A stranger is sent to sign in with the whole address, and an operation of the API reads what it is sent."""
    _, address = await _endorsed(programme)
    client = programme.as_("tigran")
    answer = await client.get("/applications/api/v1/applications?done=endorsed")
    assert answer.status_code != 303, answer.text
    client.cookies.clear()
    led = await client.get(address)
    assert (led.status_code, "next=" in led.headers["location"]) == (303, True)
    assert "set-cookie" not in led.headers


async def test_a_result_for_several_says_what_the_records_say(programme: Programme) -> None:
    """A case that somebody has changed since is listed apart, and without the doer's cookie there is only the list."""
    made = await programme.submitted()
    question = f"/applications/cases/decide?act=endorse&case={made['id']}"
    shown = await programme.as_("tigran").get(question)
    sent = await programme.as_("tigran").post(question, data=ticked_versions(shown.text))
    address = sent.headers["location"]
    first = (await programme.as_("tigran").get(address)).text
    assert "Decision saved for 1 application" in first
    assert "has changed since" not in first
    await programme.post("ani", f"/applications/{made['id']}/withdraw", {"reason": "health"})
    reloaded = (await programme.as_("tigran").get(address)).text
    assert "Decision saved for 0 applications" in reloaded
    assert "1 has changed since" in reloaded
    foreign = await programme.as_("programme").get(address, follow_redirects=True)
    assert (foreign.status_code, foreign.url.path) == (200, "/applications/cases")
