"""Has the same been made of the same before? A live matching asks so of thousands of facts after every event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from uuid import UUID

T = TypeVar("T")

_MOST = 100_000


class Memo(Generic[T]):
    """What was made, by id, with the objects it was made of (the very same) and whatever else it depends on."""

    def __init__(self) -> None:
        self._made: dict[UUID, tuple[tuple[object, ...], Hashable, T]] = {}

    def of(self, identity: UUID, sources: tuple[object, ...], other: Hashable, make: Callable[[], T]) -> T:
        """What was made of the same before, the same object; else it is made now."""
        known = self._made.get(identity)
        if known is not None and known[1] == other and all(map(_same, known[0], sources)):
            return known[2]
        if len(self._made) >= _MOST:
            self._made.clear()
        made = make()
        self._made[identity] = sources, other, made
        return made


def _same(one: object, other: object) -> bool:
    return one is other
