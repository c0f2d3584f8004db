"""Who are the two of a mentorship, and when do they work together?"""

from __future__ import annotations

from shared.contracts.codes import MentorshipState, Party

PAIR = (Party.MENTEE, Party.MENTOR)
ONGOING = frozenset({MentorshipState.OPENED, MentorshipState.ACTIVE})
BEGUN = frozenset({MentorshipState.ACTIVE, MentorshipState.PAUSED})
OVER = frozenset({MentorshipState.COMPLETED, MentorshipState.ENDED_EARLY})


def other(party: Party) -> Party:
    """Return the other of mentee and mentor."""
    return Party.MENTOR if party is Party.MENTEE else Party.MENTEE
