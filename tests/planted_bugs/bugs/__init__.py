"""The table of planted bugs: each with the test that must find it, by the part of the project that it breaks."""

from tests.planted_bugs.bugs.bus import INBOX, LEASES, OUTBOX
from tests.planted_bugs.bugs.figures import DISCLOSURE, GROUPINGS, LEAKS
from tests.planted_bugs.bugs.services import MATCHING, SENDERS, WAITING
from tests.planted_bugs.bugs.simulated import SIMULATED

BUGS = (
    *OUTBOX,
    *INBOX,
    *LEASES,
    *SENDERS,
    *MATCHING,
    *WAITING,
    *DISCLOSURE,
    *SIMULATED,
    *LEAKS,
    *GROUPINGS,
)
