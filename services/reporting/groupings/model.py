"""Define the level at which each dimension of figures is broken down: its values, or groups of them.

One level a dimension is chosen for all periods, before figures are submitted for the first time. If coarse and fine
numbers of the same people were both released, each would tell of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from services.reporting.periods.model.approval import NotNow
from shared.contracts.codes import GROUPINGS, OTHER, VALUES, PeriodState, group_of
from shared.contracts.periods import ChosenLevel
from shared.errors import ProblemCode
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.reporting.periods.model.approval import Approval

UNSAID = "unsaid"
"""The value of a dimension that was not given (`indicators/model/figure.py`): it is in no group."""


ENOUGH = 0.75
"""The share of the cases that a donor is to read of a dimension, as far as that is possible."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The chosen level of each dimension; one that is not named has each value by itself."""

    chosen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def level(self, dimension: str) -> str:
        """Return the code of the level of a dimension."""
        return self.chosen.get(dimension, VALUES)

    def group(self, dimension: str, value: str) -> str:
        """Return the group of a value at the chosen level; the value itself where each stands by itself."""
        level = self.chosen.get(dimension, VALUES)
        if level == VALUES or value == UNSAID:
            return value
        return group_of(dimension, level).get(value, OTHER)

    def changed(self, dimension: str, level: str) -> Levels:
        """Return the levels with another one for a dimension."""
        return Levels({**self.chosen, dimension: level})

    def as_chosen(self) -> tuple[ChosenLevel, ...]:
        """Return the levels as their event carries them, in the order of the code list."""
        return tuple(ChosenLevel(dimension=each, level=self.chosen[each]) for each in GROUPINGS if each in self.chosen)

    @classmethod
    def of_chosen(cls, levels: Iterable[ChosenLevel]) -> Levels:
        """Return the levels that an event carries."""
        return cls({each.dimension: each.level for each in levels})


EACH_VALUE = Levels()


Place = tuple[str, str]
"""A dimension and one of its levels."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The parts of a dimension at a level, how many of them are shown, and the same of the cases behind them."""

    parts: int
    shown: int
    cases: int
    cases_shown: int

    @property
    def share(self) -> float:
        """Return the share of the cases behind the parts that are shown."""
        return self.cases_shown / self.cases if self.cases else 0.0


@dataclass(frozen=True, slots=True)
class Costs:
    """The completed visits of a period, and the cost of each level; a level that was not proven in time is left out."""

    visits: int
    levels: Mapping[Place, Cost]

    def recommended(self, dimension: str) -> str | None:
        """Return the finest level that shows three of four cases, else the one that shows most; None without any."""
        known = [level.code for level in GROUPINGS[dimension] if (dimension, level.code) in self.levels]
        enough = (code for code in known if self.levels[dimension, code].share >= ENOUGH)
        most = max(known, key=lambda code: self.levels[dimension, code].share, default=None)
        return next(enough, most)


def choosable(approvals: Iterable[Approval]) -> None:
    """Raise `NotNow` if figures were published, or stand submitted, by the present groupings."""
    fixed = sorted((each for each in approvals if each.fixed), key=lambda each: each.period.label)
    published = next((each for each in fixed if each.state is PeriodState.PUBLISHED), None)
    if published is not None:
        sentence = gettext(
            "Groupings can no longer be changed, because the figures of %(period)s are published. Published figures"
            " in other groups would reveal numbers based on few people."
        )
        raise NotNow(sentence % {"period": published.period.label}, ProblemCode.WRONG_STATE)
    if fixed:
        sentence = gettext(
            "Groupings cannot be changed while the figures of %(period)s are submitted or approved. Submitted figures"
            " can be returned to their author first."
        )
        raise NotNow(sentence % {"period": fixed[0].period.label}, ProblemCode.WRONG_STATE)
