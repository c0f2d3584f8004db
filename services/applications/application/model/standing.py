"""Derive the state of an eligible application from its match, visit or mentorship. Pure.

From `eligible` on no event of the portal's own says it (`lifecycles.md`, "Application"): it follows from the newest
match, its visit or mentorship, and the receipt of the last run. What becomes of it when a confirmed match is cancelled
is decision 0012; matching's pool (`services/matching/provisional/model/problem.py`) follows the same rule.
"""

from __future__ import annotations

from shared.contracts.codes import ApplicationState, MatchState, MentorshipState, Party, VisitState

S = ApplicationState
_APPLICANTS = frozenset({Party.GUEST, Party.MENTEE})

_BY_MATCH: dict[MatchState, S] = {
    MatchState.PROPOSED: S.MATCHED,
    MatchState.CLEARED: S.MATCHED,
    MatchState.OFFERED: S.OFFERED,
    MatchState.CONFIRMED: S.ACCEPTED,
}
_BY_VISIT: dict[VisitState, S] = {
    VisitState.UNSCHEDULABLE: S.ACCEPTED,
    VisitState.SCHEDULED: S.SCHEDULED,
    VisitState.UNDER_WAY: S.UNDER_WAY,
    VisitState.COMPLETED: S.COMPLETED,
    VisitState.CANCELLED: S.ENDED,
    VisitState.NO_SHOW: S.ENDED,
    VisitState.VOIDED: S.ENDED,
}
_BY_MENTORSHIP: dict[MentorshipState, S] = {
    MentorshipState.OPENED: S.ACCEPTED,
    MentorshipState.ACTIVE: S.UNDER_WAY,
    MentorshipState.PAUSED: S.UNDER_WAY,
    MentorshipState.COMPLETED: S.COMPLETED,
    MentorshipState.ENDED_EARLY: S.ENDED,
}


def standing(
    match: MatchState | None,
    *,
    visit: VisitState | None = None,
    whole: bool = True,
    mentorship: MentorshipState | None = None,
    state_before: MatchState | None = None,
    cancelled_by: Party | None = None,
    waiting: bool = False,
    call_open: bool = True,
) -> ApplicationState:
    """Return the state of an eligible application.

    `match` is the newest one's state, `visit` and `mentorship` those that followed from it; `whole` says of an ended
    visit whether all required days were attended (its VisitCompleted is then on its way). `state_before` and
    `cancelled_by` are of a cancelled match. `waiting`: the last run gave the application a place in line.
    """
    if match is None or match not in _BY_MATCH:
        confirmed = match is MatchState.CANCELLED and state_before is MatchState.CONFIRMED
        over = visit is VisitState.VOIDED or (confirmed and (cancelled_by in _APPLICANTS or not call_open))
        if over:
            return S.ENDED
        return S.WAITLISTED if waiting else S.IN_MATCHING
    if match is not MatchState.CONFIRMED:
        return _BY_MATCH[match]
    if mentorship is not None:
        return _BY_MENTORSHIP[mentorship]
    if visit is VisitState.ENDED:
        return S.UNDER_WAY if whole else S.ENDED
    return _BY_VISIT[visit] if visit is not None else S.ACCEPTED
