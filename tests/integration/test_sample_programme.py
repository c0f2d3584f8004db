"""The first start of a newcomer ends with a programme that tells a story, in which everybody has a task."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import httpx2
import pytest

from deploy.cli.client import People
from deploy.cli.sample.days import Days
from deploy.cli.sample.publication import GROUPINGS_OF_SAMPLE
from deploy.cli.system import System
from deploy.local.folder import ROOT
from deploy.local.ports import free_port
from shared.time import clock
from tests.browser import axe, steps
from tests.browser.conftest import required_chromium
from tests.browser.keyboard import Typist
from tests.every_page import STRANGER, Opened, covering, open_pages, session_cookies
from tests.local_run import LocalRun, quick_folder
from tests.reading_grade import FEWEST, grade, sentences
from tests.standing import standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.timeout(2400)
PORTAL = "/applications/api/v1"
READERS = ("persona-officer", "persona-mentee", "persona-mentor", "persona-host")
OTHERS = (
    "persona-coordinator-am",
    "persona-programme",
    "persona-evaluator",
    "persona-donor",
    "persona-anaspoc",
    "persona-clearance",
    "persona-dpo",
    "persona-auditor",
    STRANGER,
)
HIGHEST_GRADE = 9
STANDING = ["proposed", "cleared", "offered", "confirmed"]


@pytest.fixture(scope="module")
def sample() -> Iterator[LocalRun]:
    """Return a first start with the sample programme."""
    folder = quick_folder("tandem-sample-")
    run = LocalRun(folder / "data", free_port(), folder / "run.out", TANDEM_SAMPLE="")
    try:
        run.wait_for("Ctrl-C stops everything.", timeout=1800)
        yield run
    finally:
        if run.process.poll() is None:
            run.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pages(sample: LocalRun) -> list[Opened]:
    """Return the pages that officers, mentors and hosts reach by links, two of each kind a person."""
    return asyncio.run(open_pages(System(sample.read("environment.json")), READERS, records=2))


@pytest.fixture(scope="module")
def everybodys_pages(sample: LocalRun, pages: list[Opened]) -> list[Opened]:
    """Return these and the pages that others and strangers reach, one of each kind a person."""
    return [*pages, *asyncio.run(open_pages(System(sample.read("environment.json")), OTHERS, records=1))]


@pytest.fixture
async def people(sample: LocalRun) -> AsyncIterator[People]:
    """Return everybody of the programme."""
    async with People(System(sample.read("environment.json"))) as everybody:
        yield everybody


def test_the_output_lists_the_sample_and_the_clock_is_where_it_began(sample: LocalRun) -> None:
    """The output has the promised numbers and the time it took; afterwards the clock is ahead as the tests' is."""
    assert "29 organisations, 80 officers, 116 applications, 27 placements" in sample.output
    assert re.search(r"is loaded \(.*; \d+ s\)", sample.output)
    assert abs(float((sample.folder / "clock").read_text()) - clock.offset().total_seconds()) < 2


async def test_every_persona_has_a_task(people: People) -> None:
    """Coordinators have queues, hosts and mentors have cases, and nothing is set aside."""
    for who in ("persona-coordinator-am", "persona-coordinator-ge"):
        counts = (await people.get(who, f"{PORTAL}/queue/figures"))["states"]
        assert counts["submitted"] > 0
        assert counts["completed"] > 0
    for who in ("persona-host", "persona-mentor"):
        matches = (await people.get(who, f"{PORTAL}/matches"))["items"]
        assert any(match["state"] == "confirmed" for match in matches)
    french = (await people.get("persona-coordinator-fr", f"{PORTAL}/matches"))["items"]
    assert any(match["your_turn"] for match in french)
    assert any(
        match["your_answer_is_asked"] for match in (await people.get("persona-host", f"{PORTAL}/matches"))["items"]
    )
    offers = (await people.get("persona-clearance", f"{PORTAL}/offers"))["items"]
    assert any(offer["state"] == "submitted" for offer in offers)
    assert (await people.get("persona-programme", f"{PORTAL}/eligibility"))["items"]
    board = await people.get("persona-programme", "/matching/api/v1/board")
    stages = {(stage["kind"], stage["state"]) for stage in board["stages"]}
    assert {("match", "provisional"), ("match", "proposed"), ("match", "offered"), ("visit", "scheduled")} <= stages
    assert {("visit", "completed"), ("mentorship", "completed"), ("application", "ineligible")} <= stages
    assert board["dead_letters"] == 0


async def test_somebody_waits_for_a_place(sample: LocalRun, people: People) -> None:
    """The page of each application on the waiting list has its position for a place and why it has none."""
    who, path, system = "persona-programme", "/matching/api/v1", System(sample.read("environment.json"))
    listed = [
        each
        for stage in ("waitlisted", "waitlisted_cleared")
        for each in await people.items(who, f"{path}/applications", stage=f"application:{stage}")
    ]
    assert listed, "somebody waits for a place"
    cookies = (await session_cookies(system, [who]))[who]
    async with httpx2.AsyncClient(base_url=system.origin, cookies=cookies, headers={"Accept": "text/html"}) as browser:
        for application in listed:
            lines = (await people.get(who, f"{path}/receipts/{application['id']}"))["waiting"]
            assert lines, application["reference"]
            answer = await browser.get(f"/matching/applications/{application['id']}")
            page = Opened(who, str(answer.url), answer.status_code, answer.text)
            assert page.status_word.startswith("On the waiting list")
            rows = page.main.xpath(".//table[normalize-space(caption)='Waiting list']/tbody/tr")
            cells = [[" ".join(cell.text_content().split()) for cell in row.iterfind("td")] for row in rows]
            assert [position for position, _ in cells] == [f"{line['at']} of {line['of']}" for line in lines]
            assert all(re.search(r"must leave|must become free|A place is free", why) for _, why in cells)
            assert re.search(r"others had priority|No place meets all rules", page.main.text_content())


async def test_ani_and_nino_stand_in_the_middle(people: People) -> None:
    """Ani is offered a place and has time to answer; Nino meets her mentor, and one session is to be confirmed."""
    for who in ("persona-officer", "persona-mentee"):
        calls = (await people.get(who, f"{PORTAL}/calls"))["items"]
        assert sorted(call["state"] for call in calls) == ["announced", "closed", "published"]
        assert max(call["terms"]["opens"] for call in calls) > clock.today().isoformat(), "one is about to open"
    (application,) = (await people.get("persona-officer", f"{PORTAL}/applications"))["items"]
    assert application["state"] == "offered"
    (match,) = (await people.get("persona-officer", f"{PORTAL}/matches"))["items"]
    assert match["your_answer_is_asked"]
    (mentorship,) = (await people.get("persona-mentee", f"{PORTAL}/mentorships"))["items"]
    assert mentorship["state"] == "active"
    sessions = (await people.get("persona-mentee", f"{PORTAL}/mentorships/{mentorship['id']}"))["sessions"]
    assert sorted(session["state"] for session in sessions) == ["confirmed", "logged"]


async def test_the_programme_as_a_whole_says_something_true(people: People) -> None:
    """Each figure agreed with the donor has a value; response rates are neither none nor all."""
    figures = (await people.get("persona-programme", "/reporting/api/v1/figures", period="programme"))["figures"]
    values = {figure["indicator"]: figure for figure in figures}

    def value(indicator: str) -> float:
        assert values[indicator]["value"] is not None, indicator
        return float(values[indicator]["value"])

    assert value("TOPCOP-OP-02") >= 15
    assert value("TOPCOP-OP-07") >= 5, "mentors are at work"
    assert value("TOPCOP-OP-08") >= 3
    assert value("TOPCOP-OC-05") >= 20, "line managers confirmed sessions at home, by the links in their mails"
    for indicator in ("TOPCOP-DQ-01", "TOPCOP-OC-01", "TOPCOP-OC-03", "TOPCOP-OC-04"):
        assert 50 <= value(indicator) <= 90, indicator
    late, followed = values["TOPCOP-DQ-01"]["notes"]
    assert 0 < late["numerator"] < late["denominator"]
    assert 0 < followed["numerator"] < followed["denominator"]
    targets = await people.get("persona-donor", "/reporting/api/v1/targets")
    assert {target["kind"] for target in targets["items"]} == {"baseline", "target"}
    assert (await people.get("persona-evaluator", "/reporting/api/v1/targets/waiting"))["items"] == []
    tests = (await people.get("persona-evaluator", "/reporting/api/v1/tests", limit=200))["items"]
    assert {test["state"] for test in tests} == {"published"}
    assert sum(test["handed_in"]["post"] for test in tests) >= 5


async def test_the_published_half_year_was_stated_again(people: People) -> None:
    """It has two statements; the correction of one visit, whose certificate is revoked, waits and changes no figure."""
    half = Days(clock.today()).published_half
    path = "/reporting/api/v1/indicators/TOPCOP-OP-02"
    history = await people.get("persona-donor", f"{path}/history", period=half)
    assert history["statement"] == 2
    [only] = history["statements"]
    assert (only["statement"], only["reason"]) == (1, None)
    shown = await people.get("persona-donor", path, period=half)
    assert (shown["value"], shown["waits"]) == (only["value"], True)
    late = await people.get("persona-programme", "/reporting/api/v1/indicators/TOPCOP-DQ-02", period="programme")
    assert int(late["value"]) > 0


async def test_the_coordinator_has_steered_the_matching(sample: LocalRun, people: People) -> None:
    """The second call has a ring, a place given by hand, reserves, a what-if, a group and a pair agreed beforehand."""
    calls = (await people.get("persona-programme", f"{PORTAL}/calls"))["items"]
    call = next(each for each in calls if "second" in each["terms"]["texts"][0]["title"])
    path = "/matching/api/v1"
    rings = await people.get("persona-programme", f"{path}/rings", call_id=call["id"])
    assert len(rings["proposed"]) == 1
    (what_if,) = (await people.get("persona-programme", f"{path}/what-ifs", call_id=call["id"]))["items"]
    assert what_if["state"] == "done"
    matches = await people.items("persona-programme", f"{path}/matches", call_id=call["id"])
    assert any(match["reserve"] for match in matches), "who is cleared beforehand for a place that may fall free"
    environment = sample.read("environment.json")
    connection = await asyncpg.connect(environment["TANDEM_DATABASE_URL_MATCHING"])
    try:
        by_hand = await connection.fetchval(
            "SELECT count(*) FROM journal WHERE type = 'MatchProposed' AND payload::jsonb ->> 'override' IS NOT NULL"
        )
        of_the_group = await connection.fetch(
            "SELECT match.seat_id, match.state FROM candidate JOIN match ON match.application_id = candidate.id"
            " WHERE candidate.group_id IS NOT NULL ORDER BY candidate.id"
        )
    finally:
        await connection.close()
    assert by_hand == 1
    assert [row["state"] for row in of_the_group] == ["proposed", "proposed"]
    assert len({row["seat_id"] for row in of_the_group}) == 1, "the two go together"


async def test_officers_hosts_and_a_mentor_have_put_their_wishes_in_order(people: People) -> None:
    """In the second call Ani, Nino and others order places, and a host and a mentor their candidates."""
    calls = (await people.get("persona-programme", f"{PORTAL}/calls"))["items"]
    call = next(each for each in calls if "second" in each["terms"]["texts"][0]["title"])
    assert call["terms"]["wishes"] == "wishes_among_equals"
    for who, most in (("persona-officer", 3), ("persona-mentee", 2)):
        (application,) = (await people.get(who, f"{PORTAL}/applications"))["items"]
        answers = (await people.get(who, f"{PORTAL}/applications/{application['id']}"))["answers"]
        assert 1 < len(answers["wishes"]) <= most
    choices = {}
    for who, kind in (("persona-host", "offers"), ("persona-mentor", "mentors")):
        seats = [seat for seat in (await people.get(who, f"{PORTAL}/{kind}"))["items"] if seat["call_id"] == call["id"]]
        read = [await people.get(who, f"{PORTAL}/{kind}/{seat['id']}/candidates") for seat in seats]
        choices[who] = [page["choices"] for page in read]
        assert all(page["order_counts"] for page in read)
    assert all(each["order"] for each in (*choices["persona-host"], *choices["persona-mentor"]))
    assert any(each["not_suitable"] for each in choices["persona-host"])


async def test_a_country_is_at_its_ceiling_and_an_officer_refused_for_it(people: People) -> None:
    """As many officers of Azerbaijan as its ceiling allows have a match, and one more has none because of it.

    The officer's receipt says so: free places meet all rules but the country's quota.
    """
    who, path, country = "persona-programme", "/matching/api/v1", "AZ"
    calls = (await people.get(who, f"{PORTAL}/calls"))["items"]
    call = next(each for each in calls if "second" in each["terms"]["texts"][0]["title"])
    ceilings = {quota["country"]: quota["ceiling"] for quota in call["terms"]["quotas"]}
    matches = await people.items(who, f"{path}/matches", call_id=call["id"])
    sent = {
        match["pairing"]["application_id"]
        for match in matches
        if match["pairing"]["country"] == country and match["state"] in STANDING and not match["reserve"]
    }
    assert len(sent) == ceilings[country]
    refused = []
    for waiting in await people.items(who, f"{path}/applications", call_id=call["id"]):
        if waiting["country"] == country and waiting["stage"] == "in_matching":
            receipt = (await people.get(who, f"{path}/receipts/{waiting['id']}"))["published"]
            left = {row["rule"]: row["remaining"] for row in receipt["funnel"]} if receipt else {"capacity": 0}
            refused += [waiting["reference"]] if left["capacity"] > 0 and left["quota"] == 0 else []
    assert refused


async def test_the_map_of_unmet_demand_names_groups_of_officers(sample: LocalRun, people: People) -> None:
    """Most without a place lack the expertise or the language that hosts look for.

    A donor's map has at least two of their groups, in the half-year in which they applied. Where the visits lie in the
    same one, so much may be hidden that the page says why there is no map.
    """
    path, both, days = "/reporting/api/v1/indicators/TANDEM-ND-03", "topic-and-language", Days(clock.today())
    apart = days.applied_half != days.published_half
    for who, period in (("persona-evaluator", "programme"), ("persona-donor", days.applied_half)):
        figure = await people.get(who, path, period=period)
        groups = [int(part["value"]) for part in figure["breakdowns"][both] if part["value"] is not None]
        assert len(groups) >= (2 if apart or who == "persona-evaluator" else 0)
        assert min(groups, default=5) >= 5 or who == "persona-evaluator", "a donor reads of no few people"
        assert int(figure["value"]) >= 18
    whole = await people.get("persona-evaluator", path, period="programme")
    counted = {part["value_of"]: int(part["value"]) for part in whole["breakdowns"][both]}
    assert counted["migrant_smuggling_thb|english"] >= 6
    assert counted["migrant_smuggling_thb|union_languages"] >= 6
    assert counted["criminal_networks|english"] >= 6
    at = f"/reporting/needs?period={days.applied_half}"
    system = System(sample.read("environment.json"))
    cookies = (await session_cookies(system, ["persona-donor"]))["persona-donor"]
    async with httpx2.AsyncClient(base_url=system.origin, cookies=cookies, headers={"Accept": "text/html"}) as browser:
        page = (await browser.get(at)).text
    drawn = "Most without a match: " in page
    assert drawn or (not apart and re.search("There is nothing to map, because|Not shown, because each field", page))


async def test_a_donor_reads_the_groups_that_were_agreed_on(people: People) -> None:
    """Groupings were chosen before the first publication, so a donor reads completed visits by the officers' region."""
    chosen = (await people.get("persona-programme", "/reporting/api/v1/groupings"))["items"]
    assert {each["dimension"]: each["level"] for each in chosen} == GROUPINGS_OF_SAMPLE
    assert not any(each["changeable"] for each in chosen)
    half = Days(clock.today()).published_half
    visits = await people.get("persona-donor", "/reporting/api/v1/indicators/TOPCOP-OP-02", period=half)
    parts = {part["value_of"]: part["value"] for part in visits["breakdowns"]["country-of-service"]}
    assert parts.keys() == {"eastern_neighbours", "south_caucasus"}
    assert all(value is not None and int(value) >= 5 for value in parts.values())


async def test_a_donor_reads_how_far_each_target_is_reached_since_the_baseline(people: People) -> None:
    """The baseline is before the first application, so no target that adds up stands beside a nought."""
    half = Days(clock.today()).published_half
    trends = await people.get("persona-donor", "/reporting/api/v1/trends")
    reached = {
        each["indicator"]: point["value"]
        for each in trends["indicators"]
        for point in each["since_baseline"]
        if each["targets"] and point["period"] == half
    }
    assert reached["TOPCOP-IN-01"] is not None
    assert float(reached["TOPCOP-IN-01"]) >= 25
    assert all(value is None or float(value) > 0 for value in reached.values()), reached


async def test_the_sample_has_appeals_incidents_and_a_dead_letter(people: People) -> None:
    """Appeals are decided or wait for the other coordinator; incidents, a webhook and a dead letter are there."""
    waits = (await people.get("persona-programme-2", f"{PORTAL}/appeals", state="waits"))["items"]
    assert waits
    decided = (await people.get("persona-programme-2", f"{PORTAL}/appeals", state="upheld"))["items"]
    assert len(decided) == 1
    incidents = (await people.get("persona-programme", f"{PORTAL}/incidents"))["items"]
    assert {incident["state"] for incident in incidents} == {"reported", "closed"}
    [protected] = (await people.get("persona-dpo", f"{PORTAL}/incidents"))["items"]
    assert (protected["category"], protected["state"]) == ("data", "reported")
    (webhook,) = (await people.get("persona-programme", "/notifications/api/v1/webhooks"))["items"]
    deliveries = await people.items("persona-programme", f"/notifications/api/v1/webhooks/{webhook['id']}/deliveries")
    assert {delivery["state"] for delivery in deliveries} == {"delivered"}
    partners = (await people.get("persona-programme", f"{PORTAL}/partners"))["items"]
    assert {partner["country"]: partner["status"] for partner in partners}["BY"] == "reinstated"


async def test_all_services_say_the_same_of_each_case(people: People) -> None:
    """Portal, queue and board name the same next step, person and date of each application, and the same overdue ones.

    Notifications keeps its deadlines from the events: the first open one of a case is the date of its next step.
    """
    who = "persona-programme"
    queue = await people.items(who, f"{PORTAL}/queue")
    assert len({line["state"] for line in queue}) >= 12, "the sample reaches many states"
    different = {}
    for line in queue:
        said = {name: line[name] for name in ("holder", "next", "due")}
        case = await people.get(who, f"{PORTAL}/cases/{line['id']}")
        board = (await people.get(who, f"/matching/api/v1/applications/{line['id']}"))["step"]
        others = {"portal": {name: case[name] for name in said}, "board": {name: board[name] for name in said}}
        wrong = {where: words for where, words in others.items() if words != said}
        if wrong:
            different[line["reference"], line["state"]] = {"queue": said} | wrong
    assert different == {}
    dues = {line["id"]: datetime.fromisoformat(line["due"]) for line in queue if line["due"]}
    overdue = {id_ for id_, due in dues.items() if due < clock.now()}
    assert {line["id"] for line in await people.items(who, f"{PORTAL}/queue", due="overdue")} == overdue
    assert (await people.get(who, f"{PORTAL}/queue/figures"))["overdue"] == len(overdue)
    stuck = (await people.get(who, "/matching/api/v1/stuck"))["items"]
    assert {case["application_id"] for case in stuck} == overdue
    first: dict[str, datetime] = {}
    for deadline in await people.items(who, "/notifications/api/v1/deadlines", days=400):
        if deadline["kind"] not in {"test", "appeal"} and deadline["application_id"] in {line["id"] for line in queue}:
            first.setdefault(deadline["application_id"], datetime.fromisoformat(deadline["due"]))
    assert {id_: (due, first.get(id_)) for id_, due in dues.items() if first.get(id_) != due} == {}
    assert {id_ for id_, due in first.items() if due < clock.now()} == overdue


async def test_placements_and_mentors_have_the_same_deadlines_everywhere(people: People) -> None:
    """The portal and notifications name the same date for each endorsement of a placement and each availability check.

    The one call that is published before it opens is announced, and not open.
    """
    who = "persona-programme"
    supply = await people.items(who, f"{PORTAL}/offers") + await people.items(who, f"{PORTAL}/mentors/country")
    dues = {record["id"]: record["due"] for record in supply if record["due"]}
    deadlines = await people.items(who, "/notifications/api/v1/deadlines", days=400)
    kinds = {"offer_endorsement", "availability"}
    assert {line["case_id"]: line["due"] for line in deadlines if line["kind"] in kinds} == dues
    assert dues
    for call in (await people.get(who, f"{PORTAL}/calls"))["items"]:
        assert (call["state"] == "announced") == (call["terms"]["opens"] > clock.today().isoformat())


def test_links_lead_to_pages(pages: list[Opened]) -> None:
    """Each link on a page of officers, mentors and hosts opens a page, and they reach at least forty kinds of pages."""
    assert {page.address: page.status for page in pages if page.status != httpx2.codes.OK} == {}
    assert len({page.kind for page in pages}) >= 40


def test_pages_are_easy_to_read(pages: list[Opened]) -> None:
    """The sentences of each kind of page of officers, mentors and hosts have at most grade 9."""
    texts: dict[str, dict[str, None]] = {}
    for page in pages:
        texts.setdefault(page.kind, {}).update(dict.fromkeys(sentences(page.main)))
    short: dict[str, None] = {}
    grades = {}
    for kind, found in texts.items():
        value, words = grade(list(found))
        if words < FEWEST:
            short |= found
        else:
            grades[kind] = value
    grades["pages with few sentences"] = grade(list(short))[0]
    assert {kind: round(value, 1) for kind, value in grades.items() if value > HIGHEST_GRADE} == {}


def test_each_kind_of_page_has_its_own_title(everybodys_pages: list[Opened]) -> None:
    """Two pages with the same title are of the same kind, for everybody.

    Journals look alike in each service, and so do the events behind a figure and behind a part of it.
    """
    kinds: dict[str, set[str]] = {}
    for page in everybodys_pages:
        if page.status == httpx2.codes.OK:
            kind = re.sub(r"^/reporting/.*/events$", "/reporting/*/events", page.kind)
            kinds.setdefault(page.title, set()).add(re.sub(r"^/[a-z]+/journal/", "/journal/", kind))
    assert {title: sorted(found) for title, found in kinds.items() if len(found) > 1} == {}


def test_pages_are_light(sample: LocalRun, everybodys_pages: list[Opened]) -> None:
    """HTML, style sheets and scripts of each kind of page have at most 60 kB at the first visit, as each role."""
    assert asyncio.run(axe.too_heavy(System(sample.read("environment.json")), everybodys_pages)) == []


@pytest.mark.browser
def test_pages_meet_wcag_in_a_browser(sample: LocalRun, everybodys_pages: list[Opened]) -> None:
    """No element of any kind of page, as any role, has a fault at 1280 and at 320 pixels.

    Few pages are opened, which together have every element of all. A fault is one that axe-core finds by the rules of
    WCAG 2.2 AA, a page that scrolls sideways, or an error in the console.
    """
    chromium = required_chromium()
    opened = covering(everybodys_pages)
    assert len({page.kind for page in opened}) >= 60
    assert list(axe.check(System(sample.read("environment.json")), opened, chromium)) == []


@pytest.mark.browser
def test_readers_of_figures_need_no_mouse(sample: LocalRun) -> None:
    """An evaluator and a donor reach figures, files and comparisons by keyboard, and see where the focus is."""
    chromium, origin = required_chromium(), System(sample.read("environment.json")).origin
    with axe.opened(chromium) as context:
        assert context.browser is not None
        evaluator = Typist(context.browser, origin, "Elena Rossi")
        steps.read_figures(evaluator, "Tests before and after", "Answers and certificates", "Compare periods")
        donor = Typist(context.browser, origin, "Henrik Lund")
        steps.read_figures(donor, "Files for donors", "Trends over all periods", "Targets, period by period")
        assert evaluator.errors + donor.errors == []


async def test_a_journey_leaves_the_sample_as_it_was(sample: LocalRun, people: People) -> None:
    """After `tandem journey` figures and boards say what they said before; nobody of the sample takes part in it."""
    before = await standing(people)
    env = {**os.environ, "TANDEM_DATA": str(sample.folder)}
    command = [sys.executable, "-m", "deploy.cli.main", "journey", "--no-clock"]
    result = await asyncio.to_thread(
        subprocess.run, command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr

    async def as_before() -> bool:
        return await standing(people) == before

    await people.until("all is as it was", as_before)
    assert len((await people.get("persona-officer", f"{PORTAL}/applications"))["items"]) == 1


def test_the_sample_is_loaded_once(sample: LocalRun) -> None:
    """A second loading changes nothing."""
    env = {**os.environ, "TANDEM_DATA": str(sample.folder)}
    command = [sys.executable, "-m", "deploy.cli.main", "sample", "load"]
    result = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "is loaded already" in result.stdout
