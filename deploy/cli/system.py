"""Describe the installation that the tools work on, and connect to it.

Its values are in the environment (`TANDEM_...`, as for the services); otherwise those that the local run in
`TANDEM_DATA` (default `.data`) wrote for its tools.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.secret_files import with_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.bus import Bus, Consumers
    from shared.bus.db.erasure import ErasureKeys
    from shared.settings import ServiceSettings

SERVICES = ("applications", "matching", "notifications", "reporting")
# What the settings class asks of a service and no tool uses.
_UNUSED = {
    "session_key": "not needed by tools",
    "oidc_issuer": "http://127.0.0.1:1",
    "ticket_public_key": "not needed by tools",
    "service_token": "not needed by tools",
}


class Failed(RuntimeError):
    """A failure that the person at the terminal can understand and correct; its text is the whole message."""


@dataclass(frozen=True)
class System:
    """One installation, as its environment describes it."""

    env: Mapping[str, str]

    @classmethod
    def here(cls) -> System:
        """Return the installation of the environment, or the local run. Raises `Failed` if there is neither.

        From then on only warnings are logged, on standard error: a command prints its own output.
        """
        _log_warnings_only()
        try:
            given = {n: value for n, value in with_secrets(os.environ).items() if n.startswith("TANDEM_") and value}
        except OSError as error:
            raise Failed(f"TANDEM_SECRETS_DIR cannot be read: {error}") from None
        if "TANDEM_KAFKA" in given:
            return cls(given)
        # The clock and the rest of `shared` read the environment, so what the run wrote is put there.
        found = _local_run() | given
        os.environ.update(found)
        return cls(found)

    def __getitem__(self, name: str) -> str:
        """Return a value. Raises `Failed` when it is not there."""
        try:
            return self.env[name]
        except KeyError:
            raise Failed(f"{name} is not set: it tells this command where to look.") from None

    @cached_property
    def local(self) -> bool:
        """Return whether this is a local run, with personas and a clock that can be moved."""
        return self.env.get("TANDEM_LOCAL", "").lower() in {"1", "true", "yes"}

    @property
    def origin(self) -> str:
        """The address of the gateway, without a slash at the end."""
        return self["TANDEM_ORIGIN"].rstrip("/")

    def settings(self, service: str | None = None, *, owner: bool = False) -> ServiceSettings:
        """Settings by which the bus reaches the log and, if a service is named, that service's database.

        With `owner` it is reached as its owner, who may make tables.
        """
        from shared.settings import ServiceSettings  # noqa: PLC0415 - heavy

        variable = f"TANDEM_DATABASE_{'OWNER_' if owner else ''}URL_{(service or '').upper()}"
        if service is None:
            database = "postgresql://unused@127.0.0.1:1/unused"
        elif variable in self.env:
            database = self[variable]
        else:
            raise Failed(f"{variable} is not set: it names the database of {service}.")
        values: dict[str, Any] = {"database_url": database, "kafka": self["TANDEM_KAFKA"], "database_pool": 2}
        return ServiceSettings(**_UNUSED | values)

    @cached_property
    def erasure_keys(self) -> ErasureKeys:
        """The keys with which marks of erasures verify; none where none are set. Raises `Failed` for a wrong one."""
        from shared.bus.db.erasure import ErasureKeys  # noqa: PLC0415 - heavy

        try:
            return ErasureKeys(self.env.get("TANDEM_ERASURE_PUBLIC_KEYS", ""))
        except ValueError as error:
            raise Failed(f"TANDEM_ERASURE_PUBLIC_KEYS: {error}") from None

    def bus(self, service: str) -> Bus:
        """Return the bus of a service, for tools that read or mend its journal; to be closed by the caller."""
        from shared.bus import Bus  # noqa: PLC0415 - heavy

        return Bus(service, self.settings(service))


def service_named(name: str) -> str:
    """Return the service of that name. Raises `Failed` for any other word."""
    if name not in SERVICES:
        raise Failed(f"There is no service {name!r}: there are {', '.join(SERVICES)}.")
    return name


def topics_named(names: Sequence[str]) -> None:
    """Raise `Failed` if one of the names is not a topic's."""
    from shared.contracts import TOPICS  # noqa: PLC0415 - heavy

    if unknown := sorted(set(names) - set(TOPICS)):
        raise Failed(f"There is no topic {unknown[0]!r}. Topics are: {', '.join(TOPICS)}.")


def consumers_of(service: str) -> Consumers:
    """Return a service's handlers of events."""
    from importlib import import_module  # noqa: PLC0415 - one service of four

    consumers: Consumers = import_module(f"services.{service}.consumers").consumers
    return consumers


@contextmanager
def report_unreachable(what: str = "The database") -> Iterator[None]:
    """Turn a driver's error about an unreachable server into one line."""
    import asyncpg  # noqa: PLC0415 - heavy
    from aiokafka.errors import KafkaError  # noqa: PLC0415 - heavy
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - heavy

    try:
        yield
    except KafkaError as error:
        raise Failed(f"Kafka does not answer ({type(error).__name__}). Does Tandem run?") from error
    except (OSError, TimeoutError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise Failed(f"{what} does not answer or refuses: {_first_line(error)}. Does Tandem run?") from error


def _first_line(error: BaseException) -> str:
    """Return the first line of an error that drivers write over many."""
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _log_warnings_only() -> None:
    import structlog  # noqa: PLC0415 - not needed to show the help

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _local_run() -> dict[str, str]:
    """Return what the local run wrote for its tools. Raises `Failed` where none runs."""
    from deploy.local.folder import RunFolder  # noqa: PLC0415 - wanted without an environment only

    place = RunFolder.of_environment()
    found = place.read("environment.json")
    if not isinstance(found, dict) or not _is_held(place.folder / "run.lock"):
        raise Failed(
            f"Tandem does not run in {place.folder}. Start it with `make run`, "
            "or name another run with TANDEM_DATA, another installation with TANDEM_KAFKA and so on."
        )
    return {str(name): str(value) for name, value in found.items()}


def _is_held(lock: os.PathLike[str]) -> bool:
    """Return whether a process holds the run's lock: the file alone would outlive a killed run."""
    try:
        with open(lock, "rb") as file:  # noqa: PTH123 - a descriptor for flock
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
