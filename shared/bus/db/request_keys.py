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

    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
    from sqlalchemy.sql.dml import ReturningInsert

_keys = request_key_table(sa.MetaData())
_KEPT = sa.text("interval '1 day'")
_SWEPT_AT_ONCE = 500
_ANSWER_SECONDS = 10
"""For how long after its first transaction a request may still be writing its answer."""


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
    if await session.scalar(_written(key, free=_is_free(key))) is None:
        raise in_progress()


def in_progress() -> Refused:
    """Return the refusal of a request whose key another one has that is not answered yet."""
    sentence = gettext(
        "The first request with this Idempotency-Key is still being answered. Repeat this request later."
    )
    return Refused(sentence, code=ProblemCode.IN_PROGRESS, headers={"Retry-After": "1"})


async def first_request(session: AsyncSession, sender: str, key: str) -> FirstRequest | None:
    """Return the request that was first sent with a key within the last day."""
    recent = _keys.c.since > sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, _ANSWER_SECONDS)
    query = sa.select(_keys, recent.label("recent")).where(
        _keys.c.sender == sender, _keys.c.key == key, _keys.c.since > sa.func.now() - _KEPT
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    answer = None if row.status is None else StoredAnswer(row.status, row.headers, row.body)
    return FirstRequest(row.request, row.rights, row.recent, answer)


async def keep_answer(engine: AsyncEngine, key: RequestKey, answer: StoredAnswer) -> None:
    """Store what a request with a key answered."""
    values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    async with engine.begin() as connection:
        if key.written:
            await connection.execute(sa.update(_keys).where(*_row_of(key)).values(values))
        else:
            await connection.execute(_written(key, values))


async def release(engine: AsyncEngine, key: RequestKey) -> None:
    """Forget the key of a request that was refused and may be sent again with it."""
    async with engine.begin() as connection:
        await connection.execute(sa.delete(_keys).where(*_row_of(key)))


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


def _row_of(key: RequestKey) -> tuple[sa.ColumnElement[bool], ...]:
    return (_keys.c.sender == key.sender, _keys.c.key == key.key, _keys.c.request == key.request)


def _is_free(key: RequestKey) -> sa.ColumnElement[bool]:
    """Lock the key until the commit; false if another transaction has it, for which nobody waits."""
    name = f"{key.sender} {key.key}"
    return sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, 0), type_=sa.Boolean)


def _written(
    key: RequestKey, answer: Mapping[str, Any] | None = None, free: sa.ColumnElement[bool] | None = None
) -> ReturningInsert[Any]:
    """Return the statement that writes a key in place of none or of one from more than a day ago; it returns 1 then."""
    values: dict[str, Any] = {"sender": key.sender, "key": key.key, "request": key.request, "rights": key.rights}
    values |= answer or {"status": None, "headers": None, "body": None}
    row = sa.select(*(sa.literal(value, _keys.c[name].type) for name, value in values.items()))
    new = insert(_keys).from_select(list(values), row if free is None else row.where(free))
    others = {name: new.excluded[name] for name in values if name not in {"sender", "key"}}
    upsert = new.on_conflict_do_update(
        index_elements=[_keys.c.sender, _keys.c.key],
        set_=others | {"since": sa.func.now()},
        where=_keys.c.since < sa.func.now() - _KEPT,
    )
    return upsert.returning(sa.literal_column("1"))
