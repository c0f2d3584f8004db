"""The entry of a placement: its fields, what is missing, and the terms published of it.

`PlacementEntry` is the draft: everything may be missing. `OfferTerms` (the contract's) is what the other services read.
Contact, security requirements and remarks stay in the portal. States and who moves them: `lifecycles.md`, "Offer".
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.applications.application.model.answers import Text
from services.applications.calls.model import overlap
from services.applications.register.model import Entry, Line
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import TopicCode
from shared.contracts.calls import CallTerms, DatePeriod
from shared.contracts.codes import CostBorne, Expertise, RankGroup, Section
from shared.contracts.offers import OfferPeriod, OfferTerms
from shared.i18n import N_, gettext

LongText = Annotated[Text, StringConstraints(max_length=5000)]


class PlacementEntry(Entry):
    """A placement as far as the host has written it."""

    title: Line = ""
    unit: Line = ""
    city: Annotated[Line, StringConstraints(max_length=100)] = ""
    outline: LongText = ""
    security: Text = ""
    contact: Text = ""
    topics: Annotated[tuple[TopicCode, ...], Field(max_length=10)] = ()
    expertise: Annotated[tuple[Expertise, ...], Field(max_length=24)] = ()
    places: Annotated[int, Field(ge=1, le=500)] | None = None
    periods: Annotated[tuple[OfferPeriod, ...], Field(max_length=20)] = ()
    languages: Annotated[tuple[LanguageHeld, ...], Field(max_length=10)] = ()
    excluded_rank_groups: tuple[RankGroup, ...] = ()
    group_size: Annotated[int, Field(ge=1, le=5)] = 1
    days: Annotated[int, Field(ge=1, le=5)] = 5
    costs_borne: tuple[CostBorne, ...] = ()
    deadline: date | None = None
    prematched_with: UUID | None = None
    conflicts: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()

    @property
    def last_day(self) -> date | None:
        """The last day of the last period; None without any."""
        return max((period.end for period in self.periods), default=None)


FIELDS: dict[Section, tuple[str, ...]] = {
    Section.SERVICE: ("title", "unit", "city", "contact"),
    Section.TOPICS: ("topics", "expertise"),
    Section.PLACES: ("places", "periods", "days", "group_size", "excluded_rank_groups", "deadline"),
    Section.LANGUAGES: ("languages",),
    Section.AGENDA: ("outline",),
    Section.COSTS: ("costs_borne",),
    Section.SECURITY: ("security", "prematched_with", "conflicts"),
}
"""Which fields belong to which section, in the order of the form."""


def problems(entry: PlacementEntry, call: CallTerms) -> dict[str, str]:
    """Return what prevents a placement from being submitted: field -> sentence; empty when it is complete."""
    found = {
        "title": (not entry.title, N_("Give the placement a title")),
        "city": (not entry.city, N_("Enter the city")),
        "topics": (not set(entry.topics) & set(call.topics), N_("Choose at least one topic of the call")),
        "places": (entry.places is None, N_("Enter how many guests you take in all")),
        "periods": (not _periods_fit(entry, call), N_("Add a period that lies in the call's visit periods")),
        "languages": (not entry.languages, N_("Add at least one working language")),
        "outline": (not entry.outline, N_("Write what a guest will see and do")),
        "days": (
            not call.minimum_days <= entry.days <= call.maximum_days,
            N_("The call allows visits of %(least)s to %(most)s working days"),
        ),
        "group_size": (entry.group_size > call.group_size, N_("The call allows groups of up to %(group)s")),
        "excluded_rank_groups": (len(set(entry.excluded_rank_groups)) == len(RankGroup), N_("Leave some ranks in")),
    }
    numbers = {"least": call.minimum_days, "most": call.maximum_days, "group": call.group_size}
    return {field: gettext(sentence) % numbers for field, (wrong, sentence) in found.items() if wrong}


def _periods_fit(entry: PlacementEntry, call: CallTerms) -> bool:
    """Return whether every period has its days in order, and at least one shares a day with the call's periods."""
    if not entry.periods or any(period.end < period.start for period in entry.periods):
        return False
    return not call.visit_periods or any(
        overlap(DatePeriod(start=offered.start, end=offered.end), asked_for)
        for offered in entry.periods
        for asked_for in call.visit_periods
    )


def terms_of(
    entry: PlacementEntry, call: CallTerms, *, call_id: UUID, reference: str, organisation_id: UUID, country: str
) -> OfferTerms:
    """Return the terms published of a complete entry (`problems` finds nothing), without topics outside the call."""
    assert entry.places is not None
    return OfferTerms(
        call_id=call_id,
        reference=reference,
        organisation_id=organisation_id,
        country=country,
        city=entry.city,
        unit=entry.unit,
        title=entry.title,
        outline=entry.outline,
        topics=tuple(topic for topic in entry.topics if topic in call.topics),
        expertise=entry.expertise,
        places=entry.places,
        periods=entry.periods,
        languages=entry.languages,
        excluded_rank_groups=entry.excluded_rank_groups,
        group_size=entry.group_size,
        days=entry.days,
        costs_borne=entry.costs_borne,
        prematched_with=entry.prematched_with,
        deadline=entry.deadline,
        conflicts=entry.conflicts,
    )


def reference(country: str, year: int, number: int) -> str:
    """Return a placement's reference: `FR-P-2026-0007`, counted by country and year."""
    return f"{country}-P-{year}-{number:04d}"
