"""Tests of versions: a decision or an edit counts only where it rests on the record as it is now."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from shared.identity.versions import FIELD
from tests.integration.applications.conftest import ORIGIN
from tests.support import record_forms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

API = "/applications/api/v1"


class Tab:
    """A browser tab or a program of one person, which sends nothing by itself."""

    def __init__(self, programme: Programme, subject: str) -> None:
        """Sign in as `subject`."""
        signed_in = programme.as_(subject)
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(programme.app), base_url=ORIGIN, headers=signed_in.headers
        )
        for cookie in signed_in.cookies.jar:
            self.client.cookies.jar.set_cookie(cookie)

    async def version(self, address: str) -> str:
        """Return the version that the forms of a page name."""
        page = await self.client.get(address)
        found = re.search(rf'name="{FIELD}" value="([^"]+)"', page.text)
        assert found is not None, page.text
        return found.group(1)


@pytest.fixture
async def tab(programme: Programme) -> AsyncIterator[Any]:
    """Return a function that opens a tab."""
    tabs: list[Tab] = []

    def open_tab(subject: str) -> Tab:
        tabs.append(Tab(programme, subject))
        return tabs[-1]

    yield open_tab
    for each in tabs:
        await each.client.aclose()


async def test_a_change_that_names_no_version_is_refused(programme: Programme, tab: Any) -> None:
    """The answer is 428 with the present version, and nothing is changed."""
    made = await programme.submitted()
    facts = await programme.facts_published()
    answer = await tab("tigran").client.post(f"{API}/applications/{made['id']}/endorse", json={})
    read = await tab("tigran").client.get(f"{API}/applications/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (428, "version-needed")
    assert answer.headers["etag"] == read.headers["etag"]
    assert await programme.facts_published() == facts


async def test_a_change_with_the_version_that_was_read_is_done(programme: Programme, tab: Any) -> None:
    """It answers the next version, which the next change may name."""
    made = await programme.submitted()
    client = tab("tigran").client
    read = await client.get(f"{API}/applications/{made['id']}")
    done = await client.post(
        f"{API}/applications/{made['id']}/endorse", json={}, headers={"If-Match": read.headers["etag"]}
    )
    again = await client.get(f"{API}/applications/{made['id']}")
    assert done.status_code == 200, done.text
    assert done.headers["etag"] == again.headers["etag"] != read.headers["etag"]


async def test_a_form_that_names_no_version_is_refused(programme: Programme, tab: Any) -> None:
    """The answer is a page with what was sent, which can be sent again with the version that it names."""
    made = await programme.submitted()
    page = f"/applications/cases/{made['id']}/return"
    coordinator = tab("tigran").client
    facts = await programme.facts_published()
    answer = await coordinator.post(page, data={"periods": "Which week is meant?"})
    assert answer.status_code == 428, answer.text
    assert "Open the page again" in answer.text
    assert "Which week is meant?" in answer.text
    assert await programme.facts_published() == facts
    [(address, _, versions)] = record_forms(programme.app, page, answer.text)
    assert (address, len(versions)) == (page, 1)


async def test_a_form_in_a_list_names_the_version_of_its_row(programme: Programme, tab: Any) -> None:
    """A button in a list is refused where its row has changed since, and the others still count."""
    rule = [
        await programme.post("programme", "/asked-before-travel", {"item": item, "required": True}, 201)
        for item in ("visa", "insurance")
    ]
    coordinator = tab("programme").client
    shown = await coordinator.get("/applications/asked-before-travel")
    versions = {address: found for address, _, found in record_forms(programme.app, shown.request.url.path, shown.text)}
    first, second = (f"/applications/asked-before-travel/{each['id']}/take-back" for each in rule)
    assert versions[first] != versions[second]
    wrong = await coordinator.post(first, data={FIELD: versions[second]})
    assert wrong.status_code == 412, wrong.text
    assert (await coordinator.post(first, data={FIELD: versions[first]})).status_code == 303


@pytest.mark.parametrize("nonsense", ["nonsense", "*", '"', "W/", "12"])
async def test_a_header_that_is_no_version_is_refused(programme: Programme, tab: Any, nonsense: str) -> None:
    """`If-Match` must be an ETag: anything else answers 400 and names the header."""
    made = await programme.submitted()
    answer = await tab("tigran").client.post(
        f"{API}/applications/{made['id']}/endorse", json={}, headers={"If-Match": nonsense}
    )
    assert answer.status_code == 400, answer.text
    assert "If-Match" in answer.text


@pytest.mark.parametrize("foreign", ['"nonsense"', 'W/"weak"', '"application.00000000.0123"'])
async def test_the_version_of_something_else_is_outdated(programme: Programme, tab: Any, foreign: str) -> None:
    """An ETag that the record does not have now answers 412, weak ones included."""
    made = await programme.submitted()
    answer = await tab("tigran").client.post(
        f"{API}/applications/{made['id']}/endorse", json={}, headers={"If-Match": foreign}
    )
    assert answer.status_code in {412, 428}, answer.text
    assert answer.headers["etag"]


async def test_nobody_endorses_what_they_have_not_read(programme: Programme, tab: Any) -> None:
    """An endorsement from a page that was opened before the officer changed the application is refused with 412."""
    made = await programme.submitted()
    case = f"/applications/cases/{made['id']}/endorse"
    coordinator = tab("tigran")
    version = await coordinator.version(case)
    changed = await programme.as_("ani").post(
        f"{API}/applications/{made['id']}/change",
        json={"answers": {"topics": ["criminal_networks"]}, "reason": "other", "text": "A better topic."},
    )
    assert changed.status_code == 200, changed.text
    refused = await coordinator.client.post(case, data={FIELD: version})
    assert refused.status_code == 412, refused.text
    assert "changed" in refused.text
    assert (await programme.get("ani", f"/applications/{made['id']}"))["state"] == "submitted"
    newer = re.findall(rf'name="{FIELD}" value="([^"]+)"', refused.text)
    done = await coordinator.client.post(case, data={FIELD: newer[0]})
    assert done.status_code == 303, done.text


async def test_one_of_two_simultaneous_decisions_counts(programme: Programme, tab: Any) -> None:
    """Both rest on the same version; one is done, the other is refused with 412."""
    made = await programme.submitted()
    client = tab("tigran").client
    read = await client.get(f"{API}/applications/{made['id']}")
    decisions = {
        "endorse": {},
        "not-endorse": {"reason": "operational_duty"},
        "return": {"remarks": {"periods": "When?"}},
    }
    answers = await asyncio.gather(
        *(
            client.post(
                f"{API}/applications/{made['id']}/{word}", json=body, headers={"If-Match": read.headers["etag"]}
            )
            for word, body in decisions.items()
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_the_same_decision_again_is_answered_as_the_first_time(programme: Programme, tab: Any) -> None:
    """A second click with the old version changes nothing and is no error."""
    made = await programme.submitted()
    case = f"/applications/cases/{made['id']}/endorse"
    coordinator = tab("tigran")
    version = await coordinator.version(case)
    first = await coordinator.client.post(case, data={FIELD: version})
    facts = await programme.facts_published()
    second = await coordinator.client.post(case, data={FIELD: version})
    assert (first.status_code, second.status_code) == (303, 303), second.text
    assert await programme.facts_published() == facts


async def test_an_opposite_decision_says_what_is_true_now(programme: Programme, tab: Any) -> None:
    """From another tab, returning what was endorsed answers 412 and changes nothing."""
    made = await programme.submitted()
    first, second = tab("tigran"), tab("tigran")
    case = f"/applications/cases/{made['id']}"
    endorsing, returning = await first.version(f"{case}/endorse"), await second.version(f"{case}/return")
    assert (await first.client.post(f"{case}/endorse", data={FIELD: endorsing})).status_code == 303
    facts = await programme.facts_published()
    answer = await second.client.post(f"{case}/return", data={FIELD: returning, "periods": "When?"})
    assert answer.status_code == 412, answer.text
    assert await programme.facts_published() == facts


async def _draft(programme: Programme) -> str:
    body = {"call_id": programme.call["id"], "kind": "study_visit"}
    made = await programme.post("ani", "/applications", body, 201)
    return f"/applications/mine/{made['id']}"


async def test_two_tabs_on_one_page_of_a_draft(programme: Programme, tab: Any) -> None:
    """The page that was opened before the other was saved is not saved over it: both versions are shown."""
    page = f"{await _draft(programme)}/contact"
    first, second = tab("ani"), tab("ani")
    versions = await first.version(page), await second.version(page)
    filled = {"name": "Ani Petrosyan", "email": "ani@police.example", "language": "en"}
    saved = await first.client.post(page, data=filled | {FIELD: versions[0]})
    assert saved.status_code == 303, saved.text
    late = await second.client.post(page, data=filled | {"name": "Ani P.", FIELD: versions[1]})
    assert late.status_code == 412, late.text
    assert "Ani Petrosyan" in late.text
    assert "Ani P." in late.text
    chosen = re.findall(rf'name="{FIELD}" value="([^"]+)"', late.text)
    kept = await second.client.post(page, data=filled | {"name": "Ani P.", FIELD: chosen[0]})
    assert kept.status_code == 303, kept.text


async def test_two_tabs_on_two_pages_of_a_draft(programme: Programme, tab: Any) -> None:
    """Different pages of a draft do not stand in each other's way."""
    draft = await _draft(programme)
    first, second = tab("ani"), tab("ani")
    versions = await first.version(f"{draft}/contact"), await second.version(f"{draft}/languages")
    filled = {"name": "Ani Petrosyan", "email": "ani@police.example", "language": "en"}
    languages = {"languages-0-language": "en", "languages-0-level": "B2"}
    answers = [
        await first.client.post(f"{draft}/contact", data=filled | {FIELD: versions[0]}),
        await second.client.post(f"{draft}/languages", data=languages | {FIELD: versions[1]}),
    ]
    assert [answer.status_code for answer in answers] == [303, 303]


async def test_a_page_that_is_shown_again_names_what_it_kept(programme: Programme, tab: Any) -> None:
    """After an error what can be read is kept, and the corrected page is saved without a conflict."""
    page = f"{await _draft(programme)}/languages"
    officer = tab("ani")
    wrong = {"languages-0-language": "en", FIELD: await officer.version(page)}
    shown = await officer.client.post(page, data=wrong)
    assert shown.status_code == 422, shown.text
    [version] = set(re.findall(rf'name="{FIELD}" value="([^"]+)"', shown.text))
    right = {"languages-0-language": "en", "languages-0-level": "B2", FIELD: version}
    assert (await officer.client.post(page, data=right)).status_code == 303


async def test_a_stranger_learns_nothing_from_a_version(programme: Programme, tab: Any) -> None:
    """Somebody else's application is not found, with or without a version."""
    made = await programme.submitted()
    for headers in ({}, {"If-Match": '"application.00000000.0123"'}):
        answer = await tab("nino").client.post(
            f"{API}/applications/{made['id']}/withdraw", json={"reason": "other"}, headers=headers
        )
        assert answer.status_code == 404, answer.text
        assert "etag" not in answer.headers


async def test_the_answer_of_the_other_side_is_no_conflict(abroad: Abroad, tab: Any) -> None:
    """Guest and host answer the same offer, each from a page that was opened before the other answered."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    address = f"/applications/matches/{match_id}/answer"
    sides = [tab("ani"), tab("claire")]
    versions = [await side.version(f"/applications/matches/{match_id}") for side in sides]
    answers = [
        await side.client.post(address, data={FIELD: version, "answer": "accept"})
        for side, version in zip(sides, versions, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [303, 303]


async def test_a_second_click_on_submit_and_withdraw_is_answered_as_the_first(programme: Programme, tab: Any) -> None:
    """The same action by the same person with the version from before changes nothing; another reason is refused."""
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    made = await programme.post("ani", "/applications", body, 201)
    client, address = tab("ani").client, f"{API}/applications/{made['id']}"
    for step, sent in (("submit", None), ("withdraw", {"reason": "operational_duty"})):
        before = {"If-Match": (await client.get(address)).headers["ETag"]}
        first = await client.post(f"{address}/{step}", json=sent, headers=before)
        second = await client.post(f"{address}/{step}", json=sent, headers=before)
        assert (first.status_code, second.status_code) == (200, 200), second.text
        assert first.json()["state"] == second.json()["state"]
    other = await client.post(f"{address}/withdraw", json={"reason": "other"}, headers=before)
    assert (other.status_code, "Withdrawn" in other.text) == (412, True), other.text


async def test_the_same_change_again_is_answered_as_the_first_time(programme: Programme, tab: Any) -> None:
    """It may name the version from before it, and changes nothing; other content with that version is refused."""
    body = {"call_id": programme.call["id"], "kind": "study_visit"}
    made = await programme.post("ani", "/applications", body, 201)
    address, client = f"{API}/applications/{made['id']}", tab("ani").client
    opened = {"If-Match": (await client.get(address)).headers["etag"]}
    first = await client.put(f"{address}/answers", json={"years_in_field": 9}, headers=opened)
    again = await client.put(f"{address}/answers", json={"years_in_field": 9}, headers=opened)
    other = await client.put(f"{address}/answers", json={"years_in_field": 8}, headers=opened)
    assert [answer.status_code for answer in (first, again, other)] == [200, 200, 412], again.text
    assert again.json() == first.json()


async def test_a_call_is_closed_once(programme: Programme, tab: Any) -> None:
    """A second click of the same person is answered as the first one; nothing more is published."""
    await programme.submitted("ani")
    address, client = f"{API}/calls/{programme.call['id']}", tab("programme").client
    opened = {"If-Match": (await client.get(address)).headers["etag"]}
    first = await client.post(f"{address}/close", headers=opened)
    facts = await programme.facts_published()
    again = await client.post(f"{address}/close", headers=opened)
    assert [answer.status_code for answer in (first, again)] == [200, 200], again.text
    assert again.json() == first.json() == {"unplaced": 1}
    assert await programme.facts_published() == facts
