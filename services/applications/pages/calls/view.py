"""How does a call look to whoever reads it? The same for what is published and for what is still being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.applications.model.call import rule_sentences
from services.applications.model.call.sentences import question_sentence
from services.applications.model.call.texts import best, lacking
from shared.contracts.codes import topic_label
from shared.web import dates, i18n, words
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.applications.model.call.entry import CallEntry
    from shared.contracts.calls import CallTerms


def _closed(of: CallEntry | CallTerms) -> list[dict[str, Any]]:
    """The days without visits, by country."""
    if not of.closed_days:
        return []
    days = sorted((words.country(one.country), one.day) for one in of.closed_days)
    said = "; ".join(f"{country}: {dates.day(day)}" for country, day in days)
    return [{"key": gettext("Further days without visits"), "value": said}]


@dataclass(frozen=True, slots=True)
class View:
    """A call for reading: its text in the reader's language, what is open to whom until when, and what it asks."""

    title: str
    summary: Sequence[str]
    language: str
    language_note: str
    facts: Sequence[dict[str, Any]]
    rules: Sequence[str]
    questions: Sequence[str]
    unwritten: Sequence[str]


def view(of: CallEntry | CallTerms) -> View:
    """A call for reading; what is not written yet says so."""
    text, still = best(of.texts), gettext("Not written yet")
    tongue = text.language if text else i18n.language()
    other = text is not None and tongue != i18n.language()
    note = gettext("This call is written in %(language)s.") % {"language": words.tongue(tongue)} if other else ""
    apply_ = still
    if of.opens is not None and of.deadline is not None:
        said = {"first": dates.day(of.opens), "last": dates.moment(of.deadline)}
        apply_ = gettext("from %(first)s to %(last)s") % said
    length = gettext("%(least)s to %(most)s working days") % {"least": of.minimum_days, "most": of.maximum_days}
    return View(
        title=text.title if text else gettext("A call without a title"),
        summary=[part for part in text.summary.split("\n\n") if part.strip()] if text else [],
        language=tongue,
        language_note=note,
        facts=[
            {"key": gettext("For"), "value": ", ".join(words.label(kind) for kind in of.kinds) or still},
            {
                "key": gettext("Topics"),
                "value": "; ".join(gettext(topic_label(of.scheme, code)) for code in of.topics) or still,
            },
            {"key": gettext("Apply"), "value": apply_},
            {
                "key": gettext("Visits"),
                "value": "; ".join(dates.span(one.start, one.end) for one in of.visit_periods) or still,
            },
            {"key": gettext("Length"), "value": length},
            *_closed(of),
        ],
        rules=rule_sentences(of),
        questions=[question_sentence(one) for one in of.questions],
        unwritten=[i18n.own_name(code) for code in lacking(of.texts)],
    )
