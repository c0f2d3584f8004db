"""Name the sets of states that stores, indexes and rules ask for, each derived from the table of transitions.

What can be closed is open, whatever it is called: a new state that is a source of `MentorClosed` is in `MENTOR_OPEN`,
so that every query and count of open profiles knows it. A set has the order of its states.
"""

from collections.abc import Iterable
from typing import TypeVar

from shared.contracts import applications, matches, mentors, mentorships, offers, periods, visits
from shared.contracts.base import Event
from shared.contracts.codes import (
    ApplicationState,
    Code,
    MatchState,
    MentorshipState,
    MentorState,
    OfferState,
    PeriodState,
    VisitState,
)
from shared.contracts.lifecycle.portal import PORTAL
from shared.contracts.lifecycle.programme import PROGRAMME
from shared.contracts.lifecycle.transition import OPEN

S = TypeVar("S", bound=Code)
_TRANSITIONS = PORTAL + PROGRAMME


def sources(states: type[S], *events: type[Event]) -> tuple[S, ...]:
    """Return the states from which one of the events may start."""
    names = {event.type for event in events}
    found = {state for row in _TRANSITIONS if row.event in names for state in row.sources}
    return tuple(state for state in states if state in found)


def targets(states: type[S], *events: type[Event]) -> tuple[S, ...]:
    """Return the states to which one of the events leads."""
    names = {event.type for event in events}
    found = {row.target for row in _TRANSITIONS if row.event in names}
    return tuple(state for state in states if state in found)


def others(states: type[S], *known: Iterable[S]) -> tuple[S, ...]:
    """Return the states that are in none of the sets."""
    found = {state for part in known for state in part}
    return tuple(state for state in states if state not in found)


def moves(topic: str, states: type[S]) -> dict[str, S]:
    """Return the events on a topic that lead to another state, each with that state."""
    return {
        row.event: states(row.target)
        for row in _TRANSITIONS
        if row.topic == topic and row.target is not None and row.sources != (row.target,)
    }


def in_sql(states: Iterable[Code]) -> str:
    """Return the states as SQL lists them, for conditions of indexes and statements that are fixed texts."""
    return ", ".join(f"'{state.value}'" for state in states)


APPLICATION_WRITABLE = sources(ApplicationState, applications.ApplicationSubmitted, applications.ApplicationResubmitted)
"""The officer writes it: a draft, or returned."""
APPLICATION_APPEALABLE = sources(ApplicationState, applications.AppealFiled)
APPLICATION_UNDECIDED = OPEN[: OPEN.index(ApplicationState.ELIGIBLE)]
"""It was submitted, and is not found eligible yet."""
APPLICATION_ASKED = sources(
    ApplicationState,
    applications.ApplicationReturned,
    applications.ApplicationResubmitted,
    applications.ApplicationFoundEligible,
    applications.AppealDecided,
)
"""Somebody is asked for something before the matching, by a date of its own."""
APPLICATION_UNMATCHED = OPEN[OPEN.index(ApplicationState.IN_MATCHING) : OPEN.index(ApplicationState.MATCHED)]
"""It is eligible and has no match, as people see it."""
APPLICATION_ENDED = targets(
    ApplicationState,
    applications.ApplicationWithdrawn,
    applications.ApplicationCancelled,
    applications.ApplicationVoided,
)
"""It was ended by a decision."""

OFFER_WRITABLE = sources(OfferState, offers.OfferSubmitted)
"""The states in which the host writes an offer: it is a draft."""
OFFER_UNPUBLISHED = sources(OfferState, offers.OfferSubmitted, offers.OfferPublished)
"""The host has still to submit or to publish it."""
OFFER_OPEN = sources(OfferState, offers.OfferClosed)
"""It is published, also where it rests."""
OFFER_NOT_OPEN = others(OfferState, OFFER_OPEN)
"""For conditions of indexes: a further open state does not change them."""
OFFER_PUBLISHED_ONCE = sources(OfferState, offers.OfferRevised)
"""It was published, and was not taken back."""
OFFER_STANDING = sources(OfferState, offers.OfferWithdrawn)
"""It was submitted, and can still have guests."""
OFFER_OVER = others(OfferState, OFFER_STANDING, OFFER_WRITABLE)

MENTOR_OPEN = sources(MentorState, mentors.MentorClosed)
"""It is published, also where it rests."""
MENTOR_NOT_OPEN = others(MentorState, MENTOR_OPEN)
MENTOR_PUBLISHED_ONCE = sources(MentorState, mentors.MentorRevised)
MENTOR_TAKES_NOBODY = sources(MentorState, mentors.MentorResumed)
"""No new mentee is matched: it rests or is closed."""
MENTOR_RESTING = tuple(state for state in MENTOR_OPEN if state in MENTOR_TAKES_NOBODY)
"""It waits until the mentor resumes it."""

SEAT_OPEN = tuple(dict.fromkeys((*OFFER_OPEN, *MENTOR_OPEN)))
"""The states of an open seat as matching sees it: a placement or a mentor's profile that is open."""
SEAT_PUBLISHED_ONCE = tuple(dict.fromkeys((*OFFER_PUBLISHED_ONCE, *MENTOR_PUBLISHED_ONCE)))

MATCH_UNCLEARED = sources(MatchState, matches.MatchCalledUp)
"""It is not offered yet."""
MATCH_UNCONFIRMED = sources(MatchState, matches.MatchSuperseded)
"""It is proposed, and not decided."""
MATCH_STANDING = sources(MatchState, matches.MatchCancelled)
"""It is proposed or confirmed, and holds a place."""

MATCH_AWAITED = sources(MatchState, matches.MatchCleared, matches.MatchConfirmed)
"""It waits for people: for clearance or for answers."""
MATCH_SETTLED = targets(MatchState, matches.MatchConfirmed, matches.MatchCancelled)
"""A visit or a mentorship can have come of it."""
MATCH_FAILED = others(MatchState, MATCH_STANDING, sources(MatchState, matches.MatchProposed))
"""It came to nothing."""

VISIT_AHEAD = sources(VisitState, visits.VisitCancelled)
"""It has not begun, and can be cancelled."""
VISIT_GOING = sources(VisitState, visits.VisitStarted, visits.VisitEnded)
"""It has days, and is not over."""
VISIT_OVER = sources(VisitState, visits.VisitCompleted) + targets(VisitState, visits.VisitCompleted)
"""It took place, and is over."""
VISIT_BEGUN = sources(VisitState, visits.VisitEnded) + VISIT_OVER
"""Somebody came."""
VISIT_TAKES_PLACE = VISIT_GOING + VISIT_OVER
VISIT_CALLED_OFF = others(VisitState, VISIT_AHEAD, VISIT_TAKES_PLACE)
"""Nobody came, or nobody will."""

MENTORSHIP_STANDING = sources(MentorshipState, mentorships.MentorshipEndedEarly)
"""It is opened, and not over."""
MENTORSHIP_GOING = sources(MentorshipState, mentorships.MentorshipCompleted)
"""It has begun, and is not over."""
MENTORSHIP_OVER = others(MentorshipState, MENTORSHIP_STANDING)

PERIOD_FROZEN = targets(PeriodState, periods.PeriodFrozen, periods.PeriodPublished)
"""Its figures change by restatement only."""
