"""Count figures that still move: at once if there are few facts, in the background if there are many.

Each figure reads some types of events only. The arrivals of each type are counted (`facts/store.py`), so a figure is
counted again only when facts of its types arrived, or another day has begun. In a large programme that takes seconds:
pages show each figure as it was last counted, with the moment, while a separate process recounts the stale ones.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import structlog

from services.reporting.cases import views as cases_views
from services.reporting.facts import store as facts_store
from services.reporting.facts.model.book import Book
from services.reporting.facts.model.facts import FREEZES, USED, frozen_by
from services.reporting.facts.views import days_of_facts
from services.reporting.figures import store
from services.reporting.figures.actions.own_process import own_process, run_in
from services.reporting.figures.model.sketch import Sketch
from services.reporting.figures.store import Counted, CountMark, PeriodKey
from services.reporting.groupings import store as groupings_store
from services.reporting.indicators.model import calls
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.indicators.model.figure import compute
from services.reporting.periods import store as periods_store
from services.reporting.periods.model import periods
from shared.bus import set_aside
from shared.bus.db import leases
from shared.bus.set_aside import reason_of
from shared.contracts.periods import CountedEvents
from shared.culprits import culprits
from shared.i18n import N_
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from concurrent.futures import ProcessPoolExecutor
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.facts.model.facts import Fact
    from services.reporting.groupings.model import Levels
    from services.reporting.indicators.model.figure import Definition, Figure
    from services.reporting.periods.model.periods import Period
    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

log = structlog.get_logger(__name__)

AT_ONCE = 3_000
"""The most facts that are read and counted while a reader waits for the page."""
WORK = N_("Figures")
LOOK_SECONDS = 1.0
QUIET_SECONDS, LONGEST_SECONDS = 5.0, 60.0
"""For so long no facts must have arrived before all are counted to name what cannot be; so long that may wait."""

R = TypeVar("R")
Changes = dict[str, tuple[int, int]]


async def current_figures(session: AsyncSession, period: Period) -> list[Figure]:
    """Return the figures of a period as the facts are now, or (in a large programme) as they were last counted."""
    changes = await facts_store.changes(session)
    if _size(changes, USED) <= AT_ONCE:
        return await count_from_facts(session, period)
    kept = await store.moving(session, period)
    stale = _stale({indicator: each.mark for indicator, each in kept.items()}, changes, clock.now())
    few = sum(_size(changes, reads(each, changes)) for each in stale) <= AT_ONCE
    missing = stale if few else [each for each in stale if each.id not in kept]
    made = {each.definition.id: each for each in await count_from_facts(session, period, missing)} if missing else {}
    return [made.get(indicator) or kept[indicator].figure for indicator in COUNTED]


async def has_few_facts(session: AsyncSession) -> bool:
    """Return whether there are so few facts that they are counted while a reader waits."""
    return _size(await facts_store.changes(session), USED) <= AT_ONCE


async def count_from_facts(
    session: AsyncSession,
    period: Period,
    definitions: Iterable[Definition] | None = None,
    *,
    cut_off: datetime | None = None,
) -> list[Figure]:
    """Return figures counted from the facts, in the order of the definitions; all indicators if none are named."""
    return (await _counted(session, period, definitions, cut_off))[0]


async def _counted(
    session: AsyncSession,
    period: Period,
    definitions: Iterable[Definition] | None = None,
    cut_off: datetime | None = None,
) -> tuple[list[Figure], dict[str, str]]:
    """Return figures counted from the facts, and the cases that cannot be counted, each with the reason."""
    wanted = list(COUNTED.values()) if definitions is None else list(definitions)
    found, book = await _read(session, wanted), await _book(session, cut_off)

    def count(facts: Sequence[Fact]) -> list[Figure]:
        read = book(facts)
        return [compute(each, read, period) for each in wanted]

    return await asyncio.to_thread(_without_failing, found, count)


def _without_failing(facts: Sequence[Fact], count: Callable[[Sequence[Fact]], R]) -> tuple[R, dict[str, str]]:
    """Return what is counted, where needed without the cases that cannot be; and these, each with the reason."""
    try:
        return count(facts), {}
    except Exception as error:
        stories: dict[str, list[Fact]] = {}
        for fact in facts:
            stories.setdefault(fact.story or fact.subject, []).append(fact)

        def works(some: Sequence[str]) -> bool:
            try:
                count([fact for story in some for fact in stories[story]])
            except Exception:  # noqa: BLE001 - whatever it is, the first one is named
                return False
            return True

        failing = set(culprits(sorted(stories), works))
        if not failing:
            raise
        log.warning("figures are counted without what fails", cases=sorted(failing), exc_info=error)
        sound = [fact for fact in facts if (fact.story or fact.subject) not in failing]
        return count(sound), dict.fromkeys(failing, reason_of(error))


async def count_statement(
    session: AsyncSession, period: Period, definitions: Iterable[Definition] | None = None
) -> tuple[list[Figure], CountedEvents]:
    """Return the figures of a statement, with a description of the events that they were counted from."""
    wanted = list(COUNTED.values()) if definitions is None else list(definitions)
    cut_off = clock.now()
    found, book = await _read(session, wanted), await _book(session, cut_off)

    def count(facts: Sequence[Fact]) -> tuple[list[Figure], CountedEvents]:
        read = book(facts)
        ids = {fact.id for fact in facts if fact.occurred_at <= cut_off}
        described = CountedEvents(
            cut_off=cut_off, types=types_of(wanted), events=len(ids), sketch=Sketch.of(ids).text()
        )
        return [compute(each, read, period) for each in wanted], described

    return (await asyncio.to_thread(_without_failing, found, count))[0]


async def by_call(session: AsyncSession) -> list[Figure]:
    """Return each indicator broken down by call, counted now or (in a large programme) as last counted."""
    changes = await facts_store.changes(session)
    if _size(changes, USED) <= AT_ONCE:
        facts = await facts_store.used(
            session, {calls.PLACED, *(type_ for each in calls.BY_CALL for type_ in each.sources)}
        )
        now = clock.now()
        return (await asyncio.to_thread(_without_failing, facts, lambda some: _count_calls(some, now)))[0]
    kept = {}
    for call in (calls.ALL, *(str(id_) for id_, _ in await cases_views.calls(session))):
        found = await store.moving(session, calls.period_of(call))
        kept[call] = {indicator: each.figure for indicator, each in found.items()}
    return calls.side_by_side(kept)


def _count_calls(facts: Sequence[Fact], cut_off: datetime) -> list[Figure]:
    return calls.side_by_side(
        {
            call: {each.definition.id: each for each in calls.count(own, call, cut_off, calls.BY_CALL)}
            for call, own in calls.shared_out(facts).items()
        }
    )


async def _book(session: AsyncSession, cut_off: datetime | None = None) -> Callable[[Sequence[Fact]], Book]:
    """Return the function that makes a book of facts up to a cut-off (none: now), by the chosen groupings."""
    span, levels = await facts_store.span(session), await groupings_store.levels(session)
    return partial(_made_book, cut_off or clock.now(), span[0] if span else None, levels)


def _made_book(cut_off: datetime, first: date | None, levels: Levels, facts: Sequence[Fact]) -> Book:
    return Book(facts, cut_off, first=first, levels=levels)


async def count_by_levels(session: AsyncSession, period: Period) -> Callable[[Levels], list[Figure]]:
    """Return the function that counts all figures of a period, as the facts are now, by any groupings."""
    found, book = await _read(session, COUNTED.values()), await _book(session)

    def by_levels(levels: Levels) -> list[Figure]:
        def count(facts: Sequence[Fact]) -> list[Figure]:
            read = book(facts)
            read.levels = levels
            return [compute(each, read, period) for each in COUNTED.values()]

        return _without_failing(found, count)[0]

    return by_levels


async def name_what_fails(bus: Bus, lease: Lease | None = None) -> None:
    """Count the figures of a small programme once, and name the cases that cannot be counted. Raises `LeaseLost`."""
    async with bus.read() as session:
        _, failing = await _counted(session, await period_of(session, periods.PROGRAMME))
    async with bus.transaction("system:figures", lease) as tx:
        await set_aside.note(tx.session, WORK, "", failing)


async def _read(session: AsyncSession, definitions: Collection[Definition]) -> list[Fact]:
    found = await facts_store.used(session, types_of(definitions))
    if any(each.late for each in definitions):
        found += await facts_store.late(session, frozen_by(found))
    return found


def types_of(definitions: Iterable[Definition]) -> tuple[str, ...]:
    """Return the types of events that these definitions name, sorted."""
    return tuple(sorted({type_ for each in definitions for type_ in each.sources}))


def reads(definition: Definition, changes: Mapping[str, object]) -> tuple[str, ...]:
    """Return the types of events whose facts may move a figure; all of them if it counts late facts."""
    any_frozen = definition.late and any(type_ in changes for type_ in FREEZES)
    return USED if any_frozen else definition.sources


def _size(changes: Changes, types: Iterable[str]) -> int:
    return sum(changes[type_][0] for type_ in types if type_ in changes)


def _change_count(changes: Changes, definition: Definition) -> int:
    return sum(changes[type_][1] for type_ in reads(definition, changes) if type_ in changes)


def _stale(stored: Mapping[str, CountMark], changes: Changes, at: datetime) -> list[Definition]:
    """Return the definitions whose stored figure may differ from what the facts say now."""
    today = at.astimezone(UTC).date()
    return [
        each
        for each in COUNTED.values()
        if (counted := stored.get(each.id)) is None
        or counted.seen != _change_count(changes, each)
        or counted.cut_off.astimezone(UTC).date() != today
    ]


@dataclass(slots=True)
class NamingTurns:
    """Says at which moments all facts of a small programme are counted to name what cannot be.

    Not with each fact that arrives: once none has arrived for some seconds, and while they keep arriving once a minute.
    """

    _checked: Changes | None = None
    _seen: Changes | None = None
    _changed: float = 0.0
    _waits_since: float | None = None

    def is_due(self, changes: Changes, at: float) -> bool:
        """Return whether it is to be done at a monotonic time `at` that comes after those of earlier calls."""
        if changes != self._seen:
            self._seen, self._changed = changes, at
        if changes == self._checked:
            return False
        if self._waits_since is None:
            self._waits_since = at
        return at - self._changed >= QUIET_SECONDS or at - self._waits_since >= LONGEST_SECONDS

    def done(self, changes: Changes) -> None:
        """Note that it was done for these facts."""
        self._checked, self._waits_since = changes, None


async def count_continuously(service: Service) -> None:
    """Keep the moving figures of a large programme counted; a worker, in one instance at a time."""
    process: ProcessPoolExecutor | None = None
    naming = NamingTurns()
    with ExitStack() as at_end:
        while True:
            took = 0.0
            async with service.bus.read() as session:
                due = await stale_periods(session)
                changes = await facts_store.changes(session)
            started = monotonic()
            names = _size(changes, USED) <= AT_ONCE and naming.is_due(changes, started)
            if due or names:
                lease = await leases.acquire(service.bus, "figures", leases.SLOW_SECONDS)
                if lease is not None:
                    async with leases.keep(service.bus, lease):
                        if names:
                            await name_what_fails(service.bus, lease)
                            naming.done(changes)
                        if due:
                            process = process or at_end.enter_context(own_process())
                            await _count_apart(service, process, due, lease)
                took = monotonic() - started
            # The pause is twice the counting, so that it takes at most a third of a processor.
            await asyncio.sleep(max(LOOK_SECONDS, 2 * took))


async def _count_apart(service: Service, process: ProcessPoolExecutor, due: Sequence[str], lease: Lease) -> None:
    """Count the figures of periods in a process of its own, since a thread would hold up every page."""
    started = monotonic()
    made = await run_in(process, service.settings, recount_stale, due, lease)
    log.info("figures counted", figures=made, periods=len(due), seconds=round(monotonic() - started, 1))
    async with service.bus.transaction("system:figures", lease) as tx:
        await tx.changed("figures")


async def recount_stale(bus: Bus, labels: Sequence[str], lease: Lease | None = None) -> int:
    """Count the stale figures of these periods again and store them; return their number.

    Each level of indicators has its own transaction, so that the facts of one level are in memory at a time. Raises
    `LeaseLost`.
    """
    made = 0
    for level in dict.fromkeys(each.level for each in COUNTED.values()):
        async with bus.transaction("system:figures", lease) as tx:
            made += await _renew(tx.session, labels, level)
    return made


async def _renew(session: AsyncSession, labels: Sequence[str], level: str) -> int:
    await groupings_store.lock_to_count(session)
    # Read before the facts: those that arrive in between are counted once more.
    changes = await facts_store.changes(session)
    marks = await store.marks(session)
    todo: list[tuple[Period, list[Definition]]] = []
    for label in labels:
        period = await _counted_for(session, label)
        stale = _stale_of(period, marks, changes)
        todo.append((period, [each for each in stale if each.level == level]))
    of_programme = [(period, stale) for period, stale in todo if stale and calls.call_in(period.label) is None]
    of_calls = {call: stale for period, stale in todo if stale and (call := calls.call_in(period.label)) is not None}
    made: list[Figure] = []
    if of_programme:
        counted, failing = await _figures_of_programme(session, of_programme)
        made += counted
        await set_aside.note(session, WORK, level, failing)
    if of_calls:
        made += await _figures_of_calls(session, of_calls)
    await store.keep_moving(session, [Counted(each, _change_count(changes, each.definition)) for each in made])
    return len(made)


async def _figures_of_programme(
    session: AsyncSession, todo: Sequence[tuple[Period, Sequence[Definition]]]
) -> tuple[list[Figure], dict[str, str]]:
    """Return these figures of the whole programme, and why applications are left out of them, by id."""
    needed = {each.id: each for _, stale in todo for each in stale}
    found, book = await _read(session, needed.values()), await _book(session)

    def count(facts: Sequence[Fact]) -> list[Figure]:
        read = book(facts)
        return [compute(each, read, period) for period, stale in todo for each in stale]

    return _without_failing(found, count)


async def _figures_of_calls(session: AsyncSession, todo: Mapping[str, Sequence[Definition]]) -> list[Figure]:
    """Return these figures of calls, without the applications that cannot be counted."""
    types = {type_ for stale in todo.values() for each in stale for type_ in each.sources}
    facts, now = await facts_store.used(session, {calls.PLACED, *types}), clock.now()

    def count(some: Sequence[Fact]) -> list[Figure]:
        own = calls.shared_out(some)
        return [figure for call, stale in todo.items() for figure in calls.count(own.get(call, ()), call, now, stale)]

    return _without_failing(facts, count)[0]


async def _counted_for(session: AsyncSession, label: str) -> Period:
    """Return the period, or the whole time of a call, that a label names."""
    call = calls.call_in(label)
    return await period_of(session, label) if call is None else calls.period_of(call)


def _stale_of(period: Period, marks: Mapping[PeriodKey, Mapping[str, CountMark]], changes: Changes) -> list[Definition]:
    """Return the definitions to recount for a period, or for a call, for which some are not counted at all."""
    stale = _stale(marks.get((period.label, period.start, period.end), {}), changes, clock.now())
    return stale if calls.call_in(period.label) is None else [each for each in stale if each in calls.BY_CALL]


async def stale_periods(session: AsyncSession) -> list[str]:
    """Return the periods of a large programme with a moving figure to recount; none for a small one."""
    changes = await facts_store.changes(session)
    if _size(changes, USED) <= AT_ONCE or (span := await facts_store.span(session)) is None:
        return []
    fixed = {each.period.label for each in await periods_store.approvals(session) if each.fixed}
    today = clock.today()
    labels = [periods.PROGRAMME, *periods.labels(min(span[0], today), today)]
    labels += [
        calls.period_of(call).label for call in (calls.ALL, *(str(id_) for id_, _ in await cases_views.calls(session)))
    ]
    marks = await store.marks(session)
    return [
        label
        for label in labels
        if label not in fixed and _stale_of(await _counted_for(session, label), marks, changes)
    ]


async def period_of(session: AsyncSession, label: str) -> Period:
    """Return the period with that label; the programme as a whole goes from its first fact to its last.

    Raises `periods.UnknownPeriod`.
    """
    if label != periods.PROGRAMME:
        return periods.parse(label)
    return periods.programme(*await days_of_facts(session))
