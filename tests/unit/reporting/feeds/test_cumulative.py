"""Files for donors say what was reached since the baseline, in all published periods, and which countries got it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from lxml import etree

from services.reporting.disclosure.model import Hidden, Released, ReleasedCell
from services.reporting.feeds.actions import files
from services.reporting.feeds.formats import iati
from services.reporting.feeds.formats.iati_rules import broken
from services.reporting.feeds.model.cumulative import country_shares, cumulative
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.periods.model.approval import Approval
from services.reporting.periods.model.periods import parse
from services.reporting.targets.model import TargetKind, TargetValue
from shared.contracts.codes import PeriodState
from shared.errors import Refused
from tests.unit.reporting.feeds.test_iati_rules import AT, settings
from tests.unit.reporting.feeds.test_logframe import target_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VISITS = INDICATORS["TOPCOP-OP-02"]
START = date(2025, 1, 1)


def cell(value: int | None) -> ReleasedCell:
    """Return a number as it was released; None: hidden."""
    if value is None:
        return ReleasedCell(None, hidden=Hidden.PROTECTED)
    return ReleasedCell(Decimal(value), Decimal(value), None, value, "ab" * 32)


def visits(label: str, value: int | None, countries: Mapping[str, int | None] | None = None) -> Released:
    """Return the visits of a period, by the officers' country."""
    parts = {country: cell(number) for country, number in (countries or {}).items()}
    return Released(VISITS, parse(label), AT, cell(value), {"country-of-service": parts} if parts else {})


def reached(end: str, *published: Released, since: date = START) -> tuple[int, tuple[str, ...]] | None:
    """Return the sum up to the end of a period, and the periods that it is made of."""
    found = cumulative(VISITS, parse(end).end, since, published)
    return (int(found.value), found.periods) if found else None


def test_published_periods_without_a_gap_are_added_up() -> None:
    """The sum reaches back to the baseline over the fewest periods, each day once, and stops at a gap."""
    halves = [visits("2025-H1", 10), visits("2025-H2", 30), visits("2026-H1", 0)]
    assert reached("2026-H1", *halves) == (40, ("2025-H1", "2025-H2", "2026-H1"))
    assert reached("2026-H1", *halves, visits("2025", 41), visits("2026-Q2", 0)) == (41, ("2025", "2026-H1"))
    assert reached("2026-H1", *halves[1:]) == (30, ("2025-H2", "2026-H1"))
    assert reached("2026-H1", halves[0], halves[2]) == (0, ("2026-H1",))
    assert reached("2026-H1", *halves, since=date(2025, 7, 1)) == (30, ("2025-H2", "2026-H1"))
    assert reached("2025-Q3", *halves) is None


def test_a_hidden_total_is_not_added_up() -> None:
    """A period whose total is hidden is a gap, unless its quarters are shown."""
    hidden = visits("2025-H2", None)
    assert reached("2026-H1", hidden, visits("2026-H1", 9)) == (9, ("2026-H1",))
    assert reached("2025-H2", hidden) is None
    shown = visits("2025-Q3", 7), visits("2025-Q4", 8)
    assert reached("2026-H1", hidden, *shown, visits("2026-H1", 9)) == (24, ("2025-Q3", "2025-Q4", "2026-H1"))


def test_only_what_adds_up_is_added_up() -> None:
    """Different people, shares and other versions of a definition are not added up."""
    officials = INDICATORS["TOPCOP-OP-01"]
    of_people = replace(visits("2026-H1", 9), definition=officials)
    assert cumulative(officials, date(2026, 6, 30), START, [of_people]) is None
    earlier = replace(visits("2025-H2", 5), definition=replace(VISITS, version=9))
    assert reached("2026-H1", earlier, visits("2026-H1", 9)) == (9, ("2026-H1",))


def test_countries_are_weighed_by_what_they_got() -> None:
    """Each partner country has its share of the visits, hidden ones are one region, and each visit counts once."""
    published = [
        visits("2025-H2", 40, {"GE": 20, "UA": 10, "FR": 10}),
        visits("2026-H1", 20, {"GE": 10, "MD": None, "AM": None}),
        visits("2026-Q1", 20, {"GE": 20}),
    ]
    found = country_shares(published, START)
    assert found.countries == {"GE": Decimal("60.00"), "UA": Decimal("20.00")}
    assert found.rest == 20
    thirds = country_shares([visits("2025", 3, {"AM": 1, "GE": 1, "UA": 1})], START)
    assert sum(thirds.countries.values()) == 100
    assert thirds.rest == 0
    assert country_shares([], START).rest == 100


def content_of(name: str, published: Sequence[Released], targets: Sequence[TargetValue]) -> bytes:
    """Return a file of the last of these periods, the others published before."""
    *history, newest = published
    at = Approval(newest.period, PeriodState.PUBLISHED, frozen_at=AT, cut_off=AT)
    made = files.files([newest], at, settings(), targets, history)
    return next(file.content for file in made if file.name == name)


TARGETS = (
    target_value(TargetKind.BASELINE, date(2024, 12, 31), 0),
    target_value(TargetKind.TARGET, date(2026, 6, 30), 25),
)
PUBLISHED = (
    visits("2025-H1", 15, {"GE": 15}),
    visits("2025-H2", 25, {"GE": 10, "UA": 15}),
    visits("2026-H1", 0),
)


def test_the_iati_file_has_all_periods_and_what_was_reached_since_the_baseline() -> None:
    """Each published period stands with its own value, and the target beside all that was reached until its day."""
    root: Any = etree.fromstring(content_of("iati-activities.xml", PUBLISHED, TARGETS))
    assert iati.check(root) == []
    assert broken(root, AT.date()) == []
    found = {
        tuple(each.get("iso-date") for each in period[:2]): (
            period.xpath("string(target/@value)"),
            period.xpath("string(actual[not(dimension)]/@value)"),
        )
        for period in root.iter("period")
    }
    assert found == {
        ("2025-01-01", "2025-06-30"): ("", "15"),
        ("2025-07-01", "2025-12-31"): ("", "25"),
        ("2026-01-01", "2026-06-30"): ("", "0"),
        ("2025-01-01", "2025-12-31"): ("", "40"),
        ("2025-01-01", "2026-06-30"): ("25", "40"),
    }
    comment = root.xpath("string(//period[target]/actual/comment/narrative)")
    assert comment.startswith("Cumulative since the baseline of 2024-12-31: 2025-H1, 2025-H2, 2026-H1")
    shares = {each.get("code"): each.get("percentage") for each in root.iter("recipient-country")}
    assert shares == {"GE": "62.50", "UA": "37.50"}
    assert root.find(".//recipient-region") is None
    description = root.xpath("string(//result/description/narrative)")
    assert "Officers complete exchange visits" in description
    assert "Assumptions: Travel" in description
    assert "Means of verification: Journals" in root.xpath("string(//indicator/description/narrative)")


def test_a_target_waits_for_the_whole_of_its_period() -> None:
    """Of a period that is not published as a whole, the target is not set beside the last quarter alone."""
    root: Any = etree.fromstring(content_of("iati-activities.xml", [visits("2026-Q2", 0)], TARGETS))
    assert root.find(".//target") is None
    known = [visits("2026-H1", None), visits("2026-Q2", 0)]
    root = etree.fromstring(content_of("iati-activities.xml", known, TARGETS))
    (target,) = root.iter("target")
    assert target.getparent().find("period-start").get("iso-date") == "2026-01-01"
    assert target.getparent().find("actual") is None


def test_the_logframe_has_the_current_value_beside_that_of_the_period() -> None:
    """The current value counts from the baseline, and each row has statement, verification and assumptions."""
    content = content_of("logframe.xlsx", PUBLISHED, TARGETS)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    head, values = (list(row) for row in sheet.iter_rows(values_only=True))
    row = dict(zip(head, values, strict=True))
    assert (row["Target 2026-06-30"], row["Current value"], row["Current value since"]) == (25, 40, "2025-01-01")
    assert row["Value in the period"] == 0
    assert "2025-H1, 2025-H2, 2026-H1" in str(row["Comments"])
    assert str(row["Result statement"]).startswith("Officers complete exchange visits")
    assert "VisitCompleted" in str(row["Means of verification"])
    assert str(row["Assumptions"]).startswith("Travel between the countries")
    assert str(row["How it is counted"]).startswith("Visits that ended in the period")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iati_organisation": ""}, "has no identifier"),
        ({"local": False}, "is an example, not the identifier"),
    ],
)
def test_a_registered_organisation_is_required(changes: dict[str, Any], words: str) -> None:
    """Without an identifier of its own nothing is published, and the message names the setting and the remedy."""
    own = settings(**changes)
    at = Approval(parse("2026-H1"), PeriodState.PUBLISHED, frozen_at=AT, cut_off=AT)
    (finding,) = files.findings([PUBLISHED[2]], at, own)
    assert words in finding
    assert "Set TANDEM_IATI_ORGANISATION to the identifier with which your organisation is registered" in finding
    with pytest.raises(Refused, match="Set TANDEM_IATI_ORGANISATION"):
        files.files([PUBLISHED[2]], at, own)
    real = settings(**changes | {"iati_organisation": "XM-DAC-12345"})
    assert files.findings([PUBLISHED[2]], at, real) == []


def test_targets_after_the_statement_change_nothing() -> None:
    """A target that is approved after the statement is not in its files."""
    later = target_value(TargetKind.TARGET, date(2026, 6, 30), 99, at=AT + timedelta(days=1))
    for name in ("iati-activities.xml", "logframe.xlsx"):
        assert content_of(name, PUBLISHED, [*TARGETS, later]) == content_of(name, PUBLISHED, TARGETS)
