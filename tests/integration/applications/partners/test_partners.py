"""A partner is suspended in one step as previewed, and reinstated."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from services.applications.partners.actions import effects, notices
from services.applications.partners.actions.clock import take_due
from shared.bus.db import leases
from shared.contracts import matches, visits
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.integration.applications.conftest import days
from tests.integration.applications.suspension import FINISH, HOME, cases, choosing, payloads, sign_in_again, suspend
from tests.integration.applications.test_stale_forms import buttons, form_to, keep, table
from tests.support import move_to

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad


async def in_stage(of: Abroad, side: str, stage: str) -> tuple[str, UUID | None]:
    """Make a case of a group; return the country to suspend (home AM or GE, host GE), and the match."""
    if stage == "waiting":
        await of.eligible()
        return "AM", None
    if stage == "mentorship":
        match_id = await of.mentor_matched()
        if side == "host":  # the mentor sits in a partner country then
            of.pairings[match_id] |= {"host_country": "MD"}
        await of.opened(match_id)
        return ("GE" if side == "home" else "MD"), match_id
    match_id = await of.placement_matched()
    country = "AM"
    if side == "host":
        of.pairings[match_id] |= {"host_country": "MD"}
        country = "MD"
    if stage == "proposed":
        await of.publish(matches.MatchCleared, match_id)
        return country, match_id
    await of.publish(matches.MatchConfirmed, match_id)
    visit_id = new_id()
    await of.publish_visit_event(visits.VisitScheduled, visit_id, match_id, agenda_due=clock.now())
    if stage == "under_way":
        await of.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    return country, match_id


@pytest.mark.parametrize(
    ("side", "stage"), [*(("home", stage) for stage in HOME), *(("host", stage) for stage in HOME[1:])]
)
@pytest.mark.parametrize("choice", ["finish", "fund", "cancel", "notice"])
async def test_each_group_and_choice(abroad: Abroad, side: str, stage: str, choice: str) -> None:
    """Each group is finished, moved to a fund, cancelled or given notice, and other choices are refused."""
    country, match_id = await in_stage(abroad, side, stage)
    fund = {"name": "Bilateral fund", "payer": "Somebody else", "since": "2025-01-01"}
    (fund_id,) = (await abroad.post("programme", "/funds", {"funds": [fund]}, 201))["ids"]
    more: dict[str, Any] = {"fund_id": fund_id} if choice == "fund" else {}
    more |= {"notice_days": 14} if choice == "notice" else {}
    made = choosing(side, stage, "cancel" if choice == "notice" else choice, **more)
    if (stage, choice) in {("waiting", "fund"), ("under_way", "cancel"), ("under_way", "notice")}:
        body = {"since": str(clock.today()), "choices": made}
        refused = await abroad.post("programme", f"/partners/{country}/suspension/preview", body, 422)
        assert [error["name"] for error in refused["errors"]] == [f"{side}_{stage}"]
        return
    (case,) = await cases(abroad, country, await suspend(abroad, country, made))
    assert (case["side"], case["stage"]) == (side, stage)
    cancelled = await payloads(abroad, "exchange.applications", "ApplicationCancelled")
    requested = await payloads(abroad, "exchange.participation", "CancellationRequested")
    moved = await payloads(abroad, "exchange.participation", "FundChangeRequested")
    ((_, key, status),) = [
        row for row in await abroad.of.journal("exchange.registry") if row[0] == "PartnerStatusChanged"
    ]
    assert (key, status) == (country, {"country": country, "status": "suspended", "since": str(clock.today())})
    ended = requested if side == "host" else cancelled
    assert len(cancelled) + len(requested) == (1 if choice == "cancel" else 0)
    assert len(moved) == (1 if choice == "fund" else 0)
    assert case["state"] == {"finish": "goes_on", "fund": "goes_on", "cancel": "cancelled", "notice": "notice"}[choice]
    if choice == "cancel":
        assert ended[0]["reason"] == "partner_suspended"
    if choice == "fund":
        assert (moved[0]["fund_id"], moved[0]["reason"]) == (fund_id, "partner_suspended")
    if choice == "notice":
        assert case["ends_on"] == str(days(14))
        assert await notices.end_all_due(abroad.of.app.state.service.bus) == 0
        clock.move(timedelta(days=14) + ANSWERED_WITHIN)
        assert await notices.end_all_due(abroad.of.app.state.service.bus) == 1
        assert await notices.end_all_due(abroad.of.app.state.service.bus) == 0
        topic, kind = (
            ("participation", "CancellationRequested") if side == "host" else ("applications", "ApplicationCancelled")
        )
        (late,) = await payloads(abroad, f"exchange.{topic}", kind)
        assert late["reason"] == "partner_suspended"
    assert match_id is None or case["match_id"] == str(match_id)


async def test_placements_and_mentors_pause_and_stay_paused(abroad: Abroad) -> None:
    """Placements and mentors pause with the suspension, and after reinstatement only their owner resumes them."""
    people = [abroad.of.person("gia", "Gia Host", "GE", "host_contact", organisation_id=abroad.of.organisations["GE"])]
    people += [abroad.of.person("keti", "Keti Mentor", "GE", "mentor", service="police", rank_group="supervisor")]
    await abroad.post("programme", "/people", {"people": people}, 201)
    made = await abroad.post(
        "gia", "/offers", {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": True}, 201
    )
    await abroad.post("giorgi", f"/offers/{made['id']}/endorse")
    await abroad.post("gia", f"/offers/{made['id']}/publish")
    mentor = await abroad.post(
        "keti", "/mentors", {"call_id": abroad.of.call["id"], "entry": abroad.mentor_entry(), "publish": True}, 201
    )
    await suspend(abroad, "GE", FINISH)
    assert await payloads(abroad, "exchange.offers", "OfferPaused") == [{"cause": "partner_suspended"}]
    assert await payloads(abroad, "mentoring.mentors", "MentorPaused") == [{"cause": "partner_suspended"}]
    await abroad.post("programme", "/partners/GE/reinstatement", {"since": str(clock.today())}, 201)
    sign_in_again(abroad.of, "gia")
    sign_in_again(abroad.of, "keti")
    assert (await abroad.get("gia", f"/offers/{made['id']}"))["state"] == "paused"
    assert "Resume placements" in (await abroad.of.as_("gia").get("/applications/")).text
    assert "Resume profile" in (await abroad.of.as_("keti").get("/applications/")).text
    await abroad.post("gia", f"/offers/{made['id']}/resume")
    await abroad.post("keti", f"/mentors/{mentor['id']}/resume")


async def test_a_decision_for_a_later_day_can_be_withdrawn(abroad: Abroad) -> None:
    """A decision for a later day takes effect once, on its day, unless it is withdrawn before."""
    await abroad.eligible()
    first = await suspend(abroad, "AM", choosing("home", "waiting", "cancel"), days(5))
    assert first["state"] == "waiting"
    listed = {partner["country"]: partner for partner in (await abroad.get("programme", "/partners"))["items"]}
    assert (listed["AM"]["status"], listed["AM"]["later"]) == ("active", first)
    record = await abroad.get("programme", f"/partners/AM/decisions/{first['id']}")
    assert {name: record[name] for name in first} == first
    body = {"since": str(days(5)), "choices": FINISH}
    await abroad.post("programme", "/partners/AM/suspension/preview", body, 409)
    withdrawn = await abroad.post("programme", f"/partners/AM/decisions/{first['id']}/withdraw")
    assert withdrawn["state"] == "withdrawn"
    clock.move(timedelta(days=5))
    bus = abroad.of.app.state.service.bus
    assert await take_due(bus) == 0
    assert await payloads(abroad, "exchange.applications", "ApplicationCancelled") == []
    second = await suspend(abroad, "AM", choosing("home", "waiting", "cancel"), days(2))
    assert await take_due(bus) == 0
    clock.move(timedelta(days=2))
    assert await take_due(bus) == 1
    assert await take_due(bus) == 0
    (case,) = await cases(abroad, "AM", second)
    assert (case["state"], case["changed_by"]) == ("cancelled", "system:clock")
    await abroad.post("programme", f"/partners/AM/decisions/{second['id']}/withdraw", status=409)
    await abroad.post("programme", "/partners/AM/reinstatement", {"since": str(days(3))}, 201)
    sign_in_again(abroad.of, "ani")
    await abroad.get("ani", "/applications", 403)
    clock.move(timedelta(days=3))
    assert await take_due(bus) == 1
    assert [item["state"] for item in (await abroad.get("ani", "/applications"))["items"]] == ["cancelled"]


async def test_a_notice_is_withdrawn_or_ends_with_the_reinstatement(abroad: Abroad) -> None:
    """A case goes on when its notice is withdrawn, or when the partner is reinstated during the notice."""
    await abroad.eligible()
    decision = await suspend(abroad, "AM", choosing("home", "waiting", "cancel", notice_days=10))
    (case,) = await cases(abroad, "AM", decision)
    address = f"/partners/AM/decisions/{decision['id']}/cases/{case['id']}/keep"
    assert (await abroad.post("programme", address))["state"] == "taken_back"
    assert (await abroad.post("programme", address))["state"] == "taken_back"
    await abroad.post("programme", "/partners/AM/reinstatement", {"since": str(clock.today())}, 201)
    clock.move(timedelta(days=1))
    again = await suspend(abroad, "AM", choosing("home", "waiting", "cancel", notice_days=10))
    await abroad.post("programme", "/partners/AM/reinstatement", {"since": str(clock.today())}, 201)
    (lapsed,) = await cases(abroad, "AM", again)
    assert lapsed["state"] == "taken_back"
    clock.move(timedelta(days=11))
    assert await notices.end_all_due(abroad.of.app.state.service.bus) == 0
    gone = f"/partners/AM/decisions/{decision['id']}/cases/{decision['id']}/keep"
    await abroad.post("programme", gone, status=404)


async def test_a_change_since_the_preview_is_compared_and_chosen(abroad: Abroad) -> None:
    """A new application since the preview gives 409 by API, and by page both versions with the choice to suspend."""
    await abroad.eligible()
    body = {"since": str(clock.today()), "choices": FINISH}
    preview = await abroad.post("programme", "/partners/AM/suspension/preview", body)
    at, client = "/applications/partners/AM/suspend/confirm", abroad.of.as_("programme")
    query = {"since": str(clock.today()), "home_waiting": "finish"}
    opened = await client.get("/applications/partners/AM/suspend/preview", params=query)
    form = form_to(opened.text, at) | {"note": ["Council decision"]}
    await abroad.eligible(kind="mentee")
    await abroad.post("programme", "/partners/AM/suspension", {**body, "digest": preview["digest"]}, 409)
    page = await client.post(at, data=form)
    keep("suspension", page)
    assert page.status_code == 412
    assert "Something has changed" in page.text
    assert "Council decision" in page.text
    compared = table(page.text)
    group = "Its officers' applications without a match"
    wait = "Keep on hold until the partner is reinstated"
    assert compared[group] == (f"{wait}. 1 case", f"{wait}. 2 cases Changed")
    assert [then for then, now in compared.values() if now.endswith("In matching Changed")] == ["Empty"]
    assert buttons(page.text) == ["Suspend now all the same"]
    assert (await abroad.get("programme", "/partners/AM"))["status"] == "active"
    await abroad.placement_matched()
    second = await client.post(at, data=form_to(page.text, at))
    keep("suspension-asked", second)
    assert second.status_code == 412
    matches_group = "Its officers' matches that are not confirmed"
    assert table(second.text)[matches_group] == ("Empty", "No choice yet. 1 case Changed")
    assert f"Choose what happens to: {matches_group}" in unescape(second.text)
    choice = form_to(second.text, at) | {"home_proposed": ["finish"]}
    done = await client.post(at, data=choice)
    assert done.status_code == 303
    again = await client.post(at, data=choice)
    assert again.headers["location"] == done.headers["location"]
    decided = await abroad.get("programme", done.headers["location"].removeprefix("/applications").partition("?")[0])
    assert len([case for case in decided["cases"] if case["kind"] == "match"]) == 1
    other = await client.post(at, data=choice | {"home_proposed": ["cancel"]})
    assert other.status_code == 412
    assert "This partner is already suspended." in other.text


async def test_two_coordinators_at_once(abroad: Abroad) -> None:
    """Of two different simultaneous decisions one is refused, and two equal ones count once."""
    await abroad.eligible()
    first, second = (
        {"since": str(clock.today()), "choices": made} for made in (FINISH, choosing("home", "waiting", "cancel"))
    )
    marks = [
        (await abroad.post("programme", "/partners/AM/suspension/preview", body))["digest"] for body in (first, second)
    ]
    client = abroad.of.as_("programme")
    answers = await asyncio.gather(
        *(
            client.post("/applications/api/v1/partners/AM/suspension", json={**body, "digest": mark})
            for body, mark in ((first, marks[0]), (second, marks[1]), (first, marks[0]))
        )
    )
    assert sorted(answer.status_code for answer in answers) in ([201, 201, 409], [201, 409, 409])
    assert len([row for row in await abroad.of.journal("exchange.registry") if row[0] == "PartnerStatusChanged"]) == 1
    assert len((await abroad.get("programme", "/partners/AM"))["decisions"]) == 1


async def test_a_crash_changes_nothing(abroad: Abroad, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure before the end leaves no decision, no event, no cancelled application, and all access."""
    await abroad.eligible()

    async def broken(*_: object) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(effects, "write_partner", broken)
    body = {"since": str(clock.today()), "choices": choosing("home", "waiting", "cancel")}
    preview = await abroad.post("programme", "/partners/AM/suspension/preview", body)
    with pytest.raises(RuntimeError):
        await abroad.post("programme", "/partners/AM/suspension", {**body, "digest": preview["digest"]}, 201)
    assert await payloads(abroad, "exchange.applications", "ApplicationCancelled") == []
    found = await abroad.get("programme", "/partners/AM")
    assert (found["status"], found["decisions"]) == ("active", [])
    assert (await abroad.of.as_("ani").get("/applications/")).status_code == 200


async def test_the_pages_from_beginning_to_end(abroad: Abroad) -> None:
    """The pages lead from open cases through choices and preview to the record; auditors can read them."""
    application = await abroad.of.submitted()
    people = [abroad.of.person("audrey", "Audrey Auditor", "FR", "auditor")]
    people[0]["grants"] = [{"role": "auditor", "since": "2025-01-01"}]
    await abroad.post("programme", "/people", {"people": people}, 201)
    client = abroad.of.as_("programme")
    assert "Armenia" in (await client.get("/applications/partners")).text
    page = (await client.get("/applications/partners/AM")).text
    assert "applications without a match" in page
    (behind,) = re.findall(r'href="(/applications/partners/AM/cases[^"]+)"', page)
    listed = (await client.get(behind.replace("&amp;", "&"))).text
    assert application["reference"] in listed
    assert (
        "No cases of this kind are in progress"
        in (await client.get("/applications/partners/AM/cases?stage=mentorship")).text
    )
    first_page = await client.get("/applications/partners/AM/suspend")
    assert "home_waiting" in first_page.text
    today = clock.today()
    day = {"since-day": str(today.day), "since-month": str(today.month), "since-year": str(today.year)}
    wrong = await client.post("/applications/partners/AM/suspend", data=day)
    assert wrong.status_code == 422
    assert "Choose what happens to this group: Its officers" in wrong.text
    good = await client.post("/applications/partners/AM/suspend", data={**day, "home_waiting": "cancel"})
    assert good.status_code == 303
    shown = await client.get(good.headers["location"])
    assert application["reference"] in shown.text
    assert "Cancel at once" in shown.text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    done = await client.post("/applications/partners/AM/suspend/confirm", data=hidden | {"note": "Council decision"})
    assert done.status_code == 303
    record = (await abroad.of.as_("audrey").get(done.headers["location"], follow_redirects=True)).text
    assert application["reference"] in record
    assert "Council decision" in record
    assert "Reinstate partner" not in (await abroad.of.as_("audrey").get("/applications/partners/AM")).text
    assert (await abroad.of.as_("audrey").post("/applications/partners/AM/reinstate")).status_code == 403
    later = await client.get("/applications/partners/AM/reinstate")
    assert "Everybody must sign in again" in later.text
    back = await client.post("/applications/partners/AM/reinstate", data={**day, "note": "It is over"})
    assert back.status_code == 303
    assert "Reinstated from" in (await client.get("/applications/partners/AM")).text
    assert (await client.get("/applications/partners/FR")).status_code == 404
    assert (await client.get("/applications/partners/AM/suspend/preview?since=never")).status_code == 422


async def test_bulk_entry_leaves_suspensions_unchanged(abroad: Abroad) -> None:
    """Bulk entry neither suspends nor reinstates a partner."""
    entry = {"country": "AM", "status": "suspended", "since": str(clock.today())}
    await abroad.post("programme", "/partners", {"partners": [entry]}, 422)
    await suspend(abroad, "AM", FINISH)
    await abroad.post("programme", "/partners", {"partners": [entry | {"status": "active"}]}, 409)


async def test_a_later_day_and_a_notice_by_page(abroad: Abroad) -> None:
    """The pages withdraw a decision and a notice, once, for the programme coordinator only."""
    await abroad.eligible()
    client, tigran = abroad.of.as_("programme"), abroad.of.as_("tigran")
    waiting = await suspend(abroad, "AM", FINISH, days(3))
    assert "It can be withdrawn until then" in (await client.get("/applications/partners/AM")).text
    at = f"/applications/partners/AM/decisions/{waiting['id']}"
    assert (await tigran.post(f"{at}/withdraw")).status_code == 403
    assert (await client.post(f"/applications/partners/GE/decisions/{waiting['id']}/withdraw")).status_code == 404
    for _ in range(2):
        assert (await client.post(f"{at}/withdraw")).headers["location"].endswith("?done=withdrawn")
    assert "The decision is withdrawn" in (await client.get(f"{at}?done=withdrawn")).text
    running = await suspend(abroad, "AM", choosing("home", "waiting", "cancel", notice_days=10))
    (case,) = await cases(abroad, "AM", running)
    at = f"/applications/partners/AM/decisions/{running['id']}"
    assert "Withdraw notice" in (await client.get(at)).text
    for _ in range(2):
        assert (await client.post(f"{at}/cases/{case['id']}/keep")).headers["location"].endswith("?done=kept")
    assert "Withdraw notice" not in (await client.get(at)).text


async def test_a_process_without_the_lease_does_nothing(abroad: Abroad) -> None:
    """A process that lost the lease neither applies a decision nor ends a case."""
    await abroad.eligible()
    await suspend(abroad, "AM", choosing("home", "waiting", "cancel"), days(1))
    clock.move(timedelta(days=1))
    bus = abroad.of.app.state.service.bus
    lease = await leases.acquire(bus, "partners")
    assert lease is not None
    await leases.release(bus, lease)
    with pytest.raises(leases.LeaseLost):
        await take_due(bus, lease)
    assert (await abroad.get("programme", "/partners/AM"))["status"] == "active"


async def test_a_notice_ends_once_all_that_arrived_in_time_is_answered(abroad: Abroad) -> None:
    """On its last day the case goes on for as long as a request from the day before may still be answered."""
    await abroad.eligible()
    decision = await suspend(abroad, "AM", choosing("home", "waiting", "cancel", notice_days=10))
    bus, last = abroad.of.app.state.service.bus, days(10)
    move_to(last, 5)
    assert await notices.end_all_due(bus) == 0
    (case,) = await cases(abroad, "AM", decision)
    assert case["state"] == "notice"
    move_to(last, 12)
    assert await notices.end_all_due(bus) == 1
    assert len(await payloads(abroad, "exchange.applications", "ApplicationCancelled")) == 1


async def test_a_notice_that_has_run_out_ends_no_other_case(abroad: Abroad) -> None:
    """A notice whose own case has ended before ends nothing: the other open cases of its country go on."""
    ended, other = await abroad.eligible("nino", "giorgi"), await abroad.placement_matched()
    abroad.pairings[other] |= {"host_country": "GE"}
    await abroad.publish(matches.MatchCleared, other)
    made = choosing("home", "waiting", "cancel", notice_days=10)
    decision = await suspend(abroad, "GE", made)
    await abroad.post("programme", f"/calls/{abroad.of.call['id']}/close")
    clock.move(timedelta(days=11))
    assert await notices.end_all_due(abroad.of.app.state.service.bus) == 1
    states = {case["id"]: case["state"] for case in await cases(abroad, "GE", decision)}
    assert states == {ended: "over", str(other): "goes_on"}
    assert await payloads(abroad, "exchange.participation", "CancellationRequested") == []
    assert await payloads(abroad, "exchange.applications", "ApplicationCancelled") == []


async def test_a_notice_ends_the_match_that_its_application_has_by_then(abroad: Abroad) -> None:
    """An application that waited when the notice was given, and has a match when it ends, is cancelled."""
    offer = await abroad.offer()
    application = await abroad.eligible()
    decision = await suspend(abroad, "AM", choosing("home", "waiting", "cancel", notice_days=10))
    await abroad.proposed(application, offer_id=offer["id"])
    clock.move(timedelta(days=11))
    assert await notices.end_all_due(abroad.of.app.state.service.bus) == 1
    (case,) = await cases(abroad, "AM", decision)
    assert case["state"] == "cancelled"
    (cancelled,) = await payloads(abroad, "exchange.applications", "ApplicationCancelled")
    assert cancelled["reason"] == "partner_suspended"
