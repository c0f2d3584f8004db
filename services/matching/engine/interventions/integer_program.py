"""Build and solve integer programs with HiGHS.

HiGHS: Huangfu & Hall, "Parallelizing the dual revised simplex method", 2018. The relaxation gives a bound and the least
loss of each unused column; only columns that lose less than the gap between the best answer and the bound can be part
of a better one, so the rest is left out (reduced cost fixing; Wolsey, "Integer Programming", 1998). One thread and a
fixed seed, so that the same program always gives the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor, inf
from time import monotonic

import highspy
import numpy as np
from numpy.typing import NDArray

_LIMIT = 20.0
_FIRST = 0.02
"""At first only columns are tried that lose less than this part of the heaviest weight."""
_TINY = 1e-6

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solved:
    """The value of each column, and an upper bound of the sum (equal to the sum reached: proven)."""

    values: list[int]
    bound: int


@dataclass(frozen=True, slots=True)
class _Found:
    """The result of HiGHS for some columns: values, sum, reduced costs (relaxed only), and a bound of the sum."""

    values: Floats
    total: float
    change: Floats
    proven: bool
    bound: float = inf


class _Silent(highspy.Highs):
    """HiGHS without a word on the standard output: its own maker prints a banner before it can be told not to."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.silent()


class Program:
    """An integer program: columns from 0 to a limit, whose weighted sum is maximised under the rows."""

    def __init__(self) -> None:
        self._weights: list[int] = []
        self._upper: list[int] = []
        self._rows: list[tuple[Mapping[int, int], float, float]] = []

    def column(self, weight: int, most: int) -> int:
        """Add a column that counts `weight` and takes 0 to `most`; return its number."""
        self._weights.append(weight)
        self._upper.append(most)
        return len(self._weights) - 1

    def row(self, factors: Mapping[int, int], least: float, most: float) -> None:
        """Require the sum of factor times column to lie between the two."""
        self._rows.append((factors, least, most))

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self._weights)

    def drop_row(self) -> None:
        """Take back the row that was added last, so that the program can be solved with another one."""
        self._rows.pop()
        self.__dict__.pop("_entries", None)

    def solve(self, start: Sequence[int], seconds: float = _LIMIT) -> Solved:
        """Return the best answer, starting with an allowed one.

        After `seconds` the best so far and the proven bound.
        """
        until = monotonic() + seconds
        best, weights = np.array(start, np.int64), np.array(self._weights, np.int64)
        relaxed = self._run(np.arange(len(weights)), None, until)
        if not relaxed.proven:
            return Solved(best.tolist(), int((weights * np.array(self._upper, np.int64)).sum()))
        bound = floor(relaxed.total + _TINY)
        loss = np.where(relaxed.values < _TINY, -relaxed.change, 0.0)
        window = _FIRST * max(self._weights, default=0)
        while (gap := bound - int(weights @ best)) > 0:
            kept = np.flatnonzero((loss <= min(window, gap) + _TINY) | (best > 0))
            found = self._run(kept, best[kept], until)
            if round(found.total) > int(weights @ best):
                best = np.zeros_like(best)
                best[kept] = np.rint(found.values).astype(np.int64)
            if not found.proven:
                if window >= gap and found.bound < inf:
                    # All columns of a better answer were there, so the solver's own bound holds for all of them.
                    bound = min(bound, max(int(weights @ best), floor(found.bound + _TINY)))
                break
            gap = bound - int(weights @ best)
            if window >= gap:
                bound -= gap
            window = gap
        return Solved(best.tolist(), bound)

    @cached_property
    def _entries(self) -> tuple[Integers, Integers, Floats]:
        """Return row, column and factor of all entries, row by row."""
        row = [at for at, (factors, _, _) in enumerate(self._rows) for _ in factors]
        column = [at for factors, _, _ in self._rows for at in factors]
        factor = [factor for factors, _, _ in self._rows for factor in factors.values()]
        return np.array(row, np.int64), np.array(column, np.int64), np.array(factor, np.float64)

    def _run(self, kept: Integers, start: Integers | None, until: float) -> _Found:
        """Solve with these columns alone: relaxed, or in whole numbers from an allowed answer."""
        solver = _Silent()
        for name, value in (
            ("threads", 1),
            ("random_seed", 0),
            ("time_limit", max(0.0, until - monotonic())),
            ("mip_rel_gap", 0.0),
            # Weights are whole numbers: what is nearer to the bound than one is the optimum.
            ("mip_abs_gap", 0.99),
        ):
            solver.setOptionValue(name, value)
        solver.passModel(self._model(kept, whole=start is not None))
        if start is not None:
            begun = highspy.HighsSolution()
            begun.col_value = start.astype(float).tolist()
            solver.setSolution(begun)
        solver.run()
        answer, info = solver.getSolution(), solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible.value:
            return _Found(np.zeros(len(kept)), 0.0, np.zeros(len(kept)), proven=False)
        proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        change = np.array(answer.col_dual if start is None else np.zeros(len(kept)), np.float64)
        bound = inf if start is None else info.mip_dual_bound
        return _Found(np.array(answer.col_value, np.float64), info.objective_function_value, change, proven, bound)

    def _model(self, kept: Integers, *, whole: bool) -> highspy.HighsLp:
        row, column, factor = self._entries
        place = np.full(len(self._weights), -1, np.int64)
        place[kept] = np.arange(len(kept))
        used = place[column] >= 0
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(kept), len(self._rows)
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = np.array(self._weights, float)[kept]
        model.col_lower_ = np.zeros(len(kept))
        model.col_upper_ = np.array(self._upper, float)[kept]
        model.row_lower_ = np.array([least for _, least, _ in self._rows], float)
        model.row_upper_ = np.array([most for _, _, most in self._rows], float)
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.concatenate([[0], np.cumsum(np.bincount(row[used], minlength=len(self._rows)))])
        matrix.index_ = place[column[used]].astype(np.int32)
        matrix.value_ = factor[used]
        model.a_matrix_ = matrix
        if whole:
            model.integrality_ = [highspy.HighsVarType.kInteger] * len(kept)
        return model
