"""Compare with its description all that the portal reads, uploads, letters, and reads of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from shared.contracts.codes import Role
from shared.identity.token_scopes import READ_CALLS
from shared.time import clock
from tests.integration.applications.conftest import ORIGIN
from tests.integration.applications.suspension import FINISH, suspend
from tests.integration.applications.world import WORDS
from tests.integration.shared.identity.conftest import signing_issuer
from tests.read_trial import everybody, open_to_programs, program, unread

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme
    from tests.integration.applications.world import World
    from tests.integration.shared.identity.conftest import SigningIssuer
__all__ = ["signing_issuer"]
API = "/applications/api/v1"
PEOPLE = {
    Role.OFFICER: ("ani", "nino", "davit"),
    Role.MENTOR: ("jonas",),
    Role.NATIONAL_COORDINATOR: ("tigran", "giorgi"),
    Role.HOST_CONTACT: ("claire",),
    Role.CLEARANCE_OFFICER: ("eva",),
    Role.PROGRAMME_COORDINATOR: ("programme",),
}


async def test_each_reading_operation_answers_as_described(world: World) -> None:
    """Each GET operation answers 200 to somebody, about things that exist; the letter is a PDF."""
    programme = world.of.of
    draft = await programme.post("programme", f"/calls/{programme.call['id']}/revise", status=201)
    changed = await programme.as_("programme").patch(
        f"{API}/call-drafts/{draft['id']}", json={"entry": {"reserves": 2}}
    )
    assert changed.status_code == 200, changed.text
    decision = await suspend(world.of, "GE", FINISH)
    known = {**world.ids, **WORDS, "draft_id": draft["id"], "decision_id": decision["id"], "country": "GE"}
    known |= {"call_id": programme.call["id"]}
    readers = await everybody(programme.app, PEOPLE)
    assert await unread(programme.app, "applications", readers, known) == []
    letter = await programme.as_("claire").get(f"{API}/visits/{known['visit_id']}/letters/invitation")
    assert letter.headers["content-type"] == "application/pdf"
    assert letter.content.startswith(b"%PDF-")


async def test_a_program_reads_calls_as_described(programme: Programme, signing_issuer: SigningIssuer) -> None:
    """A program's own token opens each operation that names its scope; another operation refuses it."""
    dashboard = program(programme.app, signing_issuer, READ_CALLS)
    known = {"call_id": programme.call["id"]}
    assert await unread(programme.app, "applications", [dashboard], known, open_to_programs) == []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(programme.app), base_url=ORIGIN) as client:
        refused = await client.get(f"{API}/people", headers=dashboard)
    assert refused.status_code == 403


async def test_an_uploaded_table_is_answered_as_described(programme: Programme) -> None:
    """A table of needs is taken, read again and confirmed; another type of body is refused."""
    tigran, day = programme.as_("tigran"), clock.today()
    table = f"country,topic,level,quantity,from,until\nAM,online_crime,2,3,{day},{day}"
    kept = await tigran.post(f"{API}/register/needs/imports", files={"file": ("needs.csv", table.encode())})
    assert kept.status_code == 201, kept.text
    read = await tigran.get(f"{API}/register/needs/imports/{kept.json()['id']}")
    assert read.status_code == 200
    done = await tigran.post(f"{API}/register/needs/imports/{kept.json()['id']}/confirm", json={})
    assert done.status_code == 200, done.text
    refused = await tigran.post(f"{API}/register/needs/imports", json={"file": table})
    assert refused.status_code == 415
