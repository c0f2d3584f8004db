"""Define the input indicators: applications received, and placements published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import Definition, Measure, Unit
from shared.contracts import applications, offers
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.facts.model.book import Book
    from services.reporting.periods.model.periods import Period


def _received(book: Book, period: Period) -> Iterator[Unit]:
    for fact in book.first(applications.ApplicationSubmitted.type):
        if fact.day not in period or fact.subject in book.voided:
            continue
        dimensions = {
            "country-of-service": fact.values["country"],
            "sex": book.sex(fact.subject),
            "priority-topic": fact.values["topic"],
        }
        yield Unit(fact.subject, (fact.id,), dimensions=dimensions, placed_by=book.sex_given_by(fact.subject))


def _published(book: Book, period: Period) -> Iterator[Unit]:
    for fact in book.first(offers.OfferPublished.type):
        if fact.day in period and fact.subject not in book.voided:
            dimensions = {"host-country": fact.values["country"], "priority-topic": fact.values["topic"]}
            yield Unit(fact.subject, (fact.id,), dimensions=dimensions)


DEFINITIONS = (
    Definition(
        id="TOPCOP-IN-01",
        level="input",
        title=N_("Applications received"),
        measure=Measure.COUNT,
        numerator=N_(
            "Applications that were submitted for the first time in the period, those entered in error left out. The "
            "topic is the first that the officer named."
        ),
        sources=("ApplicationSubmitted", "ApplicationVoided", "CountingKeyAssigned"),
        units=_received,
        dimensions=("country-of-service", "sex", "priority-topic"),
        additive=True,
        unit_of=N_("applications"),
    ),
    Definition(
        id="TOPCOP-IN-02",
        level="input",
        title=N_("Offers of a host place published"),
        measure=Measure.COUNT,
        numerator=N_(
            "Offers that were published for the first time in the period, whatever became of them later, those entered "
            "in error left out. The topic is the first that the host named."
        ),
        sources=("OfferPublished", "OfferVoided"),
        version=2,
        units=_published,
        dimensions=("host-country", "priority-topic"),
        additive=True,
        unit_of=N_("offers"),
    ),
)
