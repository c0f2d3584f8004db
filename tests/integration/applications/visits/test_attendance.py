"""A host records attendance day by day, corrects it visibly, and never overwrites a colleague's record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts import visits
from shared.identity.versions import FIELD
from shared.time import clock
from tests.integration.applications.test_abroad_pages import read, send

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def begun(abroad: Abroad, day: int = 1) -> tuple[UUID, UUID, date]:
    """Start a visit on its day with that number, counted from 0; return its id, its match, its first day."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    start = date.fromisoformat((await abroad.get("claire", f"/visits/{visit_id}"))["start"])
    clock.move(timedelta(days=(start - clock.today()).days + day))
    return visit_id, match_id, start


async def recorded_days(programme: Programme) -> list[tuple[str, Any]]:
    """Return the recorded attendance: day and whether the guest attended."""
    found = await programme.journal("exchange.participation")
    return [(data["day"], data["present"]) for kind, _, data in found if kind == "AttendanceRecorded"]


async def test_one_tap_records_a_day(abroad: Abroad, programme: Programme) -> None:
    """The page lists today's guests, a tap records the day, and a second tap changes nothing."""
    assert "No guests today" in await read(abroad, "claire", "/applications/visits/attendance")
    visit_id, _, start = await begun(abroad)
    page = await read(abroad, "claire", "/applications/visits/attendance")
    today = start + timedelta(days=1)
    assert page.index(f"day-{today}") < page.index(f"day-{start}")
    at = f"/applications/visits/{visit_id}/attendance"
    tap = {f"day-{today}": "yes", "back": "today"}
    for _ in range(2):
        answer = await send(abroad, "claire", at, tap)
        assert answer.headers["location"].startswith("/applications/visits/attendance")
    assert await recorded_days(programme) == [(str(today), True)]
    await send(abroad, "claire", at, {f"day-{start}": "no", "day-x": "yes", "back": "today"})
    assert "Attendance for today is recorded" in await read(abroad, "claire", "/applications/visits/attendance")
    found = (await abroad.get("claire", "/visits/attendance"))["items"]
    assert [(entry["id"], entry["missing"], entry["today"]) for entry in found] == [(str(visit_id), [], True)]
    for somebody, status in (("paul", 404), ("luc", 403), ("ani", 404)):
        await send(abroad, somebody, at, tap, status)
    assert (await abroad.get("paul", "/visits/attendance"))["items"] == []
    await abroad.get("luc", "/visits/attendance", 403)


async def test_a_correction_stays_visible_and_is_published(abroad: Abroad, programme: Programme) -> None:
    """Host and guest read the record before the correction, and the log has both."""
    visit_id, _, start = await begun(abroad)
    path = f"/visits/{visit_id}/attendance"
    await abroad.post("claire", path, {"days": {str(start): True}})
    await abroad.post("claire", path, {"days": {str(start): False}})
    shown = await abroad.get("claire", f"/visits/{visit_id}")
    assert (shown["attendance"], shown["corrections"]) == ({str(start): False}, {str(start): True})
    for reader in ("claire", "ani", "tigran"):
        page = await read(abroad, reader, f"/applications/visits/{visit_id}")
        assert "The earlier record was: present" in page, reader
    assert await recorded_days(programme) == [(str(start), True), (str(start), False)]


async def test_a_colleague_s_record_is_not_overwritten(abroad: Abroad, programme: Programme) -> None:
    """A host who contradicts a newer record reads so and changes nothing; an equal record is accepted."""
    visit_id, _, start = await begun(abroad)
    claire, of = programme.as_("claire"), f"/applications/api/v1/visits/{visit_id}"
    opened = (await claire.get(of)).headers["etag"]
    await abroad.post("claire", f"/visits/{visit_id}/attendance", {"days": {str(start): True}})
    older = {"If-Match": opened}
    problem = await claire.post(f"{of}/attendance", json={"days": {str(start): False}}, headers=older)
    assert (problem.status_code, problem.json()["code"]) == (412, "outdated")
    page = f"/applications/visits/{visit_id}/attendance"
    form = {f"day-{start}": "no", FIELD: opened.strip('"')}
    assert (await claire.post(page, data=form)).status_code == 412
    same = await claire.post(f"{of}/attendance", json={"days": {str(start): True}}, headers=older)
    assert same.status_code == 200
    assert await recorded_days(programme) == [(str(start), True)]


async def test_only_past_days_are_recorded_until_the_end(abroad: Abroad) -> None:
    """Tomorrow and a day of another week are refused, and records are final after the end."""
    visit_id, match_id, start = await begun(abroad)
    path = f"/visits/{visit_id}/attendance"
    for day, status in ((start + timedelta(days=2), 409), (start - timedelta(days=7), 422)):
        await abroad.post("claire", path, {"days": {str(day): True}}, status)
    await abroad.post("claire", path, {"days": {str(start): True}})
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    await abroad.post("claire", f"/visits/{visit_id}/early-return", {"last_day": str(start)})
    values = {"attended": [str(start)], "attended_days": 1, "required_days": 5, "ended_on": str(start), "early": True}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, **values)
    await abroad.post("claire", path, {"days": {str(start): False}}, 409)
    assert (await abroad.get("claire", "/visits/attendance"))["items"] == []
    shown = await read(abroad, "claire", f"/applications/visits/{visit_id}")
    assert ": present" in shown
    assert "You can no longer change these days" in shown
    assert f"/applications/matches/{match_id}/incident" in shown
    assert "You can no longer change these days" not in await read(abroad, "ani", f"/applications/visits/{visit_id}")


async def test_a_no_show_after_a_wrong_tap(abroad: Abroad, programme: Programme) -> None:
    """After a mistaken record is corrected, the no-show can still be reported, once."""
    visit_id, _, start = await begun(abroad, 0)
    path = f"/visits/{visit_id}/attendance"
    await abroad.post("claire", path, {"days": {str(start): True}})
    await abroad.post("claire", f"/visits/{visit_id}/no-show", {"reason": "health"}, 409)
    await abroad.post("claire", path, {"days": {str(start): False}})
    for _ in range(2):
        await abroad.post("claire", f"/visits/{visit_id}/no-show", {"reason": "health"})
    found = await programme.journal("exchange.participation")
    reported = [data for kind, _, data in found if kind == "NoShowReported"]
    assert [entry["reason"] for entry in reported] == ["personal"]


async def test_the_mentee_records_attendance_when_the_mentor_travels(abroad: Abroad, programme: Programme) -> None:
    """The mentee finds the day on the first page and records it, and the mentor does not."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.begun(match_id)
    visit_id = await abroad.pair_visit(match_id, mentorship_id, "mentor")
    start = date.fromisoformat(abroad.pair_plan(match_id, mentorship_id, "mentor")["start"])
    list_, at = "/applications/visits/attendance", f"/applications/visits/{visit_id}/attendance"
    assert "No guests today" in await read(abroad, "nino", list_)
    clock.move(timedelta(days=(start - clock.today()).days))
    for who, shown in (("nino", True), ("jonas", False)):
        assert ("Record attendance" in await read(abroad, who, "/applications/")) == shown, who
        assert ("Jonas Kazlauskas" in await read(abroad, who, list_)) == shown, who
        found = (await abroad.get(who, "/visits/attendance"))["items"]
        assert [entry["missing"] for entry in found] == [[str(start)]] * shown
    tap = {f"day-{start}": "yes", "back": "today"}
    await send(abroad, "jonas", at, tap, 404)
    await send(abroad, "nino", at, tap)
    assert await recorded_days(programme) == [(str(start), True)]
    assert "Attendance for today is recorded" in await read(abroad, "nino", list_)
