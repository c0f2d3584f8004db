"""What is the optimum of a small integer program? Columns and rows put together here, solved by HiGHS.

HiGHS: Huangfu & Hall, "Parallelizing the dual revised simplex method", 2018. One thread and a fixed seed, so that the
same program always gives the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

import highspy
import numpy as np

_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class Solved:
    """The value of each column, and the sum that no answer is above (equal to the sum reached: proven)."""

    values: list[int]
    bound: int


class Program:
    """Whole numbers from 0 to a limit, one a column, whose weighted sum is to be as high as the rows allow."""

    def __init__(self) -> None:
        self._weights: list[int] = []
        self._upper: list[int] = []
        self._rows: list[tuple[Mapping[int, int], float, float]] = []

    def column(self, weight: int, most: int) -> int:
        """Another column that counts `weight` and takes 0 to `most`; its number."""
        self._weights.append(weight)
        self._upper.append(most)
        return len(self._weights) - 1

    def row(self, factors: Mapping[int, int], least: float, most: float) -> None:
        """The sum of factor times column is to lie between the two."""
        self._rows.append((factors, least, most))

    def solve(self, seconds: float = _LIMIT) -> Solved:
        """The best columns. After `seconds` the best so far, with the bound that is proven until then."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # it has no types of its own
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 0),
            ("time_limit", seconds),
            ("mip_rel_gap", 0.0),
            # Weights are whole numbers: what is nearer to the bound than one is the optimum.
            ("mip_abs_gap", 0.99),
        ):
            solver.setOptionValue(name, value)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._weights), len(self._rows)
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = np.array(self._weights, float)
        model.col_lower_ = np.zeros(model.num_col_)
        model.col_upper_ = np.array(self._upper, float)
        model.row_lower_ = np.array([least for _, least, _ in self._rows], float)
        model.row_upper_ = np.array([most for _, _, most in self._rows], float)
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.cumsum([0, *(len(factors) for factors, _, _ in self._rows)])
        matrix.index_ = np.array([at for factors, _, _ in self._rows for at in factors], np.int32)
        matrix.value_ = np.array([one for factors, _, _ in self._rows for one in factors.values()], float)
        model.a_matrix_ = matrix
        model.integrality_ = [highspy.HighsVarType.kInteger] * model.num_col_
        solver.passModel(model)
        solver.run()
        values = [0] * model.num_col_
        if solver.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible.value:
            values = [round(one) for one in solver.getSolution().col_value]
        reached = sum(weight * value for weight, value in zip(self._weights, values, strict=True))
        if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            return Solved(values, reached)
        return Solved(values, max(reached, floor(solver.getInfo().mip_dual_bound + 1e-6)))
