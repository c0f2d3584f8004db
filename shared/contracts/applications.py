"""Define the events on `exchange.applications`: an application until it is decided (key the application).

No event says that an application is in matching, matched or completed: the portal projects that from the events of
matching and reporting (lifecycles.md, "Application").
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, DatePeriod, Due, Event, Example, Language, Part, Reference, TopicCode
from shared.contracts.codes import (
    MOST_WISHES,
    N_,
    ActingAs,
    AnswerForm,
    AppealOutcome,
    ApplicationKind,
    ApplicationMode,
    ApplicationState,
    CompanionAnswer,
    EligibilityRule,
    Expertise,
    LanguageLevel,
    NotEndorsedReason,
    Outcome,
    Party,
    RankGroup,
    Reason,
    Section,
    ServiceKind,
    VoidReason,
)


class ExpertiseHeld(Part):
    """An area of expertise with level (1 basic, 2 advanced, 3 expert) and years."""

    area: Expertise
    level: Annotated[int, Field(ge=1, le=3)]
    years: Annotated[int, Field(ge=0, le=60)] = 0


class LanguageHeld(Part):
    """A language and the level that a person has or that is required."""

    language: Language
    level: LanguageLevel


class ApplicationProfile(Part):
    """The fields of an application that the rules and the matching use: no name, no contact, no free text.

    `topics` and `preferred_countries` are in order of preference. `group_id` is shared by the members of a group;
    `prematched_with` is the application, offer or mentor of the counterpart. `conflicts` are organisations, offers or
    mentors that a conflict of interest excludes. `objectives` is their number: the texts stay in the portal. `wishes`
    are offers or mentors, most wanted first; the call's rule of wishes says how they count.
    """

    call_id: UUID
    reference: Reference
    kind: ApplicationKind
    mode: ApplicationMode = ApplicationMode.OPEN
    country: Country
    organisation_id: UUID
    service: ServiceKind
    rank_group: RankGroup
    years_in_field: Annotated[int, Field(ge=0, le=60)]
    expertise: tuple[ExpertiseHeld, ...]
    languages: tuple[LanguageHeld, ...]
    topics: tuple[TopicCode, ...]
    preferred_countries: tuple[Country, ...] = ()
    periods: tuple[DatePeriod, ...]
    blackouts: tuple[DatePeriod, ...] = ()
    group_id: UUID | None = None
    prematched_with: UUID | None = None
    first_time: bool = True
    conflicts: tuple[UUID, ...] = ()
    objectives: Annotated[int, Field(ge=0, le=3)] = 0
    cascade_committed: bool = False
    courses: tuple[str, ...] = ()
    wishes: Annotated[tuple[UUID, ...], Field(max_length=MOST_WISHES)] = ()


class EligibilityCheck(Part):
    """One rule of the call, whether it was met, what it required and what it found (short codes or numbers)."""

    rule: EligibilityRule
    held: bool
    needed: Annotated[str, Field(max_length=100)] = ""
    given: Annotated[str, Field(max_length=100)] = ""


class ApplicationEvent(Event):
    """An event on `exchange.applications`."""

    topic: ClassVar[str] = "exchange.applications"


class ApplicationSubmitted(ApplicationEvent):
    """An officer submits a draft, before the call's deadline by the server's clock; `due` is when endorsement is."""

    label: ClassVar[str] = N_("Application submitted")

    profile: ApplicationProfile
    due: Due

    example: ClassVar[Example] = {"profile": ex.PROFILE, "due": "2026-01-30T23:00:00Z"}


class ApplicationReturned(ApplicationEvent):
    """The home national coordinator asks for information on some sections; the officer answers by `due`."""

    label: ClassVar[str] = N_("Application returned with a question")

    sections: tuple[Section, ...]
    acting_as: ActingAs = ActingAs.COORDINATOR
    due: Due

    example: ClassVar[Example] = {
        "sections": ["languages", "periods"],
        "acting_as": "coordinator",
        "due": "2026-01-30T23:00:00Z",
    }


class ApplicationResubmitted(ApplicationEvent):
    """The officer answers an application that was returned; the profile is whole, endorsement is due again."""

    label: ClassVar[str] = N_("Application submitted again")

    profile: ApplicationProfile
    due: Due

    example: ClassVar[Example] = {"profile": ex.PROFILE, "due": "2026-02-06T23:00:00Z"}


class ApplicationEndorsed(ApplicationEvent):
    """The home national coordinator endorses, or the deputy, or on request the programme coordinator; never automatic.

    `due` is when eligibility is decided.
    """

    label: ClassVar[str] = N_("Application endorsed")

    acting_as: ActingAs = ActingAs.COORDINATOR
    due: Due

    example: ClassVar[Example] = {"acting_as": "coordinator", "due": "2026-02-06T23:00:00Z"}


class ApplicationNotEndorsed(ApplicationEvent):
    """The home national coordinator does not endorse; the officer may appeal until `appeal_until`."""

    label: ClassVar[str] = N_("Application not endorsed")

    reason: NotEndorsedReason
    acting_as: ActingAs = ActingAs.COORDINATOR
    appeal_until: Due

    example: ClassVar[Example] = {
        "reason": "priority_given_to_others",
        "acting_as": "coordinator",
        "appeal_until": "2026-02-13T23:00:00Z",
    }


class ApplicationFoundEligible(ApplicationEvent):
    """The application meets the call's rules; computed, and confirmed by the programme coordinator.

    `rules_version` is the revision of the call by which it was judged. From here the application is in matching.
    """

    label: ClassVar[str] = N_("Application found eligible")

    rules_version: Annotated[int, Field(ge=1)]
    checks: tuple[EligibilityCheck, ...]

    example: ClassVar[Example] = {
        "rules_version": 1,
        "checks": [{"rule": "language", "held": True, "needed": "B1", "given": "en B2"}],
    }


class ApplicationFoundIneligible(ApplicationEvent):
    """The application does not meet a rule of the call; computed, and confirmed by the programme coordinator."""

    label: ClassVar[str] = N_("Application found ineligible")

    rules_version: Annotated[int, Field(ge=1)]
    checks: tuple[EligibilityCheck, ...]
    appeal_until: Due

    example: ClassVar[Example] = {
        "rules_version": 1,
        "checks": [{"rule": "language", "held": False, "needed": "B1", "given": "en A2"}],
        "appeal_until": "2026-02-13T23:00:00Z",
    }


class ApplicationChanged(ApplicationEvent):
    """The officer changes an open application before it is offered, with a reason; the profile is whole.

    `state` is the state of the application now: `submitted` (with `due`) where the rules use a changed endorsed field.
    """

    label: ClassVar[str] = N_("Application changed")

    profile: ApplicationProfile
    sections: tuple[Section, ...]
    reason: Reason
    state: ApplicationState
    due: Due | None = None

    example: ClassVar[Example] = {
        "profile": ex.PROFILE,
        "sections": ["periods"],
        "reason": "timetable_conflict",
        "state": "eligible",
        "due": None,
    }


class LineManagerNamed(ApplicationEvent):
    """The officer has named a line manager who has not been notified before; the portal keeps who it is.

    `number` counts the line managers named for this application.
    """

    label: ClassVar[str] = N_("Line manager named")

    number: Annotated[int, Field(ge=1)] = 1

    example: ClassVar[Example] = {"number": 1}


class LineManagerLinkAsked(ApplicationEvent):
    """The line manager's link has expired and a new one is requested; it goes to the address that the portal holds.

    `matter` is what it leads to: the follow-up, or the cascade sessions.
    """

    label: ClassVar[str] = N_("New link requested")

    matter: AnswerForm = AnswerForm.FOLLOW_UP

    example: ClassVar[Example] = {"matter": "follow_up"}


class CompanionEvent(ApplicationEvent):
    """An event between an officer and a companion; the portal knows by `companion_id` who that is.

    It may come before the application is submitted, so it says itself whose case it is; then there is no reference.
    """

    abstract: ClassVar[bool] = True

    companion_id: UUID
    mode: ApplicationMode
    call_id: UUID
    kind: ApplicationKind
    country: Country
    organisation_id: UUID | None = None
    reference: Reference | None = None


_COMPANION: Mapping[str, Any] = {
    "companion_id": ex.GOAL,
    "mode": "group",
    "call_id": ex.CALL,
    "kind": "study_visit",
    "country": "MD",
    "organisation_id": ex.HOME_ORGANISATION,
    "reference": "MD-2026-0042",
}


class CompanionAsked(CompanionEvent):
    """An officer names a counterpart (pre-matched), or invites a person into their group."""

    label: ClassVar[str] = N_("Counterpart or group member named")

    example: ClassVar[Example] = _COMPANION


class CompanionAnswered(CompanionEvent):
    """The result: confirmed, declined or left by the companion, or withdrawn by the officer who named them.

    `mismatch`: each names somebody, but not each other; both are notified.
    """

    label: ClassVar[str] = N_("Counterpart or group member answered")

    answer: CompanionAnswer

    example: ClassVar[Example] = {**_COMPANION, "answer": "confirmed"}


class ApplicationWithdrawn(ApplicationEvent):
    """The officer withdraws, or the portal does after a deadline without an answer (`no_answer`)."""

    label: ClassVar[str] = N_("Application withdrawn")

    reason: Reason
    by: Party = Party.GUEST

    example: ClassVar[Example] = {"reason": "operational_duty", "by": "guest"}


class ApplicationCancelled(ApplicationEvent):
    """The programme coordinator cancels an open application, with a reason."""

    label: ClassVar[str] = N_("Application cancelled")

    reason: Reason
    appeal_until: Due

    example: ClassVar[Example] = {"reason": "partner_suspended", "appeal_until": "2026-02-13T23:00:00Z"}


class ApplicationDecided(ApplicationEvent):
    """The first final outcome of an application, once; the envelope's time is the time of the decision."""

    label: ClassVar[str] = N_("Outcome of the application decided")

    outcome: Outcome
    submitted_at: AwareDatetime
    call_id: UUID
    kind: ApplicationKind
    country: Country

    example: ClassVar[Example] = {
        "outcome": "place_confirmed",
        "submitted_at": "2026-01-16T09:30:00Z",
        "call_id": ex.CALL,
        "kind": "study_visit",
        "country": "MD",
    }


class ApplicationVoided(ApplicationEvent):
    """The programme coordinator removes an application that was entered in error: it leaves the counts."""

    label: ClassVar[str] = N_("Application removed as entered in error")

    reason: VoidReason

    example: ClassVar[Example] = {"reason": "duplicate"}


class AppealFiled(ApplicationEvent):
    """The officer appeals against a decision; a different coordinator decides by `due`."""

    label: ClassVar[str] = N_("Appeal filed")

    against: ApplicationState
    due: Due

    example: ClassVar[Example] = {"against": "ineligible", "due": "2026-03-06T23:00:00Z"}


class AppealDecided(ApplicationEvent):
    """A different coordinator decides an appeal; `state` is where the application continues.

    Upheld: the decision is cancelled and the application continues from its state before it, `due` is then the next
    step's date. Dismissed: it is back in its state at the time of the appeal. `call_closed`: the call has closed
    meanwhile, so that an upheld application cannot continue in it and is unplaced.
    """

    label: ClassVar[str] = N_("Appeal decided")

    outcome: AppealOutcome
    state: ApplicationState
    appeals: Count = 1
    due: Due | None = None
    call_closed: bool = False

    example: ClassVar[Example] = {
        "outcome": "upheld",
        "state": "endorsed",
        "appeals": 1,
        "due": "2026-03-13T23:00:00Z",
        "call_closed": False,
    }
