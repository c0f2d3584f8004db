"""Recompute published figures from the events, and report those that differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.facts.model.book import Book
from services.reporting.facts.model.facts import FREEZES, frozen_by
from services.reporting.figures.model.sketch import Sketch, TooMany
from services.reporting.groupings.model import EACH_VALUE
from services.reporting.indicators.model.catalogue import UnknownVersion, definition
from services.reporting.indicators.model.figure import compute, written
from services.reporting.periods.model.periods import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from services.reporting.facts.model.facts import Fact
    from services.reporting.groupings.model import Levels
    from services.reporting.indicators.model.figure import Cell, Figure
    from shared.contracts.figures import Figure as FigurePayload
    from shared.contracts.periods import CountedEvents


@dataclass(frozen=True, slots=True)
class CheckedFigure:
    """One published number: which it is, and what differs; nothing if it follows from the events.

    `hidden` is a number that was not shown: it cannot be compared. `cut_off` is that of its statement, `computed` the
    value that the events give.
    """

    name: str
    differences: tuple[str, ...] = ()
    hidden: bool = False
    cut_off: datetime | None = None
    computed: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """The events of a statement of a period, compared with all that there are.

    `late` happened before the cut-off and were read after the figures were counted; `lost` were counted and are missing
    now; `untold`: they differ in more events than the sketch can name. `idle` are those of `late` that freeze or
    publish a period and move no number: reporting wrote them itself, and they were on their way back to it.
    """

    period: str
    cut_off: datetime
    late: frozenset[UUID] = frozenset()
    lost: frozenset[UUID] = frozenset()
    untold: bool = False
    idle: frozenset[UUID] = frozenset()

    @property
    def missed(self) -> frozenset[UUID]:
        """The late events that a restatement would take in."""
        return self.late - self.idle

    @property
    def whole(self) -> bool:
        """Return whether the statement was counted from all events that move a number, and from no other."""
        return not (self.missed or self.lost or self.untold)


def statement(facts: Iterable[Fact], period: str, counted: CountedEvents) -> Statement:
    """Return which of all facts a statement was not counted from, and which counted events are missing among them."""
    known: list[Fact] = []
    others: list[Fact] = []
    for fact in facts:
        if fact.occurred_at <= counted.cut_off:
            (known if fact.type in counted.types else others).append(fact)
    about_frozen = _after_freeze(others, known)
    ids = [fact.id for fact in (*known, *about_frozen)]
    try:
        late, lost = Sketch.of(ids).difference(Sketch.read(counted.sketch))
    except (TooMany, ValueError):
        return Statement(period, counted.cut_off, untold=True)
    own = frozenset(fact.id for fact in known if fact.type in FREEZES and fact.id in late)
    if own:
        movable = [fact for fact in (*known, *others) if fact.type not in FREEZES]
        before = [fact for fact in known if fact.id not in own]
        own = own if _after_freeze(movable, known) == _after_freeze(movable, before) else frozenset()
    return Statement(period, counted.cut_off, late, lost, idle=own)


def _after_freeze(facts: Iterable[Fact], said: Iterable[Fact]) -> list[Fact]:
    """Return the facts about a period that had been frozen before them, as the facts in `said` have it."""
    frozen = frozen_by(said)
    return [
        fact
        for fact in facts
        if any(each.start <= fact.day <= each.end and fact.occurred_at > each.at for each in frozen)
    ]


def recount(
    facts: Iterable[Fact],
    published: Iterable[FigurePayload],
    statements: Iterable[Statement] = (),
    levels: Levels = EACH_VALUE,
) -> Iterator[CheckedFigure]:
    """Yield each published number, recomputed under its definition's version from the facts that its statement had.

    If no statement says which these were, all facts up to the cut-off are taken. `levels` are the chosen groupings:
    they do not change once figures are published.
    """
    all_facts = list(facts)
    late = {(each.period, each.cut_off): each.late for each in statements}
    by_statement: dict[tuple[datetime, str], list[FigurePayload]] = {}
    for payload in published:
        by_statement.setdefault((payload.cut_off, payload.period), []).append(payload)
    for (cut_off, period), of_statement in sorted(by_statement.items()):
        left_out = late.get((period, cut_off), frozenset())
        book = Book((fact for fact in all_facts if fact.id not in left_out), cut_off, levels=levels)
        made: dict[tuple[str, int], Figure] = {}
        for payload in sorted(of_statement, key=name_of):
            key = payload.indicator, payload.definition_version
            try:
                if key not in made:
                    made[key] = compute(definition(*key), book, parse(period))
            except UnknownVersion as unknown:
                yield CheckedFigure(name_of(payload), (f"the definition {unknown} is not known here",))
                continue
            yield _checked(payload, made[key])


def name_of(payload: FigurePayload) -> str:
    """Return the name of a published number: indicator, period, and its part if it is one."""
    parts = [f"{each.name}={each.value}" for each in payload.dimensions]
    return "/".join((payload.indicator, payload.period, *parts))


def _checked(payload: FigurePayload, figure: Figure) -> CheckedFigure:
    name = name_of(payload)
    if payload.suppressed:
        return CheckedFigure(name, hidden=True, cut_off=payload.cut_off)
    cell = _cell(payload, figure)
    if cell is None:
        return CheckedFigure(name, ("no event belongs to this part",))
    parts = (  # without a value neither was published
        ("numerator", payload.numerator, _text(cell.numerator)),
        ("denominator", payload.denominator, _text(cell.denominator)),
    )
    pairs = (
        ("value", payload.value, _text(cell.value)),
        *(parts if payload.value is not None else ()),
        *((("events", str(payload.events), str(cell.count)),) if payload.events else ()),  # not told for each number
        ("digest of the events", payload.events_digest, cell.digest),
    )
    return CheckedFigure(
        name,
        tuple(
            f"{what}: published {'none' if value is None else value}, computed {'none' if found is None else found}"
            for what, value, found in pairs
            if value != found
        ),
        cut_off=payload.cut_off,
        computed=_text(cell.value),
    )


def _cell(payload: FigurePayload, figure: Figure) -> Cell | None:
    if not payload.dimensions:
        return figure.total
    if len(payload.dimensions) > 1:
        return None
    (dimension,) = payload.dimensions
    return figure.breakdowns.get(dimension.name, {}).get(dimension.value)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else written(value)
