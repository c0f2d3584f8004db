"""Figures follow the events, on real PostgreSQL, through pages, API and feeds."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from uuid import UUID

from lxml import etree

from services.reporting.feeds.formats.iati import check
from services.reporting.indicators.model.figure import digest_of
from shared.contracts.codes import Role
from tests.integration.reporting.world import ident, mentorship, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.reporting.conftest import House
    from tests.integration.reporting.world import WorldEvent


async def feed_events(house: House, events: Sequence[WorldEvent]) -> None:
    """Let the service read these events, in one batch."""
    await house.feed.apply([house.feed.record(t.event, t.subject, at=t.at, correlation=t.story) for t in events])


async def test_an_empty_programme_says_so(house: House) -> None:
    """Before the first event the overview says why it is empty, and shows no number."""
    donor = await house.grant(Role.DONOR)
    assert "No period is published yet" in (await donor.get("/reporting/")).text
    for period in ("", "?period=2026"):
        problem = await donor.get(f"/reporting/api/v1/figures{period}")
        assert (problem.status_code, problem.json()["code"]) == (409, "not-published")
        assert "ask the programme coordinator" in problem.json()["detail"]
    page = await (await house.grant(Role.EVALUATOR)).get("/reporting/?period=2026")
    assert page.status_code == 200, page.text
    assert "No applications and no completed visits in this period" in page.text
    assert "no data yet" in page.text


async def test_the_figures_equal_a_count_of_the_events(house: House) -> None:
    """Applications, visits, officials and days equal those of the events, with the digest of exactly these."""
    published = world(12)
    await feed_events(house, published)
    evaluator = await house.grant(Role.EVALUATOR)
    answer = (await evaluator.get("/reporting/api/v1/figures?period=2026")).json()
    figures = {figure["indicator"]: figure for figure in answer["figures"]}
    assert answer["state"] == "draft"
    assert figures["TOPCOP-IN-01"]["value"] == "13"
    assert figures["TOPCOP-OP-02"]["value"] == "12"
    assert figures["TOPCOP-OP-01"]["value"] == "11", "one person came twice"
    assert figures["TOPCOP-OP-03"]["value"] == "60"
    assert figures["TOPCOP-OP-05"]["value"] == "2"
    assert figures["TOPCOP-PR-01"]["value"] == "100"
    assert len(figures) == 22
    events = (await evaluator.get("/reporting/api/v1/indicators/TOPCOP-OP-02/events?period=2026")).json()
    assert len(events["events"]) == 12
    assert events["events_digest"] == figures["TOPCOP-OP-02"]["events_digest"]


async def test_small_parts_are_not_shown_anywhere(house: House) -> None:
    """No part of a breakdown with fewer than five behind it is in a page, API, CSV or IATI."""
    await feed_events(house, world(12))
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    figure = (await donor.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026-H1")).json()
    assert figure["withheld"] == ["country-of-service", "sex"]
    assert {cell["value_of"]: cell["value"] for cell in figure["breakdowns"]["host-country"]} == {"FR": "6", "RO": "6"}
    page = (await donor.get("/reporting/indicators/TOPCOP-OP-02?period=2026-H1")).text
    assert "By host country" in page
    assert "too few people are behind" in page
    rows = list(csv.DictReader(io.StringIO((await donor.get("/reporting/figures.csv?period=2026-H1")).text)))
    shown = [row for row in rows if row["indicator"] == "TOPCOP-OP-02"]
    assert [(row["dimension"], row["hidden"]) for row in shown if row["hidden"]] == [
        ("country-of-service", "withheld"), ("sex", "withheld"),
    ]  # fmt: skip


async def test_donors_see_no_event(house: House) -> None:
    """A donor reads the figure and its number of events, but neither ids nor a journey."""
    await feed_events(house, world(12))
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    page = (await donor.get("/reporting/indicators/TOPCOP-OP-02?period=2026-H1")).text
    assert "12 events" in page
    assert "/events?period" not in page
    for closed in (
        "/reporting/indicators/TOPCOP-OP-02/events",
        "/reporting/journey",
        "/reporting/outcomes",
        f"/reporting/journey/{ident('application', 0)}",
    ):
        assert (await donor.get(closed)).status_code == 403


async def test_the_iati_file_is_valid(house: House) -> None:
    """The activity file is valid against the official schema, and leaves out hidden numbers."""
    await feed_events(house, [*world(12), *mentorship()])
    assert (await (await house.grant(Role.EVALUATOR)).get("/reporting/iati.xml?period=2026-H1")).status_code == 409
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    answer = await donor.get("/reporting/iati.xml?period=2026-H1")
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    assert check(root) == []
    found = root.xpath("//indicator[reference/@code='TOPCOP-OP-02']/period/actual[not(dimension)]/@value")
    assert found == ["12"]
    assert root.xpath("//indicator[reference/@code='TOPCOP-OP-02']//dimension[@name='country-of-service']") == []
    assert root.xpath("//actual[not(@value) or @value='']") == []
    hidden = "//indicator[reference/@code='TOPCOP-OP-04']"
    assert root.xpath(f"{hidden}/period/actual") == [], "of one pair there is no number"
    assert "is shown: few people stand behind it" in str(root.xpath(f"string({hidden}/description/narrative)"))


async def test_the_journey_of_an_application_is_listed(house: House) -> None:
    """The journey lists an application's events of all topics, found by its reference; details come on request."""
    await feed_events(house, world(2))
    evaluator = await house.grant(Role.AUDITOR)
    led = await evaluator.get("/reporting/journey?reference=am-2026-0000")
    assert led.headers["location"] == "/reporting/journey/AM-2026-0000"
    page = (await evaluator.get(led.headers["location"])).text
    order = [
        page.index(f">{name}<")
        for name in ("Application submitted", "Match confirmed", "Visit dates set", "Visit completed")
    ]
    assert order == sorted(order)
    assert "ApplicationSubmitted" not in page, "technical details are shown on request"
    details = (await evaluator.get(led.headers["location"], params={"details": "yes"})).text
    assert "exchange.applications · ApplicationSubmitted" in details
    steps = (await evaluator.get(f"/reporting/api/v1/journey/{ident('application', 0)}")).json()["events"]
    assert {step["service"] for step in steps} == {"applications", "matching"}
    assert (await evaluator.get("/reporting/journey?reference=XX-1")).status_code == 404


async def test_a_period_goes_from_draft_to_published_by_two_people(house: House) -> None:
    """One person submits, another approves, freezes and publishes; later facts do not change the figures."""
    await feed_events(house, world(12))
    author = await house.grant(Role.EVALUATOR)
    other = await house.grant(Role.PROGRAMME_COORDINATOR)
    assert (await author.post("/reporting/periods/2099/submit")).status_code == 409, "it is not over"
    assert (await author.post("/reporting/periods/2026-Q1/submit")).status_code == 303
    assert (await author.post("/reporting/periods/2026-Q1/submit")).status_code == 303, "a second click"
    again = await other.post("/reporting/periods/2026-Q1/submit")
    assert (again.status_code, "These figures were submitted on" in again.text) == (409, True)
    assert (await author.post("/reporting/periods/2026-Q1/approve")).status_code == 409
    assert (await other.post("/reporting/periods/2026-Q1/publish")).status_code == 409
    assert (await other.post("/reporting/periods/2026-Q1/approve")).status_code == 303
    for _ in range(2):
        assert (await author.post("/reporting/periods/2026-Q1/publish")).status_code == 303, "a second click"
    again = await other.post("/reporting/periods/2026-Q1/publish")
    assert (again.status_code, "These figures were published on" in again.text) == (409, True)
    types = [row.type for row in await house.journal("exchange.periods")]
    assert types[-4:] == ["PeriodSubmitted", "PeriodApproved", "PeriodFrozen", "PeriodPublished"]
    figures = await house.journal("exchange.figures")
    assert len({row.aggregateid for row in figures}) == len(figures) >= 22
    before = (await author.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026-Q1")).json()
    await house.relay("exchange.periods")
    await feed_events(house, world(16)[-20:])
    after = (await author.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026-Q1")).json()
    assert after == before
    assert after["state"] == "published"
    page = (await author.get("/reporting/?period=2026-Q1")).text
    assert "The figures are frozen since" in page
    listed = (await author.get("/reporting/api/v1/indicators/TOPCOP-OP-02/events?period=2026-Q1")).json()
    assert digest_of(UUID(each) for each in listed["events"]) == after["events_digest"]
    shown = (await author.get("/reporting/indicators/TOPCOP-OP-02/events?period=2026-Q1")).text
    assert all(f'href="/matching/journal/{each}?from=/reporting/indicators/' in shown for each in listed["events"])


async def test_periods_that_do_not_exist_are_refused(house: House) -> None:
    """An unknown period or indicator is answered with a message, not a server error."""
    await feed_events(house, world(12))
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    assert (await donor.get("/reporting/?period=2026-Q7")).status_code == 404
    assert (await donor.get("/reporting/indicators/TOPCOP-XX-99")).status_code == 404
    assert (await donor.get("/reporting/?period=programme")).status_code == 409
    assert (await (await house.grant(Role.EVALUATOR)).get("/reporting/?period=programme")).status_code == 200
