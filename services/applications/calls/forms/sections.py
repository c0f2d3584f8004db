"""The sections of a call as forms, and the way from their fields to the entry and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from pydantic import ValidationError

from services.applications.calls.forms.fields import ROWS, check_rows, field_of, section_form, topics_field
from services.applications.calls.model.entry import FIELDS, SECTIONS, TITLES, CallEntry, last_day, part_of, with_values
from services.applications.field_forms import form_data, form_values
from services.applications.refusals import unreadable
from shared.contracts.codes import Criterion
from shared.i18n import gettext
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.web.forms import Form

_END_OF_DAY = time(23, 59, 59)
_EMPTY = CallEntry()


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `own_fields` and `own_written` are for what its form asks in a way of its own."""

    code: str
    own_fields: Callable[[CallEntry], dict[str, object]] = lambda _entry: {}
    own_written: Callable[[Form], dict[str, object]] = lambda _form: {}

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return gettext(TITLES[self.code])

    def form(self) -> type[Form]:
        """Return its form."""
        return section_form(self.code)

    def fields(self, entry: CallEntry) -> dict[str, object]:
        """Return what is written in the section as its form shows it."""
        found: dict[str, object] = {}
        unaccepted = {name.rpartition(".")[2]: value for name, value in entry.unaccepted.items()}
        for name in SECTIONS[self.code]:
            found |= form_data(part_of(entry, name), [name], ROWS, FIELDS, unaccepted)
        return found | self.own_fields(entry)

    def written(self, form: Form) -> dict[str, object]:
        """Return what the form says, by field."""
        found: dict[str, object] = {}
        for name in SECTIONS[self.code]:
            if name in form:
                found |= form_values(form, type(part_of(_EMPTY, name)), [name], ROWS, FIELDS)
        return found | self.own_written(form)

    def check(self, form: Form) -> None:
        """Put errors at rows that are half filled in, and at what cannot be read."""
        check_rows(form)
        try:
            with_values(_EMPTY, self.written(form))
        except ValidationError as error:
            form.note_faults({field_of(form, name): sentence for name, sentence in unreadable(error).items()})


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def end_of(day: date | None) -> str | None:
    """Return the last moment of a day at the programme's seat, as the contract writes it."""
    return None if day is None else datetime.combine(day, _END_OF_DAY, ZONE).astimezone(UTC).isoformat()


def _topics_written(form: Form) -> dict[str, object]:
    name = topics_field(form["scheme"].data or "")
    return {"topics": (form[name].data if name in form else []) or []}


def _weights_fields(entry: CallEntry) -> dict[str, object]:
    return {str(weight.criterion): {"applicant": weight.applicant, "host": weight.host} for weight in entry.weights}


def _weights_written(form: Form) -> dict[str, object]:
    weights = []
    for criterion in Criterion:
        row = form[str(criterion)].data
        if row["applicant"] is not None or row["host"] is not None:
            counts = {name: row[name] or 0 for name in ("applicant", "host")}
            weights.append({"criterion": criterion.value, **counts})
    return {"weights": weights}


_ALL = (
    Section("purpose"),
    Section("texts", lambda entry: {} if entry.texts else {"texts": [{"language": "en"}]}),
    Section("topics", lambda entry: {topics_field(entry.scheme): list(entry.topics)}, _topics_written),
    Section(
        "dates",
        lambda entry: {"deadline": last_day(entry)},
        lambda form: {"deadline": end_of(form["deadline"].data)},
    ),
    Section(
        "who",
        lambda entry: {"courses": "\n".join(entry.rules.courses)},
        lambda form: {"courses": _lines(form["courses"].data)},
    ),
    Section("rules"),
    Section("quotas"),
    Section("weights", _weights_fields, _weights_written),
    Section("timers"),
    Section("after"),
)
SECTION_FORMS: dict[str, Section] = {section.code: section for section in _ALL}
"""The sections that are one form, by code; `questions` has a page a question (`questions.py`)."""
