"""Which few charts say how the programme does? Each over released figures, with its table, definition and file.

None of them joins what belongs to different things: targets are set beside the same indicator, days sent beside days
hosted, answers beside what is wanted. A chart that would have fewer than two numbers is not drawn.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.model.aim import AimKind, standing
from services.reporting.model.disclosure import ROLLED_UP
from services.reporting.model.figure import Measure, written
from services.reporting.model.indicators.demand import UNMET
from services.reporting.model.indicators.reciprocity import HOSTED, SENT
from services.reporting.pages import met, path, show
from services.reporting.pages.drawn import Drawn
from shared.web.charts import Pair, pairs
from shared.web.i18n import gettext
from shared.web.site import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.reporting.model.aim import Aim
    from services.reporting.model.disclosure import Released, Shown
    from services.reporting.model.periods import Period
    from services.reporting.pages.drawn import Row

_FROM, _TO = "country-of-service", "host-country"
MAPS = ("topic-and-country", "topic-and-language", "country-and-gap")
_COUNTRIES = 12
"""So many countries with most days are drawn; the file has all."""


def charts(figures: Mapping[str, Released], period: Period, aims: Sequence[Aim]) -> list[Drawn]:
    """The charts that can be drawn for a period, in the order of the page; its figures by id."""
    due = in_period(aims, period)
    made = [
        targets(figures, due, shares=False),
        targets(figures, due, shares=True),
        _named("path", path.path(figures), path.steps(figures)),
        unmet(figures),
        reciprocity(figures),
        _named("answering", path.answering(figures), path.answers(figures)),
    ]
    return [each for each in made if each is not None]


def in_period(aims: Sequence[Aim], period: Period) -> dict[str, Aim]:
    """Of each indicator the target that stands and is due last within a period."""
    return {aim.indicator: aim for aim in standing(aims) if aim.kind is AimKind.TARGET and aim.day in period}


def _named(name: str, chart: object, rows: Sequence[Row]) -> Drawn | None:
    return Drawn(name, chart, rows) if chart is not None else None  # type: ignore[arg-type]  # a chart, if it is not None


def targets(figures: Mapping[str, Released], due: Mapping[str, Aim], *, shares: bool) -> Drawn | None:
    """Targets that are due in the period beside the period's own figure; counts and shares apart, for their axes."""
    items, rows = [], []
    for indicator, figure in figures.items():
        aim, value = due.get(indicator), figure.total.value
        if aim is None or (figure.definition.measure is Measure.SHARE) != shares:
            continue
        rows.append((indicator, indicator, "target", written(aim.value)))
        if value is None or aim.value < 0:
            continue
        rows.append((indicator, indicator, "actual", written(value)))
        items.append(Pair(gettext(figure.definition.title), float(aim.value), float(value)))
    if not items:
        return None
    missed = [each for each in items if each.after < each.before]
    if not missed:
        found = gettext("all that are due are reached")
    elif len(missed) == len(items):
        found = gettext("none that is due is reached")
    else:
        found = gettext("%(reached)s of %(all)s are reached") % {
            "reached": number(len(items) - len(missed)),
            "all": number(len(items)),
        }
    title = (gettext("Targets in per cent: %(found)s") if shares else gettext("Targets in numbers: %(found)s")) % {
        "found": found
    }
    chart = pairs(
        title,
        items,
        label=gettext("Indicator"),
        names=(gettext("target"), gettext("actual")),
        write=(lambda value: gettext("%(number)s %%") % {"number": _short(value)}) if shares else _short,
        definition=gettext(
            "Targets whose day lies in the period, the last one of each indicator, beside the figure of this period"
            " alone. A target that is meant for a longer time is to be read with the period that is as long."
        ),
    )
    return Drawn("targets-in-per-cent" if shares else "targets", chart, rows)


def _short(value: float) -> str:
    return number(value, 0 if value == int(value) else 1)


def unmet(figures: Mapping[str, Released]) -> Drawn | None:
    """Those without a match on the map that shows most of them; the reasons alone, where no map shows enough."""
    figure = figures.get(UNMET)
    if figure is None:
        return None
    for dimension in sorted(MAPS, key=lambda each: -_shown(figure, each)):
        if (chart := met.gaps(figure, dimension)) is not None:
            return Drawn("unmet", chart, _rows(figure, dimension, "not_matched"))
    chart = show.chart(figure, "gap")
    return _named("unmet", chart, _rows(figure, "gap", "not_matched"))


def _shown(figure: Released, dimension: str) -> Decimal:
    """How many a breakdown tells of."""
    cells = figure.breakdowns.get(dimension, {})
    return sum((shown.value for shown in cells.values() if shown.value is not None), Decimal())


def reciprocity(figures: Mapping[str, Released]) -> Drawn | None:
    """Days that each country's officers spent abroad beside those that it hosted, most days first."""
    if SENT not in figures or HOSTED not in figures:
        return None
    sent, hosted = figures[SENT], figures[HOSTED]
    listed = {*sent.breakdowns.get(_FROM, {}), *hosted.breakdowns.get(_TO, {})} - {ROLLED_UP}
    days = {country: (_days(sent, _FROM, country), _days(hosted, _TO, country)) for country in sorted(listed)}
    both = {country: (out, home) for country, (out, home) in days.items() if out is not None and home is not None}
    if len(both) < 2:
        return None
    order = sorted(both, key=lambda country: (-sum(both[country]), country))
    items = [Pair(show.value_of("host-country", country), *both[country]) for country in order[:_COUNTRIES]]
    widest = max(items, key=lambda each: (abs(each.before - each.after), each.label))
    chart = pairs(
        gettext("Furthest from balance: %(country)s, %(sent)s days sent and %(hosted)s hosted")
        % {"country": widest.label, "sent": number(widest.before), "hosted": number(widest.after)}
        if widest.before != widest.after
        else gettext("Every country hosted as many days as it sent"),
        items,
        label=gettext("Country"),
        names=(gettext("sent"), gettext("hosted")),
        definition=gettext(
            "Person-days of visits that ended in the period: by the country of the officers, and by the country that"
            " hosted them. A country is left out where few people stand behind one of the two."
        ),
    )
    rows = [*_rows(sent, _FROM, "sent"), *_rows(hosted, _TO, "hosted")]
    return Drawn("reciprocity", chart, rows)


def _days(figure: Released, dimension: str, country: str) -> float | None:
    """A country's days; None where they are not told. What a whole breakdown does not list is none."""
    cells = figure.breakdowns.get(dimension, {})
    if country in cells:
        value = cells[country].value
        return None if value is None else float(value)
    return None if dimension in figure.withheld or ROLLED_UP in cells else 0.0


def _rows(figure: Released, dimension: str, series: str) -> list[Row]:
    cells: Mapping[str, Shown] = figure.breakdowns.get(dimension, {})
    return [
        (figure.definition.id, value, series, "" if shown.value is None else written(shown.value))
        for value, shown in cells.items()
    ]
