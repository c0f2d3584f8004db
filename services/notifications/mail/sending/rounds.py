"""Hold what a round of sending has in hand: what it claims ahead, what its connections send, what is not answered."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from services.notifications.mail.sending.delivery_log import SET, Claim, HeldBack, NotSent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.notifications.mail.sending.delivery_log import Entry
    from services.notifications.mail.sending.emails import Email, Part, Task
    from services.notifications.mail.sending.pacing import Key
    from services.notifications.messages.store.due import DueMessage

CLAIMED = 96
"""The most emails that are claimed and not yet recorded, with up to 32 connections: so many may have a second copy
after a crash."""
AHEAD = CLAIMED // 3
"""So many readers are claimed together: a set waits for a free line while another one is being claimed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are due, in their order, with the emails of each reader.

    `count` is how many are tried: without those that a batch before took along, and with what waits beside them.
    """

    due: Sequence[DueMessage]
    count: int
    tasks: Sequence[Task] = ()
    readers: Sequence[list[Email]] = ()


class Unit(NamedTuple):
    """Emails of one reader, which go in their order, and what of them is claimed; None: each in its turn."""

    emails: Sequence[Email]
    claimed: set[UUID] | None

    @property
    def recipient(self) -> UUID:
        """Their reader."""
        return self.emails[0].parts[0].delivery.recipient

    @property
    def parts(self) -> Iterator[Part]:
        """The messages in them."""
        return chain.from_iterable(email.parts for email in self.emails)


@dataclass(slots=True)
class Round:
    """One round over what is due: its outcomes and tasks, and whether it is to end early.

    `taken` are the messages that were taken along out of their order, `begun` those that came in it, `left` the open
    deliveries of a message, `going` the cases that a recipient gets an email about, and since when. `units` are ready
    for the next free line, `in_hand` those of each reader that a line sends one after the other, `over` is done when no
    line finds more to send, and `count` is how many messages were tried.
    """

    entries: asyncio.Queue[Entry | None] = field(default_factory=lambda: asyncio.Queue(SET))
    work: asyncio.Task[None] | None = None
    lines: list[asyncio.Task[None]] = field(default_factory=list)
    following: asyncio.Task[Batch | None] | None = None
    units: deque[Unit] = field(default_factory=deque)
    in_hand: dict[UUID, deque[Unit]] = field(default_factory=dict)
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ending: bool = False
    count: int = 0
    taken: set[UUID] = field(default_factory=set)
    begun: set[UUID] = field(default_factory=set)
    left: Counter[UUID] = field(default_factory=Counter)
    going: dict[Key, datetime] = field(default_factory=dict)

    async def claim(self, mails: Sequence[Email]) -> Claim:
        """Have emails claimed; return the claim, which says later what of them may go."""
        claims = {id_: mail_id for mail in mails for id_, mail_id in mail.claims.items()}
        claim = Claim(claims, asyncio.get_running_loop().create_future())
        await self.entries.put(claim)
        return claim

    async def give_back(self, ids: set[UUID]) -> None:
        """Close the attempts of claimed notifications that were certainly not sent."""
        if ids:
            await self.entries.put(NotSent(frozenset(ids)))

    async def hold_back(self, task: Task) -> None:
        """Let a message wait until the first of its recipients who sleep may get it."""
        if task.until is not None:
            await self.entries.put(HeldBack(task.message, task.until))


@dataclass(slots=True)
class Supply:
    """The emails that the lines of a round send next: a set is claimed while those before are sent.

    An email that may have been sent is claimed only when its turn has come, so that a crash makes no other doubtful; so
    are several emails of one reader.
    """

    sets: AsyncIterator[Sequence[list[Email]]]
    group: asyncio.TaskGroup
    round: Round
    ahead: asyncio.Task[list[Unit] | None] = field(init=False)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.ahead = self.group.create_task(self._claim_next())

    async def next(self) -> deque[Unit] | None:
        """Return what a free line sends next to one reader; None where nothing is left.

        It grows by what comes for the same reader meanwhile, so that a reader's emails keep their order.
        """
        in_hand, units = self.round.in_hand, self.round.units
        async with self.lock:
            while not self.round.ending:
                if units:
                    unit = units.popleft()
                    if (before := in_hand.get(unit.recipient)) is None:
                        return in_hand.setdefault(unit.recipient, deque([unit]))
                    before.append(unit)
                    continue
                await asyncio.wait([self.ahead])
                if (more := self.ahead.result()) is None:
                    break
                units += more
                self.ahead = self.group.create_task(self._claim_next())
            if not self.round.over.done():
                self.round.over.set_result(None)
            return None

    async def rest(self) -> list[Unit]:
        """Return what no line has taken."""
        return [*self.round.units, *(await self.ahead or ())]

    async def _claim_next(self) -> list[Unit] | None:
        readers = await anext(self.sets, None)
        if readers is None:
            return None
        sure = [some[0] for some in readers if _sure(some)]
        claimed = await (await self.round.claim(sure)).claimed if sure else set()
        return [Unit(some, claimed & some[0].claims.keys() if _sure(some) else None) for some in readers]


@dataclass(slots=True)
class Slow:
    """A round whose last emails are not answered yet, with their messages, which no other round may try."""

    round: Round
    work: asyncio.Task[None]
    units: Sequence[Unit]

    @property
    def ended(self) -> bool:
        """Return whether the last of them ended and is recorded."""
        return self.work.done()

    @property
    def parts(self) -> Iterator[Part]:
        """The messages that are still on their way, or not recorded yet."""
        return chain.from_iterable(unit.parts for unit in self.units)

    @property
    def going(self) -> dict[Key, datetime]:
        """The cases that these emails are about."""
        keys = {(part.delivery.recipient, part.task.message.root) for part in self.parts}
        return {key: at for key, at in self.round.going.items() if key in keys}


def _sure(emails_: Sequence[Email]) -> bool:
    """Return whether the emails of a reader are claimed beforehand: a single one that cannot have been sent."""
    return len(emails_) == 1 and not emails_[0].doubtful
