"""A country sees its sent and hosted exchanges, each figure with exactly its cases."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.contracts import mentorships, visits
from shared.time import clock
from shared.web.csv_files import escape_formula
from tests.integration.applications.abroad import Abroad

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

HERE = "/applications/balance"


@pytest.fixture
async def exchanged(programme: Programme, feed: Feed) -> Abroad:
    """Enter a visit from Armenia to France with two days attended, and a mentorship of Georgia with Lithuania."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    pair = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(pair)
    assert (await abroad.get("tigran", "/balance/cases"))["items"] == []
    clock.move(timedelta(days=80))
    days = abroad.plan(match_id)["days"]
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    ended = {"attended": days[:2], "attended_days": 2, "required_days": 5, "ended_on": days[1], "early": True}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, **ended)
    until = str(clock.today() + timedelta(days=100))
    started = {"started_on": str(clock.today()), "until": until}
    await abroad.publish_mentorship_event(mentorships.MentorshipStarted, mentorship_id, pair, **started)
    return abroad


async def page(abroad: Abroad, subject: str, path: str, status: int = 200) -> str:
    """Return a page as a person sees it."""
    answer = await abroad.of.as_(subject).get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def cases(text: str) -> list[str]:
    """Return the references in the last table of the page."""
    body = text.rpartition("<tbody")[2].partition("</tbody>")[0] if "<tbody" in text else ""
    return re.findall(r"[A-Z]{2}-\d{4}-\d{4}(?=</a>)", body)


COUNTED: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "tigran": ({"sent": 1}, {"sent": 2}),
    "luc": ({"hosted": 1}, {"hosted": 2}),
    "giorgi": ({"received": 1}, {}),
    "rasa": ({"given": 1}, {}),
    "programme": ({"sent": 1, "hosted": 1, "received": 1, "given": 1}, {"sent": 2, "hosted": 2}),
}
"""By who looks: how many cases each way, and how many days."""


async def test_each_side_counts_its_own(exchanged: Abroad) -> None:
    """The home country counts a visit as sent, the host as hosted, with the days attended."""
    for subject, (counts, days) in COUNTED.items():
        answer = await exchanged.get(subject, "/balance")
        assert {way: n for way, n in answer["totals"]["counts"].items() if n} == counts, subject
        assert {way: n for way, n in answer["totals"]["days"].items() if n} == days, subject
        listed = (await exchanged.get(subject, "/balance/cases"))["items"]
        assert {case["way"] for case in listed} == set(counts), subject
        assert len(listed) == sum(counts.values()), subject


async def test_each_number_leads_to_its_cases(exchanged: Abroad) -> None:
    """Each figure and each number in the tables links to as many cases as it says."""
    for subject in COUNTED:
        shown = await page(exchanged, subject, HERE)
        top = re.findall(r'<a href="([^"]+)"><span class="tandem-counts__number">(\d+)</span>', shown)
        inner = re.findall(r'<a class="govuk-link" href="([^"]*way=[^"]+)">(\d+)</a>', shown)
        assert len(top) == 4, subject
        assert inner, subject
        for address, count in (*top, *inner):
            assert len(cases(await page(exchanged, subject, address))) == int(count), (subject, address)


async def test_the_cases_are_read_page_by_page(exchanged: Abroad) -> None:
    """The pages hold each case once; a direction narrows them, and an unknown one is refused."""
    whole = (await exchanged.get("programme", "/balance/cases"))["items"]
    read, address = [], "/balance/cases?limit=1"
    while address:
        found = await exchanged.get("programme", address)
        read += found["items"]
        address = found["next"] and f"/balance/cases?limit=1&cursor={found['next']}"
    assert read == whole
    assert len(whole) == 4
    (sent,) = (await exchanged.get("programme", "/balance/cases?way=sent"))["items"]
    assert (sent["country"], sent["other"], sent["days"]) == ("AM", "FR", 2)
    await exchanged.get("programme", "/balance/cases?way=up", 422)


async def test_filters_narrow_the_page_and_invalid_ones_are_refused(exchanged: Abroad) -> None:
    """Year, call and other country narrow the page, and a malformed filter is refused with its name."""
    year = clock.today().year
    call = exchanged.of.call["id"]
    for query, count in {
        f"year={year}&call={call}&other=FR": len(
            (await exchanged.get("tigran", f"/balance/cases?year={year}"))["items"]
        ),
        "other=FR": 1,
        "other=DE": 0,
        "year=2001": 0,
    }.items():
        assert len(cases(await page(exchanged, "tigran", f"{HERE}?{query}"))) == count, query
    for query in ("year=soon", "year=2147483648", "call=mine", "way=up", "other=XX"):
        assert query.partition("=")[0].title() in await page(exchanged, "tigran", f"{HERE}?{query}", 422)


async def test_the_csv_file_lists_the_same_cases(exchanged: Abroad) -> None:
    """The CSV file has the same cases, no names of people, and no formula."""
    answer = await exchanged.of.as_("programme").get(f"{HERE}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(answer.text)))
    assert sorted(row["which"] for row in rows) == ["given", "hosted", "received", "sent"]
    sent = next(row for row in rows if row["which"] == "sent")
    assert (sent["country"], sent["other_country"], sent["attended_days"]) == ("AM", "FR", "2")
    assert sent["other_organisation"] == "Anti-cybercrime office"
    for name in ("Petrosyan", "Beridze", "Kazlauskas"):
        assert name not in answer.text
    assert [escape_formula(entry) for entry in ("=1+1", "-2", "@x", "Police", None)] == [
        "'=1+1",
        "'-2",
        "'@x",
        "Police",
        "",
    ]


async def test_other_roles_have_no_such_page(exchanged: Abroad) -> None:
    """Officers, hosts and mentors have no such page, and an empty page says when it will have content."""
    for who in ("ani", "claire", "jonas"):
        await page(exchanged, who, HERE, 403)
        await exchanged.get(who, "/balance", 403)
        await exchanged.get(who, "/balance/cases", 403)
        await page(exchanged, who, f"{HERE}.csv", 403)
    lone = exchanged.of.person("ilie", "Ilie Rusu", "GE", "national_coordinator")
    lone["country"], lone["grants"][0]["country"] = "MD", "MD"
    lone["organisation_id"] = None
    await exchanged.post("programme", "/people", {"people": [lone]}, 201)
    assert "No visit or mentorship has started yet" in await page(exchanged, "ilie", HERE)


@pytest.mark.parametrize("year", ["0", "10000", "99999999999999999999"])
async def test_a_year_that_no_date_has_is_refused(programme: Programme, year: str) -> None:
    """API and page name the filter."""
    for path in ("/balance", "/balance/cases"):
        assert "year" in str(await programme.get("tigran", f"{path}?year={year}", 422))
    answer = await programme.as_("tigran").get(f"{HERE}?year={year}")
    assert (answer.status_code, "Year" in answer.text) == (422, True)
