"""Each form of a page that changes a record names a version of it with which the change is accepted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shared.bus.db.transaction import RequestVersions
from shared.contracts.codes import Role
from shared.identity import every_route
from tests.integration.applications.world import response_to
from tests.support import record_forms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from tests.integration.applications.world import World

PEOPLE = {
    "ani": {Role.OFFICER},
    "nino": {Role.OFFICER},
    "jonas": {Role.MENTOR},
    "claire": {Role.HOST_CONTACT},
    "tigran": {Role.NATIONAL_COORDINATOR},
    "giorgi": {Role.NATIONAL_COORDINATOR},
    "luc": {Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER},
    "programme": {Role.PROGRAMME_COORDINATOR},
}
_NOT_IN_WORLD = ("number", "decision_id", "case_id", "draft_id", "token", "key", "event")


def pages(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Return each page whose address can be filled in, with each person whom it admits."""
    for route, access in every_route(app):
        path = str(route.path_format)
        if "GET" not in (route.methods or ()) or "/api/" in path or re.search(r"\.\w+$|stream|live", path):
            continue
        if any(f"{{{name}" in path for name in _NOT_IN_WORLD):
            continue
        yield from ((path, who) for who, roles in PEOPLE.items() if any(map(access.admits, roles)))


async def test_every_form_names_the_present_version_of_its_record(world: World) -> None:
    """On each page that somebody can open, each form and button carries what its record is now."""
    programme = world.of.of
    ids = world.ids | {"call_id": programme.call["id"], "country": "AM"}
    wrong, found = [], set()
    for path, who in pages(programme.app):
        page = await response_to(world, who, "GET", path, ids)
        if page.status_code != 200 or not page.headers.get("content-type", "").startswith("text/html"):
            continue
        for address, records, versions in record_forms(programme.app, page.request.url.path, page.text):
            found.add(address)
            async with programme.app.state.service.bus.transaction("system:tests") as tx:
                judged = RequestVersions(records, versions, answered=False)
                refusal = await tx.session.run_sync(lambda sync, judged=judged: judged.outdated(sync.connection()))
            if refusal is not None:
                wrong.append(f"{who}: {path}: {address}: {versions}")
    assert not wrong, "\n".join(wrong)
    assert len(found) > 60, sorted(found)
