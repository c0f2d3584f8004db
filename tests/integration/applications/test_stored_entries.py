"""Drafts that newer rules no longer accept are shown, named when they are submitted, and keep what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from tests.integration.applications.call_forms import begun
from tests.integration.applications.test_abroad_pages import read

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def _store(programme: Programme, table: str, column: str, id_: str, **values: Any) -> None:
    """Write values into a stored entry as an older version of the rules had accepted them."""
    target = sa.table(table, sa.column("id"), sa.column(column, sa.dialects.postgresql.JSONB))
    stored = target.c[column]
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        change = sa.update(target).where(target.c.id == UUID(id_)).values({column: stored.op("||")(values)})
        assert (await tx.session.execute(change)).rowcount == 1


async def _stored(programme: Programme, table: str, column: str, id_: str) -> dict[str, Any]:
    target = sa.table(table, sa.column("id"), sa.column(column, sa.dialects.postgresql.JSONB))
    async with programme.app.state.service.bus.read() as session:
        query = sa.select(target.c[column]).where(target.c.id == UUID(id_))
        found: dict[str, Any] = (await session.execute(query)).scalar_one()
        return found


async def test_a_placement_is_open_where_its_rules_changed(abroad: Abroad, programme: Programme) -> None:
    """Every page reads it; it cannot be submitted until the host has written the fields anew."""
    body = {"call_id": programme.call["id"], "entry": abroad.offer_entry()}
    made = await abroad.post("claire", "/offers", body, 201)
    old = {"places": 900, "expertise": ["sorcery"], "days": 9}
    await _store(programme, "offer", "entry", made["id"], **old)
    shown = await abroad.get("claire", f"/offers/{made['id']}")
    assert (shown["entry"]["places"], shown["entry"]["expertise"], shown["entry"]["days"]) == (None, [], 5)
    assert shown["entry"]["title"] == abroad.offer_entry()["title"]
    assert shown["unaccepted"] == old
    at = f"/applications/offers/{made['id']}"
    for page in (at, f"{at}/edit", "/applications/offers"):
        assert "A week with the cybercrime unit" in await read(abroad, "claire", page)
    problem = await abroad.post("claire", f"/offers/{made['id']}/submit", status=422)
    assert {error["name"] for error in problem["errors"]} == set(old)
    client = programme.as_("claire")
    saved = await client.put(f"/applications/api/v1/offers/{made['id']}", json={"entry": {"places": 2, "days": 4}})
    assert saved.status_code == 200, saved.text
    assert (await _stored(programme, "offer", "entry", made["id"]))["expertise"] == ["sorcery"]
    problem = await abroad.post("claire", f"/offers/{made['id']}/submit", status=422)
    assert [error["name"] for error in problem["errors"]] == ["expertise"]
    await client.put(f"/applications/api/v1/offers/{made['id']}", json={"entry": {"expertise": []}})
    assert (await abroad.post("claire", f"/offers/{made['id']}/submit"))["state"] == "submitted"


async def test_a_host_sees_what_is_no_longer_available(abroad: Abroad, programme: Programme) -> None:
    """A dropped choice is shown as such and stays until the host chooses another: the step is not done without it."""
    body = {"call_id": programme.call["id"], "entry": abroad.offer_entry()}
    made = await abroad.post("claire", "/offers", body, 201)
    old = {"expertise": ["sorcery"], "languages": [{"language": "zz", "level": "B2"}], "topics": ["witchcraft"]}
    await _store(programme, "offer", "entry", made["id"], **old)
    at = f"/applications/offers/{made['id']}"
    for step, texts in {"what": ["Witchcraft"], "who": ["Sorcery", "Zz"]}.items():
        shown = await read(abroad, "claire", f"{at}/edit?step={step}")
        for text in texts:
            assert f"{text} (no longer available)" in shown
    assert "sorcery (not accepted)" in await read(abroad, "claire", at)
    languages = {"languages-0-language": "zz", "languages-0-level": "B2"}
    for step, sent, text in (
        ("what", {"title": "Another title", "topics": "witchcraft"}, "Witchcraft"),
        ("who", {"expertise": "sorcery", **languages}, "Sorcery"),
    ):
        answer = await programme.as_("claire").post(f"{at}/edit", data=sent | {"part": step})
        assert answer.status_code == 422
        assert "Choose one of the answers" in answer.text
        assert f"{text} (no longer available)" in answer.text
    stored = await _stored(programme, "offer", "entry", made["id"])
    assert {name: stored[name] for name in old} == old
    assert stored["title"] == "Another title"


async def test_a_mentors_profile_is_open_where_its_rules_changed(abroad: Abroad, programme: Programme) -> None:
    """The mentor reads it, and it is published once the capacity is written anew."""
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry()}
    made = await abroad.post("jonas", "/mentors", body, 201)
    await _store(programme, "mentor", "entry", made["id"], capacity=12)
    found = await abroad.get("jonas", f"/mentors/{made['id']}")
    assert (found["entry"]["capacity"], found["unaccepted"]) == (1, {"capacity": 12})
    assert 'value="12"' in await read(abroad, "jonas", f"/applications/mentors/{made['id']}/edit")
    at = f"/applications/mentors/{made['id']}"
    for page in (at, f"{at}/edit", "/applications/mentors"):
        await read(abroad, "jonas", page)
    problem = await abroad.post("jonas", f"/mentors/{made['id']}/publish", status=422)
    assert [(error["name"], error["detail"]) for error in problem["errors"]] == [("capacity", "This must be 5 or less")]
    saved = await programme.as_("jonas").put(
        f"/applications/api/v1/mentors/{made['id']}", json={"entry": {"capacity": 1}}
    )
    assert saved.status_code == 200, saved.text
    assert (await abroad.post("jonas", f"/mentors/{made['id']}/publish"))["state"] == "published"


async def test_a_draft_of_a_call_is_open_where_its_rules_changed(programme: Programme) -> None:
    """Its pages show it with what is no longer accepted among what is missing; the other sections can be saved."""
    address = await begun(programme)
    draft_id = address.rsplit("/", 1)[1]
    old = {"share_of_offer": 400, "quotas": [{"country": "AM", "floor": "many"}]}
    await _store(programme, "call_draft", "entry", draft_id, **old)
    found = await programme.get("programme", f"/call-drafts/{draft_id}")
    assert found["missing"].items() >= {"share_of_offer": "This must be 100 or less"}.items()
    assert "quotas" in found["missing"]
    assert found["unaccepted"] == old
    for page in ("/applications/calls", address, f"{address}/preview", f"{address}/quotas"):
        answer = await programme.as_("programme").get(page)
        assert answer.status_code == 200, answer.text
    title = {"texts-0-language": "en", "texts-0-title": "Winter"}
    saved = await programme.as_("programme").post(f"{address}/texts", data=title)
    assert saved.status_code == 303, saved.text
    stored = await _stored(programme, "call_draft", "entry", draft_id)
    assert {name: stored[name] for name in old} == old
    await _store(programme, "call_draft", "entry", draft_id, rules=stored["rules"] | {"languages": ["zz"]})
    assert "Zz (no longer available)" in (await programme.as_("programme").get(f"{address}/rules")).text
    problem = await programme.post("programme", f"/call-drafts/{draft_id}/publish", status=422)
    assert {"quotas", "share_of_offer", "fund_id"} <= {error["name"] for error in problem["errors"]}


async def test_answers_are_open_where_the_rules_changed(programme: Programme) -> None:
    """The officer reads and saves every page, and the answer is named when the application is submitted."""
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    made = await programme.post("ani", "/applications", body, 201)
    old = {"service": "navy", "courses": ["x" * 300]}
    await _store(programme, "application", "answers", made["id"], **old)
    at = f"/applications/mine/{made['id']}"
    for page in (at, f"{at}/check", f"{at}/service", f"{at}/background"):
        answer = await programme.as_("ani").get(page)
        assert answer.status_code == 200, answer.text
    assert "navy (not accepted)" in (await programme.as_("ani").get(f"{at}/check")).text
    assert "Navy (no longer available)" in (await programme.as_("ani").get(f"{at}/service")).text
    assert (await programme.get("ani", f"/applications/{made['id']}"))["unaccepted"] == old
    saved = await programme.as_("ani").post(
        f"{at}/languages", data={"languages-0-language": "en", "languages-0-level": "B2"}
    )
    assert saved.status_code == 303, saved.text
    stored = await _stored(programme, "application", "answers", made["id"])
    assert {name: stored[name] for name in old} == old
    problem = await programme.post("ani", f"/applications/{made['id']}/submit", status=422)
    assert {error["name"] for error in problem["errors"]} == {"service", "background"}
    fresh = {"service": "police", "courses": []}
    answer = await programme.as_("ani").put(f"/applications/api/v1/applications/{made['id']}/answers", json=fresh)
    assert answer.status_code == 200, answer.text
    assert (await programme.post("ani", f"/applications/{made['id']}/submit"))["state"] == "submitted"


async def test_a_change_keeps_the_answer_that_was_accepted_before(programme: Programme) -> None:
    """An answer that was submitted under older rules stays in the history of the application when it is changed."""
    made = await programme.submitted("ani", courses=["Online fraud"])
    old = ["x" * 300]
    await _store(programme, "application", "answers", made["id"], courses=old)
    change = {"answers": {"courses": ["Digital evidence"]}, "reason": "other"}
    await programme.post("ani", f"/applications/{made['id']}/change", change)
    changed = sa.table("application_change", *map(sa.column, ("application_id", "before", "after")))
    async with programme.app.state.service.bus.read() as session:
        query = sa.select(changed.c.before, changed.c.after).where(changed.c.application_id == UUID(made["id"]))
        before, after = (await session.execute(query)).one()
    assert (before["courses"], after["courses"]) == (old, ["Digital evidence"])
    assert (await programme.as_("ani").get(f"/applications/mine/{made['id']}")).status_code == 200
