"""Give the tests real servers: one PostgreSQL and one Apache Kafka a session, on free ports."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import secrets
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg
import hypothesis
import pytest
import structlog

from deploy.local.kafka import Broker
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.process import ServerFailed
from shared.bus.db import bus
from tests import compiled_sql
from tests.local_run import LocalRun, quick_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

HERE = Path(__file__).parent

# Whatever the environment says: workers would compile all tests again, and the processes that they start all services.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says how busy the machine is, and nothing about the rule that it tries.
hypothesis.settings.register_profile("tandem", deadline=None)
hypothesis.settings.load_profile("tandem")

Server = TypeVar("Server", Postgres, Broker)

TOGETHER = ("browser/test_journey.py", "integration/test_system.py", "faults/test_local_run.py")
"""Files that share one local run, in this order: the last one ends it. A start takes some 30 s of processor time."""
FIRST = (*TOGETHER, "integration/test_sample_programme.py")
"""Files that take minutes, and so begin before the others."""


def pytest_configure() -> None:
    """Do not look for cycles while modules are imported: what they make stays. Measured: a fifth of all CPU time.

    And let what is logged be plain lines: structlog draws a traceback in colours by default, which takes seconds.
    And let no engine compile what another one has.
    """
    gc.disable()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    vars(bus)["create_async_engine"] = compiled_sql.engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes minutes begin first, so that no process is left with it at the end."""
    order = {str(HERE / name): place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """As `--dist loadfile`: a file's tests stay in one process; and so do the files that share the local run."""
    # Wanted by the process that distributes only; the package has no types.
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # noqa: PLC0415 - as said

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return "the local run" if file.endswith(TOGETHER) else file

    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: while one waits for a server or a browser, another works."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later look, and look less often (as `tune_memory` of the services does)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 5)
    gc.enable()


class Administrator:
    """One connection to the server for the whole session: each run of psql would take longer than what it asks for.

    It lives in a thread with a loop of its own, so that tests with and without a loop can use it.
    """

    def __init__(self, url: str) -> None:
        """Connect."""
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection = self._thread.submit(self._run, asyncpg.connect(url)).result()

    def _run(self, asked: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(asked)

    def does(self, statement: str) -> None:
        """Run a statement."""
        self._thread.submit(self._run, self._connection.execute(statement)).result()

    def close(self) -> None:
        """Let go of the connection."""
        self._thread.submit(self._run, self._connection.close()).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


class Databases:
    """The session's PostgreSQL server: makes and drops databases in some 20 ms each."""

    def __init__(self, server: Postgres, administrator: Administrator) -> None:
        """Take a running server, and who makes and drops databases there."""
        self.server = server
        self._administrator = administrator
        self._count = itertools.count(1)
        self._templates: dict[str, str] = {}

    def new(self, template: str = "template1") -> str:
        """The address (`postgresql+asyncpg://...`) of a new database: empty, or a copy of a template's."""
        name = f"test_{next(self._count)}"
        source = self._templates.get(template, template)
        # Files are copied as they are: through the journal, as by default, it takes two to three times as long.
        self._administrator.does(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
        return self.address(name)

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Name a template for `new`; the first call makes it, with `fill(address)` for its tables. Gives the name.

        `fill` must leave no connection behind: PostgreSQL copies a database only when nobody uses it.
        """
        if name not in self._templates:
            database = f"template_{name}"
            self._administrator.does(f'CREATE DATABASE "{database}"')
            fill(self.address(database))
            self._templates[name] = database
        return name

    def keep(self, name: str, address: str) -> None:
        """Make a template of a database that `new` gave and that nobody uses any more."""
        self._templates[name] = address.rpartition("/")[2]

    def drop(self, address: str) -> None:
        """Drop the database of an address that `new` gave, with whoever is still connected."""
        self._administrator.does(f'DROP DATABASE IF EXISTS "{address.rpartition("/")[2]}" WITH (FORCE)')

    def address(self, database: str) -> str:
        """The address of a database for SQLAlchemy with asyncpg, as administrator."""
        return self.server.url(database).replace("postgresql://", "postgresql+asyncpg://", 1)


@pytest.fixture(scope="session")
def _folder() -> Iterator[Path]:
    """A folder for the servers' data, outside of the checkout and removed at the end."""
    folder = quick_folder("tandem-tests-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _first_that_starts(make: Callable[[], Server]) -> Server:
    """Start a server; try again with other ports where another run of the tests was quicker to take them."""
    for left in (2, 1, 0):
        server = make()
        try:
            server.start()
        except ServerFailed:
            server.child.kill()
            if not left:
                raise
        else:
            return server
    raise AssertionError("the loop returns or raises")


@pytest.fixture(scope="session")
def postgres(_folder: Path) -> Iterator[Databases]:
    """The session's PostgreSQL 18."""
    password = secrets.token_urlsafe(16)
    server = _first_that_starts(
        lambda: Postgres(_folder / "postgres", free_port(), password, log=_folder / "postgres.log", durable=False)
    )
    administrator = Administrator(server.url("postgres"))
    yield Databases(server, administrator)
    administrator.close()
    server.stop()


@pytest.fixture
def database(postgres: Databases) -> Iterator[str]:
    """The address (`postgresql+asyncpg://...`) of a new empty database, dropped after the test."""
    address = postgres.new()
    yield address
    postgres.drop(address)


@pytest.fixture(scope="session")
def local_run() -> Iterator[LocalRun]:
    """A whole local run on free ports, in a folder of its own, without the sample programme; see `TOGETHER`."""
    folder = quick_folder("tandem-run-")
    run = LocalRun(folder / "data", free_port(), folder / "run.out")
    try:
        yield run.ready()
    finally:
        if run.process.poll() is None:
            run.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_broker(_folder: Path) -> Iterator[Callable[[], Broker]]:
    """A function that starts one more Apache Kafka, for tests that stop or kill it; ended with the session."""
    started: list[Broker] = []

    def start() -> Broker:
        folder = Path(tempfile.mkdtemp(dir=_folder, prefix="kafka-"))
        broker = _first_that_starts(lambda: Broker(folder, free_port(), free_port(), log=folder / "kafka.log"))
        started.append(broker)
        return broker

    yield start
    for broker in started:
        broker.child.kill()


@pytest.fixture(scope="session")
def kafka(new_broker: Callable[[], Broker]) -> str:
    """The bootstrap address of the session's Apache Kafka: no topics yet, and none appear by themselves."""
    return new_broker().bootstrap
