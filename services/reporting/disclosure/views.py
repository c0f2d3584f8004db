"""Show released numbers with their units, or why they are not shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field, PlainSerializer

from services.reporting.disclosure.model import ROLLED_UP, Hidden, ReleasedCell
from services.reporting.indicators.model.demand import Completion, Gap, Result
from services.reporting.indicators.model.figure import JOINT, UNSAID, Measure, parts_of, split, written
from shared.contracts import labels
from shared.contracts.codes import (
    OTHER,
    UNION,
    RankGroup,
    Reason,
    Sex,
    group_labels,
    group_members,
)
from shared.i18n import N_, gettext, ngettext, number
from shared.web.graphics.charts import Bar, bars
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Cell, Definition
    from shared.web.graphics.charts import Chart

DIMENSIONS = {
    "country-of-service": N_("Country of service"),
    "host-country": N_("Host country"),
    "sex": N_("Sex"),
    "priority-topic": N_("Priority topic"),
    "rank-group": N_("Rank group"),
    "reason": N_("Reason"),
    "language": N_("Language"),
    "level": N_("Level of expertise"),
    "result": N_("Result"),
    "completion": N_("Progress of the match"),
    "gap": N_("What was missing"),
}
EXPERTISE_LEVELS = {"1": N_("1, basic"), "2": N_("2, advanced"), "3": N_("3, expert")}
LEVELS = {
    "input": N_("What was asked for and offered"),
    "process": N_("How the programme works"),
    "output": N_("What the programme delivered"),
    "outcome": N_("Result"),
    "quality": N_("How complete the figures are"),
}
_CODES = {
    "sex": Sex,
    "rank-group": RankGroup,
    "reason": Reason,
    "result": Result,
    "completion": Completion,
    "gap": Gap,
}


def value(cell: ReleasedCell, definition: Definition) -> str:
    """Return `58.3 %`, `17`, or the short phrase for why there is no number."""
    if cell.hidden is Hidden.NO_DATA:
        return gettext("no data yet")
    if cell.hidden is not None or cell.value is None:
        return gettext("not shown")
    digits = 0 if cell.value == cell.value.to_integral_value() else 1
    text = number(float(cell.value), digits)
    return gettext("%(number)s\u00a0%%") % {"number": text} if definition.measure is Measure.SHARE else text


def plain(cell: Cell, definition: Definition) -> str:
    """Return a number before disclosure control, for those who may see its parts: `58.3 % (7 of 12)`, or `none`."""
    if cell.value is None:
        return gettext("none")
    cell_without_denominator = ReleasedCell(cell.value, cell.numerator, cell.denominator)
    part = fraction(cell_without_denominator)
    return (
        f"{value(cell_without_denominator, definition)} ({part})"
        if part
        else value(cell_without_denominator, definition)
    )


def why_hidden(cell: ReleasedCell, definition: Definition) -> str:
    """Return the sentence that explains a missing number; empty if there is a number."""
    match cell.hidden:
        case Hidden.NO_DATA if definition.denominator or definition.measure is Measure.MEDIAN:
            return gettext("There is no case of this kind in the period.")
        case Hidden.NO_DATA:
            return gettext("Nothing has happened, because the programme or the period had not started by then.")
        case Hidden.PROTECTED:
            return gettext("It is based on few people, or it would reveal a number based on few people.")
        case _:
            return ""


def fraction(cell: ReleasedCell) -> str:
    """Return `7 of 12`, of a median `median of 12`; empty for a plain count or a hidden number."""
    if cell.denominator is None:
        return ""
    if cell.numerator is None:
        return gettext("median of %(whole)s") % {"whole": written(cell.denominator)}
    return gettext("%(part)s of %(whole)s") % {"part": written(cell.numerator), "whole": written(cell.denominator)}


def dimension(name: str) -> str:
    """Return the name of a dimension; of a joint one, both that it crosses."""
    first, *second = (gettext(DIMENSIONS.get(part, part)) for part in parts_of(name))
    return gettext("%(one)s and %(other)s") % {"one": first, "other": second[0].lower()} if second else first


def value_of(name: str, code: str) -> str:
    """Return the name of a value of a dimension."""
    if code == ROLLED_UP:
        return gettext("All others together")
    if name in JOINT:
        return " · ".join(value_of(part, each) for part, each in zip(parts_of(name), split(code), strict=True))
    if code == UNSAID:
        return gettext("Not stated")
    if code in (groups := group_labels(name)):
        return gettext(groups[code])
    named = _NAMED.get(name)
    if named is not None:
        return named(code)
    codes = _CODES.get(name)
    return labels.label(codes(code) if codes is not None and code in set(codes) else code)


def members_of(name: str, code: str) -> str:
    """Return the names of the values that a group holds; empty for what is no group, and for a joint dimension."""
    return ", ".join(sorted((_member(name, each) for each in group_members(name, code)), key=str.casefold))


def _member(name: str, code: str) -> str:
    """Return the name of a value in a group; beside countries the code of the Union stands for its agencies."""
    return gettext("EU agencies") if code == UNION else value_of(name, code)


def groups_in(figures: Iterable[Released]) -> list[str]:
    """Return what each group in the parts of figures holds, in codes, such as `host-country eu_north: DK, EE`."""
    return [f"{part} {code}: {held_by(members)}" for (part, code), members in _groups(figures).items()]


def held_by(members: Iterable[str]) -> str:
    """Return what a group holds, in codes; one without members holds every value that no group has."""
    return ", ".join(members) or "every value that no other group has"


def named_groups(figures: Iterable[Released]) -> list[tuple[str, str]]:
    """Return the names of the groups in the parts of figures, each with the names of its values."""
    every = gettext("every value that no other group has")
    return list(
        dict.fromkeys((value_of(part, code), members_of(part, code) or every) for part, code in _groups(figures))
    )


def _groups(figures: Iterable[Released]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the values that each group in the parts of figures holds, by dimension and code, in order."""
    found = {
        (part, each): group_members(part, each)
        for figure in figures
        for name, cells in figure.breakdowns.items()
        for code in cells
        if code != ROLLED_UP
        for part, each in zip(parts_of(name), split(code), strict=True)
    }
    return {place: members for place, members in sorted(found.items()) if members or place[1] == OTHER}


_NAMED: dict[str, Callable[[str], str]] = {
    "country-of-service": labels.country,
    "host-country": labels.country,
    "priority-topic": labels.topic,
    "language": labels.tongue,
    "level": lambda code: gettext(EXPERTISE_LEVELS.get(code, code)),
}


def finding(figure: Released) -> str:
    """Return the title of a figure: what was found, in a sentence."""
    return f"{gettext(figure.definition.title)}: {value(figure.total, figure.definition)}"


def headline(figures: dict[str, Released]) -> str:
    """Return the title of the overview: the main finding, or what the page is about where none is shown."""
    return main_finding(figures) or gettext("Figures of the programme")


def main_finding(figures: dict[str, Released]) -> str:
    """Return the programme's main finding, of the numbers that are shown; empty where none of them is."""
    named = [f"TOPCOP-{each}" for each in ("OP-02", "OP-01", "IN-01")]
    if not figures.keys() >= set(named):
        return ""
    visits, officials, applied = (figures[each].total for each in named)
    count, people, received = (int(each.value or 0) for each in (visits, officials, applied))
    if visits.suppressed:
        applications = ngettext("%(num)d application was received", "%(num)d applications were received", received)
        return applications % {"num": received} if received else ""
    if count and officials.suppressed:
        return ngettext("%(num)d exchange visit was completed", "%(num)d exchange visits were completed", count) % {
            "num": count
        }
    if not count:
        if not received:
            return gettext("No applications and no completed visits in this period")
        return ngettext(
            "%(num)d application was received, but no visit is completed yet",
            "%(num)d applications were received, but no visit is completed yet",
            received,
        ) % {"num": received}
    group = ngettext("%(num)d official", "%(num)d officials", people) % {"num": people}
    what = ngettext("%(num)d exchange visit", "%(num)d exchange visits", count) % {"num": count}
    return gettext("%(who)s completed %(what)s") % {"who": group, "what": what}


def chart(figure: Released, name: str) -> Chart | None:
    """Return a breakdown as bars, without hidden cells; None if fewer than two numbers can be drawn.

    What is not stated, and all others together, come last, and neither is said to lead.
    """
    cells = figure.breakdowns.get(name, {})
    parts = [
        (code in {UNSAID, ROLLED_UP}, -float(cell.value), value_of(name, code))
        for code, cell in cells.items()
        if cell.value is not None
    ]
    if len(parts) < 2:
        return None
    parts.sort()
    rest, smallest, most = parts[0]
    leads = not rest and all(smallest < amount for _, amount, _ in parts[1:])
    if leads and name.endswith("topic"):
        title = gettext("%(title)s: %(most)s leads")
    elif leads and "country" in name and name not in JOINT:
        title = (
            gettext("%(title)s: most in %(most)s")
            if name == "host-country"
            else gettext("%(title)s: most from %(most)s")
        )
    else:
        title = gettext("%(title)s, by %(dimension)s")
    texts = {"title": gettext(figure.definition.title), "most": most, "dimension": dimension(name).lower()}
    return bars(
        title % texts,
        [Bar(label, -amount, marked=leads and label == most) for _, amount, label in parts],
        label=dimension(name),
        value=gettext("%") if figure.definition.measure is Measure.SHARE else gettext("Number"),
        definition=gettext(figure.definition.numerator),
    )


Number = Annotated[
    Decimal,
    PlainSerializer(written, return_type=str, when_used="json"),
    Field(description="A decimal number as text, without an exponent.", examples=["58.3"]),
]
"""A number of a figure as programs read it."""


class IndicatorDefinition(ReadModel):
    """The definition of an indicator, in one version."""

    version: Annotated[int, Field(examples=[1])]
    measure: Measure
    numerator: Annotated[str, Field(examples=["Exchange visits that were completed"])]
    denominator: Annotated[str | None, Field(description="Null for a plain number.")]
    sources: Annotated[
        list[str], Field(description="Types of the events that it reads.", examples=[["VisitCompleted"]])
    ]
    dimensions: Annotated[list[str], Field(description="What it is broken down by.", examples=[["host-country"]])]
    minimum_denominator: Annotated[int | None, Field(description="A share of fewer is not shown.")]
    additive: Annotated[bool, Field(description="Whether numbers of periods and parts may be added up.")]


class FigureNumber(ReadModel):
    """A number as it may be released, or why there is none: then all fields but `hidden` are null."""

    value: Number | None
    numerator: Number | None
    denominator: Number | None
    hidden: Annotated[Hidden | None, Field(description="Why there is no number; null where there is one.")]
    events: Annotated[
        int | None,
        Field(description="How many events prove it; null where that would be another number.", examples=[17]),
    ]
    events_digest: Annotated[
        str | None,
        Field(
            description="SHA-256 over the sorted ids of these events, each on a line.", examples=["9f86d081884c7d65"]
        ),
    ]


class FigurePart(FigureNumber):
    """The number of one value of a dimension."""

    value_of: Annotated[
        str, Field(description="The value; those of a joint dimension with `|` between.", examples=["AM"])
    ]


class FigureNote(ReadModel):
    """A second number beside a figure: so many of so many."""

    text: str
    numerator: int
    denominator: int


class FigureSubject(ReadModel):
    """The subject of a figure: an indicator and a period."""

    indicator: Annotated[str, Field(examples=["TOPCOP-OP-02"])]
    title: Annotated[str, Field(examples=["Exchange visits completed"])]
    level: Annotated[
        str, Field(description="`input`, `process`, `output`, `outcome` or `quality`.", examples=["output"])
    ]
    kirkpatrick: Annotated[int | None, Field(description="Kirkpatrick's level of an outcome, 1 to 4.", examples=[1])]
    definition: IndicatorDefinition
    period: Annotated[str, Field(examples=["2026-H1"])]
    start: date
    end: Annotated[date, Field(description="Its last day.")]
    cut_off: Annotated[AwareDatetime, Field(description="Facts up to then count.")]


class ReleasedFigure(FigureNumber, FigureSubject):
    """The figure of an indicator for a period, as it may be released, with its definition and parts."""

    breakdowns: Annotated[dict[str, list[FigurePart]], Field(description="The parts by dimension.")]
    withheld: Annotated[list[str], Field(description="Dimensions of which nothing may be shown.", examples=[["sex"]])]
    notes: list[FigureNote]
    waits: Annotated[
        bool,
        Field(description="True if a correction waits until it can be published without telling of few people."),
    ]


def released_figure(figure: Released) -> ReleasedFigure:
    """Return a released figure with its definition."""
    definition = figure.definition
    return ReleasedFigure(
        indicator=definition.id,
        title=definition.title,
        level=definition.level,
        kirkpatrick=definition.kirkpatrick,
        definition=IndicatorDefinition(
            version=definition.version,
            measure=definition.measure,
            numerator=definition.numerator,
            denominator=definition.denominator or None,
            sources=list(definition.sources),
            dimensions=list(definition.dimensions),
            minimum_denominator=definition.minimum,
            additive=definition.additive,
        ),
        period=figure.period.label,
        start=figure.period.start,
        end=figure.period.end,
        cut_off=figure.cut_off,
        **dict(figure_number(figure.total)),
        breakdowns={
            name: [FigurePart(value_of=code, **dict(figure_number(cell))) for code, cell in cells.items()]
            for name, cells in figure.breakdowns.items()
        },
        withheld=list(figure.withheld),
        notes=[FigureNote(text=n.text, numerator=n.numerator, denominator=n.denominator) for n in figure.notes],
        waits=figure.waits,
    )


def figure_number(cell: ReleasedCell) -> FigureNumber:
    """Return a released number, or why there is none."""
    return FigureNumber(
        value=cell.value,
        numerator=cell.numerator,
        denominator=cell.denominator,
        hidden=cell.hidden,
        events=cell.events,
        events_digest=cell.digest,
    )
