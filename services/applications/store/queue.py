"""What does a coordinator's queue show: which applications, in which projected state, how many of each?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.applications.store.applications import Application
from services.applications.store.standings import Standing
from shared.contracts.codes import ApplicationState

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach

PAGE = 50
_A: sa.Table = Application.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
_S: sa.Table = Standing.__table__  # type: ignore[attr-defined]  # as above
_ELIGIBLE = _A.c.state == ApplicationState.ELIGIBLE
SHOWN: sa.ColumnElement[str] = sa.case(
    (_ELIGIBLE, sa.func.coalesce(_S.c.state, ApplicationState.IN_MATCHING.value)), else_=_A.c.state
)
SINCE: sa.ColumnElement[datetime] = sa.case((_ELIGIBLE, sa.func.coalesce(_S.c.since, _A.c.since)), else_=_A.c.since)
DUE: sa.ColumnElement[datetime | None] = sa.case((_ELIGIBLE, _S.c.due), else_=_A.c.due)
_JOIN = sa.join(_A, _S, _S.c.application_id == _A.c.id, isouter=True)
_SORTS: dict[str, sa.ColumnElement[Any]] = {
    "reference": _A.c.reference,
    "country": _A.c.country,
    "state": SHOWN,
    "since": SINCE,
    "due": DUE,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the queue: no name, so that a list can be shown to whoever may see the case."""

    id: UUID
    reference: str
    kind: str
    country: str
    subject: str
    call_id: UUID
    state: str
    since: datetime
    due: datetime | None
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Filters:
    """What a queue is narrowed to; None is no filter. `sort`: a key of the columns, with `-` before it downwards."""

    state: str | None = None
    country: str | None = None
    call_id: UUID | None = None
    reference: str | None = None
    sort: str = "due"


def _where(reach: Reach, filters: Filters, *, state: bool = True) -> list[sa.ColumnElement[bool]]:
    among: list[sa.ColumnElement[bool]] = [
        reach.clause(country=[_A.c.country]),
        _A.c.submitted_at.is_not(None),
    ]
    if state and filters.state:
        among.append(SHOWN == filters.state)  # noqa: SIM300 - SQLAlchemy's operator, which the other order loses on mypy
    if filters.country:
        among.append(_A.c.country == filters.country)
    if filters.call_id:
        among.append(_A.c.call_id == filters.call_id)
    if filters.reference:
        among.append(_A.c.reference == filters.reference.upper())
    return among


async def lines(session: AsyncSession, reach: Reach, filters: Filters, page: int = 1) -> tuple[list[Line], int]:
    """One page of the submitted applications within reach, and how many there are in all."""
    among = _where(reach, filters)
    total = (await session.execute(sa.select(sa.func.count()).select_from(_JOIN).where(*among))).scalar_one()
    by = _SORTS.get(filters.sort.lstrip("-"), DUE)
    order = by.desc().nulls_last() if filters.sort.startswith("-") else by.asc().nulls_last()
    query = (
        sa.select(
            _A.c.id,
            _A.c.reference,
            _A.c.kind,
            _A.c.country,
            _A.c.subject,
            _A.c.call_id,
            SHOWN.label("state"),
            SINCE.label("since"),
            DUE.label("due"),
            _A.c.submitted_at,
        )
        .select_from(_JOIN)
        .where(*among)
        .order_by(order, _A.c.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return [Line(*row) for row in (await session.execute(query)).all()], int(total)


async def counts(session: AsyncSession, reach: Reach, filters: Filters) -> dict[str, int]:
    """How many applications within reach there are in each state as it is shown."""
    query = (
        sa.select(SHOWN.label("state"), sa.func.count())
        .select_from(_JOIN)
        .where(*_where(reach, filters, state=False))
        .group_by(SHOWN)
        .order_by(SHOWN)
    )
    return {str(state): int(count) for state, count in (await session.execute(query)).all()}
