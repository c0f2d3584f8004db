"""Training needs are shown beside demand, matches and completed visits, as page and file, after disclosure control."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
from csvw import CSVW  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy import text

from services.reporting.needs import store as needs_store
from services.reporting.needs.documents import COLUMNS
from services.reporting.periods.model import periods
from shared.contracts import EVENTS
from shared.contracts import _examples as ex
from shared.contracts.codes import Role
from tests.integration.reporting.facts.test_rebuild import changed
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import NEEDED as AT
from tests.integration.reporting.world import WorldEvent, ident, need, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.reporting.conftest import House

READERS = (
    Role.ANASPOC,
    Role.DONOR,
    Role.EVALUATOR,
    Role.PROGRAMME_COORDINATOR,
    Role.NATIONAL_COORDINATOR,
    Role.AUDITOR,
)


def refused(n: int, country: str, rule: str, topic: str = "online_crime") -> list[WorldEvent]:
    """Return an application without a match."""
    subject = ident("application", "refused", n)
    at = datetime(2026, 1, 14, 9, n, tzinfo=UTC)
    submitted, receipt = EVENTS["ApplicationSubmitted"], EVENTS["NoMatchExplained"]
    profile = {
        **ex.PROFILE,
        "reference": f"{country}-2026-{900 + n:04d}",
        "country": country,
        "topics": [topic],
    }
    funnel = [{"rule": rule, "remaining": 0}]
    return [
        WorldEvent(submitted.model_validate({**submitted.example, "profile": profile}), subject, at, subject),
        WorldEvent(receipt.model_validate({**receipt.example, "funnel": funnel}), subject, at, subject),
    ]


async def fill(house: House) -> None:
    """Feed forty completed visits, fourteen applications without a match, and needs of two countries."""
    events = [
        *world(40),
        need(1, country="MD", quantity=30),
        need(2, country="GE", quantity=12, area="witness_protection"),
    ]
    for n in range(14):
        events += refused(n, ("MD", "GE")[n % 2], "common_language" if n < 12 else "topic")
    await feed_events(house, events)


async def rows(client: Any, address: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_without_failures_the_headline_is_the_demand(house: House) -> None:
    """If nobody is without a match, the page gives the number of applications instead."""
    await feed_events(house, [*world(12), need(1, country="MD", quantity=30)])
    await house.publish("2026-H1")
    page = (await (await house.grant(Role.DONOR)).get("/reporting/needs?period=2026-H1")).text
    assert "applications asked for a place" in page
    assert "found no match</h1>" not in page


async def test_needs_demand_and_results_are_side_by_side(house: House) -> None:
    """Every reader sees needs, demand, met demand and applications without a match."""
    await fill(house)
    await house.publish("2026-H1")
    for role in READERS:
        reader = await house.grant(role)
        page = await reader.get("/reporting/needs?period=2026-H1")
        assert page.status_code == 200, page.text
        assert "Applications that found no match: 14 of 55" in page.text
        assert "needs.csv?period=2026-H1" in page.text
    for by in ("topic", "country", "language", "level"):
        for gap in ("topic-and-country", "topic-and-language", "country-and-gap"):
            answer = await reader.get(f"/reporting/needs?period=2026-H1&by={by}&gap={gap}")
            assert answer.status_code == 200, answer.text
    assert (await (await house.grant(Role.OFFICER)).get("/reporting/needs")).status_code == 403
    assert "/reporting/needs?period=2026-H1" in (await reader.get("/reporting/?period=2026-H1")).text


async def test_the_page_opens_with_the_first_map_that_can_be_shown(house: House) -> None:
    """The map by topic and language is shown if few people stand behind each topic of each country."""
    events = [*world(40)]
    for n in range(24):
        topic = ("online_crime", "drug_trafficking")[n % 2]
        events += refused(n, ("AM", "AZ", "GE", "MD", "UA", "BY")[n // 2 % 6], "common_language", topic)
    await feed_events(house, events)
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    at = "/reporting/needs?period=2026-H1"
    by_country, by_language, opened = [
        (await donor.get(at + chosen)).text for chosen in ("&gap=topic-and-country", "&gap=topic-and-language", "")
    ]
    assert "Not shown, because each field of this map is based on few people" in by_country
    assert "Most without a match" in by_language
    assert "Most without a match" in opened
    assert '<option value="topic-and-language" selected>' in opened


async def test_an_empty_programme_says_so(house: House) -> None:
    """Without needs and demand the page says so with a link, and it shows needs without demand."""
    reader = await house.grant(Role.EVALUATOR)
    assert "Nothing is needed and nothing was asked for" in (await reader.get("/reporting/needs")).text
    await feed_events(house, [need(1, quantity=30)])
    page = (await reader.get("/reporting/needs?period=2026")).text
    assert "Training is needed for 30 people, and nobody applied in this period" in page


async def test_a_period_without_applications_leads_to_one_that_has_some(house: House) -> None:
    """A donor reads that nobody applied in the newest period, and follows a link to the published one with demand."""
    await fill(house)
    await house.publish("2026-Q1", "2026-Q2")
    donor = await house.grant(Role.DONOR)
    page = (await donor.get("/reporting/needs")).text
    assert "nobody applied in this period</h1>" in page
    assert "No application arrived in this period." in page
    assert "no application of this period was left without a match" in page
    assert 'href="/reporting/needs?period=2026-Q1"' in page
    there = (await donor.get("/reporting/needs?period=2026-Q1")).text
    assert "Applications that found no match: 14 of 55" in there
    assert "No application arrived" not in there
    empty = (await donor.get("/reporting/needs?period=2026-Q2&by=language")).text
    assert "period=programme" not in empty, "readers may not open the programme as a whole"


async def test_a_hidden_number_of_applications_is_not_said_to_be_none(house: House) -> None:
    """If few people applied, the headline names the people in need alone and does not say that nobody applied."""
    await feed_events(house, [*world(2), need(1, quantity=30)])
    await house.publish("2026-H1")
    page = (await (await house.grant(Role.DONOR)).get("/reporting/needs?period=2026-H1")).text
    assert "Training is needed for 30 people</h1>" in page
    assert "No application arrived" not in page


async def test_the_file_names_no_restricted_area(house: House) -> None:
    """Rows add up, each need has its area unless that is restricted, and the columns are described."""
    await fill(house)
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    found = await rows(donor, "/reporting/needs.csv?period=2026-H1")
    needed = {row["country"]: row for row in found if row["measure"] == "needed"}
    assert (needed["MD"]["value"], needed["MD"]["area"]) == ("30", "analysis")
    assert (needed["GE"]["value"], needed["GE"]["area"]) == ("12", "restricted")
    total = {row["measure"]: row["value"] for row in found if not row["by"]}
    assert total == {"asked": "55", "matched": "41", "not_matched": "14"}
    by_country = {
        row["country"]: row["value"] for row in found if (row["measure"], row["by"]) == ("not_matched", "country")
    }
    assert by_country == {"GE": "7", "MD": "7"}
    assert all(
        not row["value"] or float(row["value"]) >= 5 for row in found if row["by"] and row["measure"] != "needed"
    )
    described = json.loads((await donor.get("/reporting/needs.csv-metadata.json?period=2026-H1")).text)
    assert [column["name"] for column in described["tableSchema"]["columns"]] == list(COLUMNS)
    assert described["url"] == "needs.csv?period=2026-H1"
    workbook = await donor.get("/reporting/needs.xlsx?period=2026-H1")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert sheet.max_row == len(found) + 1
    answer = (await donor.get("/reporting/api/v1/needs?period=2026-H1")).json()
    assert [row["measure"] for row in answer["rows"]] == [row["measure"] for row in found]
    again = await rows(donor, "/reporting/api/v1/needs.csv?period=2026-H1")
    assert [{**row, "cut_off": ""} for row in again] == [{**row, "cut_off": ""} for row in found]


async def test_each_file_of_needs_says_the_same_and_names_its_groups(house: House, tmp_path: Path) -> None:
    """CSV, Excel and JSON have the same rows, groups and hidden numbers, and the CSV file keeps to its description."""
    await fill(house)
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    for dimension, level in (("country-of-service", "side"), ("priority-topic", "family"), ("language", "family")):
        chosen = await coordinator.post(f"/reporting/groupings/{dimension}", data={"level": level})
        assert chosen.status_code == 303
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    found = await rows(donor, "/reporting/needs.csv?period=2026-H1")
    answer = (await donor.get("/reporting/api/v1/needs?period=2026-H1")).json()["rows"]
    assert [{name: each[name] or "" for name in COLUMNS} for each in found] == [
        {name: "" if each[name] is None else str(each[name]) for name in COLUMNS} for each in answer
    ]
    sheet = openpyxl.load_workbook(io.BytesIO((await donor.get("/reporting/needs.xlsx?period=2026-H1")).content)).active
    assert sheet is not None
    cells = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(2, values_only=True)]
    assert cells == [[each[name] for name in COLUMNS] for each in found]
    assert {each["hidden"] for each in found} > {""}, "some numbers are hidden"
    assert all(not each["value"] and not each["events_digest"] for each in found if each["hidden"])
    assert {each["country"] for each in found} <= {"", "eastern_partnership"}
    (tmp_path / "needs.csv").write_text((await donor.get("/reporting/needs.csv?period=2026-H1")).text, newline="")
    described = (await donor.get("/reporting/needs.csv-metadata.json?period=2026-H1")).json()
    (tmp_path / "needs.csv-metadata.json").write_text(json.dumps({**described, "url": "needs.csv"}))
    read = CSVW(str(tmp_path / "needs.csv-metadata.json"), validate=True)
    assert read.is_valid, read.warnings
    assert len(list(read.tables[0].iterdicts(strict=True))) == len(found)
    words = {each["name"]: each["dc:description"] for each in described["tableSchema"]["columns"]}
    assert "eastern_partnership: AM, AZ, BY, GE, MD, UA" in words["country"]
    assert "online_and_financial_crime: online_crime" in words["topic"]


async def test_small_numbers_are_in_no_file_and_on_no_page(house: House) -> None:
    """Three applications without a match are in no row, and do not follow from the other rows."""
    events = [*world(40)]
    for n in range(13):
        events += refused(n, "MD" if n < 3 else "GE", "common_language")
    await feed_events(house, events)
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    found = await rows(donor, "/reporting/needs.csv?period=2026-H1")
    country = {
        (row["measure"], row["country"]): row["value"] for row in found if row["by"] == "country" and row["value"]
    }
    assert ("not_matched", "MD") not in country
    assert country.get(("asked", "MD")) is None or ("matched", "MD") not in country
    assert ("not_matched", "GE") not in country, "13 less 10 would say it"


async def test_the_newest_event_of_a_need_counts_and_flaws_are_listed(
    house: House,
) -> None:
    """A reversed period or a topic of another scheme is listed until it is corrected, and then counts."""
    first = [
        need(1, quantity=30),
        need(2, since="2026-06-01", until="2026-01-01"),
        need(3, topic_code="cyber_attacks"),
    ]
    await feed_events(house, first)
    auditor = await house.grant(Role.AUDITOR)
    flaws = (await auditor.get("/reporting/api/v1/quality")).json()["flaws"]["items"]
    assert {each["flaw"]: each["left_out"] for each in flaws} == {
        "need_ends_before_it_starts": True,
        "unknown_code": False,
    }
    assert "The need ends before it starts" in (await auditor.get("/reporting/quality")).text
    assert await _needed(house) == 42
    await feed_events(
        house, [need(1, quantity=5), need(2, quantity=7), need(3, withdrawn=True, topic_code="cyber_attacks")]
    )
    assert (await auditor.get("/reporting/api/v1/quality")).json()["flaws"]["items"] == []
    assert await _needed(house) == 12
    assert await _needed(house, "2028") == 0, "the needs are over by then"
    await feed_events(house, [need(1, quantity=9, withdrawn=True)])
    assert await _needed(house) == 7


async def _needed(house: House, label: str = "2026") -> int:
    async with house.app.state.service.bus.read() as session:
        return sum(each.quantity for each in await needs_store.of_period(session, periods.parse(label)))


async def test_a_need_against_its_contract_is_listed_on_the_quality_page(house: House) -> None:
    """A negative number of people or an unknown area is a dead letter as a whole, with its reason."""
    record = house.feed.record(need(1).event, ident("need", 1), at=AT, correlation=ident("need", 1))
    negative = json.loads(record.value or b"{}") | {"quantity": -3}
    other = house.feed.record(need(2).event, ident("need", 2), at=AT, correlation=ident("need", 2))
    unknown = json.loads(other.value or b"{}") | {"area": "astrology"}
    await house.feed.apply(
        [changed(record, value=json.dumps(negative).encode()), changed(other, value=json.dumps(unknown).encode())]
    )
    auditor = await house.grant(Role.AUDITOR)
    answer = (await auditor.get("/reporting/api/v1/quality")).json()["dead_letters"]
    assert [(each["topic"], each["reason"]) for each in answer] == [("exchange.registry", "contract")] * 2
    assert await _needed(house) == 0


async def test_the_needs_of_a_period_are_found_by_index(house: House) -> None:
    """Neither needs nor their flaws are searched for in the whole table."""
    for index, query in {
        "need_until": "SELECT * FROM need WHERE counts AND until >= '2026-01-01' AND since <= '2026-12-31'",
        "flaw_subject": "DELETE FROM flaw WHERE topic = 'exchange.registry' AND subject = 'x'",
    }.items():
        async with house.app.state.service.bus.read() as session:
            await session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = "\n".join(row[0] for row in (await session.execute(text(f"EXPLAIN {query}"))).all())
        assert index in plan, plan
