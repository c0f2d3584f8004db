"""Moments in requests are written out, with a zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.time.moments import IsoMoment
from shared.web.validation_texts import sentence_of

_ADAPTER: TypeAdapter[datetime] = TypeAdapter(IsoMoment)


@pytest.mark.parametrize(
    "value", ["2026-11-28T09:00:00Z", "2026-11-28T10:00:00+01:00", datetime(2026, 11, 28, 9, tzinfo=UTC)]
)
def test_a_moment_with_a_zone_is_read(value: object) -> None:
    """Any zone will do."""
    assert _ADAPTER.validate_python(value) == datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["0.5", "1700000000", "-1", 0.5, 1700000000, True, "2026-11-28", "2026-11-28T09:00:00"]
)
def test_a_number_or_a_moment_without_a_zone_is_refused(value: object) -> None:
    """A number is not read as seconds since 1970; the sentence says what to write."""
    with pytest.raises(ValidationError) as refused:
        _ADAPTER.validate_python(value)
    assert "zone" in sentence_of(refused.value.errors()[0])
