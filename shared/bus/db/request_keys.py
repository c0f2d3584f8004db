"""Keep the keys with which programs mark their requests, so that a request that is repeated acts once.

The key of a request (`Idempotency-Key`) is written in the first transaction that the request opens, together with what
it does there (`keyed`). What it answered is added afterwards (`keep_answer`). So a key without an answer says that the
request may have acted and that its process ended before it answered.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from shared.bus.db.tables import request_key_table
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
    from sqlalchemy.sql.dml import ReturningInsert

_keys = request_key_table(sa.MetaData())
_KEPT = sa.text("interval '1 day'")
_SWEPT_AT_ONCE = 500
_ANSWER_SECONDS = 10
"""For how long after its first transaction a request may still be writing its answer."""


def _written(free: sa.ColumnElement[bool] | None = None) -> ReturningInsert[Any]:
    """Return the statement that writes a key in place of none or of one from more than a day ago; it returns 1 then."""
    names = ["sender", "key", "request", "rights", "status", "headers", "body"]
    row = sa.select(*(sa.bindparam(f"new_{name}", type_=_keys.c[name].type) for name in names))
    new = insert(_keys).from_select(names, row if free is None else row.where(free))
    others = {name: new.excluded[name] for name in names if name not in {"sender", "key"}}
    upsert = new.on_conflict_do_update(
        index_elements=[_keys.c.sender, _keys.c.key],
        set_=others | {"since": sa.func.now()},
        where=_keys.c.since < sa.func.now() - _KEPT,
    )
    return upsert.returning(sa.literal_column("1"))


_NO_ANSWER = {"status": None, "headers": None, "body": None}
# Run with each request that has a key, so they are made once.
_HAS_KEY = (_keys.c.sender == sa.bindparam("of_sender"), _keys.c.key == sa.bindparam("of_key"))
_IS_ROW = (*_HAS_KEY, _keys.c.request == sa.bindparam("of_request"))
_RECENT = _keys.c.since > sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, _ANSWER_SECONDS)
_FIRST = sa.select(_keys, _RECENT.label("recent")).where(*_HAS_KEY, _keys.c.since > sa.func.now() - _KEPT)
_WRITE = _written(
    # Locked until the commit; false if another transaction has it, for which nobody waits.
    sa.func.pg_try_advisory_xact_lock(
        sa.func.hashtextextended(sa.bindparam("name", type_=sa.Text), 0), type_=sa.Boolean
    )
)
_WRITE_ANSWERED = _written()
_ANSWER = (
    sa.update(_keys)
    .where(*_IS_ROW)
    .values({name: sa.bindparam(f"new_{name}", type_=_keys.c[name].type) for name in _NO_ANSWER})
)
_RELEASE = sa.delete(_keys).where(*_IS_ROW)


@dataclass(slots=True)
class RequestKey:
    """The key of a request: who sent it, a digest of the request, and a digest of the sender's rights.

    `written` while a transaction that holds the key is open, and once it is committed. `over` when the request has been
    answered: what goes on after that, such as a job, is not part of it.
    """

    sender: str
    key: str
    request: bytes
    rights: bytes
    written: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer to a request: status, headers that say something of the record, and the sealed body."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """An earlier request with the same key; `answer` is empty while there is none, `recent` if one may still come."""

    request: bytes
    rights: bytes
    recent: bool
    answer: StoredAnswer | None


request_key: ContextVar[RequestKey | None] = ContextVar("request_key", default=None)


@contextmanager
def request_with_key() -> Iterator[None]:
    """Forget at the end the key that `use_key` noted."""
    token = request_key.set(None)
    try:
        yield
    finally:
        request_key.reset(token)


def use_key(key: RequestKey) -> None:
    """Have the transactions of the request at hand write its key; within `request_with_key` only."""
    request_key.set(key)


@asynccontextmanager
async def keyed(session: AsyncSession) -> AsyncIterator[None]:
    """Write the key of the request at hand, if it has one that is not written yet; the block ends with the commit.

    Raises `Refused` (409, `in-progress`) if another request has the key: its answer can be read in a moment.
    """
    key = request_key.get()
    if key is None or key.written or key.over:
        yield
        return
    key.written = True
    try:
        await _write(session, key)
        yield
    except BaseException:
        key.written = False
        raise


async def _write(session: AsyncSession, key: RequestKey) -> None:
    parameters = _new({**_row(key), **_NO_ANSWER}) | {"name": f"{key.sender} {key.key}"}
    if await session.scalar(_WRITE, parameters) is None:
        raise in_progress()


def in_progress() -> Refused:
    """Return the refusal of a request whose key another one has that is not answered yet."""
    sentence = gettext(
        "The first request with this Idempotency-Key is still being answered. Repeat this request later."
    )
    return Refused(sentence, code=ProblemCode.IN_PROGRESS, headers={"Retry-After": "1"})


async def first_request(session: AsyncSession, sender: str, key: str) -> FirstRequest | None:
    """Return the request that was first sent with a key within the last day."""
    row = (await session.execute(_FIRST, {"of_sender": sender, "of_key": key})).one_or_none()
    if row is None:
        return None
    answer = None if row.status is None else StoredAnswer(row.status, row.headers, row.body)
    return FirstRequest(row.request, row.rights, row.recent, answer)


@asynccontextmanager
async def _single_statements(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection on which each statement is a transaction of its own: one round trip instead of three."""
    async with engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


async def keep_answer(engine: AsyncEngine, key: RequestKey, answer: StoredAnswer) -> None:
    """Store what a request with a key answered."""
    values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    async with _single_statements(engine) as connection:
        if key.written:
            await connection.execute(_ANSWER, {**_row_of(key), **_new(values)})
        else:
            await connection.execute(_WRITE_ANSWERED, _new({**_row(key), **values}))


async def release(engine: AsyncEngine, key: RequestKey) -> None:
    """Forget the key of a request that was refused and may be sent again with it."""
    async with _single_statements(engine) as connection:
        await connection.execute(_RELEASE, _row_of(key))


async def forget_old(engine: AsyncEngine) -> None:
    """Delete the keys of more than a day ago, a few hundred in each transaction."""
    old = sa.select(_keys.c.sender, _keys.c.key).where(_keys.c.since < sa.func.now() - _KEPT)
    some = old.order_by(_keys.c.since).limit(_SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    query = sa.delete(_keys).where(sa.tuple_(_keys.c.sender, _keys.c.key).in_(some))
    while True:
        async with engine.begin() as connection:
            deleted = (await connection.execute(query)).rowcount
        if deleted < _SWEPT_AT_ONCE:
            return


def _row_of(key: RequestKey) -> dict[str, object]:
    """Return the parameters of `_IS_ROW`."""
    return {"of_sender": key.sender, "of_key": key.key, "of_request": key.request}


def _row(key: RequestKey) -> dict[str, object]:
    return {"sender": key.sender, "key": key.key, "request": key.request, "rights": key.rights}


def _new(values: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters of the statements that write these columns."""
    return {f"new_{name}": value for name, value in values.items()}
