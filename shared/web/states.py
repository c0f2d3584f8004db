"""Name every state: its word, its tone and what it means.

The one table for pages, mails and exports (look.md). The states themselves and who changes them are in lifecycles.md;
who takes the next step of a record, and by when, follows from its facts: `shared.next_steps`.
The table speaks to the person whom the case concerns; where it says "you", `State.for_others` has the text for all
others: coordinators, hosts, the board.
Tones, not colours, are named here; `static/tandem.css` gives each its colour, and the word always stands beside it:

- `draft`: only its writer sees it    - `office`: with an office, nothing to do for the person it concerns
- `wait`: waits for an answer (amber)       - `go`: moving on (teal)            - `done`: reached its aim (teal, solid)
- `ended`: over, without the aim (grey)     - `error`: went wrong, somebody must mend it (red)
"""

# ruff: noqa: E501 - one line a state reads as the table that it is
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from shared.i18n import N_, gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from shared.next_steps import Described

Tone = Literal["draft", "office", "wait", "go", "done", "ended", "error"]
TONES: tuple[str, ...] = get_args(Tone)


@dataclass(frozen=True)
class State:
    """One state of one kind of aggregate. The texts are in the language of the current request."""

    kind: str
    code: str
    tone: Tone
    word_: str
    explanation_: str

    @property
    def word(self) -> str:
        """Return the text of the tag."""
        return gettext(self.word_)

    @property
    def explanation(self) -> str:
        """Return one sentence: what the state means."""
        return gettext(self.explanation_)

    @property
    def for_others(self) -> State:
        """Return the same state in words for everybody but the person concerned, who alone is "you"."""
        texts = _FOR_OTHERS.get((self.kind, self.code))
        if texts is None:
            return self
        word, explanation = texts
        return replace(self, word_=word or self.word_, explanation_=explanation)

    def of_mentoring(self, *, others: bool = False) -> State:
        """Return the same state for an application for a mentor, where the mentor acts as the host does for a visit."""
        texts = _OF_MENTORING.get((self.kind, self.code))
        if texts is None:
            return self.for_others if others else self
        return replace(self, explanation_=texts)


@dataclass(frozen=True)
class Standing:
    """The state of one record with since when, who is responsible, the next step and its date.

    `holder`, `next`, `due` and `explanation` follow from its facts (`shared.next_steps`); without an explanation of its
    own the state's stands.
    """

    state: State
    since: date | datetime | None = None
    due: date | datetime | None = None
    holder: str | None = None
    next: str | None = None
    reason: str | None = None
    explanation: str | None = None

    @property
    def overdue(self) -> bool:
        """Return true where the next step should have been taken by now."""
        if isinstance(self.due, datetime):
            return self.due < clock.now()
        return self.due is not None and self.due < clock.today()

    @classmethod
    def of(
        cls, state: State, described: Described, since: date | datetime | None = None, reason: str | None = None
    ) -> Standing:
        """Return the state of a record as its facts describe it."""
        step = described.step
        return cls(state, since, step.due, step.holder, step.step, reason, described.explanation)


# kind -> (code, tone, word, explanation). Who takes the next step, and by when, follows from a record's facts.
_Row = tuple[str, Tone, str, str]
# fmt: off
_TABLE: dict[str, tuple[_Row, ...]] = {
    "application": (
        ("draft", "draft", N_("Draft"), N_("Only you can see it.")),
        ("submitted", "office", N_("Submitted"), N_("It has reached your national coordinator.")),
        ("returned_for_information", "wait", N_("Returned for information"), N_("Your national coordinator has a question.")),
        ("endorsed", "office", N_("Endorsed"), N_("Your country supports it.")),
        ("not_endorsed", "ended", N_("Not endorsed"), N_("Your country does not support it. The reason is "
                                                         "shown with it.")),
        ("eligible", "go", N_("Eligible"), N_("It meets the rules of the call.")),
        ("ineligible", "ended", N_("Not eligible"), N_("It does not meet a rule of the call. The rule is shown "
                                                       "with it.")),
        ("in_matching", "go", N_("In matching"), N_("We are looking for a place.")),
        ("waitlisted", "office", N_("On the waiting list"), N_("No place is free yet. It stays in matching.")),
        ("waitlisted_cleared", "office", N_("On the waiting list, cleared in advance"), N_("No place is free yet. Both countries have agreed to a match in advance.")),
        ("matched", "go", N_("Matched"), N_("A place was found. Both countries must agree to it before it "
                                            "is offered.")),
        ("offered", "wait", N_("Offer sent"), N_("A place is offered to you and the host.")),
        ("accepted", "go", N_("Place confirmed"), N_("Both sides have accepted.")),
        ("scheduled", "go", N_("Visit planned"), N_("The dates are set.")),
        ("under_way", "go", N_("In progress"), N_("It has started.")),
        ("completed", "done", N_("Completed"), N_("All of it took place.")),
        ("ended", "ended", N_("Ended early"), N_("It ended before all of it took place.")),
        ("unplaced", "ended", N_("Not placed"), N_("The call closed before a place was found.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("It was withdrawn.")),
        ("cancelled", "ended", N_("Cancelled"), N_("The programme ended it. The reason is shown with it.")),
        ("voided", "ended", N_("Entered in error"), N_("It is not counted.")),
        ("appealed", "office", N_("Appealed"), N_("You asked for a review of the decision.")),
    ),
    "offer": (
        ("draft", "draft", N_("Draft"), N_("Only your organisation can see it.")),
        ("submitted", "office", N_("Submitted"), N_("It has reached the host country's coordinator.")),
        ("returned", "wait", N_("Returned"), N_("The coordinator has a question.")),
        ("endorsed", "go", N_("Endorsed"), N_("The host country supports it.")),
        ("published", "done", N_("Published"), N_("Its places can be matched.")),
        ("paused", "wait", N_("Paused"), N_("No new guest is matched to it.")),
        ("closed", "ended", N_("Closed"), N_("It takes no further guests.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("The host has withdrawn it.")),
        ("voided", "ended", N_("Entered in error"), N_("It is not counted.")),
    ),
    "mentor": (
        ("draft", "draft", N_("Draft"), N_("Only the mentor can see it.")),
        ("published", "done", N_("Published"), N_("Mentees can be matched to it.")),
        ("paused", "wait", N_("Paused"), N_("No new mentee is matched to it.")),
        ("closed", "ended", N_("Closed"), N_("The mentor takes no more mentees.")),
    ),
    "match": (
        ("provisional", "draft", N_("Provisional"), N_("The current result of the matching. It can change with "
                                                       "every event, and nobody is notified.")),
        ("proposed", "office", N_("Proposed"), N_("Both countries must clear it, that is, agree to it.")),
        ("cleared", "go", N_("Cleared"), N_("Both countries have agreed to it.")),
        ("offered", "wait", N_("Offer sent"), N_("Both sides must answer.")),
        ("confirmed", "done", N_("Confirmed"), N_("Both sides have accepted.")),
        ("reserve_proposed", "office", N_("Reserve, to be cleared"), N_("Both countries are asked to agree in "
                                                                        "advance, in case a place becomes free.")),
        ("reserve_cleared", "office", N_("Reserve, cleared"), N_("Both countries have agreed to it in advance. "
                                                                 "It does not hold a place, and nothing is "
                                                                 "offered yet.")),
        ("declined", "ended", N_("Declined"), N_("One side declined it.")),
        ("expired", "ended", N_("Expired"), N_("An answer did not arrive in time.")),
        ("superseded", "ended", N_("Replaced"), N_("A coordinator replaced it with another match.")),
        ("cancelled", "ended", N_("Cancelled"), N_("It was ended. The reason is shown with it.")),
    ),
    "visit": (
        ("scheduled", "go", N_("Visit planned"), N_("The dates are set.")),
        ("unschedulable", "error", N_("No possible week"), N_("No week fits the periods, the places and the notice.")),
        ("move_proposed", "wait", N_("New dates proposed"), N_("The old dates stay until both accept the new "
                                                               "dates.")),
        ("under_way", "go", N_("In progress"), N_("The visit has started.")),
        ("ended", "done", N_("Ended"), N_("The visit has ended.")),
        ("completed", "done", N_("Completed"), N_("All required days were attended.")),
        ("cancelled", "ended", N_("Cancelled"), N_("It does not take place. The reason is shown with it.")),
        ("no_show", "ended", N_("No-show"), N_("The guest did not come.")),
        ("voided", "ended", N_("Entered in error"), N_("It is not counted.")),
    ),
    "incident": (
        ("reported", "wait", N_("Reported"), N_("It is with the people chosen to read it.")),
        ("acknowledged", "go", N_("Being followed up"), N_("It was read, and somebody is following it up.")),
        ("closed", "done", N_("Closed"), N_("The answer is shown with it.")),
    ),
    "preparation": (
        ("missing", "wait", N_("Missing"), N_("It is required before travel and is still missing.")),
        ("under_way", "office", N_("In progress"), N_("A part of it is still missing.")),
        ("problem", "error", N_("Needs attention"), N_("What is there is not enough. The reason is shown with "
                                                       "it.")),
        ("there", "done", N_("Complete"), N_("Nothing more needs to be done.")),
        ("not_asked", "ended", N_("Not required"), N_("The programme does not require it for this visit.")),
    ),
    "mentorship": (
        ("opened", "wait", N_("Waiting for signatures"), N_("The match is confirmed. The agreement is not yet "
                                                          "signed by both.")),
        ("active", "go", N_("In progress"), N_("Both have signed.")),
        ("paused", "wait", N_("Paused"), N_("It is paused for a while.")),
        ("completed", "done", N_("Completed"), N_("The goals are closed, or the planned time has ended.")),
        ("ended_early", "ended", N_("Ended early"), N_("It ended early. The reason is shown with it.")),
    ),
    "agreement": (
        ("proposed", "wait", N_("Waiting for signatures"), N_("It is proposed, but not yet signed by both.")),
        ("in_force", "done", N_("In force"), N_("Both have signed it. It applies now.")),
        ("replaced", "ended", N_("Replaced"), N_("It applied until both signed a later version.")),
        ("lapsed", "ended", N_("Lapsed"), N_("It was withdrawn, replaced by another proposal, or not signed by "
                                             "both in time.")),
    ),
    "goal": (
        ("open", "go", N_("Open"), N_("Mentee and mentor are working on it.")),
        ("met", "done", N_("Met"), N_("It was reached.")),
        ("given_up", "ended", N_("Given up"), N_("It is no longer a goal. The reason is shown with it.")),
    ),
    "session": (
        ("logged", "wait", N_("Waiting for confirmation"), N_("One side has logged it.")),
        ("disputed", "error", N_("Disputed"), N_("The other side says that it is not correct.")),
        ("confirmed", "done", N_("Confirmed"), N_("Both say that it took place.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("The side that logged it has withdrawn it. It does not "
                                                    "count.")),
    ),
    "pair_visit": (
        ("asked", "wait", N_("Waiting for an answer"), N_("One side proposes a visit.")),
        ("agreed", "go", N_("Agreed"), N_("Both want the visit.")),
        ("refused", "ended", N_("Refused"), N_("It did not suit the other side.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("The side that proposed it has withdrawn it.")),
    ),
    "call": (
        ("draft", "draft", N_("Draft"), N_("Only the programme can see it.")),
        ("announced", "office", N_("Announced"), N_("Officers cannot apply yet.")),
        ("published", "go", N_("Open"), N_("Officers can apply.")),
        ("past_deadline", "office", N_("Deadline passed"), N_("No new applications. Matching continues.")),
        ("closed", "ended", N_("Closed"), N_("Nobody can apply or be matched any more.")),
    ),
    "period": (
        ("draft", "draft", N_("Draft"), N_("Its figures can still change.")),
        ("submitted", "office", N_("Submitted"), N_("It is waiting for approval.")),
        ("returned", "wait", N_("Returned"), N_("Its figures were returned and can change again.")),
        ("approved", "go", N_("Approved"), N_("The figures are accepted.")),
        ("frozen", "go", N_("Frozen"), N_("The figures can no longer change.")),
        ("published", "done", N_("Published"), N_("Donors can read it.")),
    ),
    "notification": (
        ("waiting", "office", N_("Waiting"), N_("It will be sent soon.")),
        ("sent", "done", N_("Sent"), N_("The email server has accepted it.")),
        ("kept", "done", N_("In the portal only"), N_("No email was sent, because the person chose this. It is "
                                                      "in the portal.")),
        ("failed", "error", N_("Not delivered"), N_("It could not be delivered. The reason is shown with it.")),
        ("unsure", "error", N_("May have been sent"), N_("It was handed over without an answer.")),
        ("dropped", "ended", N_("No longer needed"), N_("Before the reminder was sent, the task was done or "
                                                           "got another date.")),
        ("near", "wait", N_("Due soon"), N_("A reminder was sent.")),
        ("passed", "error", N_("Overdue"), N_("The deadline has passed. The next in line was notified.")),
    ),
    "pull_token": (
        ("active", "go", N_("Active"), N_("It gives access to the files of published periods.")),
        ("expired", "ended", N_("Ended"), N_("Its last day has passed.")),
        ("revoked", "ended", N_("Revoked"), N_("It no longer gives access.")),
    ),
    "webhook": (
        ("active", "go", N_("Active"), N_("Events are sent to it as they happen.")),
        ("failing", "error", N_("Failing"), N_("Its receiver does not accept events. We send one event at a "
                                               "time, as a test.")),
        ("recovering", "office", N_("Recovering"), N_("Its receiver accepts events again. We are sending the "
                                                      "events that were kept.")),
        ("paused", "wait", N_("Paused"), N_("Nothing is sent to it. Its events are kept.")),
    ),
    "webhook_delivery": (
        ("waiting", "office", N_("Waiting"), N_("It will be sent, or tried again, soon.")),
        ("delivered", "done", N_("Delivered"), N_("The receiver has accepted it.")),
        ("failed", "error", N_("Not delivered"), N_("No attempt succeeded. The result is shown with each "
                                                    "attempt.")),
    ),
    "outcome": (
        ("due", "wait", N_("Waiting for you"), N_("It is still to be filled in.")),
        ("late", "error", N_("Overdue"), N_("It is still needed, and will be marked as late.")),
        ("begun", "wait", N_("Started"), N_("It has been started, but not sent yet.")),
        ("closed", "ended", N_("Closed"), N_("It did not arrive, and is no longer accepted.")),
        ("submitted", "done", N_("Received"), N_("It has arrived.")),
        ("waived", "ended", N_("Waived"), N_("It is no longer required. The reason is shown with it.")),
        ("granted", "done", N_("Certificate granted"), N_("Everything that the certificate needs has arrived.")),
        ("revoked", "ended", N_("Certificate revoked"), N_("The certificate is no longer valid.")),
    ),
    "test": (
        ("draft", "draft", N_("Draft"), N_("Its questions are being chosen.")),
        ("published", "go", N_("Published"), N_("Guests are asked to take it.")),
        ("closed", "ended", N_("Closed"), N_("Nobody else is asked. People who already have it can still take "
                                             "it.")),
    ),
    "question": (
        ("in_use", "done", N_("In use"), N_("It can be used in tests.")),
        ("retired", "ended", N_("Retired"), N_("It can no longer be used in new tests.")),
    ),
    "cascade": (
        ("reported", "wait", N_("Waiting for confirmation"), N_("It was reported, and counts once it is confirmed.")),
        ("confirmed", "done", N_("Confirmed"), N_("The line manager has confirmed it.")),
        ("refused", "ended", N_("Not confirmed"), N_("It is not counted. The reason is shown with it.")),
    ),
    "partner": (
        ("active", "done", N_("Active"), N_("Its officers take part.")),
        ("reinstated", "done", N_("Reinstated"), N_("Its officers take part again.")),
        ("suspended", "wait", N_("Suspended"), N_("Nothing new starts. Cases in progress are ended according "
                                                  "to the rules.")),
    ),
    "access": (
        ("proposed", "office", N_("Proposed"), N_("A national coordinator has proposed it.")),
        ("active", "done", N_("Active"), N_("The person can sign in.")),
        ("planned", "office", N_("Later"), N_("It starts on a later day.")),
        ("due", "wait", N_("To be confirmed"), N_("A year is nearly over, or has passed. It must be confirmed "
                                                  "again, or it lapses.")),
        ("lapsed", "error", N_("Lapsed"), N_("Nobody confirmed it in time, so it has ended for now.")),
        ("none", "draft", N_("No access"), N_("The person has no role now.")),
        ("ended", "ended", N_("Ended"), N_("The person can no longer sign in for this role.")),
    ),
    "proposal": (
        ("waits", "wait", N_("Waiting"), N_("It changes nothing until it is approved.")),
        ("approved", "done", N_("Approved"), N_("It is in the register.")),
        ("refused", "ended", N_("Refused"), N_("The register stays as it was. The reason is shown with it.")),
        ("taken_back", "ended", N_("Withdrawn"), N_("Its proposer has withdrawn it.")),
    ),
    "address": (
        ("verified", "done", N_("Confirmed"), N_("Its owner or the programme has confirmed it.")),
        ("asked", "wait", N_("Not confirmed"), N_("An email with a link was sent to it.")),
        ("over", "error", N_("Link expired"), N_("Nobody confirmed it within seven days.")),
    ),
    "organisation": (
        ("active", "done", N_("Takes part"), N_("It can host, send and mentor.")),
        ("inactive", "ended", N_("No longer takes part"), N_("Nothing new starts with it. What is in progress "
                                                           "continues.")),
    ),
    "need": (
        ("open", "go", N_("Open"), N_("Calls can answer it.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("It is no longer needed.")),
    ),
    "term": (
        ("planned", "office", N_("Later"), N_("It starts on a later day.")),
        ("current", "go", N_("In force"), N_("It applies today.")),
        ("ended", "ended", N_("Ended"), N_("Its last day has passed.")),
    ),
}

# The words for others, of states whose row above speaks to the person concerned: (word where it differs, explanation).
_FOR_OTHERS: dict[tuple[str, str], tuple[str, str]] = {
    ("application", "draft"): ("", N_("Only the officer can see it.")),
    ("application", "submitted"): ("", N_("It has reached the home national coordinator.")),
    ("application", "returned_for_information"): ("", N_("The national coordinator has asked the officer a question.")),
    ("application", "endorsed"): ("", N_("The officer's country supports it.")),
    ("application", "not_endorsed"): ("", N_("The officer's country does not support it. The reason is shown "
                                             "with it.")),
    ("application", "offered"): ("", N_("A place is offered to the officer and the host.")),
    ("application", "appealed"): ("", N_("The officer asked for a review of the decision.")),
    ("offer", "draft"): ("", N_("Only the host can see it.")),
    ("outcome", "due"): (N_("Not received"), N_("It is still to be filled in.")),
    ("outcome", "begun"): ("", N_("It has been started, but not sent yet.")),
    ("outcome", "late"): ("", N_("It is still needed, and will be marked as late.")),
}
# Of an application for a mentor, as everybody reads it.
_OF_MENTORING: dict[tuple[str, str], str] = {
    ("application", "offered"): N_("A mentor was found. Mentee and mentor must answer."),
    ("application", "completed"): N_("The goals are closed, or the planned time has ended."),
}
# fmt: on

_STATES: dict[tuple[str, str], State] = {
    (kind, row[0]): State(kind, *row) for kind, rows in _TABLE.items() for row in rows
}


def state(kind: str, code: str) -> State:
    """Return the state `code` (a string or a StrEnum member) of a kind (`application`, `offer`, `match` ...).

    Raises KeyError for a state that is not in the table: a page must not show a word that mails do not know.
    """
    return _STATES[kind, str(code)]


def codes(kind: str) -> tuple[str, ...]:
    """Return the codes of the states of a kind, in their order."""
    return tuple(dict.fromkeys(state.code for state in states(kind)))


def states(kind: str) -> Iterator[State]:
    """Return all states of a kind in the order of its life cycle, for filters and legends."""
    return (state(kind, row[0]) for row in _TABLE[kind])


def kinds() -> tuple[str, ...]:
    """Return all kinds of aggregates that have states."""
    return tuple(_TABLE)
