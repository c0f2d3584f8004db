"""Results of attacks, one a line of a file, so that those of several runs add up."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]


def code_digest() -> str:
    """Return a digest of the code that is attacked and of the attack."""
    places = ("services/reporting", "tests/redteam", "shared/contracts/codes")
    files = sorted(file for place in places for file in (ROOT / place).rglob("*.py"))
    whole = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(whole).hexdigest()[:12]


CODE = code_digest()
"""That of this process, which stays the same while files change."""


@dataclass(frozen=True)
class Attacked:
    """The outcome of the attack on one programme, as a line of the file of results."""

    seed: int
    grouped: bool
    code: str
    pinned: tuple[str, ...] = ()
    error: str = ""
    tried: int = 0
    shown: int = 0
    published: int = 0
    refused: int = 0
    seconds: float = 0.0
    megabytes: int = 0
    """The most memory that the process has had so far."""


def read_results(file: Path) -> list[Attacked]:
    """Return the results of a file; a last line that was cut off is left out."""
    if not file.exists():
        return []
    lines = [line for line in file.read_text().splitlines(keepends=True) if line.endswith("}\n")]
    return [Attacked(**{**json.loads(line), "pinned": tuple(json.loads(line)["pinned"])}) for line in lines]


def summary(results: Sequence[Attacked]) -> Iterator[str]:
    """Yield what was attacked, for each code, in the order of the file."""
    for code, grouped in dict.fromkeys((each.code, each.grouped) for each in results):
        of = [each for each in results if (each.code, each.grouped) == (code, grouped)]
        seeds = sorted(each.seed for each in of)
        pinned, wrong = (sorted(each.seed for each in of if having(each)) for having in (_is_pinned, _is_wrong))
        yield (
            f"code {code}{' (the present one)' if code == CODE else ''}{', by groupings' if grouped else ''}:"
            f" {len(of)} programmes, seeds {seeds[0]} to {seeds[-1]}; {len(pinned)} pinned{_named(pinned)},"
            f" {len(wrong)} failed{_named(wrong)}; {sum(each.tried for each in of)} counts of few tried;"
            f" {sum(each.published for each in of)} statements released with {sum(each.shown for each in of)} totals"
            f" shown, {sum(each.refused for each in of)} refused or unchanged;"
            f" {sum(each.seconds for each in of) / len(of):.1f} s each, {max(each.megabytes for each in of)} MB at most"
        )


def _is_pinned(result: Attacked) -> bool:
    return bool(result.pinned)


def _is_wrong(result: Attacked) -> bool:
    return bool(result.error)


def _named(seeds: Sequence[int]) -> str:
    return f" ({', '.join(map(str, seeds))})" if seeds else ""
