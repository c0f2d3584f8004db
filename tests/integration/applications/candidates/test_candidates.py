"""Hosts and mentors put anonymous candidates in order or say that they are not suitable, by page and by API."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from services.applications.candidates import forms, views
from shared.ids import new_id
from tests.integration.applications.conftest import call_terms
from tests.support import items

if TYPE_CHECKING:
    import pytest

    from tests.integration.applications.abroad import Abroad

API = "/applications/api/v1"
KNOWN = {"service": "police", "rank_group": "operational", "years_in_field": 6}


async def _call(abroad: Abroad, wishes: str) -> None:
    """Make another call the one that everybody applies to."""
    fund = (await abroad.get("programme", "/funds"))["items"][0]["id"]
    abroad.of.call = await abroad.post("programme", "/calls", {**call_terms(fund), "wishes": wishes}, 201)


async def _officer(abroad: Abroad, subject: str, kind: str = "study_visit", **answers: Any) -> str:
    """Return the id of an eligible application of an officer from Armenia; register the officer."""
    if subject != "ani":
        person = abroad.of.person(subject, f"{subject.title()} Petrosyan", "AM", "officer", **KNOWN)
        await abroad.post("programme", "/people", {"people": [person]}, 201)
    body = {
        "call_id": abroad.of.call["id"],
        "kind": kind,
        "answers": abroad.of.answers(**answers),
        "privacy": True,
        "submit": True,
    }
    made = await abroad.post(subject, "/applications", body, 201)
    await abroad.post("tigran", f"/applications/{made['id']}/endorse")
    await abroad.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    return str(made["id"])


async def _group(abroad: Abroad, *subjects: str) -> list[str]:
    """Return the ids of eligible applications of officers who are a group that the first one leads."""
    found = [await _officer(abroad, subject) for subject in subjects]
    for subject, id_ in zip(subjects[1:], found[1:], strict=True):
        reference = (await abroad.get(subject, f"/applications/{id_}"))["reference"]
        body = {"mode": "group", "written": reference}
        made = await abroad.post(subjects[0], f"/applications/{found[0]}/companions", body, 201)
        await abroad.post(subject, f"/companions/{made['id']}/answer", {"yes": True})
    return found


async def _chosen(abroad: Abroad, topic: str = "exchange.offers") -> list[dict[str, Any]]:
    """Return what left the portal about candidates."""
    return [body["choices"] for kind, _, body in await abroad.of.journal(topic) if kind.endswith("CandidatesChosen")]


async def _page(abroad: Abroad, who: str, address: str, status: int = 200) -> str:
    answer = await abroad.of.as_(who).get(address)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


async def _send(abroad: Abroad, who: str, address: str, fields: dict[str, str], status: int = 303) -> str:
    answer = await abroad.of.as_(who).post(address, data=fields)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


async def test_a_host_orders_candidates_without_javascript(abroad: Abroad) -> None:
    """The page names nobody, shows how well each fits and why, and its buttons move, save, change and clear rows."""
    await _call(abroad, "wishes_first")
    offer = await abroad.offer()
    address = f"/applications/offers/{offer['id']}/candidates"
    assert "No candidates yet." in await _page(abroad, "claire", address)
    first = await _officer(abroad, "ani", expertise=[{"area": "analysis", "level": 3, "years": 12}])
    second = await _officer(abroad, "davit", languages=[{"language": "en", "level": "B1"}])
    shown = await _page(abroad, "claire", f"/applications/offers/{offer['id']}")
    assert f'href="{address}"' in shown
    page = await _page(abroad, "claire", address)
    for words in (
        "Your order comes first. Points decide among the others.",
        "Shares Analysis: expert, 12 years.",
        "Speaks English at B2. You ask for B1.",
        "Fits very well.",
    ):
        assert words in page, words
    # Of the languages only those in which the host works are shown: another one could tell the country.
    for secret in ("Ani<", "Davit", "Petrosyan", "Armenia", "AM-2026", "police.example", "Police of Armenia"):
        assert secret not in page, secret
    shared = re.findall(r"<h3[^>]*>(Candidate [0-9A-F]{8})</h3>", page)
    assert shared == [f"Candidate {id_.replace('-', '')[-8:].upper()}" for id_ in (first, second)]
    rows = {"order-0-candidate": first, "order-1-candidate": second}
    moved = await _send(abroad, "claire", address, {**rows, "row": "up:order:1"}, 200)
    assert re.findall(r'<option value="([0-9a-f-]{36})" selected', moved) == [second, first]
    await _send(abroad, "claire", address, {"order-0-candidate": second, "order-1-candidate": first})
    assert await _chosen(abroad) == [{"wishes": [second, first], "not_suitable": []}]
    refused = {
        "order-0-candidate": second,
        "not_suitable-0-candidate": first,
        "not_suitable-0-reason": "other_service",
        "not_suitable-0-text": "We only train customs officers.",
    }
    await _send(abroad, "claire", address, refused)
    assert (await _chosen(abroad))[-1] == {
        "wishes": [second],
        "not_suitable": [{"application_id": first, "reason": "other_service"}],
    }
    assert "We only train customs officers." in await _page(abroad, "claire", address)
    facts = await abroad.of.facts_published()
    await _send(abroad, "claire", address, refused)
    await _send(abroad, "claire", address, {**refused, "not_suitable-0-text": "Customs only."})
    assert await abroad.of.facts_published() == facts
    await _send(abroad, "claire", address, {"clear": "1"})
    assert (await _chosen(abroad))[-1] == {"wishes": [], "not_suitable": []}


async def test_many_candidates_stand_on_pages_and_a_button_adds_one_to_the_order(
    abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each candidate is on one page, a button there saves it last in the order, and filled rows stay small."""
    monkeypatch.setattr(views, "PAGE", 1)
    monkeypatch.setattr(forms, "MOST_IN_EACH_ROW", 1)
    await _call(abroad, "wishes_first")
    offer = await abroad.offer()
    address = f"/applications/offers/{offer['id']}/candidates"
    known = [await _officer(abroad, who) for who in ("ani", "davit")]
    pages = [await _page(abroad, "claire", f"{address}?page={number}") for number in (1, 2)]
    listed = [re.findall(r'name="add" value="([0-9a-f-]{36})"', page) for page in pages]
    assert sorted(listed) == sorted([id_] for id_ in known)
    assert "1 to 1 of 2" in pages[0]
    first, second = listed[0][0], listed[1][0]
    await _send(abroad, "claire", f"{address}?page=2", {"order-0-candidate": "", "add": second})
    await _send(abroad, "claire", address, {"order-0-candidate": second, "add": first})
    await _send(abroad, "claire", address, {"order-0-candidate": second, "order-1-candidate": first, "add": first})
    assert [each["wishes"] for each in await _chosen(abroad)] == [[second], [second, first]]
    page = await _page(abroad, "claire", address)
    assert "Number 2 in your order" in page
    assert re.findall(r'<option value="([0-9a-f-]{36})"', page) == [second, first]


async def test_a_host_sees_the_groups_that_the_placement_can_take(abroad: Abroad) -> None:
    """Members are listed together and without names where all of them suit and all fit in, and in no order."""
    await _call(abroad, "wishes_first")
    small = await abroad.offer()
    large = await abroad.offer(group_size=2)
    leader, member = await _group(abroad, "ani", "davit")
    for offer, groups in ((small, []), (large, [{leader, member}])):
        found = await abroad.get("claire", f"/offers/{offer['id']}/candidates")
        assert found["items"] == []
        assert [{each["application_id"] for each in group["members"]} for group in found["groups"]] == groups
    page = await _page(abroad, "claire", f"/applications/offers/{large['id']}/candidates")
    assert "Group of 2 officers" in page
    assert "Davit" not in page
    answer = await abroad.of.as_("claire").put(f"{API}/offers/{large['id']}/candidates", json={"order": [leader]})
    assert answer.status_code == 422
    assert "Points place groups" in answer.text


async def test_a_member_of_a_group_can_be_not_suitable(abroad: Abroad) -> None:
    """The form offers members there and not in the order; the page shows it, the matching learns it, and it can go."""
    await _call(abroad, "wishes_first")
    offer = await abroad.offer(group_size=2)
    leader, member = await _group(abroad, "ani", "davit")
    address = f"/applications/offers/{offer['id']}/candidates"
    rows = {"order-0-candidate": "", "not_suitable-0-candidate": "", "row": "add:not_suitable"}
    page = await _send(abroad, "claire", address, rows, 200)
    order, refusals = page.split('name="not_suitable-0-candidate"', 1)
    assert f'value="{member}"' not in order
    assert all(f'<option value="{each}">' in refusals for each in (leader, member))
    await _send(
        abroad,
        "claire",
        address,
        {"not_suitable-0-candidate": member, "not_suitable-0-reason": "other_service", "not_suitable-0-text": ""},
    )
    refused = [{"application_id": member, "reason": "other_service"}]
    assert await _chosen(abroad) == [{"wishes": [], "not_suitable": refused}]
    page = await _page(abroad, "claire", address)
    assert page.count("You said: not suitable") == 1
    assert f'<option value="{member}" selected>' in page
    await _send(abroad, "claire", address, {"clear": "1"})
    assert (await _chosen(abroad))[-1] == {"wishes": [], "not_suitable": []}


async def test_wrong_choices_are_named_at_their_fields(abroad: Abroad) -> None:
    """A candidate twice, half a row, an id that is not listed, or an order where none counts is refused."""
    await _call(abroad, "wishes_among_equals")
    offer, candidate = await abroad.offer(), await _officer(abroad, "ani")
    address = f"/applications/offers/{offer['id']}/candidates"
    twice = {"order-0-candidate": candidate, "order-1-candidate": candidate}
    half = {"order-0-candidate": "", "not_suitable-0-candidate": candidate}
    both = {"order-0-candidate": candidate, **half, "not_suitable-0-reason": "other"}
    for fields, words in (
        (twice, "Put each candidate in order once"),
        (half, "Choose a candidate and a reason in each row"),
        ({**both, "order-0-candidate": candidate}, "or from those who are not suitable"),
        ({"order-0-candidate": str(new_id())}, "Choose one of the answers given"),
    ):
        assert words in await _send(abroad, "claire", address, fields, 422)
    stranger = {"order": [str(new_id())], "not_suitable": []}
    answer = await abroad.of.as_("claire").put(f"{API}/offers/{offer['id']}/candidates", json=stranger)
    assert answer.status_code == 422
    assert "Choose candidates of the list" in answer.text
    await _call(abroad, "scores")
    offer, candidate = await abroad.offer(), await _officer(abroad, "aram")
    address = f"/applications/offers/{offer['id']}/candidates"
    page = await _page(abroad, "claire", address)
    assert "In this call points alone decide." in page
    assert "Your order, best candidate first" not in page
    answer = await abroad.of.as_("claire").put(
        f"{API}{address.removeprefix('/applications')}", json={"order": [candidate]}
    )
    assert answer.status_code == 422
    refused = {"not_suitable-0-candidate": candidate, "not_suitable-0-reason": "other"}
    await _send(abroad, "claire", address, refused)
    assert (await _chosen(abroad))[-1]["not_suitable"] == [{"application_id": candidate, "reason": "other"}]


async def test_a_mentor_judges_mentees_by_the_api(abroad: Abroad) -> None:
    """The list has no name, country or agency; what is sent replaces what was said, if it rests on what was read."""
    await _call(abroad, "wishes_first")
    body = {"call_id": abroad.of.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await abroad.post("jonas", "/mentors", body, 201)
    address = f"/mentors/{mentor['id']}/candidates"
    candidate = await _officer(
        abroad,
        "ani",
        "mentee",
        expertise=[
            {"area": "analysis", "level": 2, "years": 4},
            {"area": "undercover_surveillance", "level": 1, "years": 1},
        ],
    )
    found = await abroad.get("jonas", address)
    (listed,) = found["items"]
    assert listed.keys() == {
        "application_id",
        "name",
        "rank_group",
        "service",
        "expertise",
        "languages",
        "grade",
        "fits",
        "reasons",
    }
    assert listed["expertise"][1]["area"] == "restricted"
    assert "Works in the same service as you." in listed["reasons"]
    tab = await abroad.of.as_("jonas").get(f"{API}{address}")
    said = await abroad.of.as_("jonas").put(f"{API}{address}", json={"order": [candidate]})
    assert said.json()["choices"] == {"order": [candidate], "not_suitable": []}
    assert await _chosen(abroad, "mentoring.mentors") == [{"wishes": [candidate], "not_suitable": []}]
    stale = await abroad.of.as_("jonas").put(
        f"{API}{address}", json={"order": []}, headers={"If-Match": tab.headers["etag"]}
    )
    assert stale.status_code == 412
    page = await _page(abroad, "jonas", f"/applications{address}")
    assert "Candidates for your mentoring" in page


async def test_a_form_of_another_tab_is_shown_beside_what_was_saved(abroad: Abroad) -> None:
    """A form that was opened before a colleague saved is not saved, and shows both versions."""
    await _call(abroad, "wishes_first")
    offer, candidate = await abroad.offer(), await _officer(abroad, "ani")
    address = f"/applications/offers/{offer['id']}/candidates"
    version = re.search(r'name="record_version" value="([^"]+)"', await _page(abroad, "claire", address))
    await abroad.of.as_("claire").put(f"{API}/offers/{offer['id']}/candidates", json={"order": [candidate]})
    assert version is not None
    fields = {"not_suitable-0-candidate": candidate, "not_suitable-0-reason": "other", "record_version": version[1]}
    page = await _send(abroad, "claire", address, fields, 412)
    assert "This was changed after you opened it" in page
    assert await _chosen(abroad) == [{"wishes": [candidate], "not_suitable": []}]


async def test_the_list_reveals_no_exclusion(abroad: Abroad) -> None:
    """An exclusion in confidence and a conflict of interest leave the list as it is; own people are not in it."""
    await _call(abroad, "scores")
    offer, candidate = await abroad.offer(), await _officer(abroad, "ani", conflicts=[abroad.of.organisations["FR"]])
    address = f"/offers/{offer['id']}/candidates"
    before = (await abroad.get("claire", address))["items"]
    assert [each["application_id"] for each in before] == [candidate]
    exclusion = {"countries": ["AM", "FR"], "since": "2026-01-01", "confidential": True}
    await abroad.post("programme", "/exclusions", {"exclusions": [exclusion]}, 201)
    assert (await abroad.get("claire", address))["items"] == before
    # A line manager would know whose case it is: for that reader the candidate is not in the list.
    manager = "claire@police.example"
    people = (await abroad.get("programme", "/people"))["items"]
    claire = next(person for person in people if person["subject"] == "claire")
    shown = await abroad.get("ani", f"/applications/{candidate}")
    assert claire["email"] != shown["answers"]["line_manager_email"]
    await abroad.of.as_("ani").put(
        f"{API}/applications/{candidate}/line-manager", json={"name": "Claire", "email": claire["email"] or manager}
    )
    await abroad.post("tigran", f"/applications/{candidate}/line-manager/confirm", {"email": claire["email"]})
    assert (await abroad.get("claire", address))["items"] == []
    refused = await abroad.of.as_("claire").put(
        f"{API}{address}", json={"not_suitable": [{"application_id": candidate, "reason": "other"}]}
    )
    assert refused.status_code == 422


async def test_choices_end_with_the_match_and_the_call(abroad: Abroad) -> None:
    """A candidate with a match leaves the list and keeps the place in the order; the close of the call ends all."""
    await _call(abroad, "wishes_first")
    offer = await abroad.offer()
    address = f"/offers/{offer['id']}/candidates"
    first, second = await _officer(abroad, "ani"), await _officer(abroad, "davit")
    claire = abroad.of.as_("claire")
    assert (await claire.put(f"{API}{address}", json={"order": [first, second]})).status_code == 200
    await abroad.proposed(first, offer_id=offer["id"])
    found = await abroad.get("claire", address)
    assert [each["application_id"] for each in found["items"]] == [second]
    assert found["choices"]["order"] == [second]
    refusal = {"order": [], "not_suitable": [{"application_id": second, "reason": "other"}]}
    assert (await claire.put(f"{API}{address}", json=refusal)).status_code == 200
    assert (await _chosen(abroad))[-1]["wishes"] == [first]
    await abroad.post("programme", f"/calls/{abroad.of.call['id']}/close")
    late = await claire.put(f"{API}{address}", json={"order": []})
    assert (late.status_code, late.json()["code"]) == (409, "call-closed")
    assert "the call is open" in await _page(abroad, "claire", f"/applications{address}")
    assert "See candidates" not in await _page(abroad, "claire", f"/applications/offers/{offer['id']}")


async def test_candidates_of_others_are_not_found(abroad: Abroad) -> None:
    """Another host, another mentor and a forged id get the same answer, by page and by API."""
    offer = await abroad.offer()
    for id_ in (offer["id"], str(new_id())):
        for method, body in (("GET", None), ("PUT", {"order": []})):
            answer = await abroad.of.as_("paul").request(method, f"{API}/offers/{id_}/candidates", json=body)
            assert answer.status_code == 404
        await _page(abroad, "paul", f"/applications/offers/{id_}/candidates", 404)
        await _page(abroad, "jonas", f"/applications/mentors/{id_}/candidates", 404)
