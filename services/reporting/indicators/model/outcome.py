"""Define the outcome indicators: satisfaction, learning, use, cascade, goals (Kirkpatrick's levels 1 to 4)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import Definition, Measure, Unit
from shared.contracts import mentorships, outcomes
from shared.contracts.codes import Applied, FollowUpBy, Respondent, TestPhase
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from services.reporting.facts.model.book import Book
    from services.reporting.facts.model.facts import Fact
    from services.reporting.periods.model.periods import Period

SATISFIED = 4
"""The overall score, of 5, from which a participant counts as satisfied."""


def evaluations(book: Book, respondent: Respondent) -> list[Fact]:
    """Return the first evaluation of each visit or mentorship by one respondent, without those entered in error."""
    return book.once(("evaluations", respondent), lambda: list(_evaluations(book, respondent)))


def _evaluations(book: Book, respondent: Respondent) -> Iterator[Fact]:
    for subject in book.subjects(outcomes.EvaluationSubmitted.type):
        of = (f for f in book.of(subject, outcomes.EvaluationSubmitted.type) if f.values["respondent"] == respondent)
        if subject not in book.voided and (fact := next(of, None)) is not None:
            yield fact


def _satisfied(book: Book, period: Period) -> Iterator[Unit]:
    for fact in evaluations(book, Respondent.GUEST):
        if fact.day in period:
            yield Unit(fact.subject, (fact.id,), holds=fact.values["overall"] >= SATISFIED)


def _learnt(book: Book, period: Period) -> Iterator[Unit]:
    for subject in book.subjects(outcomes.TestScored.type):
        tests = {fact.values["phase"]: fact for fact in book.of(subject, outcomes.TestScored.type)}
        pre, post = tests.get(TestPhase.PRE), tests.get(TestPhase.POST)
        if pre is None or post is None or post.day not in period or subject in book.voided:
            continue
        better = post.values["score"] * pre.values["maximum"] > pre.values["score"] * post.values["maximum"]
        application = post.values["application"]
        yield Unit(
            subject,
            (pre.id, post.id),
            holds=better,
            dimensions={"sex": book.sex(application)},
            placed_by=book.sex_given_by(application),
        )


def follow_ups(book: Book, by: FollowUpBy) -> list[Fact]:
    """Return the first answer in the window to each follow-up, by the officer or the line manager."""
    return book.once(("follow-ups", by), lambda: list(_follow_ups(book, by)))


def _follow_ups(book: Book, by: FollowUpBy) -> Iterator[Fact]:
    for subject in book.subjects(outcomes.FollowUpSubmitted.type):
        answers = (
            fact
            for fact in book.of(subject, outcomes.FollowUpSubmitted.type)
            if fact.values["by"] == by and fact.values["in_window"]
        )
        if subject not in book.voided and (fact := next(answers, None)) is not None:
            yield fact


def _applied(by: FollowUpBy) -> Callable[[Book, Period], Iterable[Unit]]:
    def units(book: Book, period: Period) -> Iterator[Unit]:
        for fact in follow_ups(book, by):
            if fact.day in period:
                yield Unit(fact.subject, (fact.id,), holds=fact.values["applied"] == Applied.YES)

    return units


def reached(book: Book, period: Period, *, as_reported: bool = False) -> Iterator[Unit]:
    """Yield confirmed cascade sessions, with the number that the line manager gave, or `as_reported`."""
    confirmed = {fact.values["cascade"]: fact for fact in book.all(outcomes.CascadeConfirmed.type)}
    delivered = {fact.values["cascade"]: fact for fact in book.all(outcomes.CascadeDelivered.type)}
    for cascade, fact in sorted(delivered.items()):
        if cascade in confirmed and fact.day in period and fact.subject not in book.voided:
            yield Unit(
                cascade,
                (fact.id, confirmed[cascade].id),
                amount=Decimal((fact if as_reported else confirmed[cascade]).values["attendees"]),
                dimensions={"country-of-service": fact.values["country"]},
            )


def _goals_met(book: Book, period: Period) -> Iterator[Unit]:
    by_respondent = {
        respondent: {fact.subject: fact for fact in evaluations(book, respondent)}
        for respondent in (Respondent.MENTEE, Respondent.MENTOR)
    }
    for fact in book.first(mentorships.MentorshipCompleted.type):
        if fact.day not in period or fact.subject in book.voided:
            continue
        both = [answers[fact.subject] for answers in by_respondent.values() if fact.subject in answers]
        met = len(both) == len(by_respondent) and all(_all_met(each, fact.values["goals"]) for each in both)
        yield Unit(fact.subject, (fact.id, *(each.id for each in both)), holds=met)


def _all_met(evaluation: Fact, goals: int) -> bool:
    answers = evaluation.values["met_by_goal"]
    return goals > 0 and len(answers) >= goals and all(answers.values())


DEFINITIONS = (
    Definition(
        id="TOPCOP-OC-01",
        level="outcome",
        kirkpatrick=1,
        title=N_("Participants satisfied or very satisfied (4-5 of 5)"),
        measure=Measure.SHARE,
        numerator=N_("Guests' evaluations received in the period with 4 or 5 of 5 overall."),
        denominator=N_("Guests' evaluations received in the period."),
        sources=("EvaluationSubmitted", "VisitVoided", "ApplicationVoided"),
        units=_satisfied,
        minimum=10,
    ),
    Definition(
        id="TOPCOP-OC-02",
        level="outcome",
        kirkpatrick=2,
        title=N_("Participants whose post-visit test score exceeds pre-visit score"),
        measure=Measure.SHARE,
        numerator=N_("Visits with a higher share of points after than before."),
        denominator=N_("Visits with both tests, the one after the visit in the period."),
        sources=("TestScored", "VisitVoided", "ApplicationVoided", "CountingKeyAssigned"),
        units=_learnt,
        dimensions=("sex",),
        minimum=10,
    ),
    Definition(
        id="TOPCOP-OC-03",
        level="outcome",
        kirkpatrick=3,
        title=N_("Participants reporting use on the job 6 months after (self)"),
        measure=Measure.SHARE,
        numerator=N_("Officers who say six months later (thirty days more or less) that they use what they learnt."),
        denominator=N_("Officers' answers to the follow-up in that window, received in the period."),
        sources=("FollowUpSubmitted", "VisitVoided", "ApplicationVoided"),
        units=_applied(FollowUpBy.SELF),
        minimum=10,
    ),
    Definition(
        id="TOPCOP-OC-04",
        level="outcome",
        kirkpatrick=3,
        title=N_("Same confirmed by line manager"),
        measure=Measure.SHARE,
        numerator=N_("Line managers who confirm six months later (thirty days more or less) that it is used."),
        denominator=N_("Line managers' answers to the follow-up in that window, received in the period."),
        sources=("FollowUpSubmitted", "VisitVoided", "ApplicationVoided"),
        units=_applied(FollowUpBy.MANAGER),
        minimum=10,
    ),
    Definition(
        id="TOPCOP-OC-05",
        level="outcome",
        kirkpatrick=4,
        title=N_("Colleagues reached by cascade sessions"),
        measure=Measure.SUM,
        version=2,
        numerator=N_(
            "People who attended cascade sessions held in the period, as many as the line manager has confirmed."
        ),
        sources=("CascadeDelivered", "CascadeConfirmed", "VisitVoided", "ApplicationVoided"),
        units=reached,
        dimensions=("country-of-service",),
        additive=True,
        unit_of=N_("colleagues"),
    ),
    Definition(
        id="TOPCOP-OC-06",
        level="outcome",
        kirkpatrick=3,
        title=N_("Share of mentees whose goals were met"),
        measure=Measure.SHARE,
        numerator=N_("Completed mentorships of which mentee and mentor both say that every goal was met."),
        denominator=N_("Mentorships completed in the period."),
        sources=("MentorshipCompleted", "EvaluationSubmitted", "ApplicationVoided"),
        units=_goals_met,
        minimum=10,
    ),
)
