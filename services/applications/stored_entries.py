"""Define entries that people write bit by bit: the rules between their fields, and their JSON columns.

A rule is a `Check`; the form, the API and the submission of an entry share it. What is stored and no longer accepted by
newer rules reads as open; what was typed and is not accepted is kept beside the answers, which stand. Both stay in the
store until their field is written anew. Forms and pages show them as they stand, the API as `unaccepted`, and
`fields.missing` names them when the entry is submitted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from shared.i18n import gettext
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Path = tuple[str, ...]
"""A field, or a field within one that is an object, such as `("rules", "languages")`."""
TYPED = "typed"
"""The key in a JSON column under which text that was typed and is not accepted is kept apart from the answers."""
UNANSWERED: tuple[Any, ...] = (None, "", ())
"""The values of a field without an answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule between fields of an entry, or between fields and what the entry must fit: a call, or the register.

    `fields` are those that it looks at; its error belongs to the first of them, or to the form if there are none.
    Once all of them are answered, `broken` takes their values and what the entry must fit. It returns true where the
    rule is broken, or the values that `text` names.
    """

    fields: tuple[str, ...]
    text: str
    broken: Callable[..., bool | Mapping[str, object]]

    @property
    def place(self) -> str:
        """The field at which the error is shown."""
        return self.fields[0] if self.fields else "form"

    def error(self, entry: object, context: object) -> str | None:
        """Return the error of an entry in the reader's language; None where the rule is met, or not judged yet."""
        values: list[Any] = [reduce(getattr, name.split("."), entry) for name in self.fields]
        if any(value in UNANSWERED for value in values):
            return None
        broken = self.broken(*values, context)
        if broken is False:
            return None
        return gettext(self.text) % ({} if broken is True else broken)


def first_errors(checks: tuple[Check, ...], entry: object, context: object) -> dict[str, str]:
    """Return the first error of each field of an entry, in the order of the checks."""
    found: dict[str, str] = {}
    for check in checks:
        if check.place not in found and (error := check.error(entry, context)) is not None:
            found[check.place] = error
    return found


def doubled(values: Iterable[object], _: object) -> bool:
    """Return whether a value is there twice, as a check does."""
    return any(count > 1 for count in Counter(values).values())


@dataclass(frozen=True, slots=True)
class Unaccepted:
    """A stored value that is no longer accepted, with the reason; no reason for a field that no longer exists."""

    value: Any
    reason: str


class StoredEntry(BaseModel):
    """Base of the entries that people write bit by bit, each kept in a JSON column: every field has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checks: ClassVar[tuple[Check, ...]] = ()
    """The rules between its fields."""

    _unaccepted: dict[Path, Unaccepted] = PrivateAttr(default_factory=dict)
    _typed: dict[str, object] = PrivateAttr(default_factory=dict)

    @classmethod
    def from_stored(cls, document: Mapping[str, Any]) -> Self:
        """Return what is stored; values that are no longer accepted read as open."""
        answers = {name: value for name, value in document.items() if name != TYPED}
        try:
            entry = cls.model_validate(answers)
        except ValidationError as error:
            entry = cls._tolerant(answers, error)
        return entry.with_typed(document.get(TYPED, {}))

    @classmethod
    def _tolerant(cls, document: Mapping[str, Any], error: ValidationError) -> Self:
        unaccepted: dict[Path, Unaccepted] = {}
        while True:
            found = _not_accepted(document, error, unaccepted)
            if not found:
                raise error
            outer = {path for path in found if len(path) == 1}
            unaccepted = {path: value for path, value in unaccepted.items() if path[:1] not in outer} | found
            try:
                entry: Self = cls.model_validate(_without(document, unaccepted))
            except ValidationError as further:
                error = further
            else:
                entry._unaccepted = unaccepted
                return entry

    @property
    def refused(self) -> dict[str, str]:
        """The values that are not accepted, stored or typed, by field (`rules.languages`), each with the reason."""
        stored = {".".join(path): value.reason for path, value in self._unaccepted.items() if value.reason}
        return stored | {name: self._why_refused(name) for name in self._typed}

    def _why_refused(self, name: str) -> str:
        try:
            type(self).model_validate({name: self._typed[name]})
        except ValidationError as error:
            return sentence_of(error.errors()[0])
        return gettext("Check what you entered here")

    def to_store(self) -> dict[str, Any]:
        """Return the entry for its JSON column, with what is no longer accepted as it was stored."""
        document = self.model_dump(mode="json")
        for path, unaccepted in self._unaccepted.items():
            target = document
            for part in path[:-1]:
                target = target[part]
            target[path[-1]] = unaccepted.value
        return document | ({TYPED: self._typed} if self._typed else {})

    def with_written(self, values: Mapping[str, object]) -> Self:
        """Return the entry with these fields read anew. Raises pydantic.ValidationError."""
        new = type(self).model_validate(self.model_dump(mode="json") | dict(values))
        return new.keep_unaccepted(self, {(name,) for name in values})

    def with_readable(self, values: Mapping[str, object]) -> Self:
        """Return the entry with those of these values that are accepted; the others are kept as they were typed."""
        accepted = dict(values)
        while True:
            try:
                entry = self.with_written(accepted)
            except ValidationError as error:
                wrong = accepted.keys() & {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
                if not wrong:
                    raise
                accepted = {name: value for name, value in accepted.items() if name not in wrong}
            else:
                return entry.with_typed({name: value for name, value in values.items() if name not in accepted})

    def with_typed(self, values: Mapping[str, object]) -> Self:
        """Return the entry with what was typed in these fields and is not accepted, beside their answers.

        It is shown again as it was typed, and the entry cannot be submitted until its field is written anew.
        """
        entry: Self = self.model_copy()
        entry._typed = self._typed | dict(values)
        return entry

    @property
    def typed(self) -> Mapping[str, object]:
        """The input that was typed and is not accepted, by field."""
        return self._typed

    @property
    def unaccepted(self) -> dict[str, object]:
        """The values that were typed or are stored, and are not accepted, by field (`rules.languages`)."""
        stored = {".".join(path): value.value for path, value in self._unaccepted.items() if value.reason}
        return stored | self._typed

    def keep_unaccepted(self, before: Self, written: Iterable[Path]) -> Self:
        """Return the entry with what was not accepted in it before, except in the fields that were written."""
        replaced = set(written)
        kept = {
            path: value
            for path, value in before._unaccepted.items()
            if not any(path[: len(new)] == new for new in replaced)
        }
        entry: Self = self.model_copy()
        entry._unaccepted = kept
        entry._typed = {name: value for name, value in before._typed.items() if (name,) not in replaced}
        return entry


def _not_accepted(
    document: Mapping[str, Any], error: ValidationError, known: Mapping[Path, Unaccepted]
) -> dict[Path, Unaccepted]:
    """Return what of a document an error is about, each with the reason, besides what is `known`."""
    found: dict[Path, Unaccepted] = {}
    for problem in error.errors():
        location = tuple(str(part) for part in problem["loc"])
        path = _path(document, location, known)
        if path is None or path in found or path[:1] in found:
            continue
        gone = problem["type"] == "extra_forbidden" and path == location
        found[path] = Unaccepted(_value(document, path), "" if gone else sentence_of(problem))
    return found


def _path(document: Mapping[str, Any], location: Path, known: Mapping[Path, Unaccepted]) -> Path | None:
    """Return the innermost part of a document that can be left open; None where there is no such part."""
    inner = document.get(location[0]) if location else None
    if isinstance(inner, dict) and len(location) > 1 and location[1] in inner and location[:2] not in known:
        return location[:2]
    return location[:1] if location and location[0] in document and location[:1] not in known else None


def _value(document: Mapping[str, Any], path: Path) -> Any:
    value: Any = document
    for part in path:
        value = value[part]
    return value


def _without(document: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    kept = {name: dict(value) if isinstance(value, dict) else value for name, value in document.items()}
    for path in paths:
        target: dict[str, Any] = kept
        for part in path[:-1]:
            target = target[part]
        del target[path[-1]]
    return kept
