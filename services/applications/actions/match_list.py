"""Which matches does a reader see on one page of the list: what waits first, counts that lead to their rows?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.actions.overview import seen_by, views_of_matches
from services.applications.store import matches
from services.applications.store.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.actions.overview import MatchView
    from shared.identity import Principal

WAITS = "waits"
"""What the filter by state says for the matches that wait for the reader."""


@dataclass(frozen=True, slots=True)
class MatchList:
    """One page of matches, how many there are on all of its pages, in each state, and waiting for the reader."""

    views: Sequence[MatchView]
    total: int
    states: dict[str, int]
    waiting: int


async def match_list(session: AsyncSession, principal: Principal, state: str = "", page: int = 1) -> MatchList:
    """One page of the matches that the person sees; `state` is one of a match, `waits`, or empty for all.

    What waits for the person comes first, then what is due, then what is settled, the newest first. Only what is not
    settled is looked at as a whole: it ends within weeks, while what is settled grows from call to call.
    """
    among = await seen_by(session, principal)
    counts = await matches.counts(session, among)
    under_way = await views_of_matches(session, principal, await matches.within(session, among, matches.UNCONFIRMED))
    under_way.sort(key=lambda view: not view.waits)
    mine = [view for view in under_way if view.waits]
    settled: Sequence[str] = sorted(set(counts) - set(matches.UNCONFIRMED))
    if state == WAITS:
        under_way, settled = mine, ()
    elif state:
        under_way = [view for view in under_way if view.match.state == state]
        settled = [one for one in settled if one == state]
    begin = (page - 1) * PAGE
    views = under_way[begin : begin + PAGE]
    if settled and len(views) < PAGE:
        left = max(begin - len(under_way), 0)
        found = await matches.settled(session, among, settled, left, PAGE - len(views))
        views += await views_of_matches(session, principal, found)
    return MatchList(views, len(under_way) + sum(counts[one] for one in settled), counts, len(mine))
