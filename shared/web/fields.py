"""Define form fields and checks beyond those of WTForms.

Labels, hints and messages are marked with `N_` where a form class is defined and translated when they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import wtforms
from wtforms import validators, widgets
from wtforms.fields import Field, IntegerField, SelectMultipleField
from wtforms.fields.choices import Choice, SelectChoice  # type: ignore[attr-defined]  # the stubs describe an older version
from wtforms.validators import ValidationError

from shared import i18n
from shared.contracts import labels
from shared.contracts.base import FIRST_DAY, LAST_DAY
from shared.i18n import N_, gettext
from shared.ids import read_id
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wtforms import Form as WTForm

    _FieldOfChoices = wtforms.SelectField
else:
    _FieldOfChoices = object

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
# The source of choices: a code list of the contracts, some of its members, or pairs of value and text.
Source = type[StrEnum] | Iterable[StrEnum | tuple[str, str] | tuple[str, str, str]]


def options(source: Source, blank: str | None = None) -> Callable[[], list[Any]]:
    """Return a function that gives a field's choices in the language of the request.

    `source` is a code list, members of one, or pairs (value, text) or triples (value, text, hint). `blank` is the text
    of a first, empty choice, such as "Choose one".
    """

    def choices() -> list[Any]:
        chosen = [SelectChoice("", gettext(blank))] if blank else []
        for entry in source:
            if isinstance(entry, tuple):
                hint = {"render_kw": {"hint": gettext(entry[2])}} if len(entry) > 2 else {}
                chosen.append(SelectChoice(entry[0], gettext(entry[1]), **hint))
            else:
                chosen.append(SelectChoice(entry.value, labels.label(entry)))
        return chosen

    return choices


class _Choices(_FieldOfChoices):
    """Shows a value that is not among the choices, and refuses it until the reader chooses another.

    A stored code may have been dropped from them since. It would else be missing from the form, and be replaced without
    a word when the form is saved.
    """

    refusal = N_("Choose one of the answers given")

    def iter_choices(self) -> Any:
        """Return the choices, then what is chosen and is none of them (WTForms' protocol)."""
        found = list(super().iter_choices())
        return [*found, *(Choice(value, _unavailable(value), True, {}) for value in self._others(found))]

    def pre_validate(self, form: Any) -> None:
        """WTForms' protocol."""
        if self.validate_choice and not self.process_errors and self._others(super().iter_choices()):
            raise ValidationError(gettext(self.refusal))
        super().pre_validate(form)

    def _others(self, choices: Iterable[Choice]) -> list[str]:
        offered = {self.coerce(choice.value) for choice in choices}
        chosen = self.data if isinstance(self.data, list) else [self.data]
        return [value for value in chosen if value not in (None, "") and value not in offered]


def _unavailable(value: str) -> str:
    """Return what a choice says that is no longer among the others; an id says nothing to the reader."""
    if read_id(value):
        return gettext("No longer available")
    return gettext("%(name)s (no longer available)") % {"name": labels.label(value)}


class SelectField(_Choices, wtforms.SelectField):
    """One choice from a drop-down list. `blank`: text of an empty first choice."""

    def __init__(
        self,
        label: str | None = None,
        validators: Any = None,
        *,
        choices: Source = (),
        blank: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(label, validators, choices=options(choices, blank), **more)


class RadioField(_Choices, wtforms.RadioField):
    """One choice from a few that are all visible; none is chosen beforehand."""

    def __init__(self, label: str | None = None, validators: Any = None, *, choices: Source = (), **more: Any) -> None:
        super().__init__(label, validators, choices=options(choices), **more)


class CheckboxesField(_Choices, SelectMultipleField):
    """Several choices from a list, as checkboxes. `data`: list of codes."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()
    refusal = N_("Choose one of the answers")

    def __init__(self, label: str | None = None, validators: Any = None, *, choices: Source = (), **more: Any) -> None:
        super().__init__(label, validators, choices=options(choices), **more)


class DateField(Field):
    """A date in three inputs (day, month, year), as GOV.UK asks for dates that people know. `data`: date or None.

    It takes a date, or a mapping of its three parts as they were typed.
    """

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
        """Read the three inputs where any of them was sent, else the known value (WTForms' protocol)."""
        self.process_errors = []
        if isinstance(data, dict):
            typed = {f"{self.name}-{part}": str(data.get(part, "")) for part in self.parts}
            formdata = typed if formdata is None else formdata
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
            self.data = parse_date(self.written, gettext(self.label.text))
        except ValueError as error:
            self.data = None
            self.process_errors.append(str(error))
        for extra in extra_filters or ():
            self.data = extra(self.data)


def _written(value: date | None) -> dict[str, str]:
    if value is None:
        return dict.fromkeys(DateField.parts, "")
    return {"day": str(value.day), "month": str(value.month), "year": str(value.year)}


def parse_date(written: Mapping[str, str], name: str) -> date | None:
    """Return a date from day, month and year as written; None when all three are empty.

    Raises ValueError with a sentence for the reader. It names the date, since many pages ask for two.
    """
    texts = [written.get(part, "") for part in DateField.parts]
    if not any(texts):
        return None
    missing = [gettext(part) for part, text in zip(DateField.parts, texts, strict=True) if not text]
    if missing:
        part = gettext(" and a ").join(missing)
        raise ValueError(gettext("“%(date)s” must include a %(part)s") % {"date": name, "part": part})
    try:
        day, month, year = (int(text) for text in texts)
        found = date(year, month, day)
    except (ValueError, OverflowError):
        raise ValueError(gettext("“%(date)s” must be a real date, such as 27 3 2027") % {"date": name}) from None
    if not FIRST_DAY <= found <= LAST_DAY:
        bounds = {"date": name, "first": FIRST_DAY.year, "last": LAST_DAY.year}
        raise ValueError(gettext("“%(date)s” must have a year from %(first)s to %(last)s") % bounds)
    return found


class TimeField(Field):
    """A time of day in one text input, as `14:30` or `9.05`; `data`: time, or None when nothing was written."""

    widget = widgets.TextInput()
    data: time | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """WTForms' protocol; an unreadable time stays as it was written."""
        text = str(valuelist[0]).strip() if valuelist else ""
        found = _TIME.fullmatch(text)
        self.data = time(int(found[1]), int(found[2])) if found else None
        if text and found is None:
            raise ValueError(gettext("Enter a time such as 14:30"))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%H:%M}" if self.data is not None else ""


class NumberField(IntegerField):
    """A whole number in a text input, as GOV.UK asks for numbers; `data`: int, or None when nothing was written."""

    widget = widgets.TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """WTForms' protocol; an empty input is no answer, not a wrong one."""
        if valuelist and str(valuelist[0]).strip():
            super().process_formdata(valuelist)
        else:
            self.data = None

    def process_data(self, value: Any) -> None:
        """WTForms' protocol; what was typed and is no number is shown again."""
        try:
            super().process_data(value)
        except ValueError:
            self.raw_data = [str(value)]
            raise


class Needed:
    """Refuses an empty answer with a sentence that says what to do: `Needed(N_("Enter your unit"))`."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        written = any(str(text).strip() for text in field.raw_data or ())
        if field.errors and written:
            raise validators.StopValidation  # the message that it could not be read is enough
        if not written and field.data in (None, "", [], False):
            field.errors = []
            raise validators.StopValidation(gettext(self.message))


class NotOptional:
    """Keep "(optional)" off the label of a field that its row checks, or the model once it is submitted."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: object, field: object) -> None:
        """Accept anything, as a validator of WTForms."""


class Longest:
    """Refuses text longer than `characters`, with a sentence that names the field and the limit."""

    def __init__(self, characters: int) -> None:
        self.characters = characters
        self.field_flags = {"maxlength": characters}

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        if len(field.data or "") > self.characters:
            raise ValidationError(too_long(gettext(field.label.text), self.characters))


def too_long(name: str, most: int) -> str:
    """Return what is wrong with a text in the field `name` that has more than `most` characters."""
    sentence = i18n.ngettext(
        "“%(field)s” must be %(most)s character or fewer", "“%(field)s” must be %(most)s characters or fewer", most
    )
    return sentence % {"field": name, "most": i18n.number(most)}


class Between:
    """Refuses a number or a date outside `first` to `last` (either may be None), naming the field and its limits."""

    def __init__(self, first: Any = None, last: Any = None) -> None:
        self.first, self.last = first, last

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        if field.data is None:
            return
        texts = {"field": gettext(field.label.text), "first": _bound_text(self.first), "last": _bound_text(self.last)}
        if self.first is not None and self.last is not None and not self.first <= field.data <= self.last:
            raise ValidationError(gettext("“%(field)s” must be from %(first)s to %(last)s") % texts)
        if self.first is not None and field.data < self.first:
            raise ValidationError(gettext("“%(field)s” must be %(first)s or later") % texts)
        if self.last is not None and field.data > self.last:
            raise ValidationError(gettext("“%(field)s” must be %(last)s or earlier") % texts)


def _bound_text(bound: Any) -> str:
    return dates.day(bound) if isinstance(bound, date) else str(bound)
