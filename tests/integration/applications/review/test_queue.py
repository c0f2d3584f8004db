"""Tests of the coordinators' queue: order, filters, bulk decisions, and the people who decide."""

from __future__ import annotations

import asyncio
import html
import re
from calendar import day_name
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from services.applications.access.store import deciders_on
from services.applications.overview.model import Place, QueueFilters
from services.applications.overview.store import queue
from shared.contracts.lifecycle import Unit
from shared.identity.access import load_principal
from shared.time import clock, workdays
from tests.integration.applications.suspension import FINISH
from tests.integration.applications.test_stale_forms import form_to
from tests.support import SERVICE_TOKEN, items, ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

QUEUE = "/applications/cases"


async def page(programme: Programme, subject: str, path: str, status: int = 200) -> str:
    """Return a page as a person sees it."""
    answer = await programme.as_(subject).get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


async def send(programme: Programme, subject: str, path: str, data: Any = None, status: int = 303) -> Any:
    """Send a form as a person."""
    answer = await programme.as_(subject).post(path, data=data or {})
    assert answer.status_code == status, answer.text
    return answer


def rows(text: str) -> list[str]:
    """Return the references in the table of a queue's page."""
    body = text.partition("<tbody")[2].partition("</tbody>")[0]
    return re.findall(r"\b[A-Z]{2}-\d{4}-\d{4}\b(?=</a>)", body)


def figures(text: str) -> list[tuple[int, str]]:
    """Return the counts at the top of a page, each with its link."""
    found = re.findall(r'<a href="([^"]+)"><span class="tandem-counts__number">(\d+)</span>', text)
    return [(int(count), address) for address, count in found]


async def story(many: Programme) -> dict[str, dict[str, Any]]:
    """Enter applications in several states: one waits, one was returned, one is endorsed, one is an agency's."""
    made = {who: await many.submitted(who) for who in ("ani", "davit", "mariam", "elsa")}
    await many.post("tigran", f"/applications/{made['davit']['id']}/return", {"remarks": {"periods": "When?"}})
    await many.post("tigran", f"/applications/{made['mariam']['id']}/endorse")
    return made


async def due_of(many: Programme, made: dict[str, Any]) -> datetime:
    """Return when the next decision about an application is due."""
    queue = (await many.get("tigran", f"/queue?q={made['reference']}"))["items"]
    return datetime.fromisoformat(queue[0]["due"])


async def test_each_count_links_to_exactly_its_rows(many: Programme) -> None:
    """For every reader, and with overdue cases, each count links to as many rows."""
    await story(many)
    for days in (0, 20):
        clock.move(timedelta(days=days))
        for subject in ("tigran", "programme", "eva"):
            found = figures(await page(many, subject, QUEUE))
            assert found, (subject, days)
            for count, address in found:
                assert len(rows(await page(many, subject, address))) == count, (subject, days, address)
            home = re.findall(r'href="([^"]+)">(\d+) ', await page(many, subject, "/applications/"))
            home = [(int(count), address) for address, count in home if address.startswith(QUEUE)]
            assert home or subject != "tigran", days
            for count, address in home:
                assert len(rows(await page(many, subject, address))) == count, (subject, days, address)


async def test_counts_keep_the_other_filters(many: Programme) -> None:
    """A queue that is narrowed to a rank group counts, and links to, that rank group only."""
    await story(many)
    narrowed = await page(many, "tigran", f"{QUEUE}?rank_group=supervisor")
    assert len(rows(narrowed)) == 2
    for count, address in figures(narrowed):
        assert "rank_group=supervisor" in address
        assert len(rows(await page(many, "tigran", address))) == count


async def test_filters_in_the_address(many: Programme) -> None:
    """Each filter shows exactly its cases; an invalid one is refused, on the page and to a program."""
    made = await story(many)
    call = many.call["id"]
    week = workdays.due(clock.now(), 1, Unit.WEEKS, "AM")
    soon = {who for who in ("ani", "davit", "mariam") if await due_of(many, made[who]) <= week}
    expected = {
        "state=submitted": {"ani"},
        "needs=me": {"ani"},
        "due=overdue": set(),
        "due=week": soon,
        "due=later": {"ani", "davit", "mariam"} - soon,
        "age=week": {"ani", "davit", "mariam"},
        "age=older": set(),
        "kind=study_visit": {"ani", "davit", "mariam"},
        "kind=mentee": set(),
        "mode=open": {"ani", "davit", "mariam"},
        "mode=group": set(),
        "rank_group=operational": {"ani"},
        "service=police": {"ani", "davit", "mariam"},
        "service=customs": set(),
        "first_time=yes": {"ani", "davit", "mariam"},
        "first_time=no": set(),
        f"call={call}": {"ani", "davit", "mariam"},
        f"organisation={many.organisations['AM']}": {"ani", "davit", "mariam"},
        f"organisation={many.organisations['GE']}": set(),
        f"q={made['davit']['reference'][-4:]}": {"davit"},
        "q=%25": set(),
        "country=GE": set(),
        "": {"ani", "davit", "mariam"},
    }
    references = {made[who]["reference"]: who for who in made}
    await many.get("tigran", "/queue?call=nonsense", 422)
    assert (await many.as_("tigran").get(f"{QUEUE}?call=nonsense")).status_code == 422
    for query, who in expected.items():
        shown = rows(await page(many, "tigran", f"{QUEUE}?{query}"))
        assert {references[case] for case in shown} == who, query
        answer = await many.get("tigran", f"/queue?{query}")
        assert {references[item["reference"]] for item in answer["items"]} == who, query
        assert answer["next"] is None


@pytest.mark.parametrize(("weekday", "hour"), [(day, 21 * (day % 2)) for day in range(7)], ids=list(day_name))
async def test_within_a_week_ends_with_the_same_weekday(many: Programme, weekday: int, hour: int) -> None:
    """On any day, at any hour, what is due on this day next week is due within a week; what is after it, later."""
    now = clock.now().astimezone(workdays.ZONE)
    day = now.date() + timedelta(days=7 + (weekday - now.weekday()) % 7)
    clock.move(datetime.combine(day, time(hour, 30), workdays.ZONE) - now)
    made = {days: await many.submitted(who) for days, who in ((7, "ani"), (8, "davit"))}
    async with many.app.state.service.bus.transaction("system:tests") as tx:
        for days, case in made.items():
            due = workdays.due(clock.now(), days, Unit.DAYS, "AM")
            await tx.session.execute(
                sa.text("UPDATE application SET due = :due WHERE id = :id"), {"due": due, "id": case["id"]}
            )
    assert rows(await page(many, "tigran", f"{QUEUE}?due=week")) == [made[7]["reference"]]
    assert rows(await page(many, "tigran", f"{QUEUE}?due=later")) == [made[8]["reference"]]


async def test_cases_for_the_reader_come_first(many: Programme) -> None:
    """The queue begins with cases that the reader can decide, and can be sorted by each column."""
    made = await story(many)
    first = rows(await page(many, "tigran", QUEUE))
    assert first[0] == made["ani"]["reference"]
    assert rows(await page(many, "programme", QUEUE))[0] == made["mariam"]["reference"]
    up = rows(await page(many, "tigran", f"{QUEUE}?sort=reference"))
    assert up == sorted(up)
    assert rows(await page(many, "tigran", f"{QUEUE}?sort=-reference")) == up[::-1]
    for column in ("country", "call", "state", "age", "due", "-due"):
        assert sorted(rows(await page(many, "tigran", f"{QUEUE}?sort={column}"))) == up


async def test_several_are_decided_after_a_page_that_names_them(many: Programme) -> None:
    """The page names each case and any obstacle, and the result those that another person decided meanwhile."""
    made = {who: await many.submitted(who) for who in ("ani", "davit", "mariam")}
    await many.post("tigran", f"/applications/{made['mariam']['id']}/return", {"remarks": {"periods": "When?"}})
    ids = [case["id"] for case in made.values()]
    address = f"{QUEUE}/decide?act=endorse&" + "&".join(f"case={id_}" for id_ in ids)
    question_page = await page(many, "tigran", address)
    for name, case_of in zip(("Ani Petrosyan", "Davit Sahakyan", "Mariam Avagyan"), made.values(), strict=True):
        assert name in question_page
        assert case_of["reference"] in question_page
    assert "It cannot be endorsed because the application is now “Returned for information”." in question_page
    assert "Endorse: 2 applications" in question_page
    versions = ticked_versions(question_page)
    await many.post("deputy", f"/applications/{made['davit']['id']}/not-endorse", {"reason": "operational_duty"})
    sent = await send(many, "tigran", address, {"note": "All three know English."} | versions, 409)
    result = html.unescape(sent.text)
    assert "Decision saved for 1 application." in result
    assert "1 was left as it is" in result, "it was returned before"
    assert "1 entry has changed since you opened the page. We left it as it is." in result
    assert "It cannot be endorsed because the application is now “Not endorsed”." in result
    states = {who: (await many.get(who, f"/applications/{case['id']}"))["state"] for who, case in made.items()}
    assert states == {"ani": "endorsed", "davit": "not_endorsed", "mariam": "returned_for_information"}
    again = await send(many, "tigran", address, {"note": ""} | versions, 409)
    assert "Decision saved for 1 application." in again.text
    types = [kind for kind, _, _ in await many.journal("exchange.applications")]
    assert types.count("ApplicationEndorsed") == 1


async def test_a_case_changed_since_the_page_was_opened_is_left(many: Programme) -> None:
    """A case with a newer answer of the officer is not decided, singly or in bulk."""
    made = await many.submitted("ani")
    of = f"/applications/{made['id']}"
    address = f"{QUEUE}/decide?act=endorse&case={made['id']}"
    ticked = form_to(await page(many, "tigran", f"{QUEUE}/{made['id']}/endorse"), "")
    several = ticked_versions(await page(many, "tigran", address))
    await many.post("tigran", f"{of}/return", {"remarks": {"periods": "When?"}})
    await many.post("ani", f"{of}/submit")
    late = await send(many, "tigran", f"{QUEUE}/{made['id']}/endorse", ticked | {"note": "Fine"}, 412)
    assert "This was changed after you opened it" in late.text
    assert "Fine" in late.text
    assert "If they still apply, send the form again." in late.text
    assert "It is now" not in late.text, "the state is the same"
    for versions in (several, {}):
        sent = await send(many, "tigran", address, {"note": ""} | versions, 409)
        assert "1 entry has changed since you opened the page. We left it as it is." in sent.text
    assert (await many.get("ani", of))["state"] == "submitted"
    await send(many, "tigran", f"{QUEUE}/{made['id']}/endorse", {"note": ""} | ticked_versions(late.text))


@pytest.mark.parametrize(
    ("act", "form", "body", "state"),
    [
        ("return", {"section": "periods", "remark": "When?"}, {"remarks": {"periods": "When?"}},
         "returned_for_information"),
        ("not_endorse", {"reason": "operational_duty", "text": "Not now"}, {"reason": "operational_duty"},
         "not_endorsed"),
        ("endorse", {"note": ""}, {"note": ""}, "endorsed"),
    ],
)  # fmt: skip
async def test_each_bulk_decision_by_page_and_program(
    many: Programme, act: str, form: dict[str, str], body: dict[str, Any], state: str
) -> None:
    """By form and API several cases get the same remark or reason, which the officer reads."""
    first, second = await many.submitted("ani"), await many.submitted("davit")
    if act != "endorse":
        await send(many, "tigran", f"{QUEUE}/decide?act={act}&case={first['id']}", {}, 422)
    address = f"{QUEUE}/decide?act={act}&case={first['id']}"
    await send(many, "tigran", address, form | ticked_versions(await page(many, "tigran", address)))
    wanted = {"decision": act, "applications": items(second["id"])}
    if act != "endorse":
        await many.post("tigran", "/decisions", wanted, 422)
    answer = await many.post("tigran", "/decisions", wanted | body)
    assert answer == {"done": [second["id"]], "left": []}
    for who, case in (("ani", first), ("davit", second)):
        assert (await many.get(who, f"/applications/{case['id']}"))["state"] == state


async def test_an_empty_or_foreign_selection_is_refused(many: Programme) -> None:
    """An empty selection gets a message, and one with another country's case is not found and changes nothing."""
    own, foreign = await many.submitted("ani"), await many.submitted("nino", rank_group="operational", years_in_field=5)
    assert "Select at least one application" in await page(many, "tigran", f"{QUEUE}/decide?act=endorse", 422)
    both = f"{QUEUE}/decide?act=endorse&case={own['id']}&case={foreign['id']}"
    await page(many, "tigran", both, 404)
    await send(many, "tigran", both, {}, 404)
    forged = f"{QUEUE}/decided?act=endorse&done={foreign['id']}"
    answer = await many.as_("tigran").get(forged)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{QUEUE}/decided?act=endorse")
    assert foreign["reference"] not in (await many.as_("tigran").get(forged, follow_redirects=True)).text
    await page(many, "tigran", f"{QUEUE}/decide?act=eligibility&case={own['id']}", 404)
    body = {"decision": "endorse", "applications": items(own["id"], foreign["id"])}
    await many.post("tigran", "/decisions", body, 404)
    await many.post("ani", "/decisions", body, 403)
    assert (await many.get("ani", f"/applications/{own['id']}"))["state"] == "submitted"


async def test_the_programme_decides_after_coordinator_and_deputy(many: Programme) -> None:
    """The coordinator decides, after the deadline the deputy, and after the deputy's term the programme."""
    made = await many.submitted("ani")
    of, case = f"/applications/{made['id']}", f"{QUEUE}/{made['id']}"
    shown = await page(many, "programme", case)
    assert "Assigned until" in shown
    assert "National coordinator of Armenia" in shown
    assert f'href="{case}/endorse"' not in shown
    problem = await many.post("programme", f"{of}/endorse", status=409)
    assert "National coordinator of Armenia" in problem["detail"]
    await many.post("programme", f"{of}/not-endorse", {"reason": "other"}, 409)
    await many.post("programme", f"{of}/return", {"remarks": {"periods": "When?"}}, 409)
    await send(many, "programme", f"{case}/endorse", {}, 409)
    assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == []
    assert (await many.get("programme", f"/cases/{made['id']}"))["you_decide_as"] is None
    first = await many.get("programme", f"/cases/{made['id']}")
    assert first["deputy_asked_until"] is None
    clock.move(datetime.fromisoformat(first["due"]) + timedelta(minutes=1) - clock.now())
    assert "No answer yet from: National coordinator of Armenia. The deputy decides until" in await page(
        many, "programme", case
    )
    assert "We ask your deputy until" in await page(many, "tigran", case)
    assert "As the deputy, you must decide by" in await page(many, "deputy", case)
    await many.post("programme", f"{of}/endorse", status=409)
    assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == []
    late = await many.get("programme", f"/cases/{made['id']}")
    assert late["you_decide_as"] is late["programme_asked_since"] is None
    until = workdays.due(datetime.fromisoformat(first["due"]), 5, Unit.WORKING_DAYS, "AM")
    assert datetime.fromisoformat(late["deputy_asked_until"]) == until
    clock.move(until + timedelta(minutes=1) - clock.now())
    shown = await page(many, "programme", case)
    assert "Assigned to you since" in shown
    assert "neither they nor their deputy answered" in shown
    assert "it is also assigned to the programme coordinator" in await page(many, "tigran", case)
    assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == [made["reference"]]
    assert (await many.get("programme", f"/cases/{made['id']}"))["you_decide_as"] == "programme"
    assert f'href="{case}/endorse"' in await page(many, "tigran", case)
    await send(many, "programme", f"{case}/endorse", {"note": "Nobody answered."})
    payloads = [
        payload for kind, _, payload in await many.journal("exchange.applications") if kind.endswith("Endorsed")
    ]
    assert payloads[0]["acting_as"] == "programme"


async def test_without_a_deputy_on_the_day_the_programme_decides_at_once(many: Programme) -> None:
    """Without a deputy, or with an absent one, the programme decides from the deadline on."""
    away = many.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    away["grants"][0] |= {"deputy_for": "tigran", "until": str(clock.today() + timedelta(days=3))}
    await many.post("programme", "/people", {"people": [away]}, 201)
    ours = await many.submitted("ani")
    theirs = await many.submitted("nino", rank_group="operational", years_in_field=5)
    dues = [(await many.get("programme", f"/cases/{case['id']}"))["due"] for case in (ours, theirs)]
    clock.move(max(datetime.fromisoformat(due) for due in dues) + timedelta(minutes=1) - clock.now())
    both = sorted([ours["reference"], theirs["reference"]])
    assert sorted(rows(await page(many, "programme", f"{QUEUE}?needs=silence"))) == both
    for made_case in (ours, theirs):
        case = f"{QUEUE}/{made_case['id']}"
        assert "nobody answered in time" in await page(many, "programme", case)
        assert (await many.post("programme", f"/applications/{made_case['id']}/endorse"))["state"] == "endorsed"


async def test_an_agencys_deputy_decides_before_the_programme(many: Programme) -> None:
    """A clearance officer's deputy is next, then the programme, in the working days of the Union."""
    person = many.person("emma", "Emma Novak", "EU", "clearance_officer", organisation_id=many.organisations["EU"])
    person["grants"][0]["deputy_for"] = "eva"
    await many.post("programme", "/people", {"people": [person]}, 201)
    made = await many.submitted("elsa")
    due = datetime.fromisoformat((await many.get("programme", f"/cases/{made['id']}"))["due"])
    for moment, seen in ((due, []), (workdays.due(due, 5, Unit.WORKING_DAYS, "EU"), [made["reference"]])):
        clock.move(moment + timedelta(minutes=1) - clock.now())
        assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == seen
    question = {"audience": "home_deputy", "purpose": "x", "application_id": made["id"], "country": "EU"}
    client = many.as_("programme")
    headers = {"X-Service": "notifications", "X-Service-Token": SERVICE_TOKEN}
    answer = await client.post("/applications/internal/contacts", json=question, headers=headers)
    assert [recipient["name"] for recipient in answer.json()["recipients"]] == ["Emma Novak"]
    question |= {"audience": "home_coordinator"}
    for more, names in (({}, ["Emma Novak", "Eva Borg"]), ({"without_deputies": True}, ["Eva Borg"])):
        answer = await client.post("/applications/internal/contacts", json=question | more, headers=headers)
        assert [recipient["name"] for recipient in answer.json()["recipients"]] == names


async def test_the_programme_decides_for_a_suspended_country_at_once(many: Programme) -> None:
    """The programme does not wait for the deadline, and reinstatement gives the case back."""
    made = await many.submitted("ani")
    body: dict[str, Any] = {"since": str(clock.today()), "choices": FINISH}
    seen = await many.post("programme", "/partners/AM/suspension/preview", body)
    assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == []
    await many.post("programme", "/partners/AM/suspension", {**body, "digest": seen["digest"]}, 201)
    assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == [made["reference"]]
    assert (await many.get("programme", f"/cases/{made['id']}"))["you_decide_as"] == "programme"
    await many.post("programme", "/partners/AM/reinstatement", {"since": str(clock.today())}, 201)
    assert rows(await page(many, "programme", f"{QUEUE}?needs=silence")) == []
    await many.post("programme", f"/applications/{made['id']}/endorse", status=409)


async def test_the_programme_decides_for_a_country_without_a_coordinator(many: Programme) -> None:
    """If nobody has the role today, the programme coordinator decides at once and reads why."""
    made = await many.submitted("nino", rank_group="operational", years_in_field=5)
    await many.post("programme", f"/applications/{made['id']}/endorse", status=409)
    gone = many.person("giorgi", "Giorgi Maisuradze", "GE", "national_coordinator")
    gone["grants"][0]["until"] = str(clock.today() - timedelta(days=1))
    await many.post("programme", "/people", {"people": [gone]}, 201)
    assert "Georgia has no coordinator today" in await page(many, "programme", f"{QUEUE}/{made['id']}")
    assert made["reference"] in rows(await page(many, "programme", f"{QUEUE}?needs=silence"))
    assert (await many.post("programme", f"/applications/{made['id']}/endorse"))["state"] == "endorsed"


async def test_a_deputy_decides_as_a_deputy(many: Programme) -> None:
    """A deputy sees the same queue and may decide before any deadline, and the event names the capacity."""
    made = await many.submitted("ani")
    assert made["reference"] in rows(await page(many, "deputy", f"{QUEUE}?needs=me"))
    await many.post("deputy", f"/applications/{made['id']}/endorse")
    payloads = [
        payload for kind, _, payload in await many.journal("exchange.applications") if kind.endswith("Endorsed")
    ]
    assert payloads[0]["acting_as"] == "deputy"


async def test_an_eu_agency_has_its_own_clearance_officer(many: Programme) -> None:
    """Only the agency's clearance officer endorses its officers, and other coordinators see nothing."""
    made = await many.submitted("elsa")
    case = f"{QUEUE}/{made['id']}"
    assert made["reference"].startswith("EU-")
    assert rows(await page(many, "eva", QUEUE)) == [made["reference"]]
    assert "Elsa Lind" in await page(many, "eva", case)
    assert "Review application" in await page(many, "eva", "/applications/")
    for other in ("pieter", "tigran"):
        assert rows(await page(many, other, QUEUE)) == []
        await page(many, other, case, 404)
        await many.post(other, f"/applications/{made['id']}/endorse", status=404)
        assert (await many.get(other, "/queue"))["items"] == []
    assert "Clearance officer of the EU agency" in await page(many, "elsa", f"/applications/mine/{made['id']}")
    await many.post("programme", f"/applications/{made['id']}/endorse", status=409)
    await send(many, "eva", f"{case}/endorse", {"note": ""})
    payloads = [
        payload for kind, _, payload in await many.journal("exchange.applications") if kind.endswith("Endorsed")
    ]
    assert payloads[0]["acting_as"] == "coordinator"
    question = {"audience": "home_coordinator", "country": "EU", "application_id": made["id"], "purpose": "endorsement"}
    answer = await many.as_("programme").post(
        "/applications/internal/contacts",
        json=question,
        headers={"X-Service-Token": SERVICE_TOKEN, "X-Service": "notifications"},
    )
    assert [recipient["name"] for recipient in answer.json()["recipients"]] == ["Eva Borg"]


async def test_a_case_does_not_address_the_coordinator_as_the_officer(many: Programme) -> None:
    """No state's text says "you" to the coordinator where the officer is meant."""
    made = await story(many)
    for subject in ("tigran", "programme"):
        for case in (made["ani"], made["davit"], made["mariam"]):
            shown = await page(many, subject, f"{QUEUE}/{case['id']}")
            standing = shown.partition('<section class="tandem-standing')[2].partition("</section>")[0]
            assert standing, subject
            assert not re.search(r"\b[Yy]ou\b|\b[Yy]our\b", standing), (subject, standing)
        shown = await page(many, subject, QUEUE)
        legend = shown.partition('<dl class="tandem-legend">')[2].partition("</dl>")[0]
        assert legend, subject
        assert not re.search(r"\b[Yy]ou\b|\b[Yy]our\b", legend), (subject, legend)


async def test_simultaneous_bulk_decisions_count_once(many: Programme) -> None:
    """Each case is decided by the first coordinator, and the second reads so."""
    ids = [(await many.submitted(who))["id"] for who in ("ani", "davit", "mariam")]
    decision = {"decision": "endorse", "applications": items(*ids)}
    other = {"decision": "not_endorse", "reason": "operational_duty", "applications": items(*ids[::-1])}
    answers = await asyncio.gather(
        many.post("tigran", "/decisions", decision), many.post("deputy", "/decisions", other)
    )
    done = sorted(each for answer in answers for each in answer["done"])
    assert done == sorted(ids)
    assert sorted(each["id"] for answer in answers for each in answer["left"]) == sorted(ids)
    types = [kind for kind, _, _ in await many.journal("exchange.applications")]
    assert types.count("ApplicationEndorsed") + types.count("ApplicationNotEndorsed") == len(ids)


async def test_programs_page_through_the_queue_by_cursor(many: Programme) -> None:
    """Pages neither repeat nor miss an application, and `since` leaves out what has not changed."""
    made = await story(many)
    own = [made[who]["id"] for who in ("ani", "davit", "mariam")]
    first = await many.get("tigran", "/queue?limit=2")
    second = await many.get("tigran", f"/queue?limit=2&cursor={first['next']}")
    assert [item["id"] for item in first["items"] + second["items"]] == sorted(own)
    assert second["next"] is None
    clock.move(timedelta(hours=1))
    moment = clock.now().isoformat().replace("+00:00", "Z")
    await many.post("tigran", f"/applications/{made['ani']['id']}/endorse")
    changed = await many.get("tigran", f"/queue?since={moment}")
    assert [item["id"] for item in changed["items"]] == [made["ani"]["id"]]


async def test_the_queue_has_figures_for_programs(many: Programme) -> None:
    """The figures count the applications within the reader's reach by state, and those that wait for the reader."""
    await story(many)
    found = await many.get("tigran", "/queue/figures")
    assert found["states"] == {"submitted": 1, "returned_for_information": 1, "endorsed": 1}
    assert (found["waits_for_you"], found["overdue"], found["by_silence"]) == (1, 0, 0)


async def test_eligible_applications_are_selected(many: Programme) -> None:
    """The list selects who meets the rules, names the rule that others fail, and passes the selected on."""
    eligible = await many.submitted("ani")
    other = await many.submitted("davit", languages=[{"language": "en", "level": "A2"}])
    for made in (eligible, other):
        await many.post("tigran", f"/applications/{made['id']}/endorse")
    shown = await page(many, "programme", "/applications/eligibility")
    rows = {made["id"]: next(row for row in shown.split("<tr") if made["id"] in row) for made in (eligible, other)}
    assert f'name="case" id="case-{eligible["id"]}" value="{eligible["id"]}" checked' in rows[eligible["id"]]
    assert "Not eligible<br>Answer: " in rows[other["id"]]
    assert "checked" not in rows[other["id"]]
    assert 'name="back" value="eligibility"' in shown
    assert 'name="act" value="eligibility">Confirm selected results</button>' in shown
    address = f"{QUEUE}/decide?act=eligibility&back=eligibility&case={eligible['id']}"
    assert "/applications/eligibility" in await page(many, "programme", address)
    await page(many, "tigran", "/applications/eligibility", 403)


async def test_programs_page_through_eligibility_by_cursor(many: Programme) -> None:
    """Endorsed applications come with what the rules say, page by page."""
    ids = []
    for who in ("ani", "davit", "mariam"):
        made = await many.submitted(who)
        await many.post("tigran", f"/applications/{made['id']}/endorse")
        ids.append(made["id"])
    first = await many.get("programme", f"/eligibility?limit=2&call_id={many.call['id']}")
    second = await many.get("programme", f"/eligibility?limit=2&cursor={first['next']}")
    assert [item["id"] for item in first["items"] + second["items"]] == sorted(ids)
    assert all(item["checks"] for item in first["items"])
    answer = await many.post("programme", "/eligibility/confirm", {"applications": items(*ids)})
    assert sorted(case["id"] for case in answer["done"]) == sorted(ids)
    again = await many.post("programme", "/eligibility/confirm", {"applications": items(*ids)})
    assert (again["done"], again["left"]) == (answer["done"], []), "the same person again"
    events = [kind for kind, _, _ in await many.journal("exchange.applications")]
    assert events.count("ApplicationFoundEligible") + events.count("ApplicationFoundIneligible") == len(ids)


async def test_own_tasks_come_first_and_each_case_stands_on_one_page(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five cases three need the reader: page by page all five are shown once, the three first."""
    names = [f"officer{number}" for number in range(5)]
    known = {"service": "police", "rank_group": "operational", "years_in_field": 6}
    people = [programme.person(name, f"{name.title()} Petrosyan", "AM", "officer", **known) for name in names]
    await programme.post("programme", "/people", {"people": people}, 201)
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    cases = [(await programme.post(name, "/applications", body | {"submit": True}, 201))["id"] for name in names]
    for case in cases[:2]:
        await programme.post("tigran", f"/applications/{case}/endorse")
    monkeypatch.setattr(queue, "PAGE", 2)
    async with programme.app.state.service.bus.read() as session:
        principal = await load_principal(session, "tigran")
        reader = queue.Reader(principal, clock.now(), await deciders_on(session, clock.today()))
        pages = [await queue.lines(session, reader, QueueFilters(), Place(page)) for page in (1, 2, 3, 4)]
        assert await queue.count(session, reader, QueueFilters()) == 5
    assert [[line.needs for line in page.lines] for page in pages[:3]] == [[True, True], [True, False], [False]]
    assert sorted(str(line.id) for page in pages[:3] for line in page.lines) == sorted(cases)
    assert pages[3].lines == []
