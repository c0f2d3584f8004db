"""The functions that take each topic that matching reads; every service lists its own here.

`facts` and `participation` keep what was said (evolve); `reactions` draws the conclusions (react).
"""

from __future__ import annotations

from services.matching.facts import consumers as facts_consumers
from services.matching.lifecycle.consumers import outcomes, participation, reactions
from services.matching.schema import PROJECTIONS
from shared.bus import Consumers
from shared.identity import consume_access

consumers = Consumers("matching", projections=PROJECTIONS)
consumers.topic("exchange.access", evolve=consume_access)
consumers.topic("exchange.registry", evolve=facts_consumers.registry)
consumers.topic("exchange.calls", evolve=facts_consumers.calls, react=reactions.calls)
consumers.topic("exchange.offers", evolve=facts_consumers.offers, react=reactions.offers)
consumers.topic("mentoring.mentors", evolve=facts_consumers.mentors, react=reactions.mentors)
consumers.topic("exchange.applications", evolve=facts_consumers.applications, react=reactions.applications)
consumers.topic("exchange.participation", evolve=participation.evolve, react=reactions.participation)
consumers.topic("exchange.outcomes", evolve=outcomes.evolve)

__all__ = ["consumers"]
