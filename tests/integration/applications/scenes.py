"""Make the scenes in which pairs of actions are tried: a record of each kind in each of its states."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import sqlalchemy as sa

from shared.contracts import outcomes, visits
from shared.ids import new_id, new_number
from shared.time import clock
from tests.integration.applications.acts import API
from tests.integration.applications.suspension import FINISH, cases, choosing, suspend
from tests.integration.applications.visits.test_attendance import begun as visit_begun
from tests.integration.applications.visits.test_moves import proposed as move_proposed
from tests.integration.applications.world import in_the_register, make_world
from tests.support import items

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.integration.applications.abroad import Abroad


async def _application(abroad: Abroad, *steps: tuple[str, str, Any], submit: bool = True) -> dict[str, str]:
    body = {
        "call_id": abroad.of.call["id"],
        "kind": "study_visit",
        "answers": abroad.of.answers(line_manager_email="vardan@mail.example"),
        "privacy": True,
        "submit": submit,
    }
    made = await abroad.post("ani", "/applications", body, 201)
    for who, path, sent in steps:
        await abroad.post(who, f"/applications/{made['id']}/{path}", sent)
    return {"application_id": made["id"]}


_RETURN = ("tigran", "return", {"remarks": {"languages": "Which test?"}})
_ENDORSE = ("tigran", "endorse", {"note": ""})
_NOT_ENDORSE = ("tigran", "not-endorse", {"reason": "operational_duty"})
_APPEAL = ("ani", "appeal", {"text": "The level of my English is B2, see the test."})


async def _placement(abroad: Abroad, *steps: tuple[str, str], submit: bool = True) -> dict[str, str]:
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": submit}
    made = await abroad.post("claire", "/offers", body, 201)
    for who, path in steps:
        await abroad.post(who, f"/offers/{made['id']}/{path}")
    return {"offer_id": made["id"], "candidate": await abroad.eligible()}


_PUBLISHED = (("luc", "endorse"), ("claire", "publish"))


async def _mentor(abroad: Abroad, *steps: str, publish: bool = True) -> dict[str, str]:
    body = {"call_id": abroad.of.call["id"], "entry": abroad.mentor_entry(), "publish": publish}
    made = await abroad.post("jonas", "/mentors", body, 201)
    for path in steps:
        await abroad.post("jonas", f"/mentors/{made['id']}/{path}")
    return {"mentor_id": made["id"], "candidate": await abroad.eligible("nino", "giorgi", "mentee")}


async def _match(abroad: Abroad, state: str) -> dict[str, str]:
    if state == "reserve":
        offer = await abroad.offer()
        match_id = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"], reserve=True)
        return {"match_id": str(match_id)}
    match_id = await abroad.placement_matched()
    if state == "half cleared":
        await abroad.post("tigran", f"/matches/{match_id}/clear")
    elif state in {"offered", "half accepted"}:
        await abroad.offered(match_id, "tigran", "luc")
    if state == "half accepted":
        await abroad.post("claire", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    if state == "confirmed":
        await abroad.scheduled(match_id)
    return {"match_id": str(match_id)}


async def _visit(abroad: Abroad, state: str) -> dict[str, str]:
    if state in {"first day", "under way"}:
        visit_id, match_id, first = await visit_begun(abroad)
        if state == "under way":
            await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
        return {"visit_id": str(visit_id), "FIRST": str(first)}
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    if state == "move proposed":
        await move_proposed(abroad, visit_id, match_id)
    line = {"item": "meals", "payer": "host", "planned": "90"}
    cost = await abroad.post("claire", f"/visits/{visit_id}/costs", line, 201)
    lines = (await abroad.get("tigran", f"/visits/{visit_id}/preparation"))["lines"]
    return {"visit_id": str(visit_id), "cost_id": str(cost["id"]), "LINES": lines}


async def _mentorship(abroad: Abroad, state: str) -> dict[str, str]:
    if state == "opened":
        return {"mentorship_id": str(await abroad.opened(await abroad.mentor_matched()))}
    world = await make_world(abroad.of, abroad.feed)
    names = ("mentorship_id", "goal_id", "session_id", "meeting_id", "request_id", "pair_visit_id")
    return {name: world.ids[name] for name in names}


async def _companion(abroad: Abroad, *, confirmed: bool) -> dict[str, str]:
    known = {"service": "police", "rank_group": "operational", "years_in_field": 5}
    people = [abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", **known)]
    await abroad.post("programme", "/people", {"people": people}, 201)
    ani = await abroad.of.submitted("ani")
    mine = await abroad.of.submitted("davit")
    naming = {"mode": "group", "written": "davit@police.example"}
    made = await abroad.post("ani", f"/applications/{ani['id']}/companions", naming, 201)
    if confirmed:
        await abroad.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    return {"companion_id": made["id"], "leader": ani["id"], "member": mine["id"]}


async def _group(abroad: Abroad, *, matched: bool) -> dict[str, str]:
    """A group of two that both have confirmed, before it is endorsed or with an offered match of its leader."""
    ids = await _companion(abroad, confirmed=True)
    if matched:
        for name in ("leader", "member"):
            await abroad.post("tigran", f"/applications/{ids[name]}/endorse")
        await abroad.post("programme", "/eligibility/confirm", {"applications": items(ids["leader"], ids["member"])})
        offer = await abroad.offer()
        match_id = await abroad.proposed(ids["leader"], offer_id=offer["id"])
        await abroad.offered(match_id, "tigran", "luc")
    return ids


async def _office(abroad: Abroad, leaver: str) -> dict[str, str]:
    """Somebody who leaves, and an officer who may take over the office of a coordinator."""
    people = {person["subject"]: person["id"] for person in (await abroad.get("programme", "/people"))["items"]}
    return {"person_id": people[leaver], "successor": people["ani"]}


async def _in_closed(abroad: Abroad, made: Awaitable[dict[str, str]]) -> dict[str, str]:
    """Make records, then close their call."""
    ids = await made
    await abroad.post("programme", f"/calls/{abroad.of.call['id']}/close")
    return ids


async def _incident(abroad: Abroad, *, acknowledged: bool) -> dict[str, str]:
    match_id = await abroad.placement_matched()
    await abroad.scheduled(match_id)
    body = {"category": "other", "text": "Something happened.", "readers": ["programme"]}
    made = await abroad.post("ani", f"/matches/{match_id}/incidents", body, 201)
    if acknowledged:
        await abroad.post("programme", f"/incidents/{made['id']}/acknowledge")
    return {"incident_id": str(made["id"])}


async def _register(abroad: Abroad) -> dict[str, str]:
    people = [abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", service="police")]
    await abroad.post("programme", "/people", {"people": people}, 201)
    known = await in_the_register(abroad.of)
    rule = await abroad.post("programme", "/asked-before-travel", {"item": "visa", "required": True}, 201)
    clock.move(timedelta(days=1))  # an entry of today counts as confirmed today
    return {**known, "rule_id": str(rule["id"]), "other_organisation": abroad.of.organisations["GE"]}


async def _revision(abroad: Abroad) -> dict[str, str]:
    await abroad.of.submitted("ani")
    call_id = abroad.of.call["id"]
    draft = await abroad.post("programme", f"/calls/{call_id}/revise", None, 201)
    changed = await abroad.of.as_("programme").patch(
        f"{API}/call-drafts/{draft['id']}", json={"entry": {"reserves": 2}}
    )
    assert changed.status_code == 200, changed.text
    return {"call_id": call_id, "draft_id": draft["id"], "code": "texts"}


async def _partner(abroad: Abroad, state: str) -> dict[str, str]:
    await abroad.of.submitted("ani")
    today = clock.today()
    if state == "active":
        parameters = {"since": str(today), **{f"{each['side']}_{each['stage']}": "finish" for each in FINISH}}
        return {"country": "AM", "choices": urlencode(parameters)}
    since = today + timedelta(days=9) if state == "to be suspended" else today
    notice = choosing("home", "waiting", "cancel", notice_days=30)
    decision = await suspend(abroad, "AM", notice, since)
    ids = {"country": "AM", "decision_id": str(decision["id"])}
    if state == "suspended":
        ids["case_id"] = str((await cases(abroad, "AM", decision))[0]["id"])
    return ids


async def _call(abroad: Abroad) -> dict[str, str]:
    await abroad.of.submitted("ani")
    draft = await abroad.post("programme", f"/calls/{abroad.of.call['id']}/copy", None, 201)
    questions = [_question("unit"), _question("office")]
    await abroad.of.as_("programme").patch(f"{API}/call-drafts/{draft['id']}", json={"entry": {"questions": questions}})
    return {"call_id": abroad.of.call["id"], "draft_id": draft["id"], "code": "texts", "place": "2", "verb": "up"}


def _question(code: str) -> dict[str, Any]:
    texts = [{"language": "en", "question": f"Which {code}?"}]
    return {"code": f"q_{code}", "kind": "text", "required": False, "texts": texts}


async def _certificate(abroad: Abroad) -> dict[str, str]:
    """A certificate whose file was opened before its holder's name was corrected."""
    made = await abroad.of.submitted("ani")
    number = new_number("TC", clock.today().year)
    about = dict(outcomes.CertificateGranted.example) | {"application_id": made["id"], "number": number}
    await abroad.feed.deliver((outcomes.CertificateGranted.model_validate(about), new_id()))
    file = await abroad.of.as_("ani").get(f"/applications/certificates/{number}/document")
    assert file.status_code == 200, file.text
    async with abroad.of.app.state.service.bus.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE person SET name = 'Ani Petrosian' WHERE subject = 'ani'"))
    return {"number": number}


async def make_scene(abroad: Abroad, scene: str) -> tuple[str, dict[str, str]]:
    """Make a scene; return the kind of its records and their ids."""
    deputy = abroad.of.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "tigran"
    await abroad.post("programme", "/people", {"people": [deputy]}, 201)
    kind, make = SCENES[scene]
    made = await make(abroad)
    return kind, {"FIRST": str(clock.today()), **made}


SCENES: dict[str, tuple[str, Any]] = {
    "draft": ("application", lambda abroad: _application(abroad, submit=False)),
    "submitted": ("application", _application),
    "returned": ("application", lambda abroad: _application(abroad, _RETURN)),
    "endorsed": ("application", lambda abroad: _application(abroad, _ENDORSE)),
    "not endorsed": ("application", lambda abroad: _application(abroad, _NOT_ENDORSE)),
    "appealed": ("application", lambda abroad: _application(abroad, _NOT_ENDORSE, _APPEAL)),
    "placement draft": ("placement", lambda abroad: _placement(abroad, submit=False)),
    "placement submitted": ("placement", _placement),
    "placement endorsed": ("placement", lambda abroad: _placement(abroad, _PUBLISHED[0])),
    "placement published": ("placement", lambda abroad: _placement(abroad, *_PUBLISHED)),
    "placement paused": ("placement", lambda abroad: _placement(abroad, *_PUBLISHED, ("claire", "pause"))),
    "mentor draft": ("mentor", lambda abroad: _mentor(abroad, publish=False)),
    "mentor published": ("mentor", _mentor),
    "mentor paused": ("mentor", lambda abroad: _mentor(abroad, "pause")),
    "match proposed": ("match", lambda abroad: _match(abroad, "proposed")),
    "match half cleared": ("match", lambda abroad: _match(abroad, "half cleared")),
    "match offered": ("match", lambda abroad: _match(abroad, "offered")),
    "match half accepted": ("match", lambda abroad: _match(abroad, "half accepted")),
    "match confirmed": ("match", lambda abroad: _match(abroad, "confirmed")),
    "match in reserve": ("match", lambda abroad: _match(abroad, "reserve")),
    "visit scheduled": ("visit", lambda abroad: _visit(abroad, "scheduled")),
    "visit with other dates": ("visit", lambda abroad: _visit(abroad, "move proposed")),
    "visit on its first day": ("visit", lambda abroad: _visit(abroad, "first day")),
    "visit under way": ("visit", lambda abroad: _visit(abroad, "under way")),
    "mentorship opened": ("mentorship", lambda abroad: _mentorship(abroad, "opened")),
    "mentorship under way": ("mentorship", lambda abroad: _mentorship(abroad, "under way")),
    "companion asked": ("companion", lambda abroad: _companion(abroad, confirmed=False)),
    "companion confirmed": ("companion", lambda abroad: _companion(abroad, confirmed=True)),
    "group of two": ("group", lambda abroad: _group(abroad, matched=False)),
    "group with an offer": ("group", lambda abroad: _group(abroad, matched=True)),
    "incident reported": ("incident", lambda abroad: _incident(abroad, acknowledged=False)),
    "incident acknowledged": ("incident", lambda abroad: _incident(abroad, acknowledged=True)),
    "proposal": ("proposal", _register),
    "office": ("office", lambda abroad: _office(abroad, "tigran")),
    "officer": ("officer", lambda abroad: _office(abroad, "ani")),
    "register": ("register", _register),
    "call": ("call", _call),
    "call revision": ("call", _revision),
    "call closed": ("call", lambda abroad: _in_closed(abroad, _call(abroad))),
    "draft in a closed call": ("application", lambda abroad: _in_closed(abroad, _application(abroad, submit=False))),
    "submitted in a closed call": ("application", lambda abroad: _in_closed(abroad, _application(abroad))),
    "certificate in a former name": ("certificate", _certificate),
    "partner active": ("partner", lambda abroad: _partner(abroad, "active")),
    "partner to be suspended": ("partner", lambda abroad: _partner(abroad, "to be suspended")),
    "partner suspended": ("partner", lambda abroad: _partner(abroad, "suspended")),
}
