"""How are millions of pairs swept in a fraction of a second? Loops over the columns, compiled to machine code by numba.

A sweep takes one candidate at a time and computes the row of all seats anew whenever it is wanted, which is quicker
than to keep it: nothing here grows with the pairs but the bits that say which are feasible.

Without numba `AVAILABLE` is False, and the engine keeps to numpy; `tests/unit/matching/engine/test_sweep.py` holds both
equal.
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
