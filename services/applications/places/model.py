"""Say in which weeks a placement or mentor can be visited, and which of its rules an officer meets.

Checked is what both sides have published or answered: topics, languages, areas of expertise, weeks and ranks. Conflicts
of interest and the programme's exclusions are not looked at, so that no answer can reveal one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shared.contracts import labels
from shared.contracts.base import LAST_DAY, LONGEST_PERIOD, DatePeriod
from shared.contracts.codes import ApplicationKind, HardRule
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from services.applications.display import SummaryRow
    from shared.contracts.applications import ExpertiseHeld, LanguageHeld
    from shared.contracts.calls import CallTerms
    from shared.contracts.codes import Expertise, RankGroup

REFERENCE, SOONEST, NEWEST = "reference", "soonest", "newest"
ORDERS = (REFERENCE, SOONEST, NEWEST)
"""The orders of the list: by reference, by the first day that is not over, by the day of publication."""

MENTOR_DAYS = 2
"""The least days in a row in which a mentor must be available for the week to count, as in the matching."""
_WEEK = timedelta(weeks=1)
_WORKING_DAYS = 5


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Week:
    """A week in which a visit may be, from its Monday, with the first and last day that count."""

    start: date
    first: date
    last: date

    @property
    def days(self) -> int:
        """The number of its working days that count."""
        return (self.last - self.first).days + 1

    @property
    def friday(self) -> date:
        """The last working day."""
        return self.start + timedelta(days=_WORKING_DAYS - 1)


def weeks_of_call(terms: CallTerms, kind: ApplicationKind, today: date) -> dict[date, Week]:
    """Return the weeks of a call that are still possible, by their Mondays in order.

    A visit keeps the call's notice between confirmation and start, and lies in the call's visit periods. A mentor's
    weeks are bound by neither, only by how far from the call's first day a period may reach.
    """
    least, earliest, frames = MENTOR_DAYS, monday(today), _reach(terms)
    if kind is ApplicationKind.STUDY_VISIT:
        least, earliest = terms.minimum_days, today + terms.timers.notice_weeks * _WEEK
        frames = terms.visit_periods or frames
    found: dict[date, Week] = {}
    for frame in frames:
        start = monday(max(frame.start, earliest))
        while start <= frame.end:
            friday = start + timedelta(days=_WORKING_DAYS - 1)
            week = Week(start, max(start, frame.start, earliest), min(friday, frame.end))
            if week.days >= least and (start not in found or week.days > found[start].days):
                found[start] = week
            start += _WEEK
    return dict(sorted(found.items()))


def _reach(terms: CallTerms) -> tuple[DatePeriod, ...]:
    """Return the span in which periods of the call may lie."""
    first = min([terms.opens, *(period.start for period in terms.visit_periods)])
    return (DatePeriod(start=first, end=min(first + LONGEST_PERIOD, LAST_DAY)),)


def last_day_of_call(terms: CallTerms) -> date:
    """Return the last day on which the call closes or has a visit."""
    return max([terms.closes, *(period.end for period in terms.visit_periods)])


def weeks_offered(weeks: Iterable[Week], periods: Sequence[DatePeriod], least: int) -> frozenset[date]:
    """Return the Mondays of the weeks of which a period has at least `least` days."""
    return frozenset(
        week.start
        for week in weeks
        if any((min(period.end, week.last) - max(period.start, week.first)).days + 1 >= least for period in periods)
    )


def weeks_of_officer(
    weeks: Iterable[Week], periods: Sequence[DatePeriod], barred: Sequence[DatePeriod], least: int
) -> frozenset[date]:
    """Return the Mondays of the weeks with `least` days in a row in a period of the officer, and in none barred."""
    found = set()
    for week in weeks:
        run = longest = 0
        for number in range(week.days):
            day = week.first + timedelta(days=number)
            run = run + 1 if _holds(periods, day) and not _holds(barred, day) else 0
            longest = max(longest, run)
        if longest >= least:
            found.add(week.start)
    return frozenset(found)


def _holds(periods: Iterable[DatePeriod], day: date) -> bool:
    return any(period.start <= day <= period.end for period in periods)


@dataclass(frozen=True, slots=True)
class Officer:
    """The known facts of the officer who reads; empty or None for open answers. `countries` are those preferred."""

    topics: Sequence[str]
    languages: Sequence[LanguageHeld]
    expertise: Sequence[ExpertiseHeld]
    weeks: frozenset[date] | None
    rank_group: RankGroup | None
    countries: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs of a placement or mentor; empty where there is none.

    `languages` have the level that the officer needs; `weeks` are the possible Mondays.
    """

    topics: Sequence[str]
    languages: Sequence[LanguageHeld]
    expertise: Sequence[Expertise]
    weeks: frozenset[date]
    ranks: frozenset[RankGroup]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that could be checked, with its result as a sentence to the officer."""

    rule: HardRule
    met: bool
    sentence: str


def findings(officer: Officer, needs: Needs) -> list[Finding]:
    """Return the rules that can be checked by now, in the order of the matching."""
    found = [
        _topic(officer, needs),
        _language(officer, needs),
        _expertise(officer, needs),
        _weeks(officer, needs),
        _rank(officer, needs),
    ]
    return [finding for finding in found if finding is not None]


@dataclass(frozen=True, slots=True)
class Fit:
    """The grade of a placement or mentor for an officer, from 0 (it meets the rules) to 3, with its reasons."""

    grade: int
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """The grade in words."""
        if self.grade == MOST_GRADES:
            return gettext("Suits you very well")
        return gettext("Suits you well") if self.grade == MOST_GRADES - 1 else gettext("Suits you")


MOST_GRADES = 3


def fit(officer: Officer, needs: Needs, country: str) -> Fit | None:
    """Return how well a placement or mentor suits an officer; None if a rule that can be checked is not met.

    A grade each: the first topic, a preferred country (or none preferred), and two weeks in common (or no weeks yet).
    """
    found = findings(officer, needs)
    if not all(finding.met for finding in found):
        return None
    first = next((number for number, topic in enumerate(officer.topics, 1) if topic in needs.topics), 0)
    shared = None if officer.weeks is None else len(officer.weeks & needs.weeks)
    graded = (
        not officer.topics or not needs.topics or first == 1,
        not officer.countries or country in officer.countries,
        shared is None or shared > 1,
    )
    reasons = []
    if first:
        reasons.append(gettext("It has your topic number %(number)d.") % {"number": first})
    if country in officer.countries:
        reasons.append(gettext("It is in a country that you prefer."))
    if shared:
        text = ngettext("You can both meet in %(num)d week.", "You can both meet in %(num)d weeks.", shared)
        reasons.append(text % {"num": shared})
    said = {HardRule.COMMON_LANGUAGE, HardRule.SHARED_EXPERTISE}
    reasons += [finding.sentence for finding in found if finding.rule in said]
    return Fit(sum(graded), tuple(reasons))


@dataclass(frozen=True, slots=True)
class SuitablePlace:
    """A placement or mentor that suits an officer, as the application shows it: no name and no contact."""

    id: UUID
    reference: str
    title: str
    where: str
    facts: Sequence[SummaryRow]
    fit: Fit

    @property
    def label(self) -> str:
        """Return the place in a list of choices."""
        return f"{self.reference}: {self.title}, {self.where} ({self.fit.words})"


def _topic(officer: Officer, needs: Needs) -> Finding | None:
    if not officer.topics:
        return None
    if not needs.topics or set(officer.topics) & set(needs.topics):
        return Finding(HardRule.TOPIC, met=True, sentence=gettext("It includes a topic that you chose."))
    return Finding(HardRule.TOPIC, met=False, sentence=gettext("It includes no topic that you chose."))


def _language(officer: Officer, needs: Needs) -> Finding | None:
    if not officer.languages:
        return None
    spoken = {known.language: known.level for known in officer.languages}
    for needed in needs.languages:
        level = spoken.get(needed.language)
        if level is not None and level.reaches(needed.level):
            sentence = gettext("You speak %(language)s at the required level.")
            sentence %= {"language": labels.tongue(needed.language)}
            return Finding(HardRule.COMMON_LANGUAGE, met=True, sentence=sentence)
    sentence = gettext("You need one of these languages: %(languages)s.") % {"languages": required(needs.languages)}
    return Finding(HardRule.COMMON_LANGUAGE, met=False, sentence=sentence)


def required(languages: Iterable[LanguageHeld]) -> str:
    """Return languages with the level that an officer needs, in words."""
    return ", ".join(f"{labels.tongue(needed.language)} {labels.label(needed.level)}" for needed in languages)


def _expertise(officer: Officer, needs: Needs) -> Finding | None:
    """Check for a shared area; a restricted one is never shown, so it neither meets the rule nor breaks it."""
    if not officer.expertise:
        return None
    areas = {known.area for known in officer.expertise}
    if not needs.expertise:
        return Finding(HardRule.SHARED_EXPERTISE, met=True, sentence=gettext("Any area of expertise is accepted."))
    if any(area in areas and not area.restricted for area in needs.expertise):
        return Finding(HardRule.SHARED_EXPERTISE, met=True, sentence=gettext("You share an area of expertise."))
    if any(area.restricted for area in needs.expertise):
        return None
    return Finding(HardRule.SHARED_EXPERTISE, met=False, sentence=gettext("You share no area of expertise."))


def _weeks(officer: Officer, needs: Needs) -> Finding | None:
    if officer.weeks is None:
        return None
    if officer.weeks & needs.weeks:
        return Finding(HardRule.COMMON_WEEKS, met=True, sentence=gettext("You are available in a possible week."))
    return Finding(HardRule.COMMON_WEEKS, met=False, sentence=gettext("You are not available in a possible week."))


def _rank(officer: Officer, needs: Needs) -> Finding | None:
    if officer.rank_group is None:
        return None
    if officer.rank_group in needs.ranks:
        return Finding(HardRule.RANK_GROUP, met=True, sentence=gettext("Your rank group is accepted."))
    return Finding(HardRule.RANK_GROUP, met=False, sentence=gettext("Your rank group is not accepted."))
