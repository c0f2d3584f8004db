"""A page of an application as a form, and helpers that the forms share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.applications.application.model.tasks import task_title
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, LANGUAGES, ApplicationKind
from shared.i18n import N_, gettext
from shared.web.forms import FieldList, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.applications.application.model.answers import Answers
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
    """One page of an application: its form, and the way from answers to fields and back.

    `prepare` gives the form its choices, `check` puts errors where `validate` sees single fields only; `rules` are
    those of the call that concern the page. `form_of` makes the form where it depends on the call.
    """

    code: str
    form: type[Form]
    fields: Callable[[Answers], dict[str, Any]]
    changes: Callable[[Any], dict[str, Any]]
    prepare: Callable[[Any, FormContext], None] = lambda _form, _context: None
    check: Callable[[Any], None] = lambda _form: None
    rules: tuple[str, ...] = ()
    form_of: Callable[[CallTerms], type[Form]] | None = None

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return task_title(self.code)

    def title_for(self, kind: ApplicationKind) -> str:
        """Return the title on an application of that kind."""
        return task_title(self.code, kind)

    def form_for(self, terms: CallTerms) -> type[Form]:
        """Return the form of an application to that call."""
        return self.form if self.form_of is None else self.form_of(terms)


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


def same_names(
    *names: str, empty: frozenset[str] = frozenset()
) -> tuple[Callable[[Answers], dict[str, Any]], Callable[[Form], dict[str, Any]]]:
    """Return `fields` and `changes` of a form whose fields are called like the answers.

    An empty text is no answer, but for those in `empty`.
    """

    def fields(answers: Answers) -> dict[str, Any]:
        found = {name: getattr(answers, name) for name in names}
        return {name: "" if value is None else value for name, value in found.items()}

    def changes(form: Form) -> dict[str, Any]:
        found = {name: form[name].data for name in names}
        return {
            name: ("" if name in empty else None) if value in ("", None) else value for name, value in found.items()
        }

    return fields, changes


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
