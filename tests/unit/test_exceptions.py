"""Each exception from mypy or ruff has its reason beside it."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_EXCEPTION = re.compile(r"#\s*(type: ignore(\[[\w, -]*\])?|noqa(: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*)?)")


def bare_exceptions(path: Path) -> Iterator[int]:
    """Yield the lines of a module that hold an exception and no word besides."""
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            words, exceptions = _EXCEPTION.subn("", token.string)
            if token.type == tokenize.COMMENT and exceptions and not re.search(r"[a-z]", words):
                yield token.start[0]


@pytest.mark.parametrize("folder", ["services", "shared", "deploy", "tests"])
def test_each_exception_has_its_reason(folder: str) -> None:
    """A line that mypy or ruff leaves out says why."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
        for line in bare_exceptions(path)
    ]
    assert not found


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("import flask  # noqa: PLC0415", True),
        ("x = y  # type: ignore[arg-type]", True),
        ("x = y  # type: ignore[arg-type]  # noqa: S608", True),
        ("import flask  # noqa: PLC0415 - heavy", False),
        ("x = y  # type: ignore[arg-type]  # fields of many types", False),
    ],
)
def test_words_beside_an_exception_are_its_reason(line: str, bare: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    """Only words count, not another exception."""
    module = tmp_path / "module.py"
    module.write_text(f"{line}\n", "utf-8")
    assert list(bare_exceptions(module)) == ([1] if bare else [])
