"""Read a published statement: its figures, files and signature, and the events behind each number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.disclosure.actions import stated_figures
from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.feeds import views as feeds_views
from services.reporting.feeds.store import publications
from services.reporting.figures import store as figures_store
from services.reporting.indicators.model.catalogue import agreed
from shared.documents.signing import signature_of
from shared.errors import Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.actions import FigureAsShown
    from services.reporting.disclosure.model import Released
    from services.reporting.feeds.views import Publication
    from services.reporting.indicators.model.figure import Cell
    from services.reporting.periods.model.approval import Approval
    from shared.bus import Bus
    from shared.documents.signing import Signature

REPORT = "report.pdf"


@dataclass(frozen=True, slots=True)
class PublishedStatement:
    """A published statement of a period with the figures that were agreed with the donor.

    `publication` lists its files (None: they are still being made), `signature` is that of its report.
    """

    approval: Approval
    figures: list[Released]
    publication: Publication | None
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """One figure of a published statement."""

    approval: Approval
    shown: FigureAsShown


@dataclass(frozen=True, slots=True)
class StatedNumber:
    """A number of a published statement: a total (no dimension) or a part, with its cell as it was counted."""

    approval: Approval
    shown: FigureAsShown
    dimension: str
    value: str
    cell: Cell

    @property
    def name(self) -> str:
        """The name of the number on the log, by which `tandem figures verify` calls it."""
        part = f"/{self.dimension}={self.value}" if self.dimension else ""
        return f"{self.shown.released.definition.id}/{self.approval.period.label}{part}"


async def published_statement(bus: Bus, period: str, statement: str) -> PublishedStatement:
    """Return a statement with its figures and files. Raises `Refused` (404)."""
    async with bus.read() as session:
        approval, shown = await stated_figures(session, period, statement)
        listed = (await feeds_views.published(session, approval)).publications
        publication = next((each for each in listed if each.statement == approval.statement), None)
        stored = await publications.file(session, approval.period.label, REPORT, approval.statement)
    figures = agreed([each.released for each in shown])
    signature = None if stored is None else signature_of(stored.content)
    return PublishedStatement(approval, figures, publication, signature)


async def stated_figure(bus: Bus, period: str, statement: str, indicator: str) -> StatedFigure:
    """Return one figure of a statement. Raises `Refused` (404)."""
    async with bus.read() as session:
        approval, shown = await stated_figures(session, period, statement)
    for each in shown:
        if each.released.definition.id == indicator:
            return StatedFigure(approval, each)
    raise Refused(gettext("This indicator was not part of that statement."), 404)


async def stated_number(
    bus: Bus, period: str, statement: str, indicator: str, part: tuple[str, str] = ("", "")
) -> StatedNumber:
    """Return one number of a statement; of parts only those that were shown. Raises `Refused` (404)."""
    found = await stated_figure(bus, period, statement, indicator)
    figure, released = found.shown.figure, found.shown.released
    dimension, value = part
    if not dimension:
        return StatedNumber(found.approval, found.shown, "", "", figure.total)
    cell = released.breakdowns.get(dimension, {}).get(value)
    if cell is None or cell.suppressed or value == ROLLED_UP:
        raise Refused(gettext("This part of the figure is not shown in that statement."), 404)
    return StatedNumber(found.approval, found.shown, dimension, value, figure.breakdowns[dimension][value])


async def events_of(
    session: AsyncSession, number: StatedNumber, *, first: int = 0, count: int = figures_store.ALL
) -> list[UUID]:
    """Return the events behind a number, sorted: `count` of them from the one numbered `first`."""
    return await figures_store.events(
        session,
        number.approval.period,
        number.shown.released.definition.id,
        statement=number.shown.statement,
        part=(number.dimension, number.value),
        first=first,
        count=count,
    )
