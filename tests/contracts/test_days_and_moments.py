"""Days and moments are written out, moments with a zone, in requests and in events."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.base import Day, Instant, IsoMoment
from shared.web.validation_texts import sentence_of

_DAY: TypeAdapter[date] = TypeAdapter(Day)
_MOMENTS: list[TypeAdapter[datetime]] = [TypeAdapter(IsoMoment), TypeAdapter(Instant)]
_MIDNIGHT = 1767225600  # seconds from 1970 to 2026-01-01T00:00:00Z, which pydantic alone reads as that day
_NUMBERS: list[object] = [_MIDNIGHT, float(_MIDNIGHT), str(_MIDNIGHT), 0, "0", "-1", 0.5, True]


def _refusals(adapter: TypeAdapter[Any], value: object) -> list[str]:
    """Return the sentences with which a value is refused in a request (Python's objects) and in an event (JSON)."""
    with pytest.raises(ValidationError) as in_request:
        adapter.validate_python(value)
    with pytest.raises(ValidationError) as in_event:
        adapter.validate_json(json.dumps(value))
    return [sentence_of(error) for refused in (in_request, in_event) for error in refused.value.errors()]


@pytest.mark.parametrize("adapter", _MOMENTS)
@pytest.mark.parametrize("value", ["2026-11-28T09:00:00Z", "2026-11-28T10:00:00+01:00"])
def test_a_moment_with_a_zone_is_read(adapter: TypeAdapter[datetime], value: str) -> None:
    """Any zone will do."""
    moment = datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert adapter.validate_python(value) == adapter.validate_json(json.dumps(value)) == moment
    assert adapter.validate_python(moment) == moment


@pytest.mark.parametrize("adapter", _MOMENTS)
@pytest.mark.parametrize("value", [*_NUMBERS, "2026-11-28", "2026-11-28T09:00:00"])
def test_a_number_or_a_moment_without_a_zone_is_refused(adapter: TypeAdapter[datetime], value: object) -> None:
    """A number is not read as seconds since 1970; the sentence says what to write."""
    found = _refusals(adapter, value)
    assert len(found) == 2
    assert all("zone" in sentence for sentence in found)


def test_a_day_is_read() -> None:
    """It is written as ISO 8601 has it."""
    day = date(2026, 11, 28)
    assert _DAY.validate_python("2026-11-28") == _DAY.validate_json('"2026-11-28"') == _DAY.validate_python(day) == day


@pytest.mark.parametrize("value", [*_NUMBERS, "2026-11-28T00:00:00", "2026-11-28T00:00:00Z", "2026-02-30"])
def test_a_number_or_a_moment_is_no_day(value: object) -> None:
    """The sentence says how a day is written."""
    assert _refusals(_DAY, value) == ["This must be a date, such as 2026-11-28"] * 2
