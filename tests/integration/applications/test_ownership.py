"""Things of other people are not found, by page and by API, for every role that passes the guard.

Each route with an id in its path is asked for a real thing of another country, organisation or person, by somebody with
a role that the route admits, and for an id that does not exist. Both answers are the same "not found", so that the
answer does not reveal that the thing exists; and no event is recorded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.identity import every_route
from shared.ids import new_id
from tests.integration.applications.world import WORDS, response_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from shared.identity.guard import RouteAccess
    from tests.integration.applications.conftest import Programme
    from tests.integration.applications.world import World

OUTSIDERS: dict[Role, str] = {
    Role.OFFICER: "otar",
    Role.MENTOR: "lina",
    Role.NATIONAL_COORDINATOR: "ilie",
    Role.HOST_CONTACT: "paul",
    Role.CLEARANCE_OFFICER: "eva",
}
"""A person for each role who has nothing to do with anything that the test makes."""

EVERYBODYS = {"call_id", "draft_id", "place", "number", "country", "decision_id", "case_id", "event"}
"""Ids of things that are published, or checked by whoever holds a document, or are the programme's and nobody's."""


def owned(programme: Programme) -> Iterator[tuple[str, str, RouteAccess]]:
    """Return method, path and access of each route with the id of something that has an owner."""
    for route, access in every_route(programme.app):
        names = set(re.findall(r"{(\w+)(?::\w+)?}", str(route.path_format)))
        if access.kind != "roles" or not names - EVERYBODYS - set(WORDS):
            continue
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, str(route.path_format), access


def stable_text(answer: httpx2.Response, ids: dict[str, str]) -> str:
    """Return a response without the parts that differ in every request: ids, stamps, tokens, numbers."""
    text = answer.text
    for id_ in ids.values():
        text = text.replace(id_, "ID")
    return re.sub(r"[0-9a-f]{8}\.\d+|\b[0-9a-f]{8,}\b|value=\"[^\"]{20,}\"|content=\"[^\"]{20,}\"", "*", text)


async def test_things_of_others_are_not_found(world: World) -> None:
    """For every role and route another's thing and a forged id get the same answer, "not found"."""
    programme = world.of.of
    forged = {name: str(new_id()) for name in world.ids}
    before = await programme.facts_published()
    wrong, tried = [], 0
    for method, path, access in owned(programme):
        for role, who in OUTSIDERS.items():
            if not access.admits(role):
                continue
            tried += 1
            theirs = await response_to(world, who, method, path, world.ids)
            nobodys = await response_to(world, who, method, path, forged)
            if theirs.status_code != 404 or nobodys.status_code != 404:
                wrong.append(f"{who}: {method} {path}: {theirs.status_code}, forged {nobodys.status_code}")
            elif stable_text(theirs, world.ids) != stable_text(nobodys, forged):
                wrong.append(f"{who}: {method} {path}: the answer tells that it is there")
    assert not wrong, "\n".join(wrong)
    assert tried > 100
    assert await programme.facts_published() == before


async def test_owners_find_their_things(world: World) -> None:
    """Each route that only reads shows the thing to somebody, which proves the ids of the other test."""
    programme = world.of.of
    insiders = ("ani", "nino", "jonas", "claire", "tigran", "giorgi", "luc", "rasa", "programme")
    hidden = []
    for method, path, _ in owned(programme):
        if method != "GET" or "forms/" in path or "open/" in path:
            continue
        answers = [(await response_to(world, who, method, path, world.ids)).status_code for who in insiders]
        if not {200, 303} & set(answers):
            hidden.append(f"{path}: {answers}")
    assert not hidden, "\n".join(hidden)


def test_every_id_in_a_path_has_an_owner(programme: Programme) -> None:
    """A new kind of thing in a path must be given an owner here."""
    names = {
        name
        for route, access in every_route(programme.app)
        for name in re.findall(r"{(\w+)(?::\w+)?}", str(route.path_format))
        if access.kind == "roles"
    }
    known = {
        "application_id",
        "offer_id",
        "mentor_id",
        "match_id",
        "visit_id",
        "cost_id",
        "incident_id",
        "rule_id",
        "mentorship_id",
        "goal_id",
        "session_id",
        "meeting_id",
        "companion_id",
        "person_id",
        "organisation_id",
        "need_id",
        "import_id",
        "proposal_id",
        "exclusion_id",
        "fund_id",
        "request_id",
        "pair_visit_id",
    }
    assert names - known - EVERYBODYS - set(WORDS) == set()
