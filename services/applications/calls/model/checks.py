"""Declare the rules between the fields of a call, and between its fields and the register."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from services.applications.stored_entries import Check, doubled
from shared.contracts import labels
from shared.contracts.base import LONGEST_PERIOD
from shared.contracts.calls import RULES_VERSION
from shared.contracts.codes import PRIORITIES, LanguageLevel, Objective, QuestionKind, TieBreak, Wishes
from shared.i18n import N_, gettext
from shared.time import dates
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from services.applications.calls.model.facts import Facts
    from shared.contracts.base import DatePeriod
    from shared.contracts.calls import (
        CallQuestion,
        CallText,
        CountryQuota,
        CriterionWeight,
    )

    Broken = bool | Mapping[str, object]
    Periods = tuple[DatePeriod, ...]


def _fund_ended(fund_id: UUID, facts: Facts | None) -> bool:
    if facts is None:
        return False
    fund = facts.funds.get(fund_id)
    return fund is None or not fund.active


def _fund_at_other_times(fund_id: UUID, periods: Periods, facts: Facts | None) -> Broken:
    fund = None if facts is None else facts.funds.get(fund_id)
    if fund is None:
        return False
    first, last = min(period.start for period in periods), max(period.end for period in periods)
    outside = last < fund.since or (fund.until is not None and fund.until < first)
    return outside and {"fund": fund.name}


def _language_unknown(texts: tuple[CallText, ...], _: object) -> Broken:
    code = next((text.language for text in texts if text.language not in WRITTEN), None)
    return code is not None and {"code": code}


def _language_twice(texts: tuple[CallText, ...], _: object) -> Broken:
    (code, count), *_others = Counter(text.language for text in texts).most_common(1)
    return count > 1 and {"language": labels.tongue(code)}


def _topic_of_other_scheme(topics: tuple[str, ...], scheme: str, _: object) -> bool:
    return scheme in PRIORITIES and any(topic not in PRIORITIES[scheme] for topic in topics)


def _topic_of_other_years(topics: tuple[str, ...], scheme: str, opens: date, periods: Periods, _: object) -> Broken:
    last, scheme_topics = max(period.end for period in periods), PRIORITIES.get(scheme, {})
    for topic in (scheme_topics[code] for code in topics if code in scheme_topics):
        if topic.until < opens or last < topic.since:
            days = {"since": topic.since, "until": topic.until, "first": opens, "last": last}
            return {name: dates.day(day) for name, day in days.items()} | {"topic": gettext(topic.label)}
    return False


def _need_gone(needs: tuple[UUID, ...], facts: Facts | None) -> bool:
    if facts is None:
        return False
    found = [facts.needs.get(need) for need in needs]
    return any(need is None or need.withdrawn for need in found)


def _need_of_other_topic(needs: tuple[UUID, ...], topics: tuple[str, ...], scheme: str, facts: Facts | None) -> bool:
    found = [] if facts is None else [facts.needs.get(need) for need in needs]
    return any(need and need.scheme == scheme and need.topic_code not in topics for need in found)


def day_of(deadline: datetime) -> date:
    """Return the last day on which one can apply, as people read it."""
    return deadline.astimezone(ZONE).date()


def _periods_overlap(periods: Periods, _: object) -> bool:
    in_order = sorted(periods, key=lambda period: period.start)
    return any(earlier.end >= later.start for earlier, later in pairwise(in_order))


def _all_over(periods: Periods, opens: date, _: object) -> bool:
    return max(period.end for period in periods) < opens


def _too_late(periods: Periods, opens: date, _: object) -> bool:
    first = min(opens, *(period.start for period in periods))
    return max(period.end for period in periods) - first > LONGEST_PERIOD


def _course_unnamed(courses: tuple[str, ...], _: object) -> bool:
    return any(not course.strip() or len(course) > 200 or "," in course for course in courses)


def _quota_twice(quotas: tuple[CountryQuota, ...], _: object) -> Broken:
    (country, count), *_others = Counter(quota.country for quota in quotas).most_common(1)
    return count > 1 and {"country": labels.country(country)}


def _quota_reversed(quotas: tuple[CountryQuota, ...], _: object) -> Broken:
    found = next((quota for quota in quotas if quota.ceiling is not None and quota.ceiling < quota.floor), None)
    return found is not None and {"country": labels.country(found.country)}


def _quota_outside(quotas: tuple[CountryQuota, ...], countries: tuple[str, ...], _: object) -> Broken:
    found = next((quota for quota in quotas if quota.country not in countries), None)
    return found is not None and {"country": labels.country(found.country)}


def _criterion_twice(weights: tuple[CriterionWeight, ...], _: object) -> bool:
    return doubled([weight.criterion for weight in weights], _)


def _nothing_for_the_applicant(weights: tuple[CriterionWeight, ...], _: object) -> bool:
    return not any(weight.applicant for weight in weights)


def _question_wrong(questions: tuple[CallQuestion, ...], _: object) -> Broken:
    for number, question in enumerate(questions, start=1):
        if (problem := question_problem(question)) is not None:
            return {"number": number, "problem": problem}
    return False


def _question_code_twice(questions: tuple[CallQuestion, ...], _: object) -> Broken:
    codes = [question.code for question in questions]
    number = next((number for number, code in enumerate(codes, start=1) if codes.count(code) > 1), None)
    return number is not None and {"number": number}


def question_problem(question: CallQuestion) -> str | None:
    """Return what is wrong with a question, as a sentence with the remedy."""
    tongues = [text.language for text in question.texts]
    found: str | None = None
    if not question.texts:
        found = gettext("Enter the question in at least one language.")
    elif len(set(tongues)) < len(tongues) or any(code not in WRITTEN for code in tongues):
        found = gettext("Enter the question once in each language, and only in languages that calls use.")
    elif question.kind is QuestionKind.CHOICE and len(set(question.choices)) < 2:
        found = gettext("Enter at least two different answers to choose from, one per line.")
    elif question.kind is QuestionKind.CHOICE and any(
        len(text.choices) != len(question.choices) for text in question.texts
    ):
        found = gettext("Enter the same answers, in the same order, in each language.")
    elif question.kind is not QuestionKind.CHOICE and question.choices:
        found = gettext("Only a choice question can have answers to choose from.")
    elif question.minimum is not None and question.maximum is not None and question.maximum < question.minimum:
        found = gettext("The largest number must not be less than the smallest.")
    return found


CHECKS: tuple[Check, ...] = (
    Check(("fund_id",), N_("This fund no longer pays. Choose another fund."), _fund_ended),
    Check(
        ("fund_id", "visit_periods"),
        N_("%(fund)s does not pay during the visit periods. Choose another fund or other periods."),
        _fund_at_other_times,
    ),
    Check(("texts",), N_("Choose a language that calls use, not %(code)s"), _language_unknown),
    Check(("texts",), N_("The call is written twice in %(language)s. Keep only one."), _language_twice),
    Check(
        ("scheme",),
        N_("Choose a topic scheme that the programme uses"),
        lambda scheme, _: scheme not in PRIORITIES,
    ),
    Check(("topics", "scheme"), N_("Choose topics from the call's scheme"), _topic_of_other_scheme),
    Check(("topics",), N_("Choose each topic once"), doubled),
    Check(
        ("topics", "scheme", "opens", "visit_periods"),
        N_(
            "%(topic)s is valid from %(since)s to %(until)s, but the call runs from %(first)s to %(last)s. "
            "Choose topics from the scheme for those years."
        ),
        _topic_of_other_years,
    ),
    Check(("needs",), N_("One of the training needs is no longer in the register. Remove it."), _need_gone),
    Check(
        ("needs", "topics", "scheme"),
        N_("A training need is for a topic that the call does not have. Add the topic."),
        _need_of_other_topic,
    ),
    Check(
        ("deadline", "opens"),
        N_("The deadline must be after the day on which the call opens"),
        lambda deadline, opens, _: day_of(deadline) < opens,
    ),
    Check(
        ("closes", "deadline"),
        N_("The call must close after its deadline"),
        lambda closes, deadline, _: closes < day_of(deadline),
    ),
    Check(("visit_periods",), N_("Two periods overlap. Enter them as one period."), _periods_overlap),
    Check(("visit_periods", "opens"), N_("All periods end before the call opens. Enter later periods."), _all_over),
    Check(("visit_periods", "opens"), N_("Visits must end within two years of the call's first day"), _too_late),
    Check(("closed_days",), N_("Enter each day without visits only once for each country"), doubled),
    Check(
        ("maximum_days", "minimum_days"),
        N_("The longest visit must not be shorter than the shortest"),
        lambda most, least, _: most < least,
    ),
    Check(
        ("rules.schema_version",),
        N_(
            "These rules are version %(written)d, but this portal supports versions up to %(known)d. Use a "
            "supported version, or update the portal."
        ),
        lambda version, _: version > RULES_VERSION and {"written": version, "known": RULES_VERSION},
    ),
    Check(
        ("rules.minimum_level",),
        N_("Choose a level from A1 to C2. Nobody is a native speaker of a foreign language."),
        lambda level, _: level is LanguageLevel.NS,
    ),
    *(
        Check((f"rules.{name}",), N_("Enter each item only once"), doubled)
        for name in ("languages", "countries", "services", "rank_groups", "courses")
    ),
    Check(
        ("rules.courses",),
        N_("Enter each course name without commas, in 200 characters or fewer"),
        _course_unnamed,
    ),
    Check(("quotas",), N_("%(country)s has two quotas. Enter only one."), _quota_twice),
    Check(("quotas",), N_("%(country)s: “At most” must not be less than “At least”"), _quota_reversed),
    Check(
        ("quotas", "rules.countries"),
        N_("%(country)s cannot apply to this call. Remove its quota, or let it apply."),
        _quota_outside,
    ),
    Check(
        ("wishes", "objective"),
        N_("The highest sum counts points only. Choose the stable aim, or let points alone decide."),
        lambda wishes, objective, _: wishes is not Wishes.SCORES and objective is not Objective.STABLE,
    ),
    Check(
        ("ties", "objective"),
        N_("The highest sum makes no exchanges. Choose the stable aim, or let a lot decide between equal points."),
        lambda ties, objective, _: ties is not TieBreak.LOTS and objective is not Objective.STABLE,
    ),
    Check(("weights",), N_("Give each criterion one weight"), _criterion_twice),
    Check(
        ("weights",),
        N_("Give at least one criterion a weight for the applicant"),
        _nothing_for_the_applicant,
    ),
    Check(("questions",), N_("Question %(number)d: %(problem)s"), _question_wrong),
    Check(("questions",), N_("Question %(number)d: Give each question its own code."), _question_code_twice),
    Check(
        ("timers.information_reminder_wd", "timers.information_wd"),
        N_("The reminder must come before the answer is due"),
        lambda reminder, due, _: reminder >= due > 0,
    ),
    Check(
        ("timers.agenda_weeks", "timers.notice_weeks"),
        N_("The agenda cannot be due before a place is confirmed"),
        lambda agenda, notice, _: agenda > notice,
    ),
)
"""The rules that a call must meet before it is published; what it must fit are the register's facts, where known."""
