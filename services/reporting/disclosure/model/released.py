"""Define figures as they may be released."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from services.reporting.indicators.model.figure import Definition, Note
    from services.reporting.periods.model.periods import Period

ROLLED_UP = "rolled_up"
"""The value of the one row that stands for all hidden rows of a table that is mostly hidden."""


class Hidden(StrEnum):
    """The reason why a number is not shown."""

    NO_DATA = "no_data"
    """There is nothing to divide by: nothing is hidden, there is nothing."""
    PROTECTED = "protected"
    """Few stand behind it, or it would give away another that is hidden. Which of the two is not told: the answer
    would say that a number lies below the threshold."""


@dataclass(frozen=True, slots=True)
class ReleasedCell:
    """A number as it may be released: the cell's values, or none of them and why."""

    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    events: int | None = None
    digest: str | None = None
    hidden: Hidden | None = None

    @property
    def suppressed(self) -> bool:
        """Return whether there is a number that is not shown."""
        return self.hidden is Hidden.PROTECTED


@dataclass(frozen=True, slots=True)
class Released:
    """A figure as it may be released. `withheld` are dimensions of which nothing may be shown.

    `waits`: what has changed since is not shown yet, since it would tell a number about few people.
    """

    definition: Definition
    period: Period
    cut_off: datetime
    total: ReleasedCell
    breakdowns: Mapping[str, Mapping[str, ReleasedCell]] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    waits: bool = False


def released_digest(figures: Sequence[Released]) -> str:
    """Return the SHA-256 over figures as they are shown, each on a line: definition, version, value, events' digest.

    A hidden figure has neither value nor digest there: an outsider who knows all other lines could try the few values
    that it can have until the digest agrees.
    """
    lines = [
        f"{each.definition.id} {each.definition.version} {each.total.value} {each.total.digest}\n" for each in figures
    ]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
