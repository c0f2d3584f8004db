"""The files for donors keep the standards' rules, and each broken rule is reported with indicator and period."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from csvw import CSVW  # type: ignore[import-untyped]  # it comes without types
from lxml import etree

from services.reporting.disclosure.model import Released, release
from services.reporting.feeds.actions import files
from services.reporting.feeds.formats import iati
from services.reporting.feeds.formats.iati_rules import broken
from services.reporting.feeds.formats.table import csv_text
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Figure
from services.reporting.periods.model.approval import Approval
from services.reporting.settings import Settings
from shared.contracts.codes import PeriodState
from shared.errors import Refused
from tests.support import settings_for
from tests.unit.reporting.disclosure.test_disclosure import count, share
from tests.unit.reporting.fact_samples import YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from services.reporting.targets.model import TargetValue

AT = datetime(2027, 1, 1, 8, 30, 15, 123456, tzinfo=UTC)
WHERE = Approval(YEAR, PeriodState.PUBLISHED, frozen_at=AT, cut_off=AT)


def settings(**changes: Any) -> Settings:
    """Return the service's settings with changes."""
    return Settings(**{**settings_for("postgresql+asyncpg://nobody@localhost/none"), **changes})


def figures() -> list[Released]:
    """Return a count in two parts by host and by officers' country, and a share that too few stand behind."""
    parts = {"FR": count(30), "RO": count(31)}
    officers = {"AM": count(20), "GE": count(41)}
    whole = Figure(
        INDICATORS["TOPCOP-OP-02"], YEAR, AT, count(61), {"host-country": parts, "country-of-service": officers}
    )
    return release([whole, Figure(INDICATORS["TOPCOP-PR-01"], YEAR, AT, share(2, 3), {})])


def content_of(name: str, aims: Sequence[TargetValue] = (), **changes: Any) -> bytes:
    """Return one of the files of those figures; `changes` are of the settings."""
    return next(file.content for file in files.files(figures(), WHERE, settings(**changes), aims) if file.name == name)


def tree() -> Any:
    """Return the activity file of those figures, to be broken."""
    return etree.fromstring(iati.activity(figures(), WHERE, settings(), AT))


def _set(path: str, name: str, value: str | None) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        element = root.xpath(path)[0]
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)

    return change


def _drop(path: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        for element in root.xpath(path):
            element.getparent().remove(element)

    return change


def _twice(path: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        element = root.xpath(path)[0]
        element.addnext(etree.fromstring(etree.tostring(element)))

    return change


def _put(xml: str, path: str = "//iati-activity") -> Callable[[Any], None]:
    def change(root: Any) -> None:
        for each in etree.fromstring(f"<x>{xml}</x>"):
            root.xpath(path)[0].append(each)

    return change


def _all(*changes: Callable[[Any], None]) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        for each in changes:
            each(root)

    return change


def _identified(text: str, tag: str = "iati-identifier") -> Callable[[Any], None]:
    def change(root: Any) -> None:
        root.xpath(f"//{tag}")[0].text = text

    return change


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (_set("//activity-date[@type='2']", "iso-date", "2027-01-02"), "11.1.4", "still to come"),
        (_set("//recipient-country", "percentage", "99"), "3.1.2", "add up to 100"),
        (_set("//recipient-country", "percentage", "-1"), "12.1.1", "between 0 and 100"),
        (_set("//sector", "percentage", "80"), "2.1.4", "not of 100"),
        (_drop("//participating-org"), "participants", "at least one"),
        (_drop("//sector"), "6.2.2", "No sector"),
        (_drop("//recipient-country"), "3.7.1", "No country"),
        (_drop("//activity-date"), "6.11.1", "Neither"),
        (_twice("//iati-activity"), "unique", "stands 2 times"),
        (_twice("//iati-activity/description"), "description", "same type"),
        (_set("//reporting-org", "ref", "XM-DAC-1"), "1.1.21", "has to begin"),
        (_set("//reporting-org", "ref", "A B"), "identifier", "a space"),
        (_set("//reporting-org", "type", "99"), "code", "OrganisationType"),
        (_drop("//result/title/narrative"), "4.3.1", "no text"),
    ],
)  # fmt: skip - one line a rule
def test_a_broken_rule_of_the_activity_is_reported(change: Callable[[Any], None], rule: str, words: str) -> None:
    """Each rule beyond the schema has its message, and the file that we write breaks none."""
    root = tree()
    assert broken(root, AT.date()) == []
    change(root)
    found = broken(root, AT.date())
    assert any(each.rule == rule and words in each.sentence for each in found), found


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (_set("//actual", "value", None), "8.10.1", "has no value"),
        (_set("//actual", "value", ""), "8.10.2", "not a number"),
        (_set("//actual", "value", "many"), "8.10.2", "not a number"),
        (_set("//indicator[period/actual]", "measure", "5"), "8.10.3", "one of words"),
        (_twice("//actual"), "unique", "More than one actual stands for total"),
        (_twice("//actual/dimension"), "unique", "same part twice"),
        (_set("//period-end", "iso-date", "2025-12-31"), "8.6.1", "before it begins"),
        (_twice("//indicator[1]"), "unique", "stands 2 times"),
        (_drop("//period"), "indicator", "no period"),
    ],
)  # fmt: skip - one line a rule
def test_a_broken_rule_of_a_result_names_the_indicator(change: Callable[[Any], None], rule: str, words: str) -> None:
    """A finding below a result names its indicator, and its period if it has one."""
    root = tree()
    change(root)
    found = [each for each in broken(root, AT.date()) if each.rule == rule and words in each.sentence]
    assert found
    assert all(each.indicator.startswith("TOPCOP-") for each in found)
    assert rule in {"indicator", "unique"} or "2026-01-01" in str(found[0])


def _after(path: str, *xml: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        for each in xml:
            root.xpath(path)[0].addnext(etree.fromstring(each))

    return change


_YEAR, _SPAN = "TOPCOP-OP-02", "2026-01-01 to 2026-12-31"
_COUNTED = "//indicator[period/actual]"
_BASELINE = "<baseline year='2024' value='1'{}/>"
_FUTURE = _all(_set("//period-start", "iso-date", "2027-02-01"), _set("//period-end", "iso-date", "2027-12-31"))


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (
            _set("/*", "version", "2.02"),
            "iati-activities/@version",
            "The file is checked as version 2.03, but says 2.02. Write 2.03.",
        ),
        (
            _set("/*", "generated-datetime", "2031-01-01T00:00:00Z"),
            "iati-activities/@generated-datetime",
            "The moment at which the file was made, 2031-01-01T00:00:00Z, is still to come. Correct it.",
        ),
        (_twice("//activity-date[@type='2']"), "activity-date", "2 dates are of the same type, 2. Keep one of them."),
        (
            _set("//actual", "value", "1e5"),
            f"{_YEAR}, {_SPAN}, period/actual/@value",
            "The actual “1e5” is not written as a number. Write digits, such as 12.5.",
        ),
        (
            _set("//actual", "value", " 61 "),
            f"{_YEAR}, {_SPAN}, period/actual/@value",
            "The actual “ 61 ” is not written as a number. Write digits, such as 12.5.",
        ),
        (
            _set("//dimension", "value", None),
            f"{_YEAR}, {_SPAN}, actual/dimension",
            "A dimension of the actual has no name or no value. Add both, or remove it.",
        ),
        (
            _set("//dimension", "name", ""),
            f"{_YEAR}, {_SPAN}, actual/dimension",
            "A dimension of the actual has no name or no value. Add both, or remove it.",
        ),
        (
            _after(f"{_COUNTED}/reference", *2 * [_BASELINE.format("")]),
            f"{_YEAR}, indicator/baseline",
            "More than one baseline stands for total. Keep one of each.",
        ),
        (
            _after(f"{_COUNTED}/reference", _BASELINE.format(" iso-date='2025-01-01'")),
            f"{_YEAR}, indicator/baseline",
            "The baseline has the year 2024 and the day 2025-01-01, which is of another year. Correct one of them.",
        ),
        (
            _twice(f"{_COUNTED}/period"),
            f"{_YEAR}, {_SPAN}, indicator/period",
            "The period stands more than once. Join its targets and actuals in one.",
        ),
        (
            _all(_drop("//indicator[not(period/actual)]"), _FUTURE),
            f"{_YEAR}, 2027-02-01 to 2027-12-31, period/actual",
            "The period begins on 2027-02-01, which is still to come, so nothing was reached. Remove the actual.",
        ),
        (
            _set("//activity-date", "iso-date", "2026-02-30"),
            "activity-date",
            "The iso-date “2026-02-30” is not a date. Write it like 2026-07-31.",
        ),
        (_set("//sector", "percentage", "all"), "sector", "The percentage “all” is not a number. Write digits."),
        (
            _set("//result", "aggregation-status", "no"),
            "result",
            "The aggregation-status “no” is neither true nor false. Write 1 or 0.",
        ),
        (_set("//result", "colour", "red"), "result", "The schema has no attribute colour here. Remove it."),
        (
            _set("//indicator", "measure", None),
            "TOPCOP-PR-01, result/indicator",
            "The attribute measure is missing. Add it.",
        ),
        (_drop("//reporting-org/narrative"), "reporting-org", "It has not all of its elements. Add narrative."),
        (
            _drop("//activity-status"),
            "activity-date",
            (
                "The schema expects participating-org, other-identifier, activity-status in its place. Add what is"
                " missing before it, or move or remove it."
            ),
        ),
        (
            _set("//activity-status", "code", "9"),
            "activity-status/@code",
            "The code 9 is not in IATI's list ActivityStatus. Use one that is.",
        ),
        (
            _set("//title/narrative", "{http://www.w3.org/XML/1998/namespace}lang", "english"),
            "title/narrative/@xml:lang",
            "The code english is not in IATI's list Language. Use one that is.",
        ),
        (
            _identified("XI-IATI-TANDEM-A B"),
            "iati-identifier",
            "The identifier “XI-IATI-TANDEM-A B” is empty or has a space in it. Correct it.",
        ),
    ],
)
def test_a_fault_is_said_with_its_place_and_remedy(change: Callable[[Any], None], place: str, words: str) -> None:
    """A finding names indicator, period, element and what to do; the file without the fault has none."""
    root = tree()
    assert [*iati.check(root), *broken(root, AT.date())] == []
    change(root)
    assert f"{place}: {words}" in [*iati.check(root), *map(str, broken(root, AT.date()))]


def test_parts_at_other_locations_and_baselines_by_dimension_are_no_fault() -> None:
    """Numbers of two locations, and a baseline for a part besides the whole, are no finding."""
    root = tree()
    by_part = "<baseline year='2024' iso-date='2024-12-31' value='1'><dimension name='sex' value='female'/></baseline>"
    _after(f"{_COUNTED}/reference", _BASELINE.format(""), by_part)(root)
    _after(f"{_COUNTED}/period/period-end", *(f"<target value='0.5'><location ref='{n}'/></target>" for n in "AB"))(
        root
    )
    assert [*iati.check(root), *broken(root, AT.date())] == []


def test_a_result_needs_an_indicator() -> None:
    """A result without an indicator is found."""
    root = tree()
    _drop("//result[1]/indicator")(root)
    assert "result" in {each.rule for each in broken(root, date(2027, 1, 1))}


def test_wrong_settings_prevent_publication() -> None:
    """A programme that ends before it starts, or an unknown kind of organisation, is refused with the reason."""
    assert files.findings(figures(), WHERE, settings()) == []
    wrong = settings(iati_organisation_type="99", iati_organisation="XI IATI")
    found = files.findings(figures(), WHERE, wrong)
    assert any("OrganisationType" in each for each in found)
    with pytest.raises(Refused, match="cannot be published"):
        files.files(figures(), WHERE, wrong)
    assert [file.name for file in files.files(figures(), WHERE, settings())] == list(files.KINDS)


def test_the_organisation_file_is_valid() -> None:
    """The file is valid against its own schema, and names the reporting organisation."""
    root = etree.fromstring(iati.organisation(settings(), AT))
    assert iati.check(root) == []
    assert root.findtext("iati-organisation/organisation-identifier") == "XI-IATI-TANDEM"
    _drop("//name")(root)
    assert iati.check(root) != []


def test_csv_on_the_web_is_read_by_its_description(tmp_path: Path) -> None:
    """An independent library reads the CSV file by its description, with numbers and dates of the right type."""
    for name in ("figures.csv", "figures.csv-metadata.json"):
        (tmp_path / name).write_bytes(content_of(name))
    read = CSVW(str(tmp_path / "figures.csv-metadata.json"), validate=True)
    assert read.is_valid, read.warnings
    rows = list(read.tables[0].iterdicts(strict=True))
    assert [row["value"] for row in rows] == [61, 30, 31, 20, 41, None]
    assert rows[0]["start"].date() == date(2026, 1, 1)
    assert rows[-1]["hidden"] == "protected"


def test_the_workbook_equals_the_csv() -> None:
    """An independent library reads the same cells, numbers as numbers, and no formula."""
    sheet = openpyxl.load_workbook(io.BytesIO(content_of("figures.xlsx"))).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    csv_rows = list(csv.DictReader(io.StringIO(csv_text(figures(), WHERE))))
    assert [
        {str(name): "" if cell is None else str(cell) for name, cell in zip(head, row, strict=True)} for row in rows
    ] == csv_rows
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_no_cell_of_the_csv_is_a_formula() -> None:
    """Text that a spreadsheet would run is written as text, and a negative number stays one."""
    figure = figures()[0]
    part = figure.breakdowns["host-country"]["FR"]
    odd = replace(figure, breakdowns={"host-country": {"=1+1": part, "@x": part, "-2": part}})
    rows = list(csv.DictReader(io.StringIO(csv_text([odd], WHERE))))
    assert [row["dimension_value"] for row in rows[1:]] == ["'=1+1", "'@x", "-2"]


@pytest.mark.parametrize("name", files.KINDS)
def test_a_file_has_the_same_bytes_each_time(name: str) -> None:
    """The same statement gives the same bytes, so that a check before publication is valid after it."""
    first, again = (content_of(name, signing_key="") for _ in range(2))  # a signature names its moment
    assert first == again
    if name == "figures.json":
        assert json.loads(first)["figures"][0]["value"] == "61"


def test_a_period_without_figures_is_not_published() -> None:
    """Without figures there are no files, and the message says so."""
    with pytest.raises(Refused, match="nothing to publish"):
        files.files([], replace(WHERE, frozen_at=None), settings())
