"""Declare each field of an entry once: what a form asks, what is missing, how it reads and what leaves the portal.

An entry (`Answers` of an application, `PlacementEntry` of a placement) is a pydantic model; its class is the table of
fields. Name, type and default of a field are Python's own, and its annotation carries a `FieldSpec` with the rest:

    years_in_field: Annotated[
        Years | None,
        FieldSpec(
            Section.SERVICE, N_("Years in the field"), Control.NUMBER, remedy=N_("Enter your years in the field"),
            published=AS_WRITTEN,
        ),
    ] = None

From it follow the form (`field_forms.py`), the description in the API's schema, the missing check, the words in which
the field is shown, the list of changes and the profile or terms that an event carries. Rules between fields are the
`checks` of the class (`stored_entries.py`). What only one field needs (a row of its own, a choice that depends on the
call) stands beside the table, by the field's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from annotated_types import Ge, Le
from pydantic import ValidationError

from services.applications.stored_entries import UNANSWERED, StoredEntry, first_errors
from shared.contracts import labels
from shared.contracts.applications import ExpertiseHeld, LanguageHeld
from shared.contracts.base import DatePeriod, Part
from shared.contracts.codes import Expertise
from shared.i18n import N_, gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import BaseModel, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

    from shared.contracts.calls import CallTerms

E = TypeVar("E", bound=StoredEntry)
P = TypeVar("P", bound=Part)
NONE = "–"  # noqa: RUF001 - what is meant: an en dash, as everywhere on the pages
"""The text that an optional field shows if it has no answer."""
LEVELS: tuple[str, ...] = (N_("basic"), N_("advanced"), N_("expert"))


class Control(StrEnum):
    """The form control that asks for a field."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    EMAIL = "email"
    NUMBER = "number"
    SELECT = "select"
    RADIOS = "radios"
    YES_NO = "yes_no"
    CHECKBOX = "checkbox"
    CHECKBOXES = "checkboxes"
    DATE = "date"
    ROWS = "rows"
    OWN = "own"
    """The room's form asks for it in a way of its own."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The context in which a value is put into words: names by id, the call's scheme of topics, and the reader."""

    names: Mapping[UUID, str] = field(default_factory=dict)
    scheme: str | None = None
    restricted: bool = False
    """Areas of expertise that are restricted show only as restricted."""


def as_written(value: Any, _: CallTerms) -> Any:
    """Return a value as it leaves the portal unchanged."""
    return value


def of_the_call(value: Iterable[str], terms: CallTerms) -> tuple[str, ...]:
    """Return the topics that the call has."""
    return tuple(topic for topic in value if topic in terms.topics)


def in_words(value: Any, reading: Reading) -> str:
    """Return a value in the reader's language by its type; empty for nothing."""
    match value:
        case None | "":
            words = ""
        case bool():
            words = gettext("Yes") if value else gettext("No")
        case StrEnum():
            words = labels.label(value)
        case UUID():
            words = reading.names.get(value, "")
        case date():
            words = dates.day(value)
        case DatePeriod():
            words = dates.span(value.start, value.end)
        case LanguageHeld():
            words = f"{labels.tongue(value.language)} {labels.label(value.level)}"
        case ExpertiseHeld():
            words = _expertise(value, reading)
        case tuple():
            words = "; ".join(in_words(item, reading) for item in value)
        case _:
            words = str(value)
    return words


def _expertise(value: ExpertiseHeld, reading: Reading) -> str:
    area = Expertise(value.area)
    if area.restricted and reading.restricted:
        return gettext("restricted")
    years = ngettext("%(years)d year", "%(years)d years", value.years) % {"years": value.years}
    return f"{labels.label(area)} ({gettext(LEVELS[value.level - 1])}, {years})"


def listed(value: Iterable[Any], reading: Reading) -> str:
    """Return values that are single words or names, with commas between them."""
    return ", ".join(in_words(item, reading) for item in value)


def topics_listed(value: Iterable[str], reading: Reading) -> str:
    """Return topics as `topics_in_words` names them, with commas between them."""
    return ", ".join(labels.topic(code, reading.scheme) for code in value)


def topics_in_words(value: Iterable[str], reading: Reading) -> str:
    """Return topics by their names in the call's scheme, or in the newest scheme that has them."""
    return "; ".join(labels.topic(code, reading.scheme) for code in value)


def countries_in_words(value: Iterable[str], _: Reading) -> str:
    """Return countries by name."""
    return ", ".join(labels.country(code) for code in value)


def language_in_words(value: str, _: Reading) -> str:
    """Return a language by name."""
    return labels.tongue(value)


def years_in_words(value: int | None, _: Reading) -> str:
    """Return a number of years."""
    return "" if value is None else ngettext("%(years)d year", "%(years)d years", value) % {"years": value}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """The description of a field beside its name, type and default.

    `label` is what the form asks, `title` the heading where the field is read (the label unless given), `hint` the
    help below the label. A field with a `remedy` must be answered before the entry can be submitted: `complete` says
    whether it is (any answer, unless given), the remedy what to do. `published` turns the value into what leaves the
    portal; without it the field stays in it. `rules` are the call's rules that look at it; `registered`: the register
    of people knows it. `most` is the greatest length of a text, `empty` is how no answer reads. A field that is not
    `shown` has no row of its own where the entry is read. `autocomplete` is for a field about the person who fills it
    in: what browsers call it (WCAG 1.3.5). An entry that is read in sentences has them of `says`, which
    takes the value, the part of the entry that holds it and what the entry must fit.
    """

    section: str
    label: str = ""
    control: Control = Control.TEXT
    title: str = ""
    hint: str = ""
    choices: Any = ()
    blank: str = ""
    remedy: str = ""
    complete: Callable[[Any, CallTerms], bool] | None = None
    most: int | None = None
    words: Callable[[Any, Reading], str] = in_words
    empty: str = ""
    says: Callable[[Any, Any, Any], str | list[str]] | None = None
    published: Callable[[Any, CallTerms], Any] | None = None
    rules: tuple[str, ...] = ()
    registered: bool = False
    shown: bool = True
    autocomplete: str = ""

    @property
    def heading(self) -> str:
        """The heading where the field is read, in the reader's language."""
        return gettext(self.title or self.label)

    def sentences(self, name: str, part: object, context: object) -> list[str]:
        """Return what the field says in sentences, of the part of an entry that holds it; `context` as in `missing`."""
        value = getattr(part, name)
        if value in UNANSWERED:
            return [gettext(self.empty)] if self.empty else []
        if self.says is None:
            return []
        found = self.says(value, part, context)
        return [found] if isinstance(found, str) else found

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the field in the API's schema with the words of the form (pydantic's protocol)."""
        return self.described(handler(schema))

    def described(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON schema of the field's type with the words of the form."""
        text = ". ".join(part for part in (self.title or self.label, self.hint) if part)
        return {**schema, "description": text} if text else dict(schema)


@dataclass(frozen=True, slots=True, eq=False)
class PartSpec:
    """The fields of a part of an entry whose class is the contract's; stands in the annotation of the part."""

    fields: Mapping[str, FieldSpec]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the fields of the part in the API's schema (pydantic's protocol)."""
        found = dict(handler(schema))
        properties = handler.resolve_ref_schema(found)["properties"]
        properties |= {name: spec.described(properties[name]) for name, spec in self.fields.items()}
        return found


@cache
def fields_of(entry: type[BaseModel]) -> dict[str, FieldSpec]:
    """Return the declared fields of an entry by name, in their order."""
    return {
        name: spec for name, info in entry.model_fields.items() for spec in info.metadata if isinstance(spec, FieldSpec)
    }


def bounds_of(entry: type[BaseModel], name: str) -> tuple[int, int] | None:
    """Return the least and the greatest value of a number, if it has both."""
    metadata = entry.model_fields[name].metadata
    least = next((item.ge for item in metadata if isinstance(item, Ge)), None)
    most = next((item.le for item in metadata if isinstance(item, Le)), None)
    return (least, most) if isinstance(least, int) and isinstance(most, int) else None


@cache
def sections_of(entry: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Return the names of the fields by section, both in the order of the table."""
    found: dict[str, tuple[str, ...]] = {}
    for name, spec in fields_of(entry).items():
        found[spec.section] = (*found.get(spec.section, ()), name)
    return found


def _unaccepted_in_words(entry: StoredEntry, name: str, reading: Reading) -> str:
    """Return what stands in a field that is not accepted: its rows one by one, since others of them are."""
    written, spec = entry.unaccepted[name], fields_of(type(entry))[name]
    found, others = [], 0
    for item in written if isinstance(written, list) else [written]:
        try:
            read = type(entry).model_validate({name: [item] if isinstance(written, list) else item})
        except ValidationError:
            others += 1
            found.append(_as_written_in_words(item))
        else:
            found.append(spec.words(getattr(read, name), reading))
    words = "; ".join(filter(None, found))
    return words if others or not words else gettext("%(written)s (not accepted)") % {"written": words}


def _as_written_in_words(item: Any) -> str:
    parts = item if isinstance(item, dict) else {"": item}
    written = ", ".join(_part_in_words(part, value) for part, value in parts.items() if value not in (None, ""))
    half = len(parts) > 1 and any(value in (None, "") for value in parts.values())
    text = gettext("%(written)s (incomplete)") if half else gettext("%(written)s (not accepted)")
    return text % {"written": written} if written else ""


def _part_in_words(part: str, value: Any) -> str:
    if isinstance(value, dict):  # a day as it was typed, in its parts
        return " ".join(str(typed) for typed in value.values() if typed)
    text = str(value)
    if part == "language":
        return labels.tongue(text)
    if part == "level" and text in {"1", "2", "3"}:
        return gettext(LEVELS[int(text) - 1])
    try:
        return dates.day(date.fromisoformat(text))
    except ValueError:
        return labels.label(text) if part else text


def missing(entry: StoredEntry, context: object) -> dict[str, str]:
    """Return what prevents an entry from being submitted: field -> remedy, or why it is wrong or no longer accepted.

    `context` is what the entry must fit: the terms of the call, or the register's facts.
    """
    unanswered = {
        name: gettext(spec.remedy)
        for name, spec in fields_of(type(entry)).items()
        if spec.remedy and not _complete(spec, name, entry, context)
    }
    found = first_errors(entry.checks, entry, context) | entry.refused | unanswered | _typing_errors(entry, context)
    order = [*type(entry).model_fields, *found]
    return {name: found[name] for name in sorted(found, key=lambda name: order.index(name.partition(".")[0]))}


def _typing_errors(entry: StoredEntry, context: object) -> dict[str, str]:
    """Return why what was typed is not accepted, by field: it cannot be read, or breaks a rule."""
    if not entry.typed:
        return {}
    refused = entry.refused
    found = {name: refused[name] for name in entry.typed}
    for name, value in entry.typed.items():
        try:
            written = entry.with_written({name: value})
        except ValidationError:
            continue
        found |= {place: text for place, text in first_errors(entry.checks, written, context).items() if place == name}
    return found


def _complete(spec: FieldSpec, name: str, entry: BaseModel, context: Any) -> bool:
    if spec.complete is not None:
        return spec.complete(entry, context)
    return getattr(entry, name) not in UNANSWERED


def published(profile: type[P], entry: BaseModel, terms: CallTerms, **more: object) -> P:
    """Return what leaves the portal of a complete entry as an event carries it; `more` are its fields besides."""
    values = {
        name: spec.published(getattr(entry, name), terms)
        for name, spec in fields_of(type(entry)).items()
        if spec.published is not None
    }
    return profile.model_validate(values | more)


def differing(before: StoredEntry, after: StoredEntry) -> list[str]:
    """Return the names of the fields in which two states of an entry differ, in the order of the table.

    A field whose stored value is no longer accepted differs once it is written anew.
    """
    rewritten = {name.partition(".")[0] for name in before.refused.keys() - after.refused.keys()}
    return [
        name for name in fields_of(type(before)) if name in rewritten or getattr(before, name) != getattr(after, name)
    ]


def with_changes(entry: E, changes: E) -> E:
    """Return an entry with the fields that were given to `changes`; all others stay."""
    written = changes.model_fields_set
    new = entry.model_copy(update={name: getattr(changes, name) for name in written})
    return new.keep_unaccepted(entry, {(name,) for name in written})


def from_register(entry: type[E], person: object) -> E:
    """Return an entry with what the register says of a person; `model_fields_set` are the fields of which it does."""
    values = {name: getattr(person, name) for name, spec in fields_of(entry).items() if spec.registered}
    return entry.model_validate({name: value for name, value in values.items() if value not in (None, "")})


def value_in_words(entry: BaseModel, name: str, reading: Reading) -> str:
    """Return a field's value in words; empty for nothing.

    What is stored and not accepted, or half written, is said to be so, except to readers who do not see all of it.
    """
    value, spec = getattr(entry, name), fields_of(type(entry))[name]
    if isinstance(entry, StoredEntry) and name in entry.unaccepted and not reading.restricted:
        return _unaccepted_in_words(entry, name, reading)
    if value in UNANSWERED:
        return gettext(spec.empty) if spec.empty else ""
    return spec.words(value, reading)
