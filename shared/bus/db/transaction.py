"""How does a service change its state and tell of it in one step?

`Bus.transaction()` gives a `Tx`: a session for the state tables, and `record` for the facts. Facts are collected and
written just before the commit, all at once. Nothing reaches the log from here: that is the relay's work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.bus.db import journal
from shared.ids import new_id, reaction_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

    from shared.bus.log.envelope import Envelope
    from shared.contracts.base import Event

CHANGED_CHANNEL = "tandem_changed"
MORE = "+"
"""Behind a name: it is about to change again."""
ACCESS = "access"
"""The name under which a country's access has changed: each open stream ends, and asks its guard again."""
"""Behind the name of what has changed: it is about to change again."""
_TRACE = TraceContextTextMapPropagator()


def current_traceparent() -> str | None:
    """The W3C `traceparent` of the span that is open here, if there is one."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    _TRACE.inject(carrier)
    return carrier.get("traceparent")


async def driver(session: AsyncSession) -> asyncpg.Connection:
    """The driver's own connection under `session`, inside its transaction: for COPY and arrays.

    A statement through the session comes first, since SQLAlchemy opens the transaction with the first one; it also
    throws away a connection on which that was cut off half way, which then nobody could know the state of.
    """
    sync = session.sync_session
    # A savepoint is made when its connection is asked for.
    begun = None if sync.in_nested_transaction() else sync.get_transaction()
    held = next(iter(begun.connections), None) if begun is not None else None
    # At hand already, mostly: asking for it takes as long as a statement's own work.
    inner = None if held is None or held.closed or held.invalidated else _under(held)
    if inner is None or not inner.is_in_transaction():
        inner = await session.run_sync(_begin)
    return inner


async def asking(session: AsyncSession) -> asyncpg.Connection:
    """The driver's own connection under a glance, outside of any transaction: for one question, with arrays."""
    return await session.run_sync(lambda sync: _under(sync.connection()))


def _begin(session: Session) -> asyncpg.Connection:
    connection = session.connection()
    inner = _under(connection)
    if not inner.is_in_transaction():
        connection.exec_driver_sql("SELECT 1")
    return inner


def _under(connection: Connection) -> asyncpg.Connection:
    inner: asyncpg.Connection | None = connection.connection.driver_connection
    assert inner is not None
    return inner


class Tx:
    """One transaction of one service: its session, and the facts that it will have brought about when it commits."""

    def __init__(self, session: AsyncSession, actor: str, process: str | None) -> None:
        self.session = session
        self.actor = actor
        self.recorded = False
        """Whether facts were written."""
        self._process = process
        self._facts: list[journal.Fact] = []
        self._changed: set[str] = set()
        self._asides: list[tuple[Envelope, str, str]] = []

    async def record(
        self,
        event: Event,
        subject: UUID | str,
        *,
        expected: int | None = None,
        correlation: UUID | str | None = None,
        cause: Envelope | None = None,
    ) -> UUID:
        """Note that `event` happened to `subject`; give the event's id.

        `expected` is the number of the subject's newest event as the caller read it: the commit raises `Conflict` if
        it is another by then. `correlation` names the story (mostly an application) that a new subject belongs to; an
        existing subject keeps its own. `cause` is the event that led to this one, where a person did not.
        """
        return self._note(new_id(), event, subject, expected, correlation, cause)

    async def react(
        self, cause: Envelope, event: Event, subject: UUID | str, *, correlation: UUID | str | None = None
    ) -> UUID:
        """Note the fact that `cause` brings about; worked out twice, it is the same event and is written once."""
        fact = reaction_id(cause.id, event.type, str(subject))
        return self._note(fact, event, subject, None, correlation or cause.correlationid, cause)

    def _note(
        self,
        id: UUID,  # noqa: A002 - the word CloudEvents uses
        event: Event,
        subject: UUID | str,
        expected: int | None,
        correlation: UUID | str | None,
        cause: Envelope | None,
    ) -> UUID:
        story = correlation if correlation is not None or cause is None else cause.correlationid
        self._facts.append(
            journal.Fact(
                id=id,
                subject=str(subject),
                event=event,
                actor=self.actor,
                occurred_at=clock.now(),
                correlation=None if story is None else str(story),
                causationid=None if cause is None else cause.id,
                traceparent=current_traceparent() or (None if cause is None else cause.traceparent),
                expected=expected,
            )
        )
        return id

    async def wait(self, cause: Envelope, topic: str, subject: UUID | str) -> None:
        """Put the reaction to `cause` aside until `subject` of `topic` has arrived; `react` is then called again."""
        self._asides.append((cause, topic, str(subject)))

    async def changed(self, name: str, *, more: bool = False) -> None:
        """Tell the browsers that watch `name`, once this is committed, that something changed.

        With `more` it is about to change again by what follows from this: they are told of both at once, or of this
        alone a moment later, so that nobody reads twice, and nothing while what follows is being worked out.
        """
        self._changed.add(f"{name}{MORE}" if more else name)

    async def flush(self) -> None:
        """Write what was noted so far; the commit does it by itself. Raises `Conflict`."""
        if not self._facts and not self._changed:
            return
        await self.session.flush()
        connection = await driver(self.session)
        facts, self._facts = self._facts, []
        if facts:
            self.recorded |= await journal.write(connection, facts, self._process) > 0
        if changed := self.take_changed():
            names = "SELECT pg_notify($1, name) FROM unnest($2::text[]) AS name"
            await connection.execute(names, CHANGED_CHANNEL, sorted(changed))

    def take_changed(self) -> set[str]:
        """What `changed` named since the last flush, for another transaction to tell."""
        named, self._changed = self._changed, set()
        return {one for one in named if not one.endswith(MORE) or one.removesuffix(MORE) not in named}

    def take_asides(self) -> list[tuple[Envelope, str, str]]:
        """The reactions put aside since the last call; the reader stores them."""
        asides, self._asides = self._asides, []
        return asides

    def mark(self) -> tuple[int, int]:
        """A point to which `forget_after` can return: used around a savepoint."""
        return len(self._facts), len(self._asides)

    def forget_after(self, mark: tuple[int, int]) -> None:
        """Forget what was noted after `mark`: the savepoint that it belonged to was rolled back."""
        facts, asides = mark
        del self._facts[facts:]
        del self._asides[asides:]
