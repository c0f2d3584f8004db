"""Remember objects that are made of the same sources, since most facts stay the same between two matchings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from uuid import UUID

T = TypeVar("T")

_MOST = 100_000


class Memo(Generic[T]):
    """Objects by id, with the identical sources they were made of and the other values they depend on."""

    def __init__(self) -> None:
        self._made: dict[UUID, tuple[tuple[object, ...], Hashable, T]] = {}

    def of(self, identity: UUID, sources: tuple[object, ...], other: Hashable, make: Callable[[], T]) -> T:
        """Return the object made of the same sources before; else make it now."""
        known = self._made.get(identity)
        if known is not None and known[1] == other and all(map(_same, known[0], sources)):
            return known[2]
        if len(self._made) >= _MOST:
            self._made.clear()
        made = make()
        self._made[identity] = sources, other, made
        return made


def _same(first: object, other: object) -> bool:
    return first is other
