"""The facts of a case from which its next step follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.contracts.calls import Timers

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from shared.contracts.codes import (
        ApplicationKind,
        ApplicationState,
        AudienceKind,
        MatchState,
        MentorshipState,
        VisitState,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFacts:
    """A match: `due` is the deadline of the clearance or the answers that are asked for now.

    `refused`: a country has refused it; `accepted` are those who have accepted it; `reserve`: it is cleared beforehand
    for a place that another match holds.
    """

    state: MatchState
    kind: ApplicationKind
    country: str
    host_country: str
    due: datetime | None = None
    home_cleared: bool = False
    refused: bool = False
    accepted: Collection[AudienceKind] = ()
    reserve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts:
    """A visit: who agreed to its newest agenda, whose part of the preparation is ready, who accepted other dates.

    `move_due` is the deadline of proposed dates, None without any. `ended_on` and `attended` are known once it is over;
    `received` holds what was submitted about it, as (what, of).
    """

    state: VisitState
    country: str
    timers: Timers = field(default_factory=Timers)
    start: date | None = None
    end: date | None = None
    agenda_due: datetime | None = None
    agreed: Collection[AudienceKind] = ()
    prepared: Collection[AudienceKind] = ()
    move_due: datetime | None = None
    move_accepted: Collection[AudienceKind] = ()
    ended_on: date | None = None
    attended: bool = False
    certified: bool = False
    received: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """A mentorship: both sign by `due`, `signed` have signed; `received` as for a visit.

    `until` is its planned end, `missing` the number of confirmed sessions that it still needs to be completed.
    """

    state: MentorshipState
    country: str
    timers: Timers = field(default_factory=Timers)
    due: datetime | None = None
    signed: Collection[AudienceKind] = ()
    until: date | None = None
    missing: int = 0
    ended_on: date | None = None
    received: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """An application with all that followed from it.

    `state` is the portal's own (`eligible` from the matching on) and `due` its deadline, of a draft that of the call.
    `match` is the one that stands, `reserve` one that is cleared beforehand. `in_line`: it has a place in line;
    `over`: what followed from it has ended without another attempt.
    """

    kind: ApplicationKind
    country: str
    state: ApplicationState
    due: datetime | None = None
    match: MatchFacts | None = None
    reserve: MatchFacts | None = None
    visits: Collection[VisitFacts] = ()
    pair: PairFacts | None = None
    in_line: bool = False
    cleared_ahead: bool = False
    over: bool = False
