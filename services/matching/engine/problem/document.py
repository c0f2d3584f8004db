"""Write a problem as JSON and read it again, so that it can be stored, sent and matched again with the same result.

The types of `problem.py` direct it: a dataclass is an object, dates and codes are texts, a mapping is an object, or a
list of lists `[key, key, value]` if its key has several parts. Fields at their default are left out. Parts whose order
has no meaning are sorted, so that the same problem always gives the same bytes. What a field without a value meant when
runs were first stored is what it means for ever (`_STORED_WEIGHTS`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum, StrEnum
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from services.matching.engine.problem.problem import Problem, Rules, Weight
from shared.contracts.codes import Criterion

T = TypeVar("T")
Path = tuple[str | int, ...]

ORDERED = {"topics", "wishes"}
"""Fields whose order says something; every other list, tuple and set is sorted."""

_STORED_WEIGHTS: Mapping[Criterion, Weight] = MappingProxyType(
    {
        Criterion.TOPIC: Weight(5, 1),
        Criterion.EXPERTISE: Weight(0, 3),
        Criterion.EXPERTISE_GAP: Weight(3, 0),
        Criterion.LANGUAGE: Weight(1, 2),
        Criterion.PREFERRED_COUNTRY: Weight(2, 0),
        Criterion.WEEKS: Weight(1, 1),
        Criterion.FIRST_TIME: Weight(0, 4),
        Criterion.TRAINING_NEED: Weight(0, 3),
        Criterion.RECIPROCITY: Weight(0, 1),
        Criterion.RANK_GROUP: Weight(1, 1),
        Criterion.SERVICE: Weight(1, 1),
    }
)
"""The weights of rules in a document that holds none: earlier runs were stored so. They are not those of a new call."""
_STORED: Mapping[type, tuple[str, Any]] = {
    Rules: ("weights", _STORED_WEIGHTS),
    Problem: ("rules", Rules(weights=_STORED_WEIGHTS)),
}
"""The field of a class that is always written, since it meant something else where an earlier document left it out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in a document: where (keys and positions from the top, counted from 0), and how to correct it."""

    path: Path
    text: str

    @property
    def where(self) -> str:
        """The place in words, as `candidates[3].languages.en`; `the document` for all of it."""
        words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return words.removeprefix(".") or "the document"


class Unreadable(ValueError):
    """A document that is no problem; `faults` names every error, in order."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.where}: {fault.text}" for fault in faults))
        self.faults = faults


def dumps(problem: Problem) -> bytes:
    """Return the canonical JSON of a problem (UTF-8, keys sorted, no blanks)."""
    return json.dumps(plain(problem), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def loads(text: bytes | str) -> Problem:
    """Return the problem in a JSON text. Raises `Unreadable`."""
    try:
        value = json.loads(text)
    except ValueError as wrong:
        raise Unreadable([Fault((), f"this is not JSON ({wrong})")]) from wrong
    return read(Problem, value)


def in_full(stored: Mapping[str, object]) -> dict[str, object]:
    """Return a stored document with its weights written out, for readers who know the present defaults only."""
    weights = {criterion.value: plain(weight) for criterion, weight in _STORED_WEIGHTS.items()}
    rules = stored.get("rules")
    return {**stored, "rules": {"weights": weights, **(rules if isinstance(rules, Mapping) else {})}}


def plain(value: object, *, ordered: bool = False) -> Any:
    """Return a part of a problem as JSON values: objects, lists, texts, numbers, yes and no."""
    if is_dataclass(value):
        return {
            part.name: plain(own, ordered=part.name in ORDERED)
            for part in fields(value)
            if not _left_out(value, part, own := getattr(value, part.name))
        }
    if isinstance(value, Mapping):
        if any(isinstance(key, tuple) for key in value):
            return sorted([*(plain(part) for part in key), plain(item)] for key, item in value.items())
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | tuple):
        parts = [plain(item) for item in value]
        in_order = ordered and isinstance(value, tuple)  # a set has no order, whatever its field is called
        return parts if in_order else sorted(parts, key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _left_out(owner: object, part: Any, value: object) -> bool:
    """Return whether a document leaves a field out: at its default, unless that was another one once."""
    return part.name != _stored(type(owner))[0] and at_default(part, value)


def _stored(kind: type) -> tuple[str, Any]:
    """Return the field of a class that earlier documents left out at another value than its default, and that value."""
    return next((field for base, field in _STORED.items() if issubclass(kind, base)), ("", None))


def at_default(part: Any, value: object) -> bool:
    """Return whether a field has its default and need not be written."""
    if part.default is not MISSING:
        return bool(value == part.default)
    return part.default_factory is not MISSING and bool(value == part.default_factory())


def read(kind: type[T], value: Any, at: Path = ()) -> T:
    """Return a dataclass of `problem.py` from the result of `plain`; `at` is its path.

    Raises `Unreadable`, with all faults.
    """
    faults: list[Fault] = []
    found: Any = _read(kind, value, at, faults)
    if faults:
        raise Unreadable(faults)
    return found  # type: ignore[no-any-return]  # `_read` gives what its first argument says


def _read(kind: Any, value: Any, at: Path, faults: list[Fault]) -> Any:
    if is_dataclass(kind):
        return _read_fields(kind, value, at, faults)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        own = next(part for part in parts if part is not type(None))
        return None if value is None and type(None) in parts else _read(own, value, at, faults)
    if (origin is tuple and parts[-1] is ...) or origin is frozenset:
        return origin(_read_list(parts[0], value, at, faults))
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(parts[0], parts[1], value, at, faults)
    return _read_one(kind, value, at, faults)


def _read_fields(kind: Any, value: Any, at: Path, faults: list[Fault]) -> Any:
    if not isinstance(value, Mapping):
        return _wrong(at, "an object with names and values is needed here", faults)
    known = types_of(kind)
    for name in sorted(value.keys() - known.keys()):
        _wrong((*at, name), f"this name is not known here; known are {', '.join(known)}", faults)
    before = len(faults)
    given = {name: _read(known[name], value[name], (*at, name), faults) for name in known if name in value}
    for part in fields(kind):
        if part.name not in value and part.default is MISSING and part.default_factory is MISSING:
            _wrong((*at, part.name), "this is needed", faults)
    if len(faults) > before:
        return None
    name, stored = _stored(kind)
    if name:
        given.setdefault(name, stored)
    try:
        return kind(**given)
    except ValueError as wrong:
        return _wrong(at, str(wrong), faults)


def _read_list(kind: Any, value: Any, at: Path, faults: list[Fault]) -> Iterator[Any]:
    if not isinstance(value, list | tuple):
        _wrong(at, "a list is needed here", faults)
        return
    for number, entry in enumerate(value):
        read_ = _read(kind, entry, (*at, number), faults)
        if read_ is not None:
            yield read_


def _read_mapping(key: Any, item: Any, value: Any, at: Path, faults: list[Fault]) -> Any:
    if get_origin(key) is tuple:
        return _read_rows(get_args(key), item, value, at, faults)
    if not isinstance(value, Mapping):
        return _wrong(at, "an object with names and values is needed here", faults)
    pairs = [
        (_read_one(key, name, (*at, name), faults), _read(item, entry, (*at, name), faults))
        for name, entry in value.items()
    ]
    return dict(pairs)


def _read_rows(keys: tuple[Any, ...], item: Any, value: Any, at: Path, faults: list[Fault]) -> Any:
    """Read a mapping whose keys have several parts: a list of lists, the value last."""
    width = len(keys) + 1
    found = {}
    for number, row in enumerate(value if isinstance(value, list) else [None]):
        place = (*at, number)
        if not isinstance(row, list) or len(row) != width:
            _wrong(place, f"a list of {width} values is needed here, the last of them the points", faults)
            continue
        parts = zip(keys, row, strict=False)
        name = tuple(_read_one(kind, part, (*place, at_), faults) for at_, (kind, part) in enumerate(parts))
        found[name] = _read(item, row[-1], (*place, width - 1), faults)
    return found


def _read_one(kind: Any, value: Any, at: Path, faults: list[Fault]) -> Any:
    """Read a text, a number, yes or no, a day or a code."""
    if kind is date:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            return _wrong(at, f"{_short(value)} is not a date; write it as 2027-03-15", faults)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError:
            codes = ", ".join(member.value for member in kind)
            return _wrong(at, f"{_short(value)} is not known; known are {codes}", faults)
    if type(value) is not kind:
        return _wrong(at, f"{_short(value)} is not {_NAMES[kind]}", faults)
    return value


_NAMES: Mapping[Any, str] = {str: "a text", int: "a whole number", bool: "true or false"}


def _short(value: object) -> str:
    """Return a value for a message, cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:39] + "…"


def _wrong(at: Path, text: str, faults: list[Fault]) -> Any:
    """Add a fault; the returned placeholder is never used, since `read` raises."""
    faults.append(Fault(at, text))
    return None


@cache
def types_of(kind: type) -> Mapping[str, object]:
    """Return the type of each field of a dataclass, in the order of the fields."""
    hints = get_type_hints(kind)
    return {part.name: hints[part.name] for part in fields(kind)}
