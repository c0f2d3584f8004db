"""The two parties of a mentorship, and the states in which they work together.

A module of its own, since all other rules of the room build on it.
"""

from __future__ import annotations

from shared.contracts.codes import MentorshipState, Party
from shared.contracts.lifecycle.state_sets import MENTORSHIP_GOING, MENTORSHIP_OVER

PAIR = (Party.MENTEE, Party.MENTOR)
ONGOING = frozenset({MentorshipState.OPENED, MentorshipState.ACTIVE})
BEGUN = frozenset(MENTORSHIP_GOING)
OVER = frozenset(MENTORSHIP_OVER)


def other(party: Party) -> Party:
    """Return the other of mentee and mentor."""
    return Party.MENTOR if party is Party.MENTEE else Party.MENTEE
