"""Tell which side is to clear a match, until when, and whether the reader may do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.access.model import Deciders
from services.applications.access.views import Capacity, Question, capacity_among
from services.applications.matches.model import clearance as model
from services.applications.transitions import Recorded
from shared.contracts.codes import Side

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.applications.matches.store import participation as store
    from services.applications.matches.store.matches import Match
    from services.applications.matches.views.parties import Case
    from shared.identity import Principal


_NOBODY = Deciders()


@dataclass(frozen=True, slots=True)
class ClearanceStatus:
    """The side that is asked to clear a match, until when, and whether the principal may decide.

    `capacity` is in which capacity the principal would decide; None where nobody is asked.
    """

    side: Side | None
    due: datetime | None
    mine: bool
    capacity: Capacity | None = None


def clearance_status(
    principal: Principal, case: Case, clearances: dict[Side, store.Clearance], deciders: Deciders = _NOBODY
) -> ClearanceStatus:
    """Return who is asked about a match, given the decisions so far; `deciders`: which places have a coordinator."""
    match = case.match
    side = model.side_to_clear(match.stands, decisions(clearances))
    if side is None:
        return ClearanceStatus(None, None, mine=False)
    capacity = capacity_for_side(deciders, principal, case, side, clearances)
    return ClearanceStatus(side, capacity.due, mine=capacity.acting_as is not None, capacity=capacity)


def decisions(clearances: dict[Side, store.Clearance]) -> dict[Side, Recorded]:
    """Return what each side decided, as the rules read it."""
    return {
        side: Recorded(model.CLEARED if decision.granted else model.REFUSED, decision.actor, decision.at)
        for side, decision in clearances.items()
    }


def capacity_for_side(
    deciders: Deciders, principal: Principal, case: Case, side: Side, clearances: dict[Side, store.Clearance]
) -> Capacity:
    """Return in which capacity the principal may decide for one side of a match."""
    match = case.match
    country, organisation_id = side_of(match, side)
    home = clearances.get(Side.HOME)
    due, since = match.due, match.proposed_at
    if side is Side.HOST and home is not None:
        due, since = home.host_due, home.at
    question = Question(country, organisation_id, match.call_id, due, since, case.concerned)
    return capacity_among(deciders, principal, question)


def side_of(match: Match, side: Side) -> tuple[str, UUID]:
    """Return the country and the organisation of one side of a match."""
    if side is Side.HOME:
        return match.country, match.organisation_id
    return match.host_country, match.host_organisation_id
