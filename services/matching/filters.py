"""Read the call, filters and page from the address of a board page; what cannot be is refused (422) with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator

from shared.contracts.base import Day
from shared.contracts.codes import Role
from shared.i18n import N_, gettext
from shared.ids import read_id
from shared.time import clock
from shared.web.lists import Filter

if TYPE_CHECKING:
    from services.matching.facts.views import Calls, CallSummary

COORDINATORS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER)
ALL = "all"
_DIGITS = 9


PageNumber = Annotated[int, Query(ge=1, le=10_000)]
"""The number of a page of a list, from 1."""
BoardDay = Annotated[Day | None, BeforeValidator(lambda text: text or None)]
"""A day in an address; empty for none."""


def number_of(text: str) -> int | None:
    """Return the number that a text of an address says; None for anything else, also for one that nothing counts to."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _call_text(text: str) -> str:
    if text and text != ALL and read_id(text) is None:
        raise ValueError(N_("Choose one of the answers given"))
    return text


ChosenCall = Annotated[str, AfterValidator(_call_text), Query(alias="call")]
"""The call in the address of a page: its id, all calls together, or nothing."""


def call_of(chosen: str, calls: Calls) -> CallSummary | None:
    """Return the call in the address, else the newest open one that has begun; None for all calls together."""
    if chosen == ALL:
        return None
    wanted = read_id(chosen)
    if wanted is not None and (found := calls.get(wanted)) is not None:
        return found
    if not calls.summaries or wanted:
        return None
    today = clock.today()
    begun = (each for each in calls.summaries if (terms := calls.terms(each.id)) and terms.opens <= today)
    return next(begun, calls.summaries[0])


def call_filter(calls: Calls, call: CallSummary | None) -> Filter:
    """Return the field that chooses the call."""
    options = [(ALL, gettext("All calls"))]
    options += [(str(each.id), f"{each.reference}: {each.title}") for each in calls.summaries]
    return Filter("call", gettext("Call"), str(call.id) if call else ALL, options, always=True)


def call_caption(call: CallSummary | None) -> str:
    """Return what stands above the heading of a list: the call that it is about."""
    return f"{call.reference} – {call.title}" if call else gettext("All calls")  # noqa: RUF001 - between two names
