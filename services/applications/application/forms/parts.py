"""A page of an application as a form, and helpers that the forms share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.applications.application.model.answers import Answers
from services.applications.application.model.tasks import FIELDS, rules_of, task_title
from services.applications.field_forms import Rows, form_data, form_of, form_values
from services.applications.fields import fields_of
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, LANGUAGES, ApplicationKind
from shared.i18n import N_, gettext
from shared.web.forms import FieldList, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.applications.register.model.entries import NamedOrganisation
    from shared.contracts.calls import CallTerms

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FormContext:
    """What the choices of a form depend on: the call, and the agencies of the officer's country and abroad."""

    terms: CallTerms
    own: Sequence[NamedOrganisation] = ()
    abroad: Sequence[NamedOrganisation] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One page of an application: its form, and the way from answers to fields and back, as the table of fields has it.

    `prepare` gives the form its choices, and `needs_register` says that these are agencies; `check` puts errors where
    `validate` sees single fields only. `own_data` and `own_changes` are for what the form asks in a way of its own.
    `form_of` makes the form where it depends on the call.
    """

    code: str
    form: type[Form]
    rows: Rows = field(default_factory=dict)
    prepare: Callable[[Any, FormContext], None] = lambda _form, _context: None
    needs_register: bool = False
    check: Callable[[Any], None] = lambda _form: None
    own_data: Callable[[Answers], dict[str, Any]] = lambda _answers: {}
    own_changes: Callable[[Form], dict[str, Any]] = lambda _form: {}
    form_of: Callable[[CallTerms], type[Form]] | None = None

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return task_title(self.code)

    @property
    def rules(self) -> frozenset[str]:
        """The call's rules that concern the page."""
        return rules_of(self.code)

    def title_for(self, kind: ApplicationKind) -> str:
        """Return the title on an application of that kind."""
        return task_title(self.code, kind)

    def form_for(self, terms: CallTerms) -> type[Form]:
        """Return the form of an application to that call."""
        return self.form if self.form_of is None else self.form_of(terms)

    def fields(self, answers: Answers) -> dict[str, Any]:
        """Return the answers of the page as its form shows them."""
        return form_data(answers, FIELDS[self.code], self.rows) | self.own_data(answers)

    def changes(self, form: Form) -> dict[str, Any]:
        """Return what the form says as answers."""
        return form_values(form, Answers, FIELDS[self.code], self.rows) | self.own_changes(form)


def page(code: str, *, base: type[Form] = Form, rows: Rows | None = None, **more: Any) -> Task:
    """Return a page whose form asks for the fields of its section; `base` may have more."""
    return Task(code, form_of(Answers, FIELDS[code], base=base, rows=rows), rows or {}, **more)


def remedy(name: str) -> str:
    """Return the sentence that asks for a field, in the reader's language."""
    return gettext(fields_of(Answers)[name].remedy)


def choices(codes: Iterable[Any], *, empty: str | None = N_("Choose")) -> Choices:
    """Return the members of a code list as choices in the reader's language, with an empty one before them."""
    found = [(str(code), labels.label(code)) for code in codes]
    return ([("", gettext(empty))] if empty is not None else []) + found


def languages_known() -> Choices:
    """Return languages by their name in the reader's language."""
    return [("", gettext("Choose")), *sorted(((c, labels.tongue(c)) for c in LANGUAGES), key=lambda choice: choice[1])]


def countries_known() -> Choices:
    """Return countries by their name in the reader's language."""
    return [("", gettext("Choose")), *sorted(((c, labels.country(c)) for c in COUNTRIES), key=lambda choice: choice[1])]


def offer(form: Form, name: str, offered: Choices, part: str = "") -> None:
    """Give a field its choices; with a `part`, that field of each of its rows."""
    target: Any = form[name]
    for cell in [entry.form[part] for entry in target] if part else [target]:
        cell.choices = offered


def rows(form: Form, name: str) -> list[dict[str, Any]]:
    """Return what is written in the rows of a field."""
    found = form[name]
    assert isinstance(found, FieldList)
    return [entry.data for entry in found]


def readable(form: Form, name: str) -> bool:
    """Return whether all that is written in the rows of a field could be read."""
    found = form[name]
    assert isinstance(found, FieldList)
    return not any(cell.process_errors for entry in found for cell in entry.form)


def column(form: Form, name: str, part: str) -> list[str]:
    """Return one answer a row, in the order of the rows, each once and none empty."""
    texts = [str(row[part] or "").strip() for row in rows(form, name)]
    return list(dict.fromkeys(text for text in texts if text))
