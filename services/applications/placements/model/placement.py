"""The entry of a placement: the table of its fields, what is missing, and the terms published of it.

`PlacementEntry` is the draft: everything may be missing. It is the table of the fields, in the order of the form
(`services/applications/fields.py`). `OfferTerms` (the contract's) is what the other services read. Contact, security
requirements and remarks stay in the portal. States and who moves them: `lifecycles.md`, "Offer".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from services.applications.application.model.answers import Text, several_lines
from services.applications.calls.model import OUTSIDE_THE_CALL, outside, overlap
from services.applications.fields import (
    Control,
    FieldSpec,
    Reading,
    as_written,
    in_words,
    listed,
    missing,
    of_the_call,
    published,
    topics_listed,
)
from services.applications.register.model import Line, clean
from services.applications.stored_entries import Check, StoredEntry
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import DatePeriod, Day, TopicCode
from shared.contracts.codes import CostBorne, Expertise, RankGroup, Section
from shared.contracts.offers import OfferPeriod, OfferTerms
from shared.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from datetime import date

    from shared.contracts.calls import CallTerms

LongText = Annotated[str, StringConstraints(max_length=5000), AfterValidator(several_lines)]
City = Annotated[str, StringConstraints(max_length=100), AfterValidator(clean)]
SECTIONS: dict[Section, str] = {
    Section.SERVICE: N_("Title, unit, city and contact"),
    Section.TOPICS: N_("Topics"),
    Section.PLACES: N_("Places and periods"),
    Section.LANGUAGES: N_("Languages"),
    Section.AGENDA: N_("Outline of the agenda"),
    Section.COSTS: N_("Costs"),
    Section.SECURITY: N_("Security requirements and conflicts of interest"),
}
"""The sections about which a coordinator may ask, in their order."""

STEPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "what": (N_("What and where"), ("title", "unit", "city", "topics", "outline")),
    "when": (N_("Places and periods"), ("places", "periods", "days", "group_size", "deadline")),
    "who": (N_("Guests you can take"), ("languages", "expertise", "excluded_rank_groups")),
    "security": (N_("Security and conflicts"), ("security", "conflicts", "prematched_with")),
    "practical": (N_("Contact and costs"), ("contact", "costs_borne")),
}
"""The steps of the form in their order, each with its title and its fields."""
_NAMES = {
    "prematched_with": N_("Check the reference of the application, or leave the field empty"),
    "conflicts": N_("Check the references and names. Enter one per line"),
}
"""The remedies for names that were typed and are not known."""

PERIOD_IN_CALL = N_("Add a period within the call's visit periods")


def _topic_of_call(entry: PlacementEntry, call: CallTerms) -> bool:
    return bool(set(entry.topics) & set(call.topics))


def _outside_the_call(periods: tuple[OfferPeriod, ...], call: CallTerms) -> bool:
    """Return whether no period shares a day with the call's periods."""
    return bool(call.visit_periods) and not any(
        overlap(offered, of_call) for offered in periods for of_call in call.visit_periods
    )


def _other_length(days: int, call: CallTerms) -> bool | dict[str, object]:
    fits = call.minimum_days <= days <= call.maximum_days
    return not fits and {"least": call.minimum_days, "most": call.maximum_days}


def _larger_group(group_size: int, call: CallTerms) -> bool | dict[str, object]:
    return group_size > call.group_size and {"group": call.group_size}


def _no_ranks_left(excluded: tuple[RankGroup, ...], _: CallTerms) -> bool:
    return len(set(excluded)) == len(RankGroup)


def _periods(value: tuple[OfferPeriod, ...], reading: Reading) -> str:
    return "; ".join(_period(period, reading) for period in value)


def _period(period: OfferPeriod, reading: Reading) -> str:
    week = ngettext("%(num)d guest per week", "%(num)d guests per week", period.places_per_week)
    span = in_words(DatePeriod(start=period.start, end=period.end), reading)
    return f"{span} ({week % {'num': period.places_per_week}})"


def _counterpart(value: UUID, reading: Reading) -> str:
    return reading.names.get(value, gettext("an unknown application"))


def _known_names(value: tuple[UUID, ...], reading: Reading) -> str:
    return ", ".join(reading.names[id_] for id_ in value if id_ in reading.names)


class PlacementEntry(StoredEntry):
    """A placement as far as the host has written it."""

    title: Annotated[
        Line,
        FieldSpec(
            Section.SERVICE,
            N_("Title"),
            hint=N_("For example, a week with the cybercrime unit"),
            remedy=N_("Give the placement a title"),
            most=200,
            published=as_written,
        ),
    ] = ""
    unit: Annotated[Line, FieldSpec(Section.SERVICE, N_("Unit"), most=200, published=as_written)] = ""
    city: Annotated[
        City,
        FieldSpec(Section.SERVICE, N_("City"), remedy=N_("Enter the city"), most=100, published=as_written),
    ] = ""
    contact: Annotated[
        Text,
        FieldSpec(
            Section.SERVICE,
            N_("Contact for the guest"),
            Control.LONG_TEXT,
            hint=N_("Name, telephone and where to come. Shown to a guest once the place is confirmed"),
            most=1000,
        ),
    ] = ""
    topics: Annotated[
        tuple[TopicCode, ...],
        Field(max_length=10),
        FieldSpec(
            Section.TOPICS,
            N_("Topics"),
            Control.CHECKBOXES,
            remedy=N_("Choose at least one topic of the call"),
            complete=_topic_of_call,
            words=topics_listed,
            published=of_the_call,
        ),
    ] = ()
    expertise: Annotated[
        tuple[Expertise, ...],
        Field(max_length=24),
        FieldSpec(
            Section.TOPICS,
            N_("Areas of expertise"),
            Control.CHECKBOXES,
            choices=Expertise,
            words=listed,
            published=as_written,
        ),
    ] = ()
    outline: Annotated[
        LongText,
        FieldSpec(
            Section.AGENDA,
            N_("Outline of the agenda"),
            Control.LONG_TEXT,
            hint=N_("What a guest sees and does"),
            remedy=N_("Write what a guest will see and do"),
            most=5000,
            published=as_written,
        ),
    ] = ""
    places: Annotated[
        Annotated[int, Field(ge=1, le=500)] | None,
        FieldSpec(
            Section.PLACES,
            N_("How many guests can you take in total?"),
            Control.NUMBER,
            title=N_("Places"),
            remedy=N_("Enter how many guests you can take in total"),
            published=as_written,
        ),
    ] = None
    periods: Annotated[
        tuple[OfferPeriod, ...],
        Field(max_length=20),
        FieldSpec(
            Section.PLACES,
            N_("Possible periods for a visit"),
            Control.ROWS,
            title=N_("Periods"),
            remedy=PERIOD_IN_CALL,
            words=_periods,
            published=as_written,
        ),
    ] = ()
    days: Annotated[
        int,
        Field(ge=1, le=5),
        FieldSpec(
            Section.PLACES,
            N_("How many working days does a visit last?"),
            Control.NUMBER,
            title=N_("Working days of a visit"),
            published=as_written,
        ),
    ] = 5
    group_size: Annotated[
        int,
        Field(ge=1, le=5),
        FieldSpec(
            Section.PLACES,
            N_("How many guests may come together?"),
            Control.NUMBER,
            title=N_("Guests together"),
            published=as_written,
        ),
    ] = 1
    deadline: Annotated[
        Day | None,
        FieldSpec(
            Section.PLACES,
            N_("Last day you can take a guest"),
            Control.DATE,
            title=N_("Last day a guest is accepted"),
            hint=N_("Nobody new is matched after this day"),
            published=as_written,
        ),
    ] = None
    languages: Annotated[
        tuple[LanguageHeld, ...],
        Field(max_length=10),
        FieldSpec(
            Section.LANGUAGES,
            N_("Working languages, each with the level that a guest needs"),
            Control.ROWS,
            title=N_("Working languages"),
            remedy=N_("Add at least one working language"),
            words=listed,
            published=as_written,
        ),
    ] = ()
    excluded_rank_groups: Annotated[
        tuple[RankGroup, ...],
        FieldSpec(
            Section.PLACES,
            N_("Ranks you cannot accept"),
            Control.CHECKBOXES,
            title=N_("Ranks not accepted"),
            choices=RankGroup,
            words=listed,
            published=as_written,
        ),
    ] = ()
    prematched_with: Annotated[
        UUID | None,
        FieldSpec(
            Section.SECURITY,
            N_("Officer you have agreed this with"),
            Control.OWN,
            title=N_("Agreed with"),
            words=_counterpart,
            published=as_written,
        ),
    ] = None
    conflicts: Annotated[
        tuple[UUID, ...],
        Field(max_length=20),
        FieldSpec(
            Section.SECURITY,
            N_("Conflicts of interest"),
            Control.OWN,
            words=_known_names,
            published=as_written,
        ),
    ] = ()
    costs_borne: Annotated[
        tuple[CostBorne, ...],
        FieldSpec(
            Section.COSTS,
            N_("What do you pay for?"),
            Control.CHECKBOXES,
            title=N_("Costs paid by the host"),
            choices=CostBorne,
            words=listed,
            published=as_written,
        ),
    ] = ()
    security: Annotated[
        Text,
        FieldSpec(
            Section.SECURITY,
            N_("Security requirements"),
            Control.LONG_TEXT,
            hint=N_("Shown to an officer with the offer of a place"),
            most=1000,
        ),
    ] = ""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("periods",), OUTSIDE_THE_CALL, outside),
        Check(("periods",), PERIOD_IN_CALL, _outside_the_call),
        Check(("days",), N_("The call allows visits of %(least)s to %(most)s working days"), _other_length),
        Check(("group_size",), N_("The call allows groups of up to %(group)s"), _larger_group),
        Check(("excluded_rank_groups",), N_("Do not exclude all ranks"), _no_ranks_left),
    )

    @property
    def last_day(self) -> date | None:
        """The last day of the last period; None without any."""
        return max((period.end for period in self.periods), default=None)


def problems(entry: PlacementEntry, call: CallTerms) -> dict[str, str]:
    """Return what prevents a placement from being submitted: field -> sentence; empty when it is complete."""
    found = missing(entry, call)
    return found | {name: gettext(text) for name, text in _NAMES.items() if name in entry.typed}


def step_of(name: str) -> str:
    """Return the step of the form that asks for a field; the first for an unknown one."""
    field = name.partition(".")[0]
    return next((code for code, (_, fields) in STEPS.items() if field in fields), next(iter(STEPS)))


def to_change(entry: PlacementEntry, call: CallTerms, code: str, *, closed: bool) -> list[str]:
    """Return the steps that a revision of one step shows: with it those that must be right before it is published.

    A placement that is `closed` opens again by its places and periods.
    """
    needed = {code, *map(step_of, problems(entry, call)), *(["when"] if closed else [])}
    return [step for step in STEPS if step in needed]


def terms_of(
    entry: PlacementEntry, call: CallTerms, *, call_id: UUID, reference: str, organisation_id: UUID, country: str
) -> OfferTerms:
    """Return the terms published of a complete entry (`problems` finds nothing), without topics outside the call."""
    return published(
        OfferTerms,
        entry,
        call,
        call_id=call_id,
        reference=reference,
        organisation_id=organisation_id,
        country=country,
    )


def reference(country: str, year: int, number: int) -> str:
    """Return a placement's reference: `FR-P-2026-0007`, counted by country and year."""
    return f"{country}-P-{year}-{number:04d}"


def offer_path(offer_id: UUID, rest: str = "") -> str:
    """Return the address of a placement, or of a page of it."""
    return f"/applications/offers/{offer_id}" + (f"/{rest}" if rest else "")
