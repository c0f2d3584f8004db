"""Manage the data folder of a local run, which only one run uses at a time.

Everything is below `TANDEM_DATA` (default `.data`): servers' data, logs, secrets, ports, the clock's offset.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.local.process import DiskFull, ServerFailed

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

ROOT = Path(__file__).resolve().parents[2]
# A first start with the sample programme writes some 300 MB.
_ROOM_NEEDED = 1_000_000_000
MADE_FIRST = frozenset({"logs", "run.lock"})
"""The content of a folder in which a start was refused, such as for a taken port."""


class RunFolder:
    """The folder of one local run; a context manager that holds its lock.

    The lock is the kernel's (`flock`): it ends with the process, so none is ever stale.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is touched yet."""
        self.folder = folder.expanduser().resolve()
        self._lock: int | None = None

    @classmethod
    def of_environment(cls) -> RunFolder:
        """Return the place that `TANDEM_DATA` names, `.data` in the checkout by default."""
        return cls(Path(os.environ.get("TANDEM_DATA") or ROOT / ".data"))

    @property
    def start_over(self) -> str:
        """The command that removes this folder and starts again, for people to copy."""
        if self.folder == ROOT / ".data":
            return "make clean && make run"
        given = f"TANDEM_DATA={shlex.quote(str(self.folder))}"
        return f"{given} make clean && {given} make run"

    def __truediv__(self, name: str) -> Path:
        """Return the path of `name` within."""
        return self.folder / name

    def log(self, name: str) -> Path:
        """Return the log file of a server or service."""
        return self.folder / "logs" / f"{name}.log"

    def __enter__(self) -> Self:
        """Create the folder and take its lock. Raises `ServerFailed`: another run, no permission, no room."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / "logs").mkdir(exist_ok=True)
            self._lock = os.open(self / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ServerFailed(f"{self.folder} cannot be written: {error.strerror}. Set TANDEM_DATA.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._lock, 100).decode("ascii", "replace").strip() or "unknown"
            self._close()
            raise ServerFailed(
                f"Tandem already runs in {self.folder} (process {holder}). Stop that one first, "
                "or set TANDEM_DATA and TANDEM_PORT for a second copy."
            ) from error
        if not (self / "run.lock").exists() or (self / "run.lock").stat().st_ino != os.fstat(self._lock).st_ino:
            self._close()
            raise ServerFailed(f"Another run in {self.folder} is still stopping. Try again.")
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Release the lock and remove its file."""
        if self._lock is not None:
            (self / "run.lock").unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def check_room(self) -> None:
        """Raise `ServerFailed` if the disk is too full to start."""
        free = shutil.disk_usage(self.folder).free
        if free < _ROOM_NEEDED:
            raise ServerFailed(
                f"Only {free // 1_000_000} MB are free on the disk of {self.folder}; Tandem needs "
                f"{_ROOM_NEEDED // 1_000_000} MB. Make room, or set TANDEM_DATA to a folder on another disk."
            )

    def is_full(self) -> bool:
        """Return whether the disk has no room left, so that servers cannot write."""
        return shutil.disk_usage(self.folder).free < 20_000_000

    def read(self, name: str) -> Any:
        """Return what `write` stored under the name; None if nothing or half of it, which is then made again."""
        try:
            return json.loads((self / name).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Keep a JSON value in a file that only this user reads, in one step. Raises `DiskFull`."""
        draft = self / f"{name}.new"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(value, file, indent=1)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(self.folder) from error
            raise
        draft.replace(self / name)
