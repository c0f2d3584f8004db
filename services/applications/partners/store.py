"""Store decisions about partners, and query their open cases. Decisions are never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from services.applications.application.store.applications import Application
from services.applications.application.store.standings import Standing
from services.applications.matches.store.matches import Match
from services.applications.mentors.store import Mentor
from services.applications.mentorships.store.mentorships import Mentorship
from services.applications.partners.model import IN_FORCE, CaseState, DecisionState, GroupChoice, ShownCase
from services.applications.placements.store import Offer
from services.applications.tables import MOST_IN_A_SWEEP, Table, metadata
from services.applications.visits.store import Visit
from shared.bus.db.documents import JsonDocument
from shared.bus.db.locking import for_update
from shared.contracts.codes import ApplicationState, MentorState, OfferState
from shared.contracts.lifecycle.state_sets import APPLICATION_UNDECIDED, APPLICATION_UNMATCHED, MATCH_STANDING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
_OPEN_MATCHES = MATCH_STANDING
_BEFORE_MATCHING = APPLICATION_UNDECIDED
_UNMATCHED = APPLICATION_UNMATCHED
MOST = 10_000


class Decision(Table, table=True):
    """A decision to suspend or reinstate a partner from a day on, with its choices.

    `waiting` until its day, then `taken`; or `withdrawn` before. `preview` is what the preview showed, case by case.
    """

    __tablename__ = "partner_decision"
    __table_args__ = (
        sa.Index("partner_decision_country", "country", "decided_at"),
        sa.Index("partner_decision_at", "decided_at", "id"),
        sa.Index("partner_decision_waiting", "since", postgresql_where=sa.text("state = 'waiting'")),
    )

    id: UUID = Field(primary_key=True)
    country: str
    status: str = Field(description="suspended or reinstated")
    since: date
    state: str = DecisionState.WAITING
    decided_by: str
    decided_at: datetime = Field(sa_type=_TIME)
    note: str = Field(default="", description="Why, for those who read the record; stays here")
    digest: str = ""
    preview: tuple[ShownCase, ...] = Field(default=(), sa_type=JsonDocument(tuple[ShownCase, ...]))
    choices: tuple[GroupChoice, ...] = Field(default=(), sa_type=JsonDocument(tuple[GroupChoice, ...]))
    effective_at: datetime | None = Field(default=None, sa_type=_TIME)
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = Field(default=None, sa_type=_TIME)


class DecidedCase(Table, table=True):
    """The effect of a suspension on one application, match, placement or mentor."""

    __tablename__ = "partner_case"
    __table_args__ = (
        sa.Index("partner_case_application", "application_id"),
        sa.Index("partner_case_match", "match_id"),
        sa.Index("partner_case_notice", "ends_on", postgresql_where=sa.text("state = 'notice'")),
    )

    decision_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True, description="Of the application without a match, match, placement or mentor")
    kind: str = Field(description="application, match, offer, mentor")
    reference: str
    side: str
    stage: str | None = None
    other: str | None = None
    application_id: UUID | None = None
    match_id: UUID | None = None
    choice: str | None = None
    fund_id: UUID | None = None
    state: str
    ends_on: date | None = None
    at: datetime = Field(sa_type=_TIME, description="When it came into its state")
    changed_by: str = Field(description="Who brought it there: a sign-in subject, or system:<what>")


async def decisions(session: AsyncSession, country: str) -> list[Decision]:
    """Return all decisions about a country, newest first."""
    query = select(Decision).where(Decision.country == country)
    return list(await session.scalars(query.order_by(col(Decision.decided_at).desc(), col(Decision.id).desc())))


async def decision(session: AsyncSession, decision_id: UUID, *, lock: bool = False) -> Decision | None:
    """Return one decision; with `lock` nobody else changes it until the commit."""
    return await session.get(Decision, decision_id, with_for_update=lock, populate_existing=lock)


async def waiting(session: AsyncSession, country: str) -> Decision | None:
    """Return the decision about a country whose day has not come; there is at most one."""
    query = select(Decision).where(Decision.country == country, Decision.state == DecisionState.WAITING)
    return (await session.scalars(query.order_by(col(Decision.since)).limit(1))).first()


async def all_waiting(session: AsyncSession) -> dict[str, Decision]:
    """Return the decisions whose day has not come, by country."""
    query = select(Decision).where(Decision.state == DecisionState.WAITING).order_by(col(Decision.since).desc())
    return {row.country: row for row in await session.scalars(query)}


async def due(session: AsyncSession, today: date) -> list[tuple[UUID, str]]:
    """Return the decisions whose day has come, oldest first: id and country."""
    query = select(Decision.id, Decision.country).where(
        Decision.state == DecisionState.WAITING, col(Decision.since) <= today
    )
    rows = await session.execute(query.order_by(col(Decision.since), col(Decision.id)).limit(MOST_IN_A_SWEEP))
    return [(row[0], row[1]) for row in rows]


async def cases(session: AsyncSession, decision_id: UUID, *, lock: bool = False) -> list[DecidedCase]:
    """Return the results of a decision, case by case, by reference."""
    query = select(DecidedCase).where(DecidedCase.decision_id == decision_id)
    query = query.order_by(
        col(DecidedCase.side), col(DecidedCase.stage), col(DecidedCase.reference), col(DecidedCase.id)
    )
    return list(await session.scalars(for_update(query) if lock else query))


async def notices_due(session: AsyncSession, today: date) -> list[tuple[UUID, str]]:
    """Return the decisions with cases whose notice has ended: id and country."""
    query = (
        select(Decision.id, Decision.country)
        .join(DecidedCase, col(DecidedCase.decision_id) == Decision.id)
        .where(DecidedCase.state == CaseState.NOTICE, col(DecidedCase.ends_on) <= today)
        .distinct()
        .order_by(Decision.country, col(Decision.id))
        .limit(MOST_IN_A_SWEEP)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


_MATCHES = sa.text("""
SELECT m.id, m.application_id, a.reference, m.country, m.host_country, m.state,
       v.id AS visit_id, v.state AS visit, p.id AS mentorship_id, p.state AS mentorship
FROM match m
JOIN application a ON a.id = m.application_id
LEFT JOIN LATERAL (SELECT id, state FROM visit WHERE visit.match_id = m.id ORDER BY id DESC LIMIT 1) v ON true
LEFT JOIN LATERAL (SELECT id, state FROM mentorship WHERE mentorship.match_id = m.id ORDER BY id DESC LIMIT 1) p ON true
WHERE (m.country = :country OR m.host_country = :country) AND m.state = ANY(:held) AND NOT m.reserve
ORDER BY m.id LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class OpenMatch:
    """An open match, with its newest visit and its mentorship."""

    id: UUID
    application_id: UUID
    reference: str | None
    country: str
    host_country: str
    state: str
    visit_id: UUID | None
    visit: str | None
    mentorship_id: UUID | None
    mentorship: str | None


async def matches_of(session: AsyncSession, country: str) -> list[OpenMatch]:
    """Return the open matches of a country as home or host, with the state of their visit or mentorship.

    Reserves are not cases of their own: their applications wait, and matching ends them when a partner is
    suspended.
    """
    values = {"country": country, "held": list(_OPEN_MATCHES), "most": MOST}
    return [OpenMatch(*row) for row in await session.execute(_MATCHES, values)]


async def unmatched_of(session: AsyncSession, country: str) -> list[tuple[Application, str]]:
    """Return the open applications of a country without a match, with the state that people see."""
    query = (
        select(Application, col(Standing.state))
        .outerjoin(Standing, col(Standing.application_id) == Application.id)
        .where(
            col(Application.country) == country,
            sa.or_(
                col(Application.state).in_(_BEFORE_MATCHING),
                sa.and_(
                    col(Application.state) == ApplicationState.ELIGIBLE,
                    sa.or_(col(Standing.state).is_(None), col(Standing.state).in_(_UNMATCHED)),
                ),
            ),
        )
        .order_by(col(Application.id))
        .limit(MOST)
    )
    rows = (await session.execute(query)).all()
    eligible = ApplicationState.ELIGIBLE
    return [
        (
            application,
            application.state if application.state != eligible else state or ApplicationState.IN_MATCHING.value,
        )
        for application, state in rows
    ]


async def lock_all(session: AsyncSession, country: str) -> None:
    """Lock the matches and applications of a country until the commit; matches first, as the reader does."""
    matches = sa.select(col(Match.id)).where(
        sa.or_(col(Match.country) == country, col(Match.host_country) == country), col(Match.state).in_(_OPEN_MATCHES)
    )
    await session.execute(matches.order_by(col(Match.id)).with_for_update())
    applications = sa.select(col(Application.id)).where(col(Application.country) == country)
    await session.execute(applications.order_by(col(Application.id)).with_for_update())


async def offers_of(session: AsyncSession, country: str, *, lock: bool = False) -> list[Offer]:
    """Return the published placements of a country."""
    query = select(Offer).where(Offer.country == country, Offer.state == OfferState.PUBLISHED).order_by(col(Offer.id))
    return list(await session.scalars(for_update(query) if lock else query))


async def mentors_of(session: AsyncSession, country: str, *, lock: bool = False) -> list[Mentor]:
    """Return the published mentors of a country."""
    query = select(Mentor).where(Mentor.country == country, Mentor.state == MentorState.PUBLISHED)
    query = query.order_by(col(Mentor.id))
    return list(await session.scalars(for_update(query) if lock else query))


def _of_case(name: str, id_: UUID) -> sa.ColumnElement[bool]:
    """Return the cases that a route's parameter names: an application, a match, or its visit or mentorship."""
    match name:
        case "application_id":
            return col(DecidedCase.application_id) == id_
        case "visit_id":
            match_id = sa.select(col(Visit.match_id)).where(col(Visit.id) == id_).scalar_subquery()
        case "mentorship_id":
            match_id = sa.select(col(Mentorship.match_id)).where(col(Mentorship.id) == id_).scalar_subquery()
        case _:
            return col(DecidedCase.match_id) == id_
    return col(DecidedCase.match_id) == match_id


async def cases_go_on(session: AsyncSession, countries: Collection[str], ids: Mapping[str, UUID]) -> bool:
    """Return whether each of `ids` (route parameter -> id) belongs to a case that goes on.

    The newest suspension of one of `countries` counts; only asked while it is in force.
    """
    for name, id_ in sorted(ids.items()):
        query = (
            sa.select(sa.literal(1))
            .select_from(DecidedCase)
            .join(Decision, col(Decision.id) == DecidedCase.decision_id)
            .where(
                col(Decision.country).in_(sorted(countries)),
                col(Decision.state) == DecisionState.TAKEN,
                col(DecidedCase.state).in_(sorted(IN_FORCE)),
                _newest(),
                _of_case(name, id_),
            )
            .limit(1)
        )
        if (await session.execute(query)).first() is None:
            return False
    return True


def _newest() -> sa.ColumnElement[bool]:
    """Return whether a decision is the newest one about its country that took effect."""
    later_decision = aliased(Decision)
    newer = (
        col(later_decision.country) == col(Decision.country),
        col(later_decision.state) == DecisionState.TAKEN,
        col(later_decision.effective_at) > col(Decision.effective_at),
    )
    return ~sa.exists(sa.select(sa.literal(1)).select_from(later_decision).where(*newer))


async def finishing(session: AsyncSession, country: str, subject: str) -> list[DecidedCase]:
    """Return the continuing cases of a suspended country with a person as applicant or mentor, by reference."""
    query = (
        select(DecidedCase)
        .join(Decision, col(Decision.id) == DecidedCase.decision_id)
        .outerjoin(Application, col(Application.id) == DecidedCase.application_id)
        .outerjoin(Match, col(Match.id) == DecidedCase.match_id)
        .outerjoin(Mentor, col(Mentor.id) == Match.mentor_id)
        .where(
            Decision.country == country,
            Decision.state == DecisionState.TAKEN,
            _newest(),
            col(DecidedCase.state).in_(sorted(IN_FORCE)),
            sa.or_(col(Application.subject) == subject, col(Mentor.subject) == subject),
        )
        .order_by(col(DecidedCase.reference), col(DecidedCase.id))
        .limit(100)
    )
    return list(await session.scalars(query))


async def hosted_by(session: AsyncSession, country: str, organisation_ids: Sequence[UUID]) -> list[DecidedCase]:
    """Return the continuing cases of a suspended country with these organisations as hosts, by reference."""
    query = (
        select(DecidedCase)
        .join(Decision, col(Decision.id) == DecidedCase.decision_id)
        .join(Match, col(Match.id) == DecidedCase.match_id)
        .where(
            Decision.country == country,
            Decision.state == DecisionState.TAKEN,
            _newest(),
            col(DecidedCase.state).in_(sorted(IN_FORCE)),
            col(Match.host_organisation_id).in_(organisation_ids),
            col(Match.offer_id).is_not(None),
        )
        .order_by(col(DecidedCase.reference), col(DecidedCase.id))
        .limit(100)
    )
    return list(await session.scalars(query))


def suspended_now(today: date, *countries: Any) -> sa.ColumnElement[bool]:
    """Return the condition that one of the countries in these columns is suspended on that day."""
    table = metadata.tables["suspension"]
    return sa.exists(sa.select(sa.literal(1)).where(table.c.since <= today, table.c.country.in_(list(countries))))
