"""Define the training needs of the needs analysis.

A need is no figure: it is about no person, so it needs no disclosure control. It is read from the register as it is
now.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.reporting.facts.model.flaws import Flaw
from shared.contracts.codes import COUNTRIES, PRIORITIES, Expertise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.reporting.groupings.model import Levels
    from shared.contracts.registry import NeedChanged

RESTRICTED = "restricted"
"""The name of an area of expertise that may not be named."""
PARTS = {"topic": "topic", "country": "country", "level": "level"}
"""The parts by which needs can be added up, beside demand: a need names no language."""


@dataclass(frozen=True, slots=True)
class Need:
    """A number of people of a country to be trained in a topic at a level, from a day to another, both included."""

    country: str
    topic: str
    area: str | None
    level: int
    quantity: int
    since: date
    until: date

    def grouped(self, levels: Levels) -> Need:
        """Return the need with its topic and country as figures name them at the chosen levels."""
        topic, country = levels.group("priority-topic", self.topic), levels.group("country-of-service", self.country)
        return replace(self, topic=topic, country=country)


def flaws(need: NeedChanged) -> tuple[Flaw, ...]:
    """Return what is wrong with a need that the contract allows; a withdrawn need has no flaws."""
    found: list[Flaw] = []
    if need.withdrawn:
        return ()
    if need.until < need.since:
        found.append(Flaw.NEED_ENDS_BEFORE_IT_STARTS)
    if need.country not in COUNTRIES or need.topic_code not in PRIORITIES.get(need.scheme, {}):
        found.append(Flaw.UNKNOWN_CODE)
    return tuple(found)


def public_expertise(area: str | None) -> str:
    """Return an area of expertise as it may be named: some may not (domain rules on restricted expertise)."""
    if area is None:
        return ""
    return RESTRICTED if area in set(Expertise) and Expertise(area).restricted else area


def people_by(needs: Iterable[Need], by: str) -> dict[str, int]:
    """Return how many people are to be trained, by topic, country or level; as codes, in their order."""
    sums = Counter[str]()
    for need in needs:
        sums[str(getattr(need, PARTS[by]))] += need.quantity
    return dict(sorted(sums.items()))


def lines(needs: Iterable[Need]) -> list[tuple[str, str, str, str, int]]:
    """Return topic, country, level, public area and number of people: each combination once, in order."""
    sums = Counter[tuple[str, str, str, str]]()
    for need in needs:
        sums[need.topic, need.country, str(need.level), public_expertise(need.area)] += need.quantity
    return [(*key, number) for key, number in sorted(sums.items())]
