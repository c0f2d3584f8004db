"""How do the tests' many engines know what one of them has compiled? They share a dialect, and what it was asked.

Each test has a store of its own, so an engine of its own. SQLAlchemy keeps by engine which statements it has written as
SQL, and what the server said of itself: each test would compile and ask all of it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

_STATEMENTS = 10_000
"""More than the services have, so that none is let go."""

_known: list[Engine] = []
"""The first engine that has connected: what it knows holds for all stores of the session's one server."""


def engine(*given: Any, **options: Any) -> AsyncEngine:
    """As `sqlalchemy.ext.asyncio.create_async_engine`, and knows what the engines before it knew."""
    made = create_async_engine(*given, **options, query_cache_size=_STATEMENTS)
    own = made.sync_engine
    if not _known:
        event.listen(own.pool, "connect", lambda *_: _known.append(own))
        return made
    vars(own.dialect)["initialize"] = lambda _: None  # the one that it had until now need not ask
    own.dialect = own.pool._dialect = _known[0].dialect
    own._compiled_cache = _known[0]._compiled_cache
    return made
