"""Describe a call, published or being written, for its readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.calls.model import rule_sentences
from services.applications.calls.model.field_sentences import question_sentence, wishes
from services.applications.calls.model.texts import best, missing_languages
from services.applications.display import SummaryRow
from shared import i18n
from shared.contracts import labels
from shared.contracts.codes import topic_label
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.applications.calls.model.entry import CallEntry
    from shared.contracts.calls import CallTerms


def _closed(call: CallEntry | CallTerms) -> list[SummaryRow]:
    """Return the days without visits, by country."""
    if not call.closed_days:
        return []
    days = sorted((labels.country(closed_day.country), closed_day.day) for closed_day in call.closed_days)
    text = "; ".join(f"{country}: {dates.day(day)}" for country, day in days)
    return [SummaryRow(gettext("Other days without visits"), text)]


@dataclass(frozen=True, slots=True)
class CallReading:
    """A call for reading: its text in the reader's language, dates, rules and questions."""

    title: str
    summary: Sequence[str]
    language: str
    language_note: str
    facts: Sequence[SummaryRow]
    rules: Sequence[str]
    questions: Sequence[str]
    unwritten: Sequence[str]


def title_of(call: CallEntry | CallTerms) -> str:
    """Return the title in the reader's language, else in English, else in the first one."""
    text = best(call.texts)
    return text.title if text else gettext("Call without a title")


def call_reading(call: CallEntry | CallTerms) -> CallReading:
    """Return a call for reading; what is not written yet says so."""
    text, not_written = best(call.texts), gettext("Not written yet")
    tongue = text.language if text else i18n.language()
    other = text is not None and tongue != i18n.language()
    note = gettext("This call is written in %(language)s.") % {"language": labels.tongue(tongue)} if other else ""
    apply_ = not_written
    if call.opens is not None and call.deadline is not None:
        values = {"first": dates.day(call.opens), "last": dates.deadline(call.deadline)}
        apply_ = gettext("from %(first)s to %(last)s") % values
    length = gettext("%(least)s to %(most)s working days") % {"least": call.minimum_days, "most": call.maximum_days}
    return CallReading(
        title=title_of(call),
        summary=[part for part in text.summary.split("\n\n") if part.strip()] if text else [],
        language=tongue,
        language_note=note,
        facts=[
            SummaryRow(gettext("For"), ", ".join(labels.label(kind) for kind in call.kinds) or not_written),
            SummaryRow(
                gettext("Topics"),
                "; ".join(gettext(topic_label(call.scheme, code)) for code in call.topics) or not_written,
            ),
            SummaryRow(gettext("Apply"), apply_),
            SummaryRow(
                gettext("Visits"),
                "; ".join(dates.span(period.start, period.end) for period in call.visit_periods) or not_written,
            ),
            SummaryRow(gettext("Length"), length),
            *_closed(call),
            SummaryRow(gettext("Order of placements and mentors"), wishes(call.wishes)),
        ],
        rules=rule_sentences(call),
        questions=[question_sentence(question) for question in call.questions],
        unwritten=[i18n.own_name(code) for code in missing_languages(call.texts)],
    )
