"""Tests of applying together: pairs and groups, without revealing anybody who has not confirmed."""

from __future__ import annotations

import asyncio
import html
from typing import TYPE_CHECKING, Any

import pytest

from services.applications.application.actions.companions import end_orphaned
from shared.identity import service_headers
from tests.support import SERVICE_TOKEN

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

TOPIC = "exchange.applications"


@pytest.fixture
async def three(programme: Programme) -> Programme:
    """Return a programme with three officers: Ani, Davit and Nino."""
    known = {"service": "police", "rank_group": "operational", "years_in_field": 5}
    people = [
        programme.person("davit", "Davit Sahakyan", "AM", "officer", **known),
        programme.person("nino", "Nino Beridze", "GE", "officer", **known),
    ]
    await programme.post("programme", "/people", {"people": people}, 201)
    return programme


async def _draft(programme: Programme, subject: str, kind: str = "study_visit") -> str:
    body = {"call_id": programme.call["id"], "kind": kind}
    return str((await programme.post(subject, "/applications", body, 201))["id"])


async def _name(programme: Programme, subject: str, of: str, mode: str, written: str, status: int = 201) -> Any:
    return await programme.post(subject, f"/applications/{of}/companions", {"mode": mode, "written": written}, status)


async def _invitations(programme: Programme, subject: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await programme.get(subject, "/companions"))["items"]
    return found


async def _changed_profiles(programme: Programme, of: str) -> list[dict[str, Any]]:
    """Return the profiles that were published of an application after it was submitted."""
    events = await programme.journal(TOPIC)
    return [data["profile"] for kind, subject, data in events if kind == "ApplicationChanged" and subject == of]


async def _companion_events(programme: Programme) -> list[tuple[str, str | None]]:
    """Return the companions' events: type and answer."""
    events = await programme.journal(TOPIC)
    return [(kind, data.get("answer")) for kind, _, data in events if kind.startswith("Companion")]


async def test_two_officers_who_name_each_other_are_a_pair(three: Programme) -> None:
    """The second naming confirms the pair, and each submitted profile names the other application."""
    ani, nino = await three.submitted(), await three.submitted("nino")
    await _name(three, "ani", ani["id"], "pre_matched", "NINO@police.example")
    waiting = await three.get("ani", f"/applications/{ani['id']}/company")
    assert (waiting["mode"], waiting["companions"][0]["who"]) == ("pre_matched", "NINO@police.example")
    await _name(three, "nino", nino["id"], "pre_matched", ani["reference"])
    company = await three.get("ani", f"/applications/{ani['id']}/company")
    assert [companion["who"] for companion in company["companions"]] == ["Nino Beridze"]
    assert await _companion_events(three) == [("CompanionAsked", None), ("CompanionAnswered", "confirmed")]
    (*_, ani_says), (*_, nino_says) = (
        await _changed_profiles(three, ani["id"]),
        await _changed_profiles(three, nino["id"]),
    )
    assert ani_says["prematched_with"] == nino["id"]
    assert nino_says["prematched_with"] == ani["id"]
    assert ani_says["mode"] == nino_says["mode"] == "pre_matched"
    shown = html.unescape((await three.as_("ani").get(f"/applications/mine/{ani['id']}/company")).text)
    assert "a host that keeps a placement for you" in shown
    assert f"your reference, {ani['reference']}, in its placement" in shown


async def test_a_pair_reads_that_a_host_must_keep_a_placement(abroad: Abroad) -> None:
    """Both read that a host must keep a placement for them, until one does."""
    ani, nino = await abroad.of.submitted(), await abroad.of.submitted("nino")
    await _name(abroad.of, "ani", ani["id"], "pre_matched", nino["reference"])
    await _name(abroad.of, "nino", nino["id"], "pre_matched", ani["reference"])
    await abroad.offer(prematched_with=ani["id"])
    for who, of, needed in (("ani", ani, False), ("nino", nino, True)):
        shown = (await abroad.of.as_(who).get(f"/applications/mine/{of['id']}/company")).text
        assert ("a host that keeps a placement for you" in shown) is needed


async def test_a_naming_reveals_nothing_about_the_other_person(three: Programme) -> None:
    """Answer and page are the same for known and unknown people, except for the name as it was entered."""
    ani = await _draft(three, "ani")
    answers = []
    for written in ("nobody@police.example", "nino@police.example", "GE-2026-9999"):
        made = await _name(three, "ani", ani, "pre_matched", written)
        shown = (await three.get("ani", f"/applications/{ani}/company"))["companions"][-1]
        answers.append((sorted(made), {key: shown[key] for key in shown if key not in {"id", "who"}}))
        assert shown["who"] == written
        assert "Beridze" not in (await three.as_("ani").get(f"/applications/mine/{ani}/company")).text
        await three.post("ani", f"/companions/{made['id']}/remove")
    assert answers[0] == answers[1] == answers[2]


async def test_both_read_that_a_naming_is_not_mutual(three: Programme) -> None:
    """Ani names Nino, who has named Davit: both read that they You have not named each other., and nothing more."""
    ani, nino = await _draft(three, "ani"), await _draft(three, "nino")
    await _draft(three, "davit")
    await _name(three, "nino", nino, "pre_matched", "davit@police.example")
    await _name(three, "ani", ani, "pre_matched", "nino@police.example")
    assert ("CompanionAnswered", "mismatch") in await _companion_events(three)
    page = await three.as_("ani").get(f"/applications/mine/{ani}/company")
    assert "You have not named each other." in page.text
    assert "Davit" not in page.text
    assert [invitation["who"] for invitation in await _invitations(three, "nino")] == ["Ani Petrosyan"]


async def test_a_group_by_pages(three: Programme) -> None:
    """The leader invites two, one accepts and one declines, and the leader sees the answers and submissions."""
    ani, davit = await _draft(three, "ani"), await _draft(three, "davit")
    mine = f"/applications/mine/{ani}/company"
    empty = await three.as_("ani").post(mine, data={"mode": "group", "written": " "})
    assert empty.status_code == 422
    for written in ("davit@police.example", "nino@police.example"):
        answer = await three.as_("ani").post(mine, data={"mode": "group", "written": written})
        assert answer.headers["location"] == f"{mine}?done=named"
    again = await three.as_("ani").post(mine, data={"mode": "group", "written": "Davit@police.example"})
    assert again.status_code == 409
    page = await three.as_("davit").get("/applications/companions")
    assert "Ani Petrosyan" in page.text
    (invited,) = await _invitations(three, "davit")
    address = f"/applications/companions/{invited['id']}/answer"
    yes = await three.as_("davit").post(address, data={"answer": "yes"})
    assert yes.headers["location"] == "/applications/companions?done=yes"
    (other,) = await _invitations(three, "nino")
    no = await three.as_("nino").post(f"/applications/companions/{other['id']}/answer", data={"answer": "no"})
    assert no.headers["location"] == "/applications/companions?done=no"
    shown = (await three.as_("ani").get(mine)).text
    assert "Davit Sahakyan" in shown
    assert "Said no" in shown
    assert "Members who have submitted: 0 of 2" in shown
    await three.submitted("ani")
    await three.submitted("davit")
    shown = (await three.as_("davit").get(f"/applications/mine/{davit}/company")).text
    assert "Ani Petrosyan (leads the group)" in shown
    assert "The group is complete." in shown
    profiles = [data["profile"] for kind, _, data in await three.journal(TOPIC) if kind == "ApplicationSubmitted"]
    assert {profile["mode"] for profile in profiles} == {"group"}
    assert len({profile["group_id"] for profile in profiles}) == 1


async def test_a_member_leaves_or_is_removed(three: Programme) -> None:
    """Either side may end it until a place is offered, the event says so, and a second click changes nothing."""
    ani, davit = await three.submitted("ani"), await three.submitted("davit")
    made = await _name(three, "ani", ani["id"], "group", davit["reference"])
    await three.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    await three.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    left = await three.as_("davit").post(f"/applications/mine/{davit['id']}/company/{made['id']}/leave")
    assert left.headers["location"].endswith("company?done=left")
    await three.post("davit", f"/companions/{made['id']}/leave")
    await three.post("davit", f"/companions/{made['id']}/answer", {"yes": True}, 409)
    assert [profile["mode"] for profile in await _changed_profiles(three, davit["id"])] == ["group", "open"]
    again = await _name(three, "ani", ani["id"], "group", "davit@police.example")
    await three.post("davit", f"/companions/{again['id']}/answer", {"yes": True})
    removed = await three.as_("ani").post(f"/applications/mine/{ani['id']}/company/{again['id']}/remove")
    assert removed.headers["location"].endswith("company?done=removed")
    assert (await three.get("davit", f"/applications/{davit['id']}/company"))["mode"] == "open"
    assert (await _companion_events(three))[-1] == ("CompanionAnswered", "removed")


async def test_invitations_that_are_refused(three: Programme) -> None:
    """Other people's are not found, and two groups, oneself or an answer without an application are refused."""
    ani, davit = await _draft(three, "ani"), await _draft(three, "davit")
    await _name(three, "davit", ani, "group", "nino@police.example", 404)
    await three.get("davit", f"/applications/{ani}/company", 404)
    assert (await three.as_("davit").get(f"/applications/mine/{ani}/company")).status_code == 404
    await _name(three, "ani", ani, "group", "ani@police.example", 422)
    await _name(three, "ani", ani, "open", "nino@police.example", 422)
    made = await _name(three, "ani", ani, "group", "nino@police.example")
    await three.post("davit", f"/companions/{made['id']}/answer", {"yes": True}, 404)
    await three.post("davit", f"/companions/{made['id']}/remove", status=404)
    await three.post("davit", f"/companions/{made['id']}/leave", status=404)
    await three.post("nino", f"/companions/{made['id']}/answer", {"yes": True}, 422)
    page = await three.as_("nino").post(f"/applications/companions/{made['id']}/answer", data={"answer": "yes"})
    assert page.status_code == 422
    assert "Start an application" in page.text
    nino = await _draft(three, "nino")
    await three.post("nino", f"/companions/{made['id']}/answer", {"yes": True})
    other = await _name(three, "davit", davit, "group", "nino@police.example")
    refused = await three.post("nino", f"/companions/{other['id']}/answer", {"yes": True}, 409)
    assert "already in a group" in refused["detail"]
    refused = await _name(three, "nino", nino, "pre_matched", "davit@police.example", 409)
    assert "already in a group" in refused["detail"]


async def test_a_group_is_not_larger_than_the_call_allows(three: Programme) -> None:
    """Members who have not answered count towards the limit too."""
    ani = await _draft(three, "ani")
    for number in range(4):
        await _name(three, "ani", ani, "group", f"officer{number}@police.example")
    refused = await _name(three, "ani", ani, "group", "officer5@police.example", 409)
    assert "up to 5 members" in refused["detail"]


async def test_a_withdrawal_ends_the_companionship(three: Programme) -> None:
    """The portal's clock removes withdrawn or deleted applications from groups and notifies the others."""
    ani, davit = await three.submitted("ani"), await three.submitted("davit")
    nino = await _draft(three, "nino")
    for written, who in (("davit@police.example", "davit"), ("nino@police.example", "nino")):
        made = await _name(three, "ani", ani["id"], "group", written)
        await three.post(who, f"/companions/{made['id']}/answer", {"yes": True})
    bus = three.app.state.service.bus
    assert await end_orphaned(bus) == 0
    await three.as_("nino").post(f"/applications/mine/{nino}/withdraw")
    assert await end_orphaned(bus) == 1
    assert (await three.get("ani", f"/applications/{ani['id']}/company"))["members"] == 2
    await three.post("ani", f"/applications/{ani['id']}/withdraw", {"reason": "operational_duty"})
    assert await end_orphaned(bus) == 1
    assert await end_orphaned(bus) == 0
    assert (await three.get("davit", f"/applications/{davit['id']}/company"))["mode"] == "open"


async def test_a_group_ends_with_its_leaders_withdrawal(three: Programme) -> None:
    """From the withdrawal on a member reads that they apply alone, and may join another group."""
    ani, davit, nino = [await three.submitted(who) for who in ("ani", "davit", "nino")]
    made = await _name(three, "ani", ani["id"], "group", "davit@police.example")
    await three.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    assert (await three.get("davit", f"/applications/{davit['id']}/company"))["complete"]
    await three.post("ani", f"/applications/{ani['id']}/withdraw", {"reason": "operational_duty"})
    company = await three.get("davit", f"/applications/{davit['id']}/company")
    assert (company["mode"], company["complete"], company["companions"]) == ("open", False, [])
    assert (
        "You apply alone, which is usual."
        in (await three.as_("davit").get(f"/applications/mine/{davit['id']}/company")).text
    )
    again = await _name(three, "nino", nino["id"], "group", "davit@police.example")
    await three.post("davit", f"/companions/{again['id']}/answer", {"yes": True})
    assert (await three.get("davit", f"/applications/{davit['id']}/company"))["members"] == 2
    answered = [answer for kind, answer in await _companion_events(three) if kind == "CompanionAnswered"]
    assert answered == ["confirmed", "removed", "confirmed"]
    await end_orphaned(three.app.state.service.bus)
    assert (await three.get("davit", f"/applications/{davit['id']}/company"))["members"] == 2


async def test_a_member_who_withdraws_counts_no_longer(three: Programme) -> None:
    """The leader reads that the group is not complete as soon as a member has withdrawn."""
    ani, davit = await three.submitted("ani"), await three.submitted("davit")
    made = await _name(three, "ani", ani["id"], "group", "davit@police.example")
    await three.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    await three.post("davit", f"/applications/{davit['id']}/withdraw", {"reason": "operational_duty"})
    company = await three.get("ani", f"/applications/{ani['id']}/company")
    assert (company["mode"], company["complete"]) == ("open", False)


async def test_a_placement_is_named_and_its_host_agrees(abroad: Abroad) -> None:
    """An officer names a placement by reference, the host's yes is in the profile, and others find nothing."""
    offer = await abroad.offer()
    made = await abroad.of.submitted()
    await _name(abroad.of, "ani", made["id"], "pre_matched", offer["reference"])
    assert await _invitations(abroad.of, "paul") == []
    (named,) = await _invitations(abroad.of, "claire")
    await abroad.post("paul", f"/companions/{named['id']}/answer", {"yes": True}, 404)
    await abroad.post("claire", f"/companions/{named['id']}/answer", {"yes": True})
    assert (await _changed_profiles(abroad.of, made["id"]))[-1]["prematched_with"] == offer["id"]
    page = await abroad.of.as_("claire").post(f"/applications/companions/{named['id']}/leave")
    assert page.headers["location"] == "/applications/companions?done=left"


async def test_companions_are_fixed_once_a_place_is_offered(abroad: Abroad) -> None:
    """After the offer nobody is named, and nobody leaves."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    (mine,) = (await abroad.get("ani", "/applications"))["items"]
    refused = await _name(abroad.of, "ani", mine["id"], "pre_matched", "nino@police.example", 409)
    assert "The application is now “Offer sent”" in refused["detail"]
    page = await abroad.of.as_("ani").get(f"/applications/mine/{mine['id']}/company")
    assert "until a place was offered" in page.text


async def test_two_simultaneous_namings_confirm_the_pair(three: Programme) -> None:
    """The second of two simultaneous namings confirms the pair, without a deadlock."""
    ani, nino = await three.submitted(), await three.submitted("nino")
    sent = [("ani", ani["id"], nino["reference"]), ("nino", nino["id"], ani["reference"])]
    await asyncio.gather(*(_name(three, who, of, "pre_matched", written) for who, of, written in sent))
    for who, of, _ in sent:
        company = await three.get(who, f"/applications/{of}/company")
        assert [companion["state"] for companion in company["companions"]] == ["confirmed"]


async def test_an_officer_joins_one_of_two_groups_only(three: Programme) -> None:
    """Of two invitations accepted at the same moment one counts, and the other is refused with the reason."""
    invited = []
    for leader in ("ani", "davit"):
        made = await _name(three, leader, await _draft(three, leader), "group", "nino@police.example")
        invited.append(made["id"])
    await _draft(three, "nino")
    client = three.as_("nino")
    answers = await asyncio.gather(
        *(client.post(f"/applications/api/v1/companions/{entry}/answer", json={"yes": True}) for entry in invited)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_the_portal_resolves_the_audience_of_a_naming(abroad: Abroad) -> None:
    """The audience of a naming is the named officer, or the host of the named placement, and nobody else."""
    offer = await abroad.offer()
    made, nino = await abroad.of.submitted(), await abroad.of.submitted("nino")
    reached = {}
    for written in (offer["reference"], nino["reference"]):
        naming = await _name(abroad.of, "ani", made["id"], "pre_matched", written)
        answer = await abroad.of.as_("ani").post(
            "/applications/internal/contacts",
            json={"audience": "companion", "purpose": "counterpart_named", "companion_id": naming["id"]},
            headers=service_headers("notifications", SERVICE_TOKEN),
        )
        assert answer.status_code == 200, answer.text
        reached[written] = [recipient["address"] for recipient in answer.json()["recipients"]]
        await abroad.post("ani", f"/companions/{naming['id']}/remove")
    assert reached == {offer["reference"]: ["claire@police.example"], nino["reference"]: ["nino@police.example"]}
    payloads = [data for kind, _, data in await abroad.of.journal(TOPIC) if kind.startswith("Companion")]
    assert "@" not in str(payloads)
