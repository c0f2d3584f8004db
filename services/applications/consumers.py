"""The function that takes the events of each topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application import consumers as application_consumers
from services.applications.application.actions.progress import restate_due, restating
from services.applications.application.store import queue_entries
from services.applications.certificates import store as certificates_store
from services.applications.desk import store as desk_store
from services.applications.matches.store import matches
from services.applications.mentorships.actions import meetings
from services.applications.mentorships.store import mentorships
from services.applications.outcomes import store as outcomes_store
from services.applications.placements import consumers as placements_consumers
from services.applications.preparation.actions import preparation
from services.applications.visits import store as visits_store
from shared.bus import Consumers
from shared.contracts.outcomes import OutcomeEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx


async def _react_to_matches(tx: Tx, events: Sequence[Envelope]) -> None:
    await application_consumers.react_to_matches(tx, events)
    await placements_consumers.react_to_matches(tx, events)


async def _evolve_outcomes(tx: Tx, events: Sequence[Envelope]) -> None:
    await outcomes_store.evolve(tx, events)
    await certificates_store.evolve(tx, events)
    await restate_due(tx, {event.data.application_id for event in events if isinstance(event.data, OutcomeEvent)})


consumers = Consumers(
    "applications",
    projections=(
        "match",
        "visit",
        "mentorship",
        "receipt",
        "outcome_record",
        "test_request",
        "certificate",
        "published_figure",
        "standing",
    ),
    rebuilt=queue_entries.write_all,
)
consumers.topic("exchange.matches", evolve=restating(matches.evolve), react=_react_to_matches)
consumers.topic("exchange.receipts", evolve=restating(matches.evolve_receipts))
consumers.topic("exchange.visits", evolve=restating(visits_store.evolve), react=preparation.react_to_visits)
consumers.topic("mentoring.mentorships", evolve=restating(mentorships.evolve), react=meetings.react_to_mentorships)
consumers.topic("exchange.outcomes", evolve=_evolve_outcomes)
consumers.topic("exchange.figures", evolve=desk_store.evolve)
