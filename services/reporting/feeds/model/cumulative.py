"""Add up published figures since the baseline, and share the programme out among the countries that it reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.indicators.model.figure import Measure
from shared.contracts.codes import MEMBER_STATES, PARTNERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Definition

DELIVERED = "TOPCOP-OP-02"
"""The figure by which countries are weighed: visits completed."""
_BY = "country-of-service"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cumulative:
    """Published figures that follow each other without a gap, added up: from `start` to `end`, both included."""

    start: date
    end: date
    value: Decimal
    periods: tuple[str, ...]


def can_be_added(definition: Definition) -> bool:
    """Return whether an indicator's figures of periods that follow each other can be added up."""
    return definition.additive and definition.measure in {Measure.COUNT, Measure.SUM}


def cumulative(definition: Definition, end: date, since: date, published: Sequence[Released]) -> Cumulative | None:
    """Return the sum of an indicator's published figures up to `end`, from as early as they reach without a gap.

    No period that begins before `since` counts, nor one whose total is hidden or was counted under another version.
    None if no such period ends on that day.
    """
    if not can_be_added(definition):
        return None
    usable = [
        each
        for each in published
        if (each.definition.id, each.definition.version) == (definition.id, definition.version)
        and each.total.value is not None
        and each.period.start >= since
    ]
    chain = _chain(end, usable)
    if not chain:
        return None
    total = sum((each.total.value for each in chain if each.total.value is not None), Decimal())
    return Cumulative(chain[0].period.start, end, total, tuple(each.period.label for each in chain))


def _chain(end: date, usable: Sequence[Released]) -> list[Released]:
    """Return periods without a gap that end on a day, the first one first: those that reach back furthest.

    Of those that reach as far it is the fewest.
    """
    chains = [
        [*_chain(each.period.start - _DAY, usable), each]
        for each in sorted(usable, key=lambda each: each.period.label)
        if each.period.end == end
    ]
    return min(chains, key=lambda chain: (chain[0].period.start, len(chain)), default=[])


def all_shown(published: Sequence[Released], since: date) -> list[Released]:
    """Return published figures of one indicator that share no day, from the last day backwards without hidden ones."""
    chosen: list[Released] = []
    before = date.max
    for each in sorted(published, key=lambda each: (each.period.end, -each.period.start.toordinal()), reverse=True):
        if each.total.value is not None and each.period.end < before and each.period.start >= since:
            chosen.append(each)
            before = each.period.start
    return chosen


@dataclass(frozen=True, slots=True)
class CountryShares:
    """The share of each partner country in per cent; `rest` is that of countries that are not told."""

    countries: Mapping[str, Decimal]
    rest: Decimal


def country_shares(published: Sequence[Released], since: date) -> CountryShares:
    """Return the shares of the partner countries in the visits that their officers completed, of published figures.

    Officers of Member States get nothing of it. What is hidden, or not said, is in the rest; so is everything before
    the first visit.
    """
    visits: dict[str, Decimal] = {}
    total = Decimal()
    for figure in all_shown([each for each in published if each.definition.id == DELIVERED], since):
        assert figure.total.value is not None
        total += figure.total.value
        for country, cell in figure.breakdowns.get(_BY, {}).items():
            if country != ROLLED_UP and cell.value is not None:
                visits[country] = visits.get(country, Decimal()) + cell.value
    total -= sum((number for country, number in visits.items() if country in MEMBER_STATES), Decimal())
    partners = {country: visits[country] for country in sorted(visits) if country in PARTNERS and visits[country] > 0}
    if total <= 0:
        return CountryShares({}, Decimal(100))
    shares = {country: (100 * number / total).quantize(Decimal("0.01")) for country, number in partners.items()}
    rest = 100 - sum(shares.values(), Decimal())
    if shares and (rest <= 0 or sum(partners.values(), Decimal()) == total):
        largest = max(shares, key=lambda country: (shares[country], country))
        shares[largest] += rest  # rounding leaves a hundredth or two
        rest = Decimal()
    return CountryShares(shares, rest)
