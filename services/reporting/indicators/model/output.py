"""Define the output indicators: officials, visits, days, hosts, mentors and mentorships."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import Definition, Measure, Unit
from shared.contracts import mentorships, participation, visits
from shared.contracts.codes import Sex
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.facts.model.book import Book
    from services.reporting.facts.model.facts import Fact
    from services.reporting.periods.model.periods import Period

SESSIONS = 3
"""The number of confirmed sessions from which a pair counts (indicators.csv, OP-04: an inference)."""


def _officials(book: Book, period: Period) -> list[Unit]:
    """Return a unit for each completed visit, keyed by person, who is one official even with two visits."""
    return book.once(("officials", period), lambda: list(_by_person(book, period)))


def _by_person(book: Book, period: Period) -> Iterator[Unit]:
    for fact in book.completed:
        if fact.day not in period:
            continue
        application = fact.values["application"]
        counted = book.counted_as(application)
        key = counted.values["key"] if counted else application
        person = book.persons.get(key)
        yield Unit(
            key,
            (fact.id, counted.id) if counted else (fact.id,),
            dimensions={
                "country-of-service": fact.values["country"],
                "sex": person.values.get("sex") if person else None,
                "rank-group": fact.values["rank_group"],
                "priority-topic": fact.values["topic"],
            },
            placed_by={"sex": (person.id,)} if person else {},
        )


def _participations(book: Book, period: Period) -> Iterator[Unit]:
    for fact in book.completed:
        if fact.day in period:
            yield Unit(
                fact.subject,
                (fact.id,),
                dimensions={
                    "country-of-service": fact.values["country"],
                    "sex": book.sex(fact.values["application"]),
                    "host-country": fact.values["host_country"],
                    "priority-topic": fact.values["topic"],
                },
                placed_by=book.sex_given_by(fact.values["application"]),
            )


def days(book: Book, period: Period) -> list[Unit]:
    """Return the days attended of each visit that is over, early returns included."""
    return book.once(("days", period), lambda: list(_days(book, period)))


def _days(book: Book, period: Period) -> Iterator[Unit]:
    for subject in book.subjects(visits.VisitEnded.type, visits.VisitCompleted.type):
        fact = book.of(subject, visits.VisitEnded.type, visits.VisitCompleted.type)[-1]
        if fact.day in period and subject not in book.voided:
            dimensions = {"host-country": fact.values["host_country"], "country-of-service": fact.values["country"]}
            yield Unit(subject, (fact.id,), amount=Decimal(fact.values["attended"]), dimensions=dimensions)


def _opened(book: Book) -> dict[str, Fact]:
    types = (mentorships.MentorshipOpened.type, mentorships.MentorshipStarted.type)
    return {subject: book.of(subject, *types)[0] for subject in book.subjects(*types)}


def _pairs_that_met(book: Book, period: Period) -> Iterator[Unit]:
    opened = _opened(book)
    sessions: dict[str, dict[str, Fact]] = {}
    for fact in book.all(participation.SessionConfirmed.type):
        if fact.day <= period.end:
            sessions.setdefault(fact.values["mentorship"], {}).setdefault(fact.values["session"], fact)
    for mentorship, confirmed in sorted(sessions.items()):
        if len(confirmed) < SESSIONS or mentorship not in opened or mentorship in book.voided:
            continue
        fact = opened[mentorship]
        yield Unit(
            mentorship,
            (fact.id, *(session.id for session in confirmed.values())),
            dimensions={"country-of-service": fact.values["country"], "priority-topic": fact.values["topic"]},
        )


def _hosts(book: Book, period: Period) -> Iterator[Unit]:
    for fact in book.completed:
        if fact.day in period:
            dimensions = {"host-country": fact.values["host_country"]}
            yield Unit(fact.values["host"], (fact.id,), dimensions=dimensions)


def _women(book: Book, period: Period) -> Iterator[Unit]:
    for unit in _officials(book, period):
        if (sex := unit.dimensions["sex"]) is not None:
            given_by = unit.placed_by["sex"]
            yield Unit(unit.key, (*unit.events, *given_by), holds=sex == Sex.FEMALE)


def _mentors(book: Book, period: Period) -> Iterator[Unit]:
    """Yield a unit for each mentorship that runs at the end of the period, keyed by the mentor."""
    for fact in book.first(mentorships.MentorshipStarted.type):
        ends = book.of(fact.subject, mentorships.MentorshipCompleted.type, mentorships.MentorshipEndedEarly.type)
        runs = fact.day <= period.end and not any(end.day <= period.end for end in ends)
        if runs and fact.subject not in book.voided:
            yield Unit(
                fact.values["mentor"],
                (fact.id,),
                dimensions={"country-of-service": fact.values["country"], "priority-topic": fact.values["topic"]},
            )


def _mentorships_completed(book: Book, period: Period) -> Iterator[Unit]:
    for fact in book.first(mentorships.MentorshipCompleted.type):
        if fact.day in period and fact.subject not in book.voided:
            yield Unit(
                fact.subject,
                (fact.id,),
                dimensions={
                    "country-of-service": fact.values["country"],
                    "sex": book.sex(fact.values["application"]),
                    "priority-topic": fact.values["topic"],
                },
                placed_by=book.sex_given_by(fact.values["application"]),
            )


_COMPLETED = ("VisitCompleted", "VisitVoided", "ApplicationVoided")

DEFINITIONS = (
    Definition(
        id="TOPCOP-OP-01",
        level="output",
        title=N_("Unique officials who completed an exchange visit"),
        measure=Measure.COUNT,
        numerator=N_(
            "Different people who attended all required days of a visit that ended in the period. A person is counted "
            "once, however many visits there were, with the sex that was said last."
        ),
        sources=(*_COMPLETED, "CountingKeyAssigned"),
        version=2,
        units=_officials,
        dimensions=("country-of-service", "sex", "rank-group", "priority-topic"),
        unit_of=N_("officials"),
    ),
    Definition(
        id="TOPCOP-OP-02",
        level="output",
        title=N_("Exchange participations completed (person-visits)"),
        measure=Measure.COUNT,
        numerator=N_("Visits that ended in the period with all required days attended."),
        sources=(*_COMPLETED, "CountingKeyAssigned"),
        units=_participations,
        dimensions=("country-of-service", "sex", "host-country", "priority-topic"),
        additive=True,
        unit_of=N_("visits"),
    ),
    Definition(
        id="TOPCOP-OP-03",
        level="output",
        title=N_("Person-days of exchange delivered"),
        measure=Measure.SUM,
        numerator=N_("Days attended in visits that ended in the period; those that ended early count with their days."),
        sources=("VisitEnded", *_COMPLETED),
        units=days,
        dimensions=("host-country",),
        additive=True,
        unit_of=N_("person-days"),
    ),
    Definition(
        id="TOPCOP-OP-04",
        level="output",
        title=N_("Mentoring pairs that held at least 3 sessions"),
        measure=Measure.COUNT,
        numerator=N_("Mentorships with three or more sessions, confirmed by the other side, held by the period's end."),
        sources=("MentorshipOpened", "MentorshipStarted", "SessionConfirmed", "ApplicationVoided"),
        units=_pairs_that_met,
        dimensions=("country-of-service", "priority-topic"),
        unit_of=N_("pairs"),
        at_end=True,
        grows=True,
    ),
    Definition(
        id="TOPCOP-OP-05",
        level="output",
        title=N_("Host institutions that received at least one visit"),
        measure=Measure.COUNT,
        numerator=N_("Different host organisations with a completed visit that ended in the period."),
        sources=_COMPLETED,
        units=_hosts,
        dimensions=("host-country",),
        unit_of=N_("institutions"),
    ),
    Definition(
        id="TOPCOP-OP-06",
        level="output",
        title=N_("Share of women among officials who completed a visit"),
        measure=Measure.SHARE,
        numerator=N_("Women among the officials who completed a visit in the period."),
        denominator=N_("Officials who completed a visit in the period and said their sex; what was said last counts."),
        sources=(*_COMPLETED, "CountingKeyAssigned"),
        version=2,
        units=_women,
        minimum=10,
    ),
    Definition(
        id="TOPCOP-OP-07",
        level="output",
        title=N_("Active mentors"),
        measure=Measure.COUNT,
        numerator=N_(
            "Different mentors with a mentorship that had started by the period's end and had not ended by then."
        ),
        sources=("MentorshipStarted", "MentorshipCompleted", "MentorshipEndedEarly", "ApplicationVoided"),
        units=_mentors,
        dimensions=("country-of-service", "priority-topic"),
        unit_of=N_("mentors"),
        at_end=True,
    ),
    Definition(
        id="TOPCOP-OP-08",
        level="output",
        title=N_("Mentorships completed"),
        measure=Measure.COUNT,
        numerator=N_("Mentorships that were completed in the period."),
        sources=("MentorshipCompleted", "ApplicationVoided", "CountingKeyAssigned"),
        units=_mentorships_completed,
        dimensions=("country-of-service", "sex", "priority-topic"),
        additive=True,
        unit_of=N_("mentorships"),
    ),
)
