"""Show each indicator over all published periods: as released, with targets, and country by country."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import ROLLED_UP, Hidden, Released, ReleasedCell
from services.reporting.disclosure.views import Number
from services.reporting.feeds.model.cumulative import can_be_added, cumulative
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import UNSAID, Measure
from services.reporting.periods.model import periods
from services.reporting.targets.model import TargetKind, added_from, baseline_of, standing
from shared.contracts.codes import PeriodKind
from shared.i18n import gettext, number
from shared.web.graphics.small_multiples import Panel, small_multiples
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.reporting.indicators.model.figure import Definition
    from services.reporting.periods.model.periods import Period
    from services.reporting.targets.model import TargetValue
    from shared.web.graphics.charts import Chart

MOST = 16
"""The most periods that are drawn, the last ones."""
_COUNTRIES = ("country-of-service", "host-country")


class TrendPoint(ReadModel):
    """The value of one period, or why there is none."""

    period: Annotated[str, Field(examples=["2026-H1"])]
    value: Number | None
    hidden: Annotated[
        Hidden | None, Field(description="Why there is no number; null where there is one, or none is published.")
    ]
    definition_version: Annotated[int | None, Field(description="Null where the period is not published.")]


class TrendTarget(ReadModel):
    """The target that is due last in a period."""

    period: Annotated[str, Field(examples=["2026-H1"])]
    value: Number
    day: date


class CountryTrend(ReadModel):
    """The values of one country."""

    dimension: Annotated[str, Field(examples=["country-of-service"])]
    country: Annotated[str, Field(examples=["AM"])]
    points: list[TrendPoint]


class IndicatorTrend(ReadModel):
    """One indicator over all published periods of a kind."""

    indicator: Annotated[str, Field(examples=["TOPCOP-OP-02"])]
    title: Annotated[str, Field(examples=["Exchange visits completed"])]
    measure: Measure
    points: list[TrendPoint]
    since_baseline: Annotated[
        list[TrendPoint],
        Field(
            description="Added up since the baseline, or the first published period, to the end of each period; empty"
            " if it cannot be added up."
        ),
    ]
    targets: list[TrendTarget]
    countries: list[CountryTrend]


class Trends(ReadModel):
    """All agreed indicators over the published periods of a kind, from released figures only."""

    kind: PeriodKind
    periods: Annotated[
        list[str], Field(description="From the first to the last published one; some may not be published.")
    ]
    indicators: list[IndicatorTrend]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Published figures by period, and the periods of one kind that are drawn."""

    kind: PeriodKind
    axis: Sequence[Period]
    published: Mapping[str, Mapping[str, Released]]
    targets: Sequence[TargetValue]
    since: date

    def of(self, indicator: str, period: Period) -> Released | None:
        """Return an indicator's figure of a period; None if it is not published."""
        return self.published.get(period.label, {}).get(indicator)

    def all_of(self, indicator: str) -> list[Released]:
        """Return all published figures of an indicator, also of periods of another kind."""
        return [figures[indicator] for figures in self.published.values() if indicator in figures]

    def target_in(self, indicator: str, period: Period) -> TargetValue | None:
        """Return the target that is due last in a period."""
        ours = [
            each
            for each in self.targets
            if each.indicator == indicator and each.kind is TargetKind.TARGET and each.day in period
        ]
        return max(ours, key=lambda each: each.day, default=None)


def timeline(
    released: Sequence[tuple[Period, Sequence[Released]]],
    target_values: Sequence[TargetValue],
    since: date,
    kind: str | None = None,
) -> Timeline:
    """Return the published periods of a kind as a timeline; without a kind, of the one with most published periods."""
    published = {period.label: {each.definition.id: each for each in figures} for period, figures in released}
    counts = {each: sum(period.kind is each for period, _ in released) for each in PeriodKind}
    chosen = PeriodKind(kind) if kind else max(counts, key=lambda each: (counts[each], each is PeriodKind.HALF_YEAR))
    own = [period for period, _ in released if period.kind is chosen]
    between = periods.labels(min(each.start for each in own), max(each.end for each in own)) if own else []
    axis = sorted((each for each in map(periods.parse, between) if each.kind is chosen), key=lambda each: each.start)
    return Timeline(chosen, axis[-MOST:], published, standing(target_values), since)


def trends(line: Timeline) -> Trends:
    """Return all indicators over the periods."""
    return Trends(
        kind=line.kind,
        periods=[each.label for each in line.axis],
        indicators=[indicator_trend(line, each) for each in INDICATORS],
    )


def indicator_trend(line: Timeline, indicator: str) -> IndicatorTrend:
    """Return one indicator over the periods."""
    definition = INDICATORS[indicator]
    targets = [(each, line.target_in(indicator, each)) for each in line.axis]
    return IndicatorTrend(
        indicator=indicator,
        title=definition.title,
        measure=definition.measure,
        points=[_point(each, line.of(indicator, each), _total) for each in line.axis],
        since_baseline=_since_baseline(line, definition),
        targets=[
            TrendTarget(period=period.label, value=target.value, day=target.day) for period, target in targets if target
        ],
        countries=_countries(line, definition),
    )


def level_of(trend: IndicatorTrend) -> str:
    """Return the level of results of an indicator."""
    return INDICATORS[trend.indicator].level


def _total(figure: Released) -> ReleasedCell:
    return figure.total


def _point(period: Period, figure: Released | None, cell_of: Callable[[Released], ReleasedCell]) -> TrendPoint:
    if figure is None:
        return TrendPoint(period=period.label, value=None, hidden=None, definition_version=None)
    cell = cell_of(figure)
    version = figure.definition.version
    return TrendPoint(period=period.label, value=cell.value, hidden=cell.hidden, definition_version=version)


def _since_baseline(line: Timeline, definition: Definition) -> list[TrendPoint]:
    if not can_be_added(definition):
        return []
    first = added_from(baseline_of(line.targets, definition.id), line.since)
    published = line.all_of(definition.id)
    points = []
    for period in line.axis:
        figure, found = line.of(definition.id, period), cumulative(definition, period.end, first, published)
        reaches = found is not None and found.start <= max(first, line.axis[0].start)
        points.append(
            TrendPoint(
                period=period.label,
                value=found.value if found and reaches else None,
                hidden=figure.total.hidden if figure and not reaches else None,
                definition_version=figure.definition.version if figure else None,
            )
        )
    return points


def _countries(line: Timeline, definition: Definition) -> list[CountryTrend]:
    """Return the countries of which a number is shown in some period, those of officers before those of hosts."""
    found = []
    for dimension in _COUNTRIES:
        if dimension not in definition.dimensions:
            continue
        shown = {
            country
            for period in line.axis
            if (figure := line.of(definition.id, period)) is not None
            for country, cell in figure.breakdowns.get(dimension, {}).items()
            if cell.value is not None and country not in {ROLLED_UP, UNSAID}
        }
        for country in sorted(shown, key=lambda each: (disclosure_views.value_of(_COUNTRIES[0], each), each)):
            points = [
                _point(each, line.of(definition.id, each), lambda of, d=dimension, c=country: _part(of, d, c))  # type: ignore[misc]  # bound now
                for each in line.axis
            ]
            found.append(CountryTrend(dimension=dimension, country=country, points=points))
    return found


def _part(figure: Released, dimension: str, country: str) -> ReleasedCell:
    """Return the cell of a country; in a complete breakdown one that is missing has none."""
    cells = figure.breakdowns.get(dimension, {})
    if country in cells:
        return cells[country]
    if dimension in figure.withheld or ROLLED_UP in cells or figure.total.suppressed:
        return ReleasedCell(None, hidden=Hidden.PROTECTED)
    if figure.total.value is None or figure.definition.measure in {Measure.SHARE, Measure.MEDIAN}:
        return ReleasedCell(None, hidden=Hidden.NO_DATA)
    return ReleasedCell(Decimal())


def chart(trend: IndicatorTrend) -> Chart | None:
    """Return an indicator's small multiples; None if no number of it is shown in any period."""
    if all(each.value is None for each in trend.points):
        return None
    definition, labels = INDICATORS[trend.indicator], [each.period for each in trend.points]
    share = definition.measure is Measure.SHARE

    def write(value: float) -> str:
        text = number(value, 0 if value == int(value) else 1)
        return gettext("%(number)s\u00a0%%") % {"number": text} if share else text

    due = {each.period: float(each.value) for each in trend.targets}
    targets = [due.get(label) for label in labels]
    sums = any(each.value is not None for each in trend.since_baseline)
    series = [(gettext("In each period"), trend.points, "" if not sums else "period", () if sums else targets)]
    if sums:
        series.insert(0, (gettext("Added up"), trend.since_baseline, "sum", targets))
    for country in trend.countries:
        name = disclosure_views.value_of(country.dimension, country.country)
        if country.dimension == _COUNTRIES[1]:
            name = gettext("Host: %(country)s") % {"country": name}
        series.append((name, country.points, country.dimension, ()))
    panels = [
        Panel(
            name,
            [None if each.value is None else float(each.value) for each in of],
            frozenset(place for place, each in enumerate(of) if each.hidden is Hidden.PROTECTED),
            scale,
            aims,
            _breaks(of),
        )
        for name, of, scale, aims in series
    ]
    columns = [gettext("Period"), *(name for name, *_ in series[: 1 + sums]), gettext("Target")]
    columns += [name for name, *_ in series[1 + sums :]]
    rows = [
        (
            label,
            *(_text(of[place], write) for _, of, *_ in series[: 1 + sums]),
            write(due[label]) if label in due else "",
            *(_text(of[place], write) for _, of, *_ in series[1 + sums :]),
        )
        for place, label in enumerate(labels)
    ]
    return small_multiples(
        _finding(trend, write),
        labels,
        panels,
        columns=columns,
        rows=rows,
        write=write,
        target=gettext("target"),
        definition=_explained(trend, definition),
    )


def _breaks(points: Sequence[TrendPoint]) -> frozenset[int]:
    """Return where the definition's version differs from the one before."""
    found, last = set(), None
    for place, each in enumerate(points):
        if each.definition_version is not None:
            if last is not None and each.definition_version != last:
                found.add(place)
            last = each.definition_version
    return frozenset(found)


def _text(point: TrendPoint, write: Callable[[float], str]) -> str:
    if point.value is not None:
        return write(float(point.value))
    if point.definition_version is None:
        return gettext("not published")
    return gettext("not shown") if point.hidden is not Hidden.NO_DATA else gettext("no data yet")


def _finding(trend: IndicatorTrend, write: Callable[[float], str]) -> str:
    """Return the newest number and the first one; a newest number that is hidden is named as such."""
    definition, newest = INDICATORS[trend.indicator], trend.points[-1]
    points = [each for each in trend.points if each.value is not None]
    first, last = points[0], points[-1]
    hidden = newest.period if newest.hidden is Hidden.PROTECTED else ""
    assert first.value is not None
    assert last.value is not None
    texts = {
        "name": gettext(definition.title),
        "last": write(float(last.value)),
        "period": last.period,
        "first": write(float(first.value)),
        "before": first.period,
    }
    if hidden:
        return gettext("%(name)s: not shown in %(hidden)s, %(last)s in %(period)s") % {**texts, "hidden": hidden}
    if first is last:
        return gettext("%(name)s: %(last)s in %(period)s") % texts
    return gettext("%(name)s: %(last)s in %(period)s, %(first)s in %(before)s") % texts


def _explained(trend: IndicatorTrend, definition: Definition) -> str:
    sentences = [gettext(definition.numerator)]
    every = [*trend.points, *(point for country in trend.countries for point in country.points)]
    if any(each.hidden is Hidden.PROTECTED for each in every):
        sentences.append(
            gettext("A grey band marks a period whose number is not shown, because it would reveal few people.")
        )
    if any(each.definition_version is None for each in trend.points):
        sentences.append(gettext("A gap without a band is a period that is not published."))
    if _breaks(trend.points):
        sentences.append(gettext("Where the line breaks, the definition changed."))
    if trend.countries:
        sentences.append(gettext("Countries share one scale. A country of which no number is shown has no panel."))
    if any(each.value is not None for each in trend.since_baseline):
        sentences.append(gettext("Numbers are added up from the baseline, or from the first published period."))
    return " ".join(sentences)
