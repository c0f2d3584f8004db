"""The forms of a placement, and how their values become what the model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.forms import LanguageRow, NotOptional, iso_date, rows, topics_of
from shared.contracts.codes import CostBorne, Expertise, RankGroup, Section, VoidReason
from shared.i18n import N_
from shared.web.forms import (
    CheckboxesField,
    DateField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.applications.placements.model.placement import PlacementEntry
    from shared.contracts.calls import CallTerms


class WeeksRow(Row):
    """A period, and how many guests a week."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])
    places_per_week = NumberField(N_("Guests a week"), [NotOptional()])


class OfferForm(Form):
    """A placement; a draft may leave every field open."""

    title = StringField(
        N_("Title"), [NotOptional(), Longest(200)], description=N_("A week with the cybercrime unit, say")
    )
    unit = StringField(N_("Unit"), [Longest(200)])
    city = StringField(N_("City"), [NotOptional(), Longest(100)])
    contact = TextAreaField(
        N_("Contact for the guest"),
        [Longest(1000)],
        description=N_("Name, telephone, where to come. Shown to a guest once the place is confirmed"),
    )
    topics = CheckboxesField(N_("Topics"))
    expertise = CheckboxesField(N_("Areas of expertise"), choices=Expertise)
    outline = TextAreaField(
        N_("Outline of the agenda"),
        [NotOptional(), Longest(5000)],
        description=N_("What a guest sees and does"),
    )
    places = NumberField(N_("How many guests in all?"), [NotOptional()])
    periods = FieldList(FormField(WeeksRow), min_entries=1, max_entries=20)
    days = NumberField(N_("How many working days does a visit last?"), [NotOptional()])
    group_size = NumberField(N_("How many guests may come together?"), [NotOptional()])
    deadline = DateField(N_("Last day on which you take a guest"), description=N_("After it nobody new is matched"))
    languages = FieldList(FormField(LanguageRow), min_entries=1, max_entries=10)
    excluded_rank_groups = CheckboxesField(N_("Ranks that you cannot take"), choices=RankGroup)
    prematched_with = StringField(
        N_("Officer with whom it is agreed"),
        [Longest(20)],
        description=N_("The reference of the application, such as AM-2026-0042. You name each other."),
    )
    conflicts = TextAreaField(
        N_("Conflicts of interest"),
        [Longest(4000)],
        description=N_("Whom you cannot take, one a line: an application by its reference, or an agency by its name"),
    )
    costs_borne = CheckboxesField(N_("What do you pay for?"), choices=CostBorne)
    security = TextAreaField(
        N_("Security requirements"), [Longest(1000)], description=N_("Shown to a guest once the place is confirmed")
    )

    def fill(self, entry: PlacementEntry | None, call: CallTerms, names: Mapping[UUID, str] | None = None) -> None:
        """Offer the call's topics and, with an `entry`, show its values; `names` are those it refers to."""
        self.topics.choices = topics_of(call)
        if entry is not None:
            known = names or {}
            initial = {
                "periods": rows(entry.periods),
                "languages": rows(entry.languages),
                "prematched_with": known.get(entry.prematched_with, "") if entry.prematched_with else "",
                "conflicts": "\n".join(known[conflict] for conflict in entry.conflicts if conflict in known),
            }
            self.process(data=entry.model_dump() | initial)

    def changes(self) -> dict[str, Any]:
        """Return the entered values as the model takes them; references are looked up by `views`."""
        names = ("title", "unit", "city", "topics", "expertise", "outline", "excluded_rank_groups", "costs_borne")
        values: dict[str, Any] = {name: self[name].data or ([] if name in _LISTS else "") for name in names}
        values |= {"security": self.security.data or "", "contact": self.contact.data or ""}
        values |= {"places": self.places.data, "deadline": iso_date(self.deadline.data)}
        values |= {"days": self.days.data or 5, "group_size": self.group_size.data or 1}
        values["periods"] = [
            {
                "start": iso_date(row["start"]),
                "end": iso_date(row["end"]),
                "places_per_week": row["places_per_week"] or 1,
            }
            for row in self.periods.data
            if row["start"] or row["end"]
        ]
        values["languages"] = [row for row in self.languages.data if row["language"] or row["level"]]
        return values


_LISTS = frozenset({"topics", "expertise", "excluded_rank_groups", "costs_borne"})


_SECTIONS = [
    (Section.SERVICE.value, N_("Title, unit, city and contact")),
    (Section.TOPICS.value, N_("Topics")),
    (Section.PLACES.value, N_("Places and periods")),
    (Section.LANGUAGES.value, N_("Languages")),
    (Section.AGENDA.value, N_("Outline of the agenda")),
    (Section.COSTS.value, N_("Costs")),
    (Section.SECURITY.value, N_("Security requirements and conflicts of interest")),
]


class ReturnOfferForm(Form):
    """A remark for each section that needs one."""

    service = TextAreaField(_SECTIONS[0][1], [Longest(1000)])
    topics = TextAreaField(_SECTIONS[1][1], [Longest(1000)])
    places = TextAreaField(_SECTIONS[2][1], [Longest(1000)])
    languages = TextAreaField(_SECTIONS[3][1], [Longest(1000)])
    agenda = TextAreaField(_SECTIONS[4][1], [Longest(1000)])
    costs = TextAreaField(_SECTIONS[5][1], [Longest(1000)])
    security = TextAreaField(_SECTIONS[6][1], [Longest(1000)])

    def remarks(self) -> dict[Section, str]:
        """Return the remarks by section."""
        return {Section(field.name): field.data or "" for field in self}


class EndorseAllForm(Form):
    """The confirmation to endorse several placements; it has no fields."""


class ReturnAllForm(Form):
    """One remark to several hosts."""

    section = SelectField(
        N_("Which part is it about?"), [Needed(N_("Choose a part"))], choices=_SECTIONS, blank=N_("Choose a part")
    )
    remark = TextAreaField(
        N_("What do you ask for?"),
        [Needed(N_("Write what you ask for")), Longest(1000)],
        description=N_("Each of the hosts reads it"),
    )


class CopyForm(Form):
    """The call to copy to."""

    call = RadioField(N_("For which call?"), [Needed(N_("Choose a call"))])


class VoidForm(Form):
    """Why a placement leaves the counts."""

    reason = SelectField(N_("Why?"), [Needed(N_("Choose a reason"))], choices=VoidReason, blank=N_("Choose a reason"))
