"""The entry of a mentor's profile: its fields, what is missing, and the profile published of it.

`MentorEntry` is the draft; `MentorProfile` (the contract's) is what the other services read: no name, no free text.
States and who moves them: `lifecycles.md`, "Offer of a placement"; the capacity of 1 to 5 is the contract's.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.applications.application.model.answers import Text
from services.applications.placements.model.revision import REOPENABLE, is_over
from services.applications.register.model import Entry
from shared.contracts.applications import ExpertiseHeld, LanguageHeld
from shared.contracts.base import TopicCode
from shared.contracts.calls import CallTerms, DatePeriod
from shared.contracts.codes import ApplicationKind, LanguageLevel, MentorState, RankGroup, ServiceKind
from shared.contracts.mentors import MentorProfile
from shared.i18n import N_, gettext, ngettext

MOST_MENTEES = 5


class MentorEntry(Entry):
    """A mentor's profile as far as it is written; `about` stays in the portal and is shown to a mentee."""

    service: ServiceKind | None = None
    rank_group: RankGroup | None = None
    expertise: Annotated[tuple[ExpertiseHeld, ...], Field(max_length=10)] = ()
    languages: Annotated[tuple[LanguageHeld, ...], Field(max_length=10)] = ()
    minimum_level: LanguageLevel = LanguageLevel.B1
    capacity: Annotated[int, Field(ge=1, le=MOST_MENTEES)] = 1
    rank_groups: tuple[RankGroup, ...] = ()
    periods: Annotated[tuple[DatePeriod, ...], Field(max_length=20)] = ()
    topics: Annotated[tuple[TopicCode, ...], Field(max_length=10)] = ()
    conflicts: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    about: Text = ""

    @property
    def last_day(self) -> date | None:
        """The last day of the last period; None without any."""
        return max((period.end for period in self.periods), default=None)


REVISABLE = frozenset({MentorState.PUBLISHED, MentorState.PAUSED})


def writable(state: MentorState, cause: str | None) -> bool:
    """Return whether the mentor may change it: a profile closed by choice stays closed."""
    return state is not MentorState.CLOSED or cause in REOPENABLE


def revisable(state: MentorState, cause: str | None) -> bool:
    """Return whether a change is a revision: the profile is published and may be changed."""
    return state in REVISABLE or (state is MentorState.CLOSED and writable(state, cause))


def problems(entry: MentorEntry, call: CallTerms) -> dict[str, str]:
    """Return what prevents a profile from being published: field -> sentence; empty when it is complete."""
    found = {
        "form": (ApplicationKind.MENTEE not in call.kinds, N_("This call does not include mentoring")),
        "service": (entry.service is None, N_("Choose your service")),
        "rank_group": (entry.rank_group is None, N_("Choose your rank group")),
        "expertise": (not entry.expertise, N_("Add at least one area of expertise")),
        "languages": (not entry.languages, N_("Add at least one language")),
        "periods": (
            not entry.periods or any(period.end < period.start for period in entry.periods),
            N_("Add a period in which you have time, its first day before its last"),
        ),
    }
    return {field: gettext(text) for field, (wrong, text) in found.items() if wrong}


def profile_of(
    entry: MentorEntry, call: CallTerms, *, call_id: UUID, reference: str, organisation_id: UUID, country: str
) -> MentorProfile:
    """Return the profile published of a complete entry (`problems` finds nothing), without topics outside the call."""
    assert entry.service is not None
    assert entry.rank_group is not None
    return MentorProfile(
        call_id=call_id,
        reference=reference,
        organisation_id=organisation_id,
        country=country,
        service=entry.service,
        rank_group=entry.rank_group,
        expertise=entry.expertise,
        languages=entry.languages,
        minimum_level=entry.minimum_level,
        capacity=entry.capacity,
        rank_groups=entry.rank_groups,
        periods=entry.periods,
        topics=tuple(topic for topic in entry.topics if topic in call.topics),
        conflicts=entry.conflicts,
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
            "You have %(num)d mentee. Take at least as many, or end the mentorship first.",
            "You have %(num)d mentees. Take at least as many, or end a mentorship first.",
            mentees,
        )
        % {"num": mentees}
    }


def missing_to_open(entry: MentorEntry, today: date) -> dict[str, str]:
    """Return what prevents a profile that closed by itself, or pauses, from being matched: field -> sentence."""
    return {"periods": gettext("Its periods are over. Add a later one.")} if is_over(entry, today) else {}
