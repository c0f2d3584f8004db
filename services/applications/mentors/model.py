"""The entry of a mentor's profile: the table of its fields, what is missing, and the profile published of it.

`MentorEntry` is the draft, and the table of the fields, in the order of the form (`services/applications/fields.py`).
`MentorProfile` (the contract's) is what the other services read: no name, no free text. States and who moves them:
`lifecycles.md`, "Offer of a placement"; the capacity of 1 to 5 is the contract's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from services.applications.application.model.answers import Text
from services.applications.calls.model import OUTSIDE_THE_CALL, outside
from services.applications.fields import (
    LEVELS,
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
from services.applications.placements.model.revision import REOPENABLE, is_over
from services.applications.stored_entries import Check, StoredEntry
from shared.contracts.applications import ExpertiseHeld, LanguageHeld
from shared.contracts.base import DatePeriod, TopicCode
from shared.contracts.codes import ApplicationKind, LanguageLevel, MentorState, RankGroup, Section, ServiceKind
from shared.contracts.lifecycle.state_sets import MENTOR_PUBLISHED_ONCE
from shared.contracts.mentors import MentorProfile
from shared.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from datetime import date

    from shared.contracts.calls import CallTerms

MOST_MENTEES = 5


def _areas(value: tuple[ExpertiseHeld, ...], reading: Reading) -> str:
    return ", ".join(_area(expertise, reading) for expertise in value)


def _area(expertise: ExpertiseHeld, reading: Reading) -> str:
    if expertise.area.restricted and reading.restricted:
        return gettext("restricted")
    return f"{in_words(expertise.area, reading)} ({gettext(LEVELS[expertise.level - 1])})"


class MentorEntry(StoredEntry):
    """A mentor's profile as far as it is written; `about` stays in the portal and is shown to a mentee."""

    service: Annotated[
        ServiceKind | None,
        FieldSpec(
            Section.SERVICE,
            N_("Your service"),
            Control.SELECT,
            title=N_("Service"),
            choices=ServiceKind,
            blank=N_("Choose one"),
            remedy=N_("Choose your service"),
            published=as_written,
            registered=True,
        ),
    ] = None
    rank_group: Annotated[
        RankGroup | None,
        FieldSpec(
            Section.SERVICE,
            N_("Your rank group"),
            Control.SELECT,
            title=N_("Rank group"),
            choices=RankGroup,
            blank=N_("Choose one"),
            remedy=N_("Choose your rank group"),
            published=as_written,
            registered=True,
        ),
    ] = None
    expertise: Annotated[
        tuple[ExpertiseHeld, ...],
        Field(max_length=10),
        FieldSpec(
            Section.EXPERTISE,
            N_("Your areas of expertise"),
            Control.ROWS,
            title=N_("Areas of expertise"),
            remedy=N_("Add at least one area of expertise"),
            words=_areas,
            published=as_written,
        ),
    ] = ()
    topics: Annotated[
        tuple[TopicCode, ...],
        Field(max_length=10),
        FieldSpec(Section.TOPICS, N_("Topics"), Control.CHECKBOXES, words=topics_listed, published=of_the_call),
    ] = ()
    languages: Annotated[
        tuple[LanguageHeld, ...],
        Field(max_length=10),
        FieldSpec(
            Section.LANGUAGES,
            N_("Languages in which you can mentor"),
            Control.ROWS,
            title=N_("Languages"),
            remedy=N_("Add at least one language"),
            words=listed,
            published=as_written,
        ),
    ] = ()
    capacity: Annotated[
        int,
        Field(ge=1, le=MOST_MENTEES),
        FieldSpec(
            Section.PLACES,
            N_("How many mentees can you take?"),
            Control.RADIOS,
            title=N_("Maximum number of mentees"),
            choices=tuple((str(count), str(count)) for count in range(1, MOST_MENTEES + 1)),
            published=as_written,
        ),
    ] = 1
    minimum_level: Annotated[
        LanguageLevel,
        FieldSpec(
            Section.LANGUAGES,
            N_("Level a mentee needs in one of your languages"),
            Control.SELECT,
            title=N_("Level a mentee needs"),
            choices=LanguageLevel,
            published=as_written,
        ),
    ] = LanguageLevel.B1
    rank_groups: Annotated[
        tuple[RankGroup, ...],
        FieldSpec(
            Section.PLACES,
            N_("Ranks you accept"),
            Control.CHECKBOXES,
            title=N_("Ranks accepted"),
            hint=N_("Select none to accept all"),
            choices=RankGroup,
            words=listed,
            empty=N_("All"),
            published=as_written,
        ),
    ] = ()
    periods: Annotated[
        tuple[DatePeriod, ...],
        Field(max_length=20),
        FieldSpec(
            Section.PERIODS,
            N_("Periods when you are available"),
            Control.ROWS,
            title=N_("Periods"),
            remedy=N_("Add a period when you are available"),
            published=as_written,
        ),
    ] = ()
    about: Annotated[
        Text,
        FieldSpec(
            Section.SERVICE,
            N_("About you"),
            Control.LONG_TEXT,
            title=N_("About the mentor"),
            hint=N_("Shown to a mentee once both countries have agreed to the match"),
            most=1000,
        ),
    ] = ""
    conflicts: Annotated[
        tuple[UUID, ...],
        Field(max_length=20),
        FieldSpec(Section.SERVICE, control=Control.OWN, shown=False, published=as_written),
    ] = ()

    checks: ClassVar[tuple[Check, ...]] = (
        Check((), N_("This call does not include mentoring"), lambda call: ApplicationKind.MENTEE not in call.kinds),
        Check(("periods",), OUTSIDE_THE_CALL, outside),
    )

    @property
    def last_day(self) -> date | None:
        """The last day of the last period; None without any."""
        return max((period.end for period in self.periods), default=None)


REVISABLE = frozenset(MENTOR_PUBLISHED_ONCE) - {MentorState.CLOSED}


def writable(state: MentorState, cause: str | None) -> bool:
    """Return whether the mentor may change it: a profile closed by choice stays closed."""
    return state is not MentorState.CLOSED or cause in REOPENABLE


def revisable(state: MentorState, cause: str | None) -> bool:
    """Return whether a change is a revision: the profile is published and may be changed."""
    return state in REVISABLE or (state is MentorState.CLOSED and writable(state, cause))


def problems(entry: MentorEntry, call: CallTerms) -> dict[str, str]:
    """Return what prevents a profile from being published: field -> sentence; empty when it is complete."""
    return missing(entry, call)


def profile_of(
    entry: MentorEntry, call: CallTerms, *, call_id: UUID, reference: str, organisation_id: UUID, country: str
) -> MentorProfile:
    """Return the profile published of a complete entry (`problems` finds nothing), without topics outside the call."""
    return published(
        MentorProfile,
        entry,
        call,
        call_id=call_id,
        reference=reference,
        organisation_id=organisation_id,
        country=country,
    )


def reference(country: str, year: int, number: int) -> str:
    """Return a mentor's reference: `LT-M-2026-0003`, counted by country and year."""
    return f"{country}-M-{year}-{number:04d}"


def below_open_mentorships(entry: MentorEntry, mentees: int) -> dict[str, str]:
    """Return what a revision would take from mentees: field -> sentence with the number of open mentorships."""
    if entry.capacity >= mentees:
        return {}
    return {
        "capacity": ngettext(
            "You have %(num)d mentee. Enter at least this number, or end the mentorship first.",
            "You have %(num)d mentees. Enter at least this number, or end a mentorship first.",
            mentees,
        )
        % {"num": mentees}
    }


def missing_to_open(entry: MentorEntry, today: date) -> dict[str, str]:
    """Return what prevents a profile that closed by itself, or pauses, from being matched: field -> sentence."""
    return {"periods": gettext("Its periods have ended. Add a later period.")} if is_over(entry, today) else {}
