"""Define the events on `mentoring.mentorships`: a mentorship from agreement to end (key the mentorship)."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, Day, Due, Event, Example, Language, Part, TopicCode
from shared.contracts.codes import N_, Party, RankGroup, Reason


class MentorshipPlan(Part):
    """The people of a mentorship, and the dimensions for counting; `country` is the mentee's."""

    match_id: UUID
    application_id: UUID
    call_id: UUID
    mentor_id: UUID
    country: Country
    mentor_country: Country
    mentor_organisation_id: UUID
    rank_group: RankGroup
    topic: TopicCode
    language: Language
    fund_id: UUID


class MentorshipEvent(Event):
    """An event on `mentoring.mentorships`; each has the whole plan, so that a reader needs no other event."""

    topic: ClassVar[str] = "mentoring.mentorships"

    plan: MentorshipPlan

    example: ClassVar[Example] = {"plan": ex.MENTORSHIP_PLAN}


class MentorshipOpened(MentorshipEvent):
    """A mentee's match is confirmed: both sides sign the agreement by `due`; `until` is the longest both can."""

    label: ClassVar[str] = N_("Mentorship opened")

    due: Due
    until: Day | None = None

    example: ClassVar[Example] = {
        "plan": ex.MENTORSHIP_PLAN,
        "due": "2026-03-13T23:00:00Z",
        "until": "2026-09-30",
    }


class MentorshipStarted(MentorshipEvent):
    """Both sides signed the same version of the agreement; `until` is the planned end."""

    label: ClassVar[str] = N_("Mentorship started")

    started_on: Day
    until: Day | None = None

    example: ClassVar[Example] = {
        "plan": ex.MENTORSHIP_PLAN,
        "started_on": "2026-03-03",
        "until": "2026-09-30",
    }


class MentorshipPaused(MentorshipEvent):
    """A side asked for a pause, or the partner is suspended."""

    label: ClassVar[str] = N_("Mentorship paused")

    by: Party
    reason: Reason

    example: ClassVar[Example] = {"plan": ex.MENTORSHIP_PLAN, "by": "mentor", "reason": "operational_duty"}


class MentorshipResumed(MentorshipEvent):
    """A paused mentorship continues."""

    label: ClassVar[str] = N_("Mentorship resumed")

    by: Party

    example: ClassVar[Example] = {"plan": ex.MENTORSHIP_PLAN, "by": "mentor"}


class MentorshipCompleted(MentorshipEvent):
    """The goals are closed or the time is over, and both confirmed enough sessions (three by default)."""

    label: ClassVar[str] = N_("Mentorship completed")

    ended_on: Day
    sessions: Count
    goals: Count
    goals_met: Count

    example: ClassVar[Example] = {
        "plan": ex.MENTORSHIP_PLAN,
        "ended_on": "2026-09-30",
        "sessions": 5,
        "goals": 2,
        "goals_met": 2,
    }


class MentorshipEndedEarly(MentorshipEvent):
    """The mentorship ends before it is complete: on request, by silence over the agreement, or by suspension."""

    label: ClassVar[str] = N_("Mentorship ended early")

    by: Party
    reason: Reason
    ended_on: Day
    sessions: Count = 0

    example: ClassVar[Example] = {
        "plan": ex.MENTORSHIP_PLAN,
        "by": "mentee",
        "reason": "operational_duty",
        "ended_on": "2026-05-12",
        "sessions": 2,
    }
