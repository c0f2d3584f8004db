"""Tell errors that pass by themselves (the database or the broker is away) from those that come again.

Passing errors are retried and never become dead letters; all others are the event's or the handler's fault.
"""

from __future__ import annotations

import asyncpg
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_PASSING: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    PoolTimeout,
    KafkaError,
    OperationalError,
    InterfaceError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)


def is_transient(wrong: BaseException) -> bool:
    """Return whether a later attempt may succeed without a repair."""
    if _unsendable(wrong):
        return False
    if isinstance(wrong, _PASSING):
        return True
    if isinstance(wrong, DBAPIError):
        # SQLAlchemy wraps the driver's error twice: `orig` is the dialect's, its cause is asyncpg's.
        inner = wrong.orig.__cause__ if wrong.orig is not None else None
        return wrong.connection_invalidated or isinstance(inner, _PASSING)
    return False


def _unsendable(wrong: BaseException) -> bool:
    """Return whether the driver could not even encode a value, such as a number too large for its column.

    asyncpg raises that as an InterfaceError that is a ValueError too, and SQLAlchemy wraps it as its own
    InterfaceError: by its type alone it looks like a lost connection, and would be retried for ever.
    """
    inner = wrong.orig.__cause__ if isinstance(wrong, DBAPIError) and wrong.orig is not None else wrong
    return isinstance(inner, asyncpg.InterfaceError) and isinstance(inner, ValueError)
