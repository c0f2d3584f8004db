"""What does a form send beside its fields, and where on it does a reader see that it was refused?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.identity.csrf import FIELD

if TYPE_CHECKING:
    from fastapi import Request

    from shared.web.errors import Refused
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


def refuse(form: Form, refused: Refused, field: str = "") -> None:
    """Put a refusal at the fields that it names (`periods.0.end` at the rows), else at `field`, else at the form.

    Raises it where no form can be mended by it: the thing is not there, or not the reader's.
    """
    if refused.status_code not in {409, 422}:
        raise refused
    for name, sentence in refused.fields.items() or [(field, refused.detail)]:
        form.refuse(name.partition(".")[0], sentence)
