"""What comes of doing the same to several ticked cases: which were done, and why the others were not?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
MOST = 50
"""How many are done at once: what one page of a list shows."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """`done` in one transaction; `left` with the sentence that says why: somebody was quicker, or it is not time."""

    done: Sequence[T]
    left: Sequence[tuple[T, str]]
