"""The state and the next step of a placement and of a mentor's profile, in words, from their facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts import labels
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import CloseCause, MentorState, OfferState, PauseCause
from shared.i18n import N_, gettext
from shared.next_steps.words import Described, NextStep

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_ESCALATED: dict[A, str] = {
    A.HOST_DEPUTY: N_("%(who)s, and also the deputy"),
    A.PROGRAMME_COORDINATOR: N_("%(who)s, and also the programme coordinator"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementFacts:
    """A placement: `due` is when its endorsement, or an answer of its host, is due.

    `asked_too` is asked besides the coordinator, once the endorsement is overdue. `call_open`: its call is not closed;
    `suspended`: its country is, today; `over`: all its periods are over; `full`: every place is confirmed.
    """

    state: OfferState
    country: str
    due: datetime | None = None
    asked_too: A | None = None
    cause: PauseCause | CloseCause | None = None
    call_open: bool = True
    suspended: bool = False
    over: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorFacts:
    """A mentor's profile: as of a placement; `full`: there are as many mentees as the mentor takes."""

    state: MentorState
    due: datetime | None = None
    cause: PauseCause | CloseCause | None = None
    call_open: bool = True
    suspended: bool = False
    over: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """A situation in words: its meaning (empty: that of its state), holder and step; `own` addresses the holder."""

    why: str = ""
    holder: str = ""
    step: str = ""
    own: str = ""


_HOST, _MENTOR, _COORDINATOR = N_("Host"), N_("Mentor"), N_("Programme coordinator")
_PROGRAMME, _ENDORSES = N_("Programme"), "the coordinator of its country"
_PLACEMENT: dict[str, _Row] = {
    "draft": _Row("", _HOST, N_("The host submits it."), N_("You complete it and submit it.")),
    "submitted": _Row("", _ENDORSES, N_("The coordinator endorses or returns it.")),
    "returned": _Row(
        "",
        _HOST,
        N_("The host changes it as asked, and submits it again."),
        N_("You change it as asked, and submit it again."),
    ),
    "endorsed": _Row("", _HOST, N_("The host publishes it."), N_("You publish it.")),
    "held call_closed": _Row(
        N_("Its call has closed."),
        _HOST,
        N_("The host can copy it to another call."),
        N_("You can copy it to another call."),
    ),
    "held period_over": _Row(
        N_("Its periods have ended."), _HOST, N_("The host enters later periods."), N_("You enter later periods.")
    ),
    "endorsed period_over": _Row(
        N_("Its periods have ended."),
        _HOST,
        N_("The host can copy it to another call."),
        N_("You can copy it to another call."),
    ),
    "held suspended": _Row(
        N_("Its country is suspended."), _COORDINATOR, N_("When the country is reinstated, the host can continue.")
    ),
    "published": _Row("", _COORDINATOR, N_("Guests are matched to its free places.")),
    "published asked": _Row(
        N_("We ask the host whether it is still available."),
        _HOST,
        N_("The host must answer, or it is paused."),
        N_("You must answer, or it is paused."),
    ),
    "ends call_closed": _Row(N_("Its call has closed."), _PROGRAMME, N_("It closes automatically.")),
    "ends period_over": _Row(N_("Its periods have ended."), _PROGRAMME, N_("It closes automatically.")),
    "ends full": _Row(N_("All its places are confirmed."), _PROGRAMME, N_("It closes automatically.")),
    "paused by_choice": _Row(
        N_("The host has paused it. No new guest is matched to it."),
        _HOST,
        N_("The host resumes or closes it."),
        N_("You resume or close it."),
    ),
    "paused silence": _Row(
        N_("The host did not answer whether it is still available. No new guest is matched to it."),
        _HOST,
        N_("The host resumes or closes it."),
        N_("You resume or close it."),
    ),
    "paused partner_suspended": _Row(
        N_("Its country was suspended, and has been reinstated. No new guest is matched to it."),
        _HOST,
        N_("The host resumes or closes it."),
        N_("You resume or close it."),
    ),
    "closed full": _Row(N_("All its places are confirmed.")),
    "closed period_over": _Row(N_("Its periods have ended.")),
    "closed call_closed": _Row(N_("Its call has closed.")),
    "closed by_choice": _Row(N_("The host has closed it.")),
}
_PROFILE: dict[str, _Row] = {
    "draft": _Row("", _MENTOR, N_("The mentor publishes it."), N_("You complete it and publish it.")),
    "held call_closed": _Row(
        N_("Its call has closed."),
        _MENTOR,
        N_("The mentor can write one for another call."),
        N_("You can write one for another call."),
    ),
    "held period_over": _Row(
        N_("Its periods have ended."), _MENTOR, N_("The mentor enters later periods."), N_("You enter later periods.")
    ),
    "held suspended": _Row(
        N_("The mentor's country is suspended."),
        _COORDINATOR,
        N_("When the country is reinstated, the mentor can continue."),
    ),
    "published": _Row("", _COORDINATOR, N_("Mentees are matched to the mentor."), N_("Mentees are matched to you.")),
    "published full": _Row(
        N_("The mentor has no time for more mentees."),
        _COORDINATOR,
        N_("When a mentorship ends, another mentee can be matched."),
    ),
    "published asked": _Row(
        N_("We ask the mentor whether they still have time."),
        _MENTOR,
        N_("The mentor must answer, or it is paused."),
        N_("You must answer, or it is paused."),
    ),
    "ends call_closed": _Row(N_("Its call has closed."), _PROGRAMME, N_("It closes automatically.")),
    "ends period_over": _Row(N_("Its periods have ended."), _PROGRAMME, N_("It closes automatically.")),
    "paused by_choice": _Row(
        N_("The mentor has paused it. No new mentee is matched to it."),
        _MENTOR,
        N_("The mentor resumes or closes it."),
        N_("You resume or close it."),
    ),
    "paused silence": _Row(
        N_("The mentor did not answer whether they still have time. No new mentee is matched to it."),
        _MENTOR,
        N_("The mentor resumes or closes it."),
        N_("You resume or close it."),
    ),
    "paused partner_suspended": _Row(
        N_("The mentor's country was suspended, and has been reinstated. No new mentee is matched to it."),
        _MENTOR,
        N_("The mentor resumes or closes it."),
        N_("You resume or close it."),
    ),
    "closed period_over": _Row(N_("Its periods have ended.")),
    "closed call_closed": _Row(N_("Its call has closed.")),
    "closed by_choice": _Row(N_("The mentor has closed it.")),
}
"""Each situation of a placement and of a mentor's profile: its state with the fact that decides."""

_HELD = frozenset({OfferState.DRAFT.value, OfferState.RETURNED.value, OfferState.ENDORSED.value})
"""It waits for its owner, and was never published."""
_OPEN = frozenset({OfferState.PUBLISHED.value, OfferState.PAUSED.value})


def placement_standing(facts: PlacementFacts, reader: Collection[A] = ()) -> Described:
    """Return what a placement's state means now, and its next step; its host is addressed as "you"."""
    situation = _situation(facts)
    if (facts.state, situation) == (OfferState.ENDORSED, "held period_over"):
        situation = "endorsed period_over"
    row = _PLACEMENT.get(situation, _Row())
    if row.holder != _ENDORSES:
        return _described(row, facts.due, own=A.HOST_CONTACT in reader)
    coordinator = labels.coordinator(facts.country)
    if facts.asked_too is not None:
        coordinator = gettext(_ESCALATED[facts.asked_too]) % {"who": coordinator}
    return Described(step=NextStep(coordinator, gettext(row.step), facts.due))


def profile_standing(facts: MentorFacts, reader: Collection[A] = ()) -> Described:
    """Return what the state of a mentor's profile means now, and its next step; the mentor is addressed as "you"."""
    return _described(_PROFILE.get(_situation(facts), _Row()), facts.due, own=A.MENTOR in reader)


def _situation(facts: PlacementFacts | MentorFacts) -> str:
    """Return the key of the situation: the state, and the fact that decides about the next step."""
    state = facts.state.value
    ended = "call_closed" if not facts.call_open else "period_over" if facts.over else ""
    if ended and state in _HELD | _OPEN:
        return f"{'held' if state in _HELD else 'ends'} {ended}"
    if facts.suspended and state in _HELD | {OfferState.PAUSED.value}:
        return "held suspended"
    if state == OfferState.PUBLISHED.value:
        return _published(facts)
    if state == OfferState.PAUSED.value:
        return f"paused {facts.cause or PauseCause.BY_CHOICE}"
    return f"closed {facts.cause}" if state == OfferState.CLOSED.value else state


def _published(facts: PlacementFacts | MentorFacts) -> str:
    """Return the situation of a published record: a full placement closes by itself, a full profile waits."""
    if facts.full and isinstance(facts, PlacementFacts):
        return "ends full"
    if facts.due is not None:
        return "published asked"
    return "published full" if facts.full else "published"


def _described(row: _Row, due: datetime | None, *, own: bool) -> Described:
    yours = own and row.holder in {_HOST, _MENTOR}
    holder = gettext("You") if yours else gettext(row.holder) if row.holder else ""
    step = row.own if own and row.own else row.step
    return Described(gettext(row.why) if row.why else "", NextStep(holder, gettext(step) if step else "", due))
