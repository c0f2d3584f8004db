"""Which JSON routes does the portal offer to programs? One module an aggregate, each with its own router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.api import (
    applications,
    audit,
    balance,
    calendar,
    call_drafts,
    calls,
    clock,
    companions,
    decisions,
    incidents,
    internal,
    matches,
    mentors,
    mentorships,
    moves,
    offers,
    partners,
    preparation,
    register,
    travel_rules,
    visits,
)
from shared import clock as time

if TYPE_CHECKING:
    from fastapi import APIRouter

    from services.applications.settings import Settings


def routers(settings: Settings) -> list[APIRouter]:
    """All routers of this package; the clock's only in a local run whose clock can be moved."""
    found = [
        *register.routers,
        partners.router,
        audit.router,
        calls.router,
        call_drafts.router,
        applications.router,
        companions.router,
        decisions.router,
        balance.router,
        internal.router,
    ]
    found.append(calendar.router)
    found += [offers.router, mentors.router, matches.router, visits.router, mentorships.router, incidents.router]
    found += [moves.router, travel_rules.router, preparation.router]
    if settings.local and time.movable():
        found.append(clock.router)
    return found
