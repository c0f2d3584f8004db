"""Run a command on files: say what was understood, write an annotated copy where asked, stop after a check."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.cli.files.encodings import ENCODINGS
from deploy.cli.files.sheets import Reading
from deploy.cli.system import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def reading(encoding: str | None, annotate: Path | None) -> Iterator[Reading]:
    """Give a reading; afterwards, also after a fault, remarks are on standard error and the copy is written."""
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise Failed(f"--encoding {encoding}: known are {', '.join(ENCODINGS)}.")
    found = Reading(None if encoding is None else encoding.lower())
    try:
        yield found
    except Failed:
        _report(found)
        try:
            _annotate(annotate, found)
        except Failed as wrong:
            print(f"tandem: {wrong}", file=sys.stderr)
        raise
    _report(found)
    _annotate(annotate, found)


def _report(found: Reading) -> None:
    for line in found.findings.remarks():
        print(line, file=sys.stderr)


def _annotate(file: Path | None, found: Reading) -> None:
    if file is not None:
        from deploy.cli.files.annotated_copy import write  # noqa: PLC0415 - heavy, and not needed otherwise

        write(file, found)
        print(f"{file} has a copy of the sheets with what was found.", file=sys.stderr)


def named(files: list[Path] | None, *others: Path | None, outputs: Sequence[Path | None]) -> list[Path]:
    """Return the files of a command, which reads `others` too.

    Raises `Failed` if none is named, or if an output would replace one that is read, or another output.
    """
    if not files:
        raise Failed("Name the files, or write a workbook to fill in with --template FILE.")
    kept = [file for file in (*files, *others) if file is not None and file.exists()]
    written = [output for output in outputs if output is not None]
    for output in written:
        if output.exists() and any(output.samefile(file) for file in kept):
            raise Failed(f"{output} is one of the files that are read; give what is written another name.")
    if len({output.resolve() for output in written}) < len(written):
        raise Failed("The annotated copy and the results have the same name; give one of them another.")
    return files
