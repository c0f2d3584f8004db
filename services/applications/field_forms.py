"""Make forms from the fields of an entry (`fields.py`), and carry values from the entry to the form and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from wtforms.validators import Optional

from services.applications.fields import Control, FieldSpec, fields_of
from services.applications.forms import iso_date
from services.applications.stored_entries import StoredEntry
from shared.i18n import N_
from shared.web.forms import (
    Between,
    BooleanField,
    CheckboxesField,
    DateField,
    EmailField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NotOptional,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
)
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel

YES_NO = [("yes", N_("Yes")), ("no", N_("No"))]
_CLASSES: dict[Control, Any] = {
    Control.TEXT: StringField,
    Control.LONG_TEXT: TextAreaField,
    Control.EMAIL: EmailField,
    Control.NUMBER: NumberField,
    Control.SELECT: SelectField,
    Control.RADIOS: RadioField,
    Control.YES_NO: RadioField,
    Control.CHECKBOX: BooleanField,
    Control.CHECKBOXES: CheckboxesField,
    Control.DATE: DateField,
}


Cell = str | int | date | Mapping[str, str] | None
"""A value in a row of a form: as its input gives it, or, for a day that cannot be read, its typed parts."""
FormRow = Mapping[str, Cell]
"""A row of a form, by the names of its inputs."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """The kind of rows in a field: their form, and the way from a value to a row and back.

    `read` returns None for a row that is left out. `most` is how many rows there are at most, `least` how many are
    shown at least.
    """

    form: type[Row]
    written: Callable[[Any], FormRow]
    read: Callable[[FormRow], FormRow | str | None]
    most: int = 10
    least: int = 0

    def as_stored(self, row: Any) -> FormRow:
        """Return a stored row that cannot be read, or not yet, as its fields show it."""
        fields = list(self.form())
        values = row if isinstance(row, dict) else {fields[0].short_name: row} if len(fields) == 1 else {}
        return {
            field.short_name: _day(values[field.short_name])
            if isinstance(field, DateField)
            else values[field.short_name]
            for field in fields
            if values.get(field.short_name) is not None
        }


def _day(typed: Any) -> Any:
    """Return a day as its input takes it: a date, or day, month and year as they were typed."""
    if isinstance(typed, dict):
        return typed
    try:
        return date.fromisoformat(str(typed))
    except ValueError:
        return None


F = TypeVar("F", bound=Form)
Rows = dict[str, RowKind]
"""The rows of an entry's fields, by the field's name."""


def form_field(
    spec: FieldSpec,
    rows: RowKind | None = None,
    *,
    draft: bool = False,
    bounds: tuple[int, int] | None = None,
    default: Any = None,
) -> Any:
    """Return the form's field for a declared one; in a `draft` an empty field is no error. `bounds` limit a number.

    A drop-down list shows the `default`; one of a field that must be answered begins with an empty choice, so that
    nobody sends an answer that they have not given.
    """
    if spec.control is Control.ROWS:
        assert rows is not None
        return FieldList(FormField(rows.form), spec.label, min_entries=rows.least, max_entries=rows.most)
    checks: list[Any] = [NotOptional() if draft else Needed(spec.remedy)] if spec.remedy and not spec.complete else []
    if not spec.remedy and spec.control in {Control.RADIOS, Control.YES_NO}:
        checks.append(Optional())  # else WTForms asks for one of the choices
    if spec.most is not None:
        checks.append(Longest(spec.most))
    if bounds is not None:
        checks.append(Between(*bounds))
    more: dict[str, Any] = {"description": spec.hint}
    if spec.autocomplete:
        more["render_kw"] = {"autocomplete": spec.autocomplete}
    if spec.control is Control.YES_NO:
        more["choices"] = YES_NO
    elif spec.control in {Control.SELECT, Control.RADIOS, Control.CHECKBOXES}:
        more["choices"] = spec.choices
    if spec.control is Control.SELECT:
        more |= {"blank": spec.blank or (N_("Choose one") if spec.remedy else None), "default": default}
    return _CLASSES[spec.control](spec.label, checks, **more)


def form_of(
    entry: type[BaseModel],
    names: Iterable[str],
    *,
    base: type[F],
    rows: Rows | None = None,
    draft: bool = False,
) -> type[F]:
    """Return a form that asks for these fields of an entry; `base` may bring fields and methods of its own."""
    specs, kinds = fields_of(entry), rows or {}
    fields = {
        name: form_field(specs[name], kinds.get(name), draft=draft, default=entry.model_fields[name].get_default())
        for name in names
        if specs[name].control is not Control.OWN
    }
    return type(base.__name__ if base is not Form else f"{entry.__name__}Form", (base,), fields)


def form_data(
    entry: BaseModel,
    names: Iterable[str],
    rows: Rows | None = None,
    specs: Mapping[str, FieldSpec] | None = None,
    unaccepted: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return these fields of an entry as the form shows them; `specs` are theirs where the entry does not hold them.

    What is stored and not accepted, or half written, is shown as it was written, so that nobody replaces it unseen:
    what can be chosen says that it is no longer available, and the form is not saved before it is changed. `unaccepted`
    are these values where the entry is a part that does not know them.
    """
    specs, kinds = fields_of(type(entry)) if specs is None else specs, rows or {}
    typed = entry.typed if isinstance(entry, StoredEntry) else {}
    if unaccepted is None:
        unaccepted = entry.unaccepted if isinstance(entry, StoredEntry) else {}
    return {
        name: _as_stored(specs[name], unaccepted.get(name), kinds.get(name))
        or (
            typed[name]
            if name in typed and name not in kinds
            else _form_value(specs[name], getattr(entry, name), kinds.get(name))
        )
        for name in names
        if specs[name].control is not Control.OWN
    }


_AS_STORED: dict[Control, tuple[type, ...]] = {
    Control.TEXT: (str,),
    Control.LONG_TEXT: (str,),
    Control.EMAIL: (str,),
    Control.NUMBER: (int,),
    Control.SELECT: (str,),
    Control.RADIOS: (str, int),
    Control.CHECKBOXES: (list,),
    Control.ROWS: (list,),
}


def _as_stored(spec: FieldSpec, value: Any, rows: RowKind | None) -> Any:
    """Return a value that is not accepted as its field shows it; None where the field cannot show it."""
    if not isinstance(value, _AS_STORED.get(spec.control, ())):
        return None
    if rows is not None and isinstance(value, list):
        return [rows.as_stored(row) for row in value]
    return str(value) if spec.control is Control.RADIOS else value


def _form_value(spec: FieldSpec, value: Any, rows: RowKind | None) -> Any:
    if rows is not None:
        return [rows.written(item) for item in value]
    if spec.control is Control.YES_NO:
        return None if value is None else "yes" if value else "no"
    if spec.control is Control.RADIOS:
        return None if value is None else str(value)
    return "" if value is None and spec.control is not Control.DATE else value


def form_values(
    form: Form,
    entry: type[BaseModel],
    names: Iterable[str],
    rows: Rows | None = None,
    specs: Mapping[str, FieldSpec] | None = None,
) -> dict[str, object]:
    """Return what the form says of these fields for the entry to read; an empty answer is the field's default."""
    specs, kinds = fields_of(entry) if specs is None else specs, rows or {}
    return {
        name: _read(specs[name], as_sent(form[name]), kinds.get(name), entry.model_fields[name].get_default())
        for name in names
        if specs[name].control is not Control.OWN
    }


def refuse_broken(form: Form, entry: type[StoredEntry], names: Iterable[str], rows: Rows | None = None) -> None:
    """Put the errors of an entry's checks at the form's fields; checks of other fields are left out.

    Rows that are there twice count twice. What cannot be read yet is not judged: it has an error of its own.
    """
    fields, kinds = set(names), rows or {}
    unlawful: dict[str, str] = {}
    for check in entry.checks:
        if not check.fields or not fields.issuperset(check.fields):
            continue
        values = form_values(form, entry, check.fields, kinds)
        values |= {name: _items(as_sent(form[name]), kinds[name]) for name in check.fields if name in kinds}
        try:
            written = entry.model_validate(values)
        except ValidationError as error:
            # A rule of ours within a value; what is not read yet has an error of its own.
            found = {str(broken["loc"][0]): broken for broken in error.errors() if broken["type"] == "value_error"}
            unlawful |= {name: sentence_of(broken) for name, broken in found.items()}
            continue
        if (sentence := check.error(written, None)) is not None:
            form.refuse(check.place, sentence)
    for name, sentence in unlawful.items():
        form.refuse(name, sentence)


def as_sent(field: Any) -> Any:
    """Return what a field says; what could not be read in it as it was typed."""
    if isinstance(field, FieldList):
        return [as_sent(row) for row in field]
    if isinstance(field, FormField):
        return {cell.short_name: as_sent(cell) for cell in field.form}
    if not field.process_errors:
        return field.data
    return dict(field.written) if isinstance(field, DateField) else next(iter(field.raw_data or ()), None)


def _items(value: Iterable[FormRow], rows: RowKind) -> list[FormRow | str]:
    return [item for row in value if (item := rows.read(row)) is not None]


def _read(spec: FieldSpec, value: Any, rows: RowKind | None, default: Any) -> Any:
    if rows is not None:
        items: list[FormRow | str] = []
        items += [item for item in _items(value, rows) if item not in items]
        return items
    if spec.control is Control.CHECKBOXES:
        return list(value or ())
    if value in (None, ""):
        return default
    if spec.control is Control.YES_NO:
        return value == "yes"
    return iso_date(value) if spec.control is Control.DATE else value
