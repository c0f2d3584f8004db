"""Register which function takes which topic, and what follows from its events.

The service reads its own topics too: its answers reach the facts as all others do, and a rebuild finds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.answers.actions.certificates import grant_certificates, revoke_certificates
from services.reporting.answers.store import answers
from services.reporting.assessments.actions.sittings import follow
from services.reporting.cases import store as cases_store
from services.reporting.facts import store as facts_store
from services.reporting.needs import store as needs_store
from shared.bus import Consumers
from shared.identity import consume_access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx

PROJECTIONS = ("fact", "fact_count", "flaw", "current_figure", "need", "application", "case", "call", "received_answer")

consumers = Consumers("reporting", projections=PROJECTIONS, by_key=("fact", "application", "case", "received_answer"))


async def react_to_visits(tx: Tx, events: Sequence[Envelope]) -> None:
    """React to exchange.visits: revoke certificates of voided visits, and ask for tests before and after a visit."""
    await revoke_certificates(tx, events)
    await follow(tx, events)


async def evolve_cases(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save the facts and the cases of exchange.visits and mentoring.mentorships."""
    await facts_store.evolve(tx, events)
    await cases_store.evolve(tx, events)


async def evolve_answers(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save the facts and the answers of exchange.outcomes."""
    await facts_store.evolve(tx, events)
    await answers.evolve(tx, events)


consumers.topic("exchange.access", evolve=consume_access)
consumers.topic("exchange.registry", evolve=needs_store.evolve)
consumers.topic("exchange.calls", evolve=cases_store.evolve_calls)
consumers.topic("exchange.counting", evolve=facts_store.evolve)
consumers.topic("exchange.applications", evolve=facts_store.evolve_applications)
consumers.topic("exchange.offers", evolve=facts_store.evolve)
consumers.topic("mentoring.mentors", evolve=facts_store.evolve)
consumers.topic("exchange.matches", evolve=facts_store.evolve)
consumers.topic("exchange.receipts", evolve=facts_store.evolve)
consumers.topic("exchange.participation", evolve=facts_store.evolve)
consumers.topic("exchange.visits", evolve=evolve_cases, react=react_to_visits)
consumers.topic("mentoring.mentorships", evolve=evolve_cases)
consumers.topic("exchange.outcomes", evolve=evolve_answers, react=grant_certificates)
consumers.topic("exchange.periods", evolve=facts_store.evolve)
consumers.topic("exchange.notifications", evolve=facts_store.evolve)
