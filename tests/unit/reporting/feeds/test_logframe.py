"""Approved baselines and targets are in the logframe beside the current values."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from services.reporting.feeds.formats import iati
from services.reporting.feeds.formats.iati_rules import broken
from services.reporting.periods.model.approval import NotNow
from services.reporting.periods.model.periods import labels, parse
from services.reporting.targets.model import TargetKind, TargetValue, approve, meant_for, standing
from tests.unit.reporting.fact_samples import ident
from tests.unit.reporting.feeds.official_ruleset import OFFICIAL
from tests.unit.reporting.feeds.test_iati_rules import AT, content_of

EARLY = datetime(2026, 2, 1, tzinfo=UTC)


def target_value(
    kind: TargetKind, day: date, value: int, *, name: str = "a", at: datetime | None = EARLY
) -> TargetValue:
    """Return a value for the visits, approved unless `at` is None."""
    id_ = ident("aim", name, value)
    made = TargetValue(id_, "TOPCOP-OP-02", kind, day, Decimal(value), "=HYPERLINK(1)", "", "ann", EARLY)
    return approve(made, "bob", at) if at else made


def test_a_value_needs_two_people() -> None:
    """Its author cannot approve a value, and nobody approves it twice."""
    made = target_value(TargetKind.TARGET, date(2026, 12, 31), 100, at=None)
    with pytest.raises(NotNow, match="somebody else"):
        approve(made, "ann", EARLY)
    with pytest.raises(NotNow, match="This value was approved on"):
        approve(approve(made, "bob", EARLY), "cyd", EARLY)
    assert standing([made]) == []


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), st.integers(0, 30))
def test_the_last_approved_value_holds(days: list[int], moment: int) -> None:
    """In any order the value approved last before the day holds, and never a later one."""
    values = [target_value(TargetKind.TARGET, date(2026, 12, 31), n, at=EARLY + timedelta(days=n)) for n in days]
    found = standing(values, EARLY + timedelta(days=moment))
    due = [n for n in days if n <= moment]
    assert [each.value for each in found] == ([Decimal(max(due))] if due else [])


def test_the_logframe_has_baseline_targets_and_current_value() -> None:
    """Each indicator has a row and each target date a column, no text is a formula, and later values change nothing."""
    values = [
        target_value(TargetKind.BASELINE, date(2024, 12, 31), 7),
        target_value(TargetKind.TARGET, date(2026, 12, 31), 100),
        target_value(TargetKind.TARGET, date(2027, 12, 31), 200),
    ]
    content = content_of("logframe.xlsx", values)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    head, visits, share = (list(row) for row in sheet.iter_rows(values_only=True))
    row = dict(zip(head, visits, strict=True))
    assert row["Code"] == "TOPCOP-OP-02"
    assert (row["Baseline"], row["Baseline date"]) == (7, "2024-12-31")
    assert (row["Target 2026-12-31"], row["Target 2027-12-31"]) == (100, 200)
    assert (row["Current value"], row["Current value date"]) == (61, "2026-12-31")
    hidden = dict(zip(head, share, strict=True))
    assert hidden["Current value"] is None
    assert "few people stand behind it" in str(hidden["Comments"])
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    later = target_value(TargetKind.TARGET, date(2026, 12, 31), 999, at=AT + timedelta(days=1))
    waiting = target_value(TargetKind.TARGET, date(2028, 12, 31), 5, at=None)
    assert content_of("logframe.xlsx", [*values, later, waiting]) == content


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_target_is_for_the_longest_period_that_ends_on_its_day(day: date) -> None:
    """A target belongs to the longest calendar period that ends on its day, or to none."""
    ending = [each for each in map(parse, labels(day, day)) if each.end == day]
    longest = min(ending, key=lambda each: each.start, default=None)
    assert meant_for(day) == (longest.label if longest else None)


def test_the_iati_file_has_baseline_and_target() -> None:
    """The newest baseline has its year, a target is only in its own period, and both have their source."""
    values = [
        target_value(TargetKind.BASELINE, date(2023, 12, 31), 3),
        target_value(TargetKind.BASELINE, date(2024, 12, 31), 7),
        target_value(TargetKind.TARGET, date(2026, 6, 30), 50),
        target_value(TargetKind.TARGET, date(2026, 12, 31), 100),
        target_value(TargetKind.TARGET, date(2027, 12, 31), 200),
    ]
    root: Any = etree.fromstring(content_of("iati-activities.xml", values))
    assert iati.check(root) == []
    assert broken(root, AT.date()) == []
    of_visits = "//indicator[reference/@code='TOPCOP-OP-02']"
    (baseline,) = root.xpath("//baseline")
    assert dict(baseline.attrib) == {"year": "2024", "iso-date": "2024-12-31", "value": "7"}
    assert baseline.getparent() in root.xpath(of_visits)
    (target,) = root.xpath("//target")
    assert (target.get("value"), target.getparent().find("period-end").get("iso-date")) == ("100", "2026-12-31")
    assert [each.findtext("comment/narrative") for each in (baseline, target)] == [values[0].source] * 2
    assert [each.tag for each in target.getparent()][:4] == ["period-start", "period-end", "target", "actual"]
    assert b"<target" not in content_of("iati-activities.xml", values[:3])


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official schemas are not in the repository")
def test_a_file_with_baseline_and_target_is_valid() -> None:
    """The published schema of the standard finds no error in a file with both."""
    values = [
        target_value(TargetKind.BASELINE, date(2024, 12, 31), 7),
        target_value(TargetKind.TARGET, date(2026, 12, 31), 100),
    ]
    schema = etree.XMLSchema(etree.parse(OFFICIAL.parent / "iati-activities-schema.xsd"))
    schema.assertValid(etree.fromstring(content_of("iati-activities.xml", values)))
