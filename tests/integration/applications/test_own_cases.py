"""Nobody decides on their own case, or on that of somebody they manage or are managed by, by page or by API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from services.applications import decision_table as table
from shared.errors import ProblemCode
from shared.identity import every_route
from shared.identity.own_cases import template_of
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.conftest import days
from tests.integration.applications.suspension import sign_in_again
from tests.integration.applications.world import WORDS
from tests.pair_trial import both_versions, neither_choice_nor_reason
from tests.support import items, ticked_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2
    from fastapi import FastAPI

    from tests.integration.applications.conftest import Programme
    from tests.integration.applications.world import World

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
TAKES_PART = {table.of_match_as_other, table.of_guest_as_other}
"""The tables in which applicant and mentor take steps of their own."""
OFFICER = {"service": "police", "rank_group": "operational", "years_in_field": 6}
"""The register's data of an officer who can apply."""
AUTHORS = {table.of_offer: "claire", table.of_proposal: "tigran"}
"""The author of each thing that is decided."""


def writing(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Return method and path of each route that writes and is not for other services."""
    for route, access in every_route(app):
        if access.kind != "internal":
            yield from ((method, template_of(route)) for method in sorted((route.methods or set()) & WRITING))


def test_every_route_that_writes_is_in_the_table_once(programme: Programme) -> None:
    """Each route that writes is declared as a decision, with whom it concerns, or as none; the table names no other."""
    groups = [*table.DECISIONS.values(), table.IN_ACTION, *table.NO_DECISION.values()]
    declared = [path for paths in groups for path in paths]
    assert len(declared) == len(set(declared))
    routes = {path for _, path in writing(programme.app)}
    assert sorted(routes - set(declared)) == [], "declare it in services/applications/decision_table.py"
    assert sorted(set(declared) - routes) == [], "gone: take it out of services/applications/decision_table.py"
    pages = {template_of(route) for route, _ in every_route(programme.app) if "GET" in (route.methods or ())}
    assert {path for paths in table.PAGES.values() for path in paths} <= pages


def rights(programme: Programme, **of_officer: Any) -> list[dict[str, Any]]:
    """Return grants of everybody who decides anything about Armenian guests and French hosts."""
    since, organisations = "2025-01-01", programme.organisations
    return [
        {"role": "officer", "country": "AM", "since": since},
        {"role": "programme_coordinator", "since": since},
        {"role": "national_coordinator", "country": "AM", "since": since, **of_officer},
        {"role": "national_coordinator", "country": "FR", "since": since},
        {"role": "host_contact", "country": "FR", "organisation_id": organisations["FR"], "since": since},
    ]


async def entered(programme: Programme, subject: str, email: str = "", **of_officer: Any) -> str:
    """Enter somebody who may decide everything, or give these rights to a person of the register; return who."""
    people: list[dict[str, Any]] = (await programme.get("programme", "/people"))["items"]
    known = next((person for person in people if person["subject"] == subject), {})
    country = known.get("country") or "AM"
    entry = programme.person(subject, known.get("name") or subject.title(), country, "officer", **OFFICER)
    entry |= {"email": email or f"{subject}@police.example", "grants": rights(programme, **of_officer)}
    await programme.post("programme", "/people", {"people": [entry]}, 201)
    sign_in_again(programme, subject)
    return subject


async def confirmed_manager(programme: Programme, officer: str, by: str = "tigran") -> None:
    """Have a coordinator confirm the line manager whom an officer names in each application that was submitted."""
    for item in (await programme.get(officer, "/applications"))["items"]:
        shown = await programme.get(officer, f"/applications/{item['id']}")
        address = shown["answers"]["line_manager_email"]
        if shown["submitted_at"]:
            await programme.post(by, f"/applications/{item['id']}/line-manager/confirm", {"email": address})


async def with_tie(programme: Programme, tie: str) -> str:
    """Return an account with all rights and that tie to Ani."""
    match tie:
        case "own":
            return await entered(programme, "ani")
        case "manages":
            await confirmed_manager(programme, "ani")
            return await entered(programme, "boss", "Vardan@police.example")
        case "managed":
            await entered(programme, "subordinate")
            await programme.submitted("subordinate", line_manager_email="ANI@police.example")
            return "subordinate"
        case "deputy":
            return await entered(programme, "deputy", deputy_for="ani")
    return await entered(programme, "stranger")


async def ids_of(world: World) -> dict[str, str]:
    """Return the ids of Ani's things, and words for the other parameters."""
    programme = world.of.of
    change = {"kind": "leave", "subject": "ani", "last_day": str(clock.today())}
    proposal = (await programme.post("tigran", "/register/proposals", {"change": change}, 201))["proposal"]["id"]
    case = {"case_id": world.ids["application_id"], "decision_id": str(new_id()), "country": "AM"}
    return {**WORDS, **world.ids, **case, "item": "authorisation", "proposal_id": proposal}


async def request(programme: Programme, who: str, method: str, path: str, ids: dict[str, str]) -> httpx2.Response:
    """Return the answer to a request with nothing in its body: the rule is asked before the body is read."""
    address = re.sub(r"{(\w+)(?::\w+)?}", lambda found: ids[found[1]], path)
    body: dict[str, Any] = {"json": {}} if "/api/" in path else {"data": {"empty": ""}}
    return await programme.as_(who).request(method, address, **({} if method == "DELETE" else body))


def refused(answer: httpx2.Response) -> bool:
    """Return whether an answer refuses a decision on an own case, and names somebody who can decide."""
    if answer.status_code != 403 or "These people can decide instead: " not in answer.text:
        return False
    return "/api/" not in str(answer.url) or answer.json()["type"].endswith(f"/{ProblemCode.OWN_CASE}")


@pytest.mark.parametrize("tie", ["own", "manages", "managed", "deputy"])
async def test_officers_their_managers_and_deputies_decide_no_own_case(world: World, tie: str) -> None:
    """The officer, the line manager, a managed officer and a deputy are refused each decision on the officer's case."""
    programme, ids = world.of.of, await ids_of(world)
    who = await with_tie(programme, tie)
    before, wrong, tried = await programme.facts_published(), [], 0
    for finder, paths in table.DECISIONS.items():
        if finder is table.of_offer or (tie == "own" and finder in TAKES_PART):
            continue
        for method, path in writing(programme.app):
            if path in paths:
                tried += 1
                answer = await request(programme, who, method, path, ids)
                if not refused(answer):
                    wrong.append(f"{method} {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert tried > 40
    assert await programme.facts_published() == before


@pytest.mark.parametrize("finder", AUTHORS)
async def test_nobody_approves_what_they_wrote(world: World, finder: Any) -> None:
    """The author of a placement or a proposal is refused each decision on it, even with all rights."""
    programme, ids = world.of.of, await ids_of(world)
    who = await entered(programme, AUTHORS[finder])
    ways = [(method, path) for method, path in writing(programme.app) if path in table.DECISIONS[finder]]
    answers = [await request(programme, who, method, path, ids) for method, path in ways]
    assert [answer.status_code for answer in answers if not refused(answer)] == []
    assert len(answers) >= 4


async def test_decisions_are_open_to_others(world: World) -> None:
    """Nobody without a tie to the case is refused for one; the control of the test above."""
    programme, ids = world.of.of, await ids_of(world)
    who = await with_tie(programme, "none")
    for method, path in writing(programme.app):
        if any(path in paths for paths in table.DECISIONS.values()):
            assert not refused(await request(programme, who, method, path, ids)), f"{method} {path}"


async def test_own_steps_stay_open(world: World) -> None:
    """An officer who is a coordinator too still answers their own match and asks for other dates."""
    programme, ids = world.of.of, await ids_of(world)
    await with_tie(programme, "own")
    for method, path in writing(programme.app):
        if any(path in table.DECISIONS[finder] for finder in TAKES_PART):
            assert not refused(await request(programme, "ani", method, path, ids)), f"{method} {path}"


async def test_pages_say_why_and_who_can_decide(world: World) -> None:
    """A page with a decision shows those whom it concerns why it is not open to them, who can decide, and no form."""
    programme, ids = world.of.of, await ids_of(world)
    who = await with_tie(programme, "manages")
    for path in ("/applications/cases/{application_id}/void", "/applications/cases/{application_id}"):
        shown = (await request(programme, who, "GET", path, ids)).text
        assert "You are the line manager of a person in this case, so you cannot decide on it." in shown
        assert "These people can decide instead: " in shown
        assert "Tigran Hakobyan" in shown or path.endswith("void")
    assert 'type="submit"' not in (await request(programme, who, "GET", path + "/void", ids)).text.split("<main")[1]


async def test_an_officer_cannot_choose_who_decides(programme: Programme) -> None:
    """A coordinator whom an officer names as line manager decides all the same, and reads a note, until confirmed."""
    mariam = programme.person("mariam", "Mariam Grigoryan", "AM", "national_coordinator")
    await programme.post("programme", "/people", {"people": [mariam]}, 201)
    made = await programme.submitted("ani", line_manager_email="TIGRAN@police.example")
    of = f"/applications/{made['id']}"
    assert (await programme.get("tigran", f"/cases/{made['id']}"))["coordinator_named_as_manager"]
    page = (await programme.as_("tigran").get(f"/applications/cases/{made['id']}")).text
    assert "The officer names you as line manager." in page
    assert (
        "The officer names a coordinator, tigran@police.example"
        in (await programme.as_("mariam").get(f"/applications/cases/{made['id']}")).text
    )
    await programme.post("tigran", f"{of}/return", {"remarks": {"periods": "When?"}})
    await programme.post("ani", f"{of}/submit")
    address = f"/applications/cases/{made['id']}/line-manager"
    form = (await programme.as_("mariam").get(address)).text
    assert "tigran@police.example" in form
    for email in ("vardan@mail.example", "tigran@police.example"):
        named = {"name": "Vardan", "email": email}
        await programme.as_("ani").put(f"/applications/api/v1{of}/line-manager", json=named)
        stale = await programme.as_("mariam").post(
            address, data={"address": "old@police.example"} | ticked_versions(form)
        )
        assert (stale.status_code, f'name="address" value="{email}"' in stale.text) == (412, True)
        assert (both_versions(stale), neither_choice_nor_reason(stale)) == (True, False)
    answer = await programme.as_("mariam").post(address, data={"address": "tigran@police.example"})
    assert answer.status_code == 303
    assert (await programme.post("tigran", f"{of}/endorse", status=403))["type"].endswith("/own-case")
    page = (await programme.as_("tigran").get(f"/applications/cases/{made['id']}")).text
    assert "You are the line manager of a person in this case" in page
    other = {"name": "Somebody", "email": "mariam@police.example"}
    answer = await programme.as_("ani").put(f"/applications/api/v1{of}/line-manager", json=other)
    assert answer.status_code == 200
    before = await programme.facts_published()
    assert (await programme.post("tigran", f"{of}/endorse", status=403))["type"].endswith("/own-case")
    assert await programme.facts_published() == before
    assert (await programme.post("mariam", f"{of}/endorse"))["state"] == "endorsed"


async def test_naming_a_line_manager_binds_the_one_who_names(programme: Programme) -> None:
    """A coordinator whose own application names an officer as line manager does not decide on that officer's case."""
    await entered(programme, "tigran")
    await programme.submitted("tigran", line_manager_email="ani@police.example")
    made = await programme.submitted("ani")
    answer = await programme.post("tigran", f"/applications/{made['id']}/endorse", status=403)
    assert "is your line manager" in answer["detail"]


async def test_own_cases_are_left_out_of_decisions_on_several(programme: Programme) -> None:
    """Endorsing several applications, and confirming their eligibility, leaves the reader's own and says why."""
    await entered(programme, "tigran")
    own = await programme.submitted("tigran")
    other = await programme.submitted("ani")
    ids = [own["id"], other["id"]]
    result = await programme.post("tigran", "/decisions", {"applications": items(*ids), "decision": "endorse"})
    assert result["done"] == [other["id"]]
    assert [case["id"] for case in result["left"]] == [own["id"]]
    assert "your own case" in result["left"][0]["detail"]
    page = await programme.as_("tigran").get(f"/applications/cases/decide?act=endorse&case={own['id']}")
    assert "This is your own case" in page.text
    await programme.post("programme", f"/applications/{own['id']}/endorse")
    result = await programme.post("tigran", "/eligibility/confirm", {"applications": items(*ids)})
    assert [case["id"] for case in result["done"]] == [other["id"]]
    assert [(case["id"], "your own case" in case["detail"]) for case in result["left"]] == [(own["id"], True)]
    page = await programme.as_("tigran").get(f"/applications/cases/decide?act=eligibility&case={own['id']}")
    assert "This is your own case" in page.text


async def test_a_deputy_does_not_endorse_their_own_application(programme: Programme) -> None:
    """A deputy's own application is neither the deputy's nor the coordinator's to endorse: the programme is asked."""
    await programme.post(
        "programme",
        "/people",
        {"people": [programme.person("davit", "Davit Sahakyan", "AM", "officer", **OFFICER)]},
        201,
    )
    people = (await programme.get("programme", "/people"))["items"]
    davit = next(person["id"] for person in people if person["subject"] == "davit")
    named = {"deputy_id": davit, "role": "national_coordinator", "since": str(days(0)), "until": str(days(30))}
    await programme.post("tigran", "/register/deputies", named, 201)
    made = await programme.submitted("davit")
    for who in ("davit", "tigran"):
        answer = await programme.post(who, f"/applications/{made['id']}/endorse", status=403)
        assert answer["type"].endswith("/own-case")
    async with programme.app.state.service.bus.read() as session:
        kept = (await session.execute(sa.text("SELECT subject, reason FROM attempt ORDER BY at, subject"))).all()
    assert [tuple(row) for row in kept] == [("davit", "own_case"), ("tigran", "own_case")]
    assert (await programme.get("programme", f"/cases/{made['id']}"))["you_decide_as"] == "programme"
    assert [item["id"] for item in (await programme.get("programme", "/queue?needs=me"))["items"]] == [made["id"]]
    assert (await programme.get("tigran", "/queue?needs=me"))["items"] == []
    page = await programme.as_("programme").get(f"/applications/cases/{made['id']}")
    assert "the case concerns those who decide for Armenia" in page.text
    assert (await programme.post("programme", f"/applications/{made['id']}/endorse"))["state"] == "endorsed"


async def test_a_second_coordinator_decides_first(programme: Programme) -> None:
    """While a country has a coordinator whom the case does not concern, the programme is not asked in its place."""
    officer, _, coordinator, *_ = rights(programme)
    tigran = programme.person("tigran", "Tigran Hakobyan", "AM", "officer", **OFFICER)
    mariam = programme.person("mariam", "Mariam Grigoryan", "AM", "national_coordinator")
    people = [tigran | {"grants": [officer, coordinator]}, mariam]
    await programme.post("programme", "/people", {"people": people}, 201)
    made = await programme.submitted("tigran")
    await programme.post("programme", f"/applications/{made['id']}/endorse", status=409)
    await programme.post("tigran", f"/applications/{made['id']}/endorse", status=403)
    assert (await programme.post("mariam", f"/applications/{made['id']}/endorse"))["state"] == "endorsed"


async def test_nobody_changes_their_own_rights(programme: Programme) -> None:
    """A programme coordinator neither enters own rights, nor confirms own access, nor becomes a deputy by own hand."""
    people = (await programme.get("programme", "/people"))["items"]
    own = next(person for person in people if person["subject"] == "programme")
    await entered(programme, "second")
    entry = {"subject": "programme", "name": own["name"], "email": own["email"], "grants": rights(programme)}
    answer = await programme.post("programme", "/people", {"people": [entry]}, 403)
    assert answer["type"].endswith("/own-case")
    change = {"change": {"kind": "person", "entry": entry}}
    assert (await programme.post("programme", "/register/proposals", change, 403))["type"].endswith("/own-case")
    result = await programme.post("programme", "/register/access/confirm", {"people": items(own["id"])})
    assert (result["done"], [case["code"] for case in result["left"]]) == ([], ["second-person-needed"])
    holder = next(person["id"] for person in people if person["subject"] == "tigran")
    named = {
        "deputy_id": own["id"],
        "role": "national_coordinator",
        "since": str(clock.today()),
        "until": str(clock.today()),
        "holder_id": holder,
    }
    assert (await programme.post("programme", "/register/deputies", named, 403))["type"].endswith("/own-case")
    assert (await programme.post("second", "/people", {"people": [entry]}, 201))["ids"] == [own["id"]]


async def test_own_cases_are_left_out_of_every_decision_on_several(world: World) -> None:
    """Clearing, endorsing placements, approving proposals and confirming access leave own cases, and say why."""
    programme, ids = world.of.of, await ids_of(world)
    who = await with_tie(programme, "own")
    match_id = str(await world.of.proposed(ids["application_id"], offer_id=ids["offer_id"]))
    cleared = await programme.post(who, "/matches/clear", {"matches": items(match_id)})
    assert [(case["id"], "your own case" in case["detail"]) for case in cleared["left"]] == [(match_id, True)]
    approved = await programme.post(who, "/register/proposals/approve", {"proposals": items(ids["proposal_id"])})
    assert [(case["id"], "your own case" in case["detail"]) for case in approved["left"]] == [
        (ids["proposal_id"], True)
    ]
    confirmed = await programme.post(who, "/register/access/confirm", {"people": items(ids["person_id"])})
    assert (confirmed["done"], [case["id"] for case in confirmed["left"]]) == ([], [ids["person_id"]])
    body = {"call_id": programme.call["id"], "entry": world.of.offer_entry(), "submit": True}
    await entered(programme, "claire")
    own = await programme.post("claire", "/offers", body, 201)
    endorsed = await programme.post("claire", "/offers/decide", {"offers": items(own["id"])})
    assert [(case["id"], "You wrote this" in case["detail"]) for case in endorsed["left"]] == [(own["id"], True)]
    page = await programme.as_("claire").get(f"/applications/offers/decide?act=endorse&offer={own['id']}")
    assert "You wrote this, so you cannot decide on it." in page.text
