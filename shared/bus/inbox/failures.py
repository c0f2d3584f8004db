"""Count the subjects that fail one after the other, over all batches of a reader.

Events whose handler raises, that break their contract or that cannot be read count alike: where many subjects fail and
none succeeds, a release is broken and not the events. The reader then pauses, since going on would drain the topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.bus.log.envelope import Key

FAILED = "failed"
"""The reason of an event whose handler raised."""
COUNTED = frozenset({FAILED, "contract", "undecodable", "tombstone"})
"""Reasons that count; those of order (gap, fork, behind) and of another source say nothing about a release."""


class TooManyDeadLetters(RuntimeError):
    """So many events are dead letters that going on would hide a fault; the reader pauses until a person has looked."""


@dataclass(slots=True)
class FailuresInARow:
    """The subjects that have failed since one succeeded; fewer than `most`."""

    most: int
    subjects: frozenset[Key] = frozenset()

    def copy(self) -> FailuresInARow:
        """Return a copy, to be kept once the transaction that it counts in has ended well."""
        return FailuresInARow(self.most, self.subjects)

    def fail(self, key: Key, reason: str) -> None:
        """Count a subject that has failed. Raises `TooManyDeadLetters` where it is one too many."""
        self.subjects |= {key}
        if len(self.subjects) >= self.most:
            raise TooManyDeadLetters(
                f"{len(self.subjects)} subjects in a row failed, the last one with {reason} "
                "This reader or an owner is broken, not the events. To make dead letters of them all the same, raise "
                "TANDEM_READER_FAILING_SUBJECTS."
            )

    def succeed(self) -> None:
        """Begin to count anew: a subject has succeeded."""
        self.subjects = frozenset()
