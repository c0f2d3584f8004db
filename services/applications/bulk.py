"""What comes of doing the same to several ticked cases: which were done, and why the others were not?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

T = TypeVar("T")
MOST = 50
"""How many are done at once: what one page of a list shows."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """`done` in one transaction; `left` with the sentence that says why: somebody was quicker, or it is not time."""

    done: Sequence[T]
    left: Sequence[tuple[T, str]]


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One ticked case (or placement) on the page that asks, or on the one that says what was done."""

    id: UUID
    reference: str
    name: str
    state: Any
    text: str
    notes: tuple[str, ...] = ()
