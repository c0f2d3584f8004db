"""Appeals, with the queries on them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.application.store.applications import Application
from services.applications.own_cases.store import tied_to
from services.applications.tables import Table, one_page
from shared.bus.db.locking import for_update
from shared.contracts.codes import AppealOutcome, ApplicationState, Role
from shared.identity.scope import coordinated, national_only
from shared.web.paging import cut

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)
_A: sa.Table = Application.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True


class Appeal(Table, table=True):
    """An officer's appeal against one decision: `id` is the id of the decision's step, so there is one a decision."""

    __tablename__ = "appeal"
    __table_args__ = (
        sa.Index("appeal_application", "application_id", "filed_at"),
        sa.Index("appeal_open", "due", "id", postgresql_where=sa.text("outcome IS NULL")),
    )

    id: UUID = Field(primary_key=True, description="The step by which it was decided what is appealed against")
    application_id: UUID
    against: str = Field(description="not_endorsed, ineligible or cancelled")
    before: str = Field(description="Where the application stood before that decision")
    decided_by: str = Field(description="Who made that decision: somebody else decides on the appeal")
    text: str = Field(description="Why the officer thinks that it is wrong")
    filed_at: datetime = Field(index=True, sa_type=_TIME)
    due: datetime = Field(sa_type=_TIME)
    outcome: str | None = Field(default=None, description="upheld or dismissed; None while it is open")
    closed_at: datetime | None = Field(index=True, default=None, sa_type=_TIME)
    closed_by: str | None = None
    answer: str = Field(default="", description="The reason in words, for the officer")

    @property
    def decided_state(self) -> ApplicationState:
        """The decision appealed against."""
        return ApplicationState(self.against)

    @property
    def state_before(self) -> ApplicationState:
        """The state in which the application goes on if the appeal is upheld."""
        return ApplicationState(self.before)


_WITH_APPLICATION = sa.join(Appeal, Application, col(Appeal.application_id) == _A.c.id)


async def appeal(session: AsyncSession, step_id: UUID) -> Appeal | None:
    """Return the appeal against the decision of one step."""
    return await session.get(Appeal, step_id)


async def open_appeal(session: AsyncSession, application_id: UUID, *, lock: bool = False) -> Appeal | None:
    """Return the appeal that is still to be decided; with `lock` nobody else decides it until the commit."""
    query = select(Appeal).where(Appeal.application_id == application_id, col(Appeal.outcome).is_(None))
    query = query.order_by(col(Appeal.filed_at).desc(), col(Appeal.id)).limit(1)
    return (await session.scalars(for_update(query) if lock else query)).first()


async def of_application(session: AsyncSession, application_id: UUID) -> list[Appeal]:
    """Return all appeals of an application, the newest first."""
    query = select(Appeal).where(Appeal.application_id == application_id)
    return list((await session.scalars(query.order_by(col(Appeal.filed_at).desc(), col(Appeal.id)).limit(50))).all())


def _decided_on_by(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the condition of open appeals for the principal to decide, within reach and no own case.

    They are against another's decision.
    """
    national = sa.and_(
        col(Appeal.against) == ApplicationState.NOT_ENDORSED,
        coordinated(national_only(principal), country=_A.c.country, organisation=_A.c.organisation_id),
    )
    able = sa.or_(national, sa.true()) if principal.has(Role.PROGRAMME_COORDINATOR) else national
    others = sa.and_(_A.c.subject != principal.subject, _A.c.subject.not_in(tied_to(principal.subject)))
    return sa.and_(col(Appeal.outcome).is_(None), col(Appeal.decided_by) != principal.subject, others, able)


def waiting_for(principal: Principal) -> sa.Select[UUID]:
    """Return the query of the ids of the applications that have an appeal for the principal to decide."""
    query = sa.select(col(Appeal.application_id)).select_from(_WITH_APPLICATION)
    return query.where(_decided_on_by(principal))


def _among(principal: Principal, state: str | None) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the appeals that the principal sees, of one sort or all."""
    among = [coordinated(principal, country=_A.c.country, organisation=_A.c.organisation_id)]
    if state == "waits":
        among.append(_decided_on_by(principal))
    elif state is not None:
        among.append(col(Appeal.outcome).is_(None) if state == "open" else col(Appeal.outcome) == state)
    return among


async def listed(
    session: AsyncSession, principal: Principal, state: str | None, request: PageRequest
) -> list[tuple[Appeal, Application]]:
    """Return one page of the appeals that the principal sees as they were filed, and one more if others follow."""
    among = _among(principal, state)
    query: Any = sa.select(Appeal, Application).select_from(_WITH_APPLICATION).where(*among)
    if request.since is not None:
        since = request.since
        query = query.where(sa.or_(col(Appeal.filed_at) >= since, col(Appeal.closed_at) >= since))
    query = cut(query, [col(Appeal.filed_at), col(Appeal.id)], request)
    return [(appeal, application) for appeal, application in (await session.execute(query)).all()]


async def counts(session: AsyncSession, principal: Principal) -> dict[str, int]:
    """Return how many appeals the principal sees: for the principal to decide (`waits`), open, upheld, dismissed."""
    outcome = col(Appeal.outcome)
    sorts = {
        "waits": _decided_on_by(principal),
        "open": outcome.is_(None),
        **{code.value: outcome == code.value for code in AppealOutcome},
    }
    query = sa.select(*(sa.func.count().filter(condition) for condition in sorts.values()))
    row = (await session.execute(query.select_from(_WITH_APPLICATION).where(*_among(principal, None)))).one()
    return dict(zip(sorts, row, strict=True))


async def within(
    session: AsyncSession, principal: Principal, state: str | None, page: int
) -> tuple[list[tuple[Appeal, Application]], int]:
    """Return one page of the appeals that the principal sees, those to decide and due first on top, and the total.

    `state` is `waits` (for the principal), `open`, `upheld` or `dismissed`; None is all.
    """
    among, both = _among(principal, state), _WITH_APPLICATION
    total = (await session.execute(sa.select(sa.func.count()).select_from(both).where(*among))).scalar_one()
    query = (
        sa.select(Appeal, Application)
        .select_from(both)
        .where(*among)
        .order_by(_decided_on_by(principal).desc(), col(Appeal.outcome).is_(None).desc())
        .order_by(col(Appeal.due), col(Appeal.id))
    )
    return [(appeal, application) for appeal, application in (await session.execute(one_page(query, page))).all()], int(
        total
    )
