"""Tests of typed values in JSON columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic.errors import PydanticUndefinedAnnotation
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from shared.bus.db.documents import JsonDocument
from shared.contracts.base import DatePeriod

POSTGRES = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy
MAY = DatePeriod(start=date(2026, 5, 4), end=date(2026, 5, 8))
STORED = {"start": "2026-05-04", "end": "2026-05-08"}


@pytest.mark.parametrize(
    ("of", "value", "stored"),
    [
        (DatePeriod, MAY, STORED),
        (tuple[DatePeriod, ...], (MAY, MAY), [STORED, STORED]),
        (dict[str, date], {"from": MAY.start}, {"from": "2026-05-04"}),
        (DatePeriod, None, None),
    ],
)
def test_a_value_comes_back_as_it_was_written(of: Any, value: object, stored: object) -> None:
    """A model, several of them, a mapping and nothing are stored as JSON and read as the same value."""
    column = JsonDocument(of)
    assert column.process_bind_param(value, POSTGRES) == stored
    assert column.process_result_value(stored, POSTGRES) == value


def test_a_document_of_another_shape_is_neither_written_nor_read() -> None:
    """Fields that the type does not have are refused on writing and on reading."""
    column = JsonDocument(DatePeriod)
    with pytest.raises(ValidationError):
        column.process_bind_param({"start": "soon"}, POSTGRES)
    with pytest.raises(ValidationError):
        column.process_result_value({"start": "2026-05-04"}, POSTGRES)


def test_a_type_that_cannot_be_read_is_an_error_at_once() -> None:
    """A class whose field has an unknown type is refused when the column is declared, not with the first row."""

    @dataclass
    class Unknown:
        field: Missing  # type: ignore[name-defined]  # noqa: F821 - that is the test

    with pytest.raises(PydanticUndefinedAnnotation):
        JsonDocument(Unknown)
