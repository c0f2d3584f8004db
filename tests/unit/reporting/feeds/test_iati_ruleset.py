"""Each rule of the official ruleset and each code list is checked, and a file with one fault is refused for it."""

from __future__ import annotations

import csv
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from services.reporting.feeds.formats import codelists, iati
from services.reporting.feeds.formats.iati_rules import broken
from services.reporting.feeds.formats.iati_ruleset import RULES
from tests.unit.reporting.feeds.official_ruleset import OFFICIAL, broken_ids
from tests.unit.reporting.feeds.test_iati_rules import (
    AT,
    _all,
    _drop,
    _identified,
    _put,
    _set,
    settings,
    tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable

official = pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official files are not in the repository")


def _deal(inside: str = "", day: str = "2026-05-01") -> Callable[[Any], None]:
    return _put(
        f"<transaction><transaction-type code='3'/><transaction-date iso-date='{day}'/>"
        f"<value value-date='{day}'>1</value>{inside}</transaction>"
    )


def _money(tag: str, last: str) -> str:
    return f"<{tag}><period-start iso-date='2026-01-01'/><period-end iso-date='{last}'/><value>1</value></{tag}>"


_REGIONS = "<recipient-region vocabulary='1' code='89'{}/><recipient-region vocabulary='1' code='298'{}/>"
_ITEMS = "<country-budget-items vocabulary='2'>{}</country-budget-items>"
_QUALITATIVE = _set("//indicator[period/actual]", "measure", "5")
_BASELINE = "<baseline year='2024'{}/>"
_TARGET = "<target{}/>"
_PERIOD = "//indicator[1]/period"

ACTIVITY = [
    ("1.1.3", _identified("XI-IATI-TANDEM")),
    ("1.1.21", _identified("XI-IATI-ELSE-TOPCOP")),
    ("1.1.21", _identified("XI-IATI-TANDEMTOPCOP")),
    ("1.14.8", _all(_set("//reporting-org", "ref", "XX-NONE-1"), _identified("XX-NONE-1-A"))),
    ("1.3.13", _identified("XI-IATI-TANDEM-A/B")),
    ("1.3.1", _identified("XI-IATI-TANDEM-A\n")),
    ("1.14.13", _set("//reporting-org", "ref", "XI-IATI-A&B")),
    ("1.14.1", _set("//reporting-org", "ref", "XI-IATI-TANDEM ")),
    ("1.16.1", _put("<other-identifier ref=' XM-DAC-1' type='B1'/>")),
    ("1.6.1", _put("<other-identifier ref=' XM-DAC-1' type='A3'/>")),
    ("1.7.1", _put("<related-activity ref=' XM-DAC-1' type='1'/>")),
    ("6.11.1", _drop("//activity-date[@type='2']")),
    ("6.2.2", _drop("//sector")),
    ("4.1.1", lambda root: root[0].attrib.pop("{http://www.w3.org/XML/1998/namespace}lang")),
    ("6.7.2", _all(_drop("//sector"), _deal("<sector code='15130'/>"), _deal())),
    ("7.8.1", _all(_set("//iati-activity", "default-currency", None), _deal())),
    ("11.1.1", _set("//iati-activity", "last-updated-datetime", "2027-01-03T00:00:00Z")),
    ("11.1.2", _put("<activity-date iso-date='2029-01-01' type='1'/>")),
    ("11.1.3", _put("<activity-date iso-date='2024-01-01' type='4'/>")),
    ("11.1.4", _set("//activity-date[@type='2']", "iso-date", "2027-01-03")),
    ("11.1.5", _put("<activity-date iso-date='2027-01-03' type='4'/>")),
    ("11.2.1", _deal(day="2027-01-03")),
    ("11.2.2", _put("<transaction><value value-date='2027-01-03'>1</value></transaction>")),
    ("2.1.1", _put("<sector code='43010'/>")),
    ("2.1.1", _put("<sector vocabulary='2' code='151'/><sector vocabulary='2' code='430'/>")),
    ("2.1.2", _put("<sector code='43010' percentage='20'/>")),
    (
        "2.1.2",
        _put("<sector vocabulary='2' code='151' percentage='9'/><sector vocabulary='2' code='1' percentage='9'/>"),
    ),
    ("2.1.4", _set("//sector", "percentage", "50")),
    ("2.1.4", _put("<sector vocabulary='2' code='151' percentage='50'/>")),
    ("12.3.1", _set("//sector", "percentage", "101")),
    ("2.2.1", _put("<sector vocabulary='99' code='police'/>")),
    ("102.1.1", _set("//sector", "vocabulary", "2")),
    ("6.6.2", _deal("<sector code='15130'/>")),
    ("107.1.1", _put("<default-aid-type vocabulary='2' code='A01'/>")),
    ("107.1.2", _put("<default-aid-type code='A01'/><default-aid-type code='A02'/>")),
    ("107.1.2", _put("<default-aid-type vocabulary='2' code='1'/><default-aid-type vocabulary='2' code='2'/>")),
    ("107.2.1", _deal("<aid-type vocabulary='2' code='1'/>")),
    ("107.2.2", _deal("<aid-type code='A01'/><aid-type code='A02'/>")),
    ("107.2.2", _deal("<aid-type vocabulary='2' code='1'/><aid-type vocabulary='2' code='2'/>")),
    ("3.4.1", _put(_REGIONS.format("", ""))),
    ("3.4.2", _put(_REGIONS.format(" percentage='10'", " percentage='10'"))),
    ("3.4.4", _all(_drop("//recipient-country"), _put("<recipient-region vocabulary='1' code='89' percentage='9'/>"))),
    ("3.1.1", _set("//recipient-country", "percentage", None)),
    ("3.1.2", _set("//recipient-country", "percentage", "0.5")),
    ("3.1.4", _all(_drop("//recipient-country[position() > 1]"), _set("//recipient-country", "percentage", "50"))),
    ("12.1.1", _set("//recipient-country", "percentage", "-1")),
    ("12.1.1", _put("<recipient-region vocabulary='1' code='89' percentage='101'/>")),
    ("3.6.2", _deal("<recipient-country code='AM'/>")),
    ("3.7.1", _drop("//recipient-country")),
    ("3.7.2", _all(_drop("//recipient-country"), _deal("<recipient-country code='AM'/>"), _deal())),
    ("12.2.1", _put("<capital-spend percentage='101'/>")),
    ("12.2.1", _put(_ITEMS.format("<budget-item code='1' percentage='101'/>"))),
    ("7.9.1", _put(_ITEMS.format("<budget-item code='1'/><budget-item code='2'/>"))),
    ("7.9.2", _put(_ITEMS.format("<budget-item code='1' percentage='5'/><budget-item code='2' percentage='5'/>"))),
    ("7.9.4", _put(_ITEMS.format("<budget-item code='1' percentage='5'/>"))),
    ("6.8.1", _put("<other-identifier ref='1' type='A1'><owner-org/></other-identifier>")),
    ("1.11.1", _put("<other-identifier ref='1' type='A1'><owner-org ref='XM-DAC-1 '/></other-identifier>")),
    ("1.11.13", _put("<other-identifier ref='1' type='A1'><owner-org ref='a|b'/></other-identifier>")),
    ("6.9.1", _deal("<provider-org/>")),
    ("1.10.13", _deal("<provider-org ref='a|b'/>")),
    ("1.10.1", _deal("<provider-org ref=' a'/>")),
    ("1.4.1", _deal("<provider-org ref='a' provider-activity-id=' a'/>")),
    ("6.9.2", _deal("<receiver-org/>")),
    ("1.15.13", _deal("<receiver-org ref='a|b'/>")),
    ("1.15.1", _deal("<receiver-org ref=' a'/>")),
    ("1.5.1", _deal("<receiver-org ref='a' receiver-activity-id=' a'/>")),
    ("6.14.1", _put("<policy-marker code='1'/>")),
    ("6.13.1", _put("<policy-marker vocabulary='99' code='1'/>")),
    ("6.10.1", _put("<participating-org role='4'/>")),
    ("1.8.13", _set("//participating-org", "ref", "a|b")),
    ("1.8.1", _set("//participating-org", "ref", " XM-DAC-1")),
    ("1.9.1", _set("//participating-org", "activity-id", " a")),
    ("8.6.3", _put(_money("planned-disbursement", "2025-01-01"))),
    ("8.6.3", _put(_money("budget", "2025-01-01"))),
    ("7.5.3", _put(_money("budget", "2027-06-30"))),
    ("8.11.1", _put("<reference vocabulary='99' code='A'/>", "//result")),
    ("8.6.1", _set("//period-end", "iso-date", "2025-12-31")),
    ("8.8.1", _put(_BASELINE.format(""), "//indicator")),
    ("8.8.2", _put(_BASELINE.format(" value='few'"), "//indicator")),
    ("8.8.3", _all(_QUALITATIVE, _put(_BASELINE.format(" value='1'"), "//indicator[@measure='5']"))),
    ("8.9.1", _put(_TARGET.format(""), _PERIOD)),
    ("8.9.2", _put(_TARGET.format(" value='1,5'"), _PERIOD)),
    ("8.9.3", _all(_QUALITATIVE, _put(_TARGET.format(" value='1'"), "//indicator[@measure='5']/period"))),
    ("8.10.1", _set("//actual", "value", None)),
    ("8.10.2", _set("//actual", "value", "many")),
    ("8.10.3", _QUALITATIVE),
    ("4.3.1", _drop("//indicator/title/narrative")),
    ("4.4.1", _drop("//iati-activity/description/narrative")),
]
"""A fault in an activity file for each rule."""

_OWNER = "//iati-organisation"
ORGANISATION = [
    ("1.18.8", _all(_set("//reporting-org", "ref", "XX-NONE-1"), _identified("XX-NONE-1", "organisation-identifier"))),
    ("1.12.13", _identified("XI-IATI-A|B", "organisation-identifier")),
    ("1.12.1", _identified(" XI-IATI-TANDEM", "organisation-identifier")),
    ("1.18.13", _set("//reporting-org", "ref", "XI-IATI-A?")),
    ("1.18.1", _set("//reporting-org", "ref", " XI-IATI-TANDEM")),
    ("1.17.1", _put("<recipient-org-budget><recipient-org ref=' XM-DAC-1'/></recipient-org-budget>", _OWNER)),
    ("11.4.1", _set(_OWNER, "last-updated-datetime", "2027-01-03T00:00:00Z")),
    ("4.5.1", lambda root: root[0].attrib.pop("{http://www.w3.org/XML/1998/namespace}lang")),
    ("7.8.2", _all(_set(_OWNER, "default-currency", None), _put(_money("total-budget", "2026-12-31"), _OWNER))),
    (
        "11.3.1",
        _put(
            "<recipient-country-budget><period-start iso-date='2026-01-01'/><period-end iso-date='2026-12-31'/>"
            "<budget-line><value value-date='2025-12-31'>1</value></budget-line></recipient-country-budget>",
            _OWNER,
        ),
    ),
    *(
        (rule, _put(_money(f"{name}", last), _OWNER))
        for name in (
            "total-budget",
            "recipient-country-budget",
            "recipient-org-budget",
            "recipient-region-budget",
            "total-expenditure",
        )
        for rule, last in (("8.6.3", "2025-01-01"), ("7.5.3", "2027-06-30"))
    ),
]
"""A fault in an organisation file for each rule."""


def _faults() -> list[Any]:
    """Return each fault as an argument: of which file, which rule, and the change that makes it."""
    of = (("activity", ACTIVITY), ("organisation", ORGANISATION))
    return [
        pytest.param(kind, *fault, id=f"{kind}-{fault[0]}-{n}") for kind, all_ in of for n, fault in enumerate(all_)
    ]


def _file(kind: str) -> Any:
    return tree() if kind == "activity" else etree.fromstring(iati.organisation(settings(), AT))


@pytest.mark.parametrize(("kind", "rule", "change"), _faults())
def test_a_fault_is_found_by_its_rule(kind: str, rule: str, change: Callable[[Any], None]) -> None:
    """A file with one fault breaks the rule of the ruleset about it, and what the official ruleset finds we find."""
    root = _file(kind)
    assert broken(root, AT.date()) == []
    change(root)
    found = {each.rule for each in broken(root, AT.date())}
    assert rule in found
    if OFFICIAL.is_dir():
        theirs = broken_ids(root, AT.date())
        assert rule in theirs
        assert theirs <= found


@official
def test_every_rule_of_the_ruleset_is_checked_and_tried() -> None:
    """Each rule of the official ruleset is one of ours, for the same elements as often, and has a fault here."""
    rules = json.loads((OFFICIAL.parent / "standard.json").read_text(encoding="utf-8"))
    theirs = {
        rule["ruleInfo"]["id"]
        for kinds in rules.values()
        for name, cases in kinds.items()
        for case in cases["cases"]
        for rule in ([inner for each in case["do"].values() for inner in each["cases"]] if name == "loop" else [case])
    }
    assert theirs == {rule.id for rule in RULES} == {rule for rule, _ in ACTIVITY + ORGANISATION}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("//sector", "code", "99999"), "The code 99999 is not in IATI's list Sector."),
        (_put("<sector vocabulary='2' code='15130' percentage='100'/>"), "list SectorCategory"),
        (_set("//iati-activity", "default-currency", "EURO"), "The code EURO is not in IATI's list Currency."),
        (_put("<recipient-region vocabulary='1' code='999' percentage='0'/>"), "list Region"),
        (_set("//iati-activity", "{http://www.w3.org/XML/1998/namespace}lang", "xx"), "list Language"),
        (_set("//recipient-country", "code", "EU"), "list Country"),
        (_put("<policy-marker code='77' significance='1'/>"), "list PolicyMarker."),
        (_put("<policy-marker code='1' significance='9'/>"), "list PolicySignificance"),
        (_set("//participating-org", "role", "9"), "list OrganisationRole"),
    ],
)  # fmt: skip - one line a code
def test_a_wrong_code_is_found_in_its_list(change: Callable[[Any], None], words: str) -> None:
    """A code that a list does not have is named with the list."""
    root = tree()
    change(root)
    assert any(words in each.sentence for each in broken(root, AT.date()))


def test_an_agency_alone_is_no_identifier() -> None:
    """An identifier that ends after its registration agency and a hyphen is found; the official rule lets it pass."""
    root = tree()
    _all(_set("//reporting-org", "ref", "XI-IATI-"), _identified("XI-IATI--A"))(root)
    assert {each.rule for each in broken(root, AT.date())} == {"1.14.8"}


def test_no_finding_for_a_country_that_takes_no_part() -> None:
    """A country of the world that is in the standard's list breaks no rule, also if the programme is not there."""
    root = tree()
    _set("//recipient-country", "code", "AF")(root)
    assert broken(root, AT.date()) == []


def test_a_budget_may_last_a_year() -> None:
    """A year, also a leap year and one that begins on a leap day, is not too long for a budget."""
    for start, end in (("2026-01-01", "2027-01-01"), ("2027-03-01", "2028-02-29"), ("2024-02-29", "2025-03-01")):
        root = tree()
        _put(f"<budget><period-start iso-date='{start}'/><period-end iso-date='{end}'/></budget>")(root)
        assert broken(root, date(2027, 1, 2)) == []


@official
def test_our_code_lists_are_the_official_ones() -> None:
    """Each official list is ours with all its codes, or is named with the reason for which it is not checked."""
    files = {path.stem: path for path in OFFICIAL.glob("*.csv")}
    assert set(files) == set(codelists.CODES) | set(codelists.UNCHECKED)
    for name, codes in codelists.CODES.items():
        with files[name].open(encoding="utf-8") as file:
            assert codes == {row["code"] for row in csv.DictReader(file)}, name
    assert {name for name, _ in codelists.PLACES} == set(codelists.CODES) - {"OrganisationRegistrationAgency"}
