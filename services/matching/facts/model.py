"""The weeks and periods in which offers, officers and mentors can take part, from the terms of contracts."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from services.matching.engine.problem import weeks as exchange_weeks
from services.matching.engine.problem.weeks import WEEK, Period
from shared.contracts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from shared.contracts.base import DatePeriod
    from shared.contracts.calls import CallTerms
    from shared.contracts.offers import OfferTerms


P = TypeVar("P", bound=Part)


def readable(part: type[P], documents: Mapping[UUID, Any]) -> dict[UUID, P]:
    """Return those rows that keep the contract's part, by id."""
    found: dict[UUID, P] = {}
    for id_, document in documents.items():
        with suppress(ValidationError):
            found[id_] = part.model_validate(document)
    return found


@lru_cache(maxsize=65_536)
def weeks_of(periods: tuple[Period, ...], blackouts: tuple[Period, ...] = (), days: int = 2) -> frozenset[date]:
    """Return the engine's exchange weeks.

    Remembered, since a live matching asks for the same periods after every event.
    """
    return exchange_weeks.weeks_of(periods, blackouts=blackouts, days=days)


def spans(periods: Iterable[DatePeriod]) -> tuple[Period, ...]:
    """Return periods of a contract as the engine's; one that ends before it begins is left out."""
    return tuple(Period(period.start, period.end) for period in periods if period.start <= period.end)


def hosting_periods(offer: OfferTerms, terms: CallTerms) -> tuple[Period, ...]:
    """Return when an offer can have guests: its own periods within those of the call."""
    return tuple(part for own in offer.periods for part in _within(own.start, own.end, terms))


def weekly_places(offer: OfferTerms, terms: CallTerms, day: date | None = None) -> dict[date, int]:
    """Return places by week (its Monday) in which the offer can have a guest, if confirmed on `day` with notice."""
    earliest = date.min if day is None else day + terms.timers.notice_weeks * WEEK
    places: dict[date, int] = {}
    for own in offer.periods:
        parts = _within(max(own.start, earliest), own.end, terms)
        for week in weeks_of(tuple(parts), (), min(terms.minimum_days, offer.days)):
            places[week] = max(places.get(week, 0), own.places_per_week)
    return places


def _within(first: date, last: date, terms: CallTerms) -> list[Period]:
    """Return the parts of a period that lie in the call's periods for visits; all of it if the call names none."""
    frames = spans(terms.visit_periods) or (Period(first, last),) if first <= last else ()
    return [
        Period(max(first, frame.first), min(last, frame.last))
        for frame in frames
        if max(first, frame.first) <= min(last, frame.last)
    ]
