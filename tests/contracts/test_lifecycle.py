"""Life cycles, events and deadlines are consistent with each other."""

import re
from pathlib import Path

import pytest

from shared.contracts import EVENTS, TOPICS, codes
from shared.contracts.lifecycle import DEADLINES, OPEN, TRANSITIONS, Deadline, Transition, allowed, transitions_of
from shared.contracts.schema import schema_of

LIFECYCLES = Path(__file__).resolve().parents[3] / "shared" / "lifecycles.md"

# Asked and confirmed for mentors as for offers ("the same pulse"): an event has one topic, so these have own names.
# A request is the portal's, its effect (MatchFundChanged) matching's, as with cancelling and moving.
# A logged session that the other side does not confirm: without these two the log would keep it open for ever.
# A placement can be entered in error as an application can, and would else be counted for ever.
# A side that is ready for travel is reminded no more; without the second a proposal that came to nothing stays open.
# A line manager is to be informed (domain.md). Officers who name each other hear what became of it, maybe before they
# apply.
# A reserve that is cleared beforehand holds a place from some moment on: without it nobody else could tell which.
# That a webhook is changed is told so that whoever checks sees where events were sent, and when, and by whom.
# What waits for a coordinator is told in one mail a day, and a mail tells of an event.
# A line manager has no account: a link that is over is sent anew, to the address that the portal holds.
# A pair that agreed on its next session gets it into both calendars: what is logged is over by then.
# A line manager can say that a session was not held; without that it would wait for ever.
# Whoever has not answered is reminded by hand, and a mail tells of an event.
# The choices of hosts and mentors change with each candidate, and are no part of an offer.
# Which groups figures are counted by is chosen once, and whoever counts them again from the events needs it.
# That a wave is closed ends reminders and tasks in other services, which hear of it by events alone.
OF_OUR_OWN = {
    "AnswerAsked",
    "AnswerClosed",
    "AnswerReopened",
    "CascadeRefused",
    "LineManagerLinkAsked",
    "LineManagerNamed",
    "MatchCalledUp",
    "CompanionAsked",
    "CompanionAnswered",
    "MentorAvailabilityAsked",
    "MentorCandidatesChosen",
    "OfferCandidatesChosen",
    "MentorAvailabilityConfirmed",
    "FundChangeRequested",
    "GroupingsChosen",
    "SessionCancelled",
    "SessionDisputed",
    "SessionMoved",
    "SessionPlanned",
    "SessionWithdrawn",
    "ProposalChanged",
    "OfferVoided",
    "PartPrepared",
    "PeriodRestated",
    "TestAsked",
    "VisitMoveDropped",
    "WebhookChanged",
    "WorkWaiting",
}


def test_every_event_is_in_the_table_once() -> None:
    """No event without a row, no row without an event, no event twice."""
    assert sorted(row.event for row in TRANSITIONS) == sorted(EVENTS)


def test_the_documented_life_cycles_are_the_same() -> None:
    """The events that the programme's life cycles name are the events of the code."""
    if not LIFECYCLES.is_file():
        pytest.skip(f"{LIFECYCLES} is not there: the description of the life cycles is not part of the repository")
    named = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", LIFECYCLES.read_text(encoding="utf-8")))
    assert named == set(EVENTS) - OF_OUR_OWN


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: row.event)
def test_a_row_is_complete(row: Transition) -> None:
    """Each row has an actor, and a target only with states to come from."""
    assert row.by
    assert row.sources or row.target is None


def test_every_state_can_be_reached_and_left() -> None:
    """Each state that is not projected or final is some row's target and some row's source."""
    targets = {row.target for row in TRANSITIONS} - {None}
    sources = {state for row in TRANSITIONS for state in row.sources} - {None}
    begun = {"draft", "provisional"}
    projected = {str(state) for state in OPEN[4:]} | {"completed", "ended", "unplaced"}
    lists = (
        codes.ApplicationState,
        codes.OfferState,
        codes.MentorState,
        codes.CallState,
        codes.MatchState,
        codes.VisitState,
        codes.MentorshipState,
        codes.PeriodState,
    )
    states = {str(state) for known in lists for state in known}
    assert {str(state) for state in targets | sources} <= states
    assert states - projected - begun <= {str(state) for state in targets}


def test_the_table_allows_events_by_state() -> None:
    """The table answers whether an event may happen in a state."""
    assert allowed("ApplicationEndorsed", codes.ApplicationState.SUBMITTED)
    assert not allowed("ApplicationEndorsed", codes.ApplicationState.ENDORSED)
    assert allowed("MatchProposed", None)
    assert allowed("RunFinished", None)
    assert [row.event for row in transitions_of("exchange.calls")] == ["CallPublished", "CallRevised", "CallClosed"]
    assert sum(len(transitions_of(topic)) for topic in TOPICS) == len(TRANSITIONS)


def test_every_deadline_is_there() -> None:
    """Each kind of deadline has a row, and each row's transition meets a deadline that knows it."""
    assert set(DEADLINES) == set(codes.DeadlineKind)
    for row in TRANSITIONS:
        if row.deadline:
            deadline = DEADLINES[row.deadline]
            assert row.event in deadline.met_by, f"{row.event} meets {row.deadline}, which does not know it"


@pytest.mark.parametrize("deadline", DEADLINES.values(), ids=DEADLINES)
def test_a_deadline_stands_on_known_events(deadline: Deadline) -> None:
    """Its events exist, its timer is one of a call's, and what starts it says when it is due."""
    assert {*deadline.set_by, *deadline.met_by, *filter(None, [deadline.ends_with])} <= set(EVENTS)
    assert deadline.default > 0
    for name in deadline.set_by:
        assert ("date" if deadline.counted else "date-time") in _formats(name, deadline.due_field)
        assert not deadline.until_field or "date" in _formats(name, deadline.until_field)


def _formats(event: str, path: str) -> set[str | None]:
    """Return the formats that a field of an event may have, by its dotted path."""
    schema = schema_of(EVENTS[event])
    field = schema
    for part in path.split("."):
        field = field["properties"][part]
        field = schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field
    return {choice.get("format") for choice in field.get("anyOf", [field])}
