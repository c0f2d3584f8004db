"""The rules that decide whether a case is overdue, since when, and who must act; one rule a stage.

A stage that waits for a cohort, or that ends by itself on a day (a visit to come), is never overdue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import ApplicationState, MatchState, MentorshipState, Party, VisitState
from shared.contracts.lifecycle import Unit
from shared.time import workdays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.contracts.calls import Timers

_DAYS = Unit.WORKING_DAYS
_ALLOWED: Mapping[tuple[str, str], tuple[str, Unit, Party]] = {
    ("application", ApplicationState.SUBMITTED): ("endorse_wd", _DAYS, Party.HOME_COORDINATOR),
    ("application", ApplicationState.RETURNED_FOR_INFORMATION): ("information_wd", _DAYS, Party.GUEST),
    ("application", ApplicationState.ENDORSED): ("eligibility_wd", _DAYS, Party.PROGRAMME),
    ("application", ApplicationState.APPEALED): ("appeal_decision_wd", _DAYS, Party.PROGRAMME),
    ("mentorship", MentorshipState.OPENED): ("agreement_wd", _DAYS, Party.MENTOR),
    ("visit", VisitState.ENDED): ("report_days", Unit.DAYS, Party.GUEST),
}
STAGES = frozenset(
    {f"{kind}:{state.value}" for kind, state in _ALLOWED}  # type: ignore[attr-defined]  # the keys are members of codes
    | {f"match:{MatchState.PROPOSED}", f"match:{MatchState.OFFERED}", f"visit:{VisitState.UNSCHEDULABLE}"}
)
"""The stages, as `kind:state`, in which somebody is asked for something: only these can be stuck."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of a case: `due` is the match's own date, `home_cleared` is whether the home country has cleared it."""

    kind: str
    state: str
    since: datetime
    country: str
    host_country: str | None = None
    due: datetime | None = None
    home_cleared: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """An overdue case: since when, and who must act (with the country, if a country must)."""

    due: datetime
    holder: Party
    country: str | None = None


def late(stage: Stage, timers: Timers, now: datetime) -> Late | None:
    """Return why a case is overdue at `now`; None if nothing is overdue.

    Raises NotImplementedError for a country whose holidays are not known.
    """
    found = _due(stage, timers)
    return found if found is not None and found.due < now else None


def _due(stage: Stage, timers: Timers) -> Late | None:
    match stage.kind, stage.state:
        case "match", MatchState.PROPOSED if stage.due is not None:
            if stage.home_cleared:
                return Late(stage.due, Party.HOST_COORDINATOR, stage.host_country)
            return Late(stage.due, Party.HOME_COORDINATOR, stage.country)
        case "match", MatchState.OFFERED if stage.due is not None:
            return Late(stage.due, Party.GUEST)
        case "visit", VisitState.UNSCHEDULABLE:
            return Late(stage.since, Party.PROGRAMME)
    for (kind, state), (timer, unit, holder) in _ALLOWED.items():
        if (stage.kind, stage.state) == (kind, state):
            due = workdays.due(stage.since, getattr(timers, timer), unit, stage.country)
            return Late(due, holder, stage.country if holder is Party.HOME_COORDINATOR else None)
    return None
