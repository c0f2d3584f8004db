"""Define the process indicators: decisions, their duration, places that are filled, visits that fall through."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import Definition, Measure, Unit
from shared.contracts import applications, matches, offers, visits
from shared.contracts.codes import Outcome
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.facts.model.book import Book
    from services.reporting.facts.model.facts import Fact
    from services.reporting.periods.model.periods import Period

_MONDAY_TO_SUNDAY = 7


def _decisions(book: Book, period: Period) -> Iterator[Fact]:
    for fact in book.first(applications.ApplicationDecided.type):
        if fact.day in period and fact.subject not in book.voided:
            yield fact


def _positive(book: Book, period: Period) -> Iterator[Unit]:
    for fact in _decisions(book, period):
        yield Unit(
            fact.subject,
            (fact.id,),
            holds=fact.values["outcome"] == Outcome.PLACE_CONFIRMED,
            dimensions={"country-of-service": fact.values["country"], "sex": book.sex(fact.subject)},
            placed_by=book.sex_given_by(fact.subject),
        )


def _days_to_decide(book: Book, period: Period) -> Iterator[Unit]:
    for fact in _decisions(book, period):
        days = (fact.day - date.fromisoformat(fact.values["submitted_on"])).days
        yield Unit(fact.subject, (fact.id,), amount=Decimal(days))


def planned(book: Book) -> dict[str, Fact]:
    """Return the newest plan of each visit that was scheduled and not entered in error, by visit."""
    return book.once("planned", lambda: _planned(book))


def _planned(book: Book) -> dict[str, Fact]:
    plans = {}
    for subject in book.subjects(visits.VisitScheduled.type):
        if subject not in book.voided:
            plans[subject] = book.of(subject, visits.VisitScheduled.type, visits.VisitMoved.type)[-1]
    return plans


def place_weeks(book: Book, period: Period, *, with_voided: bool = False) -> Iterator[Unit]:
    """Yield a unit for each visit that fills a place-week, and one for the rest of each offer's place-weeks."""
    matched: dict[str, int] = {}
    for subject, plan in planned(book).items():
        offer, match = plan.values["offer"], plan.values["match"]
        confirmed = book.of(match, matches.MatchConfirmed.type)
        if offer is None or not confirmed or book.of(match, matches.MatchCancelled.type) or plan.day not in period:
            continue
        matched[offer] = matched.get(offer, 0) + 1
        dimensions = {"host-country": plan.values["host_country"]}
        yield Unit(subject, (plan.id, confirmed[0].id), dimensions=dimensions)
    for offer in sorted({*book.subjects(offers.OfferPublished.type)}):
        terms = book.terms(offer)
        if terms is None or (offer in book.voided and not with_voided):
            continue
        withdrawn = bool(book.of(offer, offers.OfferWithdrawn.type))
        free = (0 if withdrawn else _weeks(terms, period)) - matched.get(offer, 0)
        if free > 0:
            dimensions = {"host-country": terms.values["country"]}
            yield Unit(offer, (terms.id,), holds=False, amount=Decimal(free), dimensions=dimensions)


def _weeks(terms: Fact, period: Period) -> int:
    """Return the place-weeks of an offer whose Monday lies in the period; never more than the offer has places."""
    count = 0
    for start, end, places in terms.values["periods"]:
        first, last = max(date.fromisoformat(start), period.start), min(date.fromisoformat(end), period.end)
        monday = first + timedelta(days=-first.weekday() % _MONDAY_TO_SUNDAY)
        if monday <= last:
            count += ((last - monday).days // _MONDAY_TO_SUNDAY + 1) * places
    return min(count, int(terms.values["places"]))


def _fell_through(book: Book, period: Period) -> Iterator[Unit]:
    for subject, plan in planned(book).items():
        if plan.day not in period:
            continue
        ends = book.of(subject, visits.VisitCancelled.type, visits.VisitNoShow.type)
        reason = (ends[-1].values.get("reason") or "no_show") if ends else None
        yield Unit(
            subject,
            (plan.id, *(end.id for end in ends)),
            holds=bool(ends),
            dimensions={"host-country": plan.values["host_country"], "reason": reason},
        )


DEFINITIONS = (
    Definition(
        id="TOPCOP-PR-01",
        level="process",
        title=N_("Share of applications decided positively"),
        measure=Measure.SHARE,
        numerator=N_("Applications whose first final outcome in the period is a confirmed place."),
        denominator=N_("Applications with any first final outcome in the period, those entered in error left out."),
        sources=("ApplicationDecided", "ApplicationVoided", "CountingKeyAssigned"),
        units=_positive,
        dimensions=("country-of-service", "sex"),
        minimum=10,
    ),
    Definition(
        id="TOPCOP-PR-02",
        level="process",
        title=N_("Median calendar days from submission to decision"),
        measure=Measure.MEDIAN,
        numerator=N_("The middle one of the numbers of days between first submission and first final outcome."),
        denominator=N_("Applications with a first final outcome in the period."),
        sources=("ApplicationDecided", "ApplicationVoided"),
        units=_days_to_decide,
        minimum=10,
        unit_of=N_("days"),
    ),
    Definition(
        id="TOPCOP-PR-03",
        level="process",
        title=N_("Share of offered places that were matched"),
        measure=Measure.SHARE,
        numerator=N_("Visits under a confirmed match whose planned start lies in the period: each fills a place-week."),
        denominator=N_(
            "Place-weeks on offer whose Monday lies in the period, after revisions; of an offer never more than it has "
            "places, of a withdrawn one only those that are filled, and none of one that was entered in error. One "
            "that was closed counts as it was offered."
        ),
        sources=(
            "OfferPublished",
            "OfferRevised",
            "OfferWithdrawn",
            "OfferVoided",
            "MatchConfirmed",
            "MatchCancelled",
            "VisitScheduled",
            "VisitMoved",
            "VisitVoided",
            "ApplicationVoided",
        ),
        units=place_weeks,
        dimensions=("host-country",),
        minimum=10,
        version=2,
    ),
    Definition(
        id="TOPCOP-PR-04",
        level="process",
        title=N_("Share of confirmed visits cancelled or no-show"),
        measure=Measure.SHARE,
        numerator=N_("Visits that were cancelled or to which the guest did not come."),
        denominator=N_("Visits whose planned start, after moves, lies in the period."),
        sources=("VisitScheduled", "VisitMoved", "VisitCancelled", "VisitNoShow", "VisitVoided", "ApplicationVoided"),
        units=_fell_through,
        dimensions=("host-country", "reason"),
        whole=("reason",),
        minimum=10,
    ),
)
