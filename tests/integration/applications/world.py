"""Make one thing of each kind that a path can name, and ask a route for it with the least body that it accepts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.abroad import Abroad

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.abroad import Reader
    from tests.integration.applications.conftest import Programme

WORDS = {
    "purpose": "evaluation",
    "code": "languages",
    "move": "pause",
    "verb": "up",
    "proposal": "1",
    "letter": "invitation",
    "item": "visa",
    "version": "1",
    "party": "guest",
    "kind": "study_visit",
}
"""Parameters that are words: one that the route knows."""


@dataclass
class World:
    """Things with an owner, by the name that a path gives their ids."""

    of: Abroad
    ids: dict[str, str]


async def make_world(programme: Programme, feed: Reader) -> World:
    """Enter a scheduled visit and an open mentorship, with everything before them, and the outsiders."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    agency = {"name": "EU agency for asylum", "kind": "eu_agency", "country": "EU", "city": "Valletta"}
    others = {"name": "Police of Moldova", "kind": "agency", "country": "MD", "city": "Chisinau"}
    made = await programme.post("programme", "/organisations", {"organisations": [agency, others]}, 201)
    programme.organisations |= {"EU": made["ids"][0], "MD": made["ids"][1]}
    people = [
        programme.person("otar", "Otar Kapanadze", "GE", "officer", service="police"),
        programme.person("lina", "Lina Jonaitis", "LT", "mentor", service="police"),
        programme.person("ilie", "Ilie Rusu", "MD", "national_coordinator"),
        programme.person("eva", "Eva Borg", "EU", "clearance_officer", organisation_id=made["ids"][0]),
        programme.person("davit", "Davit Sahakyan", "AM", "officer", service="police"),
    ]
    await programme.post("programme", "/people", {"people": people}, 201)
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    await abroad.explained(match_id)
    pair_match = await abroad.mentor_matched()
    mentorship_id = await abroad.begun(pair_match)
    of = f"/mentorships/{mentorship_id}"
    session = await abroad.post("jonas", f"{of}/sessions", {"held_on": str(clock.today()), "minutes": 60}, 201)
    next_one = {"day": str(clock.today() + timedelta(days=9)), "time": "10:00", "minutes": 60}
    meeting = await abroad.post("jonas", f"{of}/meetings", next_one, 201)
    span = {"start": str(clock.today() + timedelta(days=80)), "end": str(clock.today() + timedelta(days=120))}
    wanted = await abroad.post("jonas", f"{of}/visit", {"guest": "mentee", "days": 3, "periods": [span]}, 201)
    pair_visit_id = await abroad.pair_visit(pair_match, mentorship_id)
    goal = await abroad.post("nino", f"/mentorships/{mentorship_id}/goals", {"text": "Read a network chart."}, 201)
    at = f"/visits/{visit_id}"
    body = {"category": "other", "text": "Something happened.", "readers": ["programme"]}
    incident = await abroad.post("ani", f"/matches/{match_id}/incidents", body, 201)
    cost = await abroad.post("claire", f"{at}/costs", {"item": "meals", "payer": "host", "planned": "90"}, 201)
    await abroad.post("claire", f"{at}/letters/invitation", status=201)
    rule = await abroad.post("programme", "/asked-before-travel", {"item": "visa", "required": True}, 201)
    pairing = abroad.pairings
    begun = await abroad.post("davit", "/applications", {"call_id": programme.call["id"], "kind": "study_visit"}, 201)
    naming = {"mode": "group", "written": "ani@police.example"}
    companion = await abroad.post("davit", f"/applications/{begun['id']}/companions", naming, 201)
    ids = {
        "application_id": str(pairing[match_id]["application_id"]),
        "offer_id": str(pairing[match_id]["offer_id"]),
        "mentor_id": str(pairing[pair_match]["mentor_id"]),
        "match_id": str(match_id),
        "visit_id": str(visit_id),
        "cost_id": str(cost["id"]),
        "incident_id": str(incident["id"]),
        "rule_id": str(rule["id"]),
        "mentorship_id": str(mentorship_id),
        "goal_id": str(goal["goals"][0]["id"] if "goals" in goal else goal["id"]),
        "session_id": session["id"],
        "meeting_id": meeting["id"],
        "companion_id": companion["id"],
        "request_id": wanted["id"],
        "pair_visit_id": str(pair_visit_id),
        **await in_the_register(programme),
    }
    return World(abroad, ids)


async def in_the_register(programme: Programme) -> dict[str, str]:
    """Enter Armenia's part of the register: people, organisations, a proposal, needs, a table, and the pairs."""
    day = str(clock.today())
    people = (await programme.get("programme", "/people"))["items"]
    need = {"country": "AM", "topic_code": "online_crime", "level": 1, "quantity": 2, "since": day, "until": day}
    needs = await programme.post("tigran", "/register/needs", {"needs": [need]}, 201)
    table = f"country,topic,level,quantity,from,until\nAM,online_crime,2,3,{day},{day}"
    kept = await programme.as_("tigran").post(
        "/applications/api/v1/register/needs/imports", files={"file": ("needs.csv", table.encode())}
    )
    change = {"kind": "leave", "subject": "davit", "last_day": day}
    proposal = await programme.post("tigran", "/register/proposals", {"change": change}, 201)
    pair = {"countries": ["AM", "AZ"], "since": day}
    exclusion = await programme.post("programme", "/register/exclusions", {"exclusion": pair})
    funds = (await programme.get("programme", "/funds"))["items"]
    return {
        "person_id": next(person["id"] for person in people if person["subject"] == "ani"),
        "organisation_id": programme.organisations["AM"],
        "need_id": needs["ids"][0],
        "import_id": kept.json()["id"],
        "proposal_id": proposal["proposal"]["id"],
        "exclusion_id": exclusion["id"],
        "fund_id": funds[0]["id"],
    }


def filled(path: str, ids: dict[str, str]) -> str:
    """Return the path with an id in the place of each parameter."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: WORDS.get(found[1]) or ids[found[1]], path)


def body_for(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """Return the least body that a JSON Schema accepts."""
    if "$ref" in schema:
        return body_for(known[schema["$ref"].rpartition("/")[2]], known)
    several = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if several:
        return body_for(several[0], known)
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][0]
    if schema.get("type") == "object":
        return _object_for(schema, known)
    if schema.get("type") == "array":
        return [body_for(schema["items"], known)] * schema.get("minItems", 0)
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}
    written = {
        "uuid": str(new_id()),
        "date": str(clock.today()),
        "time": "10:00:00",
        "date-time": clock.now().isoformat(),
    }
    word = next(entry for entry in ("text", "AM", "en", "empact-2026") if re.search(schema.get("pattern", ""), entry))
    return plain.get(schema.get("type", ""), written.get(schema.get("format", ""), word))


def _object_for(schema: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        return {str(body_for(schema.get("propertyNames", {}), known)): body_for(values, known)}
    return {name: body_for(schema["properties"][name], known) for name in schema.get("required", ())}


async def response_to(world: World, who: str, method: str, path: str, ids: dict[str, str]) -> httpx2.Response:
    """Return the response to a request for the thing with these ids, with the least body that the route accepts."""
    client = world.of.of.as_(who)
    if "/api/" not in path:
        return await client.request(method, filled(path, ids), data={} if method == "POST" else None)
    document = world.of.of.app.openapi()
    operation = document["paths"][re.sub(r":\w+}", "}", path)][method.lower()]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    made = None if body is None else body_for(body, document["components"]["schemas"])
    return await client.request(method, filled(path, ids), json=made)
