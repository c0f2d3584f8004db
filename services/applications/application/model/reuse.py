"""Carry the answers of an earlier application over to another call. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model.answers import MOST_OBJECTIVES, Answers
from services.applications.fields import from_register, with_changes
from shared.contracts.codes import PRIORITIES, Section, topic_label
from shared.i18n import gettext

if TYPE_CHECKING:
    from datetime import date

    from shared.contracts.base import DatePeriod
    from shared.contracts.calls import CallTerms


def carried_over(
    earlier: Answers, register_answers: Answers, *, scheme: str, terms: CallTerms, today: date, took_part: bool
) -> Answers:
    """Return earlier answers for the call with these terms; `scheme` is the earlier call's.

    Topics become their successors, as far as the call has them; past periods, the privacy notice and the other call's
    own questions are left out.
    """
    # What the register says, it knows better than last year's application.
    fresh = with_changes(earlier, from_register(Answers, register_answers))
    return fresh.model_copy(
        update={
            "took_part_before": earlier.took_part_before or took_part,
            "topics": _topics(earlier, scheme, terms),
            "periods": _not_over(earlier.periods, today),
            "blackouts": _not_over(earlier.blackouts, today),
            "objectives": earlier.objectives[:MOST_OBJECTIVES],
            "wishes": (),
            "questions": {},
            "privacy_version": None,
            "privacy_at": None,
        }
    )


def _topics(earlier: Answers, scheme: str, terms: CallTerms) -> tuple[str, ...]:
    found = [mapped for code in earlier.topics for mapped in _mapped(code, scheme, terms.scheme)]
    return tuple(dict.fromkeys(code for code in found if code in terms.topics))


def _mapped(code: str, scheme: str, target: str) -> tuple[str, ...]:
    """Return a topic of one scheme in another: itself, or its successors."""
    if scheme == target:
        return (code,)
    topic = PRIORITIES.get(scheme, {}).get(code)
    return tuple(code for code in (topic.successors if topic else ()) if code in PRIORITIES.get(target, {}))


def _not_over(periods: tuple[DatePeriod, ...], today: date) -> tuple[DatePeriod, ...]:
    return tuple(period for period in periods if period.end > today)


def out_of_date(earlier: Answers, *, scheme: str, terms: CallTerms, today: date) -> dict[str, str]:
    """Return what was out of date, by task, as sentences: what was dropped, and what took its place."""
    found: dict[str, str] = {}
    kept = _topics(earlier, scheme, terms)
    dropped = [code for code in earlier.topics if not set(_mapped(code, scheme, terms.scheme)) & set(kept)]
    renamed = [code for code in earlier.topics if code not in dropped and scheme != terms.scheme]
    if dropped:
        names = ", ".join(gettext(topic_label(scheme, code)) for code in dropped)
        found[Section.TOPICS] = gettext("This call does not include these topics: %(topics)s.") % {"topics": names}
    elif renamed:
        names = ", ".join(gettext(topic_label(terms.scheme, code)) for code in kept)
        found[Section.TOPICS] = gettext("These topics have new names: %(topics)s.") % {"topics": names}
    if len(_not_over(earlier.periods, today)) < len(earlier.periods):
        found[Section.PERIODS] = gettext(
            "Periods that have ended were left out. Add the periods when you are available now."
        )
    if terms.questions:
        found[Section.QUESTIONS] = gettext("This call has its own questions.")
    found["privacy"] = gettext("Please read the current privacy notice.")
    return found
