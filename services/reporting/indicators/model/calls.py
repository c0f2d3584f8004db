"""Compute the indicators of one call: the same definitions over the facts of its applications.

A fact belongs to the call of the application that it is about. Offers belong to no application, and late facts about a
frozen period to no call, so indicators that count those are left out. So are medians: disclosure control cannot tell
what the medians of some calls reveal about another.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from services.reporting.facts.model.book import Book
from services.reporting.facts.model.facts import FREEZES
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Figure, Measure, compute
from services.reporting.periods.model.periods import Period
from shared.contracts import applications, offers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from services.reporting.facts.model.facts import Fact
    from services.reporting.indicators.model.figure import Definition

DIMENSION = "call"
ALL = "all"
"""The name of all calls together where a call is named."""
PLACED = applications.ApplicationSubmitted.type
"""The type of event that says to which call an application belongs."""
_PREFIX = "call:"
_NOT_OF_A_CALL = {offers.OfferPublished.type, *FREEZES}
BY_CALL: tuple[Definition, ...] = tuple(
    each
    for each in INDICATORS.values()
    if each.measure is not Measure.MEDIAN and not _NOT_OF_A_CALL & set(each.sources)
)


def period_of(call: str) -> Period:
    """Return the whole time of a call (or of `ALL` calls) as a period, under a label that no calendar period has."""
    return Period(f"{_PREFIX}{call}", None, date(2000, 1, 1), date(2100, 12, 31))


def call_in(label: str) -> str | None:
    """Return the call that such a label names; None for a period."""
    return label.removeprefix(_PREFIX) if label.startswith(_PREFIX) else None


def shared_out(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Return the facts of each call, and of all of them together; facts that belong to no call are left out."""
    all_facts = list(facts)
    calls = {fact.subject: str(fact.values["call"]) for fact in all_facts if fact.type == PLACED}
    found: dict[str, list[Fact]] = {ALL: []}
    for fact in all_facts:
        about = (fact.values.get("application"), fact.subject, fact.story)
        call = next((calls[str(each)] for each in about if str(each) in calls), None)
        if call is not None:
            found.setdefault(call, []).append(fact)
            found[ALL].append(fact)
    return found


def count(facts: Sequence[Fact], call: str, cut_off: datetime, definitions: Iterable[Definition]) -> list[Figure]:
    """Return the figures of one call from its facts."""
    book = Book(facts, cut_off)
    return [compute(each, book, period_of(call)) for each in definitions]


def side_by_side(found: Mapping[str, Mapping[str, Figure]]) -> list[Figure]:
    """Return each indicator once, over all calls, broken down by call: as disclosure control needs it.

    `found` has the figures of each call, and of `ALL`, by indicator.
    """
    made = []
    for definition in BY_CALL:
        whole = found.get(ALL, {}).get(definition.id)
        if whole is None:
            continue
        cells = {
            call: figures[definition.id].total
            for call, figures in sorted(found.items())
            if call != ALL and definition.id in figures and figures[definition.id].total.contributors
        }
        made.append(Figure(definition, whole.period, whole.cut_off, whole.total, {DIMENSION: cells}))
    return made
