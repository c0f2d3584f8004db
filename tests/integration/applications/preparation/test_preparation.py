"""Guest, sender and host prepare a visit, and each sees only their own part."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shared.contracts import visits
from shared.identity import idempotency
from shared.identity.versions import FIELD
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

EMERGENCY = {"name": "Aram Petrosyan", "relation": "Brother", "phone": "+374 10 123456"}


def version_in(page: str) -> str:
    """Return the version that the first form of a page names."""
    found: list[str] = re.findall(f'name="{FIELD}" value="([^"]+)"', page)
    return found[0]


async def put(abroad: Abroad, who: str, address: str, body: dict[str, Any], status: int = 200) -> Any:
    """Replace an item through the API."""
    answer = await abroad.of.as_(who).put(f"/applications/api/v1{address}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def write(abroad: Abroad, who: str, visit_id: UUID, item: str, details: dict[str, Any], status: int = 200) -> Any:
    """Write one item."""
    return await put(abroad, who, f"/visits/{visit_id}/preparation/{item}", {"details": details}, status)


async def visit(abroad: Abroad) -> tuple[UUID, UUID]:
    """Return match and scheduled visit of Ani and Claire."""
    match_id = await abroad.placement_matched()
    return match_id, await abroad.scheduled(match_id)


def written(abroad: Abroad, match_id: UUID) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the content of each item when everything is ready: by item, author and body."""
    plan, today = abroad.plan(match_id), str(clock.today())
    return {
        "authorisation": ("tigran", {"reference": "Order 12/345", "given_on": today}),
        "visa": ("ani", {"result": "not_needed"}),
        "insurance": (
            "ani",
            {"insurer": "Ingo", "policy_number": "A-1", "valid_from": plan["start"], "valid_until": plan["end"]},
        ),
        "emergency_contact": ("ani", EMERGENCY),
        "arrival": ("claire", {"contact_name": "Claire Moreau", "place": "Main gate, Lyon", "at": "09:00"}),
    }


async def prepare_everything(abroad: Abroad, match_id: UUID, visit_id: UUID) -> None:
    """Write all items of all sides."""
    for item, (who, details) in written(abroad, match_id).items():
        await write(abroad, who, visit_id, item, details)
    await abroad.post(
        "tigran", f"/visits/{visit_id}/costs", {"item": "travel", "payer": "sender", "planned": "410.77"}, 201
    )
    lines = (await abroad.get("tigran", f"/visits/{visit_id}/preparation"))["lines"]
    await abroad.post("tigran", f"/visits/{visit_id}/costs-settled", {"lines": lines})
    await abroad.post("claire", f"/visits/{visit_id}/letters/invitation", status=201)


async def recorded(programme: Programme, *kinds: str) -> list[tuple[str, Any]]:
    """Return the events of these types."""
    found = await programme.journal("exchange.participation")
    return [(kind, payload) for kind, _, payload in found if kind in kinds]


async def test_readiness_is_published_once(abroad: Abroad, programme: Programme) -> None:
    """Each side's part is published when it is complete, the whole once, and no content leaves the portal."""
    match_id, visit_id = await visit(abroad)
    await prepare_everything(abroad, match_id, visit_id)
    shown = await abroad.get("ani", f"/visits/{visit_id}/preparation")
    assert shown["complete"]
    assert {item["state"] for name, item in shown["items"].items() if name != "access_needs"} == {"there"}
    events = await recorded(programme, "PartPrepared", "PreparationCompleted")
    assert [kind for kind, _ in events] == ["PartPrepared"] * 3 + ["PreparationCompleted"]
    assert set(events[2][1]["parties"]) == {"guest", "host", "home_coordinator"}
    details = written(abroad, match_id)["insurance"][1]
    await write(abroad, "ani", visit_id, "insurance", details)
    assert len(await recorded(programme, "PartPrepared", "PreparationCompleted")) == 4
    everything = str(await programme.journal("exchange.participation"))
    for secret in ("Aram", "Ingo", "Order 12", "Main gate", "Claire", "410.77"):
        assert secret not in everything


async def test_a_sheet_takes_its_own_fields_only(abroad: Abroad) -> None:
    """A field that no sheet has is refused, and so is one of another sheet, each by name."""
    _, visit_id = await visit(abroad)
    unknown = await write(abroad, "ani", visit_id, "visa", {"result": "not_needed", "colour": "red"}, status=422)
    assert "colour" in str(unknown["errors"])
    other = await write(abroad, "ani", visit_id, "visa", {"result": "not_needed", "insurer": "Ingo"}, status=422)
    assert "insurer" in str(other["errors"])


async def test_one_answer_names_all_faults_of_a_sheet(abroad: Abroad, programme: Programme) -> None:
    """Page and API name what is missing, what cannot be read, and days that contradict each other, together."""
    _, visit_id = await visit(abroad)
    wrong = {"policy_number": "A-1", "valid_from": "2027-03-09", "valid_until": "2027-03-01"}
    refused = await write(abroad, "ani", visit_id, "insurance", wrong, status=422)
    assert {error["pointer"].rpartition("/")[2] for error in refused["errors"]} == {"insurer", "valid_until"}
    days = zip(("9", "1"), ("valid_from", "valid_until"), strict=True)
    sent = {f"{name}-{part}": text for day, name in days for part, text in _parts(day).items()}
    at = f"/applications/visits/{visit_id}/preparation/insurance"
    page = await programme.as_("ani").post(at, data={"insurer": "", "policy_number": "x" * 101, **sent})
    assert page.status_code == 422
    for sentence in (
        "Enter the insurer",
        "“Policy number” must be 100 characters or fewer",
        "The last day must not be before the first.",
    ):
        assert page.text.count(sentence) == 2, f"in the summary and at the field: {sentence}"


def _parts(day: str) -> dict[str, str]:
    return {"day": day, "month": "3", "year": "2027"}


async def test_moved_dates_reopen_insurance_and_letter(abroad: Abroad, programme: Programme) -> None:
    """After a move insurance and letter no longer fit, and the sender's part is published as ready again."""
    match_id, visit_id = await visit(abroad)
    await prepare_everything(abroad, match_id, visit_id)
    plan = abroad.plan(match_id)
    days = [str(clock.today().fromisoformat(day) + timedelta(days=28)) for day in plan["days"]]
    moved = {**plan, "start": days[0], "end": days[-1], "days": days}
    event = {"plan": moved, "move": 1, "previous_start": plan["start"], "previous_end": plan["end"]}
    await abroad.feed.deliver((visits.VisitMoved.model_validate(event | {"agenda_due": clock.now()}), visit_id))
    shown = (await abroad.get("ani", f"/visits/{visit_id}/preparation"))["items"]
    assert (shown["insurance"]["state"], shown["invitation"]["state"]) == ("problem", "problem")
    assert shown["authorisation"]["state"] == "there"
    assert (await recorded(programme, "PartPrepared"))[-1][1]["parties"] == ["home_coordinator"]
    before = (await abroad.get("claire", f"/visits/{visit_id}/preparation"))["letters"][0]
    check = (await programme.as_("paul").get(f"/applications/verify-letter/{before['number']}")).text
    assert "The dates of the visit are different from this letter" in check
    new = await abroad.post("claire", f"/visits/{visit_id}/letters/invitation", status=201)
    assert (new["version"], new["start"]) == (2, days[0])
    check = (await programme.as_("paul").get(f"/applications/verify-letter/{before['number']}")).text
    assert "newer letter" in check


async def test_each_side_reads_only_its_own_items(abroad: Abroad) -> None:
    """Guest and sender read insurance and visa, the guest the emergency contact, the host only access needs."""
    match_id, visit_id = await visit(abroad)
    await prepare_everything(abroad, match_id, visit_id)
    await write(abroad, "ani", visit_id, "access_needs", {"text": "A step-free way."})
    visible = {}
    for who in ("ani", "tigran", "claire", "luc", "programme"):
        shown = await abroad.get(who, f"/visits/{visit_id}/preparation")
        visible[who] = set(shown["sheets"])
        page = (await abroad.of.as_(who).get(f"/applications/visits/{visit_id}/preparation")).text
        assert ("Aram" in page) == (who == "ani")
        assert ("A-1" in page) == (who in {"ani", "tigran"})
        assert ("step-free" in page) == (who in {"ani", "claire"})
    open_ = {"authorisation", "costs"}
    assert visible["ani"] == open_ | {"visa", "insurance", "emergency_contact", "arrival", "access_needs"}
    assert visible["tigran"] == open_ | {"visa", "insurance", "arrival"}
    assert visible["claire"] == open_ | {"arrival", "access_needs"}
    assert visible["luc"] == visible["programme"] == open_
    released = await recorded(abroad.of, "IdentityReleased")
    assert [(entry["of"], entry["to"], entry["fields"]) for _, entry in released[-2:]] == [
        ("host", "guest", ["name", "service_email"]),
        ("guest", "host", ["access_needs"]),
    ]


async def test_the_host_sees_the_emergency_contact_on_the_days_of_the_visit_only(
    abroad: Abroad, programme: Programme
) -> None:
    """The contact is released once on the first day, and each access is in the access log."""
    match_id, visit_id = await visit(abroad)
    at, page = f"/visits/{visit_id}/emergency-contact", f"/applications/visits/{visit_id}/emergency"
    await write(abroad, "ani", visit_id, "emergency_contact", EMERGENCY)
    problem = await abroad.post("claire", at, status=409)
    assert "only on the days of the visit" in problem["detail"]
    await abroad.post("paul", at, status=404)
    await abroad.post("tigran", at, status=403)
    assert (await programme.as_("claire").post(page)).status_code == 409
    first = clock.today().fromisoformat(abroad.plan(match_id)["start"])
    clock.move(timedelta(days=(first - clock.today()).days))
    assert (await abroad.post("claire", at))["phone"] == EMERGENCY["phone"]
    shown = await programme.as_("claire").post(page)
    assert "Aram Petrosyan" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    released = [event for _, event in await recorded(programme, "IdentityReleased") if event["purpose"] == "emergency"]
    assert [(entry["fields"], entry["basis"]) for entry in released] == [(["emergency_contact"], "vital_interest")]
    query = sa.text("SELECT count(*) FROM access_log WHERE category = 'emergency_contact' AND caller = 'claire'")
    async with programme.app.state.service.bus.read() as session:
        assert await session.scalar(query) == 2
    keyed = {idempotency.HEADER: "read"}
    read = [await programme.as_("claire").post(f"/applications/api/v1{at}", headers=keyed) for _ in range(2)]
    assert [answer.status_code for answer in read] == [200, 200]
    async with programme.app.state.service.bus.read() as session:
        assert await session.scalar(query) == 4
        assert await session.scalar(sa.text("SELECT count(*) FROM request_key")) == 0
    clock.move(timedelta(days=5))
    await abroad.post("claire", at, status=409)


async def test_only_the_owner_writes_and_concurrent_changes_are_refused(abroad: Abroad) -> None:
    """Others find nothing to write, and a form that is out of date is refused with its input kept."""
    match_id, visit_id = await visit(abroad)
    details = written(abroad, match_id)
    for who, item in (("claire", "visa"), ("ani", "authorisation"), ("tigran", "arrival"), ("luc", "insurance")):
        await write(abroad, who, visit_id, item, details[item][1], status=404)
        at = f"/applications/visits/{visit_id}/preparation/{item}"
        assert (await abroad.of.as_(who).get(at)).status_code == 404
        assert (await abroad.of.as_(who).post(at, data={})).status_code == 404
    for item in ("visa", "arrival"):
        await write(abroad, "nino", visit_id, item, details[item][1], status=404)
    await write(abroad, "programme", visit_id, "authorisation", details["authorisation"][1])
    other = {"reference": "Order 99", "given_on": str(clock.today())}
    await write(abroad, "tigran", visit_id, "authorisation", other)
    wrong = await write(abroad, "ani", visit_id, "visa", {"result": "applied"}, status=422)
    assert wrong["errors"][0]["pointer"] == "/details/applied_on"


async def test_a_sheet_on_its_page(abroad: Abroad, programme: Programme) -> None:
    """A form opened from the visit's page is refused with its input kept, and then saved."""
    match_id, visit_id = await visit(abroad)
    ani, at = programme.as_("ani"), f"/applications/visits/{visit_id}"
    assert "You still need to provide:" in (await ani.get(at)).text
    for somebody in ("ani", "claire", "tigran"):
        assert "Prepare visit" in (await programme.as_(somebody).get("/applications/")).text
        assert at in (await programme.as_(somebody).get("/applications/visits?state=unready")).text
    assert "Prepare visit" not in (await programme.as_("luc").get("/applications/")).text
    assert at not in (await programme.as_("luc").get("/applications/visits?state=unready")).text
    day = re.search(r"Please complete all items by (\d+\s\w+)", (await ani.get(f"{at}/preparation")).text)
    assert day is not None
    assert day[1] in (await ani.get("/applications/")).text, "the list of the first page has the same day"
    form = {"name": "Aram", "phone": "call him"}
    wrong = await ani.post(f"{at}/preparation/emergency_contact", data=form)
    assert (wrong.status_code, "like +374 10 123456" in wrong.text, 'value="call him"' in wrong.text) == (
        422,
        True,
        True,
    )
    assert (await ani.post(f"{at}/preparation/emergency_contact", data={})).status_code == 422
    opened = version_in((await ani.get(f"{at}/preparation/emergency_contact")).text)
    sent = await ani.post(f"{at}/preparation/emergency_contact", data=form | {"phone": "+374 10 123456"})
    assert sent.headers["location"] == f"{at}/preparation?done=written"
    older = form | {"phone": "+374 99 999999", FIELD: opened}
    stale = await ani.post(f"{at}/preparation/emergency_contact", data=older)
    assert (stale.status_code, "has changed since" in stale.text) == (412, True)
    for text in ("Your version", "+374 99 999999", "Saved version", "+374 10 123456"):
        assert text in stale.text
    assert version_in(stale.text) != opened
    assert "Complete" in (await ani.get(f"{at}/preparation")).text
    claire = programme.as_("claire")
    assert "Claire Moreau" in (await claire.get(f"{at}/preparation/arrival")).text
    arrival = {"contact_name": "Claire Moreau", "place": "Main gate", "at": "09:30"}
    assert (await claire.post(f"{at}/preparation/arrival", data=arrival)).status_code == 303
    page = (await ani.get(at)).text
    assert "Main gate, at 09:30" in page
    assert "Claire Moreau" in page
    plan = abroad.plan(match_id)
    clock.move(timedelta(days=90))
    ended = {"attended": plan["days"], "attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, **ended)
    await write(abroad, "ani", visit_id, "visa", {"result": "not_needed"}, status=409)


async def test_costs_by_payer(abroad: Abroad, programme: Programme) -> None:
    """Each side writes its own lines; only the sender changes others' and confirms, and a change reopens the list."""
    _, visit_id = await visit(abroad)
    of, at = f"/visits/{visit_id}", f"/applications/visits/{visit_id}/costs"
    line = {"item": "accommodation", "payer": "host", "planned": "380.50"}
    made = await abroad.post("claire", f"{of}/costs", line, 201)
    assert (await abroad.post("claire", f"{of}/costs", line, 201))["id"] == made["id"]
    await abroad.post(
        "ani", f"{of}/costs", {"item": "visa", "payer": "guest", "planned": "12000", "currency": "AMD"}, 201
    )
    await abroad.post("luc", f"{of}/costs", line, 404)
    await abroad.post("paul", f"{of}/costs", line, 404)
    await abroad.post("ani", f"{of}/costs", line | {"currency": "XXX"}, 422)
    await abroad.post("ani", f"{of}/costs", line | {"planned": "1.234"}, 422)
    change = {"payer": "host", "planned": "400.00"}
    await put(abroad, "ani", f"{of}/costs/{made['id']}", change, 404)
    await put(abroad, "claire", f"{of}/costs/{made['id']}", change)
    shown = await abroad.get("tigran", f"{of}/preparation")
    assert [(total["payer"], total["currency"], total["planned"]) for total in shown["totals"]] == [
        ("host", "EUR", "400.00"),
        ("guest", "AMD", "12000.00"),
    ]
    await abroad.post("claire", f"{of}/costs-settled", {"lines": shown["lines"]}, 404)
    await abroad.post("tigran", f"{of}/costs-settled", {"lines": "another"}, 409)
    page = (await programme.as_("tigran").get(at)).text
    assert "400.00 EUR" in page
    sent = await programme.as_("tigran").post(f"{at}-settled", data={"lines": shown["lines"]})
    assert sent.headers["location"] == f"{at}?done=settled"
    wrong = await programme.as_("claire").post(at, data={"item": "meals", "payer": "host", "planned": "ten"})
    assert (wrong.status_code, "like 120.50" in wrong.text, 'value="ten"' in wrong.text) == (422, True, True)
    form = {"item": "meals", "payer": "host", "planned": "1 020,50", "currency": "EUR"}
    assert (await programme.as_("claire").post(at, data=form)).status_code == 303
    items = (await abroad.get("tigran", f"{of}/preparation"))["items"]
    assert items["costs"]["state"] == "problem"
    edit = f"{at}/{made['id']}"
    assert (await programme.as_("claire").get(edit)).status_code == 200
    assert (await programme.as_("ani").get(edit)).status_code == 404
    changed = {"payer": "host", "planned": "400.00", "actual": "388.10", "currency": "EUR"}
    assert (await programme.as_("claire").post(edit, data=changed)).status_code == 303
    assert (await programme.as_("ani").post(f"{edit}/remove")).status_code == 404
    assert (await programme.as_("claire").post(f"{edit}/remove")).status_code == 303
    gone = await programme.as_("claire").delete(f"/applications/api/v1{of}/costs/{made['id']}")
    assert gone.status_code == 404


async def test_letters_are_made_by_the_host_and_verified_by_anybody(abroad: Abroad, programme: Programme) -> None:
    """The same facts give the same PDF and digest, reading is logged, and the verification shows no name."""
    _, visit_id = await visit(abroad)
    of, at = f"/visits/{visit_id}/letters", f"/applications/visits/{visit_id}/letters"
    await abroad.post("ani", f"{of}/invitation", status=404)
    await abroad.post("paul", f"{of}/invitation", status=404)
    assert "No letter yet." in (await programme.as_("ani").get(at)).text
    assert (await programme.as_("claire").post(f"{at}/invitation")).headers["location"] == f"{at}?done=made"
    made = await abroad.post("claire", f"{of}/invitation", status=201)
    assert made["version"] == 1
    await abroad.post("claire", f"{of}/visa", status=201)
    for who, status in (
        ("ani", 200),
        ("claire", 200),
        ("tigran", 200),
        ("luc", 200),
        ("programme", 404),
        ("nino", 404),
    ):
        answer = await programme.as_(who).get(f"{at}/invitation")
        assert answer.status_code == status
        if status == 200:
            assert answer.content.startswith(b"%PDF")
            assert "Ani" not in answer.headers["content-disposition"]
    assert (await programme.as_("ani").get(f"/applications/api/v1{of}/invitation?version=2")).status_code == 404
    query = sa.text("SELECT caller FROM access_log WHERE category = 'letter' ORDER BY at")
    async with programme.app.state.service.bus.read() as session:
        assert list(await session.scalars(query)) == ["ani", "claire", "tigran", "luc"]
    check = (await programme.as_("paul").get(f"/applications/verify-letter/{made['number'].lower()}")).text
    assert "This letter is valid." in check
    assert made["digest"] in check
    assert "Petrosyan" not in check
    assert (await programme.as_("paul").get("/applications/verify-letter/LT-0000")).status_code == 404
    await abroad.post(
        "claire", f"/visits/{visit_id}/costs", {"item": "accommodation", "payer": "host", "planned": "380"}, 201
    )
    assert (await abroad.post("claire", f"{of}/invitation", status=201))["version"] == 2


async def test_the_programme_sets_the_required_items(abroad: Abroad, programme: Programme) -> None:
    """A rule for two countries precedes one for a call, without rules the default holds, and nobody else decides."""
    _, visit_id = await visit(abroad)
    at, page = "/asked-before-travel", "/applications/asked-before-travel"
    rule = {"item": "visa", "required": False, "country": "AM", "host_country": "FR"}
    for somebody in ("tigran", "claire", "ani"):
        await abroad.post(somebody, at, rule, 403)
    await abroad.post("programme", at, rule | {"host_country": "AM"}, 422)
    await abroad.post("programme", at, {"item": "visa", "required": True, "call_id": programme.call["id"]}, 201)
    made = await abroad.post("programme", at, rule, 201)
    assert (await abroad.post("programme", at, rule, 201))["id"] == made["id"]
    assert (await abroad.get("ani", f"/visits/{visit_id}/preparation"))["items"]["visa"]["state"] == "not_asked"
    assert "not required" in (await programme.as_("programme").get(page)).text
    assert (await programme.as_("programme").post(f"{page}/{made['id']}/take-back")).status_code == 303
    assert (await abroad.get("ani", f"/visits/{visit_id}/preparation"))["items"]["visa"]["state"] == "missing"
    assert (await programme.as_("programme").post(page, data={"item": "visa"})).status_code == 422
    form = {"item": "insurance", "required": "no", "country": "AM", "host_country": "", "call_id": ""}
    assert (await programme.as_("programme").post(page, data=form)).status_code == 303
    shown = await abroad.get("programme", at)
    assert (len(shown["items"]), shown["next"]) == (2, None)
    assert "visa" in shown["default"]
    gone = await programme.as_("programme").delete(f"/applications/api/v1{at}/{shown['items'][0]['id']}")
    assert gone.status_code == 204
