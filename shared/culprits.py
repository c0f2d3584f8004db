"""Find the items with which something fails, by trying parts of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def culprits(items: Sequence[T], works: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return the items without which `works` is true of the rest; few trials where few items are to blame.

    An item is blamed where it fails alone, or together with those that were found to work.
    """
    good: list[T] = []
    bad: list[T] = []

    def sort(some: Sequence[T]) -> None:
        if works([*good, *some]):
            good.extend(some)
        elif len(some) == 1:
            bad.extend(some)
        else:
            sort(some[: len(some) // 2])
            sort(some[len(some) // 2 :])

    if items:
        sort(items)
    return bad
