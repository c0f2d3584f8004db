"""What does a form send beside its fields, and where on it does a reader see that it was refused?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.identity.csrf import FIELD
from shared.web.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import Request

    from shared.web.forms import Form


BESIDE = frozenset({FIELD, "told", "back", "submit", "row"})
"""What the page that shows a revision sends beside the fields of the form."""


def number(value: object) -> int | None:
    """A version as a form sends it; None for anything else."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


async def version_of(request: Request) -> int | None:
    """The version that a form was opened with; None where it sends none that can be read."""
    return number((await request.form()).get("version"))


async def tried(form: Form, act: Callable[[], Awaitable[object]], field: str = "") -> int:
    """Do what a valid form asks for; 0 when it is done, else the status with which the form is shown again.

    What is refused then stands at its fields, as `refuse` puts it there; raises what no form can mend.
    """
    if not form.validate():
        return 422
    try:
        await act()
    except Refused as refused:
        refuse(form, refused, field)
        return refused.status_code
    return 0


def refuse(form: Form, refused: Refused, field: str = "") -> None:
    """Put a refusal at the fields that it names (`periods.0.end` at the rows), else at `field`, else at the form.

    Raises it where no form can be mended by it: the thing is not there, or not the reader's.
    """
    form.take(refused, field, statuses=(409, 422))
