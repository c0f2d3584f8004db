"""State what ties a person to a case, so that somebody else decides on it. Pure.

Nobody decides on their own case, or on that of somebody they manage or are managed by: a line manager named in an
application that was submitted, or a coordinator and the deputy in charge today. A line manager is kept from deciding
once a coordinator has confirmed it: naming somebody binds the officer who names alone. Who wrote or proposed something
does not approve it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class Tie(StrEnum):
    """The tie between the person who would decide and the case."""

    OWN = "own"
    AUTHOR = "author"
    MANAGES = "manages"
    MANAGED_BY = "managed_by"
    DEPUTY_OF = "deputy_of"
    HAS_DEPUTY = "has_deputy"


_WHY = {
    Tie.OWN: N_("This is your own case, so you cannot decide on it."),
    Tie.AUTHOR: N_("You wrote this, so you cannot decide on it."),
    Tie.MANAGES: N_("You are the line manager of a person in this case, so you cannot decide on it."),
    Tie.MANAGED_BY: N_("A person in this case is your line manager, so you cannot decide on it."),
    Tie.DEPUTY_OF: N_("You are the deputy of a person in this case, so you cannot decide on it."),
    Tie.HAS_DEPUTY: N_("A person in this case is your deputy, so you cannot decide on it."),
}
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Concerned:
    """The accounts of those whom a decision concerns, and of those who wrote or proposed what is decided."""

    people: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()

    @property
    def everybody(self) -> frozenset[str]:
        """Return all of them."""
        return self.people | self.authors


@dataclass(frozen=True, slots=True)
class Ties:
    """The ties of deciders to others: decider -> person -> tie, as far as loaded. A person's own case needs none."""

    of: Mapping[str, Mapping[str, Tie]] = field(default_factory=dict)

    def between(self, decider: str, case: Concerned) -> Tie | None:
        """Return what ties the decider to the case; None where nothing does."""
        if decider in case.people:
            return Tie.OWN
        if decider in case.authors:
            return Tie.AUTHOR
        ties = self.of.get(decider, {})
        return next((ties[person] for person in sorted(case.people) if person in ties), None)

    def concerning(self, decider: str) -> frozenset[str]:
        """Return the people on whose case that decider may not decide, the decider included."""
        return frozenset({decider, *self.of.get(decider, {})})

    def free(self, deciders: Iterable[str], case: Concerned) -> list[str]:
        """Return those of the deciders whom nothing ties to the case, in their order."""
        return [decider for decider in deciders if self.between(decider, case) is None]

    def blocked(self, deciders: Collection[str]) -> frozenset[str]:
        """Return the people on whose case none of these deciders may decide; nobody if there is no decider."""
        sets = [self.concerning(decider) for decider in deciders]
        return frozenset.intersection(*sets) if sets else frozenset()


def why_not(tie: Tie) -> str:
    """Return the sentence that says why somebody with that tie does not decide."""
    return gettext(_WHY[tie])


def who_can(names: Collection[str]) -> str:
    """Return the sentence that names those who can decide instead."""
    if not names:
        return gettext("Nobody else can decide yet. Ask the programme to appoint another programme coordinator.")
    first_names = ", ".join(sorted(names)[:_MOST_NAMES])
    return gettext("These people can decide instead: %(names)s.") % {"names": first_names}
