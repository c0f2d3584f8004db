"""Decide once, at publication, what of a period's figures is shown; serve what was decided.

Readers get published periods, as their statements were released. Those who steer the programme also see the figures of
periods that are not published, whole, since they may see single cases anyway. Reading decides nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.reporting.disclosure import store
from services.reporting.disclosure.model import (
    EarlierRelease,
    NotProven,
    NotSafe,
    decide,
    released_by,
    released_digest,
    standing_by,
    whole,
)
from services.reporting.figures import store as figures_store
from services.reporting.figures.actions.periods import all_period_choices, period_of, standing_figures
from services.reporting.indicators.model.catalogue import COUNTED, agreed
from services.reporting.periods.model import periods
from services.reporting.periods.model.approval import Approval
from services.reporting.periods.views import approval_of
from services.reporting.statements.model import LATEST, number_of
from shared.contracts.codes import PeriodState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Pattern, Released
    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.periods import Period
    from shared.bus import Bus


@dataclass(frozen=True, slots=True)
class FigureAsShown:
    """A figure as it was counted and as it may be shown, and the statement that it is shown from."""

    approval: Approval
    figure: Figure
    released: Released
    statement: int


async def published_periods(session: AsyncSession) -> list[Period]:
    """Return the periods of which something was released, the one that ended last first, longer ones before."""
    found = [periods.parse(label) for label in sorted({label for label, *_ in await store.releases(session)})]
    return sorted(found, key=lambda each: (each.end, each.end - each.start), reverse=True)


async def period_to_show(session: AsyncSession, label: str | None, *, steers: bool) -> Period:
    """Return the period with that label; without one this year, or for readers the published one that ended last.

    Raises `Refused` (404, 409).
    """
    if label is None and not steers:
        published = await published_periods(session)
        if not published:
            sentence = gettext(
                "No period is published yet, so there are no figures to read. Try again after the first publication,"
                " or ask the programme coordinator for its date."
            )
            raise _not_published(sentence)
        return published[0]
    return await period_of(session, label)


async def readable_period(session: AsyncSession, label: str | None, *, steers: bool) -> tuple[Approval, bool]:
    """Return how far a period is approved, and whether its figures may be read. Raises `Refused` (404, 409).

    Readers never see the programme as a whole: its first and last day are those of single facts.
    """
    approval = await approval_of(session, await period_to_show(session, label, steers=steers))
    if approval.period.kind is None and not steers:
        raise _closed()
    return approval, steers or approval.state is PeriodState.PUBLISHED


async def period_choices(bus: Bus, *, steers: bool) -> list[tuple[str, str]]:
    """Return the labels and names of the periods that a reader can choose from: all, or those published."""
    async with bus.read() as session:
        if not steers:
            return [(each.label, each.label) for each in await published_periods(session)]
        return await all_period_choices(session)


async def released_figures(
    bus: Bus, label: str | None, *, steers: bool, statement: str | None = None
) -> tuple[Approval, list[Released]]:
    """Return how far a period is approved, and all its figures as they may be shown (statement None: the present).

    Raises `Refused` (404, 409).
    """
    async with bus.read() as session:
        approval, shown = await _shown_figures(session, label, statement, steers=steers)
        return approval, [each.released for each in shown]


async def agreed_figures(
    bus: Bus, label: str | None, *, steers: bool, statement: str | None = None
) -> tuple[Approval, list[Released]]:
    """Return the same with the figures that were agreed with the donor only: for overview, report and feeds."""
    approval, figures = await released_figures(bus, label, steers=steers, statement=statement)
    return approval, agreed(figures)


async def released_figure(
    bus: Bus, indicator: str, label: str | None, *, steers: bool, statement: str | None = None
) -> FigureAsShown:
    """Return one figure of a period, whole and as it may be shown. Raises `Refused` (404, 409)."""
    if indicator not in COUNTED:
        raise Refused(gettext("There is no such indicator."), 404)
    async with bus.read() as session:
        _, shown = await _shown_figures(session, label, statement, steers=steers)
    found = next((each for each in shown if each.released.definition.id == indicator), None)
    if found is None:
        raise Refused(gettext("This indicator was not part of that period's figures."), 404)
    return found


async def released_history(
    session: AsyncSession, approval: Approval, indicator: str, *, steers: bool
) -> list[tuple[int, Released]]:
    """Return each statement of a figure as it was shown, with its number; those in which it waited are left out."""
    if approval.state is not PeriodState.PUBLISHED:
        stated = await figures_store.statements(session, approval.period, indicator) if steers else []
        return [(number, whole([figure])[0]) for number, figure in stated if number <= approval.statement]
    found = []
    for label, statement, pattern in await store.releases(session):
        if label == approval.period.label and indicator not in pattern.waiting:
            figures = await figures_store.figures_of_statement(session, approval.period, statement)
            own = [each for each in figures if each.definition.id == indicator]
            found += [(statement, each) for each in released_by(own, pattern)]
    return found


async def stated_approval(session: AsyncSession, label: str, statement: str) -> Approval:
    """Return the approval of a published period as of one of its statements, with the digest of its released figures.

    Raises `Refused` (404).
    """
    return (await stated_figures(session, label, statement))[0]


async def stated_figures(session: AsyncSession, label: str, statement: str) -> tuple[Approval, list[FigureAsShown]]:
    """Return a published statement of a period with all its figures, as they were released. Raises `Refused` (404)."""
    return await _as_released(session, await _known_statement(session, label, statement))


async def _known_statement(session: AsyncSession, label: str, statement: str) -> Approval:
    """Return the approval of a published period as of one of its statements: a number, or `latest`.

    `latest` as the label is the published period that ended last. Raises `Refused` (404).
    """
    published = await published_periods(session)
    if label == LATEST and not published:
        raise Refused(gettext("No period is published yet, so there is no statement."), 404)
    period = published[0] if label == LATEST else await period_of(session, label)
    if period not in published:
        sentence = gettext("The period %(period)s is not published, so it has no statement to read.")
        raise Refused(sentence % {"period": label}, 404)
    approval = await approval_of(session, period)
    number = approval.statement if statement == LATEST else number_of(statement)
    if number is None:
        raise Refused(gettext("A statement is a number, or “latest”."), 404)
    known = {each for released, each, _ in await store.releases(session) if released == period.label}
    if number not in known:
        sentence = gettext("The period %(period)s has no statement %(number)s. Its newest is statement %(newest)s.")
        raise Refused(sentence % {"period": period.label, "number": number, "newest": approval.statement}, 404)
    return replace(approval, statement=number)


async def released_before(session: AsyncSession, approval: Approval) -> list[Released]:
    """Return the figures of a published period as its present statement shows them."""
    return [each.released for each in (await _as_released(session, approval))[1]]


async def released_until(session: AsyncSession, approval: Approval) -> list[Released]:
    """Return the figures of the other periods that were released before a statement, as they stood then."""
    statements = await store.released_until(session, approval.period.label, approval.statement)
    return [each for label, number in statements.items() for each in await _of_statement(session, label, number)]


async def released_periods(session: AsyncSession) -> list[tuple[Period, list[Released]]]:
    """Return each published period with its figures as they stand; the one that began first, longer ones before."""
    statements = {label: number for label, number, _ in await store.releases(session)}
    found = [(periods.parse(label), await _of_statement(session, label, statements[label])) for label in statements]
    return sorted(found, key=lambda each: (each[0].start, -each[0].end.toordinal()))


async def released_earlier(session: AsyncSession, approval: Approval) -> list[Released]:
    """Return a period's figures as its statement before showed them; none if there is no earlier one."""
    number = await store.statement_before(session, approval.period.label, approval.statement)
    return [] if number is None else await _of_statement(session, approval.period.label, number)


async def released_besides(session: AsyncSession, label: str) -> list[Released]:
    """Return the figures of all other published periods, as they stand."""
    return [each for period, figures in await released_periods(session) if period.label != label for each in figures]


async def _of_statement(session: AsyncSession, label: str, number: int) -> list[Released]:
    approval = Approval(periods.parse(label), PeriodState.PUBLISHED, statement=number)
    return await released_before(session, approval)


def of_calls(figures: Sequence[Figure]) -> list[Released]:
    """Return figures by call with all their numbers, for those who steer: they are never published."""
    return whole(figures)


def shown_alone(figures: Sequence[Figure], seconds: float) -> Pattern | None:
    """Return what would be shown of figures if nothing was released before; None if it is not proven in `seconds`."""
    try:
        return decide(figures, seconds=seconds)
    except NotProven:
        return None


async def release_statement(
    session: AsyncSession, approval: Approval, figures: Sequence[Figure], seconds: float
) -> list[Released]:
    """Decide for good what of a period's statement is shown, in so many seconds at most. Raises `Refused` (409)."""
    await store.lock(session)
    ledger = [
        EarlierRelease(
            await figures_store.figures_of_statement(session, periods.parse(label), statement), pattern, statement
        )
        for label, statement, pattern in await store.releases(session)
    ]
    try:
        # In a thread, since the attack would block the event loop.
        pattern = await asyncio.to_thread(decide, figures, ledger, approval.statement, seconds)
    except NotSafe as found:
        sentence = gettext(
            "These figures cannot be published. Together with the published figures, %(figure)s would reveal a "
            "number based on few people."
        )
        raise Refused(sentence % {"figure": str(found)}, 409) from None
    except NotProven:
        sentence = gettext(
            "These figures were not published. The check that they reveal nobody did not finish in %(seconds)s "
            "seconds. Try again when fewer people use the system, or ask the operator to allow more time."
        )
        raise Refused(sentence % {"seconds": round(seconds)}, 409) from None
    await store.keep(session, approval, pattern, clock.now())
    return released_by(standing_by(figures, pattern, ledger), pattern)


async def _shown_figures(
    session: AsyncSession, label: str | None, statement: str | None, *, steers: bool
) -> tuple[Approval, list[FigureAsShown]]:
    if statement is not None:
        return await stated_figures(session, label or LATEST, statement)
    approval, readable = await readable_period(session, label, steers=steers)
    if not readable:
        raise _closed()
    if approval.state is PeriodState.PUBLISHED:
        return await _as_released(session, approval)
    _, made = await standing_figures(session, approval.period)
    pairs = zip(made, whole(made), strict=True)
    return approval, [FigureAsShown(approval, figure, released, approval.statement) for figure, released in pairs]


async def _as_released(session: AsyncSession, approval: Approval) -> tuple[Approval, list[FigureAsShown]]:
    """Return the figures of a published period as they were released, and its approval with their digest."""
    pattern = await store.pattern(session, approval)
    figures = await figures_store.figures_of_statement(session, approval.period, approval.statement)
    standing = await _standing(session, approval.period, figures, pattern)
    released = released_by(standing, pattern)
    public = replace(approval, figures_digest=released_digest(released))
    return public, [
        FigureAsShown(public, figure, each, pattern.waiting.get(figure.definition.id, approval.statement))
        for figure, each in zip(standing, released, strict=True)
    ]


async def _standing(session: AsyncSession, period: Period, figures: Sequence[Figure], pattern: Pattern) -> list[Figure]:
    """Return figures with those that wait as an earlier statement has them."""
    earlier = [
        EarlierRelease(await figures_store.figures_of_statement(session, period, statement), pattern, statement)
        for statement in sorted(set(pattern.waiting.values()))
    ]
    return standing_by(figures, pattern, earlier)


def _closed() -> Refused:
    sentence = gettext(
        "You can read the figures of this period once they are published. Choose a published period, or ask "
        "the programme coordinator for the date."
    )
    return _not_published(sentence)


def _not_published(sentence: str) -> Refused:
    return Refused(sentence, code=ProblemCode.NOT_PUBLISHED)
