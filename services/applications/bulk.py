"""The result of one action on several selected cases, and how a page shows each case."""

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
    """The cases that were done in one transaction, and the others, each with the sentence that says why not."""

    done: Sequence[T]
    left: Sequence[tuple[T, str]]


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One selected case on the page that asks, or on the one that shows the result."""

    id: UUID
    reference: str
    name: str
    state: Any
    text: str
    notes: tuple[str, ...] = ()
