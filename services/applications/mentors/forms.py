"""The form of a mentor's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.forms import ExpertiseRow, LanguageRow, NotOptional, SpanRow, iso_date, rows, topics_of
from shared.contracts.codes import LanguageLevel, RankGroup, ServiceKind
from shared.i18n import N_
from shared.web.forms import (
    CheckboxesField,
    FieldList,
    Form,
    FormField,
    Longest,
    RadioField,
    SelectField,
    TextAreaField,
)

if TYPE_CHECKING:
    from services.applications.mentors.model import MentorEntry
    from shared.contracts.calls import CallTerms


class MentorForm(Form):
    """A mentor's profile."""

    service = SelectField(N_("Your service"), [NotOptional()], choices=ServiceKind, blank=N_("Choose one"), default="")
    rank_group = SelectField(
        N_("Your rank group"), [NotOptional()], choices=RankGroup, blank=N_("Choose one"), default=""
    )
    expertise = FieldList(FormField(ExpertiseRow), min_entries=1, max_entries=10)
    languages = FieldList(FormField(LanguageRow), min_entries=1, max_entries=10)
    minimum_level = SelectField(N_("Level that a mentee needs in a language of yours"), choices=LanguageLevel)
    capacity = RadioField(
        N_("How many mentees do you take?"), choices=[(str(count), str(count)) for count in range(1, 6)]
    )
    rank_groups = CheckboxesField(
        N_("Ranks that you take"), choices=RankGroup, description=N_("None ticked: all of them")
    )
    topics = CheckboxesField(N_("Topics"))
    periods = FieldList(FormField(SpanRow), min_entries=1, max_entries=20)
    about = TextAreaField(
        N_("About you"), [Longest(1000)], description=N_("Shown to a mentee once both countries have cleared the match")
    )

    def fill(self, entry: MentorEntry | None, call: CallTerms) -> None:
        """Offer the call's topics and, with an `entry`, show its values."""
        self.topics.choices = topics_of(call)
        if entry is not None:
            known = {name: rows(getattr(entry, name)) for name in ("expertise", "languages", "periods")}
            self.process(data=entry.model_dump() | known | {"capacity": str(entry.capacity)})

    def changes(self) -> dict[str, Any]:
        """Return the entered values as the model takes them."""
        return {
            "service": self.service.data or None,
            "rank_group": self.rank_group.data or None,
            "expertise": [
                {"area": row["area"], "level": int(row["level"] or 1), "years": row["years"] or 0}
                for row in self.expertise.data
                if row["area"]
            ],
            "languages": [row for row in self.languages.data if row["language"] or row["level"]],
            "minimum_level": self.minimum_level.data,
            "capacity": int(self.capacity.data or 1),
            "rank_groups": self.rank_groups.data or [],
            "topics": self.topics.data or [],
            "periods": [
                {"start": iso_date(row["start"]), "end": iso_date(row["end"])}
                for row in self.periods.data
                if row["start"] or row["end"]
            ],
            "about": self.about.data or "",
        }
