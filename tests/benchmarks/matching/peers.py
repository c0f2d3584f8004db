"""Solve the same lists with other packages, each in an environment that is made when it is first needed.

`matching` and `mentor-match` overwrite each other's module, and none of them may decide what this project installs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.matching.instances import Lists

_ENVIRONMENTS = Path("build/peers")
_PATIENCE = 900
_SCRIPT = Path(__file__).with_name("peer.py")


@dataclass(frozen=True, slots=True)
class Solved:
    """A peer's answer: seconds for making and solving its problem, and the seat of each candidate (-1: none)."""

    version: str
    seconds: float
    seats: list[int]


def solved(name: str, lists: Lists) -> Solved:
    """Solve `lists` with the package `name`. Raises `CalledProcessError` where it fails or cannot be installed."""
    python = _python(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lists.json"
        path.write_text(json.dumps(asdict(lists)), encoding="utf-8")
        answer = subprocess.run(
            [python, _SCRIPT, name, path], check=True, capture_output=True, text=True, timeout=_PATIENCE
        )
    version = subprocess.run(
        [python, "-c", f"from importlib.metadata import version; print(version({name!r}))"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Solved(version.stdout.strip(), **json.loads(answer.stdout))


def _python(name: str) -> Path:
    """Return the Python of an environment with the package."""
    folder = _ENVIRONMENTS.resolve() / name
    python, uv = folder / "bin" / "python", Path(sys.prefix) / "bin" / "uv"
    if not python.exists():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, name], check=True, capture_output=True)
    return python
