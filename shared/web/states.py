"""Name every state: its word, its tone and what it means.

The one table for pages, mails and exports (look.md). The states themselves and who changes them are in lifecycles.md;
who takes the next step of a case, and by when, is in `shared.next_steps`.
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
from typing import TYPE_CHECKING, Literal, get_args

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

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
    holder_: str = ""
    next_: str = ""

    @property
    def word(self) -> str:
        """Return the text of the tag."""
        return gettext(self.word_)

    @property
    def explanation(self) -> str:
        """Return one sentence: what the state means."""
        return gettext(self.explanation_)

    @property
    def holder(self) -> str:
        """Return who is responsible; empty where it is over."""
        return gettext(self.holder_) if self.holder_ else ""

    @property
    def next(self) -> str:
        """Return the next step; empty where it is over."""
        return gettext(self.next_) if self.next_ else ""

    @property
    def for_others(self) -> State:
        """Return the same state in words for everybody but the person concerned, who alone is "you"."""
        texts = _FOR_OTHERS.get((self.kind, self.code))
        if texts is None:
            return self
        word, explanation, *step = texts
        holder, next_ = step or ("", "")
        return replace(self, word_=word or self.word_, explanation_=explanation, holder_=holder, next_=next_)

    def of_mentoring(self, *, others: bool = False) -> State:
        """Return the same state for an application for a mentor, where the mentor acts as the host does for a visit."""
        texts = _OF_MENTORING.get((self.kind, self.code))
        if texts is None:
            return self.for_others if others else self
        return replace(self, explanation_=texts)


@dataclass(frozen=True)
class Standing:
    """The state of one case with since when, who is responsible, the next step and its date.

    `holder` and `next` are those of `shared.next_steps`, else the state's own.
    """

    state: State
    since: datetime | None = None
    due: date | datetime | None = None
    holder: str | None = None
    next: str | None = None
    reason: str | None = None


# kind -> (code, tone, word, explanation) and, where the next step follows from the state alone, who is responsible and
# the next step. Those of an application, a match, a visit and a mentorship follow from the facts: `shared.next_steps`.
_Row = tuple[str, Tone, str, str] | tuple[str, Tone, str, str, str, str]
# fmt: off
_TABLE: dict[str, tuple[_Row, ...]] = {
    "application": (
        ("draft", "draft", N_("Draft"), N_("Only you can see it.")),
        ("submitted", "office", N_("Submitted"), N_("It has reached your national coordinator.")),
        ("returned_for_information", "wait", N_("More information asked for"), N_("Your national coordinator has a question.")),
        ("endorsed", "office", N_("Endorsed"), N_("Your country supports it.")),
        ("not_endorsed", "ended", N_("Not endorsed"), N_("Your country does not support it. The reason is given with it.")),
        ("eligible", "go", N_("Eligible"), N_("It meets the rules of the call.")),
        ("ineligible", "ended", N_("Not eligible"), N_("It does not meet a rule of the call. The rule is named with it.")),
        ("in_matching", "go", N_("In matching"), N_("A place is being looked for.")),
        ("waitlisted", "office", N_("On the waiting list"), N_("No place is free yet; it stays in the matching.")),
        ("waitlisted_cleared", "office", N_("On the waiting list, cleared in advance"), N_("No place is free yet. Both countries have cleared it for one.")),
        ("matched", "go", N_("Matched"), N_("A place was found. Both countries clear it before it is offered.")),
        ("offered", "wait", N_("Offered"), N_("A place is offered to you and the host.")),
        ("accepted", "go", N_("Place confirmed"), N_("Both sides have accepted.")),
        ("scheduled", "go", N_("Scheduled"), N_("The dates are set.")),
        ("under_way", "go", N_("Under way"), N_("It has begun.")),
        ("completed", "done", N_("Completed"), N_("All of it has taken place.")),
        ("ended", "ended", N_("Ended without completion"), N_("It ended before all of it had taken place.")),
        ("unplaced", "ended", N_("No place found"), N_("The call closed before a place was found.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("It was taken back.")),
        ("cancelled", "ended", N_("Cancelled"), N_("The programme has ended it. The reason is given with it.")),
        ("voided", "ended", N_("Entered in error"), N_("It is not counted.")),
        ("appealed", "office", N_("Appealed"), N_("You asked for the decision to be looked at again.")),
    ),
    "offer": (
        ("draft", "draft", N_("Draft"), N_("Only your organisation can see it."), N_("Host"), N_("The host submits it.")),
        ("submitted", "office", N_("Submitted"), N_("It has reached the host country's coordinator."),
         N_("Host national coordinator"), N_("The coordinator endorses it or sends it back.")),
        ("returned", "wait", N_("Sent back"), N_("The coordinator has a question."), N_("Host"), N_("The host answers and submits it again.")),
        ("endorsed", "go", N_("Endorsed"), N_("The host country supports it."), N_("Host"), N_("It is published.")),
        ("published", "done", N_("Published"), N_("Its places can be matched."), N_("Host"), N_("Guests are matched to it.")),
        ("paused", "wait", N_("Paused"), N_("No new guest is matched to it."), N_("Host"), N_("The host says that it is available again.")),
        ("closed", "ended", N_("Closed"), N_("It is full, or its period is over."), "", ""),
        ("withdrawn", "ended", N_("Withdrawn"), N_("The host has taken it back."), "", ""),
        ("voided", "ended", N_("Entered in error"), N_("It is not counted."), "", ""),
    ),
    "mentor": (
        ("draft", "draft", N_("Draft"), N_("Only the mentor can see it."), N_("Mentor"), N_("The mentor publishes it.")),
        ("published", "done", N_("Published"), N_("Mentees can be matched to it."), N_("Mentor"), N_("Mentees are matched to it.")),
        ("paused", "wait", N_("Paused"), N_("No new mentee is matched to it."), N_("Mentor"), N_("The mentor says that there is time again.")),
        ("closed", "ended", N_("Closed"), N_("The mentor takes no more mentees."), "", ""),
    ),
    "match": (
        ("provisional", "draft", N_("Provisional"), N_("The present result of the matching. It changes with every event, and nobody is notified.")),
        ("proposed", "office", N_("Proposed"), N_("It was committed and waits to be cleared.")),
        ("cleared", "go", N_("Cleared"), N_("Both countries have cleared it.")),
        ("offered", "wait", N_("Offered"), N_("Both sides are asked.")),
        ("confirmed", "done", N_("Confirmed"), N_("Both sides have accepted.")),
        ("reserve_proposed", "office", N_("Reserve, to be cleared"), N_("It is cleared beforehand, for the case that a place falls free.")),
        ("reserve_cleared", "office", N_("Reserve, cleared"), N_("Both countries have cleared it beforehand. It holds no place, and nothing is offered yet.")),
        ("declined", "ended", N_("Declined"), N_("One side said no.")),
        ("expired", "ended", N_("Expired"), N_("An answer did not arrive in time.")),
        ("superseded", "ended", N_("Replaced"), N_("A coordinator put another match in its place.")),
        ("cancelled", "ended", N_("Cancelled"), N_("It was ended. The reason is given with it.")),
    ),
    "visit": (
        ("scheduled", "go", N_("Scheduled"), N_("The dates are set.")),
        ("unschedulable", "error", N_("No lawful week"), N_("No week fits the periods, the places and the notice.")),
        ("move_proposed", "wait", N_("New dates proposed"), N_("The old dates stand until both accept the new ones.")),
        ("under_way", "go", N_("Under way"), N_("The visit has begun.")),
        ("ended", "done", N_("Ended"), N_("The last day is over.")),
        ("completed", "done", N_("Completed"), N_("All required days were attended.")),
        ("cancelled", "ended", N_("Cancelled"), N_("It does not take place. The reason is given with it.")),
        ("no_show", "ended", N_("No show"), N_("The guest did not come.")),
        ("voided", "ended", N_("Entered in error"), N_("It is not counted.")),
    ),
    "incident": (
        ("reported", "wait", N_("Reported"), N_("It is with those who were chosen to read it."), N_("Those who were chosen"), N_("They read it and follow it up.")),
        ("acknowledged", "go", N_("Being followed up"), N_("It was read, and somebody takes care of it."), N_("Those who were chosen"), N_("They close it with an answer.")),
        ("closed", "done", N_("Closed"), N_("The answer is given with it."), "", ""),
    ),
    "preparation": (
        ("missing", "wait", N_("Missing"), N_("It is asked for before travel and not there yet."), N_("Guest, sender or host"), N_("Whoever owns it brings it.")),
        ("under_way", "office", N_("Under way"), N_("Something of it is still to come."), N_("Guest, sender or host"), N_("It is granted, or made.")),
        ("problem", "error", N_("Needs attention"), N_("What is there is not enough. The reason is given with it."), N_("Guest, sender or host"), N_("Whoever owns it mends it.")),
        ("there", "done", N_("There"), N_("Nothing is left to do about it."), "", ""),
        ("not_asked", "ended", N_("Not asked for"), N_("The programme does not ask for it on this visit."), "", ""),
    ),
    "mentorship": (
        ("opened", "wait", N_("Waits for signatures"), N_("The match is confirmed; the agreement is not yet signed by both.")),
        ("active", "go", N_("Under way"), N_("Both have signed.")),
        ("paused", "wait", N_("Paused"), N_("It rests for a while.")),
        ("completed", "done", N_("Completed"), N_("The goals are closed, or the time is over.")),
        ("ended_early", "ended", N_("Ended early"), N_("It ended before its time. The reason is given with it.")),
    ),
    "agreement": (
        ("proposed", "wait", N_("Waits for signatures"), N_("It is proposed; not both have signed it."), N_("Mentor and mentee"), N_("Both sign it, or it lapses.")),
        ("in_force", "done", N_("In force"), N_("Both have signed it: this is what holds."), "", ""),
        ("replaced", "ended", N_("Replaced"), N_("It held until both signed a later version."), "", ""),
        ("lapsed", "ended", N_("Lapsed"), N_("It was taken back, replaced by another proposal, or not signed by both in time."), "", ""),
    ),
    "goal": (
        ("open", "go", N_("Open"), N_("The two work on it."), N_("Mentor and mentee"), N_("They note how far it is, and close it.")),
        ("met", "done", N_("Met"), N_("It was reached."), "", ""),
        ("given_up", "ended", N_("Given up"), N_("It is no longer aimed at. The reason is given with it."), "", ""),
    ),
    "session": (
        ("logged", "wait", N_("Waits to be confirmed"), N_("One side has logged it."), N_("The other side"), N_("The other side confirms it.")),
        ("disputed", "error", N_("Disputed"), N_("The other side says that it was not like this."), N_("Whoever logged it"), N_("It is corrected, or taken back.")),
        ("confirmed", "done", N_("Confirmed"), N_("Both say that it took place."), "", ""),
        ("withdrawn", "ended", N_("Taken back"), N_("Whoever logged it took it back; it does not count."), "", ""),
    ),
    "pair_visit": (
        ("asked", "wait", N_("Waits for an answer"), N_("One side proposes a visit."), N_("The other side"), N_("The other side agrees, or says why not.")),
        ("agreed", "go", N_("Agreed"), N_("Both want the visit."), N_("Programme"), N_("The visit gets its dates.")),
        ("refused", "ended", N_("Refused"), N_("It did not suit the other side."), "", ""),
        ("withdrawn", "ended", N_("Taken back"), N_("Whoever proposed it took it back."), "", ""),
    ),
    "call": (
        ("draft", "draft", N_("Draft"), N_("Only the programme can see it."), N_("Programme coordinator"), N_("The coordinator publishes it.")),
        ("published", "go", N_("Open"), N_("Applications can be submitted."), N_("Applicants"), N_("You can apply until the deadline.")),
        ("past_deadline", "office", N_("Deadline over"), N_("No new applications; matching goes on."),
         N_("Programme coordinator"), N_("Cohorts are matched, then the call closes.")),
        ("closed", "ended", N_("Closed"), N_("The last cohort is through."), "", ""),
    ),
    "period": (
        ("draft", "draft", N_("Draft"), N_("Its figures still move."), N_("Evaluator"), N_("The evaluator submits it.")),
        ("submitted", "office", N_("Submitted"), N_("It waits to be approved."), N_("Programme coordinator"), N_("The coordinator approves it or sends it back.")),
        ("returned", "wait", N_("Sent back"), N_("The coordinator has a question."), N_("Evaluator"), N_("The evaluator answers and submits it again.")),
        ("approved", "go", N_("Approved"), N_("The figures are accepted."), N_("Evaluator"), N_("It is frozen.")),
        ("frozen", "go", N_("Frozen"), N_("The figures no longer move."), N_("Evaluator"), N_("It is published.")),
        ("published", "done", N_("Published"), N_("Donors can read it."), N_("Evaluator"), N_("A later correction is shown as a restatement.")),
    ),
    "notification": (
        ("waiting", "office", N_("Waiting"), N_("It is about to be sent."), N_("Programme"), N_("It is sent.")),
        ("sent", "done", N_("Sent"), N_("The mail server has taken it."), "", ""),
        ("kept", "done", N_("In the portal only"), N_("No mail went out, as the person has chosen. It stands in the portal."), "", ""),
        ("failed", "error", N_("Not delivered"), N_("It could not be delivered. The reason is given with it."),
         N_("Programme coordinator"), N_("The address is mended, then it is sent again.")),
        ("unsure", "error", N_("May have been sent"), N_("It was tried twice without an answer."),
         N_("Programme coordinator"), N_("Decide: send it again, or count it as sent.")),
        ("dropped", "ended", N_("Not needed any more"), N_("What it reminds of was done, or has another date, before it was sent."), "", ""),
        ("near", "wait", N_("Due soon"), N_("A reminder was sent."), N_("Whoever has it"), N_("It is answered in time.")),
        ("passed", "error", N_("Overdue"), N_("The deadline is over; the next in line was told."), N_("The next in line"), N_("Somebody answers in their stead.")),
    ),
    "pull_token": (
        ("active", "go", N_("Active"), N_("It opens the files of published periods."), N_("Consumer"), N_("It ends on its last day.")),
        ("expired", "ended", N_("Over"), N_("Its last day is past."), "", ""),
        ("revoked", "ended", N_("Revoked"), N_("It opens nothing any more."), "", ""),
    ),
    "webhook": (
        ("active", "go", N_("Active"), N_("Events are sent to it as they come."), N_("Receiver"), N_("It takes each event once.")),
        ("failing", "error", N_("Failing"), N_("Its receiver does not take events. One is sent at a time, to try it."), N_("Receiver"), N_("It takes one, then gets what was kept.")),
        ("recovering", "office", N_("Recovering"), N_("Its receiver takes events again. What was kept is being sent."), N_("Receiver"), N_("It has taken what was kept.")),
        ("paused", "wait", N_("Paused"), N_("Nothing is sent to it. Its events are kept."), N_("Programme coordinator"), N_("It is resumed, and gets what was kept.")),
    ),
    "webhook_delivery": (
        ("waiting", "office", N_("Waiting"), N_("It is about to be sent, or tried again."), N_("Programme"), N_("It is sent.")),
        ("delivered", "done", N_("Taken"), N_("The receiver has taken it."), "", ""),
        ("failed", "error", N_("Not delivered"), N_("No attempt succeeded. The result is given with each."), N_("Programme coordinator"), N_("It is sent again by hand.")),
    ),
    "outcome": (
        ("due", "wait", N_("Waits for you"), N_("It is still to be filled in."), N_("You"), N_("You fill it in.")),
        ("late", "wait", N_("Late"), N_("It is still wanted, and will be marked as late."), N_("You"), N_("You fill it in.")),
        ("begun", "wait", N_("Begun"), N_("It is being filled in, and not handed in yet."), N_("You"), N_("You go on, and hand it in.")),
        ("closed", "ended", N_("Closed"), N_("It did not come, and is no longer taken."), "", ""),
        ("submitted", "done", N_("Received"), N_("It has arrived."), "", ""),
        ("waived", "ended", N_("Waived"), N_("It is not asked for any more. The reason is given with it."), "", ""),
        ("granted", "done", N_("Certificate granted"), N_("All that the certificate needs is in."), "", ""),
        ("revoked", "ended", N_("Certificate revoked"), N_("The certificate is no longer valid."), "", ""),
    ),
    "test": (
        ("draft", "draft", N_("Draft"), N_("Its questions are being chosen."), N_("Evaluator"), N_("The evaluator publishes it.")),
        ("published", "go", N_("Published"), N_("Guests are asked to take it."), N_("Guests"), N_("They take it before and after the visit.")),
        ("closed", "ended", N_("Closed"), N_("Nobody else is asked; who has it can still take it."), "", ""),
    ),
    "question": (
        ("in_use", "done", N_("In use"), N_("Tests can ask it."), "", ""),
        ("retired", "ended", N_("Retired"), N_("No new test can ask it."), "", ""),
    ),
    "cascade": (
        ("reported", "wait", N_("Waits for confirmation"), N_("It was reported, and counts once it is confirmed."), N_("Line manager"), N_("The line manager confirms it.")),
        ("confirmed", "done", N_("Confirmed"), N_("The line manager has confirmed it."), "", ""),
        ("refused", "ended", N_("Not confirmed"), N_("It is not counted. The reason is given with it."), "", ""),
    ),
    "partner": (
        ("active", "done", N_("Active"), N_("Its officers take part."), N_("Programme coordinator"), N_("Nothing is to be done.")),
        ("reinstated", "done", N_("Reinstated"), N_("Its officers take part again."), N_("Programme coordinator"), N_("Nothing is to be done.")),
        ("suspended", "wait", N_("Suspended"), N_("Nothing new begins; what is in flight is brought to a lawful end."),
         N_("Programme coordinator"), N_("It is reinstated, or what is left is ended.")),
    ),
    "access": (
        ("proposed", "office", N_("Proposed"), N_("A national coordinator has proposed it."), N_("Programme coordinator"), N_("The coordinator approves it.")),
        ("active", "done", N_("Active"), N_("The person can sign in."), N_("National coordinator"), N_("It is confirmed once a year.")),
        ("planned", "office", N_("Later"), N_("It begins on a later day."), N_("National coordinator"), N_("It begins by itself.")),
        ("due", "wait", N_("To be confirmed"), N_("A year is nearly over, or over: it is confirmed again, or it lapses."),
         N_("National coordinator"), N_("The coordinator confirms it.")),
        ("lapsed", "error", N_("Lapsed"), N_("Nobody confirmed it in time, so it has ended for now."),
         N_("National coordinator"), N_("The coordinator confirms it, and it is given back.")),
        ("none", "draft", N_("No access"), N_("The person holds no role now."), N_("National coordinator"), N_("A role is proposed.")),
        ("ended", "ended", N_("Ended"), N_("The person can no longer sign in for this role."), "", ""),
    ),
    "proposal": (
        ("waits", "wait", N_("Waits"), N_("It changes nothing before it is approved."), N_("Programme coordinator"), N_("The coordinator approves or refuses it.")),
        ("approved", "done", N_("Approved"), N_("It is in the register."), "", ""),
        ("refused", "ended", N_("Refused"), N_("The register stays as it was. The reason is given with it."), "", ""),
        ("taken_back", "ended", N_("Taken back"), N_("Its proposer has taken it back."), "", ""),
    ),
    "address": (
        ("verified", "done", N_("Confirmed"), N_("Its owner, or the programme, has said that it is right."), "", ""),
        ("asked", "wait", N_("Not confirmed"), N_("A mail with a link was sent to it."), N_("The person"), N_("The person opens the link and confirms it.")),
        ("over", "error", N_("Link is over"), N_("Nobody confirmed it within seven days."), N_("The person"), N_("The mail is sent anew.")),
    ),
    "organisation": (
        ("active", "done", N_("Takes part"), N_("It can host, send and mentor."), N_("National coordinator"), N_("Nothing is to be done.")),
        ("inactive", "ended", N_("Takes part no more"), N_("Nothing new begins with it; what is under way goes on."), "", ""),
    ),
    "need": (
        ("open", "go", N_("Open"), N_("Calls can answer it."), N_("Programme coordinator"), N_("A call cites it.")),
        ("withdrawn", "ended", N_("Withdrawn"), N_("It is needed no more."), "", ""),
    ),
    "term": (
        ("planned", "office", N_("Later"), N_("It begins on a later day."), N_("Programme coordinator"), N_("It begins by itself.")),
        ("current", "go", N_("In force"), N_("It holds today."), N_("Programme coordinator"), N_("It ends on its last day.")),
        ("ended", "ended", N_("Over"), N_("Its last day is past."), "", ""),
    ),
}

# The words for others, of states whose row above speaks to the officer: (word where it differs, explanation) and, where
# the row has them, who is responsible and the next step.
_FOR_OTHERS: dict[tuple[str, str], tuple[str, str] | tuple[str, str, str, str]] = {
    ("application", "draft"): ("", N_("Only the officer can see it.")),
    ("application", "submitted"): ("", N_("It has reached the home national coordinator.")),
    ("application", "returned_for_information"): ("", N_("The national coordinator has asked the officer a question.")),
    ("application", "endorsed"): ("", N_("The officer's country supports it.")),
    ("application", "not_endorsed"): ("", N_("The officer's country does not support it. The reason is given with it.")),
    ("application", "offered"): ("", N_("A place is offered to the officer and the host.")),
    ("application", "appealed"): ("", N_("The officer asked for the decision to be looked at again.")),
    ("offer", "draft"): ("", N_("Only the host can see it."), N_("Host"), N_("The host submits it.")),
    ("call", "published"): ("", N_("Applications can be submitted."), N_("Applicants"), N_("Officers apply until the deadline.")),
    ("outcome", "due"): (N_("Not in yet"), N_("It is still to be filled in."), N_("Whoever is asked"), N_("It is filled in.")),
    ("outcome", "begun"): ("", N_("It is being filled in, and not handed in yet."), N_("Whoever is asked"), N_("It is handed in.")),
    ("outcome", "late"): ("", N_("It is still wanted, and will be marked as late."), N_("Whoever is asked"), N_("It is filled in.")),
}
# Of an application for a mentor, as everybody reads it.
_OF_MENTORING: dict[tuple[str, str], str] = {
    ("application", "offered"): N_("A mentor was found. Mentee and mentor are asked."),
    ("application", "completed"): N_("The goals are closed, or the time is over."),
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
