"""How do a period's figures come out? Computed, submitted, approved by somebody else, frozen, published."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.reporting.approval.model import event_key, events_of_figure
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.feeds.actions import publications
from services.reporting.figures import store as figures_store
from services.reporting.figures.actions import counting
from services.reporting.figures.actions.full_count import CountRequest, count
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.periods import store as periods_store
from services.reporting.periods.model import approval, periods
from services.reporting.periods.model.approval import Approval, NotNow
from shared.contracts.codes import PeriodReturnReason
from shared.contracts.figures import FigurePublished
from shared.contracts.periods import (
    PeriodApproved,
    PeriodFrozen,
    PeriodPublished,
    PeriodReturned,
    PeriodSubmitted,
)
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.periods import Period
    from shared.bus import Bus
    from shared.identity import Principal


async def period_of(session: AsyncSession, label: str | None) -> Period:
    """The period with that label (none: this year), the programme as a whole from its first fact to its last.

    Raises `Refused` (404).
    """
    try:
        return await counting.period_of(session, label or str(clock.today().year))
    except periods.UnknownPeriod:
        sentence = gettext("There is no such period. Write it like 2026, 2026-H1 or 2026-Q3.")
        raise Refused(sentence, 404) from None


async def standing(session: AsyncSession, period: Period) -> tuple[Approval, list[Figure]]:
    """Where a period stands, and its figures: those that were submitted, or as the facts are now."""
    where = await periods_store.approval(session, period) if period.kind else Approval(period)
    if where.fixed:
        return where, await figures_store.kept(session, period, where.statement)
    return where, await counting.current_figures(session, period)


async def events_of(
    session: AsyncSession, where: Approval, figure: Figure, *, first: int = 0, count: int = figures_store.ALL
) -> list[UUID]:
    """The events behind a figure's total, sorted: `count` of them from the one numbered `first`."""
    if figure.total.events:
        return list(figure.total.events[first : first + count])
    if where.fixed:
        named = where.period, figure.definition.id
        return await figures_store.events(session, *named, statement=where.statement, first=first, count=count)
    return await figures_store.moving_events(session, where.period, figure.definition.id, first=first, count=count)


async def submit(bus: Bus, principal: Principal, label: str) -> Approval:
    """Submit a period's figures as the facts are now. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        period = await period_of(tx.session, label)
        was = await periods_store.locked(tx.session, period.label) if period.kind else Approval(period)
        with in_words():
            approval.submittable(was, clock.today())
        wanted = tuple((each.id, each.version) for each in COUNTED.values())
        counted = (await count(bus, tx.session, CountRequest(period.label, wanted, keep_as=was.statement))).counted
        made = await figures_store.kept(tx.session, period, was.statement)
        now = approval.submit(was, principal.subject, clock.today(), counted.cut_off, len(made), figures_digest(made))
        await periods_store.keep(tx.session, now)
        await tx.record(PeriodSubmitted(period=now.told(), counted=counted), period.label)
    return now


async def give_back(bus: Bus, principal: Principal, label: str, reason: str) -> Approval:
    """Return submitted figures to their author. Raises `Refused` (404, 409, 422)."""
    if reason not in set(PeriodReturnReason):
        sentence = gettext("Choose a reason")
        raise Refused(sentence, 422, {"reason": sentence})
    async with bus.transaction(principal.subject) as tx:
        was = await locked(tx.session, label)
        with in_words():
            now = approval.give_back(was)
        await periods_store.keep(tx.session, now)
        await tx.record(PeriodReturned(period=now.told(), reason=PeriodReturnReason(reason)), now.period.label)
    return now


async def approve(bus: Bus, principal: Principal, label: str) -> Approval:
    """Approve what another person submitted; the figures are frozen with it. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        was = await locked(tx.session, label)
        with in_words():
            approved = approval.approve(was, principal.subject)
            now = approval.freeze(approved, clock.now())
        await periods_store.keep(tx.session, now)
        await tx.record(PeriodApproved(period=approved.told()), now.period.label)
        await tx.record(PeriodFrozen(period=now.told()), now.period.label)
    return now


async def publish(bus: Bus, principal: Principal, label: str) -> Approval:
    """Publish frozen figures behind the gate, and their files if they keep all rules. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        was = await locked(tx.session, label)
        with in_words():
            now = approval.publish(was)
        await periods_store.keep(tx.session, now)
        released = await disclosure_actions.release_statement(
            tx.session, now, await figures_store.kept(tx.session, now.period, now.statement)
        )
        await publications.publish(tx.session, now, released, bus.settings)
        for figure in released:
            for told in events_of_figure(figure):
                await tx.record(FigurePublished(figure=told), event_key(told))
        await tx.record(PeriodPublished(period=now.told()), now.period.label)
    return now


def figures_digest(made: Sequence[Figure]) -> str:
    """SHA-256 over all figures of a period, each on a line: definition, version, value, digest of its events."""
    lines = [
        f"{figure.definition.id} {figure.definition.version} {figure.total.value} {figure.total.digest}\n"
        for figure in made
    ]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


async def locked(session: AsyncSession, label: str) -> Approval:
    """Where a period stands, its row locked until the end of the transaction. Raises `Refused` (404, 409)."""
    period = await period_of(session, label)
    if period.kind is None:
        raise Refused(gettext("The programme as a whole is not approved: its years, half-years and quarters are."))
    return await periods_store.locked(session, period.label)


class in_words:  # noqa: N801 - reads as part of the sentence: with in_words()
    """Turns what the model refuses into an answer to the person who asked."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, NotNow):
            raise Refused(gettext(str(error))) from None
