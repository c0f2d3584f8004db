"""Register what a service does with the events that it reads.

A topic has two functions. `evolve` brings the service's own tables up to date; `react` decides what follows and records
the service's own new facts. They are separate because a rebuild runs `evolve` only. Both take the topic's events as one
list, in order and with many subjects in it, so that they can write each table in one round trip.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.bus.db.transaction import Tx
from shared.bus.log.envelope import Envelope
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Handler = Callable[[Tx, Sequence[Envelope]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """The handlers with which one topic is read."""

    topic: str
    evolve: Handler | None
    react: Handler | None


@dataclass(slots=True)
class Consumers:
    """All topics that a service reads, in the order in which a batch's topics are applied.

    `projections` names the tables that are computed from events alone: a rebuild fills them again. `by_key` names those
    of them that every `evolve` looks up by primary key only: their other indexes can wait for the rebuild's end.
    `prepare` is called first in each process that rebuilds, to set up the service's model as its start does. `rebuilt`
    writes what triggers derive from projections, in the transaction that swaps the rebuilt ones in.
    """

    service: str
    projections: tuple[str, ...] = ()
    by_key: tuple[str, ...] = ()
    readings: dict[str, Reading] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    rebuilt: Callable[[AsyncSession], Awaitable[None]] | None = None

    def topic(self, name: str, *, evolve: Handler | None = None, react: Handler | None = None) -> None:
        """Read the topic `name`. Raises `ValueError` if it is unknown, ours to write only, or read already."""
        topic = TOPICS.get(name)
        if topic is None:
            raise ValueError(f"There is no topic {name!r}: see shared/contracts/topics.yaml.")
        if self.service != topic.owner and self.service not in topic.readers:
            raise ValueError(
                f"{self.service} may not read {name!r}: its readers stand in shared/contracts/topics.yaml."
            )
        if name in self.readings:
            raise ValueError(f"{name!r} is read already.")
        self.readings[name] = Reading(name, evolve, react)
