"""What does the portal do with the events of the other services? Which function of which module takes which topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions import places, preparation, reactions
from services.applications.actions.mentorships import meetings
from services.applications.store import certificates, matches, mentorships, outcomes, visits
from shared.bus import Consumers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx


async def _react_to_matches(tx: Tx, events: Sequence[Envelope]) -> None:
    await reactions.react_to_matches(tx, events)
    await places.react_to_matches(tx, events)


async def _evolve_outcomes(tx: Tx, events: Sequence[Envelope]) -> None:
    await outcomes.evolve(tx, events)
    await certificates.evolve(tx, events)


consumers = Consumers(
    "applications",
    projections=("match", "visit", "mentorship", "receipt", "outcome_in", "test_asked", "certificate", "standing"),
)
consumers.topic("exchange.matches", evolve=matches.evolve, react=_react_to_matches)
consumers.topic("exchange.receipts", evolve=matches.evolve_receipts)
consumers.topic("exchange.visits", evolve=visits.evolve, react=preparation.react_to_visits)
consumers.topic("mentoring.mentorships", evolve=mentorships.evolve, react=meetings.react_to_mentorships)
consumers.topic("exchange.outcomes", evolve=_evolve_outcomes)
