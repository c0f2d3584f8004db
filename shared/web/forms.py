"""How does a form take in what a person writes, and say what is missing?

WTForms with our texts and our date field. A page hands the form to the macros in `macros/forms.html`, which draw the
error summary and each field with the same words. Rows that repeat need no JavaScript: their buttons submit the form
under the name `row`, and `Form.rows_changed` adds or takes away the row.

    form = await Form.read(EndorseForm, request)     # from the request's form data
    if form.validate(): ...
    return render(request, "endorse.html", 422, form=form)
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from wtforms import Form as WTForm
from wtforms import FormField, validators, widgets
from wtforms.fields import Field, FieldList, IntegerField, SelectMultipleField
from wtforms.validators import ValidationError

from shared.web import dates, i18n
from shared.web.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request


# What WTForms says by itself, in the words of this project.
_OURS = {
    "Not a valid choice.": N_("Choose one of the answers given"),
    "Not a valid integer value.": N_("Write a whole number, such as 5"),
    "This field is required.": N_("Answer this"),
    "Invalid email address.": N_("Write an e-mail address like name@police.example"),
    "'%(value)s' is not a valid choice for this field.": N_("Choose from the answers given"),
    "'%(value)s' are not valid choices for this field.": N_("Choose from the answers given"),
}


class _Translations:
    """WTForms' own messages, in our words and from our catalogue."""

    def gettext(self, string: str) -> str:
        return gettext(_OURS.get(string, string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return i18n.ngettext(_OURS.get(singular, singular), _OURS.get(plural, plural), n)


F = TypeVar("F", bound="Form")


class Form(WTForm):
    """The base of all forms. CSRF is not its matter: the harness checks it for every unsafe request."""

    class Meta:
        """Where WTForms takes its messages from."""

        def get_translations(self, _form: WTForm) -> _Translations:
            """WTForms' protocol."""
            return _Translations()

    @classmethod
    async def read(cls, request: Request, **known: Any) -> Self:
        """The form as the person sent it; fields that were not sent have the values in `known`."""
        form = cls(await request.form(), data=known)
        form.normalise()
        return form

    def normalise(self) -> None:
        """Take away blanks around what was written."""
        for field in self:
            if isinstance(field.data, str):
                field.data = field.data.strip()

    def problems(self) -> list[tuple[str, str]]:
        """What the error summary lists: (id of the field to jump to, message), in the order of the fields."""
        found: list[tuple[str, str]] = []
        for field in self:
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

    async def rows_changed(self, request: Request) -> bool:
        """Add or take away a row when the person pressed such a button; then the form is shown again, unchecked."""
        action = (await request.form()).get("row")
        if not isinstance(action, str):
            return False
        verb, _, target = action.partition(":")
        name, _, index = target.partition(":")
        field = self[name] if name in self else None  # noqa: SIM401 - a form has no get()
        if not isinstance(field, FieldList):
            return False
        if verb == "add" and (field.max_entries is None or len(field) < field.max_entries):
            field.append_entry()
        elif verb == "remove" and index.isdigit() and int(index) < len(field):
            kept = [entry.data for place, entry in enumerate(field) if place != int(index)]
            field.process(None, kept)
        return True


def _collect(field: Field, found: list[tuple[str, str]]) -> None:
    if isinstance(field, FormField):
        for inner in field.form:
            _collect(inner, found)
        return
    if isinstance(field, FieldList):
        for entry in field:
            _collect(entry, found)
    found += [(anchor(field), str(message)) for message in field.errors if isinstance(message, str)]


def anchor(field: Field) -> str:
    """The id of the first element of a field, where a link in the error summary leads."""
    if isinstance(field, DateField):
        return f"{field.id}-day"
    return str(field.id)


class DateField(Field):
    """A date in three inputs (day, month, year), as GOV.UK asks for dates that people know. `data`: date or None."""

    widget = widgets.TextInput()
    parts: ClassVar[tuple[str, ...]] = ("day", "month", "year")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.written: dict[str, str] = dict.fromkeys(self.parts, "")
        self.data: date | None = None

    def process(
        self,
        formdata: Any,
        data: Any = None,
        extra_filters: Sequence[Callable[[Any], Any]] | None = None,
    ) -> None:
        """Take the three inputs where any of them was sent, else the known value (WTForms' protocol)."""
        self.process_errors = []
        value = self.default if data is None or not isinstance(data, date) else data
        value = value() if callable(value) else value
        self.object_data = self.data = value
        self.written = _written(value)
        names = {part: f"{self.name}-{part}" for part in self.parts}
        if formdata is None or not any(name in formdata for name in names.values()):
            return
        self.written = {part: str(formdata.get(name, "")).strip() for part, name in names.items()}
        self.raw_data = [text for text in self.written.values() if text]
        try:
            self.data = parse_date(self.written)
        except ValueError as error:
            self.data = None
            self.process_errors.append(str(error))
        for extra in extra_filters or ():
            self.data = extra(self.data)


def _written(value: date | None) -> dict[str, str]:
    if value is None:
        return dict.fromkeys(DateField.parts, "")
    return {"day": str(value.day), "month": str(value.month), "year": str(value.year)}


def parse_date(written: Mapping[str, str]) -> date | None:
    """A date from day, month and year as written; None when all three are empty.

    Raises ValueError with a sentence for the reader.
    """
    texts = [written.get(part, "") for part in DateField.parts]
    if not any(texts):
        return None
    missing = [gettext(part) for part, text in zip(DateField.parts, texts, strict=True) if not text]
    if missing:
        raise ValueError(gettext("The date must include a %(part)s") % {"part": gettext(" and a ").join(missing)})
    try:
        day, month, year = (int(text) for text in texts)
        return date(year, month, day)
    except ValueError:
        raise ValueError(gettext("Write a real date, such as 27 3 2027")) from None


class NumberField(IntegerField):
    """A whole number in a text input, as GOV.UK asks for numbers; `data`: int, or None when nothing was written."""

    widget = widgets.TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """WTForms' protocol; an empty input is no answer rather than a wrong one."""
        if valuelist and str(valuelist[0]).strip():
            super().process_formdata(valuelist)
        else:
            self.data = None


class CheckboxesField(SelectMultipleField):
    """Several choices from a list, as checkboxes. `data`: list of codes."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()


class Needed:
    """Refuses an empty answer with a sentence that says what to do: `Needed(N_("Enter your unit"))`."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        written = any(str(text).strip() for text in field.raw_data or ())
        if field.errors and written:
            raise validators.StopValidation  # what was written could not be read: that message is enough
        if not written and field.data in (None, "", [], False):
            field.errors = []
            raise validators.StopValidation(gettext(self.message))


class Longest:
    """Refuses text longer than `characters`, and says by how much."""

    def __init__(self, characters: int) -> None:
        self.characters = characters

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        over = len(field.data or "") - self.characters
        if over > 0:
            raise ValidationError(
                i18n.ngettext(
                    "Shorten this by %(over)d character: %(most)d is the most",
                    "Shorten this by %(over)d characters: %(most)d is the most",
                    over,
                )
                % {"over": over, "most": self.characters}
            )


class Between:
    """Refuses a number or a date outside of `first` to `last` (either may be None) with a sentence that names both."""

    def __init__(self, first: Any = None, last: Any = None) -> None:
        self.first, self.last = first, last

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        if field.data is None:
            return
        first, last = (_said(bound) for bound in (self.first, self.last))
        if self.first is not None and self.last is not None and not self.first <= field.data <= self.last:
            raise ValidationError(gettext("This must be from %(first)s to %(last)s") % {"first": first, "last": last})
        if self.first is not None and field.data < self.first:
            raise ValidationError(gettext("This must be %(first)s or later") % {"first": first})
        if self.last is not None and field.data > self.last:
            raise ValidationError(gettext("This must be %(last)s or earlier") % {"last": last})


def _said(bound: Any) -> str:
    return dates.day(bound) if isinstance(bound, date) else str(bound)
