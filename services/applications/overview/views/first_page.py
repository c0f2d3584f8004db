"""Read once what several rooms need to say what waits for somebody on the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.access.store import deciders_on
from services.applications.application.store import applications
from services.applications.application.views.standing import Case, cases_of
from services.applications.overview.views.participation import MatchView, match_views
from services.applications.waiting import Reader
from shared.contracts.codes import MatchState, Role
from shared.contracts.lifecycle.state_sets import MATCH_SETTLED
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from shared.identity import Principal

MOST_CASES = 20


@dataclass(frozen=True, slots=True)
class Participant(Reader):
    """A reader with their own applications, and the matches that were agreed on and concern them.

    `agreed` are the confirmed ones, without names; of mentee and mentor also those that were cancelled later.
    """

    cases: Sequence[Case]
    agreed: Sequence[MatchView]

    @property
    def confirmed(self) -> list[MatchView]:
        """The confirmed matches."""
        return [view for view in self.agreed if view.match.stands is MatchState.CONFIRMED]

    @property
    def in_pair(self) -> bool:
        """Return whether the reader may be one of a mentoring pair."""
        return self.principal.has(Role.OFFICER, Role.MENTOR)


async def participant(session: AsyncSession, principal: Principal, settings: Settings) -> Participant:
    """Return the reader of the first page."""
    own = await applications.of_officer(session, principal.subject) if principal.has(Role.OFFICER) else []
    cases = await cases_of(session, own[:MOST_CASES]) if own else []
    deciders = await deciders_on(session, clock.today())
    pair = principal.has(Role.OFFICER, Role.MENTOR)
    states = MATCH_SETTLED if pair else (MatchState.CONFIRMED,)
    agreed = await match_views(session, principal, states, named=False)
    return Participant(principal, settings, deciders, cases, agreed)
