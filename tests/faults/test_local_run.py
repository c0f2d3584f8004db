"""A local run survives kills, and names what stops it from starting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx2
import psutil
import pytest

from deploy.local.folder import ROOT, RunFolder
from deploy.local.ports import free_port
from deploy.local.process import Child, ServerFailed
from deploy.local.supervisor import SupervisedProcess, Supervisor
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_run import LocalRun

SERVICES = ("applications", "matching", "notifications", "reporting")


def _ready(run: LocalRun, service: str) -> int:
    try:
        return httpx2.get(f"{run.origin}/{service}/readyz", timeout=10).status_code
    except httpx2.TransportError:
        return 0


def _eventually(condition: Callable[[], bool], timeout: float = PATIENCE) -> bool:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


def _alive(pids: dict[str, int]) -> list[str]:
    """Return the names of the processes that still run."""
    return [name for name, pid in pids.items() if psutil.pid_exists(pid)]


def _left(run: LocalRun) -> list[str]:
    """Return the processes that name the folder of the run in their command line (PostgreSQL, Kafka)."""
    folder = str(run.folder)
    return [
        f"{process.info['name']} ({process.info['pid']})"
        for process in psutil.process_iter(["pid", "name", "cmdline"])
        if any(folder in part for part in process.info["cmdline"] or ())
    ]


def test_a_run_survives_kill_9_of_a_service_and_of_itself(local_run: LocalRun, start: Callable[..., LocalRun]) -> None:
    """A killed service restarts, and after a killed run the next one cleans up and keeps the data."""
    run = local_run
    assert {service: _ready(run, service) for service in SERVICES} == dict.fromkeys(SERVICES, 200)
    assert httpx2.get(f"{run.origin}/applications/internal/contacts").status_code == 404
    assert (run.folder / "secrets.json").stat().st_mode & 0o077 == 0

    refused = start(run.folder, free_port())
    assert refused.process.wait(30) == 1
    assert f"already runs in {run.folder} (process {run.process.pid})" in refused.output

    # Not one that was killed in this run before: what is waited for here must not have been said yet.
    os.kill(run.pids()["notifications"], signal.SIGKILL)
    run.wait_for("Notifications ended (killed by SIGKILL) and is started again.")
    run.wait_for("Notifications is back")
    assert _ready(run, "notifications") == 200

    before, pids = run.read("secrets.json"), run.pids()
    clock = run.folder / "clock"  # not there before anybody moves it
    moved = str(float((clock.exists() and clock.read_text()) or 0) + 86_400)
    clock.write_text(moved)
    run.process.kill()
    run.process.wait()
    again = start(run.folder, run.port).ready()
    assert _alive(pids) == []
    assert again.read("secrets.json") == before
    assert clock.read_text() == moved
    assert "Topics and tables" not in again.output
    assert {service: _ready(again, service) for service in SERVICES} == dict.fromkeys(SERVICES, 200)

    pids = again.pids()
    assert again.stop() == 0
    assert _alive(pids) == []
    assert _left(again) == []
    assert not (again.folder / "run.lock").exists()
    assert not (again.folder / "processes.json").exists()


def test_the_children_of_a_killed_supervisor_stop_by_themselves(tmp_path: Path) -> None:
    """The kernel stops the children of a killed supervisor."""
    script = (
        "import sys, time; from pathlib import Path; from deploy.local.process import Child\n"
        f"child = Child('sleeper', [sys.executable, '-c', 'import time; time.sleep(60)'], log=Path('{tmp_path}/log'))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        assert _eventually(lambda: not psutil.pid_exists(pid), 5)


def test_a_port_in_use_is_reported_with_its_process_and_the_remedy(start: Callable[..., LocalRun]) -> None:
    """One line names the port, the process that uses it, and the remedy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = start(port=port)
        assert run.process.wait(30) == 1
    assert f"Port {port} is taken by" in run.output
    assert f"(pid {os.getpid()})" in run.output
    assert f"TANDEM_PORT={port + 100} make run" in run.output
    assert len(run.output.strip().splitlines()) == 1


def test_an_invalid_port_is_refused(start: Callable[..., LocalRun]) -> None:
    """An invalid port in TANDEM_PORT is named."""
    run = start(TANDEM_PORT="eight")
    assert run.process.wait(30) == 1
    assert run.output == "Tandem stopped: TANDEM_PORT is 'eight': give a number from 1 to 65535.\n"


def test_an_unknown_sample_is_refused(start: Callable[..., LocalRun]) -> None:
    """An unknown word in TANDEM_SAMPLE is refused, and nothing is loaded."""
    run = start(TANDEM_SAMPLE="nine")
    assert run.process.wait(30) == 1
    assert run.output == "Tandem stopped: TANDEM_SAMPLE is 'nine': give 'none' to start empty, or leave it out.\n"


def test_a_full_disk_is_reported_before_anything_starts(start: Callable[..., LocalRun], tmp_path: Path) -> None:
    """One line gives the free and the required disk space."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        run = start(folder=small / "data")
        assert run.process.wait(30) == 1
        assert "MB are free on the disk of" in run.output
        assert len(run.output.strip().splitlines()) == 1
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_read_only_folder_is_reported(start: Callable[..., LocalRun], tmp_path: Path) -> None:
    """One line names the folder and the remedy."""
    (tmp_path / "file").write_text("")
    run = start(folder=tmp_path / "file" / "data")
    assert run.process.wait(30) == 1
    assert "cannot be written: Not a directory. Set TANDEM_DATA." in run.output


def test_a_service_that_keeps_failing_stops_the_run(tmp_path: Path) -> None:
    """Five ends within a minute stop the run, which then shows the last output of the service."""
    output: list[str] = []
    with RunFolder(tmp_path / "data") as place:
        child = Child("broken", [sys.executable, "-c", "exit('no such table')"], log=place.log("broken"))
        supervisor = Supervisor(place, output.append)
        watched = SupervisedProcess(child, child.start, lambda: False)
        supervisor.begin(watched)

        def look_until_it_gives_up() -> None:
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                supervisor.look()
                time.sleep(0.02)

        with pytest.raises(ServerFailed, match=r"broken ended 5 times within a minute .exit code 1.*no such table"):
            look_until_it_gives_up()
        supervisor.stop([watched])
    assert output == ["broken ended (exit code 1) and is started again."] * 4


def test_a_child_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is killed with its children."""
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
    )
    child = Child("deaf", [sys.executable, "-c", script], log=tmp_path / "log")
    child.start()
    assert _eventually(lambda: (tmp_path / "log").read_text().strip().isdecimal())
    grandchild = int((tmp_path / "log").read_text())
    child.stop(timeout=0.5)
    assert child.ended() == -signal.SIGKILL
    assert _eventually(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie", 5)
