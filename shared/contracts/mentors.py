"""Define the events on `mentoring.mentors`: a mentor's profile (key the mentor)."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.applications import ExpertiseHeld, LanguageHeld
from shared.contracts.base import Country, DatePeriod, Due, Event, Example, Part, Reference, TopicCode
from shared.contracts.codes import N_, CloseCause, LanguageLevel, PauseCause, RankGroup, ServiceKind
from shared.contracts.offers import CandidateChoices


class MentorProfile(Part):
    """The fields of a mentor that the matching uses, whole: no name, no contact, no free text.

    `minimum_level` is required of the mentee in a common language; `rank_groups` are those that the mentor takes (none
    named: all); `prematched_with` names an application, `conflicts` organisations or applications.
    """

    call_id: UUID
    reference: Reference
    organisation_id: UUID
    country: Country
    service: ServiceKind
    rank_group: RankGroup
    expertise: tuple[ExpertiseHeld, ...]
    languages: tuple[LanguageHeld, ...]
    minimum_level: LanguageLevel = LanguageLevel.B1
    capacity: Annotated[int, Field(ge=1, le=5)]
    rank_groups: tuple[RankGroup, ...] = ()
    periods: tuple[DatePeriod, ...]
    topics: tuple[TopicCode, ...] = ()
    prematched_with: UUID | None = None
    conflicts: tuple[UUID, ...] = ()


class MentorEvent(Event):
    """An event on `mentoring.mentors`."""

    topic: ClassVar[str] = "mentoring.mentors"


class MentorPublished(MentorEvent):
    """A mentor publishes expertise and capacity: from now on the mentor can be matched."""

    label: ClassVar[str] = N_("Mentor's profile published")

    profile: MentorProfile

    example: ClassVar[Example] = {"profile": ex.MENTOR_PROFILE}


class MentorRevised(MentorEvent):
    """A mentor changes the profile; it is whole."""

    label: ClassVar[str] = N_("Mentor's profile changed")

    profile: MentorProfile

    example: ClassVar[Example] = {"profile": {**ex.MENTOR_PROFILE, "capacity": 1}}


class MentorPaused(MentorEvent):
    """A mentor takes no new mentee for a while: on request, after silence when asked, or as the state is suspended."""

    label: ClassVar[str] = N_("Mentor's profile paused")

    cause: PauseCause

    example: ClassVar[Example] = {"cause": "by_choice"}


class MentorCandidatesChosen(MentorEvent):
    """A mentor puts anonymous candidates in order, or says that they are not suitable; it is whole."""

    label: ClassVar[str] = N_("Mentor's choice of candidates changed")

    choices: CandidateChoices

    example: ClassVar[Example] = {"choices": ex.CHOICES}


class MentorAvailabilityAsked(MentorEvent):
    """The portal asks a mentor "still available?" (60 days without a change)."""

    label: ClassVar[str] = N_("Availability question sent to the mentor")

    due: Due

    example: ClassVar[Example] = {"due": "2026-04-10T22:00:00Z"}


class MentorAvailabilityConfirmed(MentorEvent):
    """A mentor confirms that the capacity is still available."""

    label: ClassVar[str] = N_("Mentor still available")

    example: ClassVar[Example] = {}


class MentorResumed(MentorEvent):
    """A paused mentor takes mentees again."""

    label: ClassVar[str] = N_("Mentor available again")

    example: ClassVar[Example] = {}


class MentorClosed(MentorEvent):
    """A mentor's profile is closed; open mentorships continue."""

    label: ClassVar[str] = N_("Mentor's profile closed")

    cause: CloseCause

    example: ClassVar[Example] = {"cause": "by_choice"}
