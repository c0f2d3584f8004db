"""Keep a published figure from revealing a person: what is shown is decided beside all that was shown before."""

from services.reporting.disclosure.model.gate import NotSafe, Out, Pattern, decide, release, released_by
from services.reporting.disclosure.model.released import ROLLED_UP, Hidden, Released, Shown
from services.reporting.disclosure.model.tables import THRESHOLD

__all__ = [
    "ROLLED_UP",
    "THRESHOLD",
    "Hidden",
    "NotSafe",
    "Out",
    "Pattern",
    "Released",
    "Shown",
    "decide",
    "release",
    "released_by",
]
