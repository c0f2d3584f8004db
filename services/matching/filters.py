"""Read the call, filters and page from the address of a board page; unknown values are ignored."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.ids import read_id
from shared.web.lists import Filter

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.matching.facts.views import Calls, CallSummary

COORDINATORS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER)
ALL = "all"
_DIGITS = 9
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


def day_of(text: str | None) -> date | None:
    """Return the day that a text names; None for anything else."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None


def page_of(request: Request) -> int:
    """Return the page number, from 1."""
    return max(1, min(number_of(request.query_params.get("page", "")) or 1, 10_000))


def number_of(text: str) -> int | None:
    """Return the number that a text of an address says; None for anything else, also for one that nothing counts to."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def call_of(request: Request, calls: Calls) -> CallSummary | None:
    """Return the call in the address, else the newest open one; None for all calls together."""
    text = request.query_params.get("call")
    if text == ALL:
        return None
    wanted = read_id(text)
    if wanted is not None and (found := calls.get(wanted)) is not None:
        return found
    return calls.summaries[0] if calls.summaries and not wanted else None


def call_filter(calls: Calls, call: CallSummary | None) -> Filter:
    """Return the field that chooses the call."""
    options = [(ALL, gettext("All calls together"))]
    options += [(str(each.id), f"{each.reference}: {each.title}") for each in calls.summaries]
    return Filter("call", gettext("Call"), str(call.id) if call else ALL, options, always=True)


def call_caption(call: CallSummary | None) -> str:
    """Return what stands above the heading of a list: the call that it is about."""
    return f"{call.reference} – {call.title}" if call else gettext("All calls together")  # noqa: RUF001 - between two names
