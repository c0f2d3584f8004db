"""Compute the digest of a problem: a hash of all its inputs, independent of the order of the parts.

The value is that of one JSON text (keys sorted, no blanks, ASCII) in which everything is sorted whose order has no
meaning. It is in every published run, so it must never change for the same problem: a field that was added since is
left out while it has its default (`_ALWAYS_WRITTEN`). Candidates, seats and fixed pairs, of which there are many, are
each written by a fast path that gives the same bytes; one with a character that the fast path might write differently
(an accent, a quotation mark) is written by the slow path.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any

import orjson

from services.matching.engine.problem.document import ORDERED, at_default
from services.matching.engine.problem.problem import (
    ENGINE_VERSION,
    Candidate,
    Exclusion,
    Fixed,
    Problem,
    Rules,
    Seat,
    Skill,
    Weight,
)

_ALWAYS_WRITTEN: Mapping[type, frozenset[str]] = {
    Problem: frozenset({"call_id", "candidates", "day", "fixed", "rules", "seats", "seed"}),
    Candidate: frozenset(
        {
            "barred",
            "conflicts",
            "country",
            "expertise",
            "first_time",
            "group_id",
            "group_size",
            "id",
            "kind",
            "language_minimum",
            "languages",
            "organisation_id",
            "pre_matched",
            "preferred_countries",
            "rank_group",
            "service",
            "topics",
            "weeks",
        }
    ),
    Seat: frozenset(
        {
            "available",
            "capacity",
            "conflicts",
            "country",
            "excluded_ranks",
            "expertise",
            "group_size",
            "id",
            "kind",
            "languages",
            "minimum_level",
            "organisation_id",
            "pre_matched",
            "rank_group",
            "service",
            "share_exempt",
            "speaks",
            "topics",
            "weeks",
        }
    ),
    Fixed: frozenset({"candidate_id", "country", "group_id", "seat_id"}),
    Rules: frozenset(
        {
            "ceilings",
            "common_weeks",
            "exclusions",
            "floors",
            "language_minimum",
            "needs",
            "objective",
            "reciprocity",
            "share",
            "suspended",
            "weights",
        }
    ),
    Exclusion: frozenset({"confidential", "first", "second", "since", "until"}),
    Skill: frozenset({"level", "years"}),
    Weight: frozenset({"applicant", "host"}),
}
"""The fields of engine version 2, which its digests hold whatever stands in them. A field that is added later does not
belong here: it is written where it is not at its default, so that the digests of earlier runs stay as they are."""


def digest(problem: Problem) -> str:
    """SHA-256 over all inputs and the engine's version, in hexadecimal."""
    parts = {part.name: _part(getattr(problem, part.name)) for part in _written(problem)}
    whole = b",".join(b'"%b":%b' % (name.encode(), parts[name]) for name in sorted(parts))
    return hashlib.sha256(b"[%b,{%b}]" % (_long(ENGINE_VERSION), whole)).hexdigest()


def canonical(value: object, *, ordered: bool = False) -> Any:
    """Return the value as JSON with everything sorted whose order has no meaning."""
    if is_dataclass(value):
        return {
            part.name: canonical(getattr(value, part.name), ordered=part.name in ORDERED) for part in _written(value)
        }
    if isinstance(value, Mapping):
        return sorted(([canonical(key, ordered=True), canonical(item)] for key, item in value.items()), key=json.dumps)
    if isinstance(value, frozenset) or (isinstance(value, tuple) and not ordered):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, tuple):
        return [canonical(item, ordered=True) for item in value]
    return value.isoformat() if isinstance(value, date) else value


@cache
def _later(kind: Any) -> tuple[Field[Any], ...]:
    """Return the fields of a dataclass that are written only if they differ from their default."""
    always = next((names for base, names in _ALWAYS_WRITTEN.items() if issubclass(kind, base)), frozenset[str]())
    return tuple(part for part in fields(kind) if part.name not in always)


def _written(value: Any) -> Iterable[Field[Any]]:
    """Return the fields of a dataclass that the digest holds."""
    kind: Any = type(value)
    later = _later(kind)
    if not later:
        return fields(value)
    left_out = {part.name for part in later if at_default(part, getattr(value, part.name))}
    return tuple(part for part in fields(value) if part.name not in left_out)


def _part(value: Any) -> bytes:
    """Return the text of a field of the problem, by the fast path if there is one for its parts."""
    kinds = {type(part) for part in value} if isinstance(value, tuple) else set[type]()
    if not kinds or not all(issubclass(kind, Candidate | Seat | Fixed) for kind in kinds):
        return _long(value)
    texts = [text for kind in kinds for text in _way(kind).texts([part for part in value if type(part) is kind])]
    return b"[%b]" % b",".join(sorted(texts))


def _long(value: object) -> bytes:
    """Return the text of a part, by the slow path."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":")).encode()


def _set(value: Any) -> Any:
    """Return a set of texts, or of days."""
    return sorted(value) if value else (None if value is None else ())


def _in_order(value: Any) -> Any:
    return value if isinstance(value, tuple) else _set(value)


def _by_key(value: Any) -> Any:
    """Return a mapping of texts or days to values, or a set of days."""
    return sorted(value.items()) if isinstance(value, Mapping) else _set(value)


def _skills(value: Any) -> Any:
    return [(key, _skill(value[key])) for key in sorted(value)]


def _skill(value: Skill) -> dict[str, Any]:
    kind: Any = type(value)
    if _later(kind):
        return dict(sorted(canonical(value).items()))
    return {"level": value.level, "years": value.years}


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
"""The preparation of each field whose order has no meaning; all others are texts, numbers, yes or no, or nothing."""


_ELSE = (b"\\", b" ", b"!", b"\x7f")
"""The characters that the short way might write or sort otherwise than the long one: the quotation mark that ends a
text must come before all that may be in it. All that is not ASCII is another such thing."""


def _unlike(text: bytes) -> bool:
    """Return whether the slow path might give another text."""
    return not text.isascii() or any(mark in text for mark in _ELSE)


class _Way:
    """The fast path to write the parts of one kind."""

    def __init__(self, kind: Any) -> None:
        self._names = sorted(part.name for part in fields(kind))
        self._of = attrgetter(*self._names)
        self._short = [(at, _SHORT[name]) for at, name in enumerate(self._names) if name in _SHORT]
        self._later = _later(kind)
        self._option = orjson.OPT_SORT_KEYS if self._later else None
        later = {part.name for part in self._later}
        self._first = next(name for name in self._names if name not in later)
        self._between = f'}},{{"{self._first}":'.encode()

    def texts(self, parts: Sequence[object]) -> list[bytes]:
        """Return the texts of all parts."""
        ready = [self._ready(part) for part in parts]
        try:
            # All at once takes a fifth of one by one. No part holds what stands between two: its name is only there.
            together = orjson.dumps(ready, option=self._option)
            plain = not _unlike(together) and not (self._later and self._begin_unlike(ready))
        except TypeError:
            plain = False
        if not plain:
            return list(map(self._text, parts, ready))
        first = self._between[2:]
        return [b"%b%b}" % (first, text) for text in together[1 + len(first) : -2].split(self._between)]

    def _begin_unlike(self, ready: Sequence[dict[str, Any]]) -> bool:
        """Return whether a part begins with an optional field, so that texts cannot be split by their first field."""
        return any(next(iter(fields_)) != self._first for fields_ in ready)

    def _ready(self, item: object) -> dict[str, Any]:
        values = list(self._of(item))
        for at, make in self._short:
            values[at] = make(values[at])
        ready = dict(zip(self._names, values, strict=True))
        for part in self._later:
            value = getattr(item, part.name)
            if at_default(part, value):
                del ready[part.name]
            else:
                ready[part.name] = canonical(value, ordered=part.name in ORDERED)
        return ready

    def _text(self, part: object, ready: dict[str, Any]) -> bytes:
        """Return the text of one part, by the fast path if possible."""
        try:
            text = orjson.dumps(ready, option=self._option)
        except TypeError:
            return _long(part)
        return _long(part) if _unlike(text) else text


@cache
def _way(kind: Any) -> _Way:
    return _Way(kind)
