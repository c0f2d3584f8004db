"""Run all of Tandem on one machine: start it in order, print its addresses, and stop it in order."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from deploy.kafka.jars import JarsWrong
from deploy.local import sample, settings, stale_processes
from deploy.local.folder import ROOT, RunFolder
from deploy.local.gateway import gateway
from deploy.local.kafka import Broker
from deploy.local.ports import HOST
from deploy.local.postgres import Postgres
from deploy.local.process import Child, DiskFull, ServerFailed, last_line
from deploy.local.supervisor import SupervisedProcess, Supervisor, answers
from deploy.local.tour import COORDINATOR, EVERYBODY, Tour

if TYPE_CHECKING:
    from types import FrameType

    from deploy.local.settings import RunSettings


_TOUR_SECONDS = 60.0


class _Stop(BaseException):
    """A request to stop, raised wherever the start happens to be."""


def main() -> int:
    """Run until Ctrl-C or SIGTERM; return the exit code.

    0 after a requested stop; 1 with one line that says why not.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - said plainly to whoever starts it with another Python
        return _fail(f"Tandem needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _ask_to_stop)
    place = RunFolder.of_environment()
    try:
        with place:
            _Run(place).through()
    except _Stop:
        return 0
    except DiskFull as error:
        return _fail(f"{error} {sample.after_full_disk(place)}")
    except (ServerFailed, JarsWrong) as error:
        return _fail(str(error))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return _fail(f"The disk is full. {sample.after_full_disk(place)}")
        raise
    return 0


def _ask_to_stop(_: int, __: FrameType | None) -> None:
    raise _Stop


def _fail(line: str) -> int:
    print(f"Tandem stopped: {line}", file=sys.stderr, flush=True)
    return 1


def _print_line(line: str) -> None:
    _print(f"  {line[0].upper()}{line[1:]}")


def _print(line: str) -> None:
    """Print at once; a closed terminal or pipe stops nothing."""
    with suppress(BrokenPipeError):
        print(line, flush=True)


class _Run:
    """One run, from the first check to the last process."""

    def __init__(self, place: RunFolder) -> None:
        self._place = place
        self._supervisor = Supervisor(place, _print_line)
        self._stores: list[SupervisedProcess] = []
        self._helpers: list[SupervisedProcess] = []
        self._services: list[SupervisedProcess] = []
        self._gateway: list[SupervisedProcess] = []

    def through(self) -> None:
        """Start, watch, and stop whatever was started, however it ends."""
        began = time.monotonic()
        self._place.check_room()
        if left := stale_processes.end(self._place):
            _print_line(f"An earlier run was killed; what it left is stopped now: {', '.join(left)}.")
        chosen, with_sample = settings.choose(self._place), sample.wanted(self._place)
        _print(f"Tandem starts in {self._place.folder}.")
        try:
            self._start(chosen, with_sample=with_sample)
            sample_known = sample.loaded(self._place)
            tour = Tour(chosen.origin, EVERYBODY if sample_known else COORDINATOR)
            # On a later start the services know everybody's access already: opening pages only makes them quick.
            later = sample_known and not with_sample
            if not later:
                self._wait_for(tour)
            _print_line(f"Everything is ready after {time.monotonic() - began:.0f} s.")
            _print_addresses(chosen, self._place)
            if later:
                self._wait_for(tour)
            while True:
                self._supervisor.look()
                time.sleep(0.25)
        finally:
            self._stop()

    def _start(self, chosen: RunSettings, *, with_sample: bool) -> None:
        if with_sample:
            sample.set_clock_back(self._place)
        tools = settings.tools_environment(chosen, self._place)
        self._place.write("environment.json", tools)
        self._place.write("personas.json", _personas())
        self._start_servers(chosen)
        self._prepare(tools)
        self._services = [
            self._service(chosen, service, process)
            for service in settings.SERVICES
            for process in chosen.processes(service)
        ]
        self._supervisor.begin(*self._services)
        self._supervisor.wait(*self._services)
        if with_sample:
            _print_line(f"loading the sample programme, one to two minutes; pages work meanwhile: {chosen.origin}/")
            try:
                sample.load(self._place, tools, self._supervisor.look)
            except _Stop:
                _print_line(f"the sample programme is not complete. Start over with: {self._place.start_over}")
                raise

    def _wait_for(self, tour: Tour) -> None:
        """Return when all pages of the tour answer; after a while name those that do not."""
        until = time.monotonic() + _TOUR_SECONDS
        while not tour.answers(self._supervisor.look):
            if time.monotonic() > until:
                pages = ", ".join(f"{path} as {subject}" for subject, path in tour.left)
                _print_line(f"these pages do not answer yet: {pages}.")
                return
            time.sleep(0.1)

    def _start_servers(self, chosen: RunSettings) -> None:
        ports = chosen.ports
        postgres = Postgres(
            self._place / "postgres", ports["postgres"], chosen.secrets["postgres"], log=self._place.log("postgres")
        )
        kafka = Broker(self._place / "kafka", ports["kafka"], ports["kafka_controller"], log=self._place.log("kafka"))
        base = _clean_environment() | settings.shared_environment(chosen, self._place)
        mail_env = {"TANDEM_MAIL_FILE": str(self._place / "mail.db"), "TANDEM_MAIL_PORT": str(ports["mail"])}
        mail = Child(
            "the mail catcher",
            [sys.executable, "-m", "deploy.local.mail"],
            log=self._place.log("mail"),
            env=base | mail_env | {"TANDEM_SMTP_PORT": str(ports["smtp"])},
            cwd=ROOT,
        )
        identity = Child(
            "the sign-in provider",
            [sys.executable, "-m", "deploy.local.identity"],
            log=self._place.log("identity"),
            env=base | {"TANDEM_IDENTITY_PORT": str(ports["identity"])},
            cwd=ROOT,
        )
        front = gateway(chosen, self._place)
        self._stores = [
            SupervisedProcess(postgres.child, postgres.begin, postgres.answers),
            SupervisedProcess(kafka.child, kafka.begin, kafka.answers),
        ]
        self._helpers = [
            SupervisedProcess(mail, mail.start, answers(f"http://{HOST}:{ports['mail']}/livez")),
            SupervisedProcess(identity, identity.start, answers(f"{chosen.issuer}/.well-known/openid-configuration")),
        ]
        self._gateway = [SupervisedProcess(front, front.start, answers(f"{chosen.origin}/static/tandem.js"))]
        self._supervisor.begin(*self._stores, *self._helpers, *self._gateway)
        self._supervisor.wait(*self._stores)
        postgres.provide({name: chosen.passwords(name) for name in settings.SERVICES})
        self._supervisor.wait(*self._helpers, *self._gateway)

    def _prepare(self, tools: dict[str, str]) -> None:
        state = _definitions()
        if self._place.read("prepared.json") == state:
            return
        began = time.monotonic()
        log = self._place.log("prepare")
        with log.open("ab") as out:
            done = subprocess.run(
                [sys.executable, "-m", "deploy.local.prepare"],
                env=_clean_environment() | tools,
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        if done.returncode:
            raise ServerFailed(f"Topics and tables could not be prepared: {last_line(log)}")
        self._place.write("prepared.json", state)
        _print_line(f"Topics and tables are up to date ({time.monotonic() - began:.1f} s).")

    def _service(self, chosen: RunSettings, service: str, process: str) -> SupervisedProcess:
        child = Child(
            process,
            [sys.executable, "-m", f"services.{service}"],
            log=self._place.log(process),
            env=_clean_environment() | settings.service_environment(chosen, self._place, service, process),
            cwd=ROOT,
        )
        ready = answers(f"http://{HOST}:{chosen.ports[process]}/{service}/readyz")
        return SupervisedProcess(child, child.start, ready)

    def _stop(self) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # asked once is asked; each step is bounded
        _print("Tandem stops.")
        self._supervisor.stop(self._services, self._gateway, self._helpers, self._stores)


def _clean_environment() -> dict[str, str]:
    """This process's environment without `TANDEM_*`, which mean something else to the services."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    # Small arenas: four services with few threads do not need more, and the whole stays under 2 GB.
    return kept | {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}


def _definitions() -> str:
    """Return a digest of the definitions of topics and tables; unchanged, there is nothing to prepare."""
    shared = (ROOT / "shared" / "contracts" / "topics.yaml", ROOT / "shared" / "bus" / "db" / "grants.py")
    files = [*shared, *ROOT.glob("services/*/migrations/**/*.py")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _personas() -> list[dict[str, object]]:
    from deploy.local.personas import PERSONAS  # noqa: PLC0415 - reads the contracts' codes, needed once

    return [dataclasses.asdict(persona) for persona in PERSONAS]


def _print_addresses(chosen: RunSettings, place: RunFolder) -> None:
    """Print the addresses and the personas."""
    _print(f"\n  Tandem        {chosen.origin}/\n  Emails        {chosen.mail}/\n  Logs          {place / 'logs'}\n")
    _print("  On the start page, one click signs you in as:")
    for persona in _personas():
        _print(f"    {persona['subject']:<24} {persona['words']}")
    _print("\n  Ctrl-C stops everything.")


if __name__ == "__main__":
    sys.exit(main())
