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
from datetime import UTC, datetime
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
from shared.runtime.migrate import migrate
from shared.time import clock
from tests import compiled_sql
from tests.local_run import LocalRun, quick_folder
from tests.support import OWNER, SERVING, as_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

HERE = Path(__file__).parent

# Whatever the environment says: workers would compile all tests again, and the processes that they start all services.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Each request to an app asks for this package, which is not installed; looking for it takes as long as a small page.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # Python's way to say that there is none

# How long an example takes says how busy the machine is, and nothing about the rule that it tries.
hypothesis.settings.register_profile("tandem", deadline=None)
# To show that a test fails, it need not look for the smallest example, which may take minutes (`planted_bugs`).
hypothesis.settings.register_profile(
    "unshrunk", deadline=None, phases=[each for each in hypothesis.Phase if each is not hypothesis.Phase.shrink]
)
hypothesis.settings.load_profile("tandem")

Server = TypeVar("Server", Postgres, Broker)

TEST_DAY = "TANDEM_TEST_DAY"
"""Names the day of the run: the processes that share the tests agree on it, also around midnight."""
TOGETHER = (
    "browser/test_journey.py",
    "integration/test_system.py",
    "integration/test_api_client.py",
    "integration/test_api_guide.py",
    "load/test_small.py",
    "faults/test_local_run.py",
)
"""Files that share one local run, in this order: the last one ends it. A start takes some 30 s of processor time."""
FIRST = (*TOGETHER, "integration/test_sample_programme.py", "simulation/test_services.py")
"""Files that take minutes, and so begin before the others."""


def pytest_configure() -> None:
    """Keep imports out of garbage collection, log plain lines, and give all processes of a run the same day.

    Structlog draws tracebacks in colours by default, which takes seconds.
    """
    gc.disable()
    os.environ.setdefault(TEST_DAY, datetime.now(UTC).date().isoformat())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    vars(bus)["create_async_engine"] = compiled_sql.engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take minutes begin first, so that no process is left with one at the end."""
    order = {str(HERE / name): place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Schedule as `--dist loadfile`, and keep the files that share the local run in one process."""
    # Imported by the process that distributes only; the package has no types.
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # noqa: PLC0415 - as said

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # as said
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return "the local run" if file.endswith(TOGETHER) else file

    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: one often waits for a server or a browser."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Leave imported modules out of garbage collection, and collect less often (as the services do)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 5)
    gc.enable()


def pytest_runtest_teardown() -> None:
    """Refuse a test that leaves loggers which keep the first place they wrote to: later tests would not see them."""
    assert not structlog.get_config()["cache_logger_on_first_use"], "loggers are cached for the rest of the process"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests say about their own extent, such as how many seeds were simulated."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, value in report.user_properties:
                    terminalreporter.write_line(f"{name}: {value}")


class Administrator:
    """One connection to the server for the whole session: each run of psql would take longer than what it asks for.

    It lives in a thread with a loop of its own, so that tests with and without a loop can use it.
    """

    def __init__(self, url: str) -> None:
        """Connect."""
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection = self._thread.submit(self._run, asyncpg.connect(url)).result()

    def _run(self, query: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(query)

    def execute(self, statement: str) -> None:
        """Run a statement."""
        self._thread.submit(self._run, self._connection.execute(statement)).result()

    def close(self) -> None:
        """Close the connection."""
        self._thread.submit(self._run, self._connection.close()).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


class Databases:
    """The PostgreSQL server of the session, which makes and drops databases in some 20 ms each.

    As in an installation, one role owns the databases, and another, which may not do everything, is for the services.
    """

    def __init__(self, server: Postgres, administrator: Administrator) -> None:
        """Take a running server and its administrator."""
        self.server = server
        self.administrator = administrator
        self._count = itertools.count(1)
        self._templates: dict[str, str] = {}
        for role in (OWNER, SERVING):
            administrator.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{server.password}'")
        # For a test that returns tables to what they were, and one that makes locks wait.
        administrator.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
        administrator.execute(f"GRANT SET ON PARAMETER deadlock_timeout TO {SERVING}")

    def new(self, template: str = "template1") -> str:
        """Return the address (`postgresql+asyncpg://...`) of a new database: empty, or a copy of a template.

        Its role is the one for services; `tests/support.py:as_owner` gives the other.
        """
        name = f"test_{next(self._count)}"
        source = self._templates.get(template, template)
        # Files are copied as they are: through the journal, as by default, it takes two to three times as long.
        self.administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY OWNER {OWNER}')
        return self.address(name)

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Return the name of a template for `new`; the first call makes it with `fill(address of the owner)`.

        `fill` must leave no connection open: PostgreSQL copies a database only while nobody uses it.
        """
        if name not in self._templates:
            database = f"template_{name}"
            self.administrator.execute(f'CREATE DATABASE "{database}" OWNER {OWNER}')
            fill(as_owner(self.address(database)))
            self._templates[name] = database
        return name

    def of_service(self, service: str) -> str:
        """Return the name of a template for `new` with a service's tables, as its migrations make them."""
        return self.template(service, lambda address: migrate(service, address, SERVING))

    def keep(self, name: str, address: str) -> None:
        """Make a template of a database that `new` returned and that nobody uses any more."""
        self._templates[name] = address.rpartition("/")[2]

    def drop(self, address: str) -> None:
        """Drop the database of an address that `new` returned, and close all connections to it."""
        self.administrator.execute(f'DROP DATABASE IF EXISTS "{address.rpartition("/")[2]}" WITH (FORCE)')

    def restore(self, address: str, template: str) -> None:
        """Make the database of an address anew, as a copy of a template."""
        self.drop(address)
        name, source = address.rpartition("/")[2], self._templates[template]
        self.administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY OWNER {OWNER}')

    def address(self, database: str) -> str:
        """Return the address of a database for SQLAlchemy with asyncpg, as the role for services."""
        return self.server.url(database, SERVING).replace("postgresql://", "postgresql+asyncpg://", 1)


@pytest.fixture
def own_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of this test's own that can be moved; it begins where the session's clock is (see `tests/days.py`)."""
    ahead = clock.offset()
    monkeypatch.setenv("TANDEM_CLOCK_FILE", str(tmp_path / "clock"))
    if ahead:
        clock.start_at(-ahead)


@pytest.fixture(scope="session")
def _folder() -> Iterator[Path]:
    """Return a folder for the data of the servers, outside the checkout, removed at the end."""
    folder = quick_folder("tandem-tests-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _first_that_starts(make: Callable[[], Server]) -> Server:
    """Start a server; try again with other ports if another run of the tests took them first."""
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
    """Return the address (`postgresql+asyncpg://...`) of a new empty database, dropped after the test."""
    address = postgres.new()
    yield address
    postgres.drop(address)


@pytest.fixture(scope="session")
def local_run() -> Iterator[LocalRun]:
    """Return a whole local run on free ports, in its own folder, without the sample programme; see `TOGETHER`."""
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
    """Return a function that starts another Apache Kafka, for tests that stop or kill it, until the session ends."""
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
    """Return the bootstrap address of the session's Apache Kafka, without topics and without automatic creation."""
    return new_broker().bootstrap
