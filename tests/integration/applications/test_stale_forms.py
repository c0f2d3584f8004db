"""A form that rests on an older version shows both versions, and the reader carries out the action or leaves it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html

from shared.identity.versions import FIELD
from shared.web.form_pages import FIELD as PAGE_FIELD
from shared.web.form_pages import packed
from tests.pair_trial import both_versions, hides_the_change
from tests.support import older

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    import httpx2

    from tests.integration.applications.abroad import Abroad

Fields = dict[str, list[str]]


def keep(name: str, answer: httpx2.Response) -> None:
    """Write a page where a person wants to look at it."""
    if folder := os.environ.get("TANDEM_PAGES"):
        Path(folder, f"{name}.html").write_text(answer.text)


def form_to(page: str, path: str) -> Fields:
    """Return the fields that the form of a page sends to an address; empty where there is none."""
    document: Any = lxml.html.document_fromstring(page)
    for form in document.iter("form"):
        if (form.get("action") or "").partition("?")[0] == path:
            sent: Fields = {}
            for name, value in form.form_values():
                sent.setdefault(name, []).append(value)
            return sent
    return {}


def table(page: str) -> dict[str, tuple[str, str]]:
    """Return the facts of a comparison: label, as the page showed it, and as it is now."""
    document: Any = lxml.html.document_fromstring(page)
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in document.iter("tr")]
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3 and row[2] != "Now"}


def buttons(page: str) -> list[str]:
    """Return the words on the buttons of the content of a page."""
    document: Any = lxml.html.document_fromstring(page)
    return [" ".join(each.text_content().split()) for each in document.xpath("//main//button")]


async def opened(abroad: Abroad, who: str, address: str, action: str) -> Fields:
    """Open a page and return what its form sends."""
    page = await abroad.of.as_(who).get(address)
    sent = form_to(page.text, action)
    assert sent, page.text
    return sent


async def sent(abroad: Abroad, who: str, action: str, fields: Mapping[str, list[str]]) -> httpx2.Response:
    """Send a form as its page made it."""
    return await abroad.of.as_(who).post(action, data=dict(fields))


async def write(abroad: Abroad, visit_id: UUID, text: str) -> None:
    """Have the host write the agenda."""
    client = abroad.of.as_("claire")
    answer = await client.put(f"/applications/api/v1/visits/{visit_id}/agenda", json={"text": text})
    assert answer.status_code == 200, answer.text


async def test_a_stale_action_is_carried_out_on_what_is_true_now_or_left(abroad: Abroad) -> None:
    """The guest agrees to an agenda that the host has rewritten: both texts, who and when, and the choice, twice."""
    visit_id = await abroad.scheduled(await abroad.placement_matched())
    page, action = f"/applications/visits/{visit_id}", f"/applications/visits/{visit_id}/agenda/agree"
    await write(abroad, visit_id, "Monday: safety.")
    form = await opened(abroad, "ani", page, action)
    for number, text in enumerate(("Monday: <b>archives</b>.", "Monday: forensics.")):
        before = ("Monday: safety.", "Monday: <b>archives</b>.")[number]
        await write(abroad, visit_id, text)
        stale = await sent(abroad, "ani", action, form)
        keep("visit", stale)
        assert stale.status_code == 412
        assert table(stale.text)["Agenda"] == (before, f"{text} Changed")
        first, now = table(stale.text)["First day"]
        assert first == now
        assert "Host agency contact last changed it on" in stale.text
        assert "claire" not in stale.text
        assert "<b>archives" not in stale.text
        assert buttons(stale.text) == ["Agree to agenda all the same"]
        assert f'<a class="govuk-link" href="{page}">Leave it as it is</a>' in stale.text
        assert (await abroad.get("ani", f"/visits/{visit_id}"))["agenda"]["agreed"] == {}
        form = form_to(stale.text, action)
        assert form[FIELD]
        assert form[PAGE_FIELD]
    done = await sent(abroad, "ani", action, form)
    assert done.status_code == 303
    assert (await abroad.get("ani", f"/visits/{visit_id}"))["agenda"]["agreed"] != {}


async def test_a_page_says_so_where_it_shows_no_fact_that_differs(abroad: Abroad) -> None:
    """The pairs of actions find a page that hides the change by this sentence, so it has to stand there."""
    visit_id = await abroad.scheduled(await abroad.placement_matched())
    page, action = f"/applications/visits/{visit_id}", f"/applications/visits/{visit_id}/agenda/agree"
    await write(abroad, visit_id, "Monday: safety.")
    form = await opened(abroad, "ani", page, action)
    unseen = await sent(abroad, "ani", action, form | {FIELD: [older(each) for each in form[FIELD]]})
    assert unseen.status_code == 412
    assert hides_the_change(unseen)
    await write(abroad, visit_id, "Monday: archives.")
    assert not hides_the_change(await sent(abroad, "ani", action, form))


async def test_an_action_that_is_not_possible_any_more_has_its_reason_and_no_button(abroad: Abroad) -> None:
    """A coordinator clears a match in one tab that they have refused in another one."""
    match_id = await abroad.placement_matched()
    page, action = f"/applications/matches/{match_id}", f"/applications/matches/{match_id}/clear"
    form = await opened(abroad, "tigran", page, action)
    await abroad.post("tigran", f"/matches/{match_id}/refuse", {"reason": "clearance"})
    stale = await sent(abroad, "tigran", action, form)
    keep("match", stale)
    assert stale.status_code == 412
    then, now = table(stale.text)["Home country"]
    assert then == "Empty"
    assert now.startswith("Refused by")
    assert now.endswith("Changed")
    assert "You last changed it on" in stale.text
    assert "The home country refused to clear this match on" in stale.text
    assert buttons(stale.text) == []
    assert form_to(stale.text, action) == {}


async def test_a_stale_action_on_a_profile_shows_the_field_that_changed(abroad: Abroad) -> None:
    """A mentor pauses a profile in one tab that a program has changed since: both numbers of mentees are shown."""
    entry = abroad.mentor_entry()
    made = await abroad.post(
        "jonas", "/mentors", {"call_id": abroad.of.call["id"], "entry": entry, "publish": True}, 201
    )
    page = f"/applications/mentors/{made['id']}"
    form = await opened(abroad, "jonas", page, f"{page}/pause")
    changed = await abroad.of.as_("jonas").put(
        f"/applications/api/v1/mentors/{made['id']}", json={"entry": abroad.mentor_entry(capacity=4)}
    )
    assert changed.status_code == 200, changed.text
    stale = await sent(abroad, "jonas", f"{page}/pause", form)
    assert stale.status_code == 412
    assert [now for _, now in table(stale.text).values() if now.endswith("Changed")] == ["4 Changed"]


async def test_a_stale_action_of_a_pair_shows_the_request_to_pause(abroad: Abroad) -> None:
    """A mentee asks for a pause on a page that was opened before the mentor did: its moment is shown."""
    mentorship_id = await abroad.begun(await abroad.mentor_matched())
    action = f"/applications/mentorships/{mentorship_id}/pause"
    form = await opened(abroad, "nino", action, "")
    reason = {"reason": ["not_available"]}
    assert (await sent(abroad, "jonas", action, await opened(abroad, "jonas", action, "") | reason)).is_redirect
    stale = await sent(abroad, "nino", action, form | reason)
    assert stale.status_code == 412
    before, now = table(stale.text)["Pause requested"]
    assert before == "Empty"
    assert now.endswith("Changed")


async def test_the_words_of_a_form_are_shown_and_never_trusted(abroad: Abroad) -> None:
    """Words that a form carries of its page are escaped and bounded; nonsense leaves the present version only."""
    visit_id = await abroad.scheduled(await abroad.placement_matched())
    page, action = f"/applications/visits/{visit_id}", f"/applications/visits/{visit_id}/agenda/agree"
    await write(abroad, visit_id, "Monday: safety.")
    form = await opened(abroad, "ani", page, action)
    await write(abroad, visit_id, "Monday: archives.")
    prefix = form[FIELD][0].rpartition(".")[0] + "."
    bad = "<script>x</script>"
    forged = {
        "page": "//elsewhere.example/",
        "at": "never",
        "buttons": [[action, "", "", bad * 100, 0], [1], "x"],
        "facts": {prefix: [["Agenda", bad], ["Agenda"], 7, [bad, 1]] + [["More", "x" * 9000]] * 90, "a": 1},
    }
    others: list[object] = [[], {"facts": []}, {"at": "2026-01-01T00:00:00"}, "x" * 9_000_000]
    contents = [packed(forged), *map(packed, others)]
    for content in (*contents, "nonsense", "eJw=", "\u2026"):
        answer = await sent(abroad, "ani", action, form | {PAGE_FIELD: [content]})
        assert answer.status_code == 412
        assert bad not in answer.text
        assert "elsewhere.example" not in answer.text
        assert "Monday: archives." in answer.text
        assert len(answer.text) < 200_000


async def test_a_decision_with_a_page_of_its_own_shows_the_facts_that_it_rests_on(abroad: Abroad) -> None:
    """A coordinator endorses an application of which the officer has changed an answer: both answers stand there."""
    made = await abroad.of.submitted("ani")
    action = f"/applications/cases/{made['id']}/endorse"
    page = (await abroad.of.as_("tigran").get(action)).text
    assert len(page) < 60_000
    form = form_to(page, "") or form_to(page, action)
    answers = {"expertise": [{"area": "forensics", "level": 1, "years": 1}]}
    await abroad.post("ani", f"/applications/{made['id']}/change", {"answers": answers, "reason": "other"})
    stale = await sent(abroad, "tigran", action, form)
    keep("endorse", stale)
    assert stale.status_code == 412
    compared = table(stale.text)
    ((then, now),) = [values for label, values in compared.items() if label == "Expertise: Expertise"]
    assert then != now
    assert now.endswith("Changed")
    assert compared["Last step"][1].startswith("Changed by the officer")
    done = await sent(abroad, "tigran", action, form_to(stale.text, "") or form_to(stale.text, action))
    assert done.status_code == 303


def labels(page: str) -> list[str]:
    """Return the labels of the fields beside the choice of a comparison."""
    document: Any = lxml.html.document_fromstring(page)
    return [" ".join(each.text_content().split()) for each in document.xpath("//main//form//label")]


async def test_an_agreement_is_signed_in_the_version_that_replaced_the_one_read(abroad: Abroad) -> None:
    """Of a new version both texts stand there, what differs is marked, and its own button signs the new one."""
    mentorship_id = await abroad.opened(await abroad.mentor_matched())
    at = f"/applications/mentorships/{mentorship_id}"
    form = await opened(abroad, "nino", f"{at}/agreement", f"{at}/sign")
    terms = {"rhythm": "weekly", "meeting": "both", "aims": "Read charts."}
    for number in (1, 2):
        body = {"based_on": number, "terms": terms | {"aims": f"Read {number} charts."}}
        await abroad.post("jonas", f"/mentorships/{mentorship_id}/agreement", body, 201)
        stale = await sent(abroad, "nino", f"{at}/sign", form)
        keep("agreement", stale)
        assert stale.status_code == 412
        assert both_versions(stale)
        assert f"Version {number}, when you opened the page" in stale.text
        assert f"<ins>{number if number == 2 else 'every week,'}</ins>" in stale.text
        assert f"Read version {number + 1}" in stale.text
        assert not {"Version of the agreement", "Text of the agreement"} & table(stale.text).keys()
        assert buttons(stale.text) == [f"Sign version {number + 1}"]
        form = form_to(stale.text, f"{at}/sign")
    assert (await sent(abroad, "nino", f"{at}/sign", form)).status_code == 303
    signed = (await abroad.get("nino", f"/mentorships/{mentorship_id}"))["agreement"]["versions"]
    assert [sorted(each["signed"]) for each in signed] == [[], ["mentor"], ["mentee", "mentor"]]
    await abroad.post("jonas", f"/mentorships/{mentorship_id}/agreement", body | {"based_on": 3}, 422)


async def test_a_list_of_costs_is_confirmed_as_it_is_now(abroad: Abroad) -> None:
    """A line that came since stands beside the older list, and its button confirms the new one, with a file again."""
    visit_id = await abroad.scheduled(await abroad.placement_matched())
    at = f"/applications/visits/{visit_id}"
    line = {"item": "travel", "payer": "sender", "planned": "410.77"}
    await abroad.post("tigran", f"/visits/{visit_id}/costs", line, 201)
    form = await opened(abroad, "tigran", f"{at}/costs", f"{at}/costs-settled")
    await abroad.post("claire", f"/visits/{visit_id}/costs", line | {"payer": "host", "planned": "20"}, 201)
    action, client = f"{at}/costs-settled", abroad.of.as_("tigran")
    stale = await client.post(action, data=form | {"remark": ["See it."]}, files={"plan": ("plan.pdf", b"%PDF-1.7")})
    keep("costs", stale)
    assert stale.status_code == 412
    compared = table(stale.text)
    assert compared["Travel there and back (2)"] == ("Empty", "Paid by: Host agency. Planned: 20.00 EUR Changed")
    assert compared["Travel there and back"] == ("Paid by: Sending agency. Planned: 410.77 EUR",) * 2
    assert compared["Total by Host agency in EUR"] == ("Empty", "Planned: 20.00 EUR Changed")
    assert buttons(stale.text) == ["Confirm that the list is complete all the same"]
    assert f'<a class="govuk-link" href="{at}/costs">Leave it as it is</a>' in stale.text
    assert labels(stale.text) == ["Plan"]
    assert "Attach your file again." in stale.text
    assert 'enctype="multipart/form-data"' in stale.text
    choice = form_to(stale.text, action)
    assert choice["remark"] == ["See it."]
    done = await sent(abroad, "tigran", action, choice)
    assert done.headers["location"] == f"{at}/costs?done=settled"


async def test_a_stale_submission_shows_the_answers_that_changed(abroad: Abroad) -> None:
    """An officer sends in one tab what they have changed in another one: both answers are shown, then it is sent."""
    body = {"call_id": abroad.of.call["id"], "kind": "study_visit", "privacy": True, "answers": abroad.of.answers()}
    draft = await abroad.post("ani", "/applications", body, 201)
    page = f"/applications/mine/{draft['id']}/check"
    form = form_to((await abroad.of.as_("ani").get(page)).text, "")
    changed = await abroad.of.as_("ani").put(
        f"/applications/api/v1/applications/{draft['id']}/answers", json=abroad.of.answers(unit="Digital traces")
    )
    assert changed.status_code == 200, changed.text
    stale = await sent(abroad, "ani", page, form)
    keep("submission", stale)
    assert stale.status_code == 412
    assert [now for _, now in table(stale.text).values() if now.endswith("Changed")] == ["Digital traces Changed"]
    assert "this page does not show" not in stale.text
    assert buttons(stale.text) == ["Send application all the same"]
    done = await sent(abroad, "ani", page, form_to(stale.text, page))
    assert done.status_code == 303
    assert (await abroad.get("ani", f"/applications/{draft['id']}"))["state"] == "submitted"
