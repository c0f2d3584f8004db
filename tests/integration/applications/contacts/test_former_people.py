"""Tests of contacts for people who were erased, and for people who were never known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from shared.identity import service_headers
from shared.ids import new_id
from tests.support import SERVICE_TOKEN

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def contacts_answer(programme: Programme, audience: str, **wanted: Any) -> tuple[int, list[dict[str, Any]]]:
    """Return status and recipients, as another service gets them."""
    answer = await programme.as_("nobody").post(
        "/applications/internal/contacts",
        json={"audience": audience, "purpose": "test", **{name: str(value) for name, value in wanted.items()}},
        headers=service_headers("notifications", SERVICE_TOKEN),
    )
    return answer.status_code, answer.json().get("recipients", [])


async def erase(programme: Programme, subject: str) -> UUID:
    """Erase a person from the register; return their former opaque id."""
    query = sa.text("DELETE FROM person WHERE subject = :subject RETURNING id")
    async with programme.app.state.service.bus.transaction("system:test") as tx:
        return UUID(str((await tx.session.execute(query, {"subject": subject})).scalar_one()))


async def test_an_erased_person_is_noted_as_gone(programme: Programme) -> None:
    """Only the erased person is noted; line managers were never in the register."""
    made = await programme.submitted("ani")
    _, (manager,) = await contacts_answer(programme, "line_manager", application_id=made["id"])
    gone = await erase(programme, "ani")
    ids = [gone, manager["recipient"], new_id()]
    assert [(await contacts_answer(programme, "person", recipient_id=person))[0] for person in ids] == [410, 404, 404]
    async with programme.app.state.service.bus.read() as session:
        noted = set(await session.scalars(sa.text("SELECT id FROM former_person ORDER BY id")))
    assert noted == {gone}, "nobody who is in the register"


async def test_all_audiences_about_one_person_agree(abroad: Abroad) -> None:
    """Applicant, mentor, companion and id all give 200 if known, 410 if erased, 404 if never known."""
    programme = abroad.of
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await abroad.post("jonas", "/mentors", body, 201)
    theirs, nino = await programme.submitted("ani"), await programme.submitted("nino")
    naming = {"mode": "pre_matched", "written": nino["reference"]}
    named = await abroad.post("ani", f"/applications/{theirs['id']}/companions", naming, 201)
    keys = {
        ("applicant", "application_id"): nino["id"],
        ("mentor", "mentor_id"): mentor["id"],
        ("companion", "companion_id"): named["id"],
    }
    people: dict[str, None] = {}
    for (audience, key), value in keys.items():
        status, (recipient,) = await contacts_answer(programme, audience, **{key: value})
        people[recipient["recipient"]] = None
        assert status == 200
        assert (await contacts_answer(programme, audience, **{key: new_id()}))[0] == 404
    assert (await contacts_answer(programme, "person", recipient_id=new_id()))[0] == 404
    assert len(people) == 2, "applicant and companion are one"
    gone = {str(await erase(programme, subject)) for subject in ("nino", "jonas")}
    assert gone == set(people)
    for (audience, key), value in keys.items():
        assert (await contacts_answer(programme, audience, **{key: value}))[0] == 410
    for person in gone:
        assert (await contacts_answer(programme, "person", recipient_id=person))[0] == 410
