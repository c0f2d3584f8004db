"""Judge whether an event may be applied now, so that each takes effect once and in order; pure.

A subject's events carry 1, 2, 3 and so on. What was applied is dropped, the next one is admitted, one that leaves a gap
is set aside until the missing ones arrive, and a second event with the same number is a fork: its owner was restored
from a backup and has taken another course. On a compacted topic each event holds the whole state and older ones may be
gone, so anything newer than what was applied is admitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Verdict(StrEnum):
    """The decision about an event."""

    APPLY = "apply"
    DROP = "drop"
    GAP = "gap"
    FORK = "fork"
    BEHIND = "behind"


@dataclass(slots=True)
class Standing:
    """The progress of a subject: its newest applied event, the newest reacted to, and whether dead letters exist."""

    sequence: int = 0
    ce_id: UUID | None = None
    reacted: int = 0
    dead_letter: str | None = None
    """The reason of the first dead letter, if there is one."""
    moved: bool = False
    """True if an event was applied since."""

    def judge(self, sequence: int, ce_id: UUID | None, *, compacted: bool) -> Verdict:
        """Return the verdict on the event `sequence`, `ce_id`; the standing itself is not changed."""
        if sequence < self.sequence:
            return Verdict.DROP
        if sequence == self.sequence:
            same = self.ce_id is None or self.ce_id == ce_id
            return Verdict.DROP if same else Verdict.FORK
        in_turn = compacted or sequence == self.sequence + 1
        if self.dead_letter is not None and not (in_turn and self.dead_letter == Verdict.GAP):
            return Verdict.BEHIND
        return Verdict.APPLY if in_turn else Verdict.GAP

    def advance(self, sequence: int, ce_id: UUID | None) -> None:
        """Note that the event was applied."""
        self.sequence = sequence
        self.ce_id = ce_id
        self.moved = True
