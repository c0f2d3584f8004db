"""How is nobody found in a published figure? What is shown of one, decided beside all that was shown before."""

from services.reporting.model.disclosure.gate import NotSafe, Out, Pattern, decide, release, released_by
from services.reporting.model.disclosure.released import ROLLED_UP, Hidden, Released, Shown
from services.reporting.model.disclosure.tables import THRESHOLD

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
