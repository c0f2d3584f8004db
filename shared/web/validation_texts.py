"""Say in plain words why a value is not accepted: one sentence for each type of error that pydantic reports.

The sentences name limits and allowed values, and nothing of Python.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from shared.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

_OBJECT = N_("This must be an object")
_LIST = N_("This must be a list")
_TEXT = N_("This must be text")
_WHOLE_NUMBER = N_("This must be a whole number")
_NUMBER = N_("This must be a number")
_TRUE_OR_FALSE = N_("This must be true or false")
_DATE = N_("This must be a date, such as 2026-11-28")
_TIME = N_("This must be a time, such as 14:30")
_MOMENT = N_("This must be a date and time with its time zone, such as 2026-11-28T09:00:00Z")
_DURATION = N_("This must be a duration, such as P3D or PT45M")
_ADDRESS = N_("This must be a web address, such as https://example.org/path")
_ID = N_("This must be an id, such as 0190a000-0000-7000-8000-000000000000")
_UNREADABLE = N_("This value cannot be read")
_UNKNOWN_FIELD = N_("There is no such field here")
_CHOICE = N_("This must be one of: %(expected)s")

_SENTENCES: dict[str, str] = {
    "missing": N_("This is missing"),
    "extra_forbidden": _UNKNOWN_FIELD,
    "frozen_field": N_("This cannot be changed"),
    "none_required": N_("This must be left empty"),
    "invalid_key": N_("The names of an object must be text"),
    "json_type": N_("This must be text that holds JSON"),
    "json_invalid": N_("This is not valid JSON"),
    "recursion_depth_exceeded": N_("This is nested too deeply"),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "bytes_type": _TEXT,
    "bytes_invalid_encoding": _TEXT,
    "string_not_ascii": N_("This may only have letters without accents, digits and signs"),
    "string_pattern_mismatch": N_("This must match the pattern %(pattern)s"),
    "bool_type": _TRUE_OR_FALSE,
    "bool_parsing": _TRUE_OR_FALSE,
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing_size": N_("This number is too large"),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "greater_than": N_("This must be more than %(gt)s"),
    "greater_than_equal": N_("This must be %(ge)s or more"),
    "less_than": N_("This must be less than %(lt)s"),
    "less_than_equal": N_("This must be %(le)s or less"),
    "multiple_of": N_("This must be a multiple of %(multiple_of)s"),
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "union_tag_invalid": N_("%(discriminator)s must be one of: %(expected_tags)s"),
    "union_tag_not_found": N_("%(discriminator)s is missing"),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": N_("This date must be in the past"),
    "date_future": N_("This date must be in the future"),
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_past": N_("This must be in the past"),
    "datetime_future": N_("This must be in the future"),
    "timezone_aware": _MOMENT,
    "timezone_naive": N_("This must be a date and time without a time zone"),
    "timezone_offset": _MOMENT,
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
    "url_type": _ADDRESS,
    "url_parsing": _ADDRESS,
    "url_syntax_violation": _ADDRESS,
    "url_scheme": N_("This must be a web address that begins with one of: %(expected_schemes)s"),
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "uuid_version": _ID,
}


# Type of error -> the limit's name in its context, and the sentence for a number of them.
_COUNTED: dict[str, tuple[str, Callable[[int], str]]] = {
    "string_too_short": (
        "min_length",
        lambda count: ngettext(
            "This must have at least %(count)d character", "This must have at least %(count)d characters", count
        ),
    ),
    "string_too_long": (
        "max_length",
        lambda count: ngettext(
            "This must have %(count)d character or fewer", "This must have %(count)d characters or fewer", count
        ),
    ),
    "too_short": (
        "min_length",
        lambda count: ngettext(
            "This must have at least %(count)d item", "This must have at least %(count)d items", count
        ),
    ),
    "too_long": (
        "max_length",
        lambda count: ngettext(
            "This must have %(count)d item or fewer", "This must have %(count)d items or fewer", count
        ),
    ),
    "decimal_max_digits": (
        "max_digits",
        lambda count: ngettext(
            "This must have %(count)d digit or fewer", "This must have %(count)d digits or fewer", count
        ),
    ),
    "decimal_max_places": (
        "decimal_places",
        lambda count: ngettext(
            "This must have %(count)d decimal place or fewer",
            "This must have %(count)d decimal places or fewer",
            count,
        ),
    ),
    "decimal_whole_digits": (
        "whole_digits",
        lambda count: ngettext(
            "This must have %(count)d digit or fewer before the decimal point",
            "This must have %(count)d digits or fewer before the decimal point",
            count,
        ),
    ),
}
_COUNTED |= {
    "bytes_too_short": _COUNTED["string_too_short"],
    "bytes_too_long": _COUNTED["string_too_long"],
    "url_too_long": _COUNTED["string_too_long"],
}

# How pydantic writes a choice: 'a', "it's" or 'c'.
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_CHOICES = frozenset({"expected", "expected_tags", "expected_schemes", "discriminator"})


class ErrorKind(TypedDict):
    """The part of pydantic's `ErrorDetails` that says what is wrong."""

    type: str
    ctx: NotRequired[dict[str, Any]]


def sentence_of(error: ErrorKind) -> str:
    """Return one of `ValidationError.errors()` as a sentence in the reader's language.

    A rule of ours (ValueError in a validator) keeps its own sentence.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error" and "error" in context:
        return gettext(str(context["error"]))
    if kind in _COUNTED:
        limit, say = _COUNTED[kind]
        count = int(context[limit])
        return say(count) % {"count": count}
    named = {name: _plain(value) if name in _CHOICES else value for name, value in context.items()}
    return gettext(_SENTENCES.get(kind, _UNREADABLE)) % named


def _plain(choice: object) -> str:
    """Return `'a', 'b' or 'c'` as `a, b, c`."""
    return ", ".join(single or double for single, double in _QUOTED.findall(str(choice))) or str(choice)
