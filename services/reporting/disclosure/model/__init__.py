"""Keep a published figure from revealing a person: what is shown is decided beside all that was shown before."""

from services.reporting.disclosure.model.attack import NotProven
from services.reporting.disclosure.model.gate import (
    EarlierRelease,
    NotSafe,
    Pattern,
    StoredPattern,
    decide,
    release,
    released_by,
    standing_by,
    whole,
)
from services.reporting.disclosure.model.released import ROLLED_UP, Hidden, Released, ReleasedCell, released_digest
from services.reporting.disclosure.model.tables import THRESHOLD

__all__ = [
    "ROLLED_UP",
    "THRESHOLD",
    "EarlierRelease",
    "Hidden",
    "NotProven",
    "NotSafe",
    "Pattern",
    "Released",
    "ReleasedCell",
    "StoredPattern",
    "decide",
    "release",
    "released_by",
    "released_digest",
    "standing_by",
    "whole",
]
