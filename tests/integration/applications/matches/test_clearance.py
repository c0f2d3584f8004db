"""A match is cleared by those entitled, singly and in bulk, and shows nobody's identity before that."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.contracts import matches
from shared.contracts.lifecycle import Unit
from shared.time import clock, workdays
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.desk.test_home import statements
from tests.support import items, ticked_versions

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

MATCHES = "/applications/matches"
NAME, RANK, UNIT, MAIL = "name", "national_rank", "unit", "service_email"
VETTING, MEETING = {NAME, RANK, UNIT}, {NAME, RANK, UNIT, MAIL}
HELD = {
    "ani": {NAME: "Ani Petrosyan", RANK: "Mayor-1", UNIT: "Unit Zero", MAIL: "ani@police.example"},
    "nino": {NAME: "Nino Beridze", RANK: "Mayor-2", UNIT: "Unit One", MAIL: "nino@police.example"},
    "jonas": {NAME: "Jonas Kazlauskas", RANK: "Mayor-3", UNIT: "Unit Two", MAIL: "jonas@police.example"},
}


@pytest.fixture
async def abroad(programme: Programme, feed: Feed) -> Abroad:
    """Return the programme with a host country and a mentor; everybody has a unique rank and unit."""
    made = Abroad(programme, feed)
    await made.fill()
    known: dict[str, Any] = {"service": "police", "rank_group": "operational", "years_in_field": 6}
    people = [
        programme.person(
            who, given_role[NAME], country, role, national_rank=given_role[RANK], unit=given_role[UNIT], **known
        )
        for (who, given_role), country, role in zip(
            HELD.items(), ("AM", "GE", "LT"), ("officer", "officer", "mentor"), strict=True
        )
    ]
    await programme.post("programme", "/people", {"people": people}, 201)
    return made


async def page(abroad: Abroad, subject: str, path: str, status: int = 200) -> str:
    """Return a page as a person sees it."""
    answer = await abroad.of.as_(subject).get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


async def visible_fields(abroad: Abroad, viewer: str, match_id: UUID, party: str) -> set[str]:
    """Return the fields of a party's identity that a person sees in a match, by API."""
    people = (await abroad.get(viewer, f"/matches/{match_id}"))["people"]
    return {name for name, value in people.get(party, {}).items() if value and name not in {"party", "own_name"}}


async def check_visible_fields(
    abroad: Abroad, match_id: UUID, expected: dict[str, dict[str, set[str]]], people: dict[str, str]
) -> None:
    """Check that each person sees just the expected fields, by API, on the match's page and in the list."""
    for viewer, parties in expected.items():
        shown = await page(abroad, viewer, f"{MATCHES}/{match_id}")
        listed = await page(abroad, viewer, MATCHES)
        for party, who in people.items():
            fields = parties.get(party, set())
            assert await visible_fields(abroad, viewer, match_id, party) == fields, (viewer, party)
            for name, value in HELD[who].items():
                assert (value in shown) is (name in fields), (viewer, party, name)
                assert value not in listed or name in fields, (viewer, party, name)


async def test_a_guest_is_shown_field_by_field(abroad: Abroad) -> None:
    """In each state vetting fields go to the host country first, and names to the host last."""
    match_id = await abroad.placement_matched()
    people = {"guest": "ani"}
    own: dict[str, dict[str, set[str]]] = {"ani": {"guest": MEETING}, "tigran": {"guest": MEETING}, "programme": {}}
    await check_visible_fields(abroad, match_id, own | {"luc": {}, "claire": {}}, people)
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    await check_visible_fields(abroad, match_id, own | {"luc": {"guest": VETTING}, "claire": {}}, people)
    await abroad.post("luc", f"/matches/{match_id}/clear")
    after = own | {"luc": {"guest": VETTING}, "claire": {"guest": MEETING}}
    await check_visible_fields(abroad, match_id, after, people)
    await abroad.publish(matches.MatchCleared, match_id)
    await abroad.publish(matches.MatchOffered, match_id, due=(clock.now() + timedelta(days=14)).isoformat())
    await check_visible_fields(abroad, match_id, after, people)
    await abroad.publish(matches.MatchConfirmed, match_id)
    await check_visible_fields(abroad, match_id, after, people)
    await abroad.publish(matches.MatchCancelled, match_id, by="host", reason="not_available", was="confirmed")
    await check_visible_fields(abroad, match_id, own | {"luc": {}, "claire": {}}, people)


async def test_mentor_and_mentee_are_shown_field_by_field(abroad: Abroad) -> None:
    """Mentor and mentee see each other's names once both countries have cleared the match."""
    match_id = await abroad.mentor_matched()
    people = {"mentee": "nino", "mentor": "jonas"}
    own: dict[str, dict[str, set[str]]] = {"giorgi": {"mentee": MEETING}, "programme": {}}
    mentee, mentor = {"mentee": MEETING}, {"mentor": MEETING}
    await check_visible_fields(abroad, match_id, own | {"nino": mentee, "jonas": mentor, "rasa": {}}, people)
    await abroad.post("giorgi", f"/matches/{match_id}/clear")
    await check_visible_fields(
        abroad, match_id, own | {"nino": mentee, "jonas": mentor, "rasa": {"mentee": VETTING}}, people
    )
    await abroad.post("rasa", f"/matches/{match_id}/clear")
    both = mentee | mentor
    await check_visible_fields(
        abroad, match_id, own | {"nino": both, "jonas": both, "rasa": {"mentee": VETTING}}, people
    )
    payloads = [
        data for kind, _, data in await abroad.of.journal("exchange.participation") if kind == "IdentityReleased"
    ]
    assert [(payload["of"], payload["to"], payload["purpose"]) for payload in payloads] == [
        ("mentee", "host_coordinator", "vetting"),
        ("mentee", "mentor", "mentoring"),
        ("mentor", "mentee", "mentoring"),
    ]
    assert {payload["basis"] for payload in payloads} == {"public_task"}


async def two_matches(abroad: Abroad) -> tuple[UUID, UUID]:
    """Match Ani's and Davit's applications, each with a placement of its own."""
    davit = abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", service="police",
                             rank_group="supervisor", years_in_field=8)  # fmt: skip
    await abroad.post("programme", "/people", {"people": [davit]}, 201)
    offer = await abroad.offer()
    first = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    return first, await abroad.proposed(await abroad.eligible("davit"), offer_id=offer["id"])


async def test_several_are_cleared_after_a_page_that_names_them(abroad: Abroad) -> None:
    """The page names each selected match, and the result those that another person cleared meanwhile."""
    first, second = await two_matches(abroad)
    deputy = abroad.of.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    await abroad.post("programme", "/people", {"people": [deputy]}, 201)
    listed = await page(abroad, "tigran", f"{MATCHES}?state=waits")
    assert listed.count('type="checkbox" name="match"') == 2
    address = f"{MATCHES}/clear?match={first}&match={second}"
    form = await page(abroad, "tigran", address)
    assert "Ani Petrosyan" in form
    assert "Davit Sahakyan" in form
    assert "sees the name, rank and unit" in form
    await abroad.post("deputy", f"/matches/{second}/clear")
    sent = await abroad.of.as_("tigran").post(address, data=ticked_versions(form))
    assert sent.status_code == 409
    result = sent.text
    assert "1 match is cleared." in result
    assert "1 entry has changed since you opened the page. We left it as it is." in result
    assert "Davit Sahakyan" in result
    types = [kind for kind, _, _ in await abroad.of.journal("exchange.participation")]
    assert types.count("ClearanceGiven") == 2
    again = await abroad.of.as_("tigran").post(address, data=ticked_versions(form))
    assert "1 match is cleared." in again.text
    assert [kind for kind, _, _ in await abroad.of.journal("exchange.participation")] == types


async def test_many_are_read_with_as_many_queries_as_one(abroad: Abroad) -> None:
    """The page that names the ticked matches, and the one that says what was done, do not read them row by row."""
    first, second = await two_matches(abroad)
    questions, answered = [], []
    for ids in ((first,), (first, second)):
        question = f"{MATCHES}/clear?" + "&".join(f"match={id_}" for id_ in ids)
        with statements() as found:
            shown = await page(abroad, "tigran", question)
        questions.append(len(found))
        sent = await abroad.of.as_("tigran").post(question, data=ticked_versions(shown))
        with statements() as found:
            result = await page(abroad, "tigran", sent.headers["location"])
        assert f"{len(ids)} match" in result
        answered.append(len(found))
    assert questions[0] == questions[1]
    assert answered[0] == answered[1]


async def test_several_are_cleared_by_program(abroad: Abroad) -> None:
    """The API clears what it can and gives reasons for the rest; another country's match is not found."""
    first, second = await two_matches(abroad)
    both = {"matches": items(str(first), str(second))}
    await abroad.post("giorgi", "/matches/clear", both, 404)
    await abroad.post("claire", "/matches/clear", both, 403)
    answer = await abroad.post("luc", "/matches/clear", both)
    assert answer["done"] == []
    assert all("home country clears first" in left["detail"] for left in answer["left"])
    answer = await abroad.post("tigran", "/matches/clear", both)
    assert (sorted(answer["done"]), answer["left"]) == (sorted(match["id"] for match in both["matches"]), [])
    assert "Select at least one match" in await page(abroad, "tigran", f"{MATCHES}/clear", 422)
    await page(abroad, "giorgi", f"{MATCHES}/clear?match={first}", 404)


async def test_each_count_of_the_matches_leads_to_its_rows(abroad: Abroad) -> None:
    """Each count on the list of matches links to as many rows."""
    first, _ = await two_matches(abroad)
    await abroad.post("tigran", f"/matches/{first}/clear")
    for who in ("tigran", "luc", "claire", "programme"):
        shown = await page(abroad, who, MATCHES)
        found = re.findall(r'<a href="([^"]+)"><span class="tandem-counts__number">(\d+)</span>', shown)
        assert found
        for address, count in found:
            body = (await page(abroad, who, MATCHES + address)).partition("<tbody")[2].partition("</tbody>")[0]
            assert body.count('<th scope="row"') == int(count), (who, address)


async def test_silence_about_a_clearance_goes_to_the_programme(abroad: Abroad) -> None:
    """Page and API give the country and its deadline; once it is overdue, the programme clears."""
    match_id = await abroad.placement_matched()
    at = f"{MATCHES}/{match_id}"
    shown = await page(abroad, "programme", at)
    assert "Assigned until" in shown
    assert "Do you clear this match?" not in shown
    problem = await abroad.post("programme", f"/matches/{match_id}/clear", status=409)
    assert "National coordinator of Armenia" in problem["detail"]
    await abroad.post("programme", f"/matches/{match_id}/refuse", {"reason": "clearance"}, 409)
    clock.move(timedelta(days=15))
    shown = await page(abroad, "programme", at)
    assert "Assigned to you since" in shown
    assert "Do you clear this match?" in shown
    await abroad.post("programme", f"/matches/{match_id}/clear")
    problem = await abroad.post("programme", f"/matches/{match_id}/clear", {"side": "host"}, 409)
    assert "National coordinator of France" in problem["detail"]
    clock.move(timedelta(days=20))
    assert (await abroad.get("programme", f"/matches/{match_id}"))["your_turn"]
    await abroad.post("programme", f"/matches/{match_id}/clear", {"side": "host"})
    payloads = [data for kind, _, data in await abroad.of.journal("exchange.participation") if kind == "ClearanceGiven"]
    assert [payload["acting_as"] for payload in payloads] == ["programme", "programme"]


async def test_a_deputy_clears_for_the_host_country_before_the_programme(abroad: Abroad) -> None:
    """After the deadline of France its deputy has five working days of France, and then the programme clears."""
    deputy = abroad.of.person("lea", "Lea Petit", "FR", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "luc"
    await abroad.post("programme", "/people", {"people": [deputy]}, 201)
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": True}
    offer = await abroad.post("claire", "/offers", body, 201)
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    of = f"/offers/{offer['id']}"
    dues = [(await abroad.get("programme", path))["due"] for path in (of, f"/matches/{match_id}")]
    late = max(datetime.fromisoformat(due) for due in dues) + timedelta(minutes=1)
    clock.move(late - clock.now())
    assert "The deputy decides until" in await page(abroad, "programme", f"{MATCHES}/{match_id}")
    assert "As the deputy, you must decide by" in await page(abroad, "lea", f"{MATCHES}/{match_id}")
    assert "We ask your deputy until" in await page(abroad, "luc", f"/applications{of}")
    for path in (f"/matches/{match_id}/clear", f"{of}/endorse"):
        await abroad.post("programme", path, status=409)
    assert (await abroad.get("programme", "/offers?state=waits"))["items"] == []
    clock.move(workdays.due(late, 5, Unit.WORKING_DAYS, "FR") + timedelta(minutes=1) - clock.now())
    assert [item["id"] for item in (await abroad.get("programme", "/offers?state=waits"))["items"]] == [
        of.rpartition("/")[2]
    ]
    for path in (f"/matches/{match_id}/clear", f"{of}/endorse"):
        await abroad.post("programme", path)


async def agency(abroad: Abroad) -> dict[str, str]:
    """Enter two EU agencies, each with a clearance officer, and one with an officer and a host contact."""
    entries = [
        {"name": "Europol", "kind": "eu_agency", "country": "EU", "city": "The Hague"},
        {"name": "Frontex", "kind": "eu_agency", "country": "EU", "city": "Warsaw"},
    ]
    made = await abroad.post("programme", "/organisations", {"organisations": entries}, 201)
    programme = abroad.of
    programme.organisations |= {"EU": made["ids"][0]}
    known: dict[str, Any] = {"service": "police", "rank_group": "supervisor", "years_in_field": 8}
    other = programme.person("pieter", "Pieter Smit", "EU", "clearance_officer", organisation_id=made["ids"][1])
    people = [
        programme.person("elsa", "Elsa Lind", "EU", "officer", **known),
        programme.person("eva", "Eva Borg", "EU", "clearance_officer", organisation_id=made["ids"][0]),
        programme.person("hugo", "Hugo Bakker", "EU", "host_contact", organisation_id=made["ids"][0]),
        other,
    ]
    await abroad.post("programme", "/people", {"people": people}, 201)
    return {"own": made["ids"][0], "other": made["ids"][1]}


async def test_an_eu_agency_clears_its_own_officers(abroad: Abroad) -> None:
    """Only the agency's clearance officer gives home clearance for its officers, in list, page and API."""
    ids = await agency(abroad)
    terms = abroad.of.call["id"]
    body = {"call_id": terms, "kind": "study_visit", "answers": abroad.of.answers(), "privacy": True, "submit": True}
    made = await abroad.post("elsa", "/applications", body, 201)
    await abroad.post("eva", f"/applications/{made['id']}/endorse")
    await abroad.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    offer = await abroad.offer()
    match_id = await abroad.proposed(made["id"], offer_id=offer["id"], country="EU", organisation_id=ids["own"])
    assert "Clear match" in await page(abroad, "eva", "/applications/")
    assert "Do you clear this match?" in await page(abroad, "eva", f"{MATCHES}/{match_id}")
    for who in ("pieter", "giorgi"):
        await page(abroad, who, f"{MATCHES}/{match_id}", 404)
        await abroad.post(who, f"/matches/{match_id}/clear", status=404)
    assert (await abroad.post("eva", f"/matches/{match_id}/clear"))["turn"] == "host"


async def test_an_eu_agency_clears_its_guests(abroad: Abroad) -> None:
    """The agency's clearance officer gives host clearance, and the programme does after the deadline."""
    ids = await agency(abroad)
    match_id = await abroad.proposed(
        await abroad.eligible(),
        offer_id=(await abroad.offer())["id"],
        host_country="EU",
        host_organisation_id=ids["own"],
    )
    await abroad.post("eva", f"/matches/{match_id}/clear", status=409)
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    assert await visible_fields(abroad, "eva", match_id, "guest") == VETTING
    problem = await abroad.post("programme", f"/matches/{match_id}/clear", status=409)
    assert "Clearance officer of the EU agency" in problem["detail"]
    await page(abroad, "pieter", f"{MATCHES}/{match_id}", 404)
    answer = await abroad.post("eva", f"/matches/{match_id}/clear")
    assert answer["cleared"] == {"home": True, "host": True}
    assert await visible_fields(abroad, "hugo", match_id, "guest") == MEETING


@pytest.mark.parametrize("who", ["tigran", "luc", "claire", "programme"])
async def test_texts_about_a_match_address_only_its_reader(abroad: Abroad, who: str) -> None:
    """A match, its visit and the legends say "you" only to the person who has the next step."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    for address in (f"{MATCHES}/{match_id}", f"/applications/visits/{visit_id}", MATCHES, "/applications/visits"):
        shown = await page(abroad, who, address)
        parts = re.findall(
            r'<section class="tandem-standing.*?</section>|<dl class="tandem-legend">.*?</dl>', shown, re.DOTALL
        )
        assert parts
        for part in parts:
            own = who == "claire" and part.startswith("<section")
            assert bool(re.search(r"\b[Yy]our?\b", part)) == own, (address, part)


async def test_a_country_cannot_refuse_after_its_own_clearance(abroad: Abroad) -> None:
    """Another tab and the API say who cleared and when, and the match stays cleared."""
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/clear", {"side": "home"})
    facts = await abroad.of.journal("exchange.participation")
    refused = await abroad.post("tigran", f"/matches/{match_id}/refuse", {"reason": "clearance"}, 409)
    assert (refused["code"], "The home country cleared this match on" in refused["detail"]) == ("already-done", True)
    form = {"reason": "clearance", "confirmed": "yes"}
    tab = await abroad.of.as_("tigran").post(f"{MATCHES}/{match_id}/refuse", data=form)
    assert tab.status_code == 409
    assert "The home country cleared this match on" in html.unescape(tab.text)
    assert await abroad.of.journal("exchange.participation") == facts
    await abroad.post("tigran", f"/matches/{match_id}/clear", {"side": "home"})
    assert await abroad.of.journal("exchange.participation") == facts


async def test_a_country_cannot_clear_after_its_own_refusal(abroad: Abroad) -> None:
    """The page of one match says that its country refused; a decision on several leaves it out for the same reason."""
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/refuse", {"reason": "clearance"})
    refused = await abroad.post("tigran", f"/matches/{match_id}/clear", {"side": "home"}, 409)
    several = await abroad.post("tigran", "/matches/clear", {"matches": items(str(match_id))})
    assert "The home country refused to clear this match on" in refused["detail"]
    assert several["done"] == []
    assert several["left"][0]["detail"] == refused["detail"]


async def test_a_second_answer_that_differs_is_refused(abroad: Abroad) -> None:
    """A person who accepted cannot decline afterwards and reads why; the same answer again gets the first reply."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    at = f"/matches/{match_id}/answer"
    await abroad.post("ani", at, {"answer": "accept"}, 202)
    facts = await abroad.of.journal("exchange.participation")
    refused = await abroad.post("ani", at, {"answer": "decline", "reason": "operational_duty"}, 409)
    assert (refused["code"], "You accepted this offer on" in refused["detail"]) == ("already-done", True)
    assert await abroad.post("ani", at, {"answer": "accept"}, 202)
    assert await abroad.of.journal("exchange.participation") == facts
