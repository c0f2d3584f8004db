"""How is a partner suspended? Preview of every case and of what becomes of it, then one step; or on its day, later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.partners import model, store
from services.applications.partners.actions import effects
from services.applications.partners.views import in_flight, lock_partner, partner_code
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import PartnerStatus
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.partners.model import Flight, GroupChoice
    from shared.bus import Bus
    from shared.identity import Principal

FURTHEST = timedelta(days=366)


class Changed(Refused):
    """What is in flight is not what the preview showed; `preview` is what it would be now."""

    def __init__(self, preview: Preview) -> None:
        super().__init__(gettext("Something has changed since you looked. Read it again, then confirm."), 409)
        self.preview = preview


@dataclass(frozen=True, slots=True)
class Preview:
    """What a suspension from `since` would do: every case with its group's choice, and the mark of all of it."""

    flight: Flight
    since: date
    choices: tuple[GroupChoice, ...]
    digest: str

    def choice(self, one: model.InFlight) -> GroupChoice:
        """What becomes of one case."""
        return next(made for made in self.choices if (made.side, made.stage) == one.group)


async def preview(session: AsyncSession, country: str, since: date, choices: Sequence[GroupChoice]) -> Preview:
    """What would be done. Raises `Refused` (404; 409 where it is suspended already; 422 names what is wrong)."""
    await _may_begin(session, partner_code(country))
    return await _previewed(session, country, since, choices)


async def _may_begin(session: AsyncSession, country: str) -> None:
    if await entries.partner_status(session, country, clock.today()) is PartnerStatus.SUSPENDED:
        raise Refused(gettext("This partner is suspended already."), 409)
    if await store.waiting(session, country) is not None:
        raise Refused(gettext("Something was decided about this partner for a later day. Withdraw that first."), 409)


async def _previewed(
    session: AsyncSession, country: str, since: date, choices: Sequence[GroupChoice], *, lock: bool = False
) -> Preview:
    found = day_problem(since)
    flight = await in_flight(session, country, lock=lock)
    today = clock.today()
    funds = {
        str(one.id): (one.since, one.until)
        for one in await entries.funds(session)
        if one.active and (one.until is None or one.until >= today)
    }
    chosen = {(one.side, one.stage): one for one in choices}
    found |= model.problems(flight, chosen, funds)
    if found:
        raise Refused(gettext("Some of it is missing."), 422, found)
    kept = tuple(chosen[group] for group in model.GROUPS if group in chosen)
    return Preview(flight, since, kept, model.digest(flight, kept, since))


def day_problem(since: date) -> dict[str, str]:
    """What is wrong with the day from which something is to hold: it is today or later, within a year."""
    today = clock.today()
    if today <= since <= today + FURTHEST:
        return {}
    bounds = {"first": dates.day(today), "last": dates.day(today + FURTHEST)}
    return {"since": gettext("The day must be from %(first)s to %(last)s") % bounds}


async def suspend(
    bus: Bus,
    principal: Principal,
    country: str,
    since: date,
    choices: Sequence[GroupChoice],
    *,
    digest: str,
    note: str = "",
) -> store.Decision:
    """Suspend a partner as previewed: at once where `since` is today, else on its day. All of it, or nothing.

    Raises `Refused` (404, 409, 422), and `Changed` (409) where the preview with that digest is no longer what it is.
    """
    async with bus.transaction(principal.subject) as tx:
        await lock_partner(tx.session, partner_code(country))
        known = await _same(tx.session, country, digest)
        if known is not None:
            return known
        await _may_begin(tx.session, country)
        seen = await _previewed(tx.session, country, since, choices, lock=True)
        if seen.digest != digest:
            raise Changed(seen)
        decision = store.Decision(
            id=new_id(),
            country=country,
            status=PartnerStatus.SUSPENDED,
            since=since,
            decided_by=principal.subject,
            decided_at=clock.now(),
            note=note.strip()[:1000],
            digest=digest,
            shown=[_shown(one) for one in seen.flight.cases],
            choices=[one.model_dump(mode="json") for one in seen.choices],
        )
        tx.session.add(decision)
        await tx.session.flush()
        if since <= clock.today():
            await effects.take(tx, decision)
        await tx.changed("register")
        return decision


async def _same(session: AsyncSession, country: str, digest: str) -> store.Decision | None:
    """The decision that this very confirmation made a moment ago: a second click is answered with it."""
    newest = next(iter(await store.decisions(session, country)), None)
    return newest if newest is not None and newest.digest == digest and newest.state != store.WITHDRAWN else None


def _shown(one: model.InFlight) -> dict[str, str | None]:
    return {
        "id": str(one.id),
        "reference": one.reference,
        "side": one.side,
        "stage": one.stage,
        "state": one.state,
        "other": one.other,
    }


async def withdraw(bus: Bus, principal: Principal, decision_id: UUID) -> store.Decision:
    """Take back what was decided for a later day. Raises `Refused` (404; 409 where its day has come)."""
    async with bus.transaction(principal.subject) as tx:
        decision = await store.decision(tx.session, decision_id, lock=True)
        if decision is None:
            raise not_found()
        if decision.state == store.TAKEN:
            raise Refused(gettext("It has taken effect, so it can no longer be withdrawn."), 409)
        if decision.state == store.WAITING:
            decision.state = store.WITHDRAWN
            decision.withdrawn_by, decision.withdrawn_at = principal.subject, clock.now()
            tx.session.add(decision)
            await tx.changed("register")
        return decision


async def reinstate(bus: Bus, principal: Principal, country: str, since: date, note: str = "") -> store.Decision:
    """Reinstate a suspended partner: at once where `since` is today, else on its day.

    A second click is answered with what the first one decided. Raises `Refused` (404; 409 where it is not suspended,
    or something else is decided for a later day; 422 for the day).
    """
    async with bus.transaction(principal.subject) as tx:
        await lock_partner(tx.session, partner_code(country))
        newest = next(iter(await store.decisions(tx.session, country)), None)
        again = newest is not None and newest.status == PartnerStatus.REINSTATED and newest.since == since
        if newest is not None and again and newest.state != store.WITHDRAWN:
            return newest
        if await entries.partner_status(tx.session, country, clock.today()) is not PartnerStatus.SUSPENDED:
            raise Refused(gettext("This partner is not suspended."), 409)
        if await store.waiting(tx.session, country) is not None:
            raise Refused(
                gettext("Something was decided about this partner for a later day. Withdraw that first."), 409
            )
        found = day_problem(since)
        if found:
            raise Refused(gettext("Some of it is missing."), 422, found)
        decision = store.Decision(
            id=new_id(),
            country=country,
            status=PartnerStatus.REINSTATED,
            since=since,
            decided_by=principal.subject,
            decided_at=clock.now(),
            note=note.strip()[:1000],
        )
        tx.session.add(decision)
        await tx.session.flush()
        if since <= clock.today():
            await effects.take(tx, decision)
        await tx.changed("register")
        return decision
