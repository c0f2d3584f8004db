"""Read the rules of a run from a sheet with a setting in each row (docs/file-formats.md)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.matching.engine.problem.problem import Exclusion, Problem, Rules, Weight
from services.matching.engine.schedule import SchedulePolicy
from services.matching.sheets.files import words
from services.matching.sheets.files.cells import Reader
from services.matching.sheets.files.days import Order, order_of
from services.matching.sheets.files.fields import FIELDS, Objects, Pairs, Rows, Setting, Single
from services.matching.sheets.files.findings import Place
from services.matching.sheets.files.references import JsonPart

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from services.matching.sheets.files.findings import Findings
    from services.matching.sheets.files.tables import Item
    from services.matching.sheets.files.words import Word

KINDS: Mapping[type, frozenset[str]] = {Setting: frozenset({"setting", "value"})}
"""The columns by which a sheet of rules is known."""
_NAMES = ("name", "second_name")
_COMMANDS: Mapping[type, str] = {Rules: "tandem match", Problem: "tandem match", SchedulePolicy: "tandem schedule"}
_REMOVED = frozenset({"none", "no limit"})
_REMOVABLE = frozenset({"ceilings", "floors", "language_minimum"})
"""The rules that the other rules of a what-if can take away."""
_FAULTY = object()
_EITHER_SIDE = words.Text("a country or the id of an organisation")


@dataclass(frozen=True, slots=True)
class Spec:
    """A setting: its label, whose field it sets, and of a weight the side that it counts for."""

    label: str
    owner: type
    field: str
    side: str = ""
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[Word, ...]:
        """The names beside the setting, such as a country."""
        match FIELDS[self.owner][self.field]:
            case Pairs(key, _):
                return (key,)
            case Rows(of):
                return of[:-1]
            case Objects(kind, by):
                return (by,) if by is not None else (_EITHER_SIDE, _EITHER_SIDE) if kind is Exclusion else ()
        return ()

    @property
    def value(self) -> Word | None:
        """The value of the setting; None for an exclusion, which has days instead."""
        shape = FIELDS[Weight][self.side] if self.side else FIELDS[self.owner][self.field]
        match shape:
            case Single(word) | Pairs(_, word):
                return word
            case Rows(of):
                return of[-1]
        return None


SETTINGS: Mapping[str, Spec] = {
    "objective": Spec("Objective", Rules, "objective", others=("aim",)),
    "wishes": Spec("Wishes", Rules, "wishes", others=("rule of wishes", "order of wishes")),
    "ties": Spec("Equal points", Rules, "ties", others=("ties", "equals")),
    "language_minimum": Spec("Minimum language level", Rules, "language_minimum", others=("language minimum level",)),
    "common_weeks": Spec("Common weeks", Rules, "common_weeks", others=("weeks in common",)),
    "share": Spec("Share of a country", Rules, "share", others=("share of one country", "share of an offer")),
    "weight_applicant": Spec(
        "Weight for applicants", Rules, "weights", "applicant", ("weight applicants", "weight of applicants")
    ),
    "weight_host": Spec("Weight for hosts", Rules, "weights", "host", ("weight hosts", "weight of hosts")),
    "ceiling": Spec("Ceiling", Rules, "ceilings", others=("ceilings", "quota", "most of a country")),
    "floor": Spec("Floor", Rules, "floors", others=("floors", "least of a country")),
    "exclusion": Spec(
        "Exclusion", Rules, "exclusions", others=("exclusions", "excluded", "excluded countries", "excluded pair")
    ),
    "suspended": Spec("Suspended from", Rules, "suspended", others=("suspension", "suspended country")),
    "need": Spec("Training need", Rules, "needs", others=("needs", "training needs")),
    "reciprocity": Spec("Reciprocity", Rules, "reciprocity"),
    "seed": Spec("Tie-break", Problem, "seed", others=("seed of tie breaks",)),
    "day": Spec("Day of the rules", Problem, "day", others=("day for dated rules",)),
    "call_id": Spec("Call", Problem, "call_id", others=("call id",)),
    "notice_weeks": Spec("Weeks of notice", SchedulePolicy, "notice_weeks", others=("notice",)),
    "minimum_days": Spec("Minimum days of a visit", SchedulePolicy, "minimum_days", others=("least days",)),
    "extra_holiday": Spec("Extra holiday", SchedulePolicy, "extra_holidays", others=("holiday", "extra holidays")),
}
SETTING = words.Choice(
    "a setting such as objective or Ceiling",
    {code: spec.label for code, spec in SETTINGS.items()},
    {other: code for code, spec in SETTINGS.items() for other in spec.others},
    dict.fromkeys(
        ("weight", "weights"), "counts for one side; write Weight for applicants or Weight for hosts, each in its row"
    ),
)


@dataclass(slots=True)
class _Found:
    """The settings of one owner as JSON has them, with the place of each part."""

    value: dict[str, Any]
    places: dict[tuple[str | int, ...], Place]

    def put(self, path: tuple[str | int, ...], value: Any, place: Place, findings: Findings) -> None:
        """Put a value at its path; one that stands there already is a fault."""
        if (before := self.places.get(path)) is not None:
            findings.fault(place, f"this setting is in row {before.row} already; keep one of them")
            return
        self.places[path] = place
        target = self.value
        for part in path[:-1]:
            target = target.setdefault(str(part), {})
        target[str(path[-1])] = value

    def add(self, field: str, entry: Any, places: Mapping[str, Place]) -> None:
        """Add an entry to a list; `places` are those of its parts, by name, and of the whole under ""."""
        listed = self.value.setdefault(field, [])
        at = (field, len(listed))
        listed.append(entry)
        self.places |= {(*at, part) if part else at: place for part, place in places.items()}


def read(
    items: Sequence[Item], owners: Collection[type], findings: Findings, *, removable: bool = False
) -> dict[type, JsonPart]:
    """Return the settings of a sheet by owner; one that is not known is a fault, one of another command a warning.

    Where rules can be taken away (`removable`), the value `none` of a limit is None.
    """
    found: dict[type, _Found] = defaultdict(lambda: _Found({}, {}))
    sheet = Place(items[0].place.file, items[0].place.sheet) if items else None
    values = [text for item in items if isinstance(text := item.value.get("value"), str)]
    order = order_of(values)
    for item in items:
        code = _code(item, owners, findings)
        if code is not None:
            spec = SETTINGS[code]
            value = _value(item, spec, findings, order, removable=removable and spec.field in _REMOVABLE)
            _read(item, spec, value, found[spec.owner], findings)
    return {
        owner: JsonPart(sheet, own.value, own.places) for owner, own in found.items() if sheet is not None and own.value
    }


def _code(item: Item, owners: Collection[type], findings: Findings) -> str | None:
    """Return the setting of a row, if it is one of these owners."""
    text, place = item.value.get("setting"), item.at("setting")
    if not isinstance(text, str):
        if item.value and place not in findings.faulty:
            findings.fault(item.place, "this row names no setting; write one, or delete the row")
        return None
    try:
        code = SETTING.read(text)
    except words.Malformed as wrong:
        # Unlike a column, which may be a note, a row that is not read could be a rule that falls away.
        findings.fault(place, f"{wrong}. Correct it, or delete the row", text)
        return None
    owner = SETTINGS[code].owner
    if owner not in owners:
        whose = (
            "the files themselves, not for other rules" if Rules in owners and owner is Problem else _COMMANDS[owner]
        )
        findings.warn(place, f"this setting is for {whose}, and was not read", text)
        return None
    if code != text:
        findings.understood(place, text, code)
    return code


def _read(item: Item, spec: Spec, value: Any, found: _Found, findings: Findings) -> None:
    """Read the names of a row, and put its value where it belongs; `_FAULTY` is none."""
    names = _names(item, spec, findings)
    word = spec.value
    unused = [column for column in ("since", "until", "confidential") if column in item.value]
    if word is not None and unused:
        findings.warn(item.at(unused[0]), "only an exclusion has this; it was not read")
    if word is None and "value" in item.value:
        findings.warn(item.at("value"), "an exclusion has no value; it was not read")
    if names is None or value is _FAULTY:
        return
    place = item.at("value")
    if word is None:
        days = {name: item.value[name] for name in ("since", "until", "confidential") if name in item.value}
        places = {"": item.place, "first": item.at("name"), "second": item.at("second_name")}
        found.add(spec.field, {"first": names[0], "second": names[1], **days}, places)
    elif isinstance(FIELDS[spec.owner][spec.field], Rows):
        if (spec.field, *names) in found.places:
            findings.fault(item.place, f"{' and '.join(names)} are there twice; keep one of them")
        found.places[spec.field, *names] = place
        found.add(spec.field, [*names, value], {"": place})
    elif spec.field == "extra_holidays":
        holidays = found.value.setdefault(spec.field, {}).setdefault(names[0], [])
        found.places[spec.field, names[0], len(holidays)] = place
        holidays.append(value)
    else:
        path = (spec.field, *names, *([spec.side] if spec.side else []))
        found.put(path, value, place, findings)


def _names(item: Item, spec: Spec, findings: Findings) -> tuple[str, ...] | None:
    """Return the names of a row, or None after a fault."""
    found: list[str] = []
    for column, word in zip(_NAMES, spec.names, strict=False):
        text = item.value.get(column)
        if item.at(column) in findings.faulty:
            continue
        if not isinstance(text, str):
            findings.fault(item.place, f"{spec.label} needs the column {column}: write {word.what}")
        elif (name := Reader(item.at(column), findings).read_word(word, text)) is not None:
            found.append(name)
    for column in _NAMES[len(spec.names) :]:
        if column in item.value:
            findings.warn(item.at(column), f"{spec.label} needs no {column}; it was not read")
    return tuple(found) if len(found) == len(spec.names) else None


def _value(item: Item, spec: Spec, findings: Findings, order: Order, *, removable: bool) -> Any:
    """Return the value of a row, None where there is none, or `_FAULTY`."""
    text, word = item.value.get("value"), spec.value
    if word is None:
        return None
    if item.at("value") in findings.faulty:
        return _FAULTY
    or_none = ", or none for no limit" if removable else ""
    if not isinstance(text, str):
        findings.fault(item.place, f"it has no value; write {word.what}{or_none}, or delete the row")
        return _FAULTY
    if removable and text.casefold() in _REMOVED:
        return None
    value = Reader(item.at("value"), findings, order).read_word(word, text)
    return _FAULTY if value is None else value
