"""Show that a command is at work: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bar:
    """A progress bar; `at(done, total, words)` moves it.

    Elsewhere than on a terminal only changed words are printed.
    """

    def __init__(self, words: str, total: float | None) -> None:
        """Begin at 0 of `total`; None while the total is unknown."""
        from rich.console import Console  # noqa: PLC0415 - heavy
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - heavy

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(words, total=total)
        self._words, self._began = "", monotonic()
        self.describe(words)

    def at(self, done: float, total: float | None = None, words: str | None = None) -> None:
        """Move the bar to `done`."""
        self._bar.update(self._task, completed=done, total=total, description=words)
        if words is not None:
            self.describe(words)

    def advance(self, by: float = 1) -> None:
        """Move the bar on."""
        self._bar.advance(self._task, by)

    def describe(self, words: str) -> None:
        """Set what is being done now."""
        if words == self._words:
            return
        self._words = words
        self._bar.update(self._task, description=words)
        if not self._console.is_terminal:
            self._console.print(f"{monotonic() - self._began:6.1f} s  {words}", highlight=False)

    def start(self) -> None:
        """Show it."""
        self._bar.start()

    def stop(self) -> None:
        """Remove it."""
        self._bar.stop()


@contextmanager
def bar(words: str, total: float | None = None) -> Iterator[Bar]:
    """Show a bar while the block runs."""
    progress = Bar(words, total)
    progress.start()
    try:
        yield progress
    finally:
        progress.stop()
