"""Define the events on `exchange.offers`: a host's placement (key the offer)."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import Country, DatePeriod, Day, Due, Event, Example, Part, Reference, TopicCode
from shared.contracts.codes import (
    MOST_WISHES,
    N_,
    ActingAs,
    CloseCause,
    CostBorne,
    Expertise,
    NotSuitableReason,
    PauseCause,
    RankGroup,
    Reason,
    Section,
    VoidReason,
)


class OfferPeriod(DatePeriod):
    """The first and last day between which visits may be, and how many guests a week."""

    places_per_week: Annotated[int, Field(ge=1, le=100)] = 1


class OfferTerms(Part):
    """A placement as it is now, whole. The texts are published.

    `languages` are the working languages, each with the minimum level for a guest; one of them is enough. `days` are
    the working days of a visit; `deadline` is the last day on which the host takes a match; `prematched_with` names an
    application, `conflicts` organisations or applications.
    """

    call_id: UUID
    reference: Reference
    organisation_id: UUID
    country: Country
    city: Annotated[str, Field(max_length=100)]
    unit: Annotated[str, Field(max_length=200)] = ""
    title: Annotated[str, Field(min_length=1, max_length=200)]
    outline: Annotated[str, Field(max_length=5000)] = ""
    topics: tuple[TopicCode, ...]
    expertise: tuple[Expertise, ...] = ()
    places: Annotated[int, Field(ge=1, le=500)]
    periods: tuple[OfferPeriod, ...]
    languages: tuple[LanguageHeld, ...]
    excluded_rank_groups: tuple[RankGroup, ...] = ()
    group_size: Annotated[int, Field(ge=1, le=5)] = 1
    days: Annotated[int, Field(ge=1, le=5)] = 5
    costs_borne: tuple[CostBorne, ...] = ()
    prematched_with: UUID | None = None
    deadline: Day | None = None
    conflicts: tuple[UUID, ...] = ()


MOST_NOT_SUITABLE = 100


class NotSuitable(Part):
    """A candidate whom a host or mentor finds not suitable, with the reason: the words stay in the portal."""

    application_id: UUID
    reason: NotSuitableReason


class CandidateChoices(Part):
    """The choices of a host or mentor, whole: candidates in order, the best first, and those not suitable.

    The call's rule of wishes says how the order counts. All others follow by score.
    """

    wishes: Annotated[tuple[UUID, ...], Field(max_length=MOST_WISHES)] = ()
    not_suitable: Annotated[tuple[NotSuitable, ...], Field(max_length=MOST_NOT_SUITABLE)] = ()


class OfferEvent(Event):
    """An event on `exchange.offers`."""

    topic: ClassVar[str] = "exchange.offers"


class OfferSubmitted(OfferEvent):
    """The host agency submits a placement; `due` is when the host national coordinator endorses it."""

    label: ClassVar[str] = N_("Placement submitted")

    terms: OfferTerms
    due: Due

    example: ClassVar[Example] = {"terms": ex.OFFER_TERMS, "due": "2026-01-30T23:00:00Z"}


class OfferReturned(OfferEvent):
    """The host national coordinator asks for more on some sections."""

    label: ClassVar[str] = N_("Placement returned")

    sections: tuple[Section, ...]
    acting_as: ActingAs = ActingAs.COORDINATOR

    example: ClassVar[Example] = {"sections": ["places"], "acting_as": "coordinator"}


class OfferEndorsed(OfferEvent):
    """The host national coordinator endorses a placement, or the deputy, or on request the programme coordinator."""

    label: ClassVar[str] = N_("Placement endorsed")

    acting_as: ActingAs = ActingAs.COORDINATOR

    example: ClassVar[Example] = {"acting_as": "coordinator"}


class OfferPublished(OfferEvent):
    """The host agency publishes an endorsed placement: from now on it can be matched."""

    label: ClassVar[str] = N_("Placement published")

    terms: OfferTerms

    example: ClassVar[Example] = {"terms": ex.OFFER_TERMS}


class OfferRevised(OfferEvent):
    """The host agency changes a published placement; the terms are whole.

    One that closed by itself, full or past, is revised before it is resumed: with more places, or later periods.
    """

    label: ClassVar[str] = N_("Placement changed")

    terms: OfferTerms

    example: ClassVar[Example] = {"terms": {**ex.OFFER_TERMS, "places": 3}}


class OfferPaused(OfferEvent):
    """A placement is not matched for a while: on request, after silence when asked, or as its state is suspended."""

    label: ClassVar[str] = N_("Placement paused")

    cause: PauseCause

    example: ClassVar[Example] = {"cause": "silence"}


class OfferCandidatesChosen(OfferEvent):
    """The host agency puts anonymous candidates in order, or says that they are not suitable; it is whole."""

    label: ClassVar[str] = N_("Host's choice of candidates changed")

    choices: CandidateChoices

    example: ClassVar[Example] = {"choices": ex.CHOICES}


class AvailabilityAsked(OfferEvent):
    """The portal asks the host whether the placement is still available (60 days without a change)."""

    label: ClassVar[str] = N_("Availability question sent to the host")

    due: Due

    example: ClassVar[Example] = {"due": "2026-04-10T22:00:00Z"}


class AvailabilityConfirmed(OfferEvent):
    """The host says that the placement is still available."""

    label: ClassVar[str] = N_("Host still available")

    example: ClassVar[Example] = {}


class OfferResumed(OfferEvent):
    """A placement is matched again: on request, or because a place of a full one fell free."""

    label: ClassVar[str] = N_("Placement available again")

    example: ClassVar[Example] = {}


class OfferClosed(OfferEvent):
    """A placement is full or its period over; confirmed visits continue."""

    label: ClassVar[str] = N_("Placement closed")

    cause: CloseCause

    example: ClassVar[Example] = {"cause": "full"}


class OfferWithdrawn(OfferEvent):
    """The host withdraws a placement; matches that are not confirmed are cancelled."""

    label: ClassVar[str] = N_("Placement withdrawn")

    reason: Reason

    example: ClassVar[Example] = {"reason": "operational_duty"}


class OfferVoided(OfferEvent):
    """The programme coordinator marks a placement as entered in error: it leaves the counts.

    Only a placement without confirmed visits; matches that are not confirmed are cancelled.
    """

    label: ClassVar[str] = N_("Placement removed as entered in error")

    reason: VoidReason

    example: ClassVar[Example] = {"reason": "test"}
