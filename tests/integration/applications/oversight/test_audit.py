"""Auditors read actions and attempts, and a flood of attempts is only counted."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from services.applications.oversight.actions.attempts import A_MINUTE, AttemptCounter, write
from shared.identity import service_headers
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.suspension import FINISH, suspend
from tests.support import SERVICE_TOKEN, owner_of

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed


@pytest.fixture
async def audrey(programme: Programme) -> httpx2.AsyncClient:
    """Enter an auditor."""
    person = programme.person("audrey", "Audrey Auditor", "FR", "auditor")
    person["grants"] = [{"role": "auditor", "since": "2025-01-01"}]
    await programme.post("programme", "/people", {"people": [person]}, 201)
    return programme.as_("audrey")


async def lines(programme: Programme, **filters: str) -> list[dict[str, Any]]:
    """Return the lines of the API's answer."""
    answer = await programme.as_("audrey").get("/applications/api/v1/audit", params=filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.usefixtures("audrey")
async def test_each_kind_of_attempt_is_recorded_without_its_content(programme: Programme) -> None:
    """Every kind of refused attempt is recorded without the content that was sent."""
    theirs = (await programme.submitted())["id"]
    forged = str(new_id())
    nino = programme.as_("nino")
    await nino.get(f"/applications/api/v1/applications/{theirs}")
    await nino.get(f"/applications/mine/{forged}")
    await nino.get("/applications/eligibility")
    await nino.get("/applications/api/v1/calls?state=a%00b")
    await nino.post("/applications/api/v1/applications", json={"call_id": "secret\x00", "kind": "mentee"})
    await nino.post(f"/applications/mine/{forged}/withdraw", headers={"X-CSRF-Token": "guess"})
    await programme.as_("stranger-to-all").get("/applications/api/v1/calls", headers={"Authorization": "Bearer a.b.c"})
    entry = {"name": "=cmd()", "kind": "agency", "country": "AM"}
    await programme.post("programme", "/organisations", {"organisations": [entry]}, 422)
    kept = [(line["who"], line["what"], line["about"]) for line in await lines(programme)]
    assert sorted(kept, key=str) == sorted(
        [
            ("nino", "not_theirs", theirs),
            ("nino", "not_theirs", forged),
            ("nino", "role", None),
            ("nino", "control_characters", None),
            ("nino", "control_characters", None),
            ("nino", "foreign_form", forged),
            (None, "forged_token", None),
            ("programme", "formula", None),
        ],
        key=str,
    )
    assert "secret" not in str(await lines(programme))


async def test_the_page_its_filters_and_the_download(programme: Programme, audrey: httpx2.AsyncClient) -> None:
    """Filters are in the address, an empty list says so, CSV cells have no formula, and only auditors read it."""
    await programme.as_("nino").get("/applications/eligibility")
    await programme.as_("ani").get("/applications/eligibility")
    page = await audrey.get("/applications/audit")
    assert page.text.count("A page for another role") >= 2
    filtered = await audrey.get("/applications/audit?kind=attempts&who=nino&what=role")
    assert "/applications/eligibility (403)" in filtered.text
    assert ">ani<" not in filtered.text
    none = await audrey.get("/applications/audit?kind=attempts&who=nobody")
    assert "Nothing matches these filters" in none.text
    assert (await audrey.get("/applications/audit?since=24.11.2026")).status_code == 422
    beyond = {"until": "9999-12-31T23:59:59-14:00"}
    assert (await audrey.get("/applications/api/v1/audit", params=beyond)).status_code == 422
    assert await lines(programme, until="2020-01-01T00:00:00Z") == []
    tomorrow = clock.today() + timedelta(days=1)
    assert len(await lines(programme, since=f"{clock.today()}T00:00:00Z", until=f"{tomorrow}T00:00:00Z")) >= 2
    assert await lines(programme, since=f"{tomorrow}T00:00:00Z") == []
    today = await audrey.get(f"/applications/audit?since={clock.today()}&until={clock.today()}&who=nino")
    assert "/applications/eligibility (403)" in today.text
    async with owner_of(programme.app.state.service.bus) as owner, owner.transaction("system:tests") as tx:
        await tx.session.execute(sa.text("UPDATE attempt SET subject = '=1+1' WHERE subject = 'nino'"))
    written = await audrey.get("/applications/audit.csv?kind=attempts")
    rows = list(csv.DictReader(written.text.splitlines()))
    assert {row["who"] for row in rows} >= {"'=1+1", "ani"}
    for subject in ("programme", "ani", "tigran"):
        assert (await programme.as_(subject).get("/applications/audit")).status_code == 403
        assert (await programme.as_(subject).get("/applications/audit.csv")).status_code == 403


async def test_the_first_and_the_last_day_are_filters(programme: Programme, audrey: httpx2.AsyncClient) -> None:
    """The first and the last day of the programme's calendar are filters like other days; no day is beyond them."""
    await programme.as_("nino").get("/applications/eligibility")
    for path in ("/applications/audit", "/applications/audit.csv"):
        answer = await audrey.get(f"{path}?since=2000-01-01&until=2199-12-31")
        assert (answer.status_code, "eligibility" in answer.text) == (200, True)
        for beyond in ("since=0001-01-01", "until=9999-12-31"):
            assert (await audrey.get(f"{path}?{beyond}")).status_code == 422


@pytest.mark.usefixtures("audrey")
async def test_auditors_read_releases_accesses_and_decisions(programme: Programme, feed: Feed) -> None:
    """Releases of names, accesses for messages and suspensions are listed with who and what."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    await programme.as_("programme").post(
        "/applications/internal/contacts",
        json={"audience": "home_coordinator", "country": "AM", "purpose": "notice"},
        headers=service_headers("notifications", SERVICE_TOKEN),
    )
    decision = await suspend(abroad, "AM", FINISH)
    (release,) = await lines(programme, kind="releases", country="AM")
    assert (release["about"], release["details"]["to"]) == (str(match_id), "host_coordinator")
    (look,) = await lines(programme, kind="looks", who="notifications")
    assert (look["what"], look["about"], look["details"]["people"]) == ("contact", "AM", 1)
    (decided,) = await lines(programme, kind="partners", what="suspended")
    assert (decided["about"], decided["who"], decided["country"]) == (decision["id"], "programme", "AM")
    for kind in ("releases", "looks", "partners"):
        page = await programme.as_("audrey").get(f"/applications/audit?kind={kind}")
        assert page.status_code == 200
        assert "Nothing of this kind" not in page.text


@pytest.mark.usefixtures("audrey")
async def test_register_changes_are_listed_without_their_contents(programme: Programme) -> None:
    """The audit names the changed fields of an entry, not their contents."""
    changed = programme.person("nino", "Nino Kapanadze", "GE", "officer", service="police")
    await programme.post("programme", "/people", {"people": [changed]}, 201)
    found = await lines(programme, kind="register", who="programme", country="GE")
    assert any("name" in (entry["details"]["fields"] or ()) for entry in found)
    assert "Kapanadze" not in str(found)
    page = await programme.as_("audrey").get("/applications/audit?kind=register")
    assert page.status_code == 200
    assert "Kapanadze" not in page.text
    assert "Person: Changed" in page.text
    assert "Service email" in page.text
    assert "organisation_id" not in page.text


@pytest.mark.usefixtures("audrey")
async def test_a_flood_is_counted(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty attempts per person and minute get a row, the others are counted, and other people are unaffected."""
    monkeypatch.setattr("services.applications.oversight.actions.attempts.time.monotonic", lambda: 600.0)
    for _ in range(A_MINUTE + 7):
        await programme.as_("nino").get("/applications/eligibility")
    await programme.as_("ani").get("/applications/eligibility")
    assert len(await lines(programme, who="nino")) == A_MINUTE
    assert len(await lines(programme, who="ani")) == 1
    monkeypatch.setattr("services.applications.oversight.actions.attempts.time.monotonic", lambda: 661.0)
    await programme.as_("nino").get("/applications/eligibility")
    (counted,) = await lines(programme, who="nino", what="counted")
    assert counted["details"]["more"] == 7
    page = await programme.as_("audrey").get("/applications/audit?what=counted")
    assert "7 more in one minute" in page.text


def test_counted_attempts_are_written_once() -> None:
    """The worker writes the counted attempts of past minutes once."""
    known = AttemptCounter()
    for _ in range(A_MINUTE + 3):
        known.admit("ani", 0.0)
    assert known.take_counted(30.0) == []
    assert [(row.subject, row.repeats) for row in known.take_counted(60.0)] == [("ani", 3)]
    assert known.take_counted(60.0) == []
    assert known.admit("ani", 61.0) == []


async def test_more_attempts_than_one_statement_takes_are_written(programme: Programme) -> None:
    """The counted attempts of 4,000 people in one minute, 36,000 values, are all written."""
    known = AttemptCounter()
    for person in range(4_000):
        for _ in range(A_MINUTE + 1):
            known.admit(f"person-{person}", 0.0)
    rows = known.take_counted(60.0)
    assert len(rows) == 4_000
    bus = programme.app.state.service.bus
    assert await write(bus, rows) == []
    async with bus.read() as session:
        found = await session.scalar(sa.text("SELECT count(*) FROM attempt WHERE reason = 'counted'"))
    assert found == 4_000


async def test_a_failing_store_delays_no_request(programme: Programme) -> None:
    """A request is refused as usual though its attempt cannot be stored."""
    async with owner_of(programme.app.state.service.bus) as owner, owner.transaction("system:tests") as tx:
        await tx.session.execute(sa.text("DROP TABLE attempt"))
    assert (await programme.as_("nino").get("/applications/eligibility")).status_code == 403


@pytest.mark.usefixtures("audrey")
async def test_the_audit_trail_is_read_page_by_page(programme: Programme, feed: Feed) -> None:
    """Each kind comes newest first in pages without gaps or repetitions, also records of one moment."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        columns = "match_id, party, purpose, fields, basis, at"
        same_moment = f"INSERT INTO release ({columns}, recipient) SELECT {columns}, 'host' FROM release"
        await tx.session.execute(sa.text(same_moment))
    for kind, size in (("register", 7), ("releases", 1)):
        whole = await lines(programme, kind=kind, limit="200")
        assert [entry["at"] for entry in whole] == sorted((entry["at"] for entry in whole), reverse=True)
        read: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while cursor.get("cursor", "") is not None:
            parameters = {"kind": kind, "limit": str(size)} | cursor
            answer = await programme.as_("audrey").get("/applications/api/v1/audit", params=parameters)
            read += answer.json()["items"]
            cursor = {"cursor": answer.json()["next"]}
        assert read == whole
        assert len(whole) > size
