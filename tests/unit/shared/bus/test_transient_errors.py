"""Test that each error of the database's driver and of SQLAlchemy is known as passing or as lasting."""

from __future__ import annotations

import inspect
from pathlib import Path

import asyncpg
import pytest
from asyncpg import exceptions as driver
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi

from shared.bus.db.transient_errors import is_rolled_back, is_transient, passes

LIST = Path(__file__).with_name("database_errors.txt")


def decisions() -> list[str]:
    """Return a line for each class of errors of the two libraries, with the decision about it."""
    classes = {
        f"{module.__name__}.{kind.__name__}": kind
        for module in (driver, exc)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    }
    return [f"{'passing' if passes(kind) else 'lasting'} {name}" for name, kind in sorted(classes.items())]


def test_each_error_of_the_driver_and_of_sqlalchemy_is_decided() -> None:
    """A class that a new version of a library brings must be decided, and added to the list."""
    assert decisions() == LIST.read_text("utf-8").splitlines()


def wrapped(error: Exception, kind: type[exc.DBAPIError] = exc.DBAPIError) -> exc.DBAPIError:
    """Return the driver's error as SQLAlchemy wraps it."""
    return kind("SELECT 1", {}, error_of_dialect(error))


PASSING = [
    driver.InternalClientError("got result for unknown protocol state 3"),
    driver.ProtocolError("cannot decode"),
    driver.InterfaceError("connection is closed"),
    driver.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    driver.AdminShutdownError("terminating connection due to administrator command"),
    driver.CannotConnectNowError("the database system is starting up"),
    driver.TooManyConnectionsError("sorry, too many clients already"),
    driver.DeadlockDetectedError("deadlock detected"),
    driver.InvalidCachedStatementError("cached statement plan is invalid"),
    driver.TargetServerAttributeNotMatched("none of the hosts match"),
    driver.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
]
LASTING = [
    driver.UniqueViolationError("duplicate key value"),
    driver.UndefinedTableError("relation does not exist"),
    driver.InsufficientPrivilegeError("permission denied"),
    driver.ClientConfigurationError("no such option"),
    driver.UnsupportedServerFeatureError("no advisory locks"),
    driver.DataCorruptedError("invalid page"),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_an_error_of_the_moment_passes_however_it_comes(error: Exception) -> None:
    """The driver's own error, the same within SQLAlchemy's, and several at once are known alike."""
    group = ExceptionGroup("both", [error, wrapped(error)])
    assert [is_transient(each) for each in (error, wrapped(error), error_of_dialect(error), group)] == [True] * 4


@pytest.mark.parametrize("error", LASTING, ids=lambda error: type(error).__name__)
def test_an_error_of_what_was_asked_lasts_however_it_comes(error: Exception) -> None:
    """It would come again: the event becomes a dead letter, and a request is answered with 500."""
    group = ExceptionGroup("both", [error, TimeoutError()])
    assert [is_transient(each) for each in (error, wrapped(error), error_of_dialect(error), group)] == [False] * 4


def error_of_dialect(error: Exception) -> Exception:
    """Return the driver's error as the dialect leaves it where SQLAlchemy does not wrap it."""
    made: Exception = AsyncAdapt_asyncpg_dbapi.Error(str(error), error)  # type: ignore[no-untyped-call]  # no types there
    return made


def test_the_pool_and_its_connections_pass() -> None:
    """A pool without a free connection, a connection that was lost, and a session that goes on after that, all pass."""
    passing = [exc.TimeoutError(), exc.InvalidatePoolError(), exc.PendingRollbackError("lost", code="8s2b")]
    assert all(map(is_transient, [*passing, ConnectionRefusedError(), TimeoutError()]))
    lost = exc.DBAPIError("SELECT 1", {}, Exception("gone"), connection_invalidated=True)
    assert is_transient(lost)
    assert not is_transient(exc.PendingRollbackError("a flush failed before", code="7s2a"))
    assert not is_transient(exc.NoResultFound())


def test_only_an_answer_of_the_database_says_that_nothing_was_committed() -> None:
    """After a lost connection nobody knows, and after a refused commit it is certain."""
    for refused in (driver.UniqueViolationError("duplicate"), driver.SerializationError("conflict")):
        assert is_rolled_back(refused)
        assert is_rolled_back(wrapped(refused))
    lost: list[BaseException] = [
        driver.ConnectionDoesNotExistError("closed in the middle"),
        driver.AdminShutdownError("terminating connection"),
        driver.InternalClientError("unknown state"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionResetError(),
        TimeoutError(),
        KeyboardInterrupt(),
    ]
    assert not any(map(is_rolled_back, lost))
