"""Check an IATI file against those rules of the standard that its schema cannot express.

The official ruleset and the code lists are checked as a whole (`iati_ruleset.py`, `codelists.py`). Besides, as the
guidance of each element asks: the file is of version 2.03, identifiers are unique, results have an indicator,
indicators have a period, numbers are written as such, and nothing stands twice. Every finding names the indicator, the
period and the element, so that its reader knows where to look, and what to do about it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from services.reporting.feeds.formats.codelists import CODES, PLACES
from services.reporting.feeds.formats.iati_ruleset import breaches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_NARRATED = ["reporting-org", "name"]
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ROOTS = {"iati-activities", "iati-activity", "iati-organisations", "iati-organisation"}
_XML = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A breach of a rule in a file: its indicator and period (empty: in none), element, rule, and what to do."""

    indicator: str
    period: str
    element: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{', '.join(filter(None, (self.indicator, self.period, self.element)))}: {self.sentence}"


def misshapen(root: Any, schema: etree.XMLSchema) -> list[Finding]:
    """Return what a schema finds wrong in a file, in the order of the file; empty if it is valid."""
    if schema.validate(root):
        return []
    found: Any = schema.error_log  # lxml's stubs do not declare it iterable
    return [_finding(next(iter(root.xpath(each.path)), root), "schema", _plain(each.message)) for each in found]


_PLAIN = (
    (
        r"attribute '(.+)': '(.*)' is not a valid value of the atomic type 'xs:dateTime'",
        r"The \1 “\2” is not a moment. Write it like 2026-07-31T12:00:00Z.",
    ),
    (
        r"attribute '(.+)': '(.*)' is not a valid value of the atomic type 'xs:date'",
        r"The \1 “\2” is not a date. Write it like 2026-07-31.",
    ),
    (
        r"attribute '(.+)': '(.*)' is not a valid value of the atomic type 'xs:(?:decimal|int)'",
        r"The \1 “\2” is not a number. Write digits.",
    ),
    (
        r"attribute '(.+)': '(.*)' is not a valid value of the atomic type 'xs:boolean'",
        r"The \1 “\2” is neither true nor false. Write 1 or 0.",
    ),
    (r"The attribute '(.+)' is required but missing", r"The attribute \1 is missing. Add it."),
    (r"The attribute '(.+)' is not allowed", r"The schema has no attribute \1 here. Remove it."),
    (
        r"This element is not expected. Expected is (?:one of )?\( (.+) \)",
        r"The schema expects \1 in its place. Add what is missing before it, or move or remove it.",
    ),
    (r"Missing child element\(s\). Expected is (?:one of )?\( (.+) \)", r"It has not all of its elements. Add \1."),
)  # fmt: skip - one line a message
"""Messages of the schema, and how they are said here."""


def _plain(message: str) -> str:
    """Return a message of the schema in plain words, or as it is if it is none of those that are known."""
    for pattern, words in _PLAIN:
        if found := re.search(pattern, message):
            return found.expand(words).replace(", ##other*", "").replace("##other*", "an element of another namespace")
    return message


def broken(root: Any, today: date) -> list[Finding]:
    """Return the rules that an activity or organisation file breaks, in a fixed order; empty if none."""
    found = {_finding(place, rule.id, sentence) for rule, place, sentence in breaches(root, today)}
    found |= {*_head(root, today), *_codes(root), *_narratives(root)}
    for activity in root.iter("iati-activity"):
        found |= {*_identity(activity, "iati-identifier"), *_parts(activity), *_results(activity, today)}
    for organisation in root.iter("iati-organisation"):
        found |= set(_identity(organisation, "organisation-identifier"))
    names = Counter(_text(each) for each in root.iter("iati-identifier", "organisation-identifier"))
    found |= {
        _finding(root, "unique", f"The identifier {name} stands {times} times. Give each its own.")
        for name, times in names.items()
        if times > 1
    }
    return sorted(found)


def _head(root: Any, today: date) -> Iterator[Finding]:
    for version in root.xpath("/*/@version[. != '2.03']"):
        yield _finding(version, "version", f"The file is checked as version 2.03, but says {version}. Write 2.03.")
    for moment in root.xpath("/*/@generated-datetime"):
        if (day := _date(moment)) and day > today:
            yield _finding(
                moment, "generated", f"The moment at which the file was made, {moment}, is still to come. Correct it."
            )


def _codes(root: Any) -> Iterator[Finding]:
    for name, path in PLACES:
        for code in root.xpath(path):
            if code not in CODES[name]:
                sentence = f"The code {code or '“”'} is not in IATI's list {name}. Use one that is."
                yield _finding(code, "code", sentence)


def _narratives(root: Any) -> Iterator[Finding]:
    for element in root.iter(*_NARRATED):
        if not any(_text(each) for each in element.iter("narrative")):
            yield _finding(element, "narrative", f"The element {element.tag} has no text. Add a narrative.")


def _identity(element: Any, tag: str) -> Iterator[Finding]:
    owner = element.find("reporting-org")
    for place, text in (
        (element.find(tag), _text(element.find(tag))),
        (owner, owner.get("ref", "") if owner is not None else ""),
    ):
        if not text or any(sign.isspace() for sign in text):
            sentence = f"The identifier “{text}” is empty or has a space in it. Correct it."
            yield _finding(element if place is None else place, "identifier", sentence)


def _parts(activity: Any) -> Iterator[Finding]:
    if activity.find("participating-org") is None:
        sentence = "No organisation takes part; at least one has to be named. Add a participating-org."
        yield _finding(activity, "participants", sentence)
    for tag, words in (("description", "descriptions"), ("activity-date", "dates")):
        kinds = Counter(each.get("type", "1") for each in activity.findall(tag))
        for kind, times in kinds.items():
            if times > 1:
                sentence = f"{times} {words} are of the same type, {kind}. Keep one of them."
                yield _finding(activity.find(tag), tag, sentence)


def _results(activity: Any, today: date) -> Iterator[Finding]:
    for result in activity.findall("result"):
        if result.find("indicator") is None:
            yield _finding(result, "result", "A result has no indicator. Add one, or remove the result.")
        for indicator in result.findall("indicator"):
            if indicator.find("period") is None:
                yield _finding(indicator, "indicator", "The indicator has no period. Add one, or remove the indicator.")
            yield from _numbers(indicator)
            yield from _dimensions(indicator)
            yield from _periods(indicator, today)
    names = Counter(
        each.get("code") for each in activity.findall("result/indicator/reference") if each.get("vocabulary") == "99"
    )
    for name, times in names.items():
        if times > 1:
            sentence = f"The indicator stands {times} times in the activity. Keep one of them."
            yield Finding(name or "", "", "indicator/reference", "unique", sentence)


def _numbers(indicator: Any) -> Iterator[Finding]:
    """Yield the numbers that the official rule takes for some and other readers do not, and years of another day."""
    for value in indicator.xpath("(baseline | period/target | period/actual)/@value"):
        is_one = value.getparent().xpath("number(@value) = @value")  # others break a rule of the ruleset
        if indicator.get("measure") != "5" and is_one and not _NUMBER.fullmatch(value):
            tag = value.getparent().tag
            yield _finding(
                value, "number", f"The {tag} “{value}” is not written as a number. Write digits, such as 12.5."
            )
    for baseline in indicator.findall("baseline"):
        day, year = _day(baseline), baseline.get("year")
        if day is not None and year and year != str(day.year):
            sentence = (
                f"The baseline has the year {year} and the day {day}, which is of another year. Correct one of them."
            )
            yield _finding(baseline, "baseline", sentence)


def _dimensions(indicator: Any) -> Iterator[Finding]:
    for element in indicator.iter("baseline", "target", "actual"):
        names = Counter((each.get("name"), each.get("value")) for each in element.findall("dimension"))
        if any(times > 1 for times in names.values()):
            yield _finding(element, "unique", f"The {element.tag} names the same part twice. Keep one of them.")
        for dimension in element.findall("dimension"):
            if not dimension.get("name", "").strip() or not dimension.get("value", "").strip():
                sentence = f"A dimension of the {element.tag} has no name or no value. Add both, or remove it."
                yield _finding(dimension, "dimension", sentence)


def _periods(indicator: Any, today: date) -> Iterator[Finding]:
    yield from _once(indicator, "baseline")
    spans = Counter[tuple[date | None, date | None]]()
    for period in indicator.findall("period"):
        start, end = _day(period.find("period-start")), _day(period.find("period-end"))
        spans[start, end] += 1
        if start is None or end is None:
            yield _finding(period, "period", "The period has no first or no last day. Add it.")
        elif spans[start, end] == 2:
            yield _finding(period, "unique", "The period stands more than once. Join its targets and actuals in one.")
        if start is not None and start > today and period.find("actual") is not None:
            sentence = (
                f"The period begins on {start}, which is still to come, so nothing was reached. Remove the actual."
            )
            yield _finding(period.find("actual"), "actual", sentence)
        for kind in ("actual", "target"):
            yield from _once(period, kind)


def _once(parent: Any, kind: str) -> Iterator[Finding]:
    """Yield a finding if an element names the same part twice by elements of a kind."""
    parts = Counter(_part(each) for each in parent.findall(kind))
    twice = sorted(part or "total" for part, times in parts.items() if times > 1)
    if twice:
        yield _finding(
            parent.find(kind), "unique", f"More than one {kind} stands for {', '.join(twice)}. Keep one of each."
        )


def _part(element: Any) -> str:
    """Return the part that a number is about, by its dimensions and locations; empty: the whole."""
    dimensions = [f"{each.get('name')} {each.get('value')}" for each in element.findall("dimension")]
    return ", ".join(sorted([*dimensions, *(f"location {each.get('ref')}" for each in element.findall("location"))]))


def _finding(place: Any, rule: str, sentence: str) -> Finding:
    """Return a finding at an element, or at an attribute as XPath gives it."""
    of_attribute = isinstance(place, str)
    element = place.getparent() if of_attribute else place
    indicator = next(element.iterancestors("indicator"), None) if element.tag != "indicator" else element
    period = next(element.iterancestors("period"), None) if element.tag != "period" else element
    reference = indicator.find("reference") if indicator is not None else None
    title = indicator.find("title") if indicator is not None else None
    name = reference.get("code", "") if reference is not None else ""
    if not name and title is not None:
        name = _text(title.find("narrative"))
    days = [period.find(tag) for tag in ("period-start", "period-end")] if period is not None else []
    span = " to ".join(each.get("iso-date", "") for each in days if each is not None)
    return Finding(name, span, _name(place, element), rule, sentence)


def _name(place: Any, element: Any) -> str:
    """Return how a reader of the file finds an element or attribute: by its tag, below that of its parent."""
    parent = element.getparent()
    tag = element.tag if parent is None or parent.tag in _ROOTS else f"{parent.tag}/{element.tag}"
    attribute = getattr(place, "attrname", None)
    return f"{tag}/@{attribute.replace(_XML, 'xml:')}" if attribute else tag


def _text(element: Any) -> str:
    return (element.text or "").strip() if element is not None else ""


def _day(element: Any) -> date | None:
    return _date(element.get("iso-date", "")) if element is not None else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
