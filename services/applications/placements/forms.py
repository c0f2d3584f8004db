"""The forms of a placement, made from the table of its fields, and those of decisions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.field_forms import FormRow, RowKind, Rows, form_data, form_of, form_values
from services.applications.fields import fields_of
from services.applications.forms import LanguageRow, iso_date, topics_of
from services.applications.placements.model.placement import SECTIONS, STEPS, PlacementEntry, problems
from services.applications.refusals import faults_of, readable
from shared.contracts.codes import Section, VoidReason
from shared.i18n import N_
from shared.web.forms import (
    CheckboxesField,
    DateField,
    Form,
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

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from shared.contracts.calls import CallTerms

_FIELDS = tuple(fields_of(PlacementEntry))


class WeeksRow(Row):
    """A period, and how many guests a week."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])
    places_per_week = NumberField(N_("Guests per week"), [NotOptional()])


def _weeks(row: FormRow) -> FormRow | None:
    if not row["start"] and not row["end"]:
        return None
    start, end = iso_date(row["start"]), iso_date(row["end"])
    guests = row["places_per_week"]
    return {"start": start, "end": end, "places_per_week": 1 if guests in (None, "") else guests}


_ROWS: Rows = {
    "periods": RowKind(WeeksRow, lambda period: period.model_dump(), _weeks, most=20, least=1),
    "languages": RowKind(
        LanguageRow,
        lambda language: language.model_dump(mode="json"),
        lambda row: row if row["language"] or row["level"] else None,
        least=1,
    ),
}


class BasePlacementForm(Form):
    """A placement; a draft may leave every field open. Whom it names is written as references and names."""

    prematched_with = StringField(
        fields_of(PlacementEntry)["prematched_with"].label,
        [Longest(20)],
        description=N_("The reference of the application, such as AM-2026-0042. You name each other."),
    )
    conflicts = TextAreaField(
        fields_of(PlacementEntry)["conflicts"].label,
        [Longest(4000)],
        description=N_("Guests you cannot take, one per line. Enter an application's reference or an agency's name"),
    )

    def limit(self, steps: Collection[str]) -> None:
        """Leave out the fields of all other steps."""
        kept = {name for code in steps for name in STEPS[code][1]}
        for name in [field.short_name for field in self if field.short_name not in kept]:
            del self[name]

    def fill(self, entry: PlacementEntry | None, call: CallTerms, names: Mapping[UUID, str] | None = None) -> None:
        """Offer the call's topics and, with an `entry`, show its values; `names` are those it refers to."""
        if "topics" in self:
            topics = self["topics"]
            assert isinstance(topics, CheckboxesField)
            topics.choices = topics_of(call)
        if entry is not None:
            names_by_id = names or {}
            named = {
                "prematched_with": names_by_id.get(entry.prematched_with, "") if entry.prematched_with else "",
                "conflicts": "\n".join(
                    names_by_id[conflict] for conflict in entry.conflicts if conflict in names_by_id
                ),
            }
            typed = {name: entry.typed[name] for name in named if name in entry.typed}
            self.process(data=form_data(entry, _FIELDS, _ROWS) | named | typed)
            self._note_typed(entry, call)

    def _note_typed(self, entry: PlacementEntry, call: CallTerms) -> None:
        """Say at each field why what was typed there before is not accepted."""
        typed = [field for field in self if field.short_name in entry.typed]
        if not typed:
            return
        self.note_unreadable()
        for field in typed:
            noted = {anchor for anchor, _ in self.problems()}
            if not any(anchor == field.id or anchor.startswith(f"{field.id}-") for anchor in noted):
                self.refuse(field.short_name, problems(entry, call)[field.short_name])

    def changes(self, named: Mapping[str, object]) -> PlacementEntry:
        """Return the entered values, with the ids of those that are `named`, by field.

        Raises `Refused` (422) at what cannot be read.
        """
        return readable(PlacementEntry, self.values(named))

    def faults(self) -> Mapping[str, str]:
        """Return what cannot be read."""
        return faults_of(PlacementEntry, self.values({}))

    def values(self, named: Mapping[str, object]) -> dict[str, object]:
        """Return the entered values of the fields that are asked for, readable or not; `named` as for `changes`."""
        names = [name for name in _FIELDS if name in self]
        return form_values(self, PlacementEntry, names, _ROWS) | dict(named)


OfferForm: type[BasePlacementForm] = form_of(PlacementEntry, _FIELDS, base=BasePlacementForm, rows=_ROWS, draft=True)


class ReturnForm(Form):
    """A remark for each section that needs one."""

    def remarks(self) -> dict[Section, str]:
        """Return the remarks by section."""
        return {Section(field.name): field.data or "" for field in self}


ReturnOfferForm: type[ReturnForm] = type(
    "ReturnOfferForm",
    (ReturnForm,),
    {section.value: TextAreaField(label, [Longest(1000)]) for section, label in SECTIONS.items()},
)


class EndorseAllForm(Form):
    """The confirmation to endorse several placements; it has no fields."""


class ReturnAllForm(Form):
    """One remark to several hosts."""

    section = SelectField(
        N_("Which part is it about?"),
        [Needed(N_("Choose a part"))],
        choices=[(section.value, label) for section, label in SECTIONS.items()],
        blank=N_("Choose a part"),
    )
    remark = TextAreaField(
        N_("What information do you need?"),
        [Needed(N_("Enter what information you need")), Longest(1000)],
        description=N_("All of the hosts read it"),
    )


class CopyForm(Form):
    """The call to copy to."""

    call = RadioField(N_("For which call?"), [Needed(N_("Choose a call"))])


class VoidForm(Form):
    """The form to remove a placement from the counts, with a reason."""

    reason = SelectField(N_("Why?"), [Needed(N_("Choose a reason"))], choices=VoidReason, blank=N_("Choose a reason"))
