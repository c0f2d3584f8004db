"""Officers browse the published placements and mentors of an open call without a name, and learn of no exclusion."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from shared.time import clock
from tests.integration.applications.conftest import call_terms
from tests.integration.applications.desk.test_home import statements
from tests.integration.applications.suspension import FINISH, sign_in_again, suspend
from tests.integration.applications.test_abroad_pages import read
from tests.support import owner_of

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad

VISITS, MENTORS = "study_visit", "mentee"
NAMES = ("Claire", "Moreau", "Luc", "Bernard", "Jonas", "Kazlauskas", "Rasa", "Nino", "Anti-cybercrime office",
         "Police of Lithuania", "Identity document", "I analyse networks", "Call +33", "@police.example")  # fmt: skip
"""Names, agencies, addresses and texts that stand in what is listed or behind it."""


def address(abroad: Abroad, kind: str = VISITS, query: str = "") -> str:
    """Return the address of the page, with a query."""
    return f"/applications/calls/{abroad.of.call['id']}/places/{kind}{query}"


def route(abroad: Abroad, kind: str = VISITS, query: str = "") -> str:
    """Return the path of the operation, with a query."""
    return f"/calls/{abroad.of.call['id']}/places/{kind}{query}"


async def listed(abroad: Abroad, kind: str = VISITS, query: str = "", subject: str = "ani") -> list[str]:
    """Return the references that the page lists, in its order; the API has the same, by reference."""
    page = await read(abroad, subject, address(abroad, kind, query))
    found = re.findall(r'tandem-card__meta">([A-Z0-9-]+)', page)
    answer = await abroad.get(subject, route(abroad, kind, re.sub(r"sort=\w+", "", query)))
    assert [place["reference"] for place in answer["items"]] == sorted(found)
    return found


async def mentor(abroad: Abroad, **changes: Any) -> dict[str, Any]:
    """Return the published profile of Jonas."""
    body = {"call_id": abroad.of.call["id"], "entry": abroad.mentor_entry(**changes), "publish": True}
    made: dict[str, Any] = await abroad.post("jonas", "/mentors", body, 201)
    return made


async def answer(abroad: Abroad, draft_id: str, **changes: Any) -> None:
    """Write complete answers into a draft of Ani's, with some changes."""
    path = f"/applications/api/v1/applications/{draft_id}/answers"
    written = await abroad.of.as_("ani").put(path, json=abroad.of.answers(**changes))
    assert written.status_code == 200, written.text


async def rules(abroad: Abroad, kind: str = VISITS) -> dict[str, tuple[bool, str]]:
    """Return the rules of the only entry: whether each is met, and its sentence, as page and API say them."""
    (place,) = (await abroad.get("ani", route(abroad, kind)))["items"]
    page = html.unescape(await read(abroad, "ani", address(abroad, kind)))
    for rule in place["rules"]:
        assert f"{'Met:' if rule['met'] else 'Not met so far:'}</strong> {rule['sentence']}" in page
    return {rule["rule"]: (rule["met"], rule["sentence"]) for rule in place["rules"]}


async def test_a_placement_is_described_without_names(abroad: Abroad) -> None:
    """An officer reads title, place, topics, periods, languages and places, and neither name, agency nor contact."""
    offer = await abroad.offer(contact="Claire Moreau. Call +33 1 00.", expertise=["analysis", "witness_protection"])
    (place,) = (await abroad.get("ani", route(abroad)))["items"]
    assert place["reference"] == offer["reference"]
    assert (place["title"], place["city"], place["country"]) == ("A week with the cybercrime unit", "Lyon", "FR")
    assert (place["topics"], place["expertise"]) == (["online_crime"], ["analysis", "restricted"])
    assert (place["languages"], place["places"], place["days"]) == ([{"language": "en", "level": "B1"}], 2, 5)
    assert (place["service"], place["rank_group"]) == (None, None)
    page = await read(abroad, "ani", address(abroad))
    for words in (offer["reference"], "A week with the cybercrime unit", "Lyon, France", "English B1", "2 places"):
        assert words in page, words
    answer = str(await abroad.get("ani", route(abroad)))
    for name in (*NAMES, "Witness protection", "witness_protection", offer["id"], offer["organisation_id"]):
        assert name not in page, name
        assert name not in answer, name


async def test_a_mentor_is_described_without_names(abroad: Abroad) -> None:
    """An officer reads country, service, rank and what the mentor offers, and neither name, agency nor text."""
    areas = [{"area": "witness_protection", "level": 2, "years": 4}, {"area": "analysis", "level": 3, "years": 12}]
    profile = await mentor(abroad, expertise=areas)
    (place,) = (await abroad.get("ani", route(abroad, MENTORS)))["items"]
    assert (place["reference"], place["country"], place["city"]) == (profile["reference"], "LT", "")
    assert (place["service"], place["rank_group"], place["places"]) == ("police", "supervisor", 2)
    assert place["expertise"] == ["restricted", "analysis"]
    assert place["languages"] == [{"language": "en", "level": "B1"}]
    page = await read(abroad, "ani", address(abroad, MENTORS))
    for words in (profile["reference"], "Lithuania", "Police", "Supervisor", "up to 2 mentees"):
        assert words in page, words
    answer = str(await abroad.get("ani", route(abroad, MENTORS)))
    for name in (*NAMES, "Witness protection", "witness_protection", "Vilnius", profile["id"]):
        assert name not in page, name
        assert name not in answer, name


async def test_the_list_is_narrowed_by_each_filter(abroad: Abroad) -> None:
    """Topic, country, week and language narrow page and API alike, and stay chosen on the page."""
    start = clock.today() + timedelta(days=130)
    later = [{"start": str(start), "end": str(start + timedelta(days=20)), "places_per_week": 1}]
    french = [{"language": "fr", "level": "B2"}]
    first = (await abroad.offer())["reference"]
    second = (await abroad.offer(topics=["criminal_networks"], periods=later, languages=french))["reference"]
    week = start + timedelta(days=-start.weekday() % 7)
    before = week - timedelta(weeks=5)
    assert await listed(abroad) == [first, second]
    for query, expected in {
        "?topic=online_crime": [first],
        "?topic=criminal_networks": [second],
        "?country=FR": [first, second],
        "?country=LT": [],
        "?language=fr": [second],
        "?language=de": [],
        f"?week={week}": [second],
        f"?week={before}": [first],
        "?topic=online_crime&language=fr": [],
    }.items():
        assert await listed(abroad, query=query) == expected, query
    page = await read(abroad, "ani", address(abroad, query=f"?topic=online_crime&country=FR&week={before}&language=en"))
    for chosen in ("online_crime", "FR", str(before), "en"):
        assert f'<option value="{chosen}" selected>' in page
    assert await listed(abroad, query="?sort=newest") == [second, first]
    assert await listed(abroad, query="?sort=soonest") == [first, second]


async def test_mentors_are_narrowed_by_each_filter(abroad: Abroad) -> None:
    """A mentor who names no topic is listed under every topic of the call."""
    until = clock.today() + timedelta(days=100)
    reference = (await mentor(abroad, topics=[], periods=[{"start": str(clock.today()), "end": str(until)}]))[
        "reference"
    ]
    monday = clock.today() + timedelta(days=-clock.today().weekday() + 14)
    for query in ("", "?topic=criminal_networks", "?country=LT", "?language=en", f"?week={monday}", "?sort=soonest"):
        assert await listed(abroad, MENTORS, query) == [reference], query
    for query in ("?country=FR", "?language=fr", f"?week={monday + timedelta(weeks=20)}"):
        assert await listed(abroad, MENTORS, query) == [], query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("topic", "sorcery"),
        ("topic", "drug_trafficking"),
        ("country", "XX"),
        ("week", "next"),
        ("week", "2001-01-01"),
        ("language", "xx"),
        ("sort", "price"),
        ("page", "0"),
        ("limit", "0"),
    ],
)
async def test_an_odd_filter_is_refused_by_name(abroad: Abroad, name: str, value: str) -> None:
    """A value that a filter cannot have is answered 422 with the filter's name, on the page and by the API."""
    query = f"?{name}={value}"
    if name != "limit":
        page = await abroad.of.as_("ani").get(address(abroad, query=query), headers={"Accept": "application/json"})
        assert page.status_code == 422
        assert name in str(page.json()["errors"])
    if name not in {"sort", "page"}:
        problem = await abroad.get("ani", route(abroad, query=query), 422)
        assert name in str(problem["errors"])


async def test_a_day_within_a_week_is_refused(abroad: Abroad) -> None:
    """Only the Monday of a week in which a visit is still possible can be asked for."""
    monday = clock.today() + timedelta(days=-clock.today().weekday() + 91)
    await abroad.get("ani", route(abroad, query=f"?week={monday}"))
    for day in (monday + timedelta(days=1), clock.today() - timedelta(days=clock.today().weekday())):
        await abroad.get("ani", route(abroad, query=f"?week={day}"), 422)
        await read(abroad, "ani", address(abroad, query=f"?week={day}"), 422)


async def test_an_empty_list_says_why_and_leads_on(abroad: Abroad) -> None:
    """Without an entry the page says who fills it and leads to the call; filters that leave nothing can be removed."""
    back = f'href="/applications/calls/{abroad.of.call["id"]}">Back to the call'
    page = await read(abroad, "ani", address(abroad))
    assert "No placements yet. Placements appear here when hosts in other countries publish them." in page
    assert back in page
    assert "No mentors yet." in await read(abroad, "ani", address(abroad, MENTORS))
    await abroad.offer()
    none = await read(abroad, "ani", address(abroad, query="?language=fr"))
    assert "No placements match these filters." in none
    assert f'href="{address(abroad)}">Show all' in none
    beyond = await read(abroad, "ani", address(abroad, query="?page=9"))
    assert "This page of the list is empty." in beyond
    assert f'href="{address(abroad)}">Go to the first page' in beyond


async def copies(abroad: Abroad, offer_id: str, count: int) -> None:
    """Enter so many more placements like one."""
    query = sa.text(
        "INSERT INTO offer SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(),"
        " 'reference', 'FR-P-2030-' || lpad(CAST(n AS text), 4, '0')))).*"
        " FROM offer o, generate_series(1, :count) n WHERE o.id = CAST(:id AS uuid)"
    )
    async with owner_of(abroad.of.app.state.service.bus) as owner, owner.transaction("test") as tx:
        await tx.session.execute(query, {"id": offer_id, "count": count})


async def test_pages_have_each_entry_once_in_few_statements(abroad: Abroad) -> None:
    """Fifty entries are on a page, each on one page, and as many statements are needed for one as for fifty."""
    offer, client = await abroad.offer(), abroad.of.as_("ani")
    await client.get(address(abroad))
    with statements() as for_one:
        await client.get(address(abroad))
    await copies(abroad, offer["id"], 60)
    with statements() as for_many:
        page = await read(abroad, "ani", address(abroad))
    assert len(for_many) == len(for_one) <= 20
    assert "1 to 50 of 61" in page
    both = [
        re.findall(r'__meta">([A-Z0-9-]+)', await read(abroad, "ani", address(abroad, query=f"?page={n}")))
        for n in (1, 2)
    ]
    assert [len(references) for references in both] == [50, 11]
    assert len({*both[0], *both[1]}) == 61
    first = await abroad.get("ani", route(abroad, query="?limit=40"))
    rest = await abroad.get("ani", route(abroad, query=f"?limit=40&cursor={first['next']}"))
    assert [place["reference"] for place in (*first["items"], *rest["items"])] == sorted(both[0] + both[1])
    assert rest["next"] is None


async def test_only_what_an_officer_can_have_is_listed(abroad: Abroad) -> None:
    """Drafts, what is paused, closed, agreed with an officer or past its last day are left out."""
    open_ = (await abroad.offer())["reference"]
    for move in ("pause", "close"):
        await abroad.post("claire", f"/offers/{(await abroad.offer())['id']}/{move}")
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(title="A draft"), "submit": False}
    await abroad.post("claire", "/offers", body, 201)
    await abroad.offer(prematched_with=(await abroad.of.submitted())["id"])
    await abroad.offer(deadline=str(clock.today() + timedelta(days=1)))
    clock.move(timedelta(days=2))
    assert await listed(abroad) == [open_]
    profile = await mentor(abroad)
    assert await listed(abroad, MENTORS) == [profile["reference"]]
    await abroad.post("jonas", f"/mentors/{profile['id']}/pause")
    assert await listed(abroad, MENTORS) == []


async def test_a_placement_at_home_is_left_out(abroad: Abroad) -> None:
    """A placement in the officer's country is left out, and other countries' officers read it."""
    offer = await abroad.offer()
    async with owner_of(abroad.of.app.state.service.bus) as owner, owner.transaction("test") as tx:
        moved = "UPDATE offer SET country = 'AM' WHERE id = CAST(:id AS uuid)"
        await tx.session.execute(sa.text(moved), {"id": offer["id"]})
    assert await listed(abroad) == []
    assert await listed(abroad, subject="nino") == [offer["reference"]]


async def test_an_exclusion_and_a_conflict_of_interest_cannot_be_noticed(abroad: Abroad) -> None:
    """Page and answer are the same before and after an exclusion of the officer's country and a host's conflict."""
    offer = await abroad.offer()

    async def answers() -> tuple[Any, list[str]]:
        page = await read(abroad, "ani", address(abroad))
        return await abroad.get("ani", route(abroad)), re.findall(r"<section.*?</section>", page, re.DOTALL)

    before = await answers()
    pair = {"countries": ["AM", "FR"], "since": str(clock.today()), "confidential": True}
    await abroad.post("programme", "/register/exclusions", {"exclusion": pair})
    entry = abroad.offer_entry(conflicts=[abroad.of.organisations["AM"]])
    saved = await abroad.of.as_("claire").put(f"/applications/api/v1/offers/{offer['id']}", json={"entry": entry})
    assert saved.status_code == 200, saved.text
    assert await answers() == before


async def test_the_rules_that_can_be_checked_are_in_words(abroad: Abroad) -> None:
    """By the newest answers each known rule is met or not; before any answer only the register's are checked."""
    await abroad.offer(excluded_rank_groups=["supervisor"])
    known = await rules(abroad)
    assert known == {"rank_group": (True, "Your rank group is accepted.")}
    body = {"call_id": abroad.of.call["id"], "kind": VISITS, "answers": abroad.of.answers()}
    draft = await abroad.post("ani", "/applications", body, 201)
    assert await rules(abroad) == {
        "topic": (True, "It includes a topic that you chose."),
        "common_language": (True, "You speak English at the required level."),
        "shared_expertise": (True, "You share an area of expertise."),
        "common_weeks": (True, "You are available in a possible week."),
        "rank_group": (True, "Your rank group is accepted."),
    }
    start = clock.today() + timedelta(days=50)
    other = {
        "topics": ["criminal_networks"],
        "languages": [{"language": "en", "level": "A2"}],
        "expertise": [{"area": "asset_recovery", "level": 1, "years": 1}],
        "periods": [{"start": str(start), "end": str(start + timedelta(days=9))}],
        "rank_group": "supervisor",
    }
    await answer(abroad, draft["id"], **other)
    assert await rules(abroad) == {
        "topic": (False, "It includes no topic that you chose."),
        "common_language": (False, "You need one of these languages: English B1."),
        "shared_expertise": (False, "You share no area of expertise."),
        "common_weeks": (False, "You are not available in a possible week."),
        "rank_group": (False, "Your rank group is not accepted."),
    }


async def test_a_restricted_area_is_not_revealed_by_a_rule(abroad: Abroad) -> None:
    """No rule says if an officer shares a restricted area with a mentor, as the area is not shown."""
    await mentor(abroad, expertise=[{"area": "witness_protection", "level": 2, "years": 4}])
    draft = await abroad.post("ani", "/applications", {"call_id": abroad.of.call["id"], "kind": MENTORS}, 201)
    for area in ("witness_protection", "analysis"):
        await answer(abroad, draft["id"], expertise=[{"area": area, "level": 2, "years": 4}])
        found = await rules(abroad, MENTORS)
        assert "topic" in found
        assert "shared_expertise" not in found


async def _ordered_call(abroad: Abroad) -> None:
    """Make a call in which an order counts the one that everybody applies to."""
    fund = (await abroad.get("programme", "/funds"))["items"][0]["id"]
    body = {**call_terms(fund), "wishes": "wishes_first"}
    abroad.of.call = await abroad.post("programme", "/calls", body, 201)


async def _wish(abroad: Abroad, place: str, query: str = "", **more: str) -> str:
    """Press the button of a placement, and return the page that follows."""
    pressed = await abroad.of.as_("ani").post(address(abroad, query=f"/wish{query}"), data={"place": place, **more})
    assert pressed.status_code == 303, pressed.text
    assert pressed.headers["location"].startswith(address(abroad, query=query))
    return html.unescape(await read(abroad, "ani", pressed.headers["location"]))


async def _wishes(abroad: Abroad) -> list[str]:
    """Return the wishes of Ani's only application."""
    (mine,) = (await abroad.get("ani", "/applications"))["items"]
    found: list[str] = (await abroad.get("ani", f"/applications/{mine['id']}"))["answers"]["wishes"]
    return found


async def test_an_officer_adds_wishes_while_browsing(abroad: Abroad) -> None:
    """The first wish begins a draft; a second click changes nothing, and each can be removed where it was added."""
    await _ordered_call(abroad)
    first, second = await abroad.offer(), await abroad.offer()
    page = await read(abroad, "ani", address(abroad))
    assert page.count("Add to my wishes") == 2
    assert "We started a draft application for you." in await _wish(abroad, first["id"], "?country=FR")
    page = await _wish(abroad, first["id"])
    assert "Added to your wishes." in page
    assert "Number 1 in your wishes." in page
    assert await _wishes(abroad) == [first["id"]]
    assert "Number 2 in your wishes." in await _wish(abroad, second["id"])
    assert await _wishes(abroad) == [first["id"], second["id"]]
    (mine,) = (await abroad.get("ani", "/applications"))["items"]
    assert f'href="/applications/mine/{mine["id"]}/wishes">Show your 2 wishes' in await read(
        abroad, "ani", address(abroad)
    )
    for _ in range(2):
        assert "Removed from your wishes." in await _wish(abroad, first["id"], remove="1")
    assert await _wishes(abroad) == [second["id"]]
    await abroad.post("claire", f"/offers/{first['id']}/pause")
    assert "This placement is no longer open, so we did not add it." in await _wish(abroad, first["id"])
    assert await _wishes(abroad) == [second["id"]]
    odd = await abroad.of.as_("ani").post(address(abroad, query="/wish"), data={"place": "x"})
    assert odd.status_code == 422


async def test_a_wish_for_a_closed_placement_begins_no_draft(abroad: Abroad) -> None:
    """A placement that was paused after the list was opened is not added, and no empty draft is left."""
    await _ordered_call(abroad)
    offer = await abroad.offer()
    await abroad.post("claire", f"/offers/{offer['id']}/pause")
    assert "This placement is no longer open, so we did not add it." in await _wish(abroad, offer["id"])
    assert (await abroad.get("ani", "/applications"))["items"] == []


async def test_wishes_end_with_the_twentieth_and_with_the_draft(abroad: Abroad) -> None:
    """A full list says so, and who has applied is led to the application, where the order can be changed."""
    await _ordered_call(abroad)
    offer = await abroad.offer()
    await copies(abroad, offer["id"], 20)
    body = {"call_id": abroad.of.call["id"], "kind": VISITS, "privacy": True, "answers": abroad.of.answers()}
    draft = await abroad.post("ani", "/applications", body, 201)
    places = (await abroad.get("ani", f"/applications/{draft['id']}/suitable-places"))["items"]
    answered = [place["id"] for place in places if place["id"] != offer["id"]]
    await answer(abroad, draft["id"], wishes=answered)
    assert "Your list is full: it has 20 wishes. Remove one first." in await _wish(abroad, offer["id"])
    assert await _wishes(abroad) == answered
    await abroad.post("ani", f"/applications/{draft['id']}/submit")
    page = await read(abroad, "ani", address(abroad))
    assert "You have already applied." in page
    assert "my wishes" not in page
    late = await abroad.of.as_("ani").post(address(abroad, query="/wish"), data={"place": offer["id"]})
    assert late.status_code == 409


async def test_no_wish_is_added_where_points_decide(abroad: Abroad) -> None:
    """A call by points alone shows no button, and refuses a wish that is sent all the same."""
    offer = await abroad.offer()
    assert "my wishes" not in await read(abroad, "ani", address(abroad))
    refused = await abroad.of.as_("ani").post(address(abroad, query="/wish"), data={"place": offer["id"]})
    assert refused.status_code == 422
    assert (await abroad.get("ani", "/applications"))["items"] == []


@pytest.mark.parametrize("subject", ["claire", "jonas", "tigran", "luc", "programme"])
async def test_nobody_but_officers_browses(abroad: Abroad, subject: str) -> None:
    """Hosts, mentors and coordinators are refused, and have no link to it."""
    await read(abroad, subject, address(abroad), 403)
    await abroad.get(subject, route(abroad), 403)
    for page in ("/applications/calls", f"/applications/calls/{abroad.of.call['id']}"):
        assert "/places/" not in await read(abroad, subject, page)


async def test_an_officer_finds_the_lists_from_call_and_draft(abroad: Abroad) -> None:
    """The call's page, the list of calls and the draft's page of topics lead to what can be applied for."""
    for page in ("/applications/calls", f"/applications/calls/{abroad.of.call['id']}"):
        text = await read(abroad, "ani", page)
        assert f'href="{address(abroad)}">Browse placements' in text
        assert f'href="{address(abroad, MENTORS)}">Browse mentors' in text
    for kind, words in ((VISITS, "Browse placements"), (MENTORS, "Browse mentors")):
        draft = await abroad.post("ani", "/applications", {"call_id": abroad.of.call["id"], "kind": kind}, 201)
        at = f"/applications/mine/{draft['id']}"
        assert f'href="{address(abroad, kind)}">{words}' in await read(abroad, "ani", f"{at}/topics")
        assert "/places/" not in await read(abroad, "ani", f"{at}/languages")


async def test_a_country_without_a_part_in_the_call_is_refused(abroad: Abroad) -> None:
    """An officer of a country that the call does not name reads no list of it."""
    abroad.of.organisations["BY"] = abroad.of.organisations["AM"]
    await abroad.post("programme", "/people", {"people": [abroad.of.person("olga", "Olga", "BY", "officer")]}, 201)
    assert "This call is not open to your country." in await read(abroad, "olga", address(abroad), 403)
    assert "/places/" not in await read(abroad, "olga", f"/applications/calls/{abroad.of.call['id']}")


async def test_an_officer_of_a_suspended_partner_is_refused(abroad: Abroad) -> None:
    """While the officer's country is suspended nothing is listed and nothing leads there."""
    await abroad.offer()
    draft = await abroad.post("ani", "/applications", {"call_id": abroad.of.call["id"], "kind": VISITS}, 201)
    await suspend(abroad, "AM", FINISH)
    sign_in_again(abroad.of, "ani")
    assert "A week with the cybercrime unit" not in await read(abroad, "ani", address(abroad), 403)
    await abroad.get("ani", route(abroad), 403)
    for page in ("/applications/calls", f"/applications/calls/{abroad.of.call['id']}"):
        assert "/places/" not in await read(abroad, "ani", page)
    answer = await abroad.of.as_("ani").get(f"/applications/mine/{draft['id']}/topics")
    assert "/places/" not in answer.text


async def test_a_call_is_browsed_while_it_takes_applications(abroad: Abroad) -> None:
    """After the deadline page and API say so (409); an unknown kind or call is not found."""
    await read(abroad, "ani", address(abroad, "tea"), 404)
    await abroad.get("ani", route(abroad, "tea"), 422)
    unknown = address(abroad).replace(abroad.of.call["id"], "0190a000-0000-7000-8000-000000000000")
    await read(abroad, "ani", unknown, 404)
    clock.move(timedelta(days=40))
    assert "This call is not open for applications now." in await read(abroad, "ani", address(abroad), 409)
    assert (await abroad.get("ani", route(abroad), 409))["code"] == "call-closed"
    assert "/places/" not in await read(abroad, "ani", f"/applications/calls/{abroad.of.call['id']}")
