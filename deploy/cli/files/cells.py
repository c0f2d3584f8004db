"""Turn the text of a table's cell into the value of its column's type (docs/file-formats.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from types import UnionType
from typing import Any, Union, get_args, get_origin

from services.matching.engine.problem.weeks import Period

NONE = "-"
"""A cell with this holds an empty list; an empty cell says nothing, so that the default counts."""
_SWITCHES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Malformed(ValueError):
    """A cell that does not fit its column's type."""


def value(kind: Any, text: str) -> Any:
    """Return the value of a non-empty cell as JSON has it (`engine/document.py` checks it). Raises `Malformed`."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return value(next(part for part in parts if part is not type(None)), text)
    if origin in {tuple, frozenset}:
        return [_single_value(parts[0], item) for item in _items(text)]
    if origin is not None and issubclass(origin, Mapping):
        return dict(_pair(parts[1], item) for item in _items(text))
    return _single_value(kind, text)


def _items(text: str) -> list[str]:
    """Return the items of a list, between semicolons."""
    return [] if text == NONE else [item for part in text.split(";") if (item := part.strip())]


def _pair(kind: Any, text: str) -> tuple[str, Any]:
    key, colon, rest = text.partition(":")
    if not colon and is_dataclass(kind):
        return key.strip(), {}
    if not colon or not key.strip() or not rest.strip():
        raise Malformed(f"{text!r} is no pair; write it as {_pattern(kind)}")
    return key.strip(), _single_value(kind, rest.strip())


def _pattern(kind: Any) -> str:
    return "name:value" if not is_dataclass(kind) else ":".join(("name", *(part.name for part in fields(kind))))


def _single_value(kind: Any, text: str) -> Any:
    if kind is Period:
        first, slash, last = (part.strip() for part in text.partition("/"))
        if not slash:
            raise Malformed(f"{text!r} is no period; write it as 2027-03-01/2027-03-12")
        return {"first": first, "last": last}
    if is_dataclass(kind):
        names = [part.name for part in fields(kind)]
        given = [part.strip() for part in text.split(":")]
        if len(given) > len(names):
            raise Malformed(f"{text!r} has too many parts; write it as {_pattern(kind)}")
        return {name: _number(part) for name, part in zip(names, given, strict=False) if part}
    if kind is bool:
        return _SWITCHES.get(text.lower(), text)
    return _number(text) if kind is int else text


def _number(text: str) -> int | str:
    return int(text) if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() else text


def column(kind: Any) -> str:
    """Return in a word what a column of that type holds, for the message about a missing column."""
    return {date: "a day", int: "a number", bool: "yes or no"}.get(kind, "a text")
