"""Run a command on files: say what was understood, write an annotated copy where asked, stop after a check."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from services.matching.sheets.files.encodings import ENCODINGS
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.sheets import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

Each = TypeVar("Each")
QUIET = 3.0
"""So many seconds pass before progress is shown, and between two lines of it."""


class Progress:
    """Says on standard error how far a command is, unless it ends within a few seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin now."""
        self._clock = clock
        self._next = clock() + QUIET

    def begin(self, step: str) -> None:
        """Begin a step; it is printed if the command has taken long already."""
        self._print(step)

    def over(self, items: Iterable[Each], total: int, step: str) -> Iterator[Each]:
        """Give the items on, and say how many there were."""
        self.begin(step)
        for number, item in enumerate(items, 1):
            self._print(f"{step}: {number:,} of {total:,}")
            yield item

    def _print(self, text: str) -> None:
        now = self._clock()
        if now >= self._next:
            print(f"{text} …", file=sys.stderr)
            self._next = now + QUIET


@contextmanager
def reading(encoding: str | None, annotate: Path | None) -> Iterator[Reading]:
    """Give a reading; afterwards, also after a fault, remarks are on standard error and the copy is written."""
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise UnusableFiles(f"--encoding {encoding}: known are {', '.join(ENCODINGS)}.")
    found = Reading(None if encoding is None else encoding.lower())
    try:
        yield found
    except UnusableFiles:
        _report(found)
        try:
            _annotate(annotate, found)
        except UnusableFiles as wrong:
            print(f"tandem: {wrong}", file=sys.stderr)
        raise
    _report(found)
    _annotate(annotate, found)


def _report(found: Reading) -> None:
    for line in found.findings.remarks():
        print(line, file=sys.stderr)


def _annotate(file: Path | None, found: Reading) -> None:
    if file is not None:
        from services.matching.sheets.files.annotated_copy import write  # noqa: PLC0415 - heavy, and not needed otherwise

        write(file, found)
        print(f"{file} has a copy of the sheets with what was found.", file=sys.stderr)


def named(files: list[Path] | None, *others: Path | None, outputs: Sequence[Path | None]) -> list[Path]:
    """Return the files of a command, which reads `others` too.

    Raises `UnusableFiles` if none is named, or if an output would replace one that is read, or another output.
    """
    if not files:
        raise UnusableFiles("Name the files, or write a workbook to fill in with --template FILE.")
    kept = [file for file in (*files, *others) if file is not None and file.exists()]
    written = [output for output in outputs if output is not None]
    for output in written:
        if output.exists() and any(output.samefile(file) for file in kept):
            raise UnusableFiles(f"{output} is one of the files that are read; give what is written another name.")
    if len({output.resolve() for output in written}) < len(written):
        raise UnusableFiles("The annotated copy and the results have the same name; give one of them another.")
    return files
