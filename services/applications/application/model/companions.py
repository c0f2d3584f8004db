"""The rules of applying together: naming, confirming, leaving and removing a companion. Pure.

`domain.md`: modes `pre_matched` (two name each other) and `group` (up to the call's size). Nobody learns of the other
before both have named each other; nobody is in two groups, or in a group and a pair.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.transitions import AlreadyDone, NotNow, state_word
from shared.contracts.codes import ApplicationState
from shared.contracts.lifecycle import BEFORE_OFFERED
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.ids import reaction_id

if TYPE_CHECKING:
    from uuid import UUID


class CompanionState(StrEnum):
    """The state of a companion who was named."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    LEFT = "left"
    REMOVED = "removed"


C = CompanionState
# Who is named and has not said no, and was not removed.
LIVE: frozenset[C] = frozenset({C.ASKED, C.CONFIRMED})
_STANDS = {
    C.ASKED: N_("This has not been answered yet."),
    C.CONFIRMED: N_("This was already answered with “yes”."),
    C.DECLINED: N_("This was already answered with “no”."),
    C.LEFT: N_("You no longer apply together because one of you has left."),
    C.REMOVED: N_("You no longer apply together because this was withdrawn."),
}

_WORDS = {
    C.ASKED: N_("No answer yet"),
    C.CONFIRMED: N_("Said yes"),
    C.DECLINED: N_("Said no"),
    C.LEFT: N_("Has left"),
    C.REMOVED: N_("Withdrawn"),
}


def state_in_words(state: str) -> str:
    """Return the word for the state of a companion, in the reader's language."""
    return gettext(_WORDS[C(state)])


def group_id(leader: UUID) -> UUID:
    """Return the id that the members of a group share, derived from the leader's application."""
    return reaction_id(leader, "group", "")


def check_open_for_change(shown_state: ApplicationState) -> None:
    """Raise `NotNow` where the companions of an application can no longer change.

    `shown_state` is the state as people see it; while it is a draft or returned, it is simply written.
    """
    if shown_state is ApplicationState.DRAFT or shown_state in BEFORE_OFFERED:
        return
    text = gettext("The application is now “%(state)s”, so you can no longer change who you apply with.")
    raise NotNow(text % {"state": state_word("application", shown_state)})


def check_alone(*, member: bool, leads: bool, paired: bool) -> None:
    """Raise `NotNow` for somebody who applies with others already: each is in one group, or in one pair.

    `member`: confirmed in a group; `leads`: leads one; `paired`: has named a counterpart.
    """
    if member:
        raise NotNow(gettext("You are already in a group. Leave it first."), ProblemCode.STEP_MISSING)
    if leads:
        raise NotNow(gettext("You already lead a group. Withdraw your invitations first."), ProblemCode.STEP_MISSING)
    if paired:
        raise NotNow(gettext("You have already named a counterpart. Withdraw that first."), ProblemCode.STEP_MISSING)


def check_group_size(live: int, most: int) -> None:
    """Raise `NotNow` where a group with its leader and `live` others, asked or confirmed, is full."""
    if 1 + live >= most:
        raise NotNow(
            gettext(
                "A group in this call can have up to %(most)d members, including you and people who have not answered."
            )
            % {"most": most},
            ProblemCode.LIMIT_REACHED,
        )


def after_answer(state: C, *, yes: bool) -> C:
    """Return the state after an answer. Raises `AlreadyDone` for the same answer again, else `NotNow`."""
    target = C.CONFIRMED if yes else C.DECLINED
    if state is target:
        raise AlreadyDone(gettext(_STANDS[state]))
    if state is not C.ASKED:
        raise NotNow(gettext(_STANDS[state]), ProblemCode.ALREADY_DONE)
    return target


def after_leaving(state: C) -> C:
    """Return the state after a confirmed companion leaves. Raises `AlreadyDone`, `NotNow`."""
    return _after_end(state, C.LEFT, frozenset({C.CONFIRMED}))


def after_removal(state: C) -> C:
    """Return the state after the officer removes the companion. Raises `AlreadyDone`, `NotNow`."""
    return _after_end(state, C.REMOVED, LIVE)


def _after_end(state: C, target: C, sources: frozenset[C]) -> C:
    if state is target:
        raise AlreadyDone(gettext(_STANDS[state]))
    if state not in sources:
        raise NotNow(gettext(_STANDS[state]), ProblemCode.ALREADY_DONE)
    return target
