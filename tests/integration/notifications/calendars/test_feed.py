"""A private calendar shows its owner's dates and nothing else, and ends with the owner's rights."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx2
import icalendar
import pytest
import sqlalchemy as sa
import vobject

from services.notifications.calendars.model import feed as model
from shared.contracts import _examples as ex
from shared.contracts.codes import Role
from shared.identity import Grant, service_headers, write_access
from shared.time import clock
from shared.time.workdays import ZONE
from tests.impossible import set_aside_by
from tests.integration.notifications.conftest import rows
from tests.integration.notifications.stories import APPLICATION, HOST, MATCH, MENTORSHIP, VISIT, day, event, in_days
from tests.readers.calendars import READERS
from tests.support import SERVICE_TOKEN, ReadFirst

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Contacts
    from tests.support import Feed

ORIGIN = "http://localhost:8000"
PERSON = UUID(int=77)
_GRANTS = {
    "officer": (Role.OFFICER, "MD", None),
    "mentor": (Role.MENTOR, "RO", None),
    "host": (Role.HOST_CONTACT, "FR", ex.HOST_ORGANISATION),
    "coordinator": (Role.NATIONAL_COORDINATOR, "MD", None),
    "elsewhere": (Role.NATIONAL_COORDINATOR, "GE", None),
    "programme": (Role.PROGRAMME_COORDINATOR, None, None),
    "donor": (Role.DONOR, None, None),
}


async def grant(app: FastAPI, subject: str) -> None:
    """Give somebody a role."""
    role, country, organisation = _GRANTS[subject]
    async with app.state.service.bus.transaction("system:test") as tx:
        grants = Grant(role, clock.today() - timedelta(days=1), country, organisation)
        await write_access(tx.session, {subject: ([grants], clock.now())})


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A calendar program without cookie or sign-in."""
    async with httpx2.AsyncClient(transport=ReadFirst(app), base_url=ORIGIN) as made:
        yield made


async def portal(client: httpx2.AsyncClient, method: str, path: str, **sent: Any) -> httpx2.Response:
    """Return a client of the portal's internal routes."""
    headers = service_headers("applications", SERVICE_TOKEN)
    return await client.request(method, f"/notifications/internal/feed{path}", headers=headers, **sent)


async def new_address(app: FastAPI, client: httpx2.AsyncClient, subject: str, person: UUID = PERSON) -> str:
    """Return the path of a new address for somebody."""
    await grant(app, subject)
    answer = await portal(client, "POST", "", json={"person": str(person), "subject": subject})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["path"])


@pytest.fixture
async def story(app: FastAPI, feed: Feed, contacts: Contacts) -> None:
    """Tell of an application that waits for endorsement, its visit next month and a mentorship with a session."""
    contacts.parts = {"applications": [str(APPLICATION)], "mentors": []}
    days = [day(number) for number in (30, 31, 33)]
    plan = {**event("VisitScheduled").model_dump(mode="json")["plan"], "start": days[0], "end": days[-1], "days": days}
    await feed.deliver(
        (event("OrganisationChanged"), HOST),
        (event("ApplicationSubmitted", due=in_days(10)), APPLICATION),
        (event("VisitScheduled", plan=plan, agenda_due=in_days(16)), VISIT),
    )
    await feed.deliver((event("MatchConfirmed"), MATCH))
    await feed.deliver((event("SessionLogged", held_on=day(-3), next_on=day(20)), MATCH))


def by_icalendar(text: str) -> dict[str, list[date]]:
    """Return summary -> first days, as icalendar reads the feed."""
    found: dict[str, list[date]] = {}
    for component in icalendar.Calendar.from_ical(text).walk("VEVENT"):
        found.setdefault(str(component["SUMMARY"]), []).append(component.decoded("DTSTART"))
    return found


def by_vobject(text: str) -> dict[str, list[date]]:
    """Return the same as vobject reads it."""
    found: dict[str, list[date]] = {}
    for component in vobject.readOne(text).contents.get("vevent", []):
        found.setdefault(component.summary.value, []).append(component.dtstart.value)
    return found


async def test_each_has_the_own_dates_and_no_name(app: FastAPI, client: httpx2.AsyncClient, story: None) -> None:
    """Officer, host and coordinators each see their visits, sessions and deadlines, without names."""
    today = clock.today()
    visit, agenda = "Study visit MD-2026-0042", "Due: Agreement on the agenda, MD-2026-0042"
    expected = {
        "officer": {visit, agenda, "Mentoring session MD-2026-0042", "Mentoring session MD-2026-0042 (planned)"},
        "host": {visit, agenda},
        "coordinator": {visit, "Due: Endorsement, MD-2026-0042"},
        "programme": {visit},
        "elsewhere": set(),
    }
    for subject, summaries in expected.items():
        path = await new_address(app, client, subject, uuid4())
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        found = by_icalendar(answer.text)
        assert found == by_vobject(answer.text)
        first, *others = [read(answer.content) for read in READERS]
        assert all(other == first for other in others)
        assert (first.zones, first.problems, len(first.events)) == ((ZONE.key,), "", sum(map(len, found.values())))
        assert summaries <= set(found), (subject, found)
        if visit in summaries:  # a day between is not the visit's: two entries
            assert found[visit] == [today + timedelta(days=30), today + timedelta(days=33)]
        else:
            assert found == {}
        for secret in ("Lyon", "Anti-cybercrime", "Petrosyan", "LOCATION", "ATTENDEE", "ORGANIZER", "CN="):
            assert secret not in answer.text
        assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H" in answer.text


async def test_a_planned_session_takes_the_place_of_the_day_that_was_agreed(
    app: FastAPI, client: httpx2.AsyncClient, feed: Feed, story: None
) -> None:
    """A planned session replaces the agreed day, moves, and disappears when cancelled."""
    path, name = await new_address(app, client, "officer"), "Mentoring session MD-2026-0042 (planned)"
    assert by_vobject((await client.get(path)).text)[name] == [clock.today() + timedelta(days=20)]
    for number, kind in ((21, "SessionPlanned"), (22, "SessionMoved")):
        await feed.deliver((event(kind, begins_at=f"{day(number)}T10:00:00Z"), MATCH))
        assert by_vobject((await client.get(path)).text)[name] == [clock.today() + timedelta(days=number)]
    await feed.deliver((event("SessionCancelled", begins_at=f"{day(22)}T10:00:00Z"), MATCH))
    assert name not in by_icalendar((await client.get(path)).text)


async def test_an_unchanged_feed_is_not_sent_again(
    app: FastAPI, client: httpx2.AsyncClient, feed: Feed, story: None
) -> None:
    """An unchanged feed has the same tag; a moved visit has another, and a cancelled one disappears."""
    path = await new_address(app, client, "host")
    first = await client.get(path)
    tag = first.headers["etag"]
    for named in (tag, f'"other", W/{tag}', "*"):
        again = await client.get(path, headers={"If-None-Match": named})
        assert (again.status_code, again.text, again.headers["etag"]) == (304, "", tag)
    assert (await client.head(path)).headers["etag"] == tag
    days = [day(44), day(45)]
    plan = {**event("VisitScheduled").model_dump(mode="json")["plan"], "start": days[0], "end": days[-1], "days": days}
    await feed.deliver((event("VisitMoved", plan=plan, agenda_due=in_days(30)), VISIT))
    moved = await client.get(path, headers={"If-None-Match": tag})
    assert moved.status_code == 200
    assert by_vobject(moved.text)["Study visit MD-2026-0042"] == [clock.today() + timedelta(days=44)]
    await feed.deliver((event("VisitCancelled", plan=plan), VISIT))
    assert not {"Study visit MD-2026-0042", "Due: Agreement on the agenda, MD-2026-0042"} & set(
        by_vobject((await client.get(path)).text)
    )


async def test_a_mentorship_that_ends_has_no_next_session(
    app: FastAPI, client: httpx2.AsyncClient, feed: Feed, story: None
) -> None:
    """The past session stays; the agreed next one disappears, as does one that is withdrawn."""
    path = await new_address(app, client, "officer")
    await feed.deliver((event("MentorshipEndedEarly"), MENTORSHIP))
    found = by_icalendar((await client.get(path)).text)
    assert "Mentoring session MD-2026-0042" in found
    assert "Mentoring session MD-2026-0042 (planned)" not in found
    await feed.deliver((event("SessionWithdrawn", held_on=day(-3)), MATCH))
    assert "Mentoring session MD-2026-0042" not in by_icalendar((await client.get(path)).text)


async def test_only_the_newest_key_opens_and_none_is_kept(app: FastAPI, client: httpx2.AsyncClient) -> None:
    """A new address ends the old one; only a hash is stored; other keys get 404."""
    first = await new_address(app, client, "host")
    feed = (await portal(client, "GET", f"?person={PERSON}")).json()
    twice = await portal(client, "POST", "", json={"person": str(PERSON), "subject": "host"})
    assert twice.status_code == 409
    body = {"person": str(PERSON), "subject": "host", "replaces": feed["id"]}
    second = (await portal(client, "POST", "", json=body)).json()["path"]
    assert (await portal(client, "POST", "", json=body)).status_code == 409
    assert [(await client.get(path)).status_code for path in (first, second)] == [404, 200]
    (kept,) = await rows(app, "SELECT feed::text AS text FROM feed")
    assert second.partition("=")[2] not in kept.text
    assert (await portal(client, "POST", "/revoke", json={"person": str(PERSON)})).json() == {"ended": True}
    assert (await portal(client, "POST", "/revoke", json={"person": str(PERSON)})).json() == {"ended": False}
    for wrong in (second, "/notifications/feed.ics", "/notifications/feed.ics?key=x", f"{second}x"):
        assert (await client.get(wrong)).status_code == 404
    stranger = await client.get(f"/notifications/internal/feed?person={PERSON}")
    assert stranger.status_code == 401


async def test_a_suspension_ends_an_address_for_good(app: FastAPI, client: httpx2.AsyncClient, feed: Feed) -> None:
    """A suspension ends the address, and a reinstatement does not bring it back."""
    path = await new_address(app, client, "officer")
    other = await new_address(app, client, "elsewhere", uuid4())
    assert (await client.get(path)).status_code == 200
    await feed.deliver((event("PartnerStatusChanged", country="MD", status="suspended", since=day(0)), "MD"))
    assert [(await client.get(each)).status_code for each in (path, other)] == [404, 200]
    await feed.deliver((event("PartnerStatusChanged", country="MD", status="reinstated", since=day(0)), "MD"))
    assert (await client.get(path)).status_code == 404


async def test_a_suspension_that_nobody_read_meanwhile_ends_it_too(
    app: FastAPI, client: httpx2.AsyncClient, feed: Feed
) -> None:
    """An address from before a suspension is invalid even if nobody read it meanwhile."""
    path = await new_address(app, client, "officer")
    for status in ("suspended", "reinstated"):
        await feed.deliver((event("PartnerStatusChanged", country="MD", status=status, since=day(0)), "MD"))
    assert (await client.get(path)).status_code == 404


async def test_a_lost_access_deletes_the_calendar_address(app: FastAPI, client: httpx2.AsyncClient, feed: Feed) -> None:
    """A lost access deletes the address for good; a donor cannot have one."""
    path = await new_address(app, client, "host")
    await feed.deliver((event("AccessChanged", grants=[]), "host"))
    assert await rows(app, "SELECT 1 FROM feed") == []
    await grant(app, "host")
    assert (await client.get(path)).status_code == 404
    assert (await client.get(await new_address(app, client, "donor"))).status_code == 404


async def test_too_frequent_requests_of_a_calendar_are_refused(app: FastAPI, client: httpx2.AsyncClient) -> None:
    """After sixty readings in an hour the answer is 429 with the time to wait."""
    path = await new_address(app, client, "host")
    bus = app.state.service.bus
    async with bus.transaction("system:test") as tx:
        await tx.session.execute(sa.text("UPDATE feed SET reads = :reads"), {"reads": model.READS_AN_HOUR - 1})
    assert (await client.get(path)).status_code == 200
    refused = await client.get(path)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    async with bus.transaction("system:test") as tx:
        await tx.session.execute(sa.text("UPDATE feed SET counted_from = counted_from - interval '61 minutes'"))
    assert (await client.get(path)).status_code == 200


async def test_the_portal_being_away_empties_no_calendar(
    app: FastAPI, client: httpx2.AsyncClient, contacts: Contacts
) -> None:
    """Without the portal the answer is 503, since an empty feed would delete every entry."""
    path = await new_address(app, client, "officer")
    contacts.away = True
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


async def test_an_impossible_appointment_ends_no_calendar(
    app: FastAPI, client: httpx2.AsyncClient, story: None
) -> None:
    """A visit whose days cannot be read is left out of a private calendar and named; the other entries are shown."""
    path = await new_address(app, client, "officer")
    whole = by_icalendar((await client.get(path)).text)
    before = (await rows(app, f"SELECT days FROM appointment WHERE id = '{VISIT}'"))[0].days
    await set_days(app, ["no day"])
    answer = await client.get(path)
    assert answer.status_code == 200
    assert by_icalendar(answer.text).keys() == whole.keys() - {"Study visit MD-2026-0042"}
    assert await set_aside_by(app.state.service.bus) == {(model.WORK, str(VISIT))}
    await set_days(app, before)
    assert by_icalendar((await client.get(path)).text) == whole
    assert await set_aside_by(app.state.service.bus) == set()


async def set_days(app: FastAPI, days: list[str]) -> None:
    """Write the days of the visit, as no event could."""
    async with app.state.service.bus.transaction("system:tests") as tx:
        change = sa.text("UPDATE appointment SET days = CAST(:days AS jsonb) WHERE id = :id")
        await tx.session.execute(change, {"days": json.dumps(days), "id": VISIT})
