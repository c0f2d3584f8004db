"""Work out hidden counts by integer programming from what a donor can fetch.

The attacker knows which quarter a period covers, that rows add up, that a visit that was completed has five days, and
of each programme whether anything was corrected (if not, what is known only grows) and whether anybody came twice. For
each quarter and each moment of counting there is an unknown number of units with each value; each number that was
fetched is an equation on their sums. People who come more than once are counted by the set of quarters in which they
came. This module shares no code with disclosure control.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from tests.redteam.programme import COUNTRIES, COVERS, ERASED, HOSTS, OPEN, QUARTERS, SEXES, SUSPENDED, TOPICS, UNMET
from tests.redteam.programme import FOUND as MATCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

MOST = 200
ELSE = "*"
"""A value of which nobody knows: where rows are not listed there may be one."""
ENOUGH = 3
FEW = range(1, 5)
Unit = tuple[str, str, str]
"""The thing that is counted, the dimension, and the value."""
Cell = tuple[Unit, ...]
"""Units that are counted together."""


@dataclass(frozen=True)
class Fetched:
    """A statement of a period as the donor fetched it, at which moment of counting it was made."""

    label: str
    statement: int
    moment: int
    figures: Mapping[str, dict[str, Any]]


_SEX = tuple("unsaid" if each is None else each for each in SEXES)
VALUES = {
    "country": (*COUNTRIES, ELSE),
    "host": (*HOSTS, ELSE),
    "topic": (*TOPICS, ELSE),
    "sex": (*_SEX, ELSE),
    "reason": (SUSPENDED, ERASED, ELSE),
}
_HIDDEN_ALIKE = {"TOPCOP-OP-02", "TOPCOP-OP-03", "TANDEM-RC-01"}
"""Visits and days: one is hidden where another is, so it may be none."""
_NAMES = {
    "country-of-service": "country",
    "host-country": "host",
    "priority-topic": "topic",
    "sex": "sex",
    "reason": "reason",
    "result": "result",
    "topic-and-result": "topic|result",
    "country-and-result": "country|result",
    "topic-and-country": "topic|country",
    "topic-and-completion": "topic|completion",
    "country-and-completion": "country|completion",
}
RESULTS = (MATCHED, UNMET, OPEN)


def single(what: str, dimension: str) -> Callable[[str], list[tuple[int, Unit]]]:
    """Return the function that gives the one unit of a value."""
    return lambda value: [(1, (what, dimension, value))]


class World:
    """The unknowns of one group of figures that share people, and what each unit of the real programme adds to them."""

    def __init__(
        self,
        margins: Mapping[str, Sequence[str]],
        joint: Sequence[Unit] = (),
        *,
        since: Collection[str] = (),
        net: Collection[str] = (),
    ) -> None:
        """Take what is counted, each with the dimensions that its total is split by, and further unknowns.

        `since` are counted from the beginning to a period's last day; `net` can become less.
        """
        self.since, self.net = frozenset(since), frozenset(net)
        self.units: list[Unit] = list(joint)
        self.margins = margins
        for what, dimensions in margins.items():
            self.units.append((what, "", ""))
            self.units += [(what, dimension, value) for dimension in dimensions for value in VALUES[dimension]]


@dataclass
class Attacker:
    """The equations of one group of figures."""

    world: World
    moments: int
    repeats: bool = False
    corrections: bool = False
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    unknown: dict[tuple[Unit, str, int], cp_model.IntVar] = field(default_factory=dict)
    people: dict[tuple[Unit, int], dict[frozenset[str], cp_model.IntVar]] = field(default_factory=dict)
    """The number of people with a value, known at a moment, by the quarters in which they came."""

    def __post_init__(self) -> None:
        """Make the unknowns, and the sums that hold in each quarter and moment."""
        for quarter in QUARTERS:
            for moment in range(self.moments):
                for unit in self.world.units:
                    name = "/".join((*unit, quarter, str(moment)))
                    least = -MOST if unit[0] in self.world.net else 0
                    self.unknown[unit, quarter, moment] = self.model.new_int_var(least, MOST, name)
                for what, dimensions in self.world.margins.items():
                    for dimension in dimensions:
                        parts = [self.unknown[(what, dimension, value), quarter, moment] for value in VALUES[dimension]]
                        self.model.add(sum(parts) == self.unknown[(what, "", ""), quarter, moment])

    def _sum_until(self, unit: Unit, quarter: str, moment: int) -> cp_model.LinearExpr:
        """Return the number of units of a quarter as known at a moment.

        Where nothing was corrected, the unknowns are what is added at each moment; otherwise what is known by then.
        """
        if self.corrections:
            return self.unknown[unit, quarter, moment]
        return cp_model.LinearExpr.sum([self.unknown[unit, quarter, until] for until in range(moment + 1)])

    def each(self) -> Iterator[Callable[[Unit], cp_model.IntVar]]:
        """Yield for each quarter and moment the function that gives the unknown of a unit."""
        for quarter in QUARTERS:
            for moment in range(self.moments):
                yield lambda unit, quarter=quarter, moment=moment: self.unknown[unit, quarter, moment]  # type: ignore[misc]  # mypy does not infer a lambda with defaults

    def bound_people(self, visits: str, partitions: Sequence[str], others: Sequence[str]) -> None:
        """Add the people of visits: each has one value in the dimensions `partitions`, and any number in `others`."""
        named = [("", ""), *((name, value) for name in (*partitions, *others) for value in VALUES[name])]
        for moment in range(self.moments):
            for name, value in named:
                self.people[("O", name, value), moment] = {
                    quarters: self.model.new_int_var(0, MOST, "") for quarters in _QUARTERS
                }
            for among in _QUARTERS:
                for name in partitions:
                    equal = [self.people[("O", name, value), moment][among] for value in VALUES[name]]
                    self.model.add(sum(equal) == self.people[("O", "", ""), moment][among])
            for name, value in named:
                unit = ("O", name, value)
                for quarter in QUARTERS:
                    came = self._people(unit, {quarter}, moment)
                    number = self._sum_until((visits, name, value), quarter, moment)
                    self.model.add(number >= came)
            for quarters in COVERS.values():
                everybody = self._people(("O", "", ""), quarters, moment)
                for name in others:
                    parts = [self._people(("O", name, value), quarters, moment) for value in VALUES[name]]
                    self.model.add(sum(parts) >= everybody)
                    for part in parts:
                        self.model.add(part <= everybody)
                for name, value in named if moment and not self.corrections else ():
                    unit = ("O", name, value)
                    self.model.add(self._people(unit, quarters, moment) >= self._people(unit, quarters, moment - 1))

    def _people(self, unit: Unit, quarters: Collection[str], moment: int) -> cp_model.LinearExpr:
        """Return the number of people who came in one of these quarters, as known at a moment."""
        of = self.people[unit, moment]
        return cp_model.LinearExpr.sum([number for among, number in of.items() if among & set(quarters)])

    def amount(self, terms: Iterable[tuple[int, Unit]], label: str, moment: int) -> cp_model.LinearExpr:
        """Return a sum of units in a period, as far as known at a moment."""
        return cp_model.LinearExpr.sum(
            [
                factor * part
                for factor, unit in terms
                for part in (
                    [self._people(unit, COVERS[label], moment)]
                    if unit[0] == "O"
                    else [self._sum_until(unit, quarter, moment) for quarter in quarters_of(self.world, unit, label)]
                )
            ]
        )

    def learn(self, amount: cp_model.LinearExpr, value: str | None) -> None:
        """Take in a number, or that there is one that is not shown."""
        if value is None:
            self.model.add(amount >= 1)
        else:
            self.model.add(amount == int(value))

    def rows(
        self,
        fetched: Fetched,
        indicator: str,
        dimension: str,
        of: Callable[[str], list[tuple[int, Unit]]],
        key: str = "numerator",
    ) -> None:
        """Take in a breakdown: shown rows, hidden ones, and which values there are if all are listed."""
        figure = fetched.figures.get(indicator)
        if figure is None or figure["waits"] or dimension not in figure["breakdowns"]:
            return
        parts = {part["value_of"]: part for part in figure["breakdowns"][dimension]}
        joint = "|" in _NAMES[dimension]
        for value, part in parts.items():
            if value != "rolled_up":
                self.learn(self.amount(of(value), fetched.label, fetched.moment), part[key])
        if "rolled_up" in parts or joint or not figure_has_total(figure):
            return
        known: tuple[str, ...] = VALUES.get(_NAMES[dimension], RESULTS)
        for value in known:
            if value not in parts:
                self.model.add(self.amount(of(value), fetched.label, fetched.moment) == 0)

    def total(self, fetched: Fetched, indicator: str, terms: list[tuple[int, Unit]], key: str = "numerator") -> None:
        """Take in a total, or that there is a plain number that is not shown."""
        figure = fetched.figures.get(indicator)
        if figure is None or figure["waits"] or figure["hidden"] == "no_data":
            return
        amount = self.amount(terms, fetched.label, fetched.moment)
        if figure["hidden"] is None:
            self.learn(amount, figure[key])
        elif self.corrections or indicator in _HIDDEN_ALIKE:
            return  # what was hidden before stays hidden, so it may have become none
        elif figure["definition"]["measure"] in {"count", "sum"}:
            self.learn(amount, None)


_QUARTERS = [frozenset(some) for number in range(1, 5) for some in combinations(QUARTERS, number)]
"""Each set of quarters in which somebody can have come."""


def quarters_of(world: World, unit: Unit, label: str) -> Sequence[str]:
    """Return the quarters whose units a period counts: all up to its end if they are counted from the beginning."""
    covered = COVERS[label]
    return QUARTERS[: QUARTERS.index(covered[-1]) + 1] if unit[0] in world.since else covered


def figure_has_total(figure: Mapping[str, Any]) -> bool:
    """Return whether the total of a figure is shown."""
    return figure["hidden"] is None


@dataclass(frozen=True)
class Pinned:
    """A count of few people that the attacker brought down to fewer than three values."""

    what: str
    real: int
    least: int
    most: int


@dataclass(frozen=True)
class Target:
    """A sum of statements: each with a sign, a period and a moment; of a cell."""

    cell: Cell
    parts: tuple[tuple[int, str, int], ...]

    @property
    def is_change(self) -> bool:
        """Return whether it is the change of one number: by so many less is a number about few people too."""
        return len(self.parts) == 2 and COVERS[self.parts[0][1]] == COVERS[self.parts[1][1]]


def targets(world: World, cells: Iterable[Cell], statements: Sequence[tuple[str, int]]) -> Iterator[Target]:
    """Yield each cell in each statement, in the difference of two, and in what statements leave of another one.

    People who may have come in several periods are no rest of a period; nor is what is counted from the beginning.
    """
    single, left = _differences(statements), _rests(statements)
    together = [
        ((1, *late), (-1, *early))
        for early, late in combinations(sorted(statements, key=lambda each: each[1]), 2)
        if early[0] != late[0] and COVERS[early[0]][-1] == COVERS[late[0]][-1]
    ]
    for cell in cells:
        since, people = cell[0][0] in world.since, cell[0][0] == "O"
        for parts in (*single, *(together if since else () if people else left)):
            yield Target(cell, parts)


Parts = tuple[tuple[int, str, int], ...]


def _differences(statements: Sequence[tuple[str, int]]) -> list[Parts]:
    found: list[Parts] = [((1, *each),) for each in statements]
    for first, other in combinations(statements, 2):
        if first[0] == other[0]:
            early, late = sorted((first, other), key=lambda each: each[1])
            found.append(((1, *late), (-1, *early)))
    return found


def _rests(statements: Sequence[tuple[str, int]]) -> list[Parts]:
    found: list[Parts] = []
    for parent in statements:
        inner = [each for each in statements if set(COVERS[each[0]]) < set(COVERS[parent[0]])]
        for number in range(1, len(inner) + 1):
            for some in combinations(inner, number):
                covered = [quarter for label, _ in some for quarter in COVERS[label]]
                if len(covered) == len(set(covered)):
                    found.append(((1, *parent), *((-1, *each) for each in some)))
    return found


def pinned(attacker: Attacker, found: Iterable[Target], real: Callable[[Target], int]) -> tuple[list[Pinned], int]:
    """Return the counts of few that are pinned, and how many were tried."""
    tried = [
        (target, number) for target in found if (number := real(target)) in FEW or (target.is_change and -number in FEW)
    ]
    if not tried:
        return [], 0
    expressions = [
        cp_model.LinearExpr.sum(
            [
                sign * attacker.amount([(1, unit) for unit in target.cell], label, moment)
                for sign, label, moment in target.parts
            ]
        )
        for target, _ in tried
    ]
    seen: list[set[int]] = [set() for _ in tried]
    caught = []
    for place, (target, number) in enumerate(tried):
        for seek in (attacker.model.maximize, attacker.model.minimize):
            if _wide(seen[place]):
                break
            seek(expressions[place])
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            solver.parameters.cp_model_presolve = False  # to simplify the equations takes longer than to solve them
            status = solver.solve(attacker.model, _UntilWide(expressions[place], seen[place]))
            if status != cp_model.OPTIMAL and not _wide(seen[place]):
                raise AssertionError(f"the attacker's equations have no solution: {solver.status_name(status)}")
            for values, expression in zip(seen, expressions, strict=True):
                if not _wide(values):  # evaluating a thousand sums takes longer than solving
                    values.add(solver.value(expression))
        if not _wide(seen[place]):
            least, most = min(seen[place]), max(seen[place])
            caught.append(Pinned(f"{target.cell} {target.parts}", number, least, most))
    return caught, len(tried)


class _UntilWide(cp_model.CpSolverSolutionCallback):
    """Stop as soon as three values of a number are known to be possible: the largest one is not needed."""

    def __init__(self, expression: cp_model.LinearExpr, values: set[int]) -> None:
        super().__init__()
        self._expression, self._values = expression, values

    def on_solution_callback(self) -> None:
        """Take in the value of one more solution."""
        self._values.add(self.value(self._expression))
        if _wide(self._values):
            self.stop_search()


def _wide(values: set[int]) -> bool:
    return len(values) >= ENOUGH or (bool(values) and max(values) - min(values) >= ENOUGH - 1)
