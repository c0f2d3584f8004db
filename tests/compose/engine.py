"""Run a Docker engine of its own, with its data, socket and log in one folder, and Compose on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.process import Child

PROGRAMS = ("dockerd", "docker", "debootstrap", "tar")
"""The programs of the machine that the trial runs."""


class TrialFailed(RuntimeError):
    """A part of the trial did not work; the message is for the table."""


@dataclass
class Engine:
    """One Docker engine. It is used by one thread at a time, but for `docker`."""

    folder: Path
    compose: list[str] = field(default_factory=list)
    """The command of Compose, once it is known."""
    _child: Child | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment for the client and for Compose: they ask this engine and read nobody's settings."""
        found = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "COMPOSE_"))}
        return found | {
            "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
            "DOCKER_CONFIG": str(self.folder / "client"),
            "DOCKER_BUILDKIT": "0",
        }

    def start(self) -> None:
        """Start the engine, and return when it answers. Raises `TrialFailed` where a program is missing."""
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            raise TrialFailed(f"Install {', '.join(missing)} first (docs/operating.md names the packages).")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "client").mkdir(exist_ok=True)
        self._child = Child(
            "the Docker engine",
            [
                "dockerd",
                *("--data-root", self.folder / "data"),
                *("--exec-root", self.folder / "exec"),
                *("--pidfile", self.folder / "dockerd.pid"),
                *("--host", f"unix://{self.folder}/docker.sock"),
            ],
            log=self.folder / "dockerd.log",
        )
        self._child.start()
        self._child.wait_ready(self._answers, 60)

    def stop(self) -> None:
        """Stop the engine and with it all containers."""
        if self._child is not None:
            self._child.stop(150)

    def remove(self) -> None:
        """Delete everything that the engine has on this machine. It must have been stopped."""
        for mount in sorted(self._mounts(), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _mounts(self) -> list[str]:
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()]
        return [path for path in mounted if path.startswith(f"{self.folder}/")]

    def _answers(self) -> bool:
        return subprocess.run(["docker", "version"], env=self.env, check=False, capture_output=True).returncode == 0

    def docker(self, *arguments: str | Path, patience: float = 600) -> str:
        """Run the client and return its output. Raises `TrialFailed` with its last lines if it fails."""
        return self._run(["docker", *map(str, arguments)], None, patience)

    def up(self, checkout: Path, *arguments: str) -> None:
        """Run `docker compose up --detach`, with what follows."""
        self.composed(checkout, "up", "--detach", *arguments, patience=900)

    def composed(self, checkout: Path, *arguments: str, patience: float = 600) -> str:
        """Run Compose in a checkout and return its output. Raises `TrialFailed` with its last lines if it fails."""
        return self._run([*self.compose, *arguments], checkout, patience)

    def _run(self, command: list[str], folder: Path | None, patience: float) -> str:
        try:
            done = subprocess.run(
                command,
                env=self.env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TrialFailed(f"`{' '.join(command)}` took longer than {patience:.0f} s.") from None
        with (self.folder / "trial.log").open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
        if done.returncode:
            end = (done.stderr or done.stdout).strip()[-800:]
            raise TrialFailed(f"`{' '.join(command)}` ended with {done.returncode}: {end}")
        return done.stdout
