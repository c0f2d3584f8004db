"""Find what is missing in a call, or contradicts itself or the register: each problem at its field, with the remedy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from services.applications.calls.model.entry import FIELDS, last_day
from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from shared.contracts import labels
from shared.contracts.calls import RULES_VERSION
from shared.contracts.codes import COUNTRIES, LANGUAGES, PRIORITIES, LanguageLevel, QuestionKind
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.applications.calls.model.entry import CallEntry
    from services.applications.calls.model.facts import Facts
    from shared.contracts.calls import CallQuestion


def problems(entry: CallEntry, facts: Facts | None = None) -> dict[str, str]:
    """Return what is missing or contradicts itself, or the register (`facts`), by field, each with the remedy.

    What is stored and no longer accepted counts too.
    """
    found: dict[str, str] = {}
    for check in _CHECKS:
        for name, sentence in check(entry):
            found.setdefault(name, sentence)
    if facts is not None:
        for name, sentence in _against(entry, facts):
            found.setdefault(name, sentence)
    return entry.refused | found


def _remedy(name: str) -> str:
    """Return the sentence that asks for a field, in the reader's language."""
    return gettext(FIELDS[name].remedy)


def _purpose(entry: CallEntry) -> Iterator[tuple[str, str]]:
    if not entry.kinds:
        yield "kinds", _remedy("kinds")
    if entry.fund_id is None:
        yield "fund_id", _remedy("fund_id")


def _texts(entry: CallEntry) -> Iterator[tuple[str, str]]:
    if not entry.texts:
        yield "texts", _remedy("texts")
    codes = [one.language for one in entry.texts]
    for code in dict.fromkeys(codes):
        if code not in WRITTEN:
            yield "texts", gettext("Choose a language in which calls are written, not %(code)s.") % {"code": code}
        if codes.count(code) > 1:
            text = gettext("Write the call once in %(language)s; it is there twice.")
            yield "texts", text % {"language": labels.tongue(code)}


def _topics(entry: CallEntry) -> Iterator[tuple[str, str]]:
    topics = PRIORITIES.get(entry.scheme)
    if topics is None:
        yield "scheme", gettext("Choose a scheme of topics that the programme knows.")
        return
    if not entry.topics or any(topic not in topics for topic in entry.topics):
        yield "topics", gettext("Choose topics of the scheme that the call names.")
    elif len(set(entry.topics)) < len(entry.topics):
        yield "topics", gettext("Choose each topic once.")
    if entry.opens is None or not entry.visit_periods:
        return
    first, last = entry.opens, max(period.end for period in entry.visit_periods)
    for code in entry.topics:
        topic = topics.get(code)
        if topic is not None and (topic.until < first or last < topic.since):
            text = gettext(
                "%(topic)s counts from %(since)s to %(until)s, and the call runs from %(first)s to %(last)s. Choose"
                " topics of the scheme of those years."
            )
            values = {"since": topic.since, "until": topic.until, "first": first, "last": last}
            yield (
                "topics",
                text % ({name: dates.day(day) for name, day in values.items()} | {"topic": gettext(topic.label)}),
            )
            return


def _dates(entry: CallEntry) -> Iterator[tuple[str, str]]:
    if entry.opens is None:
        yield "opens", _remedy("opens")
    deadline = last_day(entry)
    if deadline is None:
        yield "deadline", _remedy("deadline")
    elif entry.opens is not None and deadline < entry.opens:
        yield "deadline", gettext("The deadline must be after the day on which the call opens.")
    if entry.closes is None:
        yield "closes", _remedy("closes")
    elif deadline is not None and entry.closes < deadline:
        yield "closes", gettext("The call must close after its deadline.")
    periods = sorted(entry.visit_periods, key=lambda period: period.start)
    if not periods or any(period.end < period.start for period in periods):
        yield "visit_periods", gettext("Say when visits may be; each period must end after it starts.")
    elif any(one.end >= other.start for one, other in pairwise(periods)):
        yield "visit_periods", gettext("Two periods share days. Write them as one.")
    elif entry.opens is not None and periods[-1].end < entry.opens:
        yield "visit_periods", gettext("All periods are over before the call opens. Enter later ones.")
    if entry.maximum_days < entry.minimum_days:
        yield "maximum_days", gettext("The longest visit must not be shorter than the shortest.")


def _closed_days(entry: CallEntry) -> Iterator[tuple[str, str]]:
    if len(set(entry.closed_days)) < len(entry.closed_days):
        yield "closed_days", gettext("Name each day without visits in a country once.")


def _rules(entry: CallEntry) -> Iterator[tuple[str, str]]:
    rules = entry.rules
    if rules.schema_version > RULES_VERSION:
        text = gettext(
            "These rules are of version %(written)d; this portal knows them up to version %(known)d. Write them in a"
            " version that it knows, or bring the portal up to date."
        )
        yield "rules.schema_version", text % {"written": rules.schema_version, "known": RULES_VERSION}
    if rules.minimum_level is LanguageLevel.NS:
        yield "rules.minimum_level", gettext("Choose a level from A1 to C2: nobody is native in a foreign language.")
    for name, known in (("languages", LANGUAGES), ("countries", COUNTRIES)):
        chosen = getattr(rules, name)
        unknown = [code for code in chosen if code not in known]
        if unknown:
            text = gettext("The programme does not know %(codes)s. Choose from the list.")
            yield f"rules.{name}", text % {"codes": ", ".join(unknown)}
    for name in ("languages", "countries", "services", "rank_groups", "courses"):
        chosen = getattr(rules, name)
        if len(set(chosen)) < len(chosen):
            yield f"rules.{name}", gettext("Name each of them once.")
    if any(not course.strip() or len(course) > 200 or "," in course for course in rules.courses):
        yield "rules.courses", gettext("Give each course its name, without commas, in at most 200 characters.")


def _quotas(entry: CallEntry) -> Iterator[tuple[str, str]]:
    codes = [one.country for one in entry.quotas]
    for quota in entry.quotas:
        named = {"country": labels.country(quota.country)}
        if codes.count(quota.country) > 1:
            yield "quotas", gettext("Give %(country)s one quota; it has two.") % named
        if quota.ceiling is not None and quota.ceiling < quota.floor:
            yield "quotas", gettext("%(country)s: at most must not be less than at least.") % named
        if entry.rules.countries and quota.country not in entry.rules.countries:
            text = gettext("%(country)s cannot apply to this call. Take its quota away, or let it apply.")
            yield "quotas", text % named
    criteria = [weight.criterion for weight in entry.weights]
    if len(set(criteria)) < len(criteria):
        yield "weights", gettext("Give each criterion one weight.")
    if criteria and not any(weight.applicant for weight in entry.weights):
        yield "weights", gettext("Give at least one criterion a weight for the applicant.")


def _questions(entry: CallEntry) -> Iterator[tuple[str, str]]:
    codes = [one.code for one in entry.questions]
    for number, question in enumerate(entry.questions, start=1):
        sentence = question_problem(question)
        if sentence is None and codes.count(question.code) > 1:
            sentence = gettext("Give each question a code of its own.")
        if sentence is not None:
            yield "questions", gettext("Question %(number)d: %(problem)s") % {"number": number, "problem": sentence}


def question_problem(question: CallQuestion) -> str | None:
    """Return what is wrong with a question, as a sentence with the remedy."""
    tongues = [one.language for one in question.texts]
    found: str | None = None
    if not question.texts:
        found = gettext("Write the question in at least one language.")
    elif len(set(tongues)) < len(tongues) or any(code not in WRITTEN for code in tongues):
        found = gettext("Write the question once in each language, and only in those of calls.")
    elif question.kind is QuestionKind.CHOICE and len(set(question.choices)) < 2:
        found = gettext("Name at least two different answers to choose from, one a line.")
    elif question.kind is QuestionKind.CHOICE and any(
        len(text.choices) != len(question.choices) for text in question.texts
    ):
        found = gettext("Name the same answers, in the same order, in each language.")
    elif question.kind is not QuestionKind.CHOICE and question.choices:
        found = gettext("Only a question with a choice has answers to choose from.")
    elif question.minimum is not None and question.maximum is not None and question.maximum < question.minimum:
        found = gettext("The largest number must not be less than the smallest.")
    return found


def _timers(entry: CallEntry) -> Iterator[tuple[str, str]]:
    timers = entry.timers
    if timers.information_reminder_wd >= timers.information_wd > 0:
        yield "timers.information_reminder_wd", gettext("The reminder must come before the answer is due.")
    if timers.agenda_weeks > timers.notice_weeks:
        yield "timers.agenda_weeks", gettext("The agenda cannot be due before a place is confirmed.")


_CHECKS: tuple[Callable[[CallEntry], Iterator[tuple[str, str]]], ...] = (
    _purpose,
    _texts,
    _topics,
    _dates,
    _closed_days,
    _rules,
    _quotas,
    _questions,
    _timers,
)


def _against(entry: CallEntry, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield what contradicts the register."""
    fund = None if entry.fund_id is None else facts.funds.get(entry.fund_id)
    if entry.fund_id is not None and (fund is None or not fund.active):
        yield "fund_id", gettext("This fund does not pay any more. Choose another one.")
    elif fund is not None and entry.visit_periods:
        first, last = (
            min(period.start for period in entry.visit_periods),
            max(period.end for period in entry.visit_periods),
        )
        if last < fund.since or (fund.until is not None and fund.until < first):
            text = gettext("%(fund)s does not pay in the periods of the visits. Choose another fund, or other periods.")
            yield "fund_id", text % {"fund": fund.name}
    needs = [facts.needs.get(need) for need in entry.needs]
    if any(need is None or need.withdrawn for need in needs):
        yield "needs", gettext("One of the training needs is not in the register any more. Take it away.")
    elif any(need and need.scheme == entry.scheme and need.topic_code not in entry.topics for need in needs):
        yield "needs", gettext("A training need is for a topic that the call does not have. Add the topic.")
