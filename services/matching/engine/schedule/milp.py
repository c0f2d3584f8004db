"""Choose the cheapest option for each unit within capacities, by HiGHS, with a bound and the face of the optima.

The relaxation comes first; if that is whole it is the optimum, and its dual says which options and which slack no other
optimum can use (complementary slackness). Else HiGHS branches, from the given plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, inf
from time import monotonic

import highspy
import numpy as np
from numpy.typing import NDArray

from services.matching.engine.schedule.calendar import Flags, Ints

Floats = NDArray[np.float64]

_TINY = 1e-6
"""The greatest distance from a whole number of a value that HiGHS means as whole."""
_SEED = 1


class _Silent(highspy.Highs):
    """HiGHS without a word on the standard output: its own maker prints a banner before it can be told not to."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.silent()
        kinds = highspy.cb.HighsCallbackType
        self.callbacks = [
            highspy.highs.HighsCallback(kinds(number), self) for number in range(int(kinds.kCallbackMax) + 1)
        ]
        self.enableCallbacks()  # type: ignore[no-untyped-call]  # HiGHS leaves it without types


@dataclass(frozen=True, slots=True)
class Choice:
    """Options with their `unit` and `cost`, the cost `none` of no option by unit; `usable` ones may be taken.

    `entry_option`, `entry_row`, `entry_amount` say what an option takes of a row that holds `capacity`; rows in `tight`
    must be full. With `budget` the sum of the amounts (by option, by unit without any) may not exceed it.
    """

    unit: Ints
    cost: Ints
    none: Ints
    entry_option: Ints
    entry_row: Ints
    entry_amount: Ints
    capacity: Ints
    usable: Flags | None = None
    tight: Flags | None = None
    budget: tuple[Ints, Ints, int] | None = None

    def value(self, chosen: Ints) -> int:
        """Return the cost of a choice: an option a unit, -1 for none."""
        none = chosen < 0
        return int(self.cost[chosen[~none]].sum() + self.none[none].sum())


@dataclass(frozen=True, slots=True)
class Found:
    """The cheapest choice that was found, its value, and a lower bound.

    `usable` (options, then for each unit taking none) and `tight` (rows) describe all optima if the relaxation proves
    this one.
    """

    chosen: Ints
    value: int
    bound: int
    usable: Flags | None = None
    tight: Flags | None = None

    @property
    def proven(self) -> bool:
        """Return whether nothing is cheaper."""
        return self.value == self.bound

    def within(self, problem: Choice, cost: Ints, none: Ints) -> Choice:
        """Return the same choice at other costs, among the optima of this one."""
        if self.usable is not None:
            return replace(problem, cost=cost, none=none, usable=self.usable, tight=self.tight)
        return replace(problem, cost=cost, none=none, budget=(problem.cost, problem.none, self.value))


def cheapest(problem: Choice, start: Ints, until: float, goes_on: Callable[[], bool]) -> Found:
    """Return the cheapest choice, from a lawful one, until a moment (`monotonic`) or until `goes_on` returns False."""
    value = problem.value(start)
    solver = _model(problem, until, goes_on)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return Found(start, value, 0)
    solution = solver.getSolution()
    least = float(solver.getInfo().objective_function_value)
    bound = ceil(least - _TINY)
    took = np.asarray(solution.col_value)
    whole = bool((np.abs(took - np.round(took)) < _TINY).all())
    if whole:
        start = _chosen(problem, took)
        value = problem.value(start)
    if value > bound:
        start, value, bound = _branch(problem, start, bound, until, goes_on)
    if value - least > _TINY:
        return Found(start, value, bound)
    priced = np.asarray(solution.row_dual)[len(problem.none) : len(problem.none) + len(problem.capacity)]
    usable = np.asarray(solution.col_dual) < _TINY
    if problem.usable is not None:
        usable &= problem.usable
    tight = priced < -_TINY
    if problem.tight is not None:
        tight |= problem.tight
    return Found(start, value, bound, usable, tight)


def _branch(
    problem: Choice, start: Ints, bound: int, until: float, goes_on: Callable[[], bool]
) -> tuple[Ints, int, int]:
    """Return the cheapest whole choice, its value and bound."""
    # A solver of its own: HiGHS 1.16, asked again after the relaxation, was seen to tell the value of one solution and
    # to give another.
    solver = _model(problem, until, goes_on, whole=True)
    solver.run()
    info = solver.getInfo()
    bound = max(bound, ceil(info.mip_dual_bound - _TINY)) if np.isfinite(info.mip_dual_bound) else bound
    took = np.asarray(solver.getSolution().col_value)
    if len(took) and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        found = _chosen(problem, took)
        if problem.value(found) <= problem.value(start):
            start = found
    value = problem.value(start)
    return start, value, min(bound, value)


def _chosen(problem: Choice, took: Floats) -> Ints:
    """Return the option of each unit, -1 if it took none."""
    chosen = np.full(len(problem.none), -1, np.int64)
    taken = np.flatnonzero(took[: len(problem.cost)] > 0.5)
    chosen[problem.unit[taken]] = taken
    return chosen


def _model(problem: Choice, until: float, goes_on: Callable[[], bool], *, whole: bool = False) -> highspy.Highs:
    """Return the relaxation: a column an option and a column a unit without any; a row a unit, a row a capacity."""
    options, units, rows = len(problem.cost), len(problem.none), len(problem.capacity)
    columns = options + units
    at_row = [problem.unit, np.arange(units), problem.entry_row + units]
    at_column = [np.arange(options), np.arange(options, columns), problem.entry_option]
    amounts = [np.ones(columns), problem.entry_amount.astype(np.float64)]
    lower = [np.ones(units), np.full(rows, -inf)]
    upper = [np.ones(units), problem.capacity.astype(np.float64)]
    if problem.tight is not None:
        lower[1][problem.tight] = upper[1][problem.tight]
    if problem.budget is not None:
        spent = np.concatenate(problem.budget[:2])
        at_row.append(np.full(columns, units + rows))
        at_column.append(np.arange(columns))
        amounts.append(spent.astype(np.float64))
        lower.append(np.array([-inf]))
        upper.append(np.array([float(problem.budget[2])]))
    row, column, amount = np.concatenate(at_row), np.concatenate(at_column), np.concatenate(amounts)
    order = np.argsort(column, kind="stable")
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, sum(len(part) for part in lower)
    model.col_cost_ = np.concatenate([problem.cost, problem.none]).astype(np.float64)
    model.col_lower_ = np.zeros(columns)
    # The row of its unit keeps a column at one: a bound of its own would take a part of the dual.
    model.col_upper_ = np.full(columns, inf) if problem.usable is None else np.where(problem.usable, inf, 0.0)
    model.row_lower_, model.row_upper_ = np.concatenate(lower), np.concatenate(upper)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(column[order], np.arange(columns + 1)).astype(np.int32)
    model.a_matrix_.index_ = row[order].astype(np.int32)
    model.a_matrix_.value_ = amount[order]
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * columns
    solver = _Silent()
    for name, value in {
        "threads": 1,
        "random_seed": _SEED,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1 - 1e-3,
        "time_limit": max(until - monotonic(), 0.0),
    }.items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    _interruptible(solver, goes_on)
    return solver


def _interruptible(solver: highspy.Highs, goes_on: Callable[[], bool]) -> None:
    """Have HiGHS ask now and then whether to continue."""

    def ask(event: highspy.HighsCallbackEvent) -> None:
        if not goes_on():
            event.interrupt()

    solver.cbSimplexInterrupt += ask
    solver.cbMipInterrupt += ask
