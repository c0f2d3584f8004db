"""The two parties of a mentorship, and the states in which they work together."""

from __future__ import annotations

from shared.contracts.codes import MentorshipState, Party

PAIR = (Party.MENTEE, Party.MENTOR)
ONGOING = frozenset({MentorshipState.OPENED, MentorshipState.ACTIVE})
BEGUN = frozenset({MentorshipState.ACTIVE, MentorshipState.PAUSED})
OVER = frozenset({MentorshipState.COMPLETED, MentorshipState.ENDED_EARLY})


def other(party: Party) -> Party:
    """Return the other of mentee and mentor."""
    return Party.MENTOR if party is Party.MENTEE else Party.MENTEE
