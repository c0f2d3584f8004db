"""Seven ways in which hidden counts were worked out from what a donor fetched, each tried over HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lxml import etree

from services.reporting.indicators.model.catalogue import COUNTED
from shared.contracts.codes import Role
from tests.integration.reporting.conftest import house, migrated, portal_url
from tests.integration.reporting.overview.test_figures import feed_events
from tests.redteam.programme import DAYS, FOUND, OPEN, YEAR, Officer, events

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House

__all__ = ["house", "migrated", "portal_url"]
API = "/reporting/api/v1"
H1, ALL = f"{YEAR}-H1", str(YEAR)


def officers(first: int, number: int, **about: Any) -> list[Officer]:
    """Return officers of the first quarter from Armenia who were in France, unless `about` says otherwise."""
    usual = Officer(0, "Q1", "AM", "FR", "online_crime", "female", FOUND, "completed", 5)
    return [replace(usual, number=number, **about) for number in range(first, first + number)]


async def become_known(house: House, *groups: list[Officer], late: bool = False) -> None:
    """Feed the events of these officers."""
    await feed_events(house, [each for group in groups for officer in group for each in events(officer, late=late)])


async def restate(house: House, label: str) -> None:
    """State a period again, by two people."""
    author = await house.grant(Role.EVALUATOR, name="author of figures")
    other = await house.grant(Role.PROGRAMME_COORDINATOR, name="approver of figures")
    at = f"/reporting/periods/{label}/restatement"
    assert (await author.post(f"{at}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await other.post(f"{at}/approve")).status_code == 303


async def figure(client: httpx2.AsyncClient, indicator: str, label: str) -> Any:
    """Return a figure of a period as the client reads it."""
    answer = await client.get(f"{API}/indicators/{indicator}?period={label}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def number(figure: Any, dimension: str, value: str) -> int | None:
    """Return the number of a part, if it is shown."""
    parts = {part["value_of"]: part["value"] for part in figure["breakdowns"].get(dimension, ())}
    return None if parts.get(value) is None else int(parts[value])


async def test_a_programme_and_periods_reveal_nobody(house: House) -> None:
    """The whole programme is closed, and a year less its half does not tell the four of the other half."""
    await become_known(house, officers(1, 9), officers(20, 30, country="GE"))
    await become_known(house, officers(60, 4, quarter="Q3"), officers(70, 20, quarter="Q3", country="GE"))
    await house.publish(H1, ALL)
    donor = await house.grant(Role.DONOR)
    for path in (f"{API}/figures", "/reporting/figures.csv", "/reporting/needs.csv", "/reporting/"):
        assert (await donor.get(f"{path}?period=programme")).status_code == 409
    half, year = [await figure(donor, "TOPCOP-IN-01", label) for label in (H1, ALL)]
    both = [number(each, "country-of-service", "AM") for each in (half, year)]
    assert half["value"] == "39"
    assert None in both, "13 less 9 would be the four"


async def test_b_rows_that_stay_do_not_reveal_those_that_move(house: House) -> None:
    """Six late visits, five of them in one country: the sixth does not follow from the rows that are shown."""
    await become_known(house, officers(1, 20), officers(30, 30, country="GE"), officers(70, 3, country="MD"))
    await become_known(house, officers(80, 9, country="UA"))
    await house.publish(H1)
    donor = await house.grant(Role.DONOR)
    before = await figure(donor, "TOPCOP-OP-02", H1)
    assert number(before, "country-of-service", "AM") == 20
    await become_known(house, officers(100, 5), officers(110, 1, country="UA"), late=True)
    await restate(house, H1)
    after = await figure(donor, "TOPCOP-OP-02", H1)
    assert (before["value"], after["value"]) == ("62", "68")
    assert number(after, "country-of-service", "AM") is None, "six less five would be the one"


async def test_c_a_restatement_by_one_does_not_tell_an_answer(house: House) -> None:
    """One late evaluation moves neither the share of those satisfied nor its base."""
    await become_known(house, officers(1, 12, score=5), officers(20, 8, score=2))
    await house.publish(H1)
    donor = await house.grant(Role.DONOR)
    before = await figure(donor, "TOPCOP-OC-01", H1)
    assert (before["numerator"], before["denominator"]) == ("12", "20")
    await become_known(house, officers(40, 1, score=1), late=True)
    await restate(house, H1)
    after = await figure(donor, "TOPCOP-OC-01", H1)
    assert (after["numerator"], after["denominator"], after["waits"]) == ("12", "20", True)
    file = (await donor.get(f"/reporting/feeds/{H1}/2/figures.json")).json()
    shown = next(each for each in file["figures"] if each["indicator"] == "TOPCOP-OC-01")
    assert (shown["numerator"], shown["denominator"]) == ("12", "20")


async def test_d_calls_do_not_tell_what_periods_hide(house: House) -> None:
    """The numbers of calls are closed to readers, as a page and as a file."""
    await become_known(house, officers(1, 20), officers(30, 3, country="MD"))
    await house.publish(H1)
    for role in (Role.DONOR, Role.ANASPOC, Role.NATIONAL_COORDINATOR, Role.AUDITOR):
        reader = await house.grant(role)
        assert {(await reader.get(f"/reporting/compare/calls{end}")).status_code for end in ("", ".csv")} == {403}


async def test_e_numbers_of_events_do_not_tell_hidden_visits(house: House) -> None:
    """Figures whose events are those of the visits have no number of events, and no part has any."""
    await become_known(house, officers(1, 20), officers(30, 3, host="PL"), officers(40, 9, host="RO"))
    await house.publish(H1)
    donor = await house.grant(Role.DONOR)
    days = await figure(donor, "TOPCOP-OP-03", H1)
    assert (days["value"], days["events"]) == (str(32 * DAYS), None)
    for indicator in ("TOPCOP-OP-01", "TOPCOP-PR-04"):
        assert (await figure(donor, indicator, H1))["events"] is None, (
            f"{indicator}: its events are those of the visits"
        )
    assert number(days, "host-country", "PL") is None
    every = (await donor.get(f"{API}/figures?period={H1}")).json()["figures"]
    parts = [part for each in every for cells in each["breakdowns"].values() for part in cells]
    assert parts
    assert {part["events"] for part in parts} == {None}
    rows = csv.DictReader(io.StringIO((await donor.get(f"/reporting/feeds/{H1}/1/figures.csv")).text))
    assert {row["events"] for row in rows if row["dimension"] or row["indicator"] == "TOPCOP-OP-03"} == {""}
    root = etree.fromstring((await donor.get(f"/reporting/feeds/{H1}/1/iati-activities.xml")).content)
    comments = root.xpath("//indicator[reference/@code='TOPCOP-OP-03']//actual/comment/narrative/text()")
    assert comments
    assert not re.search("[0-9]+ events", str(comments))


async def test_f_totals_of_few_and_few_beside_a_total_are_hidden(house: House) -> None:
    """Three without a match, and the two of twenty who were not satisfied, are not told by a total."""
    await become_known(house, officers(1, 18, score=5), officers(20, 2, score=2))
    await become_known(house, officers(30, 3, result="not_matched", visit="", score=None))
    await become_known(house, officers(40, 12, result=OPEN, visit="", score=None))
    await become_known(house, officers(60, 4, quarter="Q3"))
    await house.publish(H1, f"{YEAR}-H2")
    donor = await house.grant(Role.DONOR)
    for indicator, label in (
        ("TANDEM-ND-03", H1),
        ("TOPCOP-OC-01", H1),
        ("TOPCOP-IN-01", f"{YEAR}-H2"),
        ("TOPCOP-OP-02", f"{YEAR}-H2"),
    ):
        hidden = await figure(donor, indicator, label)
        numbers = [hidden[name] for name in ("value", "numerator", "denominator", "events", "events_digest")]
        assert (hidden["hidden"], numbers) == ("protected", [None] * 5), indicator


async def test_g_a_digest_does_not_confirm_a_hidden_number(house: House) -> None:
    """Two hosts are hidden, and their events are those of the visits: the digest of all figures does not tell them."""
    await become_known(house, officers(1, 20), officers(30, 20, host="RO"))
    await house.publish(H1)
    donor = await house.grant(Role.DONOR)
    read = [await figure(donor, each, H1) for each in COUNTED]
    hosts = next(each for each in read if each["indicator"] == "TOPCOP-OP-05")
    assert (hosts["value"], hosts["hidden"]) == (None, "protected")
    lines = [
        f"{each['indicator']} {each['definition']['version']} {each['value']} {each['events_digest']}\n"
        for each in read
    ]
    shown = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    assert (await donor.get(f"{API}/figures?period={H1}")).json()["figures_digest"] == shown
    history = await donor.get(f"{API}/indicators/TOPCOP-OP-05/history?period={H1}")
    assert history.json()["figures_digest"] == shown
    assert (await donor.get(f"{API}/needs?period={H1}")).json()["figures_digest"] == shown
    assert shown in (await donor.get(f"/reporting/{H1}/1/")).text
