"""List the matches that wait for somebody to clear or to answer them.

One of the modules from which the first page collects what waits (`first_page.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.overview.views.participation import match_views, who_comes
from services.applications.waiting import MOST, Waiting, first_of, summed
from shared.contracts.lifecycle.state_sets import MATCH_AWAITED
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.participation import MatchView
    from services.applications.waiting import Reader


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the matches that wait for the reader."""
    views = await match_views(session, reader.principal, MATCH_AWAITED, named=False)
    found = [_entry(view) for view in views if view.waits]
    rest = len(found) - MOST
    name = ngettext("%(num)d more match", "%(num)d more matches", rest)
    more = summed(max(rest, 0), name, gettext("Show matches"), "/applications/matches?state=waits")
    return first_of(found, more[0] if more else None)


def _entry(view: MatchView) -> Waiting:
    match = view.match
    clears = view.turn.mine
    return Waiting(
        gettext("Match %(reference)s") % {"reference": view.case.application.reference},
        gettext("Clear match") if clears else gettext("Answer offer"),
        f"/applications/matches/{match.id}",
        who_comes(view),
        place=match.host_organisation_id,
        due=view.turn.due if clears else match.due,
    )
