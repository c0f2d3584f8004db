"""Tell which requests of a pair still wait, for an answer of the other side or of matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.model.visit import RequestState
from shared.contracts.codes import MentorshipState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.applications.mentorships.store.mentorships import Mentorship
    from services.applications.mentorships.store.pauses import Pause
    from services.applications.mentorships.store.visits import PairVisit
    from services.applications.visits.store import Visit


def planned_end(mentorship: Mentorship, until: date | None) -> date | None:
    """Return the planned end of the mentorship: the agreement's, else the last day that both can."""
    return until or mentorship.until


def open_request(requests: Sequence[PairVisit], visits: Sequence[Visit]) -> PairVisit | None:
    """Return the newest request, while it waits for an answer or for the dates of an agreed visit."""
    last = requests[0] if requests else None
    if last is None or last.stands not in {RequestState.ASKED, RequestState.AGREED}:
        return None
    has_dates = last.answered_at is not None and any(visit.since >= last.answered_at for visit in visits)
    return None if has_dates else last


def pause_arrived(mentorship: Mentorship, last: Pause | None) -> bool:
    """Return whether a pause was asked for that matching has not answered yet."""
    return mentorship.stands is MentorshipState.ACTIVE and last is not None and last.resumed_at is None


def resume_arrived(mentorship: Mentorship, last: Pause | None) -> bool:
    """Return whether the pair asked to resume, and matching has not answered yet."""
    return mentorship.stands is MentorshipState.PAUSED and last is not None and last.resumed_at is not None
