"""Fetch the broker's jars, and check them against the lock file.

`jars.lock` names each jar by its Maven coordinate and sha256. The jars come through `jgo`, from wherever this machine's
Maven settings point, into the machine's Maven repository (`~/.m2`, or `M2_REPO`), which all checkouts and runs share.
`python -m deploy.kafka.jars lock` resolves the coordinates again and writes the lock.
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Apache Kafka itself, and a logger that writes to standard error (Kafka leaves the choice of one open).
COORDINATES = ("org.apache.kafka:kafka_2.13:4.3.0", "org.slf4j:slf4j-simple:1.7.36")
LOCK = Path(__file__).with_name("jars.lock")


class JarsWrong(RuntimeError):
    """A jar could not be fetched, or is not the one in the lock."""


@dataclass(frozen=True)
class Jar:
    """One locked jar: Maven coordinate and the sha256 of the file in hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`, as Maven writes it."""
        return f"{self.group}:{self.artifact}:{self.version}"


def locked(lock_file: Path = LOCK) -> list[Jar]:
    """Return the jars of a lock file, in the order of the class path."""
    rows = [line for line in lock_file.read_text("ascii").splitlines() if line and not line.startswith("#")]
    return [Jar(*row.replace(" ", ":").split(":")) for row in rows]


def fetch(lock_file: Path = LOCK) -> list[Path]:
    """Return the paths of all jars of a lock file, in the order of the class path.

    Missing ones are fetched, and every one is checked. Raises `JarsWrong` if one cannot be fetched or has another
    sha256 than the lock.
    """
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(partial(_fetch_one, lock_file), locked(lock_file)))


def _fetch_one(lock_file: Path, jar: Jar) -> Path:
    path = _here(jar)
    if not path.is_file():
        path = _download(jar)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != jar.sha256:
        wrong = f"{path} is not the file that {lock_file.name} names (sha256 {found})."
        raise JarsWrong(f"{wrong} Delete it and start again.")
    return path


def _here(jar: Jar) -> Path:
    """Return the path of the jar on this machine, present or not. Does without jgo, which is slow to import."""
    from os import environ  # noqa: PLC0415 - read at call, so that a test can move the repository

    home = Path(environ.get("M2_REPO") or Path.home() / ".m2" / "repository")
    return home.joinpath(*jar.group.split("."), jar.artifact, jar.version, f"{jar.artifact}-{jar.version}.jar")


def _download(jar: Jar) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415 - only the first run of a machine downloads

    try:
        artifact = MavenContext(timeout=60).project(jar.group, jar.artifact).at_version(jar.version).artifact()
        return Path(artifact.resolve())
    except Exception as error:  # jgo passes on whatever its HTTP client raises
        raise JarsWrong(f"{jar.coordinate} could not be fetched: {error}. Is the network there? Try again.") from error


def lock(module: str, coordinates: Sequence[str], lock_file: Path) -> None:
    """Resolve the coordinates of a module with all they need and write its lock file."""
    import jgo  # noqa: PLC0415 - only for whoever renews the lock

    lines: dict[str, str] = {}
    for endpoint in coordinates:
        for artifact in jgo.resolve(endpoint):
            digest = hashlib.sha256(Path(artifact.resolve()).read_bytes()).hexdigest()
            lines.setdefault(f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}", digest)
    head = f"# Written by `python -m {module} lock`: the coordinates of jars.py and all that they need.\n"
    lock_file.write_text(head + "".join(f"{name} {digest}\n" for name, digest in lines.items()), "ascii")


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        lock("deploy.kafka.jars", COORDINATES, LOCK)
    print(f"{len(fetch())} jars of Apache Kafka are here and are the ones that {LOCK.name} names.")
