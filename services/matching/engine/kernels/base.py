"""The data that the compiled loops read and write, and the decorator that compiles them."""

import importlib.util
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Int: TypeAlias = Any
"""A whole number: int64 in machine code."""
Word: TypeAlias = Any
"""64 bits: uint64 in machine code."""
Words = NDArray[np.uint64]
Long = NDArray[np.int64]
Numbers = NDArray[np.int32]
Bytes = NDArray[np.int8]
Short = NDArray[Any]
"""Sums and keys without their ties, of 16 or 32 bits as the weights need."""

AVAILABLE = importlib.util.find_spec("numba") is not None
TIE_BITS = 38
NAMED = 62
"""The bit of a key that puts a pre-matched counterpart before all others."""
NAMED_SHORT, NAMED_LONG = 1 << 14, 1 << 24
"""The same bit among sums of 16 bits (where all are below it) or of 32."""
NONE = -1
NOBODY_MORE = np.iinfo(np.int64).max
STRIP = 2048
"""Seats scored at once."""
TIE_MASK = np.uint64((1 << TIE_BITS) - 1)
OWN_SHIFT = np.uint64(64 - TIE_BITS)
ONE = np.uint64(1)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def compiled(function: Function) -> Function:
    """Return the function as machine code, cached on disk between runs; it releases the interpreter's lock."""
    if not AVAILABLE:
        return function
    import numba  # noqa: PLC0415 - it may be absent

    settings = vars(numba.config)
    settings["CACHE_DIR"] = settings["CACHE_DIR"] or str(_folder())
    try:
        return cast("Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # nowhere to keep it, as in a container that may not write: compiled anew each time
        return cast("Function", numba.njit(nogil=True, error_model="numpy")(function))


def _folder() -> Path:
    """Return the folder of the machine code: one for each version of all loops, since they call each other."""
    here = Path(__file__).parent
    version = sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()[:12]
    beside = here / "__pycache__"
    if not os.access(beside if beside.exists() else here, os.W_OK):
        beside = Path.home() / ".cache" / "tandem"
    return beside / f"kernels-{version}"


class Facts(NamedTuple):
    """The data of both sides that the sweeps read; `columns.py` makes it.

    `bits` are rows of words; rule r leaves candidate i the union of rows `allowed[allowed_at[i*R+r]:...[i*R+r+1]]`, R
    being the number of rules. Points of criterion c (of C) are the greatest of rows `earned[earned_at[i*C+c]:...]`, or,
    where `counted[c]` is not 0, their sum up to that, which is 100 points. `applicant` and `host` are the weights.
    `named[named_at[i]:...]` are seats pre-matched with the candidate.
    """

    rules: Int
    bits: Words
    allowed_at: Numbers
    allowed: Numbers
    start: Numbers
    table: Bytes
    earned_at: Numbers
    earned: Numbers
    counted: Numbers
    applicant: Numbers
    host: Numbers
    named_at: Numbers
    named: Numbers
    named_bit: Int
    own_hash: Words
    seat_hash: Words


class State(NamedTuple):
    """The holders of each seat so far, and how far each candidate has asked.

    Seat s has `who[room[s]:room[s]+size[s]]` with `key`, least first. `least[s]` is the key to exceed if the seat is
    full, `least_of[k, s]` if country k has its share; both are repeated in 32 bits (without ties). `wish` and
    `wish_key` have the next few seats of a candidate, `at` of `length` asked, `more` 0 if the list ends there.
    """

    room: Long
    size: Numbers
    who: Numbers
    key: Long
    taken: Numbers
    least: Long
    least_short: Short
    least_of: Long
    least_of_short: Short
    seat: Numbers
    wish: Numbers
    wish_key: Long
    at: Numbers
    length: Numbers
    more: Bytes


class Buffers(NamedTuple):
    """Room for one row: points of a strip with their weights, both sums, the blocks' greatest, and the wishes found."""

    points: Bytes
    applicant: Long
    host: Long
    gain: Short
    preference: Short
    tops: Short
    lowest: Short
    own: Long


class Summary(NamedTuple):
    """The result of a matching for each candidate.

    `rank` of the seat among the feasible (0: no seat), `blocking` pairs with it, the `first` choice (NONE: nothing is
    feasible), both sums, and the `points` by criterion, of the seat or else of the first choice.
    """

    rank: Numbers
    blocking: Numbers
    first: Numbers
    gain: Numbers
    preference: Numbers
    points: Bytes
