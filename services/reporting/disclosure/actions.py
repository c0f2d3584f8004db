"""Decide what of a period's figures is shown, and show published figures as they were released.

A published statement is shown as it was released, for ever. Figures that are not published yet are checked against all
releases as if they were released now; pages ask for the same again and again, so the decision is cached while nothing
moves.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog

from services.reporting.disclosure import store
from services.reporting.disclosure.model import EarlierRelease, NotSafe, Pattern, decide, released_by
from services.reporting.figures import store as figures_store
from services.reporting.figures.actions.periods import period_of, standing_figures
from services.reporting.indicators.model.catalogue import COUNTED, agreed
from services.reporting.periods.model import periods
from shared.contracts.codes import PeriodState
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.approval import Approval
    from shared.bus import Bus

log = structlog.get_logger(__name__)

_REMEMBERED = 200
_cache: OrderedDict[Hashable, Pattern] = OrderedDict()


async def released_figures(bus: Bus, label: str | None) -> tuple[Approval, list[Released]]:
    """Return how far a period is approved, and all its figures as they may be shown. Raises `Refused` (404)."""
    async with bus.read() as session:
        approval, made = await standing_figures(session, await period_of(session, label))
        return approval, await released(session, approval, made)


async def agreed_figures(bus: Bus, label: str | None) -> tuple[Approval, list[Released]]:
    """Return the same with the figures that were agreed with the donor only: for overview, report and feeds."""
    approval, figures = await released_figures(bus, label)
    return approval, agreed(figures)


async def released_figure(bus: Bus, indicator: str, label: str | None) -> tuple[Approval, Figure, Released]:
    """Return how far a period is approved, and one figure, whole and as it may be shown. Raises `Refused` (404)."""
    if indicator not in COUNTED:
        raise Refused(gettext("There is no such indicator."), 404)
    async with bus.read() as session:
        approval, made = await standing_figures(session, await period_of(session, label))
        figures = {each.definition.id: each for each in await released(session, approval, made)}
    figure = next((each for each in made if each.definition.id == indicator), None)
    if figure is None:
        raise Refused(gettext("This indicator was not part of that period's figures."), 404)
    return approval, figure, figures[indicator]


async def released(session: AsyncSession, approval: Approval, figures: Sequence[Figure]) -> list[Released]:
    """Return a period's figures as they may be shown: the only way out for them."""
    out = await store.patterns(session)
    label = approval.period.label
    if approval.state is PeriodState.PUBLISHED and label in out and out[label][0] == approval.statement:
        return released_by(figures, out[label][1])
    key = (label, _numbers(figures), tuple((name, statement) for name, (statement, _) in out.items()))
    if key not in _cache:
        try:
            _remember(key, await _decide(session, approval, figures, out))
        except NotSafe as found:
            log.warning("figures not safe to show", period=label, figure=str(found))
            _remember(key, Pattern())
    _cache.move_to_end(key)
    return released_by(figures, _cache[key])


async def released_before(
    session: AsyncSession, approval: Approval, statement: int, figures: Sequence[Figure]
) -> list[Released]:
    """Return figures of one statement as they were shown then; before publication, judged by themselves."""
    pattern = await store.pattern(session, approval, statement)
    if pattern is None:
        pattern = await asyncio.to_thread(decide, figures)
    return released_by(figures, pattern)


async def of_calls(figures: Sequence[Figure]) -> list[Released]:
    """Return figures by call as they may be shown. They are never published, so no release names a call."""
    key = ("calls", _numbers(figures))
    if key not in _cache:
        try:
            _remember(key, await asyncio.to_thread(decide, figures))
        except NotSafe as found:
            log.warning("figures not safe to show", period="calls", figure=str(found))
            _remember(key, Pattern())
    return released_by(figures, _cache[key])


def _remember(key: Hashable, pattern: Pattern) -> None:
    _cache[key] = pattern
    while len(_cache) > _REMEMBERED:
        _cache.popitem(last=False)


async def release_statement(session: AsyncSession, approval: Approval, figures: Sequence[Figure]) -> list[Released]:
    """Decide for good what of a period's statement is shown. Raises `Refused` (409)."""
    await store.lock(session)
    try:
        pattern = await _decide(session, approval, figures, await store.patterns(session))
    except NotSafe as found:
        sentence = gettext(
            "These figures cannot be published: together with those that are, %(figure)s would tell a number that"
            " few people stand behind."
        )
        raise Refused(sentence % {"figure": str(found)}, 409) from None
    await store.keep(session, approval, pattern, clock.now())
    return released_by(figures, pattern)


async def _decide(
    session: AsyncSession, approval: Approval, figures: Sequence[Figure], out: Mapping[str, tuple[int, Pattern]]
) -> Pattern:
    before = [
        EarlierRelease(await figures_store.figures_of_statement(session, periods.parse(label), statement), pattern)
        for label, (statement, pattern) in out.items()
        if label != approval.period.label
    ]
    former = (
        await figures_store.figures_of_statement(session, approval.period, out[approval.period.label][0])
        if approval.period.label in out
        else []
    )
    # In a thread, since the attack would block the event loop.
    return await asyncio.to_thread(decide, figures, before, former)


def _numbers(figures: Sequence[Figure]) -> Hashable:
    return tuple(
        (figure.definition.id, figure.definition.version, *part, cell.value, cell.numerator, cell.denominator)
        for figure in figures
        for *part, cell in figure.cells()
    )
