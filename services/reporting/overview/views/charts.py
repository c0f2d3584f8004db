"""Draw the charts of the overview, each with its numbers as rows of a file for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.feeds.model.cumulative import can_be_added, cumulative
from services.reporting.indicators.model.demand import UNMET
from services.reporting.indicators.model.figure import Measure, written
from services.reporting.indicators.model.quality import FOLLOWED
from services.reporting.indicators.model.reciprocity import HOSTED, SENT
from services.reporting.needs import views as needs_views
from services.reporting.targets.model import added_from, baseline_of, due_in_period, is_reached, standing
from shared.contracts.codes import OTHER, group_members
from shared.i18n import N_, gettext, number
from shared.web.csv_files import records_as_csv
from shared.web.graphics.charts import Bar, Pair, bars, pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from services.reporting.disclosure.model import Released, ReleasedCell
    from services.reporting.periods.model.approval import Approval
    from services.reporting.periods.model.periods import Period
    from services.reporting.targets.model import TargetValue
    from shared.web.graphics.charts import Chart

COLUMNS = ("chart", "period", "start", "end", "status", "indicator", "item", "series", "value")
"""`item` is the code of what a number is about: an indicator, a country, a topic and a country."""

Row = tuple[str, str, str, str]
"""Indicator, item, series and value, as codes and written-out numbers."""


@dataclass(frozen=True, slots=True)
class NamedChart:
    """A chart with its name in addresses and its rows."""

    name: str
    chart: Chart
    rows: Sequence[Row]


def csv_text(named_charts: Iterable[NamedChart], approval: Approval) -> str:
    """Return the rows of charts of one period as CSV."""
    period = approval.period
    common = {
        "period": period.label,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "status": approval.state.value,
    }
    lines: list[dict[str, Any]] = [
        {**common, "chart": each.name, **dict(zip(("indicator", "item", "series", "value"), row, strict=True))}
        for each in named_charts
        for row in each.rows
    ]
    return records_as_csv(COLUMNS, lines)


STEPS = (
    ("TOPCOP-IN-01", N_("Applied")),
    ("TOPCOP-PR-01", N_("Got a place")),
    ("TOPCOP-OP-02", N_("Completed a visit")),
    ("TOPCOP-OC-03", N_("Say they use it six months later")),
    ("TOPCOP-OC-04", N_("Confirmed by the line manager")),
)
"""From applying to use on the job: a count, or of a share its numerator."""
WANTED = 90.0
"""Per cent of guests that evaluate when they are asked online (CEPOL's exchange programme of 2009 and 2010)."""
AFTER_WANTED = 85.0
"""Per cent that answer the follow-up, of the same programme."""


def _reached(figures: Mapping[str, Released]) -> list[tuple[str, str, Decimal]]:
    """Return indicator, name and number of each step that may be shown."""
    found = []
    for indicator, name in STEPS:
        figure = figures.get(indicator)
        if figure is None or figure.total.hidden:
            continue
        amount = figure.total.numerator if figure.definition.measure is Measure.SHARE else figure.total.value
        if amount is not None:
            found.append((indicator, name, amount))
    return found


def steps(figures: Mapping[str, Released]) -> list[Row]:
    """Return the steps as rows of a file."""
    return [(indicator, indicator, "reached", written(amount)) for indicator, _, amount in _reached(figures)]


def delivery_path(figures: Mapping[str, Released]) -> Chart | None:
    """Return the steps from applying to use on the job; None if fewer than two may be shown or nobody applied."""
    items = [Bar(gettext(name), float(amount)) for _, name, amount in _reached(figures)]
    if len(items) < 2 or not items[0].value:
        return None
    first, last = items[0], items[-1]
    return bars(
        gettext("From application to use on the job: %(first)s %(from)s, %(last)s %(to)s")
        % {
            "first": number(first.value),
            "from": first.label[:1].lower() + first.label[1:],
            "last": number(last.value),
            "to": last.label[:1].lower() + last.label[1:],
        },
        items,
        label=gettext("Step"),
        value=gettext("Number"),
        definition=gettext(
            "Each step counts what happened in the period, on its own day. The steps do not follow the same "
            "people. A step based on few people is left out."
        ),
    )


def _answered(figures: Mapping[str, Released]) -> list[tuple[str, str, float, float]]:
    """Return code, name, benchmark and share of each kind of answer that may be shown, in per cent."""
    figure = figures.get("TOPCOP-DQ-01")
    if figure is None:
        return []
    found = []
    if figure.total.value is not None and not figure.total.hidden:
        found.append(("evaluation", N_("Evaluation within seven days"), WANTED, float(figure.total.value)))
    for note in figure.notes:
        if note.text == FOLLOWED and note.denominator:
            share = 100 * note.numerator / note.denominator
            found.append(("follow_up", N_("Follow-up after six months"), AFTER_WANTED, share))
    return found


def answers(figures: Mapping[str, Released]) -> list[Row]:
    """Return the answers as rows of a file."""
    return [
        ("TOPCOP-DQ-01", code, series, f"{number:.2f}")
        for code, _, wanted, reached in _answered(figures)
        for series, number in (("wanted", wanted), ("answered", reached))
    ]


def answering(figures: Mapping[str, Released]) -> Chart | None:
    """Return how many answer, beside the benchmark; None if neither share may be shown."""
    items = [Pair(gettext(name), wanted, reached) for _, name, wanted, reached in _answered(figures)]
    if not items:
        return None
    short = [each for each in items if each.after < each.before]
    if not short:
        title = gettext("Response rates reach the benchmark")
    elif len(short) < len(items):
        title = gettext("Response rate below the benchmark: %(which)s") % {"which": short[0].label}
    else:
        title = gettext("Response rates are below the benchmark")
    return pairs(
        title,
        items,
        label=gettext("Answers"),
        names=(gettext("benchmark"), gettext("answered")),
        write=lambda share: gettext("%(number)s\u00a0%%") % {"number": number(share, 0 if share == int(share) else 1)},
        definition=gettext(
            "The share of guests who answered, of the completed visits for which an answer was due by now. The "
            "benchmark is what an online survey reached in CEPOL's exchange programme of 2009 and 2010."
        ),
    )


_FROM, _TO = "country-of-service", "host-country"
MAPS = ("topic-and-country", "topic-and-language", "country-and-gap")
_COUNTRIES = 12
"""The most countries that are drawn, those with most days; the file has all."""


def charts(
    figures: Mapping[str, Released],
    period: Period,
    target_values: Sequence[TargetValue],
    history: Sequence[Released] = (),
    since: date = date.min,
) -> list[NamedChart]:
    """Return the charts that can be drawn for a period, in the order of the page; its figures by id.

    `history` are the figures of other published periods: what adds up is counted from the baseline on, or from `since`.
    """
    due = due_in_period(target_values, period)
    sums = sums_to_date(figures, target_values, history, since)
    made = [
        targets(figures, due, sums, shares=False),
        targets(figures, due, sums, shares=True),
        _named("path", delivery_path(figures), steps(figures)),
        unmet(figures),
        reciprocity(figures),
        _named("answering", answering(figures), answers(figures)),
    ]
    return [each for each in made if each is not None]


def _named(name: str, chart: object, rows: Sequence[Row]) -> NamedChart | None:
    return NamedChart(name, chart, rows) if chart is not None else None  # type: ignore[arg-type]  # a chart, if it is not None


def sums_to_date(
    figures: Mapping[str, Released], target_values: Sequence[TargetValue], history: Sequence[Released], since: date
) -> dict[str, Decimal]:
    """Return what was reached from the baseline, or from a day, to a period's end, of each figure that adds up."""
    found = {}
    for indicator, figure in figures.items():
        first = added_from(baseline_of(standing(target_values), indicator), since)
        total = cumulative(figure.definition, figure.period.end, first, [figure, *history])
        if total is not None:
            found[indicator] = total.value
    return found


def targets(
    figures: Mapping[str, Released], due: Mapping[str, TargetValue], sums: Mapping[str, Decimal], *, shares: bool
) -> NamedChart | None:
    """Return targets due in the period beside what was reached; counts and shares apart, for their axes."""
    items, rows, reached, are_all_shown = [], [], 0, True
    for indicator, figure in figures.items():
        target_value = due.get(indicator)
        value = sums.get(indicator) if can_be_added(figure.definition) else figure.total.value
        if target_value is None or (figure.definition.measure is Measure.SHARE) != shares:
            continue
        rows.append((indicator, indicator, "target", written(target_value.value)))
        if value is None or target_value.value < 0:
            are_all_shown = False
            continue
        reached += is_reached(indicator, target_value.value, value)
        rows.append((indicator, indicator, "actual", written(value)))
        items.append(Pair(gettext(figure.definition.title), float(target_value.value), float(value)))
    if not items:
        return None
    found = _of_targets(len(items), reached, are_all_shown=are_all_shown)
    title = (gettext("Targets in per cent: %(found)s") if shares else gettext("Targets in numbers: %(found)s")) % {
        "found": found
    }
    chart = pairs(
        title,
        items,
        label=gettext("Indicator"),
        names=(gettext("target"), gettext("actual")),
        write=(lambda value: gettext("%(number)s\u00a0%%") % {"number": _short(value)}) if shares else _short,
        definition=gettext(
            "The last target of each indicator that is due in the period. What adds up is counted from the baseline to"
            " the period's end, in published figures. Other values are those of the period."
        ),
    )
    return NamedChart("targets-in-per-cent" if shares else "targets", chart, rows)


def _of_targets(due: int, reached: int, *, are_all_shown: bool) -> str:
    """Return how many of the due targets are reached; some of which a number is not shown may be left out."""
    if reached == due:
        return gettext("all due targets are reached") if are_all_shown else gettext("all that are shown are reached")
    if not reached:
        return gettext("no due target is reached") if are_all_shown else gettext("none that is shown is reached")
    sentence = (
        gettext("%(reached)s of %(all)s are reached")
        if are_all_shown
        else gettext("%(reached)s of %(all)s that are shown are reached")
    )
    return sentence % {"reached": number(reached), "all": number(due)}


def _short(value: float) -> str:
    return number(value, 0 if value == int(value) else 1)


def unmet(figures: Mapping[str, Released]) -> NamedChart | None:
    """Return those without a match on the map that shows most of them; the reasons alone if no map shows enough."""
    figure = figures.get(UNMET)
    if figure is None:
        return None
    for dimension in sorted(MAPS, key=lambda each: -_applications_shown(figure, each)):
        if (chart := needs_views.gaps(figure, dimension)) is not None:
            return NamedChart("unmet", chart, _rows(figure, dimension, "not_matched"))
    chart = disclosure_views.chart(figure, "gap")
    return _named("unmet", chart, _rows(figure, "gap", "not_matched"))


def _applications_shown(figure: Released, dimension: str) -> Decimal:
    """Return how many applications a breakdown shows."""
    cells = figure.breakdowns.get(dimension, {})
    return sum((cell.value for cell in cells.values() if cell.value is not None), Decimal())


def reciprocity(figures: Mapping[str, Released]) -> NamedChart | None:
    """Return days that each country's officers spent abroad beside those that it hosted, most days first."""
    if SENT not in figures or HOSTED not in figures:
        return None
    sent, hosted = figures[SENT], figures[HOSTED]
    listed = {*sent.breakdowns.get(_FROM, {}), *hosted.breakdowns.get(_TO, {})} - {ROLLED_UP}
    if not _comparable(sent.breakdowns.get(_FROM, {}), hosted.breakdowns.get(_TO, {})):
        return None
    days = {country: (_days(sent, _FROM, country), _days(hosted, _TO, country)) for country in sorted(listed)}
    both = {country: (out, home) for country, (out, home) in days.items() if out is not None and home is not None}
    if len(both) < 2:
        return None
    order = sorted(both, key=lambda country: (-sum(both[country]), country))
    items = [Pair(disclosure_views.value_of(_FROM, country), *both[country]) for country in order[:_COUNTRIES]]
    widest = max(items, key=lambda each: (abs(each.before - each.after), each.label))
    chart = pairs(
        gettext("Furthest from balance: %(country)s. Days sent: %(sent)s. Days hosted: %(hosted)s")
        % {"country": widest.label, "sent": number(widest.before), "hosted": number(widest.after)}
        if widest.before != widest.after
        else gettext("Every country hosted as many days as it sent"),
        items,
        label=gettext("Country"),
        names=(gettext("sent"), gettext("hosted")),
        definition=gettext(
            "Person-days of visits that ended in the period, by the officers' country and by the host country. "
            "A country is left out if either number is based on few people."
        ),
    )
    rows = [*_rows(sent, _FROM, "sent"), *_rows(hosted, _TO, "hosted")]
    return NamedChart("reciprocity", chart, rows)


def _comparable(sent: Collection[str], hosted: Collection[str]) -> bool:
    """Return whether no country stands in two of the groups by which both are broken down."""
    if OTHER in {*sent, *hosted}:
        return False
    groups = {code: frozenset(group_members(_FROM, code) or {code}) for code in sent}
    for code in hosted:
        members = frozenset(group_members(_TO, code) or {code})
        if groups.setdefault(code, members) != members:
            return False
    return sum(map(len, groups.values())) == len(frozenset[str]().union(*groups.values()))


def _days(figure: Released, dimension: str, country: str) -> float | None:
    """Return a country's days; None if they are hidden. A country missing in a complete breakdown has none."""
    cells = figure.breakdowns.get(dimension, {})
    if country in cells:
        value = cells[country].value
        return None if value is None else float(value)
    return None if dimension in figure.withheld or ROLLED_UP in cells else 0.0


def _rows(figure: Released, dimension: str, series: str) -> list[Row]:
    cells: Mapping[str, ReleasedCell] = figure.breakdowns.get(dimension, {})
    return [
        (figure.definition.id, value, series, "" if cell.value is None else written(cell.value))
        for value, cell in cells.items()
    ]
