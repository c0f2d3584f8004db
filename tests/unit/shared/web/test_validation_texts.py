"""Test that every error which pydantic can report reads as a plain sentence without names of Python."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, Field, HttpUrl, TypeAdapter, ValidationError, field_validator
from pydantic_core.core_schema import ErrorType

from shared.web.validation_texts import sentence_of

PYTHON = re.compile(
    r"\b(str|int|float|bool|string|integer|boolean|dict(ionary)?|tuple|frozenset|datetime|timedelta|timezone|instance|"
    r"UUID|None|enum|model|bytes|bytearray|type|parse|input|value error|assertion)\b|_|=|\bpython\b",
    re.IGNORECASE,
)
CONTEXT: dict[str, Any] = {
    "gt": 3,
    "ge": 3,
    "lt": 3,
    "le": 3,
    "multiple_of": 5,
    "min_length": 2,
    "max_length": 2,
    "max_digits": 4,
    "decimal_places": 2,
    "whole_digits": 2,
    "expected": "'red' or 'blue'",
    "expected_tags": "'visit', 'mentee'",
    "expected_schemes": "'http' or 'https'",
    "discriminator": "'kind'",
    "pattern": "^[A-Z]{2}$",
    "error": "invalid literal for int() with base 10",
    "class_name": "Draft",
}


@pytest.mark.parametrize("kind", sorted(set(get_args(ErrorType)) - {"value_error"}))
def test_no_type_of_error_shows_python(kind: str) -> None:
    """The sentence is complete, and has no word of Python, whatever the error is called."""
    said = sentence_of({"type": kind, "ctx": CONTEXT})
    assert not PYTHON.search(said), said
    assert said[0].isupper() or said.startswith("kind")
    assert "%" not in said


class Choice(Enum):
    """Two values."""

    RED = "red"
    BLUE = "blue"


class Rule(BaseModel):
    """A model with a rule of its own."""

    day: date

    @field_validator("day")
    @classmethod
    def _not_that_day(cls, day: date) -> date:
        if day == date(2026, 1, 1):
            raise ValueError("Nobody travels on that day.")
        return day


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (int, "x", "This must be a whole number"),
        (int, 1.5, "This must be a whole number"),
        (float, "x", "This must be a number"),
        (bool, "x", "This must be true or false"),
        (str, 1, "This must be text"),
        (UUID, "x", "This must be an id, such as 0190a000-0000-7000-8000-000000000000"),
        (date, "31.12.2026", "This must be a date, such as 2026-11-28"),
        (time, "25", "This must be a time, such as 14:30"),
        (datetime, "x", "This must be a date and time with its time zone, such as 2026-11-28T09:00:00Z"),
        (
            AwareDatetime,
            "2026-11-28T09:00:00",
            "This must be a date and time with its time zone, such as 2026-11-28T09:00:00Z",
        ),
        (timedelta, "x", "This must be a duration, such as P3D or PT45M"),
        (
            Annotated[Decimal, Field(max_digits=4, decimal_places=2)],
            "1.234",
            "This must have 2 decimal places or fewer",
        ),
        (Annotated[int, Field(ge=1)], 0, "This must be 1 or more"),
        (Annotated[int, Field(lt=10)], 10, "This must be less than 10"),
        (Annotated[str, Field(min_length=1)], "", "This must have at least 1 character"),
        (Annotated[str, Field(max_length=3)], "abcd", "This must have 3 characters or fewer"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "This must have 1 item or fewer"),
        (Annotated[str, Field(pattern="^[A-Z]{2}$")], "x", "This must match the pattern ^[A-Z]{2}$"),
        (Choice, "green", "This must be one of: red, blue"),
        (Literal["a", "it's"], "x", "This must be one of: a, it's"),
        (HttpUrl, "ftp://x.example", "This must be a web address that begins with one of: http, https"),
        (Rule, {}, "This is missing"),
        (Rule, 3, "This must be an object"),
        (Rule, {"day": "2026-01-01"}, "Nobody travels on that day."),
        (dict[str, int], [], "This must be an object"),
        (list[int], {}, "This must be a list"),
    ],
)
def test_errors_name_limits_and_choices(kind: Any, value: object, sentence: str) -> None:
    """An error of pydantic is shown with the limit, the allowed values or an example; our own rules as they are."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    assert [sentence_of(error) for error in refused.value.errors()] == [sentence]
