"""Know whether what the request at hand wanted is in the store: not at all, perhaps in part, or nobody knows.

A connection that is lost during a commit leaves it open whether the database still did it. So an answer may say that
nothing was saved only where no transaction of the request was committed, and none was about to be.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bus.db.transient_errors import is_rolled_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(slots=True)
class Outcome:
    """The commits of one request: whether there was one, and whether the end of one is not known."""

    committed: bool = False
    unknown: bool = False


_current: ContextVar[Outcome | None] = ContextVar("outcome", default=None)


async def commit(session: AsyncSession) -> None:
    """Commit, and note for the request at hand how that ended."""
    outcome = _current.get()
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
    token = _current.set(outcome)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def unnoted() -> Iterator[None]:
    """Leave out the commits within the block: they are not what the request is for."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)
