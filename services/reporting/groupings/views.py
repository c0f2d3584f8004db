"""Show the levels of each dimension, what each would show to a donor, and which one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from services.reporting.disclosure import views as disclosure_views
from services.reporting.groupings import store
from services.reporting.groupings.model import ENOUGH, choosable
from services.reporting.periods import store as periods_store
from services.reporting.periods.model.approval import NotNow
from shared.contracts.codes import GROUPINGS, VALUES
from shared.i18n import gettext, number
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.groupings.model import Cost, Costs, Levels
    from shared.contracts.codes.groupings import Level


class GroupOfValues(ReadModel):
    """Values of a dimension that are counted together."""

    code: Annotated[str, Field(description="The code that figures use.", examples=["eu_north"])]
    label: Annotated[str, Field(examples=["EU north"])]
    values: Annotated[list[str], Field(examples=[["DK", "EE", "FI", "LT", "LV", "SE"]])]


class GroupingLevel(ReadModel):
    """A level of a dimension; without groups, each value is shown separately."""

    code: Annotated[str, Field(examples=["region"])]
    label: Annotated[str, Field(examples=["Regions"])]
    groups: list[GroupOfValues]


class Grouping(ReadModel):
    """The levels of a dimension, the finest first, and the one by which figures are counted."""

    dimension: Annotated[str, Field(examples=["host-country"])]
    level: Annotated[str, Field(description="The chosen level; `values` where nobody chose.", examples=["region"])]
    levels: list[GroupingLevel]
    chosen_at: Annotated[AwareDatetime | None, Field(description="Null where nobody chose.")]
    changeable: Annotated[bool, Field(description="False once figures are submitted or published.")]


async def grouping(session: AsyncSession, dimension: str) -> Grouping | None:
    """Return the levels of a dimension; None if it has none."""
    found = await groupings(session)
    return next((each for each in found.items if each.dimension == dimension), None)


async def groupings(session: AsyncSession) -> Page[Grouping]:
    """Return the levels of each dimension that can be grouped."""
    rows, open_ = await store.rows(session), not await closed(session)
    items = [
        Grouping(
            dimension=dimension,
            level=rows[dimension].level if dimension in rows else VALUES,
            levels=[
                GroupingLevel(
                    code=level.code,
                    label=level.label,
                    groups=[
                        GroupOfValues(code=each.code, label=each.label, values=list(each.values))
                        for each in level.groups
                    ],
                )
                for level in levels
            ],
            chosen_at=rows[dimension].chosen_at if dimension in rows else None,
            changeable=open_,
        )
        for dimension, levels in GROUPINGS.items()
    ]
    return Page[Grouping](items=items, next=None)


async def closed(session: AsyncSession) -> str:
    """Return why groupings cannot be changed; empty while they can."""
    try:
        choosable(await periods_store.approvals(session))
    except NotNow as refused:
        return str(refused)
    return ""


async def chosen_levels(session: AsyncSession) -> Levels:
    """Return the chosen levels."""
    return await store.levels(session)


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level as the page lists it: its groups with their members, and its cost; None if it is not known."""

    code: str
    name: str
    groups: list[tuple[str, str]]
    chosen: bool
    cost: Cost | None

    @property
    def share(self) -> str:
        """The share of the cases that a donor reads."""
        return "" if self.cost is None else gettext("%(number)s\u00a0%%") % {"number": number(100 * self.cost.share, 0)}


@dataclass(frozen=True, slots=True)
class DimensionRows:
    """A dimension with its levels and one sentence of recommendation, empty where nothing is known."""

    dimension: str
    name: str
    levels: list[LevelRow]
    advice: str


def dimension_rows(levels: Levels, costs: Costs | None) -> list[DimensionRows]:
    """Return each dimension with its levels."""
    found = []
    for dimension, listed in GROUPINGS.items():
        known: Mapping[str, Cost] = {
            level.code: costs.levels[dimension, level.code]
            for level in listed
            if costs is not None and (dimension, level.code) in costs.levels
        }
        rows = [
            LevelRow(
                level.code,
                gettext(level.label),
                [
                    (
                        gettext(each.label),
                        ", ".join(disclosure_views.value_of(dimension, value) for value in each.values),
                    )
                    for each in level.groups
                ],
                levels.level(dimension) == level.code,
                known.get(level.code),
            )
            for level in listed
        ]
        advice = _advice(listed, costs.recommended(dimension), known) if costs is not None else ""
        found.append(DimensionRows(dimension, disclosure_views.dimension(dimension), rows, advice))
    return found


def _advice(listed: tuple[Level, ...], recommended: str | None, known: Mapping[str, Cost]) -> str:
    """Return the sentence that recommends a level; empty if none was worked out."""
    level = next((each for each in listed if each.code == recommended), None)
    if level is None or not known[level.code].cases:
        return ""
    cost, finest = known[level.code], known.get(VALUES)
    words = {
        "level": gettext(level.label),
        "shown": number(cost.shown),
        "parts": number(cost.parts),
        "share": number(100 * cost.share, 0),
        "before": number(100 * finest.share, 0) if finest is not None else "",
    }
    if cost.share < ENOUGH and finest is not None and cost.share <= finest.share:
        return gettext("Keep each by itself, because groups would not show more.")
    if level.code == VALUES:
        return gettext("Keep each by itself, because a donor already reads %(share)s\u00a0%% of the cases.") % words
    if finest is None:
        return gettext("Choose “%(level)s”, because a donor then reads %(share)s\u00a0%% of the cases.") % words
    return (
        gettext(
            "Choose “%(level)s”, because a donor then reads %(share)s\u00a0%% of the cases "
            "instead of %(before)s\u00a0%%."
        )
        % words
    )
