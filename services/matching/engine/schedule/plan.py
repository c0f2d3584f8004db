"""Plan the dates of many visits together: a first plan at once, then the best one, each with its cost and moves.

Announced visits keep their days if these are lawful and in nobody's way; if they are moved, the plan says by how much.
A plan changes nothing by itself: guest and host accept the move of an announced visit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.schedule.calendar import Ints
from services.matching.engine.schedule.greedy import greedy
from services.matching.engine.schedule.optimum import Progress, optimum
from services.matching.engine.schedule.options import Cost, Options, options
from services.matching.engine.schedule.request import Scheduled, SchedulePolicy, Unscheduled, VisitRequest
from services.matching.engine.schedule.single import schedule
from shared.contracts.codes import UnschedulableCause


@dataclass(frozen=True, slots=True)
class Choice:
    """A lawful week (its Monday) of one visit or one group: the days of each request, and the cost."""

    week: date
    days: tuple[tuple[date, ...], ...]
    cost: Cost


def choices(requests: Sequence[VisitRequest], policy: SchedulePolicy | None = None) -> list[Choice]:
    """Return the lawful weeks of a visit, or of a group together, in order, with the announced week if it is lawful.

    Raises ValueError for requests that are neither.
    """
    given = options(requests, policy or SchedulePolicy())
    if given.units != 1:
        raise ValueError(f"One visit or one group has choices, not {given.units}")
    found = [
        Choice(
            given.calendar.base + int(given.week[option]) * WEEK,
            tuple(given.days(option, request) for request in range(len(requests))),
            given.cost(np.array([option])),
        )
        for option in range(len(given.unit))
    ]
    return sorted(found, key=lambda choice: choice.week)


@dataclass(frozen=True, slots=True)
class Move:
    """An announced visit that a plan moves; `after` is empty if it has no lawful week any more."""

    request: int
    before: tuple[date, ...]
    after: tuple[date, ...]

    @property
    def days(self) -> int:
        """Return by how many calendar days its start moves; 0 for one without a new week."""
        return abs((self.after[0] - self.before[0]).days) if self.after else 0


@dataclass(frozen=True)
class Plan:
    """Days by request (none: no dates), their cost, and a lower bound.

    Costs are compared place by place: visits without dates, missing days, announced visits moved, weeks of waiting.
    """

    given: Options
    policy: SchedulePolicy
    chosen: Ints
    bound: Cost

    @cached_property
    def cost(self) -> Cost:
        """The cost of the plan."""
        return self.given.cost(self.chosen)

    @property
    def proven(self) -> bool:
        """Return whether no plan is better."""
        return self.cost == self.bound

    @cached_property
    def days(self) -> list[tuple[date, ...]]:
        """The days of each visit, in the order of the requests."""
        found: list[tuple[date, ...]] = [()] * len(self.given.requests)
        for option, members in zip(self.chosen.tolist(), self.given.members, strict=True):
            for request in members if option >= 0 else ():
                found[request] = self.given.days(option, request)
        return found

    @cached_property
    def moves(self) -> list[Move]:
        """Return the announced visits that have other days or none in this plan, in the order of the requests."""
        return [
            Move(at, request.announced, days)
            for at, (request, days) in enumerate(zip(self.given.requests, self.days, strict=True))
            if request.announced and request.announced != days
        ]

    def why(self, request: int) -> Unscheduled:
        """Return why a visit has no dates; if it would have some alone, others have the places of its weeks."""
        alone = schedule(self.given.requests[request], self.policy)
        if isinstance(alone, Scheduled):
            return Unscheduled(((UnschedulableCause.NO_PLACE_IN_WEEK, 1),))
        return alone


@dataclass(frozen=True)
class Draft:
    """Visits with their options and a first plan, from which the best is searched."""

    first: Plan

    @classmethod
    def of(cls, requests: Sequence[VisitRequest], policy: SchedulePolicy | None = None) -> "Draft":
        """Return the first plan of these visits. Its bound is their cost if nobody was in anybody's way."""
        rules = policy or SchedulePolicy()
        given = options(requests, rules)
        alone = np.where(np.diff(given.start) > 0, given.start[:-1], -1) if given.units else np.zeros(0, np.int64)
        return cls(Plan(given, rules, greedy(given), given.cost(alone)))

    def best(self, *, seconds: float, goes_on: Callable[[Progress], bool] = lambda _: True) -> Plan:
        """Return the best plan, proven if time allows.

        `goes_on` is called with the progress, and ends it by returning False.
        """
        found = optimum(self.first.given, self.first.chosen, seconds=seconds, goes_on=goes_on)
        return Plan(self.first.given, self.first.policy, found.chosen, found.bound)
