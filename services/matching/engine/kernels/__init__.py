"""Loops over the columns of millions of pairs, compiled to machine code by numba.

A sweep takes one candidate at a time and computes the row of all seats whenever it is needed, which is quicker than
storing it: memory grows with the pairs only by the bits that say which are feasible.

Without numba `AVAILABLE` is False, and the engine uses numpy; `tests/unit/matching/engine/test_sweep.py` compares both.
`python -m services.matching.engine.kernels` compiles ahead; else the first large matching waits for it.
"""

from services.matching.engine.kernels.admission import admit
from services.matching.engine.kernels.base import (
    AVAILABLE,
    NAMED_LONG,
    NAMED_SHORT,
    NOBODY_MORE,
    NONE,
    Facts,
    State,
    Summary,
)
from services.matching.engine.kernels.rows import feasible
from services.matching.engine.kernels.summary import column, fill, settle, summarise, sums, terms_of
from services.matching.engine.kernels.weights import ties, weigh

__all__ = [
    "AVAILABLE",
    "NAMED_LONG",
    "NAMED_SHORT",
    "NOBODY_MORE",
    "NONE",
    "Facts",
    "State",
    "Summary",
    "admit",
    "column",
    "feasible",
    "fill",
    "settle",
    "summarise",
    "sums",
    "terms_of",
    "ties",
    "weigh",
]
