"""Read forms from requests and report what is missing or wrong.

WTForms with our texts and our date field. A page hands the form to the macros in `macros/forms.html`, which draw the
error summary and each field with the same words. Rows that repeat need no JavaScript: their buttons submit the form
under the name `row`, and `Form.rows_changed` adds, moves or removes the row; the others keep what was written in them,
readable or not.

    form = await Form.read(EndorseForm, request)     # from the request's form data
    if form.validate(): ...
    return render(request, "endorse.html", 422, form=form)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import wtforms
from starlette.datastructures import FormData
from wtforms import BooleanField, EmailField, FileField, FormField, StringField, TextAreaField
from wtforms import Form as Row
from wtforms import Form as WTForm

from shared import i18n
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.web import control_characters
from shared.web.fields import (
    Between,
    CheckboxesField,
    DateField,
    Longest,
    Needed,
    NotOptional,
    NumberField,
    RadioField,
    SelectField,
    TimeField,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from starlette.requests import Request
    from wtforms.fields import Field

__all__ = [
    "Between",
    "BooleanField",
    "CheckboxesField",
    "DateField",
    "EmailField",
    "FieldList",
    "FileField",
    "Form",
    "FormField",
    "Longest",
    "Needed",
    "NotOptional",
    "NumberField",
    "RadioField",
    "Row",
    "SelectField",
    "StringField",
    "TextAreaField",
    "TimeField",
    "arrange",
    "number",
    "options",
    "sent",
    "version_of",
]


_DIGITS = 10

# WTForms' own messages, in the words of this project.
_OURS = {
    "Not a valid choice.": N_("Choose one of the answers given"),
    "Not a valid integer value.": N_("Enter a whole number, such as 5"),
    "This field is required.": N_("Answer this question"),
    "Invalid email address.": N_("Enter an email address like name@police.example"),
    "'%(value)s' is not a valid choice for this field.": N_("Choose one of the answers"),
    "'%(value)s' are not valid choices for this field.": N_("Choose one of the answers"),
}


class _Translations:
    """WTForms' own messages, in our words and from our catalogue."""

    def gettext(self, string: str) -> str:
        return gettext(_OURS.get(string, string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return i18n.ngettext(_OURS.get(singular, singular), _OURS.get(plural, plural), n)


F = TypeVar("F", bound="Form")


class FieldList(wtforms.FieldList):  # type: ignore[type-arg]  # generic in the stubs only
    """Rows that repeat. `focus` is the place of the row that gets the focus, after a row was added or moved."""

    focus: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose sender wrote something else than what was saved meanwhile, both in words."""

    label: str
    written: str
    saved: str


class Form(WTForm):
    """The base of all forms. The harness, not the form, checks CSRF for every unsafe request.

    `outdated` says why the form was not saved where the record was changed after it was opened; `differences` are then
    between what was written and what is saved now, and `records` are the records in both versions (`stale_forms.py`).
    """

    leading: ClassVar[Sequence[str]] = ()
    """The names of fields that a subclass adds and that stand on the page above those of its base."""
    outdated = ""
    records: Sequence[object] = ()
    differences: Sequence[Difference] = ()

    class Meta:
        """The source of WTForms' messages."""

        def get_translations(self, _form: WTForm) -> _Translations:
            """WTForms' protocol."""
            return _Translations()

    @classmethod
    async def read(cls, request: Request, **values: Any) -> Self:
        """Read the form that the person sent; fields that were not sent have the values in `values`.

        Characters that nobody can see are removed from what is shown again; `validate` then reports them at the field.
        """
        form = cls(*_readable(await request.form()), data=values)
        form.normalise()
        return form

    def __init__(self, formdata: Any = None, unreadable: Iterable[str] = (), **more: Any) -> None:
        """Take WTForms' parameters, and the names of inputs that had characters that nobody can see."""
        self._unreadable = frozenset(unreadable)
        super().__init__(formdata, **more)

    def validate(self, *more: Any, **named: Any) -> bool:
        """WTForms' protocol; refuses inputs with characters that nobody can see, and notes the `faults`."""
        valid = bool(super().validate(*more, **named))
        if self._unreadable:
            refusal = control_characters.refusal(sorted(self._unreadable))
            left = _put_at_fields(self, refusal)
            self.form_errors += [f"{name}: {sentence}" for name, sentence in sorted(left.items())]
            valid = False
        return not self.note_faults(self.faults()) and valid

    def faults(self) -> Mapping[str, str]:
        """Return what only the model finds wrong, by field (`periods.0.end` in a row).

        It is asked whatever else is wrong, so that one answer names all: what cannot be read counts for nothing here.
        """
        return {}

    def note_faults(self, faults: Mapping[str, str]) -> bool:
        """Put faults at their fields, except at those that have an error already; return whether there were any."""
        places = {name: name.partition(".")[0] for name in faults}
        free = {place for place in places.values() if place not in self or not self[place].errors}
        for name, place in places.items():
            if place in free:
                self.refuse(place, faults[name])
        return bool(free)

    def normalise(self) -> None:
        """Remove blanks around what was written."""
        for field in self:
            if isinstance(field.data, str):
                field.data = field.data.strip()

    def problems(self) -> list[tuple[str, str]]:
        """Return the lines of the error summary: (id of the field to jump to, message), in the order of the fields."""
        found: list[tuple[str, str]] = []
        for field in sorted(self, key=lambda field: field.short_name not in self.leading):
            _collect(field, found)
        found += [("main-content", str(message)) for message in self.form_errors]
        return found

    def refuse(self, name: str, message: str) -> None:
        """Put an error that only the model could find at the field `name` (an unknown name: at the form)."""
        if name in self:
            field = self[name]
            field.errors = [*field.errors, message]
        else:
            self.form_errors.append(message)

    def note_unreadable(self) -> None:
        """Put at each field what could not be read in it, without checking the others."""
        _note_unreadable(self)

    def take(self, refused: Refused, field: str = "", *, statuses: Collection[int] = (422,)) -> None:
        """Put a refusal at the fields that it names (`periods.0.end` at the rows), else at `field`, else at the form.

        Raises it again if its status is not in `statuses`: no change to the form would resolve it.
        """
        if refused.status_code not in statuses:
            raise refused
        for name, sentence in refused.fields.items() or [(field, refused.detail)]:
            self.refuse(name.partition(".")[0], sentence)

    def compare(self, sentence: str, saved: Form | None) -> None:
        """Have the page say `sentence`, and show what was written beside what is saved now (None: nothing to show)."""
        self.outdated = sentence
        if saved is not None:
            theirs = {field.name: field for field in saved}
            pairs = [(field, theirs[field.name]) for field in self if field.name in theirs]
            found = [
                Difference(str(mine.label.text), self.in_words(mine), saved.in_words(other)) for mine, other in pairs
            ]
            self.differences = [each for each in found if each.written != each.saved]

    def in_words(self, field: Field) -> str:
        """Return the content of a field for a comparison; empty where another answer makes it count for nothing."""
        return words_of(field)

    async def rows_changed(self, request: Request) -> bool:
        """Add, move or remove a row when such a button was pressed; then the form is shown again, unchecked.

        The button's value: `add:languages`, `remove:languages:1`, `up:languages:1`, `down:languages:1`.
        """
        action = (await request.form()).get("row")
        if not isinstance(action, str):
            return False
        verb, _, target = action.partition(":")
        name, _, index = target.partition(":")
        field = self[name] if name in self else None  # noqa: SIM401 - a form has no get()
        if not isinstance(field, wtforms.FieldList):
            return False
        place = int(index) if index.isascii() and index.isdigit() and len(index) < 4 else None
        _change_rows(field, verb, place)
        return True


def words_of(field: Field) -> str:
    """Return the content of a field in words: the texts of its choices, rows one after the other; empty for a file."""
    if isinstance(field, wtforms.FieldList):
        return "; ".join(words for words in map(words_of, field) if words)
    if isinstance(field, FormField):
        return ", ".join(words for words in map(words_of, field) if words)
    if isinstance(field, FileField) or field.data is None or field.data == "":
        return ""
    if isinstance(field, BooleanField):
        return gettext("Yes") if field.data else gettext("No")
    choices = {str(choice.value): str(choice.label) for choice in getattr(field, "iter_choices", list)()}
    values = field.data if isinstance(field.data, list) else [field.data]
    return ", ".join(choices.get(str(value), str(value)) for value in values)


def number(value: object) -> int | None:
    """Return a whole number, such as a version, as a form or an address sends it; None for anything else."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else None


async def version_of(request: Request) -> int | None:
    """Return the version that a form was opened with; None where it sends none that can be read."""
    return number((await request.form()).get("version"))


async def sent(request: Request) -> FormData:
    """Return what a page without a `Form` class sent. Raises `Refused` (422) for characters that nobody can see."""
    data = await request.form()
    _, unreadable = _readable(data)
    if unreadable:
        fields = control_characters.refusal(sorted(unreadable))
        raise Refused(gettext(control_characters.SENTENCE), 422, fields)
    return data


def _readable(data: FormData) -> tuple[FormData, set[str]]:
    """Return the data without characters that nobody can see, and the names of the inputs that had some."""
    unshown = control_characters.UNSHOWN.search
    names = {name for name, value in data.multi_items() if unshown(name) or (isinstance(value, str) and unshown(value))}
    if not names:
        return data, names
    cleaned = [
        (name, control_characters.without_control_characters(value) if isinstance(value, str) else value)
        for name, value in data.multi_items()
    ]
    return FormData(cleaned), names


def _put_at_fields(fields: Iterable[Field], errors: dict[str, str]) -> dict[str, str]:
    """Put each error at its field, rows and the parts of a date included; return those that have no field."""
    for field in fields:
        if isinstance(field, FormField | wtforms.FieldList):
            errors = _put_at_fields(field, errors)
            continue
        own = [name for name in errors if name == field.name or name.startswith(f"{field.name}-")]
        if own:
            field.errors = [*field.errors, errors[own[0]]]
        errors = {name: sentence for name, sentence in errors.items() if name not in own}
    return errors


def _note_unreadable(fields: Iterable[Field]) -> None:
    for field in fields:
        if isinstance(field, FormField | wtforms.FieldList):
            _note_unreadable(field)
        else:
            field.errors = list(field.process_errors)


def _change_rows(field: wtforms.FieldList[Any], verb: str, place: int | None) -> None:
    """Change the rows as the button says; a button that does not fit the rows does nothing."""
    count, focus = len(field), None
    if verb == "add" and (field.max_entries is None or count < field.max_entries):
        field.append_entry()
        focus = count
    elif place is not None and place < count:
        order = list(range(count))
        row = order.pop(place)
        focus = max(0, min(place + {"up": -1, "down": 1}.get(verb, 0), count - 1))
        if verb != "remove":
            order.insert(focus, row)
        arrange(field, order)
        focus = min(focus, len(field) - 1)
    if isinstance(field, FieldList):
        field.focus = focus


def arrange(field: wtforms.FieldList[Any], order: Sequence[int]) -> None:
    """Keep the rows at these places, in this order, each with what was written in it, without reading them again."""
    if field.entries:
        # WTForms renumbers the rows when one is popped, so an extra row is appended and popped.
        field.entries[:] = [*(field.entries[place] for place in order), field.entries[0]]
        field.pop_entry()
    while len(field) < field.min_entries:
        field.append_entry()


def _collect(field: Field, found: list[tuple[str, str]]) -> None:
    if isinstance(field, FormField):
        for inner in field.form:
            _collect(inner, found)
        return
    if isinstance(field, wtforms.FieldList):
        for entry in field:
            _collect(entry, found)
    found += [(anchor(field), str(message)) for message in field.errors if isinstance(message, str)]


def anchor(field: Field) -> str:
    """Return the id of the first element of a field, to which the error summary links."""
    if isinstance(field, DateField):
        return f"{field.id}-day"
    return str(field.id)
