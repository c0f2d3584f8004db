"""Tell errors that pass by themselves (the database or the broker is away) from those that come again.

Passing errors are about the server, the connection or the moment, and not about what was asked: they are retried and
never become dead letters, and a request is answered with 503. All others are the event's or the handler's fault. Each
class of the driver's errors and of SQLAlchemy's is decided here, by itself or by the class that it derives from.
"""

from __future__ import annotations

from aiokafka.errors import KafkaError
from asyncpg import exceptions as driver
from sqlalchemy import exc

DATABASE_ERRORS: tuple[type[Exception], ...] = (
    exc.SQLAlchemyError,
    exc.EmulatedDBAPIException,
    driver.PostgresError,
    driver.InterfaceError,
    driver.InternalClientError,
    OSError,
    TimeoutError,
)
"""All that is raised where the database does not answer, or answers with an error. Not all of them pass."""

_PASSING: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    KafkaError,
    # The pool and its connections.
    exc.TimeoutError,
    exc.DisconnectionError,
    exc.OperationalError,
    # The driver and its connection.
    driver.InterfaceError,
    driver.InternalClientError,
    driver.FatalPostgresError,
    driver.PostgresConnectionError,
    driver.InvalidCachedStatementError,
    driver.InvalidSQLStatementNameError,
    # The server: it starts, stops, lets nobody in, has no room, or is a standby at the moment.
    driver.OperatorInterventionError,
    driver.InsufficientResourcesError,
    driver.PostgresSystemError,
    driver.ConfigFileError,
    driver.InvalidAuthorizationSpecificationError,
    driver.InvalidCatalogNameError,
    driver.ReadOnlySQLTransactionError,
    driver.IdleInTransactionSessionTimeoutError,
    driver.TransactionTimeoutError,
    # Others at work at the same time.
    driver.TransactionRollbackError,
    driver.LockNotAvailableError,
    driver.ObjectInUseError,
    driver.SnapshotTooOldError,
)
_LASTING: tuple[type[BaseException], ...] = (
    exc.SQLAlchemyError,
    driver.PostgresError,
    driver.UnknownPostgresError,
    # Below passing ones: what was asked cannot be done with this driver, this server or these rows.
    driver.ClientConfigurationError,
    driver.UnsupportedClientFeatureError,
    driver.UnsupportedServerFeatureError,
    driver.TransactionIntegrityConstraintViolationError,
)
_NOT_ROLLED_BACK = (
    driver.PostgresConnectionError,
    driver.StatementCompletionUnknownError,
    driver.OperatorInterventionError,
    driver.FatalPostgresError,
)
_CONNECTION_LOST_BEFORE = "8s2b"
"""SQLAlchemy's code for a session that goes on after its connection was lost."""


def is_transient(wrong: BaseException) -> bool:
    """Return whether a later attempt may succeed without a repair."""
    if isinstance(wrong, BaseExceptionGroup):
        return all(is_transient(each) for each in wrong.exceptions)
    inner = _cause(wrong)
    if isinstance(inner, driver.InterfaceError) and isinstance(inner, ValueError):
        # The driver could not even encode a value, such as a number too large for its column.
        return False
    if isinstance(wrong, exc.DBAPIError) and wrong.connection_invalidated:
        return True
    if isinstance(wrong, exc.PendingRollbackError):
        return wrong.code == _CONNECTION_LOST_BEFORE
    return passes(type(inner))


def passes(kind: type[BaseException]) -> bool:
    """Return whether errors of a class pass: the nearest class that is listed decides; any other error lasts."""
    for each in kind.__mro__:
        if each in _LASTING:
            return False
        if each in _PASSING:
            return True
    return False


def is_rolled_back(wrong: BaseException) -> bool:
    """Return whether an error at a commit says that nothing was committed; else nobody knows."""
    if isinstance(wrong, exc.DBAPIError) and wrong.connection_invalidated:
        return False
    inner = _cause(wrong)
    return isinstance(inner, driver.PostgresError) and not isinstance(inner, _NOT_ROLLED_BACK)


def _cause(wrong: BaseException) -> BaseException:
    """Return the driver's own error where SQLAlchemy wraps one."""
    inner = wrong.orig if isinstance(wrong, exc.StatementError) and wrong.orig is not None else wrong
    return inner.driver_exception if isinstance(inner, exc.EmulatedDBAPIException) else inner
