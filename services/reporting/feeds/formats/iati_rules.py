"""Check an IATI file against those rules of the standard that its schema cannot express.

The official ruleset and the code lists are checked as a whole (`iati_ruleset.py`, `codelists.py`). Besides, as the
guidance of each element asks: identifiers are unique, results have an indicator, indicators have a period, and no
number stands twice. Every finding names the indicator and the period, so that its reader knows where to look.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from services.reporting.feeds.formats.codelists import CODES, PLACES
from services.reporting.feeds.formats.iati_ruleset import breaches

if TYPE_CHECKING:
    from collections.abc import Iterator

_NARRATED = ["reporting-org", "name"]


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
    found = {_finding(element, rule.id, sentence) for rule, element, sentence in breaches(root, today)}
    found |= {*_codes(root), *_narratives(root)}
    for activity in root.iter("iati-activity"):
        found |= {*_identity(activity, "iati-identifier"), *_parts(activity), *_results(activity)}
    for organisation in root.iter("iati-organisation"):
        found |= set(_identity(organisation, "organisation-identifier"))
    names = Counter(_text(each) for each in root.iter("iati-identifier", "organisation-identifier"))
    found |= {
        _finding(root, "unique", f"The identifier {name} stands {times} times; each has to be the only one.")
        for name, times in names.items()
        if times > 1
    }
    return sorted(found)


def _codes(root: Any) -> Iterator[Finding]:
    for name, path in PLACES:
        for code in root.xpath(path):
            if code not in CODES[name]:
                yield _finding(code.getparent(), "code", f"The code {code} is not in IATI's list {name}.")


def _narratives(root: Any) -> Iterator[Finding]:
    for element in root.iter(*_NARRATED):
        if not any(_text(each) for each in element.iter("narrative")):
            yield _finding(element, "narrative", f"The element {element.tag} has no text.")


def _identity(element: Any, tag: str) -> Iterator[Finding]:
    owner = element.find("reporting-org")
    for each in dict.fromkeys((_text(element.find(tag)), owner.get("ref", "") if owner is not None else "")):
        if not each or any(sign.isspace() for sign in each):
            yield _finding(element, "identifier", f"The identifier “{each}” is empty or has a space in it.")


def _parts(activity: Any) -> Iterator[Finding]:
    if activity.find("participating-org") is None:
        yield _finding(activity, "participants", "No organisation takes part; at least one has to be named.")
    kinds = Counter(each.get("type", "1") for each in activity.findall("description"))
    if any(times > 1 for times in kinds.values()):
        yield _finding(activity, "description", "Two descriptions are of the same type.")


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
    for element in indicator.iter("baseline", "target", "actual"):
        names = Counter((each.get("name"), each.get("value")) for each in element.findall("dimension"))
        if any(times > 1 for times in names.values()):
            yield _finding(element, "unique", f"The {element.tag} names the same part twice.")


def _periods(indicator: Any) -> Iterator[Finding]:
    for period in indicator.findall("period"):
        start, end = _day(period.find("period-start")), _day(period.find("period-end"))
        if start is None or end is None:
            yield _finding(period, "period", "The period has no first or no last day.")
        for kind in ("actual", "target"):
            parts = Counter(_part(each) for each in period.findall(kind))
            twice = sorted(part or "total" for part, times in parts.items() if times > 1)
            if twice:
                yield _finding(period, "unique", f"More than one {kind} stands for {', '.join(twice)}.")


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
