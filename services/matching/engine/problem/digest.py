"""What names a problem: a hash of all its inputs, blind to the order of the parts.

The value is that of one JSON text (keys sorted, no blanks, ASCII) in which everything is sorted whose order has no
meaning. It stands in every published run, so it must never change for the same problem. Candidates, seats and fixed
pairs, of which there are many, are each written by a short way that gives the same bytes; where one holds what the
short way might write otherwise (an accent, a quotation mark), it is written by the long one.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from operator import attrgetter
from typing import Any

import orjson

from services.matching.engine.problem.problem import ENGINE_VERSION, Candidate, Fixed, Problem, Seat

_ORDERED = {"topics"}
"""Fields whose order says something where they are tuples."""


def digest(problem: Problem) -> str:
    """SHA-256 over all inputs and the engine's version, in hexadecimal."""
    parts = {
        "call_id": _long(problem.call_id),
        "candidates": _CANDIDATE.texts(problem.candidates),
        "day": _long(problem.day),
        "fixed": _FIXED.texts(problem.fixed),
        "rules": _long(problem.rules),
        "seats": _SEAT.texts(problem.seats),
        "seed": _long(problem.seed),
    }
    whole = b",".join(b'"%b":%b' % (name.encode(), parts[name]) for name in sorted(parts))
    return hashlib.sha256(b"[%b,{%b}]" % (_long(ENGINE_VERSION), whole)).hexdigest()


def canonical(value: object, *, ordered: bool = False) -> Any:
    """The value as JSON with everything sorted whose order has no meaning."""
    if is_dataclass(value):
        return {
            part.name: canonical(getattr(value, part.name), ordered=part.name in _ORDERED) for part in fields(value)
        }
    if isinstance(value, Mapping):
        return sorted(([canonical(key, ordered=True), canonical(item)] for key, item in value.items()), key=json.dumps)
    if isinstance(value, frozenset) or (isinstance(value, tuple) and not ordered):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, tuple):
        return [canonical(item, ordered=True) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _long(value: object) -> bytes:
    """The text of a part, by the long way."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":")).encode()


def _set(value: Any) -> Any:
    """A set of texts, or of days."""
    return sorted(value) if value else (None if value is None else ())


def _in_order(value: Any) -> Any:
    return value if isinstance(value, tuple) else _set(value)


def _by_key(value: Any) -> Any:
    """A mapping of texts or days to values, or a set of days."""
    return sorted(value.items()) if isinstance(value, Mapping) else _set(value)


def _skills(value: Any) -> Any:
    return [(key, {"level": value[key].level, "years": value[key].years}) for key in sorted(value)]


_SHORT: Mapping[str, Callable[[Any], Any]] = {
    "barred": _set,
    "conflicts": _set,
    "excluded_ranks": _set,
    "expertise": _skills,
    "languages": _by_key,
    "preferred_countries": _set,
    "speaks": _by_key,
    "topics": _in_order,
    "weeks": _by_key,
}
"""How a field is made ready whose order has no meaning; all others are texts, numbers, yes or no, or nothing."""


_ELSE = (b"\\", b" ", b"!", b"\x7f")
"""What the short way might write otherwise than the long one, or put into another order: the quotation mark that ends a
text must come before all that may be in it. All that is not ASCII is another such thing."""


def _unlike(text: bytes) -> bool:
    """Whether the long way might give another text."""
    return not text.isascii() or any(mark in text for mark in _ELSE)


class _Way:
    """The short way to write the parts of one kind."""

    def __init__(self, kind: type[Any]) -> None:
        self._names = sorted(part.name for part in fields(kind))
        self._of = attrgetter(*self._names)
        self._short = [(at, _SHORT[name]) for at, name in enumerate(self._names) if name in _SHORT]
        self._between = f'}},{{"{self._names[0]}":'.encode()

    def texts(self, parts: Sequence[object]) -> bytes:
        """A list of all parts, in the order of their texts."""
        if not parts:
            return b"[]"
        ready = [self._ready(one) for one in parts]
        try:
            # All at once takes a fifth of one by one. No part holds what stands between two: its name is only there.
            together = orjson.dumps(ready)
            plain = not _unlike(together)
        except TypeError:
            plain = False
        if not plain:
            return b"[%b]" % b",".join(sorted(map(self._text, parts, ready)))
        first = self._between[2:]
        texts = together[1 + len(first) : -2].split(self._between)
        return b"[%b%b}]" % (first, self._between.join(sorted(texts)))

    def _ready(self, one: object) -> dict[str, Any]:
        values = list(self._of(one))
        for at, make in self._short:
            values[at] = make(values[at])
        return dict(zip(self._names, values, strict=True))

    def _text(self, one: object, ready: dict[str, Any]) -> bytes:
        """The text of one part, by the short way where that will do."""
        try:
            text = orjson.dumps(ready)
        except TypeError:
            return _long(one)
        return _long(one) if _unlike(text) else text


_CANDIDATE, _SEAT, _FIXED = _Way(Candidate), _Way(Seat), _Way(Fixed)
