"""Enter and change one fund or one excluded pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.refusals import not_found
from services.applications.register.actions.bulk import put_exclusions, put_funds
from services.applications.register.model import ExclusionEntry, FundEntry, same_pair, wrong_term
from services.applications.register.store import entries
from shared.errors import Refused
from shared.time import clock

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from shared.bus import Bus
    from shared.identity import Principal


def _check_term(since: date, until: date | None) -> None:
    if wrong := wrong_term(since, until):
        raise Refused(wrong["until"], 422, wrong)


async def save_fund(bus: Bus, principal: Principal, entry: FundEntry) -> UUID:
    """Enter a fund, or change the one with the entry's id. Raises `Refused` (404, 409, 422)."""
    _check_term(entry.since, entry.until)
    async with bus.transaction(principal.subject) as tx:
        stored = None if entry.id is None else await entries.fund(tx.session, entry.id, lock=True)
        if entry.id is not None and stored is None:
            raise not_found()
        if stored is not None and FundEntry.model_validate(stored.model_dump()) == entry:
            return stored.id
        return (await put_funds(tx, [entry]))[0]


async def save_exclusion(bus: Bus, principal: Principal, entry: ExclusionEntry) -> UUID:
    """Enter an excluded pair, or change the one with the entry's id. Raises `Refused` (404, 409, 422)."""
    _check_term(entry.since, entry.until)
    first, second = entry.countries or entry.organisations or (None, None)
    if wrong := same_pair(first, second, "second_country" if entry.countries else "second_organisation"):
        raise Refused(next(iter(wrong.values())), 422, wrong)
    async with bus.transaction(principal.subject) as tx:
        stored = None if entry.id is None else await entries.exclusion(tx.session, entry.id, lock=True)
        if entry.id is not None and stored is None:
            raise not_found()
        if stored is not None and ExclusionEntry.model_validate(stored.model_dump()) == entry:
            return stored.id
        return (await put_exclusions(tx, [entry]))[0]


async def end_exclusion(bus: Bus, principal: Principal, exclusion_id: UUID) -> None:
    """End an exclusion today, unless it has ended already. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        stored = await entries.exclusion(tx.session, exclusion_id, lock=True)
        if stored is None:
            raise not_found()
        today = clock.today()
        if stored.until is not None and stored.until <= today:
            return
        entry = ExclusionEntry.model_validate({**stored.model_dump(), "until": max(today, stored.since)})
        await put_exclusions(tx, [entry])
