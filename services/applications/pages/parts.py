"""What do the pages of hosts, mentors and matches share: whose session, which store, a tag in a table, a refusal?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends
from markupsafe import Markup

from shared.bus import Bus
from shared.service import bus_of
from shared.web import states

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 50
T = TypeVar("T")
Store = Annotated[Bus, Depends(bus_of)]


def tag(kind: str, code: str) -> Markup:
    """A state as the tag that a table's cell shows."""
    shown = states.state(kind, code)
    return Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(shown.tone, shown.word)


def paged(found: Sequence[T], page: int) -> Sequence[T]:
    """The 50 of one page, from 1."""
    return found[(page - 1) * PAGE : page * PAGE]
