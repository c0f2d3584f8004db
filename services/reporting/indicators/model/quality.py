"""Define the indicators of data quality: response rates, and facts that arrived too late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.reporting.cases.model import months_after
from services.reporting.facts.model.facts import FREEZES, frozen_by
from services.reporting.indicators.model.figure import Definition, Measure, Note, Unit
from services.reporting.indicators.model.outcome import evaluations, follow_ups
from shared.contracts import periods
from shared.contracts.calls import Timers
from shared.contracts.codes import FollowUpBy, Respondent
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.reporting.facts.model.book import Book
    from services.reporting.facts.model.facts import Fact
    from services.reporting.periods.model.periods import Period

_TIMERS = Timers()
EVALUATION_DAYS = timedelta(days=_TIMERS.evaluation_days)
WINDOW = timedelta(days=_TIMERS.follow_up_window_days)


FOLLOWED = N_("answered the follow-up after six months")
"""The note beside the response rate: how many of those asked answered the follow-up."""


def _due(book: Book, period: Period) -> list[Fact]:
    """Return completed visits that ended in the period, more than seven days before the cut-off."""
    today = book.cut_off.date()
    return [fact for fact in book.completed if fact.day in period and fact.day + EVALUATION_DAYS < today]


def _answered(book: Book, period: Period) -> Iterator[Unit]:
    evaluated = {fact.subject: fact for fact in evaluations(book, Respondent.GUEST)}
    for visit in _due(book, period):
        answer = evaluated.get(visit.subject)
        in_time = answer is not None and answer.occurred_at.date() <= visit.day + EVALUATION_DAYS
        yield Unit(visit.subject, (visit.id, *((answer.id,) if answer and in_time else ())), holds=in_time)


def _beside(book: Book, period: Period) -> Sequence[Note]:
    due = _due(book, period)
    evaluated = {fact.subject: fact for fact in evaluations(book, Respondent.GUEST)}
    late = [
        v for v in due if v.subject in evaluated and evaluated[v.subject].occurred_at.date() > v.day + EVALUATION_DAYS
    ]
    today = book.cut_off.date()
    due_later = [
        fact
        for fact in book.completed
        if fact.day in period and months_after(fact.day, _TIMERS.follow_up_months) + WINDOW < today
    ]
    followed = {fact.subject for fact in follow_ups(book, FollowUpBy.SELF)}
    return (
        Note(N_("evaluated later than seven days after the end"), len(late), len(due)),
        Note(FOLLOWED, sum(f.subject in followed for f in due_later), len(due_later)),
    )


def _too_late(book: Book, period: Period) -> Iterator[Unit]:
    frozen = frozen_by(book.all(*FREEZES))
    if not frozen:
        return
    for fact in book.everything():
        if fact.day not in period or fact.topic == periods.PeriodEvent.topic:
            continue
        if any(each.start <= fact.day <= each.end and fact.occurred_at > each.at for each in frozen):
            yield Unit(str(fact.id), (fact.id,))


DEFINITIONS = (
    Definition(
        id="TOPCOP-DQ-01",
        level="quality",
        title=N_("Evaluation response rate"),
        measure=Measure.SHARE,
        numerator=N_("Of those visits, the ones whose guest evaluated within seven days after the end."),
        denominator=N_("Completed visits that ended in the period, at least seven days ago."),
        sources=("VisitCompleted", "VisitVoided", "ApplicationVoided", "EvaluationSubmitted", "FollowUpSubmitted"),
        units=_answered,
        notes=_beside,
        minimum=10,
    ),
    Definition(
        id="TOPCOP-DQ-02",
        level="quality",
        title=N_("Facts about a frozen period that arrived after the freeze"),
        measure=Measure.COUNT,
        numerator=N_("Events whose business date lies in a frozen period and that happened after it was frozen."),
        sources=FREEZES,
        late=True,
        units=_too_late,
        additive=True,
        unit_of=N_("events"),
    ),
)
