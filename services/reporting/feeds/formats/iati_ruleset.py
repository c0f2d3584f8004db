"""Hold an IATI file against the rules of the standard's official ruleset.

Each rule has the id of the ruleset, the elements that it is about, an XPath that selects what breaks it, and a sentence
of our own. `$today` is the number of the day (`t:day`) after which a date lies in the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

from lxml import etree

from services.reporting.feeds.formats.codelists import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ACTIVITY = "/iati-activities/iati-activity"
_ORGANISATION = "/iati-organisations/iati-organisation"
_DEFAULT = "[not(@vocabulary) or @vocabulary='' or @vocabulary='1']"
_NUMBERED = "/result/indicator[@measure='1' or @measure='2' or @measure='3' or @measure='4']"
_WORDED = "/result/indicator[@measure='5']"
_SYMBOLS = frozenset("/&|?")
_NAMESPACE = "urn:tandem:iati"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: `breach` is evaluated at each element of `context` and selects what breaks it, or is true."""

    id: str
    context: str
    breach: str
    sentence: str


def _rules() -> Iterator[Rule]:
    yield from _identifiers()
    yield from _information()
    yield from _dates()
    yield from _sectors()
    yield from _places()
    yield from _money()
    yield from _performance()


def _identifiers() -> Iterator[Rule]:
    yield Rule(
        "1.1.3",
        _ACTIVITY,
        "iati-identifier[. = ../reporting-org/@ref]",
        "The activity has the identifier of the organisation, “{value}”. Add a hyphen and a name.",
    )
    yield Rule(
        "1.1.21",
        _ACTIVITY,
        "iati-identifier[not(../reporting-org/@ref[t:begins(../../iati-identifier, .)]"
        " or ../other-identifier[@type='B1']/@ref[t:begins(../../iati-identifier, .)])]",
        "The identifier {value} has to begin with that of the reporting organisation and a hyphen. Correct it.",
    )
    for id_, context in (("1.14.8", _ACTIVITY), ("1.18.8", _ORGANISATION)):
        yield Rule(
            id_,
            context,
            "reporting-org/@ref[not(t:registered(.))]",
            "The identifier “{value}” has to begin with a registration agency that IATI knows, and a hyphen. Write it"
            " as the agency does, such as XM-DAC-12345.",
        )
    for id_, context, path in (
        ("1.3.13", _ACTIVITY, "iati-identifier"),
        ("1.14.13", _ACTIVITY, "reporting-org/@ref"),
        ("1.11.13", f"{_ACTIVITY}/other-identifier/owner-org", "@ref"),
        ("1.10.13", _both("provider-org"), "@ref"),
        ("1.15.13", _both("receiver-org"), "@ref"),
        ("1.8.13", f"{_ACTIVITY}/participating-org", "@ref"),
        ("1.12.13", _ORGANISATION, "organisation-identifier"),
        ("1.18.13", _ORGANISATION, "reporting-org/@ref"),
    ):
        yield Rule(
            id_,
            context,
            f"{path}[t:symbols(.)]",
            "The identifier “{value}” is empty, or has one of / & | ? in it. Write it without them.",
        )
    for id_, context, path in (
        ("1.3.1", _ACTIVITY, "iati-identifier"),
        ("1.14.1", _ACTIVITY, "reporting-org/@ref"),
        ("1.16.1", _ACTIVITY, "other-identifier[@type='B1']/@ref"),
        ("1.6.1", _ACTIVITY, "other-identifier[@type='A3']/@ref"),
        ("1.7.1", _ACTIVITY, "related-activity/@ref"),
        ("1.11.1", f"{_ACTIVITY}/other-identifier/owner-org", "@ref"),
        ("1.10.1", _both("provider-org"), "@ref"),
        ("1.4.1", _both("provider-org"), "@provider-activity-id"),
        ("1.15.1", _both("receiver-org"), "@ref"),
        ("1.5.1", _both("receiver-org"), "@receiver-activity-id"),
        ("1.8.1", f"{_ACTIVITY}/participating-org", "@ref"),
        ("1.9.1", f"{_ACTIVITY}/participating-org", "@activity-id"),
        ("1.12.1", _ORGANISATION, "organisation-identifier"),
        ("1.17.1", _ORGANISATION, "recipient-org-budget/recipient-org/@ref"),
        ("1.18.1", _ORGANISATION, "reporting-org/@ref"),
    ):
        yield Rule(
            id_,
            context,
            f"{path}[t:edges(.)]",
            "The identifier “{value}” begins or ends with a space or a line break. Remove it.",
        )


def _both(name: str) -> str:
    return f"{_ACTIVITY}/transaction/{name} | {_ACTIVITY}/planned-disbursement/{name}"


def _information() -> Iterator[Rule]:
    for id_, context, words in (
        ("6.10.1", f"{_ACTIVITY}/participating-org", "that takes part"),
        ("6.8.1", f"{_ACTIVITY}/other-identifier/owner-org", "that owns an identifier"),
        ("6.9.1", _both("provider-org"), "that pays"),
        ("6.9.2", _both("receiver-org"), "that is paid"),
    ):
        yield Rule(
            id_,
            context,
            "not(@ref) and not(narrative)",
            f"An organisation {words} has no identifier or name. Add one of them.",
        )
    for id_, context in (("4.1.1", _ACTIVITY), ("4.5.1", _ORGANISATION)):
        yield Rule(
            id_,
            context,
            "not(@xml:lang) and .//narrative[not(@xml:lang)]",
            "No language is named, neither for the whole nor for each text. Add xml:lang.",
        )
    for id_, name in (("4.3.1", "title"), ("4.4.1", "description")):
        yield Rule(
            id_,
            f"//{name}",
            "not(narrative/text()[normalize-space()])",
            f"The element {name} has no text. Add a narrative.",
        )
    yield Rule(
        "6.14.1",
        f"{_ACTIVITY}/policy-marker{_DEFAULT}",
        "not(@significance)",
        "A policy marker does not say how significant it is. Add its significance.",
    )
    yield Rule(
        "6.13.1",
        f"{_ACTIVITY}/policy-marker[@vocabulary='99']",
        "not(narrative)",
        "A policy marker of our own has no name. Add a narrative.",
    )


def _dates() -> Iterator[Rule]:
    yield Rule(
        "6.11.1",
        _ACTIVITY,
        "not(activity-date[@type='1' or @type='2'])",
        "Neither a planned nor an actual start is given. Add an activity-date of type 1 or 2.",
    )
    for id_, first, last, words in (("11.1.2", 1, 3, "planned"), ("11.1.3", 2, 4, "actual")):
        yield Rule(
            id_,
            _ACTIVITY,
            f"activity-date[@type='{last}'][t:day(@iso-date) < t:day(../activity-date[@type='{first}']/@iso-date)]"
            "/@iso-date",
            f"The {words} end, {{value}}, is before the {words} start. Correct one of the two dates.",
        )
    for id_, path, words in (
        ("11.1.4", "activity-date[@type='2']/@iso-date", "actual start"),
        ("11.1.5", "activity-date[@type='4']/@iso-date", "actual end"),
        ("11.2.1", "transaction/transaction-date/@iso-date", "date of a transaction"),
        ("11.2.2", "transaction/value/@value-date", "value date of a transaction"),
        ("11.1.1", "@last-updated-datetime", "moment of the last update"),
    ):
        yield Rule(
            id_, _ACTIVITY, f"{path}[t:day(.) > $today]", f"The {words}, {{value}}, is still to come. Correct it."
        )
    yield Rule(
        "11.4.1",
        _ORGANISATION,
        "@last-updated-datetime[t:day(.) > $today]",
        "The moment of the last update, {value}, is still to come. Correct it.",
    )
    yield Rule(
        "8.6.1",
        f"{_ACTIVITY}/result/indicator/period",
        _REVERSED,
        "The period ends on {value}, before it begins. Correct one of the two dates.",
    )
    spends = [f"{_ACTIVITY}/budget", *_ORGANISATION_BUDGETS]
    for context in (f"{_ACTIVITY}/planned-disbursement", *spends):
        yield Rule(
            "8.6.3",
            context,
            _REVERSED,
            "The period of money ends on {value}, before it begins. Correct one of the two dates.",
        )
    for context in spends:
        yield Rule(
            "7.5.3",
            context,
            "t:long(period-start/@iso-date, period-end/@iso-date)",
            "The period of a budget or an expenditure is longer than a year. Divide it into years.",
        )
    yield Rule(
        "11.3.1",
        f"{_ORGANISATION}/recipient-country-budget",
        "budget-line/value/@value-date[t:day(.) < t:day(../../../period-start/@iso-date)"
        " or t:day(.) > t:day(../../../period-end/@iso-date)]",
        "The value date of a budget line, {value}, is outside the budget's period. Correct it.",
    )


_REVERSED = "period-end/@iso-date[t:day(.) < t:day(../../period-start/@iso-date)]"
_ORGANISATION_BUDGETS = tuple(
    f"{_ORGANISATION}/{name}"
    for name in (
        "total-budget",
        "recipient-country-budget",
        "recipient-org-budget",
        "recipient-region-budget",
        "total-expenditure",
    )
)


def _sectors() -> Iterator[Rule]:
    yield Rule("6.2.2", _ACTIVITY, "not(sector) and not(transaction/sector)", "No sector is named. Add a sector.")
    yield Rule(
        "6.7.2",
        _ACTIVITY,
        "not(sector) and transaction/sector and transaction[not(sector)]",
        "Some transactions have a sector and others have none. Add one to each.",
    )
    yield Rule(
        "6.6.2",
        _ACTIVITY,
        "sector and transaction/sector",
        "Sectors are named for the activity and for transactions. Remove one of the two.",
    )
    yield from _shares("sectors", "sector", each="2.1.1", total="2.1.2", single="2.1.4")
    yield Rule("12.3.1", _ACTIVITY, f"sector{_OUTSIDE}", _SHARE_OUTSIDE)
    yield Rule(
        "2.2.1",
        _ACTIVITY,
        "sector[@vocabulary='98' or @vocabulary='99'][not(narrative)]",
        "A sector of our own vocabulary has no name. Add a narrative.",
    )
    yield Rule(
        "102.1.1", _ACTIVITY, f"sector and not(sector{_DEFAULT})", "No sector is of the OECD's list. Add one that is."
    )
    for id_, name in (("107.1.1", "default-aid-type"), ("107.2.1", "transaction/aid-type")):
        yield Rule(
            id_, _ACTIVITY, f"{name} and not({name}{_DEFAULT})", "No type of aid is of the OECD's list. Add one."
        )
    for id_, context, name in (
        ("107.1.2", _ACTIVITY, "default-aid-type"),
        ("107.2.2", f"{_ACTIVITY}/transaction", "aid-type"),
    ):
        yield Rule(
            id_,
            context,
            f"{name}[t:vocabularies(., ../{name}) > 1]",
            "More than one type of aid is of the same vocabulary. Keep one of them.",
        )


def _places() -> Iterator[Rule]:
    own = "recipient-country or recipient-region"
    yield Rule(
        "3.6.2",
        _ACTIVITY,
        f"({own}) and (transaction/recipient-country or transaction/recipient-region)",
        "Countries or regions are named for the activity and for transactions. Remove one of the two.",
    )
    yield Rule(
        "3.7.1",
        _ACTIVITY,
        f"not({own}) and not(transaction[{own}])",
        "No country and no region is named that receives it. Add a recipient-country or a recipient-region.",
    )
    yield Rule(
        "3.7.2",
        _ACTIVITY,
        f"not({own}) and transaction[not({own})]",
        "Some transactions have a country or a region and others have none. Add one to each.",
    )
    alone = "[not(../recipient-region)]"
    yield from _shares("countries", f"recipient-country{alone}", each="3.1.1", total="3.1.2", single="3.1.4")
    region = "recipient-region"
    yield Rule(
        "3.4.1",
        _ACTIVITY,
        f"{region}[t:vocabularies(., ../{region}) > 1][not(@percentage)]",
        "One of several regions of a vocabulary has no share. Add its percentage.",
    )
    yield Rule(
        "3.4.4",
        _ACTIVITY,
        f"{region}[t:vocabularies(., ../{region}) = 1][not(../recipient-country)][@percentage != 100]/@percentage",
        "The only region has a share of {value}, not of 100. Write 100, or leave the percentage out.",
    )
    yield Rule(
        "3.4.2",
        _ACTIVITY,
        f"{region}[t:vocabularies(., ../{region}) + count(../recipient-country) > 1]"
        f"[t:total(., ../{region}, ../recipient-country) != 100]",
        "The shares of countries and regions do not add up to 100. Correct their percentages.",
    )
    for name in ("recipient-country", region):
        yield Rule("12.1.1", _ACTIVITY, f"{name}{_OUTSIDE}", _SHARE_OUTSIDE)


def _money() -> Iterator[Rule]:
    for id_, context in (("7.8.1", _ACTIVITY), ("7.8.2", _ORGANISATION)):
        yield Rule(
            id_,
            context,
            "not(@default-currency) and (.//value | .//forecast | .//loan-status)[not(@currency)]",
            "No currency is named, neither for the whole nor for each sum of money. Add default-currency.",
        )
    for name in ("capital-spend", "country-budget-items/budget-item"):
        yield Rule("12.2.1", _ACTIVITY, f"{name}{_OUTSIDE}", _SHARE_OUTSIDE)
    item = "country-budget-items/budget-item"
    yield Rule(
        "7.9.1",
        f"{_ACTIVITY}/country-budget-items",
        "count(budget-item) > 1 and not(budget-item/@percentage)",
        "Several budget items have no shares. Add a percentage to each.",
    )
    yield Rule(
        "7.9.2",
        f"{_ACTIVITY}/country-budget-items",
        "count(budget-item) > 1 and t:total(/.., /.., budget-item) != 100",
        "The shares of the budget items do not add up to 100. Correct their percentages.",
    )
    yield Rule(
        "7.9.4",
        _ACTIVITY,
        f"{item}[count(../budget-item) = 1][@percentage != 100]/@percentage",
        "The only budget item has a share of {value}, not of 100. Write 100, or leave the percentage out.",
    )


def _shares(words: str, path: str, *, each: str, total: str, single: str) -> Iterator[Rule]:
    """Yield the rules of shares in a vocabulary: each has one, they add up to 100, and a single one is whole."""
    others = f"../{path}"
    yield Rule(
        each,
        _ACTIVITY,
        f"{path}[t:vocabularies(., {others}) > 1][not(@percentage)]",
        f"One of several {words} has no share. Add its percentage.",
    )
    yield Rule(
        total,
        _ACTIVITY,
        f"{path}[t:vocabularies(., {others}) > 1][t:total(., {others}, /..) != 100]",
        f"The shares of the {words} do not add up to 100. Correct their percentages.",
    )
    yield Rule(
        single,
        _ACTIVITY,
        f"{path}[t:vocabularies(., {others}) = 1][@percentage != 100]/@percentage",
        f"The only one of the {words} has a share of {{value}}, not of 100. Write 100, or leave the percentage out.",
    )


_OUTSIDE = "/@percentage[not(. >= 0 and . <= 100)]"
_SHARE_OUTSIDE = "The share “{value}” is not between 0 and 100. Correct the percentage."


def _performance() -> Iterator[Rule]:
    yield Rule(
        "8.11.1",
        f"{_ACTIVITY}/result/indicator",
        "reference and ../reference",
        "A reference is given for the result and for the indicator. Keep one of the two.",
    )
    for ids, path in (
        (("8.8.1", "8.8.2", "8.8.3"), "baseline"),
        (("8.9.1", "8.9.2", "8.9.3"), "period/target"),
        (("8.10.1", "8.10.2", "8.10.3"), "period/actual"),
    ):
        missing, number, words = ids
        subject = f"The {path.rpartition('/')[2]}"
        at = f"{_ACTIVITY}{_NUMBERED}/{path}"
        yield Rule(missing, at, "not(@value)", f"{subject} has no value. Leave it out where no number is shown.")
        yield Rule(
            number,
            at,
            "@value[not(number(.) = .)]",
            f"{subject} “{{value}}” is not a number. Write digits, such as 12.5.",
        )
        yield Rule(
            words,
            f"{_ACTIVITY}{_WORDED}/{path}",
            "@value",
            f"{subject} has a value, but the indicator is one of words. Leave the value out.",
        )


RULES = tuple(_rules())
"""The rules of the official ruleset; an id that stands for several elements has several rows."""


def breaches(root: Any, today: date) -> Iterator[tuple[Rule, Any, str]]:
    """Yield each rule that a file breaks, the element or attribute that breaks it, and what is wrong, with a remedy."""
    for rule, context, breach in _compiled():
        for place in context(root):
            found = breach(place, today=float(today.toordinal()))
            for node in [place] if found is True else found or []:
                is_text = isinstance(node, str)
                value = str(node) if is_text else (node.text or "").strip()
                yield rule, node, rule.sentence.format(value=value)


@cache
def _compiled() -> list[tuple[Rule, Any, Any]]:
    extensions = {(_NAMESPACE, name): function for name, function in _FUNCTIONS.items()}
    names = {"t": _NAMESPACE}
    return [
        (rule, etree.XPath(rule.context), etree.XPath(rule.breach, namespaces=names, extensions=extensions))
        for rule in RULES
    ]


def _day(_: Any, nodes: Any) -> float:
    """Return the number of the day of a date or a moment (of which the day in UTC counts); NaN if it is neither."""
    found = _date(nodes)
    return float(found.toordinal()) if found else float("nan")


def _date(nodes: Any) -> date | None:
    text = _text(nodes)
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _long(_: Any, start: Any, end: Any) -> bool:
    """Return whether a period is longer than a year: it may end on the day on which the next year begins."""
    first, last = _date(start), _date(end)
    if first is None or last is None:
        return False
    leap = (first.month, first.day) == (2, 29)
    return last > first.replace(year=first.year + 1, **({"month": 3, "day": 1} if leap else {}))


def _vocabularies(_: Any, element: Any, others: Any) -> float:
    """Return how many of the others are of the vocabulary of one element, itself included."""
    return float(sum(_vocabulary(each) == _vocabulary(element[0]) for each in others))


def _total(_: Any, element: Any, others: Any, besides: Any) -> float:
    """Return the sum of the shares of one vocabulary and of the elements besides, exactly; NaN if one is no number."""
    counted = [each for each in others if _vocabulary(each) == _vocabulary(element[0])]
    try:
        total = sum((Decimal(each.get("percentage", "0")) for each in [*counted, *besides]), Decimal(0))
    except InvalidOperation:
        return float("nan")
    return float(total)


def _vocabulary(element: Any) -> str:
    return element.get("vocabulary") or "1"


def _registered(_: Any, nodes: Any) -> bool:
    """Return whether an organisation's identifier has a registration agency, a hyphen and something after it."""
    text = _text(nodes)
    return any(text.startswith(f"{agency}-") and len(text) > len(agency) + 1 for agency in _AGENCIES)


_AGENCIES = CODES["OrganisationRegistrationAgency"]

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "day": _day,
    "long": _long,
    "vocabularies": _vocabularies,
    "total": _total,
    "registered": _registered,
    "begins": lambda _, name, owner: bool(_text(owner)) and _text(name).startswith(f"{_text(owner)}-"),
    "symbols": lambda _, nodes: not _text(nodes) or bool(_SYMBOLS & set(_text(nodes))),
    "edges": lambda _, nodes: _text(nodes) != _text(nodes).strip(),
}


def _text(nodes: Any) -> str:
    node = nodes[0] if isinstance(nodes, list) and nodes else nodes or ""
    return str(node) if isinstance(node, str) else node.text or ""
