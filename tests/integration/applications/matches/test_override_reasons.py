"""The portal stores why a coordinator assigned a place manually, and shows it to coordinators and auditors only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from shared.contracts.codes import Role
from shared.identity import Grant, service_headers, write_access
from shared.ids import new_id
from shared.time import clock
from tests.support import SERVICE_TOKEN

if TYPE_CHECKING:
    from uuid import UUID

    import httpx2

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

ROUTE = "/applications/internal/override-reasons"
HEADERS = service_headers("matching", SERVICE_TOKEN)
WORDS = "Her unit asked for <Lyon>: the case that both agencies work on is there."


async def _stored(programme: Programme, match_id: UUID, application_id: str, text: str = WORDS) -> httpx2.Response:
    """Return the answer to matching, which is about to make a match."""
    body = {
        "match_id": str(match_id),
        "application_id": application_id,
        "decided_by": "programme",
        "reason": "operational_duty",
        "text": text,
    }
    return await programme.as_("programme").post(ROUTE, json=body, headers=HEADERS)


async def _appointed(programme: Programme, subject: str) -> None:
    """Make an officer a programme coordinator as well."""
    grants = [Grant(Role.OFFICER, clock.today(), country="AM"), Grant(Role.PROGRAMME_COORDINATOR, clock.today())]
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        await write_access(tx.session, {subject: (grants, clock.now())})


async def test_coordinators_and_auditors_read_the_words(abroad: Abroad, programme: Programme) -> None:
    """The words stand on the case and in the audit log; officer (a coordinator too), host and events have none."""
    auditor = programme.person("audrey", "Audrey Auditor", "FR", "auditor")
    auditor["grants"] = [{"role": "auditor", "since": "2025-01-01"}]
    await programme.post("programme", "/people", {"people": [auditor]}, 201)
    match_id = await abroad.placement_matched()
    application_id = str(abroad.pairings[match_id]["application_id"])
    assert (await _stored(programme, match_id, application_id)).json() == {"stored": True}
    case = f"/applications/cases/{application_id}"
    for reader, by in (("tigran", "Programme coordinator"), ("programme", "You")):
        page = (await programme.as_(reader).get(case)).text
        entry = page.split("Place assigned manually")[1].split("</li>")[0]
        assert by in entry
        assert "Operational duty. Her unit asked for &lt;Lyon&gt;" in entry
        (place,) = (await programme.get(reader, f"/cases/{application_id}"))["manual_places"]
        assert (place["match_id"], place["text"], place["by_you"]) == (str(match_id), WORDS, reader == "programme")
    for reader, address in (
        ("ani", f"/applications/mine/{application_id}"),
        ("ani", f"/applications/matches/{match_id}"),
        ("claire", f"/applications/matches/{match_id}"),
        ("luc", f"/applications/matches/{match_id}"),
    ):
        assert "Lyon&gt;" not in (await programme.as_(reader).get(address)).text
    assert "manual_places" not in await abroad.get("ani", f"/applications/{application_id}")
    audrey = programme.as_("audrey")
    page = (await audrey.get("/applications/audit?kind=overrides")).text
    assert "Her unit asked for &lt;Lyon&gt;" in page
    (line,) = (await audrey.get("/applications/api/v1/audit?kind=overrides&country=AM")).json()["items"]
    assert (line["who"], line["what"], line["about"]) == ("programme", "operational_duty", str(match_id))
    assert line["details"] == {"application": application_id, "text": WORDS}
    assert WORDS in (await audrey.get("/applications/audit.csv?kind=overrides")).text
    assert (await programme.as_("tigran").get("/applications/audit?kind=overrides")).status_code == 403
    await _appointed(programme, "ani")
    assert "Her unit" not in (await programme.as_("ani").get(case)).text
    assert (await programme.get("ani", f"/cases/{application_id}"))["manual_places"] == []
    async with programme.app.state.service.bus.read() as session:
        events = (await session.execute(sa.text("SELECT string_agg(payload, '') FROM journal"))).scalar_one()
    assert "Her unit" not in events


async def test_a_reason_is_stored_once_and_only_by_a_service(abroad: Abroad, programme: Programme) -> None:
    """A second request with the same words changes nothing, other words are not taken, nor a stranger's."""
    match_id = await abroad.placement_matched()
    application_id = str(abroad.pairings[match_id]["application_id"])
    for text, stored in ((WORDS, True), (WORDS, True), ("Another reason", False)):
        assert (await _stored(programme, match_id, application_id, text)).json() == {"stored": stored}
    assert (await _stored(programme, new_id(), str(new_id()))).status_code == 404
    for text in ("", "x" * 1001):
        assert (await _stored(programme, new_id(), application_id, text)).status_code == 422
    unknown = await programme.as_("programme").post(ROUTE, json={"match_id": str(match_id)})
    assert unknown.status_code == 401
    async with programme.app.state.service.bus.read() as session:
        rows = (await session.execute(sa.text("SELECT text FROM override_reason"))).all()
    assert [row.text for row in rows] == [WORDS]


async def test_words_show_with_their_match_and_go_with_the_application(abroad: Abroad, programme: Programme) -> None:
    """Words of an override that was not carried out show nowhere; all go when the application's row is deleted."""
    match_id = await abroad.placement_matched()
    application_id = str(abroad.pairings[match_id]["application_id"])
    await _stored(programme, new_id(), application_id)
    assert (
        "Place assigned manually"
        not in (await programme.as_("programme").get(f"/applications/cases/{application_id}")).text
    )
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        await tx.session.execute(sa.text("DELETE FROM application WHERE id = :id"), {"id": application_id})
    async with programme.app.state.service.bus.read() as session:
        assert (await session.execute(sa.text("SELECT count(*) FROM override_reason"))).scalar_one() == 0
