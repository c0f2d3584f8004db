"""Change a service's state and record facts in one transaction, unless that rests on an older version of a record.

`Bus.transaction()` gives a `Tx`: a session for the state tables, and `record` for the facts. Facts are collected and
written just before the commit, all at once. Nothing reaches the log from here: that is the relay's work. A request
names the version of the record that its sender read (`expect`): the transaction locks the record, compares, and commits
nothing that rests on an older one (`compared`).

How the commits of a request end is noted (`Outcome`). A connection that is lost during a commit leaves it open whether
the database still did it. So an answer may say that nothing was saved only where no transaction of the request was
committed, and none was about to be.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import TextClause, event

from shared.bus.db import journal
from shared.bus.db.outdated import Outdated
from shared.bus.db.transient_errors import is_rolled_back
from shared.errors import ProblemCode, Refused
from shared.ids import new_id, reaction_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

    from shared.bus.db.records import Named
    from shared.bus.log.envelope import Envelope
    from shared.contracts.base import Event

CHANGED_CHANNEL = "tandem_changed"
MORE = "+"
"""Behind a name: it is about to change again."""
ACCESS = "access"
"""The name for a change of a country's access: each open stream ends, and passes its guard again."""
"""Behind the name of what has changed: it is about to change again."""

_TRACE = TraceContextTextMapPropagator()


def current_traceparent() -> str | None:
    """Return the W3C `traceparent` of the open span, if there is one."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    _TRACE.inject(carrier)
    return carrier.get("traceparent")


async def driver(session: AsyncSession) -> asyncpg.Connection:
    """Return the driver's own connection under `session`, inside its transaction: for COPY and arrays.

    A statement through the session comes first, since SQLAlchemy opens the transaction with the first one; it also
    discards a connection on which that was interrupted, whose state would be unknown.
    """
    sync = session.sync_session
    # A savepoint is created when its connection is requested.
    begun = None if sync.in_nested_transaction() else sync.get_transaction()
    current = next(iter(begun.connections), None) if begun is not None else None
    # Mostly at hand already: requesting it is as slow as a statement.
    inner = None if current is None or current.closed or current.invalidated else _under(current)
    if inner is None or not inner.is_in_transaction():
        inner = await session.run_sync(_begin)
    comparison: Comparison | None = sync.info.get(_COMPARISON)
    if comparison is not None and not comparison.compared:
        await session.run_sync(comparison.compare)  # nobody sees what is written past the session
    return inner


async def asking(session: AsyncSession) -> asyncpg.Connection:
    """Return the driver's own connection under a glance, outside any transaction: for one query, with arrays."""
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
    """One transaction of one service: its session, and the facts to write when it commits."""

    def __init__(self, session: AsyncSession, actor: str, process: str | None) -> None:
        self.session = session
        self.actor = actor
        self.recorded = False
        """Whether facts were written."""
        self._process = process
        self._facts: list[journal.Fact] = []
        self._changed: set[str] = set()
        self._asides: list[tuple[Envelope, str, str]] = []

    @property
    def noted(self) -> bool:
        """Facts are noted, written or yet to be."""
        return self.recorded or bool(self._facts)

    async def record(
        self,
        event: Event,
        subject: UUID | str,
        *,
        expected: int | None = None,
        correlation: UUID | str | None = None,
        cause: Envelope | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """Note that `event` happened to `subject`, `at` a moment or now; return the event's id.

        `expected` is the number of the subject's newest event as the caller read it: the commit raises `Conflict` if it
        has changed by then. `correlation` names the story (mostly an application) that a new subject belongs to; an
        existing subject keeps its own. `cause` is the event that led to this one, unless a person did.
        """
        return self._note(new_id(), event, subject, expected, correlation, cause, at)

    async def react(
        self, cause: Envelope, event: Event, subject: UUID | str, *, correlation: UUID | str | None = None
    ) -> UUID:
        """Note the fact that `cause` brings about; repeated, it is the same event and is written once."""
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
        at: datetime | None = None,
    ) -> UUID:
        story = correlation if correlation is not None or cause is None else cause.correlationid
        self._facts.append(
            journal.Fact(
                id=id,
                subject=str(subject),
                event=event,
                actor=self.actor,
                occurred_at=at or clock.now(),
                correlation=None if story is None else str(story),
                causationid=None if cause is None else cause.id,
                traceparent=current_traceparent() or (None if cause is None else cause.traceparent),
                expected=expected,
            )
        )
        return id

    async def wait(self, cause: Envelope, topic: str, subject: UUID | str) -> None:
        """Defer the reaction to `cause` until `subject` of `topic` has arrived; `react` is then called again."""
        self._asides.append((cause, topic, str(subject)))

    async def changed(self, name: str, *, more: bool = False) -> None:
        """Notify the browsers that watch `name`, after the commit, that something changed.

        With `more`, a consequence is about to change it again: they are notified of both at once, or of this alone a
        moment later, so that a page is not read twice or while the consequence is being computed.
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
        """Return the names from `changed` since the last flush, for another transaction to announce."""
        named, self._changed = self._changed, set()
        return {name for name in named if not name.endswith(MORE) or name.removesuffix(MORE) not in named}

    def take_asides(self) -> list[tuple[Envelope, str, str]]:
        """Return the reactions deferred since the last call; the reader stores them."""
        asides, self._asides = self._asides, []
        return asides

    def mark(self) -> tuple[int, int]:
        """Return a point to which `forget_after` can return: used around a savepoint."""
        return len(self._facts), len(self._asides)

    def forget_after(self, mark: tuple[int, int]) -> None:
        """Forget what was noted after `mark`: the savepoint that it belonged to was rolled back."""
        facts, asides = mark
        del self._facts[facts:]
        del self._asides[asides:]


@dataclass(slots=True)
class RequestVersions:
    """The versions that a request states of the records in its address, from the outermost to the innermost.

    `versions` are those that its sender read, `answered` whether the answer names the next one. `settled` once the
    request itself has changed something: what it does after that rests on its own change. `after` is the innermost
    record's version then. Where the body names the record, `place` is the JSON pointer to its version.
    """

    records: Sequence[Named]
    versions: Collection[str]
    answered: bool
    settled: bool = False
    after: str | None = None
    place: str = ""

    def lock(self, connection: Connection) -> None:
        """Lock the innermost record until the commit."""
        connection.execute(*self.records[-1].lock)

    def present(self, connection: Connection, place: int = -1) -> str:
        """Return the present version of a record, of the innermost one unless another is named."""
        record = self.records[place]
        return record.version(connection.scalar(*record.digest))

    def outdated(self, connection: Connection) -> Outdated | None:
        """Return the refusal if the request may not change its innermost record as that is now."""
        present = self.present(connection)
        if present in self.versions:
            return None
        for place, record in enumerate(self.records[:-1]):
            named = any(version.startswith(record.prefix) for version in self.versions)
            if named and self.present(connection, place) in self.versions:
                return None
        state, changed = self._present_state(connection)
        places = {self.place: present} if self.place else None
        return Outdated(present, named=bool(self.versions), places=places, state=state, changed=changed)

    def _present_state(self, connection: Connection) -> tuple[str, datetime | None]:
        """Return the word for the state and the moment of the last change of the innermost record that is there."""
        for record in reversed(self.records):
            row = connection.execute(record.record.present(record.name)).first()
            if row is not None:
                return record.in_words(row[0]), row[1]
        return "", None


class Comparison:
    """Compares the versions of the request that a transaction belongs to, just before that can write.

    Then the transaction holds the locks of its action, taken in the action's order, and sees what others committed; its
    own changes are not written yet. `compared` once that is done.
    """

    def __init__(self, versions: RequestVersions | None, session: AsyncSession) -> None:
        self._versions = None if versions is None or versions.settled else versions
        self._session = session.sync_session
        self._refusal: Outdated | None = None
        self._writes = False
        self._after: str | None = None
        self.compared = self._versions is None
        if self._versions is not None:
            self._session.info[_COMPARISON] = self
            event.listen(self._session, "before_flush", self._before_flush)
            event.listen(self._session, "do_orm_execute", self._before_statement)

    def _before_flush(self, session: Session, _: UOWTransaction, __: object) -> None:
        if session.new or session.deleted or any(map(session.is_modified, session.dirty)):
            self._writes = True
            self.compare(session)

    def _before_statement(self, state: ORMExecuteState) -> None:
        if state.is_insert or state.is_update or state.is_delete:
            self._writes = True
            self.compare(self._session)
        elif isinstance(state.statement, TextClause) and not state.statement.text.lstrip().startswith(_WRITES_NOTHING):
            self.compare(self._session)  # it may write

    def compare(self, session: Session) -> None:
        """Lock the record and compare, once."""
        if self._versions is not None and not self.compared:
            self.compared = True
            connection = session.connection()
            self._versions.lock(connection)
            self._refusal = self._versions.outdated(connection)

    async def before_commit(self, session: AsyncSession, *, noted: bool) -> None:
        """Raise the refusal where anything was written; `noted` says that facts will be."""
        if self._versions is None:
            return
        await session.flush()
        if noted:
            self._writes = True
            await session.run_sync(self.compare)
        if self._refusal is not None and self._writes:
            raise self._refusal
        if self._writes and self._versions.answered:
            versions = self._versions
            self._after = await session.run_sync(lambda sync: versions.present(sync.connection()))

    def committed(self) -> None:
        """Note that the request has changed something."""
        if self._versions is not None and self._writes:
            self._versions.settled = True
            self._versions.after = self._after or self._versions.after

    async def instead_of(self, refused: Refused, session: AsyncSession) -> Outdated | None:
        """Return what is answered instead of a refusal (409) by the action, if the request names an older version."""
        if self._versions is None or refused.status_code != _CONFLICT:
            return None
        versions = self._versions
        found = self._refusal
        if not self.compared:
            found = await session.run_sync(lambda sync: versions.outdated(sync.connection()))
        named = found is not None and found.code is ProblemCode.OUTDATED
        if not named or found is None:
            return None
        return Outdated(
            found.version,
            detail=refused.detail,
            places=found.places,
            refused=not (refused.fields or refused.present),
            fields=refused.present,
        )


@asynccontextmanager
async def compared(session: AsyncSession) -> AsyncIterator[Comparison]:
    """Compare the versions of the request at hand before the block writes anything.

    A request with an older version that the block refuses for another reason (409) is answered as outdated, with the
    sentence that says what is true now.
    """
    comparison = Comparison(_current.get(), session)
    try:
        yield comparison
    except Refused as refused:
        outdated = await comparison.instead_of(refused, session)
        if outdated is None:
            raise
        raise outdated from refused


_CONFLICT = 409
# A table is locked before a record in it: by all in this order, against deadlocks.
_WRITES_NOTHING = ("SELECT", "LOCK TABLE")
_COMPARISON = "comparison"
_current: ContextVar[RequestVersions | None] = ContextVar("request_versions", default=None)


def expect(versions: RequestVersions) -> None:
    """Note what the request at hand says; within `of_one_request` only."""
    _current.set(versions)


@contextmanager
def of_one_request() -> Iterator[None]:
    """Forget at the end what `expect` noted."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(slots=True)
class Outcome:
    """The commits of one request: whether there was one, and whether the end of one is not known."""

    committed: bool = False
    unknown: bool = False


_outcome: ContextVar[Outcome | None] = ContextVar("outcome", default=None)


async def commit(session: AsyncSession) -> None:
    """Commit, and note for the request at hand how that ended."""
    outcome = _outcome.get()
    try:
        await session.commit()
    except BaseException as wrong:  # a commit that was interrupted may still take place
        if outcome is not None and not is_rolled_back(wrong):
            outcome.unknown = True
        raise
    if outcome is not None:
        outcome.committed = True


@contextmanager
def noted(outcome: Outcome) -> Iterator[None]:
    """Note in `outcome` how the commits within the block end."""
    token = _outcome.set(outcome)
    try:
        yield
    finally:
        _outcome.reset(token)


@contextmanager
def unnoted() -> Iterator[None]:
    """Leave out the commits within the block: they are not what the request is for."""
    token = _outcome.set(None)
    try:
        yield
    finally:
        _outcome.reset(token)
