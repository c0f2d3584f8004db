"""Keep earlier versions of definitions: figures published under them are counted by them for good.

`tandem figures verify` recomputes with them what was published under them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.reporting.indicators.model import input as inputs
from services.reporting.indicators.model import outcome, output, process
from services.reporting.indicators.model.figure import Unit
from shared.contracts import offers
from shared.contracts.codes import Sex
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.facts.model.book import Book
    from services.reporting.indicators.model.figure import Definition
    from services.reporting.periods.model.periods import Period

_ALL = (*inputs.DEFINITIONS, *process.DEFINITIONS, *output.DEFINITIONS, *outcome.DEFINITIONS)
_NOW = {each.id: each for each in _ALL}


def _published_1(book: Book, period: Period) -> Iterator[Unit]:
    """IN-02, version 1: offers entered in error counted too."""
    for fact in book.first(offers.OfferPublished.type):
        if fact.day in period:
            dimensions = {"host-country": fact.values["country"], "priority-topic": fact.values["topic"]}
            yield Unit(fact.subject, (fact.id,), dimensions=dimensions)


def _place_weeks_1(book: Book, period: Period) -> Iterator[Unit]:
    """PR-03, version 1: the place-weeks of offers entered in error counted too."""
    return process.place_weeks(book, period, with_voided=True)


def _officials_1(book: Book, period: Period) -> Iterator[Unit]:
    """OP-01, version 1: a person counted with the sex given in each application."""
    for fact in book.completed:
        if fact.day not in period:
            continue
        application = fact.values["application"]
        key = book.counted_as(application)
        yield Unit(
            key.values["key"] if key else application,
            (fact.id, key.id) if key else (fact.id,),
            dimensions={
                "country-of-service": fact.values["country"],
                "sex": book.sex(application),
                "rank-group": fact.values["rank_group"],
                "priority-topic": fact.values["topic"],
            },
        )


def _women_1(book: Book, period: Period) -> Iterator[Unit]:
    """OP-06, version 1: the same."""
    for unit in _officials_1(book, period):
        if (sex := unit.dimensions["sex"]) is not None:
            yield Unit(unit.key, unit.events, holds=sex == Sex.FEMALE)


def _reached_1(book: Book, period: Period) -> Iterator[Unit]:
    """OC-05, version 1: a confirmed session counted with the number that the officer had reported."""
    return outcome.reached(book, period, as_reported=True)


DEFINITIONS: tuple[Definition, ...] = (
    replace(
        _NOW["TOPCOP-IN-02"],
        version=1,
        numerator=N_(
            "Offers that were published for the first time in the period, whatever became of them later. The topic is "
            "the first that the host named."
        ),
        sources=("OfferPublished",),
        units=_published_1,
    ),
    replace(
        _NOW["TOPCOP-PR-03"],
        version=1,
        denominator=N_(
            "Place-weeks on offer whose Monday lies in the period, after revisions; of an offer never more than it has "
            "places, and of a withdrawn one only those that are filled."
        ),
        sources=tuple(type_ for type_ in _NOW["TOPCOP-PR-03"].sources if type_ != offers.OfferVoided.type),
        units=_place_weeks_1,
    ),
    replace(
        _NOW["TOPCOP-OP-01"],
        version=1,
        numerator=N_(
            "Different people who attended all required days of a visit that ended in the period. A person is counted "
            "once, however many visits there were."
        ),
        units=_officials_1,
    ),
    replace(
        _NOW["TOPCOP-OP-06"],
        version=1,
        denominator=N_("Officials who completed a visit in the period and said their sex."),
        units=_women_1,
    ),
    replace(
        _NOW["TOPCOP-OC-05"],
        version=1,
        numerator=N_("People who attended cascade sessions held in the period that a line manager has confirmed."),
        units=_reached_1,
    ),
)
