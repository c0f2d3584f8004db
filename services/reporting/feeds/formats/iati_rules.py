"""Check an IATI file against those rules of the standard that its schema cannot express.

The rules are those of the IATI Standard 2.03 (iatistandard.org, ruleset and the guidance of each element), in our own
words: dates in order, shares that add up to 100, identifiers that are well formed and unique, codes that are in their
list, results with an indicator, indicators with a period, values that are numbers. Every finding names the indicator
and the period, so that the person who corrects it knows where to look.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from services.reporting.feeds.formats.codelists import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTIFIER = re.compile(r"[^/&|?\s]+")
_HUNDREDTH = Decimal("0.01")
_NUMBERED = {"1", "2", "3", "4"}
"""The measures of which every value is a number (5 are words)."""
_NARRATED = ["title", "description", "reporting-org", "name"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A breach of a rule in a file: its indicator and period (empty: in none), the rule, and a sentence."""

    indicator: str
    period: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        place = ", ".join(part for part in (self.indicator, self.period) if part)
        return f"{place}: {self.sentence}" if place else self.sentence


def broken(root: Any, today: date) -> list[Finding]:
    """Return the rules that an activity or organisation file breaks, in a fixed order; empty if none."""
    found = {*_codes(root), *_narratives(root)}
    for activity in root.iter("iati-activity"):
        found |= {*_identity(activity), *_dates(activity, today), *_shares(activity), *_results(activity)}
    for organisation in root.iter("iati-organisation"):
        found |= {*_owner(organisation, "organisation-identifier"), *_budgets(organisation)}
    names = Counter(_text(each) for each in root.iter("iati-identifier", "organisation-identifier"))
    found |= {
        _finding(root, "unique", f"The identifier {name} stands {times} times; each has to be the only one.")
        for name, times in names.items()
        if times > 1
    }
    return sorted(found)


def _codes(root: Any) -> Iterator[Finding]:
    for path, (name, codes) in CODES.items():
        for code in root.xpath(path):
            if code not in codes:
                yield _finding(code.getparent(), "code", f"The code {code} is not in IATI's list {name}.")


def _narratives(root: Any) -> Iterator[Finding]:
    for element in root.iter(*_NARRATED):
        if not any(_text(each) for each in element.iter("narrative")):
            yield _finding(element, "narrative", f"The element {element.tag} has no text.")


def _identity(activity: Any) -> Iterator[Finding]:
    yield from _owner(activity, "iati-identifier")
    if activity.find("participating-org") is None:
        yield _finding(activity, "participants", "No organisation takes part; at least one has to be named.")
    kinds = Counter(each.get("type", "1") for each in activity.findall("description"))
    if any(times > 1 for times in kinds.values()):
        yield _finding(activity, "description", "Two descriptions are of the same type.")
    if activity.find("sector") is None and activity.find("transaction/sector") is None:
        yield _finding(activity, "sector", "No sector is named.")
    places = "recipient-country", "recipient-region", "transaction/recipient-country", "transaction/recipient-region"
    if all(activity.find(place) is None for place in places):
        yield _finding(activity, "place", "No country and no region is named that receives it.")


def _owner(element: Any, tag: str) -> Iterator[Finding]:
    name, owner = _text(element.find(tag)), element.find("reporting-org")
    ref = owner.get("ref", "") if owner is not None else ""
    for each in dict.fromkeys((name, ref)):
        if not _IDENTIFIER.fullmatch(each):
            sentence = f"The identifier “{each}” is empty or has a space or one of / & | ? in it."
            yield _finding(element, "identifier", sentence)
    former = [each.get("ref", "") for each in element.findall("other-identifier[@type='B1']")]
    if tag == "iati-identifier" and not any(each and name.startswith(each) for each in (ref, *former)):
        sentence = f"The identifier {name} has to begin with that of the reporting organisation, {ref}."
        yield _finding(element, "identifier", sentence)


def _dates(activity: Any, today: date) -> Iterator[Finding]:
    days = {each.get("type"): _day(each) for each in activity.findall("activity-date")}
    if not {"1", "2"} & set(days):
        yield _finding(activity, "dates", "Neither a planned nor an actual start is given.")
    for first, last, words in (("1", "3", "planned"), ("2", "4", "actual")):
        start, end = days.get(first), days.get(last)
        if start and end and start > end:
            yield _finding(activity, "dates", f"The {words} end, {end}, is before the {words} start, {start}.")
    for kind, words in (("2", "start"), ("4", "end")):
        day = days.get(kind)
        if day and day > today:
            yield _finding(activity, "dates", f"The actual {words}, {day}, is still to come.")


def _shares(activity: Any) -> Iterator[Finding]:
    places = [*activity.findall("recipient-country"), *activity.findall("recipient-region")]
    yield from _hundred(activity, "countries and regions", places)
    sectors: dict[str, list[Any]] = {}
    for each in activity.findall("sector"):
        sectors.setdefault(each.get("vocabulary", "1"), []).append(each)
    for vocabulary, group in sectors.items():
        yield from _hundred(activity, f"sectors of vocabulary {vocabulary}", group)


def _hundred(activity: Any, words: str, elements: list[Any]) -> Iterator[Finding]:
    if not elements or (len(elements) == 1 and elements[0].get("percentage") is None):
        return
    shares = [_number(each.get("percentage")) for each in elements]
    if any(share is None or not 0 <= share <= 100 for share in shares):
        yield _finding(activity, "shares", f"One of the {words} has no share between 0 and 100.")
        return
    total = sum((share for share in shares if share is not None), Decimal(0))
    if abs(total - 100) >= _HUNDREDTH:
        yield _finding(activity, "shares", f"The shares of the {words} add up to {total}, not to 100.")


def _results(activity: Any) -> Iterator[Finding]:
    for result in activity.findall("result"):
        if result.find("indicator") is None:
            yield _finding(result, "result", "A result has no indicator.")
        for indicator in result.findall("indicator"):
            if indicator.find("period") is None:
                yield _finding(indicator, "indicator", "The indicator has no period.")
            yield from _indicator(indicator)
            yield from _periods(indicator)
    names = Counter(
        each.get("code") for each in activity.findall("result/indicator/reference") if each.get("vocabulary") == "99"
    )
    for name, times in names.items():
        if times > 1:
            yield Finding(name or "", "", "unique", f"The indicator stands {times} times in the activity.")


def _indicator(indicator: Any) -> Iterator[Finding]:
    measure = indicator.get("measure")
    for element in indicator.iter("baseline", "target", "actual"):
        value, subject = element.get("value"), f"The {element.tag}"
        if measure in _NUMBERED and value is None:
            yield _finding(element, "value", f"{subject} has no value: leave it out where no number is shown.")
        elif measure in _NUMBERED and _number(value) is None:
            yield _finding(element, "value", f"{subject} “{value}” is not a number.")
        elif measure == "5" and value is not None:
            yield _finding(element, "value", f"{subject} has a value, but the indicator is one of words.")
        names = Counter((each.get("name"), each.get("value")) for each in element.findall("dimension"))
        if any(times > 1 for times in names.values()):
            yield _finding(element, "unique", f"{subject} names the same part twice.")


def _periods(indicator: Any) -> Iterator[Finding]:
    for period in indicator.findall("period"):
        start, end = _day(period.find("period-start")), _day(period.find("period-end"))
        if start is None or end is None:
            yield _finding(period, "period", "The period has no first or no last day.")
        elif start > end:
            yield _finding(period, "period", f"The period ends on {end}, before it begins on {start}.")
        for kind in ("actual", "target"):
            parts = Counter(_part(each) for each in period.findall(kind))
            twice = sorted(part or "total" for part, times in parts.items() if times > 1)
            if twice:
                yield _finding(period, "unique", f"More than one {kind} stands for {', '.join(twice)}.")


def _budgets(organisation: Any) -> Iterator[Finding]:
    for element in organisation.iter("total-budget", "recipient-country-budget", "total-expenditure"):
        start, end = _day(element.find("period-start")), _day(element.find("period-end"))
        if start and end and start > end:
            yield _finding(element, "period", f"A {element.tag} ends on {end}, before it begins on {start}.")


def _part(element: Any) -> str:
    return ", ".join(sorted(f"{each.get('name')} {each.get('value')}" for each in element.findall("dimension")))


def _finding(element: Any, rule: str, sentence: str) -> Finding:
    indicator = next(element.iterancestors("indicator"), None) if element.tag != "indicator" else element
    period = next(element.iterancestors("period"), None) if element.tag != "period" else element
    reference = indicator.find("reference") if indicator is not None else None
    title = indicator.find("title") if indicator is not None else None
    name = reference.get("code", "") if reference is not None else ""
    if not name and title is not None:
        name = _text(title.find("narrative"))
    days = [period.find(tag) for tag in ("period-start", "period-end")] if period is not None else []
    return Finding(name, " to ".join(each.get("iso-date", "") for each in days if each is not None), rule, sentence)


def _text(element: Any) -> str:
    return (element.text or "").strip() if element is not None else ""


def _day(element: Any) -> date | None:
    try:
        return date.fromisoformat(element.get("iso-date", "")[:10]) if element is not None else None
    except ValueError:
        return None


def _number(value: str | None) -> Decimal | None:
    try:
        number = Decimal(value or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
