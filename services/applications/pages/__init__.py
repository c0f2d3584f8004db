"""Which pages does the portal show? One module an aggregate, each with its own router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.consumers import consumers
from services.applications.pages import (
    appeal_decisions,
    appeals,
    application,
    attendance,
    audit,
    available,
    balance,
    calendar,
    calls,
    certificates,
    changes,
    choices,
    clearing,
    clock,
    company,
    coordinator,
    costs,
    cut_short,
    ending,
    home,
    inbox,
    incidents,
    letters,
    line_manager,
    matches,
    mentors,
    mentorships,
    moves,
    offers,
    partners,
    preparation,
    programme,
    queue,
    register,
    start,
    subscription,
    tasks,
    ticked,
    travel_rules,
    visits,
)
from shared import clock as time
from shared.identity.oidc import sign_in_router
from shared.web.parked import parked_router

if TYPE_CHECKING:
    from fastapi import APIRouter

    from services.applications.settings import Settings


def routers(settings: Settings) -> list[APIRouter]:
    """All routers of this package, in the order in which they are tried."""
    found = [sign_in_router(), start.router, home.router, inbox.router, choices.router, subscription.router]
    found += calls.routers
    # The tasks come last: they take any word for one of an application's pages.
    found += [appeals.router, changes.router, company.router, application.router, tasks.router]
    found += [queue.router, ticked.router, coordinator.router, ending.router, programme.router, certificates.router]
    found += [appeal_decisions.router, balance.router, *partners.routers, audit.router]
    found.append(parked_router("applications", consumers))
    found += [calendar.router, attendance.router]
    found += [available.router, line_manager.router, *offers.routers, mentors.router, clearing.router, matches.router]
    found += [visits.router, cut_short.router, mentorships.router, incidents.router]
    found += [moves.router, travel_rules.router, costs.router, letters.router, preparation.router]
    found += register.routers
    if settings.local and time.movable():
        found.append(clock.router)
    return found
