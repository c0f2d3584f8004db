"""The state machine of a match, from proposed to confirmed or ended (lifecycles.md, "Match").

Every function takes a match and returns its next state, with the facts to publish. If nothing changes, it returns the
same match and no fact. There is no clock: moments are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.contracts import matches
from shared.contracts.codes import Answer, ApplicationKind, MatchState, Party, Reason, Side
from shared.contracts.lifecycle.state_sets import MATCH_UNCLEARED, MATCH_UNCONFIRMED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.contracts.base import DatePeriod
    from shared.contracts.matches import MatchEvent, Pairing

UNCONFIRMED = MATCH_UNCONFIRMED
HELD = (*UNCONFIRMED, MatchState.CONFIRMED)
"""The states in which a match stands. It then takes a place, unless it is a reserve; the engine never touches one."""
IN_RESERVE = MATCH_UNCLEARED
"""The states in which a reserve stands: it is never offered as such."""

_APPLICANTS = (Party.GUEST, Party.MENTEE)
_PAIR = (Party.GUEST, Party.HOST, Party.MENTEE, Party.MENTOR)
_CLEARERS = (Party.HOME_COORDINATOR, Party.HOST_COORDINATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One match. `due` is the deadline of the next step; `by`, `reason` and `silent` say how it ended.

    A `reserve` is cleared beforehand for a place that another match has; once called up it is no reserve any more.
    """

    id: UUID
    pairing: Pairing
    state: MatchState
    since: datetime
    due: datetime
    proposed_at: datetime
    run_id: UUID
    score: int
    next_in_line: tuple[UUID, ...] = ()
    home_cleared: bool = False
    host_cleared: bool = False
    applicant_accepted: bool = False
    host_accepted: bool = False
    by: Party | None = None
    reason: Reason | None = None
    silent: tuple[Party, ...] = ()
    reserve: bool = False

    @property
    def seat_id(self) -> UUID:
        """The offer or mentor."""
        seat = self.pairing.offer_id or self.pairing.mentor_id
        assert seat is not None
        return seat

    @property
    def stands(self) -> bool:
        """Return whether it is not over."""
        return self.state in HELD

    @property
    def takes_place(self) -> bool:
        """Return whether it takes a place."""
        return self.stands and not self.reserve

    @property
    def in_reserve(self) -> bool:
        """Return whether it is a reserve that is not over."""
        return self.stands and self.reserve

    @property
    def applicant(self) -> Party:
        """The role of the officer in it."""
        return Party.GUEST if self.pairing.kind is ApplicationKind.STUDY_VISIT else Party.MENTEE

    @property
    def host(self) -> Party:
        """The role of the other side in it."""
        return Party.HOST if self.pairing.kind is ApplicationKind.STUDY_VISIT else Party.MENTOR

    @property
    def bars(self) -> bool:
        """Return whether this pair is not to be proposed again: one of the two said no, or a country did not clear it.

        For a reserve nobody but the countries was asked.
        """
        if self.state is MatchState.DECLINED:
            return True
        return self.state is MatchState.CANCELLED and self.by in (_CLEARERS if self.reserve else (*_PAIR, *_CLEARERS))

    @property
    def given_up(self) -> bool:
        """Return whether the officer gave a confirmed place back: the application has then ended (decision 0012)."""
        confirmed = self.applicant_accepted and self.host_accepted
        return self.state is MatchState.CANCELLED and self.by is self.applicant and confirmed


Step = tuple[Match, tuple["MatchEvent", ...]]


def propose(
    match_id: UUID,
    pairing: Pairing,
    *,
    run_id: UUID,
    score: int,
    weeks: Sequence[DatePeriod],
    next_in_line: tuple[UUID, ...],
    due: datetime,
    now: datetime,
    ring: UUID | None = None,
    override: Reason | None = None,
    reserve: bool = False,
) -> Step:
    """Return a new match: of a cohort or a `ring`, the next in line for a free place, by `override`, or a `reserve`."""
    match = Match(
        id=match_id,
        pairing=pairing,
        state=MatchState.PROPOSED,
        since=now,
        due=due,
        proposed_at=now,
        run_id=run_id,
        score=score,
        next_in_line=next_in_line,
        reserve=reserve,
    )
    event = matches.MatchProposed(
        pairing=pairing,
        run_id=run_id,
        score=score,
        weeks=tuple(weeks),
        next_in_line=len(next_in_line),
        ring=ring,
        override=override,
        reserve=reserve,
        due=due,
    )
    return match, (event,)


def clear(
    match: Match, side: Side, *, now: datetime, due: datetime, host_due: datetime | None, waiting: tuple[UUID, ...]
) -> Step:
    """Record the clearance of one country.

    With both, the match is cleared and offered at once, to be answered by `due`. A reserve is cleared and waits to be
    called up. `host_due` is the host country's deadline, once the home country has cleared; `waiting` are those next in
    line.
    """
    if match.state is not MatchState.PROPOSED:
        return match, ()
    home = match.home_cleared or side is Side.HOME
    host = match.host_cleared or side is Side.HOST
    if not (home and host):
        return replace(match, home_cleared=home, host_cleared=host, due=host_due or match.due), ()
    cleared = replace(match, state=MatchState.CLEARED, since=now, home_cleared=True, host_cleared=True)
    event = matches.MatchCleared(pairing=match.pairing, reserve=match.reserve)
    if match.reserve:
        return cleared, (event,)
    offered, more = _offer(cleared, now=now, due=due, waiting=waiting)
    return offered, (event, *more)


def _offer(match: Match, *, now: datetime, due: datetime, waiting: tuple[UUID, ...]) -> Step:
    """Ask both sides for their answers."""
    offered = replace(match, state=MatchState.OFFERED, since=now, due=due, next_in_line=waiting)
    return offered, (matches.MatchOffered(pairing=match.pairing, due=due, next_in_line=waiting),)


def call_up(match: Match, *, run_id: UUID, now: datetime, due: datetime, waiting: tuple[UUID, ...]) -> Step:
    """Give a reserve the place that fell free, in a run: it is offered at once if both countries have cleared it.

    One that is not cleared yet continues with the clearances that it has.
    """
    if not match.in_reserve:
        return match, ()
    called_up = replace(match, reserve=False, run_id=run_id, next_in_line=waiting)
    event = matches.MatchCalledUp(pairing=match.pairing)
    if match.state is MatchState.PROPOSED:
        return called_up, (event,)
    offered, more = _offer(called_up, now=now, due=due, waiting=waiting)
    return offered, (event, *more)


def answer(match: Match, by: Party, answered: Answer, reason: Reason | None, *, at: datetime, now: datetime) -> Step:
    """Record an answer, given `at` by the portal's clock. Both yes: confirmed; one no: declined; else it waits.

    An answer after the deadline, or about a match that takes no answers any more, changes nothing and is published as
    late. A match that is not offered yet takes none.
    """
    if by not in (match.applicant, match.host) or match.state in IN_RESERVE:
        return match, ()
    if match.state is not MatchState.OFFERED or at > match.due:
        return match, (matches.AnswerTooLate(pairing=match.pairing, by=by, answered_at=at, due=match.due),)
    if answered is Answer.DECLINE:
        why = reason or Reason.OTHER
        declined = replace(match, state=MatchState.DECLINED, since=now, by=by, reason=why)
        return declined, (matches.MatchDeclined(pairing=match.pairing, by=by, reason=why),)
    applicant = match.applicant_accepted or by is match.applicant
    host = match.host_accepted or by is match.host
    accepted = replace(match, applicant_accepted=applicant, host_accepted=host)
    if not (applicant and host):
        return accepted, ()
    return replace(accepted, state=MatchState.CONFIRMED, since=now), (matches.MatchConfirmed(pairing=match.pairing),)


def expire(match: Match, *, now: datetime, silences: int) -> Step:
    """End a match whose deadline has passed; `silences` counts the officer's earlier ones."""
    if match.state is not MatchState.OFFERED or now <= match.due:
        return match, ()
    silent = tuple(
        party
        for party, accepted in ((match.applicant, match.applicant_accepted), (match.host, match.host_accepted))
        if not accepted
    )
    count = silences + (not match.applicant_accepted)
    expired = replace(match, state=MatchState.EXPIRED, since=now, by=Party.CLOCK, silent=silent)
    return expired, (matches.MatchExpired(pairing=match.pairing, silent=silent, silences=count),)


def pay_from(match: Match, fund_id: UUID, reason: Reason) -> Step:
    """Record another fund; nothing changes if the match is over, or that fund pays already."""
    if not match.stands or match.pairing.fund_id == fund_id:
        return match, ()
    moved = replace(match, pairing=match.pairing.model_copy(update={"fund_id": fund_id}))
    event = matches.MatchFundChanged(pairing=moved.pairing, previous_fund_id=match.pairing.fund_id, reason=reason)
    return moved, (event,)


def supersede(match: Match, by_match_id: UUID, reason: Reason, *, now: datetime) -> Step:
    """End a match in favour of another (an override, or a reserve that gets a place).

    A confirmed or ended one stays.
    """
    if match.state not in UNCONFIRMED:
        return match, ()
    event = matches.MatchSuperseded(
        pairing=match.pairing, by_match_id=by_match_id, reason=reason, was=match.state, reserve=match.reserve
    )
    return replace(match, state=MatchState.SUPERSEDED, since=now, by=Party.PROGRAMME, reason=reason), (event,)


def cancel(match: Match, by: Party, reason: Reason, *, now: datetime, application_ended: bool = False) -> Step:
    """End a match before its visit or mentorship ends; one that is over stays as it is."""
    if not match.stands:
        return match, ()
    cancelled = replace(match, state=MatchState.CANCELLED, since=now, by=by, reason=reason)
    event = matches.MatchCancelled(
        pairing=match.pairing,
        by=by,
        reason=reason,
        was=match.state,
        reserve=match.reserve,
        application_ended=application_ended,
    )
    return cancelled, (event,)
