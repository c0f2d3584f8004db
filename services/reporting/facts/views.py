"""Show what is wrong with the data, the journey of an application, and from when to when there are facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.reporting.facts import store
from shared.bus.dead_letters import letters
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.facts.store import Application, Flawed, Step, Unknown
    from shared.bus import Bus
    from shared.bus.dead_letters.letters import DeadLetter

PAGE = 50
"""Flaws on a page."""
MOST = 200
"""The most dead letters, and records of attendance on other days, that are listed at once."""


class QualityReport(NamedTuple):
    """A page of flaws with their number, attendance outside of visits, unknown types of events, and dead letters."""

    flawed: Sequence[Flawed]
    total: int
    elsewhere: Sequence[Flawed]
    unknown: Sequence[Unknown]
    parked: Sequence[DeadLetter]


async def quality_report(bus: Bus, page: int) -> QualityReport:
    """Return all that is known to be wrong with the data; flaws by page, counted from 1."""
    async with bus.read() as session:
        flawed, total = await store.flawed(session, PAGE, (page - 1) * PAGE)
        return QualityReport(
            flawed,
            total,
            await store.attended_elsewhere(session, MOST),
            await store.unknown(session),
            await letters.open_events(session, limit=MOST),
        )


async def journey_of(bus: Bus, key: str) -> tuple[Application, list[Step]] | None:
    """Return the application with that id or reference and its events, oldest first; None if it is unknown here."""
    async with bus.read() as session:
        application = await store.application(session, key)
        if application is None:
            return None
        return application, await store.steps(session, story=str(application.id))


async def days_of_facts(session: AsyncSession) -> tuple[date, date]:
    """Return the first and the last business date of all facts that figures use; today where there is none."""
    today = clock.today()
    return await store.span(session) or (today, today)
