"""Types of the parameters of pages; an empty value, as a form sends it, chooses nothing.

A value that cannot be is refused with the parameter's name (422), as in the API.
"""

# No `from __future__ import annotations` here: FastAPI reads these types at run time.
from collections.abc import Mapping
from datetime import date
from inspect import Parameter, Signature
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AfterValidator

from shared.contracts.base import FIRST_DAY, LAST_DAY, OneOf
from shared.contracts.codes import COUNTRIES, PRIORITIES
from shared.i18n import N_
from shared.web import states


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text) if text else FIRST_DAY
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(N_("This must be a date, such as 2026-11-28"))
    return text


def _id(text: str) -> str:
    if text:
        try:
            UUID(text)
        except ValueError:
            raise ValueError(N_("Choose one of the answers given")) from None
    return text


DayText = Annotated[str, AfterValidator(_day)]
"""A day, written 2026-11-28."""
IdText = Annotated[str, AfterValidator(_id)]
"""The id of something."""
TickAll = Annotated[str, OneOf.of(("", "1")), Query(alias="all")]
"""The parameter that shows a list with all its rows ticked."""
CountryText = Annotated[str, OneOf.of(("", *COUNTRIES))]
"""The code of a country."""
TopicText = Annotated[str, OneOf.of(("", *(code for topics in PRIORITIES.values() for code in topics)))]
"""The code of a priority topic, of any scheme."""


def declared(parameters: Mapping[str, object]) -> Any:
    """Return a dependency that declares query parameters of a page: name -> type; each may be missing.

    Its value are those that are given: name -> text.
    """

    async def read(**values: str) -> dict[str, str]:
        return {name.removesuffix("_"): text for name, text in values.items() if text}

    kind = Parameter.KEYWORD_ONLY
    found = [
        Parameter(f"{name}_", kind, default="", annotation=Annotated[type_, Query(alias=name)])
        for name, type_ in parameters.items()
    ]
    vars(read)["__signature__"] = Signature(found)
    return Depends(read)


def one_of(*codes: str) -> OneOf:
    """Return the annotation of a text that is one of these codes, or empty."""
    return OneOf.of(("", *codes))


def state_of(kind: str, *more: str) -> OneOf:
    """Return the annotation of a text that is a state of that kind as lists show it, one of some more, or empty."""
    return one_of(*more, *states.codes(kind))
