"""Which baselines and targets stand, and does the logframe say them beside the current values?"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.model.aim import Aim, AimKind, approve, standing
from services.reporting.model.approval import NotNow
from tests.unit.reporting.facts import ident
from tests.unit.reporting.test_feed_rules import AT, content_of

EARLY = datetime(2026, 2, 1, tzinfo=UTC)


def aim(kind: AimKind, day: date, value: int, *, name: str = "a", at: datetime | None = EARLY) -> Aim:
    """A value for the visits, approved unless `at` is None."""
    id_ = ident("aim", name, value)
    made = Aim(id_, "TOPCOP-OP-02", kind, day, Decimal(value), "=HYPERLINK(1)", "", "ann", EARLY)
    return approve(made, "bob", at) if at else made


def test_two_people_make_a_value_stand() -> None:
    """Its author cannot approve it, and nobody twice."""
    made = aim(AimKind.TARGET, date(2026, 12, 31), 100, at=None)
    with pytest.raises(NotNow, match="somebody else"):
        approve(made, "ann", EARLY)
    with pytest.raises(NotNow, match="already"):
        approve(approve(made, "bob", EARLY), "cyd", EARLY)
    assert standing([made]) == []


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), st.integers(0, 30))
def test_the_value_approved_last_stands(days: list[int], moment: int) -> None:
    """Whatever the order, of one place the value approved last by then stands, and never a later one."""
    values = [aim(AimKind.TARGET, date(2026, 12, 31), n, at=EARLY + timedelta(days=n)) for n in days]
    found = standing(values, EARLY + timedelta(days=moment))
    due = [n for n in days if n <= moment]
    assert [each.value for each in found] == ([Decimal(max(due))] if due else [])


def test_the_logframe_says_baseline_targets_and_current_value() -> None:
    """One row an indicator, a column a target's date; text is never a formula; later values change no bytes."""
    aims = [
        aim(AimKind.BASELINE, date(2024, 12, 31), 7),
        aim(AimKind.TARGET, date(2026, 12, 31), 100),
        aim(AimKind.TARGET, date(2027, 12, 31), 200),
    ]
    content = content_of("logframe.xlsx", aims)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    head, visits, share = (list(row) for row in sheet.iter_rows(values_only=True))
    told = dict(zip(head, visits, strict=True))
    assert told["Code"] == "TOPCOP-OP-02"
    assert (told["Baseline"], told["Baseline date"]) == (7, "2024-12-31")
    assert (told["Target 2026-12-31"], told["Target 2027-12-31"]) == (100, 200)
    assert (told["Current value"], told["Current value date"]) == (61, "2026-12-31")
    hidden = dict(zip(head, share, strict=True))
    assert hidden["Current value"] is None
    assert "too few people" in str(hidden["Comments"])
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    later = aim(AimKind.TARGET, date(2026, 12, 31), 999, at=AT + timedelta(days=1))
    waiting = aim(AimKind.TARGET, date(2028, 12, 31), 5, at=None)
    assert content_of("logframe.xlsx", [*aims, later, waiting]) == content
