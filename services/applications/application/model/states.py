"""The states of an application and the transitions between them, after `lifecycles.md`. Pure.

The table of transitions is the contract's (`shared/contracts/lifecycle`). From `eligible` on the state that people see
is projected from matching's and reporting's events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import state_word
from shared.contracts.applications import (
    ApplicationCancelled,
    ApplicationChanged,
    ApplicationEndorsed,
    ApplicationEvent,
    ApplicationFoundEligible,
    ApplicationFoundIneligible,
    ApplicationNotEndorsed,
    ApplicationResubmitted,
    ApplicationReturned,
    ApplicationSubmitted,
    ApplicationVoided,
    ApplicationWithdrawn,
)
from shared.contracts.codes import ApplicationState, Outcome
from shared.contracts.lifecycle import BEFORE_OFFERED, OPEN, TRANSITIONS
from shared.errors import ProblemCode
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from shared.contracts.base import Event

S = ApplicationState

# Which states end an application, with the outcome that is then told once.
FINAL: dict[S, Outcome] = {
    S.NOT_ENDORSED: Outcome.NOT_ENDORSED,
    S.INELIGIBLE: Outcome.INELIGIBLE,
    S.UNPLACED: Outcome.UNPLACED_AT_CLOSE,
    S.WITHDRAWN: Outcome.WITHDRAWN,
    S.CANCELLED: Outcome.CANCELLED,
}
# What a call's close makes unplaced: open, and not placed.
LEFT_AT_CLOSE: tuple[S, ...] = (S.SUBMITTED, S.RETURNED_FOR_INFORMATION, S.ENDORSED, S.ELIGIBLE)

_TARGETS: dict[tuple[str, S | None], S] = {
    (row.event, None if source is None else S(source)): S(row.target)
    for row in TRANSITIONS
    if row.topic == ApplicationEvent.topic and row.target is not None
    for source in row.sources
}

# What somebody wanted to do, for the sentence that says that it is too late.
_DOING: dict[str, str] = {
    ApplicationSubmitted.type: N_("It cannot be submitted"),
    ApplicationReturned.type: N_("It cannot be returned for information"),
    ApplicationResubmitted.type: N_("It cannot be submitted again"),
    ApplicationEndorsed.type: N_("It cannot be endorsed"),
    ApplicationNotEndorsed.type: N_("It cannot be marked as not endorsed"),
    ApplicationFoundEligible.type: N_("It cannot be found eligible"),
    ApplicationFoundIneligible.type: N_("It cannot be found not eligible"),
    ApplicationWithdrawn.type: N_("It cannot be withdrawn"),
    ApplicationCancelled.type: N_("It cannot be cancelled"),
    ApplicationVoided.type: N_("It cannot be marked as entered in error"),
    ApplicationChanged.type: N_("It cannot be changed"),
}


class NotPossible(ValueError):
    """The event cannot happen in the application's present state; the sentence says why, the code what kind it is."""

    def __init__(self, sentence: str, code: ProblemCode = ProblemCode.WRONG_STATE) -> None:
        super().__init__(sentence)
        self.code = code


def after(event: type[Event], state: S) -> S:
    """Return the state to which `event` leads from `state`. Raises `NotPossible`."""
    target = _TARGETS.get((event.type, state))
    if target is None:
        raise _not_possible(event, state)
    return target


def check_not_over(event: type[Event], projected: S) -> None:
    """Raise `NotPossible` where an eligible application's visit or mentorship is over: `event` comes too late."""
    if not is_open(projected):
        raise _not_possible(event, projected)


def may_change(state: S, shown_state: S) -> bool:
    """Return whether a submitted application may be changed: before a place is offered, and not while returned.

    `state` is the portal's own, `shown_state` the one that people see: once eligible, the projected one.
    """
    return shown_state in BEFORE_OFFERED and state is not S.RETURNED_FOR_INFORMATION


def after_change(state: S, shown_state: S, *, matters: bool) -> S:
    """Return the portal's state after a change: back to submitted where the change `matters` to the call's rules.

    Raises `NotPossible`.
    """
    if not may_change(state, shown_state):
        raise _not_possible(ApplicationChanged, shown_state)
    return S.SUBMITTED if matters else state


def _not_possible(event: type[Event], state: S) -> NotPossible:
    return NotPossible(
        gettext("%(doing)s because the application is now “%(state)s”.")
        % {
            "doing": gettext(_DOING.get(event.type, N_("This cannot be done"))),
            "state": state_word("application", state),
        }
    )


def possible(event: type[Event], state: S) -> bool:
    """Return whether `event` may happen to an application in that state."""
    return (event.type, state) in _TARGETS


def is_open(state: S) -> bool:
    """Return whether an application is open: from submitted to under way."""
    return state in OPEN


def outcome_of(state: S, published: Outcome | None) -> Outcome | None:
    """Return the outcome to publish on reaching `state`: the first final one, once; else None."""
    return FINAL.get(state) if published is None else None


def reference(country: str, year: int, number: int) -> str:
    """Return a reference such as `AM-2026-0042`, counted by country and year."""
    return f"{country}-{year}-{number:04d}"
