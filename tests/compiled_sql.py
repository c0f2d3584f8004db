"""Share compiled SQL between the tests' many engines.

Each test has its own store, so its own engine. SQLAlchemy keeps compiled statements and facts about the server by
engine: without sharing, each test would compile and ask everything again.
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
    """Return an engine as `create_async_engine` does, but with the compiled statements of earlier engines."""
    made = create_async_engine(*given, **options, query_cache_size=_STATEMENTS)
    own = made.sync_engine
    if not _known:
        event.listen(own.pool, "connect", lambda *_: _known.append(own))
        return made
    vars(own.dialect)["initialize"] = lambda _: None  # the one that it had until now need not ask
    own.dialect = own.pool._dialect = _known[0].dialect
    own._compiled_cache = _known[0]._compiled_cache
    return made
