"""Decide whether another seed fits into the time that is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Budget:
    """So many seconds from now on; `None` is no limit."""

    seconds: float | None
    clock: Callable[[], float] = monotonic
    longest: float = 0.0
    """The seconds that the slowest seed has taken so far."""
    began: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin."""
        self.began = self.clock()

    @property
    def spent(self) -> float:
        """The seconds since the beginning."""
        return self.clock() - self.began

    def took(self, seconds: float) -> None:
        """Note how long a seed has taken."""
        self.longest = max(self.longest, seconds)

    def has_room(self) -> bool:
        """Return whether a seed would end in time if it took as long as the slowest one."""
        return self.seconds is None or self.spent + self.longest <= self.seconds
