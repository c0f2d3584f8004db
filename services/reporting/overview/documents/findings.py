"""Write the first part of the report: findings with their charts, targets, trends, changes, needs, and the method."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import ReleasedCell
from services.reporting.feeds.formats.result_chain import RESULT_CHAIN
from services.reporting.feeds.model.cumulative import can_be_added
from services.reporting.indicators.model.catalogue import INDICATORS, agreed
from services.reporting.indicators.model.figure import Measure
from services.reporting.needs import views as needs_views
from services.reporting.overview.documents.report import Findings, Picture, Section, Table
from services.reporting.overview.views import charts, trends
from services.reporting.targets.model import TargetKind, baseline_of, is_reached
from shared.contracts.codes import PeriodKind, PeriodState, RestatementReason
from shared.i18n import gettext
from shared.time.dates import day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.reporting.disclosure.model import Released
    from services.reporting.overview.documents.background import Background
    from services.reporting.periods.model.approval import Approval
    from services.reporting.settings import Settings
    from services.reporting.targets.model import TargetValue
    from shared.web.graphics.charts import Chart

FIRST = 4
"""The most charts on the page of findings."""
_NEEDS = 12
"""The most topics in the table of needs."""


def findings(
    approval: Approval, released: Sequence[Released], background: Background, settings: Settings
) -> tuple[Findings, list[Section]]:
    """Return the page of findings, and the sections that follow it; `released` are all figures of the period."""
    figures = {each.definition.id: each for each in released}
    drawn = [each.chart for each in _charts(approval, figures, background, settings)]
    sentences = [disclosure_views.main_finding(figures), *(each.title for each in drawn[:FIRST])]
    first = Findings(
        title=gettext("Findings"),
        sentences=[f"{each.rstrip('.')}." for each in dict.fromkeys(sentences) if each],
        pictures=[_picture(each) for each in drawn[:FIRST]],
    )
    return first, [
        _targets(approval, figures, background, settings),
        _trends(approval, released, background, settings),
        _changes(approval, released, background),
        _needs(figures, background),
        _assumptions(),
        _method(approval, figures),
    ]


def _charts(
    approval: Approval, figures: Mapping[str, Released], background: Background, settings: Settings
) -> list[charts.NamedChart]:
    since = settings.programme_start
    return charts.charts(figures, approval.period, background.targets, background.history, since)


def _picture(chart: Chart) -> Picture:
    return Picture(chart.title, str(chart.narrow), chart.definition or "")


def _targets(
    approval: Approval, figures: Mapping[str, Released], background: Background, settings: Settings
) -> Section:
    """Return each target that is due next, beside what was reached."""
    rows, later = [], []
    missed, hidden, empty = list[str](), list[str](), list[str]()
    sums = charts.sums_to_date(figures, background.targets, background.history, settings.programme_start)
    for indicator, definition in INDICATORS.items():
        target, figure = _next_target(background.targets, indicator, approval), figures.get(indicator)
        if target is None or figure is None:
            continue
        baseline = baseline_of(background.targets, indicator)
        reached = ReleasedCell(sums[indicator]) if indicator in sums else figure.total
        share = definition.measure is Measure.SHARE or not target.value or reached.value is None
        title = gettext(definition.title)
        if target.day <= approval.period.end and reached.value is None:
            (hidden if reached.suppressed else empty).append(title)
        elif target.day <= approval.period.end and not is_reached(indicator, target.value, reached.value or Decimal()):
            missed.append(title)
        rows.append(
            [
                gettext(definition.title),
                disclosure_views.value(ReleasedCell(baseline.value), definition) if baseline else "",
                disclosure_views.value(ReleasedCell(target.value), definition),
                day(target.day),
                disclosure_views.value(reached, definition),
                "" if share or reached.value is None else f"{100 * reached.value / target.value:.0f}\u00a0%",
                disclosure_views.value(figure.total, definition) if can_be_added(definition) else "",
            ]
        )
        if after := _later_target(background.targets, indicator, target.day):
            value = disclosure_views.value(ReleasedCell(after.value), definition)
            later.append([title, value, day(after.day), disclosure_views.value(reached, definition)])
    columns = [
        gettext("Indicator"),
        gettext("Baseline"),
        gettext("Target"),
        gettext("Due"),
        gettext("Reached"),
        gettext("Of the target"),
        gettext("In this period"),
    ]
    text = (
        gettext(
            "What adds up is counted from the baseline to the period's end, in published figures. Other values are"
            " those of the period."
        )
        if rows
        else gettext("No target is approved yet.")
    )
    sentences = [
        text,
        *([gettext("Due and not reached: %(names)s.") % {"names": ", ".join(missed)}] if missed else []),
        *(
            [gettext("Due, with a number that is not shown: %(names)s.") % {"names": ", ".join(hidden)}]
            if hidden
            else []
        ),
        *([gettext("Due, without data yet: %(names)s.") % {"names": ", ".join(empty)}] if empty else []),
    ]
    next_columns = [gettext("Indicator"), gettext("Next target"), gettext("Due"), gettext("Reached so far")]
    tables = [Table(columns, rows)] if rows else []
    tables += [Table(next_columns, later)] if later else []
    return Section(gettext("Targets and what was reached"), sentences, tables, [])


def _next_target(targets: Sequence[TargetValue], indicator: str, approval: Approval) -> TargetValue | None:
    """Return the target that is due next at the period's end, or the last one that was due."""
    ours = sorted(
        (each for each in targets if each.indicator == indicator and each.kind is TargetKind.TARGET),
        key=lambda each: each.day,
    )
    return next((each for each in ours if each.day >= approval.period.end), ours[-1] if ours else None)


def _later_target(targets: Sequence[TargetValue], indicator: str, due: date) -> TargetValue | None:
    """Return the target of an indicator that is due first after a day."""
    ours = [each for each in targets if each.indicator == indicator and each.kind is TargetKind.TARGET]
    return min((each for each in ours if each.day > due), key=lambda each: each.day, default=None)


def _trends(approval: Approval, released: Sequence[Released], background: Background, settings: Settings) -> Section:
    by_period: dict[str, list[Released]] = {}
    for each in (*background.history, *released):
        by_period.setdefault(each.period.label, []).append(each)
    published = [(figures[0].period, agreed(figures)) for _, figures in sorted(by_period.items())]
    kind = approval.period.kind or PeriodKind.HALF_YEAR
    line = trends.timeline(published, background.targets, settings.programme_start, kind.value)
    every = [trends.indicator_trend(line, each) for each in INDICATORS]
    several = [each for each in every if sum(point.value is not None for point in each.points) > 1]
    drawn = [chart for each in several if (chart := trends.chart(each)) is not None]
    text = (
        gettext(
            "Each figure in the periods of this length, from %(first)s to %(last)s. It is drawn if two or more of them"
            " show it."
        )
        % {"first": line.axis[0].label, "last": line.axis[-1].label}
        if len(line.axis) > 1
        else gettext("No other period of this length is published, so there is no trend yet.")
    )
    pictures = [_picture(each) for each in drawn] if len(line.axis) > 1 else []
    return Section(gettext("Trends over all periods"), [text], [], pictures)


def _changes(approval: Approval, released: Sequence[Released], background: Background) -> Section:
    """Return what differs from the statement before, and why it was stated again."""
    title = gettext("Changes since the last statement")
    waits = [gettext(each.definition.title) for each in released if each.waits]
    sentence = gettext("A correction of these figures is waiting, because it would reveal few people: %(names)s.")
    waiting = [sentence % {"names": ", ".join(waits)}]
    if not background.before:
        text = (
            gettext("This is the first published statement of the period: nothing has changed.")
            if approval.state is PeriodState.PUBLISHED
            else gettext("No statement of this period is published yet.")
        )
        return Section(title, [text, *(waiting if waits else [])], [], [])
    before = {each.definition.id: each for each in background.before}
    rows = [
        [
            gettext(each.definition.title),
            disclosure_views.value(before[each.definition.id].total, each.definition),
            disclosure_views.value(each.total, each.definition),
        ]
        for each in agreed(released)
        if each.definition.id in before and each.total.value != before[each.definition.id].total.value
    ]
    known = background.reason in set(RestatementReason)
    reason = gettext(RestatementReason(background.reason).label) if known and background.reason else ""
    sentences = [
        gettext("This is statement %(number)s of the period.") % {"number": approval.statement},
        *([gettext("Reason: %(reason)s.") % {"reason": reason}] if reason else []),
        *([] if rows else [gettext("All totals that are shown are the same as before.")]),
        *(waiting if waits else []),
    ]
    columns = [gettext("Indicator"), gettext("Before"), gettext("Now")]
    return Section(title, sentences, [Table(columns, rows)] if rows else [], [])


def _needs(figures: Mapping[str, Released], background: Background) -> Section:
    """Return needs beside demand and what was met, by topic."""

    def number(cell: ReleasedCell | None) -> str:
        if cell is None:
            return ""
        return gettext("not shown") if cell.value is None else f"{cell.value:.0f}"

    made = [
        *needs_views.rows(figures, background.needs, "topic")[:_NEEDS],
        needs_views.whole(figures, background.needs),
    ]
    rows = [
        [
            each.label,
            "" if each.needed is None else str(each.needed),
            number(each.received),
            number(each.matched),
            number(each.not_matched),
        ]
        for each in made
    ]
    columns = [
        gettext("Topic"),
        gettext("People to be trained"),
        gettext("Applications"),
        gettext("Matched"),
        gettext("Without a match"),
    ]
    text = gettext(
        "Needs are those of the register that fall into the period, when this report was made. Applications are counted"
        " by their first topic. An empty field is none, or is not shown."
    )
    title = gettext("Needs and unmet demand")
    finding = f"{needs_views.headline(figures, background.needs)}."
    if needs_views.nothing_asked(figures) and not background.needs:
        return Section(title, [finding], [], [])
    return Section(title, [finding, text], [Table(columns, rows)], [])


def _assumptions() -> Section:
    """Return what the programme wants to reach on each level of results, and what has to be so for it."""
    sentences = [
        gettext("They are those of the logframe. The figures do not show whether the assumptions held."),
        *(
            gettext("%(level)s: %(result)s Assumptions: %(assumptions)s")
            % {"level": gettext(each.name), "result": each.statement, "assumptions": each.assumptions}
            for each in RESULT_CHAIN.values()
        ),
    ]
    return Section(gettext("Expected results and assumptions"), sentences, [], [])


def _method(approval: Approval, figures: Mapping[str, Released]) -> Section:
    sentences = [
        gettext(
            "Every figure is counted from the events of the programme's journals by a published definition. A fact"
            " belongs to the day on which it happened. Facts that became known after the cut-off are not in it."
        ),
        gettext(
            "One person submitted the figures and another approved them. A published figure changes only by a"
            " restatement with a reason, which two people decide."
        )
        if approval.fixed
        else gettext("These figures are not approved yet and may still change."),
        gettext(
            "Numbers about few people are not shown, and neither are others that would give them away. They are never"
            " written as zero. Shares and medians of small groups are left out too."
        ),
        gettext(
            "Answers to questionnaires come from those who answered. Learning is measured by tests, use at work by"
            " what officers and their line managers say six months later. There is no"
            " comparison with people who had no visit."
        ),
        gettext(
            "Each step counts what happened in the period. The steps do not follow the same people. Different"
            " people, shares and medians cannot be added up over periods."
        ),
        gettext(
            "This report does not cover spending, risks that arose or lessons learned. Costs of single visits are"
            " recorded with them, but not in the journals from which figures are counted."
        ),
        *(
            gettext("“%(group)s” includes: %(members)s.") % {"group": group, "members": members}
            for group, members in disclosure_views.named_groups(figures.values())
        ),
    ]
    return Section(gettext("Method and limits"), sentences, [], [])
