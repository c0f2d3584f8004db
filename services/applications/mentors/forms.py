"""The form of a mentor's profile, made from the table of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.field_forms import FormRow, RowKind, Rows, form_data, form_of, form_values
from services.applications.fields import Control, fields_of
from services.applications.forms import ExpertiseRow, LanguageRow, SpanRow, iso_date, topics_of
from services.applications.mentors.model import MentorEntry
from services.applications.refusals import faults_of, readable
from shared.web.forms import CheckboxesField, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.contracts.calls import CallTerms

_FIELDS = tuple(name for name, spec in fields_of(MentorEntry).items() if spec.control is not Control.OWN)


def _area(row: FormRow) -> FormRow | None:
    if not row["area"]:
        return None
    level = {"level": int(str(row["level"]))} if row["level"] else {}
    return {"area": row["area"], "years": row["years"] or 0} | level


def _span(row: FormRow) -> FormRow | None:
    if not row["start"] and not row["end"]:
        return None
    return {"start": iso_date(row["start"]), "end": iso_date(row["end"])}


_ROWS: Rows = {
    "expertise": RowKind(
        ExpertiseRow, lambda area: area.model_dump(mode="json") | {"level": str(area.level)}, _area, least=1
    ),
    "languages": RowKind(
        LanguageRow,
        lambda area: area.model_dump(mode="json"),
        lambda row: row if row["language"] or row["level"] else None,
        least=1,
    ),
    "periods": RowKind(SpanRow, lambda period: period.model_dump(), _span, most=20, least=1),
}


class BaseMentorForm(Form):
    """A mentor's profile; a draft may leave every field open."""

    def fill(self, entry: MentorEntry | None, call: CallTerms) -> None:
        """Offer the call's topics and, with an `entry`, show its values."""
        topics = self["topics"]
        assert isinstance(topics, CheckboxesField)
        topics.choices = topics_of(call)
        if entry is not None:
            self.process(data=form_data(entry, _FIELDS, _ROWS))

    def faults(self) -> Mapping[str, str]:
        """Return what cannot be read."""
        return faults_of(MentorEntry, form_values(self, MentorEntry, _FIELDS, _ROWS))

    def changes(self) -> MentorEntry:
        """Return the entered values. Raises `Refused` (422) at what cannot be read."""
        return readable(MentorEntry, form_values(self, MentorEntry, _FIELDS, _ROWS))


MentorForm: type[BaseMentorForm] = form_of(MentorEntry, _FIELDS, base=BaseMentorForm, rows=_ROWS, draft=True)
