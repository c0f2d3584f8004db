"""Read a moment that somebody sent: ISO 8601 with a date, a time and a zone."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticKnownError

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _written_out(value: object) -> object:
    """Refuse a number, in which pydantic would read seconds or milliseconds since 1970."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and not _ISO.match(value)):
        raise PydanticKnownError("datetime_parsing", {"error": "it is not written out"})
    return value


IsoMoment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A moment in a request; a number is refused."""
