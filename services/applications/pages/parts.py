"""What do the pages of hosts, mentors and matches share: whose session, which store, a tag in a table, a refusal?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

from fastapi import Depends
from markupsafe import Markup

from shared.bus import Bus
from shared.contracts.codes import PRIORITIES, CloseCause, PauseCause, topic_label
from shared.service import bus_of
from shared.web import states, words
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 50
T = TypeVar("T")
Store = Annotated[Bus, Depends(bus_of)]


def tag(kind: str, code: str) -> Markup:
    """A state as the tag that a table's cell shows."""
    shown = states.state(kind, code)
    return Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(shown.tone, shown.word)


def topic(code: str) -> str:
    """A priority topic as the newest scheme that knows it calls it."""
    scheme = next((one for one in sorted(PRIORITIES, reverse=True) if code in PRIORITIES[one]), None)
    return words.label(code) if scheme is None else gettext(topic_label(scheme, code))


def paged(found: Sequence[T], page: int) -> Sequence[T]:
    """The 50 of one page, from 1."""
    return found[(page - 1) * PAGE : page * PAGE]


def uuid_in(text: str) -> UUID | None:
    """The id in a filter of an address; None where there is none, or none that can be read."""
    try:
        return UUID(text)
    except ValueError:
        return None


def cause_word(code: str | None) -> str:
    """Why a placement or a profile pauses or is closed, in words; empty for nothing."""
    for codes in (PauseCause, CloseCause):
        if code in list(codes):
            return words.label(codes(code))
    return ""
