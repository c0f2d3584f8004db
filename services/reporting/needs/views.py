"""Show needs, demand and matches: the rows of the table, and two charts of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, Field

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import ROLLED_UP, Hidden, ReleasedCell
from services.reporting.disclosure.views import Number, figure_number
from services.reporting.indicators.model.demand import MATCHED, RECEIVED, RESULTS, UNMET, Completion, Result
from services.reporting.indicators.model.figure import UNSAID, joined, parts_of, split
from services.reporting.needs.model import lines, people_by
from services.reporting.periods.views import PeriodStatus, period_status
from shared.contracts import labels
from shared.contracts.codes import Expertise, PeriodState
from shared.i18n import gettext, ngettext, number
from shared.web.graphics.charts import Pair, pairs
from shared.web.graphics.heat_maps import Cell, heat
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.reporting.disclosure.model import Released
    from services.reporting.needs.model import Need
    from services.reporting.periods.model.approval import Approval
    from shared.web.graphics.charts import Chart

BECAME = (MATCHED, UNMET)
_DIMENSIONS = {"topic": "priority-topic", "country": "country-of-service", "language": "language", "level": "level"}
_RECEIVED_IN = {"topic": RECEIVED, "country": RECEIVED, "language": RESULTS, "level": RESULTS}
_COLUMNS = 7
"""The most columns of a map: more cannot be told apart on a phone."""


@dataclass(frozen=True, slots=True)
class Row:
    """One topic, country, language or level: people needed, then applications. None: nobody, or it is not shown."""

    label: str
    needed: int | None
    received: ReleasedCell | None
    matched: ReleasedCell | None = None
    completed: ReleasedCell | None = None
    not_matched: ReleasedCell | None = None
    other: ReleasedCell | None = None


def rows(figures: Mapping[str, Released], needs: Sequence[Need], by: str) -> list[Row]:
    """Return a row for each value of a dimension that is needed or applied for, what is needed most first."""
    dimension = _DIMENSIONS[by]
    received = _part(figures, _RECEIVED_IN[by], dimension)
    needed = people_by(needs, by) if by != "language" else {}
    results = _part(figures, RESULTS, f"{by}-and-result")
    done = _part(figures, MATCHED, f"{by}-and-completion")
    known = {split(value)[0] for value in (*results, *done)}
    values = sorted({*received, *needed, *known}, key=lambda value: (value in {UNSAID, ROLLED_UP}, value == ROLLED_UP))
    made = [
        Row(
            disclosure_views.value_of(dimension, value),
            needed.get(value, 0) if by != "language" else None,
            received.get(value),
            results.get(joined((value, Result.MATCHED))),
            done.get(joined((value, Completion.COMPLETED))),
            results.get(joined((value, Result.NOT_MATCHED))),
            results.get(joined((value, Result.OTHER))),
        )
        for value in values
        if value != ROLLED_UP
    ]
    made.sort(key=lambda row: (-(row.needed or 0), -_number(row.received), row.label))
    if ROLLED_UP in received:
        made.append(Row(disclosure_views.value_of(dimension, ROLLED_UP), None, received[ROLLED_UP]))
    return made


def whole(figures: Mapping[str, Released], needs: Sequence[Need]) -> Row:
    """Return the row of all together."""
    result = _part(figures, RESULTS, "result")
    received, matched, unmet = (figures[each].total if each in figures else None for each in (RECEIVED, MATCHED, UNMET))
    return Row(
        gettext("Total"),
        sum(need.quantity for need in needs),
        received,
        matched,
        _part(figures, MATCHED, "completion").get(Completion.COMPLETED),
        unmet,
        result.get(Result.OTHER),
    )


def nothing_asked(figures: Mapping[str, Released]) -> bool:
    """Return whether it is shown that no application arrived in the period."""
    return RECEIVED in figures and figures[RECEIVED].total.value == 0


def headline(figures: Mapping[str, Released], needs: Sequence[Need]) -> str:
    """Return the finding: how many of the applications found no match, or what there is instead."""
    received = int(_number(figures[RECEIVED].total)) if RECEIVED in figures else 0
    people = sum(need.quantity for need in needs)
    hidden = RECEIVED in figures and figures[RECEIVED].total.suppressed
    if hidden and not people:
        return gettext("The number of applications is not shown")
    if hidden:
        return ngettext("Training is needed for %(num)d person", "Training is needed for %(num)d people", people) % {
            "num": people
        }
    if not received and not people:
        return gettext("Nothing is needed and nothing was asked for in this period")
    if not received:
        return ngettext(
            "Training is needed for %(num)d person, and nobody applied in this period",
            "Training is needed for %(num)d people, and nobody applied in this period",
            people,
        ) % {"num": people}
    unmet = figures[UNMET].total if UNMET in figures else None
    if unmet is None or not unmet.value:
        return ngettext("%(num)d application asked for a place", "%(num)d applications asked for a place", received) % {
            "num": received
        }
    return gettext("Applications that found no match: %(unmet)s of %(asked)s") % {
        "unmet": number(float(unmet.value)),
        "asked": number(received),
    }


def areas(needs: Sequence[Need]) -> list[tuple[str, str, str, int]]:
    """Return the areas of expertise that needs name: area, topic, level and number of people, most first."""
    sums: dict[tuple[str, str, str], int] = {}
    for topic, _, level, area, people in lines(needs):
        if area:
            sums[area, topic, level] = sums.get((area, topic, level), 0) + people
    named = [
        (
            _area(area),
            disclosure_views.value_of("priority-topic", topic),
            disclosure_views.value_of("level", level),
            people,
        )
        for (area, topic, level), people in sums.items()
    ]
    return sorted(named, key=lambda each: (-each[3], each[:3]))


def _area(code: str) -> str:
    return labels.label(Expertise(code)) if code in set(Expertise) else gettext("Restricted")


def need_and_match(rows: Sequence[Row], by: str) -> Chart | None:
    """Return what is needed (of languages: applied for) beside what was matched; None for fewer than two values."""
    if by == "language":
        items = [
            Pair(r.label, _number(r.received), _number(r.matched)) for r in rows if _have_values(r.received, r.matched)
        ]
        names = (gettext("required"), gettext("matched"))
    else:
        items = [
            Pair(r.label, float(r.needed), _number(r.matched)) for r in rows if r.needed and _have_values(r.matched)
        ]
        names = (gettext("needed"), gettext("matched"))
    if len(items) < 2:
        return None
    widest = max(items, key=lambda each: (each.before - each.after, each.label))
    if widest.before <= widest.after:
        title = gettext("As many matched as needed")
    else:
        title = gettext("Largest gap: %(what)s, %(before)s %(wanted)s and %(after)s matched") % {
            "what": widest.label,
            "before": number(widest.before),
            "wanted": names[0],
            "after": number(widest.after),
        }
    return pairs(
        title,
        items,
        label=disclosure_views.dimension(_DIMENSIONS[by]),
        names=names,
        definition=gettext(
            "“Needed” counts the people named in the needs. It covers the whole time of each need, even if "
            "only part of it is in the period. “Matched” counts applications of the period. Numbers based on "
            "few people are left out."
        ),
    )


def gaps(unmet: Released, by: str) -> Chart | None:
    """Return those without a match by two dimensions, as a map; None if fewer than two fields can be shown."""
    cells = {split(value): int(cell.value) for value, cell in unmet.breakdowns.get(by, {}).items() if cell.value}
    if len(cells) < 2:
        return None
    down, across = reversed(parts_of(by)) if by == "country-and-gap" else parts_of(by)
    if by == "country-and-gap":
        cells = {(gap, country): count for (country, gap), count in cells.items()}
    columns = _most(cells, 1)[:_COLUMNS]
    top = max(cells.values())
    warmest = min(cells, key=lambda at: (-cells[at], at))
    made = [
        (disclosure_views.value_of(down, row), [_cell(cells.get((row, column)), top) for column in columns])
        for row in _most(cells, 0)
    ]
    return heat(
        gettext("Most without a match: %(one)s, %(other)s (%(count)s)")
        % {
            "one": disclosure_views.value_of(down, warmest[0]),
            "other": disclosure_views.value_of(across, warmest[1]),
            "count": number(cells[warmest]),
        },
        [disclosure_views.value_of(across, column) for column in columns],
        made,
        label=disclosure_views.dimension(down),
        definition=gettext(
            "Applications of the period that found no match. An empty field means nobody or few people. We do "
            "not show which."
        ),
    )


def _most(cells: Mapping[tuple[str, ...], int], place: int) -> list[str]:
    """Return the values at a place, those with most behind them first."""
    sums: dict[str, int] = {}
    for at, count in cells.items():
        sums[at[place]] = sums.get(at[place], 0) + count
    return sorted(sums, key=lambda value: (-sums[value], value))


def _cell(count: int | None, top: int) -> Cell:
    return Cell("-", 0) if count is None else Cell(number(count), count / top)


def _part(figures: Mapping[str, Released], figure: str, dimension: str) -> Mapping[str, ReleasedCell]:
    return figures[figure].breakdowns.get(dimension, {}) if figure in figures else {}


def _have_values(*cell: ReleasedCell | None) -> bool:
    return all(each is not None and each.value is not None for each in cell)


def _number(cell: ReleasedCell | None) -> float:
    return float(cell.value) if cell is not None and cell.value is not None else 0.0


_NAMES = {"priority-topic": "topic", "country-of-service": "country", "gap": "reason"}
_MEASURES = {RECEIVED: "asked", RESULTS: "asked", MATCHED: Result.MATCHED.value, UNMET: Result.NOT_MATCHED.value}
_COMPLETION = {Completion.COMPLETED.value: "completed", Completion.OPEN.value: "not_completed"}
_NOT_OURS = frozenset({"sex"})


class NeedsRow(ReadModel):
    """One number: of people who need training, or of applications, as far as it is about a topic, a country ..."""

    measure: Annotated[
        str,
        Field(
            description="`needed` (people); applications: `asked`, `matched`, `completed`, `not_completed`,"
            " `not_matched`, `other`.",
            examples=["needed"],
        ),
    ]
    by: Annotated[
        str,
        Field(
            description="Which of the next fields say what the number is about; empty for the total.",
            examples=["topic country"],
        ),
    ]
    topic: Annotated[str | None, Field(description="Priority topic.", examples=["online_crime"])] = None
    country: Annotated[str | None, Field(description="Country of the officers.", examples=["AM"])] = None
    language: Annotated[str | None, Field(description="ISO 639-1.", examples=["en"])] = None
    level: Annotated[str | None, Field(description="1 basic, 2 advanced, 3 expert.", examples=["2"])] = None
    area: Annotated[str | None, Field(description="Area of expertise.", examples=["analysis"])] = None
    reason: Annotated[str | None, Field(description="For want of what there was no match.")] = None
    value: Number | None
    hidden: Annotated[
        Hidden | Literal["withheld"] | None,
        Field(description="Why there is no number; `withheld`: none of that breakdown is shown."),
    ] = None
    period: Annotated[str, Field(examples=["2026"])]
    start: date
    end: Annotated[date, Field(description="Its last day.")]
    status: PeriodState
    indicator: Annotated[str | None, Field(description="Null for needs.", examples=["TOPCOP-IN-01"])] = None
    definition_version: int | None = None
    events: Annotated[int | None, Field(description="How many events prove the number, where that is shown.")] = None
    events_digest: Annotated[str | None, Field(description="SHA-256 over their sorted ids.")] = None
    cut_off: Annotated[AwareDatetime | None, Field(description="Facts up to then count; null for needs.")] = None


class PeriodNeeds(PeriodStatus):
    """Needs beside applications received, matched and completed, and reasons for no match."""

    rows: Annotated[list[NeedsRow], Field(description="What is hidden is missing, so rows need not add up.")]


def period_needs(approval: Approval, figures: Mapping[str, Released], needs: Sequence[Need]) -> PeriodNeeds:
    """Return the needs of a period beside its figures."""
    return PeriodNeeds(**dict(period_status(approval)), rows=list(needs_rows(list(figures.values()), needs, approval)))


@dataclass(frozen=True, slots=True)
class _About:
    """The subject of a part of a figure: a measure, and the values of some fields."""

    measure: str
    fields: dict[str, str]

    @property
    def by(self) -> str:
        """The names of the fields."""
        return " ".join(self.fields)


def needs_rows(released: Sequence[Released], needs: Sequence[Need], approval: Approval) -> Iterator[NeedsRow]:
    """Yield needs first, then the total and parts of each figure."""
    status = period_status(approval)
    common = NeedsRow(
        measure="needed",
        by="",
        value=None,
        period=status.period,
        start=status.start,
        end=status.end,
        status=status.state,
    )
    for topic, country, level, area, number_of in lines(needs):
        about = {"topic": topic, "country": country, "level": level} | ({"area": area} if area else {})
        yield common.model_copy(update={**about, "by": " ".join(about), "value": Decimal(number_of)})
    for figure in released:
        if figure.definition.id in _MEASURES:
            yield from _figure_rows(figure, common)


def _figure_rows(figure: Released, common: NeedsRow) -> Iterator[NeedsRow]:
    measure = _MEASURES[figure.definition.id]
    own = common.model_copy(
        update={
            "measure": measure,
            "indicator": figure.definition.id,
            "definition_version": figure.definition.version,
            "cut_off": figure.cut_off,
        }
    )
    # The total of applications received is a row of another figure already.
    if figure.definition.id != RESULTS:
        yield own.model_copy(update=_number_fields(figure.total))
    for dimension, cells in figure.breakdowns.items():
        if dimension not in _NOT_OURS:
            for value, cell in cells.items():
                about = _about(measure, dimension, value)
                update = {**about.fields, **_number_fields(cell), "measure": about.measure, "by": about.by}
                yield own.model_copy(update=update)
    for dimension in figure.withheld:
        if dimension not in _NOT_OURS:
            by = " ".join(_NAMES.get(part, part) for part in parts_of(dimension))
            yield own.model_copy(update={"by": by, "hidden": "withheld"})


def _about(measure: str, dimension: str, value: str) -> _About:
    """Return what a part is about: the result and how far a match has come are measures of their own."""
    parts = dict(zip(parts_of(dimension), split(value), strict=True)) if value != ROLLED_UP else {dimension: value}
    if result := parts.pop("result", None):
        measure = result
    if completion := parts.pop("completion", None):
        measure = _COMPLETION.get(completion, completion)
    return _About(measure, {_NAMES.get(name, name): each for name, each in parts.items()})


def _number_fields(cell: ReleasedCell) -> dict[str, object]:
    return figure_number(cell).model_dump(include={"value", "hidden", "events", "events_digest"})
