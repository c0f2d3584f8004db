"""Tests of an application from draft to eligible through the API: each step once, and by the right people only."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from services.applications.application.actions.deadlines import keep_deadlines, withdraw_silent
from services.applications.application.store.applications import Application
from services.applications.consumers import consumers
from services.applications.register.actions.bulk import enter_first_coordinator
from shared.contracts import matches, visits
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.integration.applications.overview.test_projection import story
from tests.support import SERVICE_TOKEN, Feed, example_of, items
from tests.waiting import PATIENCE, until, watching_the_clock

if TYPE_CHECKING:
    import pytest

    from tests.integration.applications.conftest import Programme


async def test_returned_once_then_endorsed_and_found_eligible(programme: Programme) -> None:
    """An application is submitted, returned, answered, endorsed and eligible, with its events in that order."""
    made = await programme.submitted()
    assert made["reference"] == f"AM-{clock.today().year}-0001"
    assert made["state"] == "submitted"
    of = f"/applications/{made['id']}"
    returned = await programme.post("tigran", f"{of}/return", {"remarks": {"languages": "Which certificate?"}})
    assert returned["state"] == "returned_for_information"
    page = await programme.as_("ani").get(f"/applications/mine/{made['id']}")
    assert "Which certificate?" in page.text
    languages = {"languages": [{"language": "en", "level": "C1"}]}
    answer = await programme.as_("ani").put(f"/applications/api/v1{of}/answers", json=languages)
    assert answer.status_code == 200, answer.text
    assert (await programme.post("ani", f"{of}/submit"))["state"] == "submitted"
    assert (await programme.post("tigran", f"{of}/endorse"))["state"] == "endorsed"
    waiting = await programme.get("programme", "/eligibility")
    assert [item["eligible"] for item in waiting["items"]] == [True]
    await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    assert (await programme.get("ani", of))["state"] == "in_matching"
    types = [kind for kind, _, _ in await programme.journal("exchange.applications")]
    assert types == [
        "ApplicationSubmitted",
        "LineManagerNamed",
        "ApplicationReturned",
        "ApplicationResubmitted",
        "ApplicationEndorsed",
        "ApplicationFoundEligible",
    ]
    counted = await programme.journal("exchange.counting")
    assert [kind for kind, _, _ in counted] == ["CountingKeyAssigned"]
    assert counted[0][2]["sex"] == "female"


async def test_no_event_holds_a_name_or_a_text(programme: Programme) -> None:
    """No event contains a name, an address, an objective or a remark."""
    made = await programme.submitted()
    remark = {"remarks": {"objectives": "Please be more exact."}}
    await programme.post("tigran", f"/applications/{made['id']}/return", remark)
    for topic in ("exchange.applications", "exchange.access", "exchange.counting"):
        events = str(await programme.journal(topic))
        for secret in ("Petrosyan", "police.example", "seized devices", "more exact", "Sargsyan"):
            assert secret not in events


async def test_other_countries_and_people_find_nothing(programme: Programme) -> None:
    """Another person's application is not found, by page and by API, and cannot be decided."""
    made = await programme.submitted()
    of = f"/applications/{made['id']}"
    await programme.get("nino", of, 404)
    await programme.get("giorgi", of, 404)
    await programme.post("giorgi", f"{of}/endorse", status=404)
    await programme.post("nino", f"{of}/withdraw", {"reason": "health"}, 404)
    assert (await programme.as_("nino").get(f"/applications/mine/{made['id']}")).status_code == 404
    assert (await programme.as_("giorgi").get(f"/applications/cases/{made['id']}")).status_code == 404
    assert (await programme.get("giorgi", "/queue"))["items"] == []
    assert len((await programme.get("tigran", "/queue"))["items"]) == 1


async def test_impossible_steps_are_refused_with_the_reason(programme: Programme) -> None:
    """A second decision, a missing answer and a language below the call's are each named in words."""
    draft = await programme.post("ani", "/applications", {"call_id": programme.call["id"], "kind": "study_visit"}, 201)
    problem = await programme.post("ani", f"/applications/{draft['id']}/submit", status=422)
    assert {error["name"] for error in problem["errors"]} >= {"languages", "objectives", "privacy"}
    made = await programme.submitted(languages=[{"language": "en", "level": "A2"}])
    assert made["id"] == draft["id"]
    finding = next(entry for entry in made["eligibility"] if entry["rule"] == "language")
    assert (finding["met"], finding["given"]) == (False, "English A2")
    assert "B1" in finding["asks"]
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    again = await programme.post("tigran", f"/applications/{made['id']}/endorse")
    assert again["state"] == "endorsed"
    problem = await programme.post("programme", f"/applications/{made['id']}/endorse", status=409)
    assert "Endorsed" in problem["detail"]
    await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    assert (await programme.get("ani", f"/applications/{made['id']}"))["state"] == "ineligible"
    last = (await programme.journal("exchange.applications"))[-1]
    assert (last[0], last[2]["outcome"]) == ("ApplicationDecided", "ineligible")


async def test_a_returned_application_is_withdrawn_after_ten_working_days(programme: Programme) -> None:
    """Without an answer within ten working days of a return the application is withdrawn, once.

    The clock waits until all that arrived in time is answered. The copy of the returned answers goes with the return.
    """
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"periods": "When?"}})
    bus = programme.app.state.service.bus

    async def copy() -> object:
        async with bus.read() as session:
            application = await session.get(Application, UUID(made["id"]))
            assert application is not None
            return application.returned_answers

    assert await copy() is not None
    due = datetime.fromisoformat((await programme.get("ani", f"/applications/{made['id']}"))["due"])
    clock.move(due - clock.now() + ANSWERED_WITHIN - timedelta(minutes=1))
    assert await withdraw_silent(bus) == 0
    clock.move(timedelta(minutes=2))
    assert await withdraw_silent(bus) == 1
    assert await withdraw_silent(bus) == 0
    events = await programme.journal("exchange.applications")
    assert [kind for kind, _, _ in events][-2:] == ["ApplicationWithdrawn", "ApplicationDecided"]
    assert (events[-2][2]["reason"], events[-2][2]["by"]) == ("no_answer", "clock")
    assert await copy() is None


async def test_a_closed_call_leaves_applications_unplaced(programme: Programme) -> None:
    """A closed call leaves a submitted application unplaced, and accepts no new one."""
    made = await programme.submitted()
    answer = await programme.post("programme", f"/calls/{programme.call['id']}/close")
    assert answer == {"unplaced": 1}
    assert (await programme.get("ani", f"/applications/{made['id']}"))["state"] == "unplaced"
    body = {"call_id": programme.call["id"], "kind": "mentee"}
    await programme.post("ani", "/applications", body, 409)
    assert await programme.post("programme", f"/calls/{programme.call['id']}/close") == {"unplaced": 1}
    assert len([kind for kind, _, _ in await programme.journal("exchange.calls") if kind == "CallClosed"]) == 1


async def test_a_confirmed_match_decides_once(programme: Programme, feed: Feed) -> None:
    """MatchConfirmed gives the outcome place_confirmed, and a later withdrawal no second one."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    example = example_of(matches.MatchConfirmed)["pairing"] | {"application_id": made["id"]}
    match_id = new_id()
    await feed.deliver((matches.MatchConfirmed.model_validate({"pairing": example}), match_id))
    await programme.post("ani", f"/applications/{made['id']}/withdraw", {"reason": "health"})
    events = await programme.journal("exchange.applications")
    decided = [payload["outcome"] for kind, _, payload in events if kind == "ApplicationDecided"]
    assert decided == ["place_confirmed"]
    assert events[-1][2]["reason"] == "personal"


async def test_nobody_withdraws_from_a_visit_that_is_over(programme: Programme, feed: Feed) -> None:
    """An application is open until its visit has ended, and then cannot be withdrawn."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    await feed.apply(story(feed, UUID(made["id"]), new_id(), new_id()))
    assert (await programme.get("ani", f"/applications/{made['id']}"))["state"] == "completed"
    await programme.post("ani", f"/applications/{made['id']}/withdraw", {"reason": "health"}, 409)
    types = [kind for kind, _, _ in await programme.journal("exchange.applications")]
    assert "ApplicationWithdrawn" not in types


async def test_an_application_back_in_matching_can_be_withdrawn(programme: Programme, feed: Feed) -> None:
    """A match that was cancelled with its visit leaves the application open for another place."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    match_id, visit_id = new_id(), new_id()
    records = story(feed, UUID(made["id"]), match_id, visit_id)
    await feed.apply(records[:6])  # as far as the visit is scheduled
    plan = example_of(visits.VisitScheduled)["plan"] | {"application_id": made["id"], "match_id": str(match_id)}
    pairing = example_of(matches.MatchConfirmed)["pairing"] | {"application_id": made["id"]}
    over = {"by": "host", "reason": "not_available"}
    cancelled = visits.VisitCancelled.model_validate({**visits.VisitCancelled.example, **over, "plan": plan})
    ended = matches.MatchCancelled.model_validate({**matches.MatchCancelled.example, **over, "pairing": pairing})
    again = Feed(programme.app.state.service.bus, consumers)
    await again.apply([again.record(cancelled, visit_id, sequence=2), again.record(ended, match_id, sequence=5)])
    assert (await programme.get("ani", f"/applications/{made['id']}"))["state"] == "in_matching"
    await programme.post("ani", f"/applications/{made['id']}/withdraw", {"reason": "health"})


async def test_contacts_are_given_to_services_only_and_logged(programme: Programme) -> None:
    """Services get the recipients of an audience with opaque ids, and each request is in the access log."""
    made = await programme.submitted()
    client = programme.as_("programme")
    headers = {"X-Service-Token": SERVICE_TOKEN, "X-Service": "notifications"}
    path = "/applications/internal/contacts"
    body = {"audience": "applicant", "purpose": "application_submitted", "application_id": made["id"]}
    assert (await client.post(path, json=body)).status_code == 401
    answer = (await client.post(path, json=body, headers=headers)).json()
    assert [(recipient["name"], recipient["address"]) for recipient in answer["recipients"]] == [
        ("Ani Petrosyan", "ani@police.example")
    ]
    body = {"audience": "home_coordinator", "purpose": "application_submitted", "country": "AM"}
    answer = (await client.post(path, json=body, headers=headers)).json()
    assert [recipient["name"] for recipient in answer["recipients"]] == ["Tigran Hakobyan"]
    body = {"audience": "host_contact", "purpose": "x", "organisation_id": programme.organisations["FR"]}
    answer = (await client.post(path, json=body, headers=headers)).json()
    assert [recipient["name"] for recipient in answer["recipients"]] == ["Claire Moreau"]
    answer = await client.post(
        "/applications/internal/objectives", json={"application_id": made["id"]}, headers=headers
    )
    assert answer.json()["objectives"][0]["number"] == 1
    many = [{"audience": "applicant", "purpose": "x", "application_id": entry} for entry in (made["id"], str(new_id()))]
    many += [{"audience": "home_coordinator", "purpose": "x", "country": "AM"}] * 2 + [
        {"audience": "mentor", "purpose": "x"}
    ]
    answer = (await client.post(f"{path}/many", json={"wanted": many}, headers=headers)).json()
    names = [[entry["name"] for entry in found] for found in answer["answers"]]
    assert names == [["Ani Petrosyan"], [], ["Tigran Hakobyan"], ["Tigran Hakobyan"], []]
    async with programme.app.state.service.bus.read() as session:
        logged = (await session.execute(text("SELECT category, caller FROM access_log ORDER BY at, id"))).all()
    contact, objectives = ("contact", "notifications"), ("objectives", "notifications")
    assert [tuple(row) for row in logged] == [contact] * 3 + [objectives] + [contact] * 5


async def test_an_eu_agency_has_its_clearance_officer_as_coordinator(programme: Programme) -> None:
    """Messages for the coordinator of an EU agency reach its own clearance officer only."""
    entries = [
        {"name": f"EU agency {number}", "kind": "eu_agency", "country": "EU", "city": "The Hague"} for number in (1, 2)
    ]
    ids = (await programme.post("programme", "/organisations", {"organisations": entries}, 201))["ids"]
    people = []
    for number, organisation_id in enumerate(ids, start=1):
        programme.organisations["EU"] = organisation_id
        person = programme.person(
            f"pieter{number}", f"Pieter {number}", "EU", "clearance_officer", organisation_id=organisation_id
        )
        people.append(person)
    await programme.post("programme", "/people", {"people": people}, 201)
    headers = {"X-Service-Token": SERVICE_TOKEN, "X-Service": "notifications"}
    body = {"audience": "host_coordinator", "purpose": "x", "country": "EU"}
    client, path = programme.as_("programme"), "/applications/internal/contacts"
    for audience in ("host_coordinator", "home_coordinator"):
        named = body | {"audience": audience, "organisation_id": ids[1]}
        answer = (await client.post(path, json=named, headers=headers)).json()
        assert [recipient["name"] for recipient in answer["recipients"]] == ["Pieter 2"]
    assert (await client.post(path, json=body, headers=headers)).status_code == 422
    assert 'href="/applications/offers"' in (await programme.as_("pieter1").get("/applications/")).text


async def test_the_first_coordinator_is_entered_once(programme: Programme) -> None:
    """A second start enters no second coordinator."""
    assert not await enter_first_coordinator(programme.app.state.service.bus, "somebody-else")


async def test_the_loop_wakes_when_the_clock_is_moved(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moved clock wakes the loop at once, which withdraws the silent officer's application under its lease."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"periods": "When?"}})
    waits = watching_the_clock(monkeypatch)
    loop = asyncio.create_task(keep_deadlines(programme.app.state.service))

    async def withdrawn() -> bool:
        return bool((await programme.get("ani", f"/applications/{made['id']}"))["state"] == "withdrawn")

    try:
        await asyncio.wait_for(waits.wait(), PATIENCE)
        clock.move(timedelta(days=25))
        await until(withdrawn, "the application is withdrawn", unless=loop)
    finally:
        loop.cancel()


async def test_own_applications_come_page_by_page(programme: Programme) -> None:
    """An officer's applications are listed with their state, the newest first, by cursor."""
    study = await programme.submitted("ani")
    body = {"call_id": programme.call["id"], "kind": "mentee"}
    mentee = await programme.post("ani", "/applications", body, 201)
    first = await programme.get("ani", "/applications?limit=1")
    second = await programme.get("ani", f"/applications?limit=1&cursor={first['next']}")
    assert [item["id"] for item in first["items"] + second["items"]] == [mentee["id"], study["id"]]
    assert [item["state"] for item in first["items"] + second["items"]] == ["draft", "submitted"]
    assert second["next"] is None
    await programme.get("ani", "/applications?cursor=nonsense", 422)


async def test_a_misspelt_or_unreadable_answer_is_refused_with_its_place(programme: Programme) -> None:
    """The body of answers is typed: an unknown field and a wrong value are named, and nothing is saved."""
    body = {"call_id": programme.call["id"], "kind": "study_visit"}
    draft = await programme.post("ani", "/applications", body, 201)
    path = f"/applications/api/v1/applications/{draft['id']}/answers"
    for wrong, place in (
        ({"cascade_comitted": True}, "/cascade_comitted"),
        ({"years_in_field": 99}, "/years_in_field"),
    ):
        refused = await programme.as_("ani").put(path, json=wrong)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == [place]
    assert (await programme.get("ani", f"/applications/{draft['id']}"))["answers"] == draft["answers"]
