"""What is in flight for a partner country, as home and as host, at this moment?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions.common import not_found
from services.applications.model.partner import Flight, InFlight, Stage, Supply, stage_of
from services.applications.store import counters
from services.applications.store import partners as store
from shared.contracts.codes import MatchState, MentorshipState, Side, VisitState
from shared.contracts.codes.countries import PARTNERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncSession


def partner(country: str) -> str:
    """The country's code, if it is a partner of the programme. Raises `Refused` (404)."""
    if country not in PARTNERS:
        raise not_found()
    return country


async def hold(session: AsyncSession, country: str) -> None:
    """Let nobody else decide about the country until the commit: two who decide at once come one after the other."""
    await counters.next_number(session, f"partner {country}")


async def in_flight(session: AsyncSession, country: str, *, lock: bool = False) -> Flight:
    """All that is in flight; with `lock` nobody changes any of it until the commit."""
    if lock:
        await store.lock_all(session, country)
    waiting = [
        InFlight(
            id=one.id,
            side=Side.HOME,
            stage=Stage.WAITING,
            state=state,
            application_id=one.id,
            reference=one.reference or "",
        )
        for one, state in await store.unmatched_of(session, country)
    ]
    matched = [_matched(country, row) for row in await store.matches_of(session, country)]
    supply = [
        *(Supply(one.id, "offer", one.reference) for one in await store.offers_of(session, country, lock=lock)),
        *(Supply(one.id, "mentor", one.reference) for one in await store.mentors_of(session, country, lock=lock)),
    ]
    return Flight(country, (*waiting, *(one for one in matched if one is not None)), tuple(supply))


def _matched(country: str, row: Mapping[Any, Any]) -> InFlight | None:
    visit = None if row["visit"] is None else VisitState(row["visit"])
    mentorship = None if row["mentorship"] is None else MentorshipState(row["mentorship"])
    stage = stage_of(MatchState(row["state"]), visit, mentorship)
    if stage is None:
        return None
    home = row["country"] == country
    return InFlight(
        id=row["id"],
        side=Side.HOME if home else Side.HOST,
        stage=stage,
        state=str(mentorship or visit or row["state"]),
        application_id=row["application_id"],
        reference=row["reference"] or "",
        other=row["host_country"] if home else row["country"],
        match_id=row["id"],
        visit_id=row["visit_id"],
        mentorship_id=row["mentorship_id"],
    )
