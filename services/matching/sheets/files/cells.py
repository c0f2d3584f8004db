"""Turn the text of a cell, or a value of a JSON file, into the value of its column (docs/file-formats.md).

What is returned is what JSON has; `document.read` makes a problem of it. What was written otherwise is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from services.matching.engine.problem.problem import Skill
from services.matching.engine.problem.weeks import Period
from services.matching.sheets.files.days import Order
from services.matching.sheets.files.fields import FIELDS, Listed, Objects, Pairs, Periods, Rows, Single, Skills
from services.matching.sheets.files.words import Grade, Malformed, Number, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.matching.sheets.files.fields import Shape
    from services.matching.sheets.files.findings import Findings, Place
    from services.matching.sheets.files.words import Word

NONE = "-"
"""A cell with this holds an empty list; an empty cell says nothing, so that the default counts."""
_DAY = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?\d{4}\.?"
    r"|\d{1,2}(?:\.|st|nd|rd|th)?[ -][A-Za-z]+\.?,?[ -]\d{4}|[A-Za-z]+\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})"
)
_PERIOD = re.compile(rf"({_DAY})\s*(?:/|-|–|—|to|until|\.\.\.?|…)\s*({_DAY})")  # noqa: RUF001 - dashes are meant
_LOOSE = re.compile(r"(.*\S)\s*(?:[:=]|\s[-–—]\s|\s)\s*(\S+|[Nn]ative [Ss]peaker|[Mm]other [Tt]ongue)")  # noqa: RUF001 - as above
_LOOSE_COMMAS = re.compile(r" [&+] | and | / (?!\d)")
"""Other marks between items; between two days `/` could mean a period."""
_BRACKETS = re.compile(r"(.*\S)\s*\((.*)\)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the values of one place; `order` is how its column writes days."""

    place: Place
    findings: Findings
    order: Order = Order.UNSETTLED

    def cell(self, shape: Shape, text: str) -> Any:
        """Return the value of a cell that is not empty; a part with a fault is left out."""
        match shape:
            case Single(word):
                return self.read_word(word, text)
            case Listed(word):
                parts = self._parts(text, lambda part: self._quiet(word, part) is not None, apart=_apart(word))
                return self._once([value for part in parts if (value := self.read_word(word, part)) is not None])
            case Pairs():
                return self._mapping(self._parts(text, lambda part: self._is_pair(shape, part)), shape)
            case Skills():
                return self._skills(shape, self._parts(text, lambda part: self._is_skill(shape, part)))
            case Periods(day):
                parts = self._parts(text, lambda part: _PERIOD.fullmatch(part) is not None)
                return [value for part in parts if (value := self._period(day, part)) is not None]
        raise AssertionError(f"{shape} is in no table")

    def json(self, shape: Shape, value: Any) -> Any:
        """Return a value of a JSON file with its texts understood; other values stay for `document.read`."""
        found = value
        match shape:
            case Single(word):
                found = self.read_json_word(word, value)
            case Listed(word) if isinstance(value, list):
                found = [self.at(number).read_json_word(word, item) for number, item in enumerate(value)]
            case Pairs(key, item) if isinstance(value, dict):
                found = self.read_json_pairs(key, value, lambda own, entry: own.read_json_entry(item, entry))
            case Skills(area) if isinstance(value, dict):
                found = self.read_json_pairs(area, value, lambda own, entry: own.read_names(FIELDS[Skill], entry))
            case Periods() if isinstance(value, list):
                found = [self.at(number).read_names(FIELDS[Period], item) for number, item in enumerate(value)]
            case Rows(words) if isinstance(value, list):
                found = self._rows(words, value)
            case Objects(kind, None) if isinstance(value, list):
                found = [self.at(number).read_names(FIELDS[kind], item) for number, item in enumerate(value)]
            case Objects(kind, None):
                found = self.read_names(FIELDS[kind], value)
            case Objects(kind, key) if isinstance(value, dict) and key is not None:
                found = self.read_json_pairs(key, value, lambda own, entry: own.read_names(FIELDS[kind], entry))
        return found

    def at(self, *path: str | int) -> Reader:
        """Return the reader of a part of a JSON file."""
        return replace(self, place=replace(self.place, path=(*self.place.path, *path)))

    def read_json_entry(self, word: Word, value: Any) -> Any:
        """Read the value of a pair: a list of values too, as holidays by country are."""
        if isinstance(value, list):
            return [self.at(number).read_json_word(word, item) for number, item in enumerate(value)]
        return self.read_json_word(word, value)

    def read_json_word(self, word: Word, value: Any) -> Any:
        """Return a single value of a JSON file; a number must be within its bounds."""
        if isinstance(value, str):
            return self.read_word(word, value.strip()) if value.strip() or isinstance(word, Text) else value
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(word, Number | Grade):
            self.read_word(word, str(value))
        return value

    def read_json_pairs(self, key: Word, value: Mapping[str, Any], entry: Callable[[Reader, Any], Any]) -> Any:
        """Return an object whose names are codes, with what `entry` makes of each value."""
        found: dict[Any, Any] = {}
        for name, item in value.items():
            own = self.at(name)
            code = own.read_word(key, name.strip())
            if code is None:
                entry(own, item)
            elif code in found:
                self.findings.fault(own.place, f"{code} is there twice; keep one of them", name)
            else:
                found[code] = entry(own, item)
        return found

    def read_names(self, shapes: Mapping[str, Shape], value: Any) -> Any:
        """Read an object by the names that are known; others stay for `document.read`, which names them."""
        if not isinstance(value, dict):
            return value
        return {
            name: self.at(name).json(shapes[name], item) if name in shapes and item is not None else item
            for name, item in value.items()
        }

    def _rows(self, words: tuple[Word, ...], rows: list[Any]) -> list[Any]:
        """Read lists of several values, the last of them points for the names before it."""
        found: list[Any] = []
        known = set[str]()
        for number, row in enumerate(rows):
            own = self.at(number)
            if not isinstance(row, list) or len(row) != len(words):
                found.append(row)  # `document.read` names it
                continue
            *names, points = (
                own.at(at).read_json_word(word, item) for at, (word, item) in enumerate(zip(words, row, strict=True))
            )
            if str(names) in known:
                self.findings.fault(own.place, f"{' and '.join(map(str, names))} are there twice; keep one of them")
            known.add(str(names))
            found.append([*names, points])
        return found

    def read_word(self, word: Word, text: str) -> Any:
        """Return the value of a text, or None after a fault; say so where it is written otherwise."""
        try:
            value = word.read(text, self.order)
        except Malformed as wrong:
            self.findings.fault(self.place, str(wrong), text)
            return None
        as_written = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        if as_written != text and not (isinstance(value, int) and text.casefold() in _PLAIN_SWITCHES):
            self.findings.understood(self.place, text, as_written)
        return value

    def _quiet(self, word: Word, text: str) -> Any:
        try:
            return word.read(text, self.order)
        except Malformed:
            return None

    def _parts(self, text: str, fits: Callable[[str], bool], *, apart: bool = True) -> list[str]:
        """Return the items between semicolons or line breaks; between commas, "/" or "and" where only so they fit."""
        if text == NONE:
            return []
        found: list[str] = []
        for item in re.split(r"[;\n]", text):
            part = item.strip()
            smaller = [piece.strip() for piece in part.split(",")] if apart else [part]
            others = _LOOSE_COMMAS.split(part) if apart else [part]
            if fits(part):
                found.append(part)
            elif len(smaller) > 1 and any(fits(piece) for piece in smaller if piece):
                found += smaller
            elif len(others) > 1 and all(map(fits, others)):
                found += others
            elif part:
                found.append(part)
        return [part for part in found if part]

    def _mapping(self, parts: list[str], shape: Pairs) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for part in parts:
            key, rest = _split(part)
            if key is None or rest is None:
                pattern = f"{_example(shape.key)}:{_example(shape.item)}"
                self.findings.fault(self.place, f'"{part}" is not a pair; write it as {pattern}', part)
                continue
            name, value = self.read_word(shape.key, key), self.read_word(shape.item, rest)
            self._put(found, name, value, part)
        return found

    def _put(self, found: dict[Any, Any], name: Any, value: Any, part: str) -> None:
        if name is None or value is None:
            return
        if name in found:
            self.findings.fault(self.place, f'"{part}" names {name} a second time; keep one of them', part)
        found[name] = value

    def _once(self, values: list[Any]) -> list[Any]:
        """Return the values of a list, each once."""
        found = list(dict.fromkeys(values))
        if len(found) < len(values):
            twice = next(value for value in found if values.count(value) > 1)
            self.findings.warn(self.place, f"{twice} is several times in the list, and counts once")
        return found

    def _is_pair(self, shape: Pairs, part: str) -> bool:
        key, rest = _split(part)
        return (
            key is not None
            and rest is not None
            and self._quiet(shape.key, key) is not None
            and self._quiet(shape.item, rest) is not None
        )

    def _is_skill(self, shape: Skills, part: str) -> bool:
        area, *numbers = (piece.strip() for piece in part.split(":"))
        words = (shape.area, shape.level, shape.years)
        return len(numbers) < len(words) and all(
            self._quiet(word, text) is not None for word, text in zip(words, (area, *numbers), strict=False) if text
        )

    def _skills(self, shape: Skills, parts: list[str]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for part in parts:
            area, *numbers = (piece.strip() for piece in part.split(":"))
            if len(numbers) > 2:
                self.findings.fault(self.place, f'"{part}" has too many parts; write it as area:level:years', part)
                continue
            if not self._is_skill(shape, area) and re.search(r"[\d(]", area):
                self.findings.fault(self.place, f'"{part}" is not a skill; write it as analysis:2:5', part)
                continue
            skill: dict[str, Any] = {}
            for name, word, number in zip(("level", "years"), (shape.level, shape.years), numbers, strict=False):
                if number:
                    skill[name] = self.read_word(word, number)
            self._put(found, self.read_word(shape.area, area), skill, part)
        return found

    def _period(self, day: Word, part: str) -> Any:
        found = _PERIOD.fullmatch(part)
        ends = [found[1], found[2]] if found else [end.strip() for end in part.split("/")]
        if len(ends) != 2:
            self.findings.fault(self.place, f'"{part}" is not a period; write it as 2027-03-01/2027-03-12', part)
            return None
        first, last = (self.read_word(day, end) for end in ends)
        if first is None or last is None:
            return None
        if last < first:
            self.findings.fault(self.place, f'"{part}" ends before it begins; write the first day first', part)
            return None
        return {"first": first, "last": last}


_PLAIN_SWITCHES = {"true", "false", "yes", "no"}


def _apart(word: Word) -> bool:
    """Return whether a comma may separate: an id with a comma is looked up as a whole first, later."""
    return not isinstance(word, Text)


def _split(part: str) -> tuple[str | None, str | None]:
    """Return the two sides of a pair: `en:B2`, `English (B2)`, `English B2`, `15.03.2027: 2`."""
    found = _BRACKETS.fullmatch(part)
    if found is None:
        key, colon, rest = part.rpartition(":")
        if colon:
            return key.strip() or None, rest.strip() or None
        found = _LOOSE.fullmatch(part)
    return (found[1].strip(), found[2].strip()) if found else (None, None)


def _example(word: Word) -> str:
    """Return an example of a value for a message."""
    names = {"Day": "2027-03-15", "Number": "2"}
    return names.get(type(word).__name__, "B2" if "level" in word.what else "en")
