"""Define the events on `exchange.matches`: a match from proposal to confirmation or end (key the match).

A provisional match has no event: it is on the coordinators' board only.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, DatePeriod, Due, Event, Example, Language, Part, TopicCode
from shared.contracts.codes import N_, ApplicationKind, MatchState, Party, RankGroup, Reason

SILENCES = 2
"""With so many offers that an officer left without an answer, the application is withdrawn."""


class Pairing(Part):
    """The two sides of a match, and the dimensions for counting. A guest has an offer, a mentee a mentor.

    `country` and `organisation_id` are the applicant's; `fund_id` is the fund that pays.
    """

    kind: ApplicationKind
    call_id: UUID
    application_id: UUID
    offer_id: UUID | None = None
    mentor_id: UUID | None = None
    country: Country
    organisation_id: UUID
    rank_group: RankGroup
    host_country: Country
    host_organisation_id: UUID
    topic: TopicCode
    language: Language
    fund_id: UUID


class MatchEvent(Event):
    """An event on `exchange.matches`; each has the pairing, so that a reader needs no other event for it."""

    topic: ClassVar[str] = "exchange.matches"

    pairing: Pairing

    example: ClassVar[Example] = {"pairing": ex.PAIRING}


class MatchProposed(MatchEvent):
    """A programme coordinator commits a cohort or overrides, or a place falls free for the next in line.

    `weeks` are the weeks that are possible; `next_in_line` is how many wait behind; `due` is when the home national
    coordinator clears. `ring` is the same id in all matches of an exchange ring (a tandem or a ring of three agencies).
    A `reserve` is cleared beforehand for a place that another match holds: it holds none, and is not offered until it
    is called up (MatchCalledUp).
    """

    label: ClassVar[str] = N_("Match proposed")

    run_id: UUID
    score: Count
    weeks: tuple[DatePeriod, ...] = ()
    next_in_line: Count = 0
    override: Reason | None = None
    reserve: bool = False
    ring: UUID | None = None
    due: Due

    example: ClassVar[Example] = {
        "pairing": ex.PAIRING,
        "run_id": ex.RUN,
        "score": 78,
        "weeks": [{"start": "2026-03-16", "end": "2026-03-20"}],
        "next_in_line": 2,
        "override": None,
        "reserve": False,
        "ring": None,
        "due": "2026-02-13T23:00:00Z",
    }


class MatchCleared(MatchEvent):
    """Both national coordinators have cleared the guest, the home one first. A `reserve` then waits to be called up."""

    label: ClassVar[str] = N_("Match cleared by both countries")

    reserve: bool = False

    example: ClassVar[Example] = {"pairing": ex.PAIRING, "reserve": False}


class MatchCalledUp(MatchEvent):
    """A place fell free for a reserve: the match holds it from now on, like any proposed match.

    It is offered at once where both countries have cleared it, else as soon as they have.
    """

    label: ClassVar[str] = N_("Reserve called up")


class MatchOffered(MatchEvent):
    """The match is offered to officer and host, or mentee and mentor, at once after clearance; both answer by `due`.

    `next_in_line` are the applications that follow, the first of them next.
    """

    label: ClassVar[str] = N_("Match offered")

    due: Due
    next_in_line: tuple[UUID, ...] = ()

    example: ClassVar[Example] = {
        "pairing": ex.PAIRING,
        "due": "2026-02-27T23:00:00Z",
        "next_in_line": [ex.OTHER_APPLICATION],
    }


class MatchConfirmed(MatchEvent):
    """Both sides accepted in time: the place is theirs."""

    label: ClassVar[str] = N_("Match confirmed")


class MatchDeclined(MatchEvent):
    """One side declined: the application returns to matching, and the next in line is proposed.

    If the officer declined, that offer or mentor is excluded for the application.
    """

    label: ClassVar[str] = N_("Match declined")

    by: Party
    reason: Reason

    example: ClassVar[Example] = {"pairing": ex.PAIRING, "by": "guest", "reason": "timetable_conflict"}


class MatchExpired(MatchEvent):
    """The deadline passed without all answers; matching waits two more minutes for answers given in time.

    `silent` are those who did not answer; `silences` counts the officer's own so far: the second withdraws the
    application.
    """

    label: ClassVar[str] = N_("Answer not given in time")

    silent: tuple[Party, ...]
    silences: Count = 0

    example: ClassVar[Example] = {"pairing": ex.PAIRING, "silent": ["guest"], "silences": 1}


class AnswerTooLate(MatchEvent):
    """An answer came after the match was no longer open to answers; nothing changes."""

    label: ClassVar[str] = N_("Answer given too late")

    by: Party
    answered_at: AwareDatetime
    due: Due

    example: ClassVar[Example] = {
        "pairing": ex.PAIRING,
        "by": "guest",
        "answered_at": "2026-02-28T08:00:00Z",
        "due": "2026-02-27T23:00:00Z",
    }


class MatchSuperseded(MatchEvent):
    """An override replaces the match before it is confirmed; or a `reserve` got a place elsewhere.

    `was` is the state it was in; older events do not have it.
    """

    label: ClassVar[str] = N_("Match replaced")

    by_match_id: UUID | None = None
    reason: Reason
    was: MatchState | None = None
    reserve: bool = False

    example: ClassVar[Example] = {
        "pairing": ex.PAIRING,
        "by_match_id": None,
        "reason": "operational_duty",
        "was": "offered",
        "reserve": False,
    }


class MatchCancelled(MatchEvent):
    """The match ends before its visit or mentorship does: clearance refused, withdrawal, request, suspension, closure.

    `was` is the state it was in. A `reserve` held no place; it also ends when the place behind which it waited is used.
    With `application_ended` the application was withdrawn, cancelled or entered in error: it looks for no other place.
    """

    label: ClassVar[str] = N_("Match cancelled")

    by: Party
    reason: Reason
    was: MatchState
    reserve: bool = False
    application_ended: bool = False

    example: ClassVar[Example] = {
        "pairing": ex.PAIRING,
        "by": "home_coordinator",
        "reason": "personal",
        "was": "proposed",
        "reserve": False,
        "application_ended": False,
    }


class MatchFundChanged(MatchEvent):
    """Another fund pays from now on (its id is in the pairing); by the programme coordinator."""

    label: ClassVar[str] = N_("Another fund pays")

    previous_fund_id: UUID
    reason: Annotated[Reason, Field(description="Why the fund changes")]

    example: ClassVar[Example] = {
        "pairing": ex.PAIRING,
        "previous_fund_id": ex.FUND,
        "reason": "partner_suspended",
    }
