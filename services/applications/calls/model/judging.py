"""The rules of a call: judge an application by them, and state both in words.

The rules are data of the call (`EligibilityRules`); an application is judged by the revision it was submitted under.
What an officer has not answered yet is not judged, so that the same function serves while a draft is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.applications.calls.model import field_sentences as say
from services.applications.calls.model.field_sentences import listed
from shared.contracts import labels
from shared.contracts.applications import EligibilityCheck
from shared.contracts.base import LAST_DAY, LONGEST_PERIOD, DatePeriod
from shared.contracts.codes import LANGUAGES, EligibilityRule, LanguageLevel, topic_label
from shared.i18n import N_, gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from services.applications.calls.model.entry import CallEntry
    from shared.contracts.applications import LanguageHeld
    from shared.contracts.calls import CallTerms
    from shared.contracts.codes import ApplicationKind, RankGroup, ServiceKind


@dataclass(frozen=True, slots=True)
class Candidate:
    """The facts of an officer that the rules of a call examine; None stands for no answer yet."""

    kind: ApplicationKind
    country: str
    partner_active: bool
    years_in_field: int | None = None
    languages: Sequence[LanguageHeld] | None = None
    cascade_committed: bool | None = None
    service: ServiceKind | None = None
    rank_group: RankGroup | None = None
    topics: Sequence[str] | None = None
    periods: Sequence[DatePeriod] | None = None
    courses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule in words: what the call asks, what was given, and what would help (empty where the rule is met)."""

    rule: EligibilityRule
    met: bool
    asks: str
    given: str
    remedy: str


def judge(terms: CallTerms, candidate: Candidate) -> tuple[EligibilityCheck, ...]:
    """Return each rule of the call that can be judged by now, met or not, with short codes and no prose."""
    return tuple(_checks(terms, candidate))


def eligible(checks: Sequence[EligibilityCheck]) -> bool:
    """Return whether all rules that were judged are met."""
    return all(check.held for check in checks)


def _checks(terms: CallTerms, candidate: Candidate) -> Iterator[EligibilityCheck]:
    rules = terms.rules
    yield _check(EligibilityRule.KIND, candidate.kind in terms.kinds, ",".join(terms.kinds), candidate.kind)
    yield _check(EligibilityRule.PARTNER_ACTIVE, candidate.partner_active, "active", candidate.country)
    if rules.countries:
        yield _check(
            EligibilityRule.COUNTRY, candidate.country in rules.countries, ",".join(rules.countries), candidate.country
        )
    if candidate.years_in_field is not None:
        met = candidate.years_in_field >= rules.minimum_years
        yield _check(EligibilityRule.YEARS_IN_FIELD, met, rules.minimum_years, candidate.years_in_field)
    if rules.services and candidate.service is not None:
        yield _check(
            EligibilityRule.SERVICE, candidate.service in rules.services, ",".join(rules.services), candidate.service
        )
    if rules.rank_groups and candidate.rank_group is not None:
        met = candidate.rank_group in rules.rank_groups
        yield _check(EligibilityRule.RANK_GROUP, met, ",".join(rules.rank_groups), candidate.rank_group)
    if candidate.languages:
        yield _language(terms, candidate.languages)
    if candidate.topics:
        met = any(topic in terms.topics for topic in candidate.topics)
        yield _check(EligibilityRule.TOPICS, met, ",".join(terms.topics), ",".join(candidate.topics))
    if candidate.periods and terms.visit_periods:
        met = any(
            overlap(own_period, call_period) for own_period in candidate.periods for call_period in terms.visit_periods
        )
        yield _check(EligibilityRule.PERIODS, met, _span(terms.visit_periods), _span(candidate.periods))
    if rules.cascade_commitment and candidate.cascade_committed is not None:
        yield _check(
            EligibilityRule.CASCADE, candidate.cascade_committed, "yes", "yes" if candidate.cascade_committed else "no"
        )
    if rules.courses:
        met = any(course in candidate.courses for course in rules.courses)
        yield _check(EligibilityRule.COURSE, met, ",".join(rules.courses), ",".join(candidate.courses))


def _language(terms: CallTerms, languages: Sequence[LanguageHeld]) -> EligibilityCheck:
    """Judge one foreign language at the call's level: of those that the call names, or of any where it names none."""
    rules = terms.rules
    eligible_languages = [
        language for language in languages if not rules.languages or language.language in rules.languages
    ]
    foreign = [held_language for held_language in eligible_languages if held_language.level is not LanguageLevel.NS]
    best = max(foreign, key=lambda language: (language.level.order, language.language), default=None)
    best_level = "" if best is None else f"{best.language} {best.level.value}"
    reached = best is not None and best.level.reaches(rules.minimum_level)
    needed = f"{'/'.join(rules.languages)} {rules.minimum_level.value}".strip()
    return _check(EligibilityRule.LANGUAGE, reached, needed, best_level)


OUTSIDE_THE_CALL = N_("Periods must end between %(first)s and %(last)s")


def outside(periods: Iterable[DatePeriod], terms: CallTerms | None) -> bool | Mapping[str, object]:
    """Return whether a period does not reach into the call, or ends two years after its first day, as a check does."""
    if terms is None:
        return False
    first = min([terms.opens, *(period.start for period in terms.visit_periods)])
    last = min(first + LONGEST_PERIOD, LAST_DAY)
    fits = all(first <= period.end <= last for period in periods)
    return not fits and {"first": dates.day(first), "last": dates.day(last)}


def overlap(first: DatePeriod, second: DatePeriod) -> bool:
    """Return whether two periods share a day."""
    return first.start <= second.end and second.start <= first.end


def _span(periods: Sequence[DatePeriod]) -> str:
    first: date = min(period.start for period in periods)
    last: date = max(period.end for period in periods)
    return f"{first.isoformat()}/{last.isoformat()}"


def _check(rule: EligibilityRule, met: bool, needed: object, given: object) -> EligibilityCheck:  # noqa: FBT001 - a check's own three parts
    return EligibilityCheck(rule=rule, held=met, needed=str(needed)[:100], given=str(given)[:100])


def findings(terms: CallTerms, checks: Sequence[EligibilityCheck], *, others: bool = False) -> list[Finding]:
    """Return the checks in words: "English B1; this call asks for B2".

    `others`: for readers other than the officer: nobody there is "you", and the remedy is the officer's business.
    """
    sentences, sentences_for_others = _sentences(terms), _for_others(terms)
    found = []
    for check in checks:
        asks, remedy = sentences[check.rule]
        if others:
            asks, remedy = sentences_for_others.get(check.rule, asks), ""
        found.append(Finding(check.rule, check.held, asks, _given_words(terms, check), "" if check.held else remedy))
    return found


def rule_sentences(terms: CallTerms | CallEntry) -> list[str]:
    """Return the call's rules as sentences, in the order in which they are checked."""
    rules = terms.rules
    holds: dict[EligibilityRule, bool] = {
        EligibilityRule.KIND: bool(terms.kinds),
        EligibilityRule.COUNTRY: bool(rules.countries),
        EligibilityRule.YEARS_IN_FIELD: rules.minimum_years > 0,
        EligibilityRule.SERVICE: bool(rules.services),
        EligibilityRule.RANK_GROUP: bool(rules.rank_groups),
        EligibilityRule.LANGUAGE: True,
        EligibilityRule.TOPICS: bool(terms.topics),
        EligibilityRule.PERIODS: True,
        EligibilityRule.CASCADE: rules.cascade_commitment,
        EligibilityRule.COURSE: bool(rules.courses),
    }
    sentences = _sentences(terms)
    found = [sentences[rule][0] for rule, is_asked in holds.items() if is_asked]
    if rules.first_time_first:
        found.append(say.newcomers_first())
    return found


def _sentences(terms: CallTerms | CallEntry) -> dict[EligibilityRule, tuple[str, str]]:
    """Return for each rule what the call asks, and what would help somebody who does not meet it."""
    rules = terms.rules
    return {
        EligibilityRule.KIND: (
            say.kinds(terms.kinds),
            gettext("Look for a call that takes this kind of application."),
        ),
        EligibilityRule.PARTNER_ACTIVE: (
            gettext("Your country takes part in the programme at present."),
            gettext("Your country's part is suspended. Your national coordinator can tell you more."),
        ),
        EligibilityRule.COUNTRY: (
            say.countries(rules.countries),
            gettext("Look for a call that is open to your country."),
        ),
        EligibilityRule.YEARS_IN_FIELD: (
            say.years(rules.minimum_years),
            gettext("You can apply once you have worked in the field for longer."),
        ),
        EligibilityRule.SERVICE: (
            say.services(rules.services),
            gettext("Look for a call that is open to your service."),
        ),
        EligibilityRule.RANK_GROUP: (
            say.rank_groups(rules.rank_groups),
            gettext("Look for a call that is open to your rank."),
        ),
        EligibilityRule.LANGUAGE: (
            say.languages(rules.languages, rules.minimum_level),
            gettext(
                "If you have a certificate of a higher level, enter that level. Otherwise look for a language course."
            ),
        ),
        EligibilityRule.TOPICS: (
            gettext("You choose from the topics of the call: %(topics)s.")
            % {"topics": listed([gettext(topic_label(terms.scheme, code)) for code in terms.topics])},
            gettext("Choose at least one of these topics."),
        ),
        EligibilityRule.PERIODS: (
            say.periods_of_officers(),
            gettext("Add a period within the call's periods."),
        ),
        EligibilityRule.CASCADE: (
            say.cascade(),
            gettext("Say that you will, and how."),
        ),
        EligibilityRule.COURSE: (
            say.courses(rules.courses),
            gettext("Finish the course on CEPOL's learning platform first, then enter it here."),
        ),
    }


def _for_others(terms: CallTerms) -> dict[EligibilityRule, str]:
    """Return what the call asks, for the rules whose sentence above speaks to the officer."""
    rules = terms.rules
    values = {"languages": gettext(" or ").join(labels.tongue(code) for code in rules.languages)}
    language = (
        gettext("%(languages)s at level %(level)s or higher.")
        if rules.languages
        else gettext("A foreign language at level %(level)s or higher.")
    )
    years = ngettext(
        "At least %(years)d year in the field.", "At least %(years)d years in the field.", rules.minimum_years
    )
    topics = listed([gettext(topic_label(terms.scheme, code)) for code in terms.topics])
    return {
        EligibilityRule.PARTNER_ACTIVE: gettext("The country takes part in the programme at present."),
        EligibilityRule.YEARS_IN_FIELD: years % {"years": rules.minimum_years},
        EligibilityRule.LANGUAGE: language % (values | {"level": rules.minimum_level.value}),
        EligibilityRule.TOPICS: gettext("At least one topic of the call: %(topics)s.") % {"topics": topics},
        EligibilityRule.PERIODS: gettext("At least one possible period falls in the call's periods."),
        EligibilityRule.CASCADE: gettext("What is learnt is passed on to colleagues at home."),
        EligibilityRule.COURSE: gettext("One of these courses is finished: %(courses)s.")
        % {"courses": ", ".join(rules.courses)},
    }


def _given_words(terms: CallTerms, check: EligibilityCheck) -> str:
    """Return what the application says, in words: `English B1`."""
    text = check.given or gettext("nothing yet")
    if not check.given:
        return text
    match check.rule:
        case EligibilityRule.LANGUAGE:
            code, _, level = check.given.partition(" ")
            text = f"{labels.tongue(code) if code in LANGUAGES else code} {level}"
        case EligibilityRule.COUNTRY | EligibilityRule.PARTNER_ACTIVE:
            text = labels.country(check.given)
        case EligibilityRule.TOPICS:
            text = listed([gettext(topic_label(terms.scheme, code)) for code in check.given.split(",")])
        case EligibilityRule.PERIODS:
            first, _, last = check.given.partition("/")
            text = dates.span(date.fromisoformat(first), date.fromisoformat(last))
        case EligibilityRule.YEARS_IN_FIELD:
            years = int(check.given)
            text = ngettext("%(years)d year", "%(years)d years", years) % {"years": years}
        case _:
            text = labels.label(check.given)
    return text
