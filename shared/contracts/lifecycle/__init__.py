"""Gather every transition of the programme as data: states, actor, event, deadline and consequence.

The same table as people read it in the documentation; tests hold events, deadlines and rules of messages against it.
Where a call says other timers than the defaults, the call's hold.
"""

from shared.contracts.lifecycle.deadlines import DEADLINES, Deadline, Unit
from shared.contracts.lifecycle.portal import PORTAL
from shared.contracts.lifecycle.programme import PROGRAMME
from shared.contracts.lifecycle.transition import BEFORE_OFFERED, OPEN, Actor, Transition

TRANSITIONS: tuple[Transition, ...] = PORTAL + PROGRAMME


def transitions_of(topic: str) -> list[Transition]:
    """Return the transitions whose events are on a topic, in the order of the story."""
    return [transition for transition in TRANSITIONS if transition.topic == topic]


def allowed(event: str, state: str | None) -> bool:
    """Return whether an event may happen to an aggregate in that state (None: it does not exist yet)."""
    return any(
        transition.event == event and (state in transition.sources or not transition.sources)
        for transition in TRANSITIONS
    )


__all__ = [
    "BEFORE_OFFERED",
    "DEADLINES",
    "OPEN",
    "TRANSITIONS",
    "Actor",
    "Deadline",
    "Transition",
    "Unit",
    "allowed",
    "transitions_of",
]
