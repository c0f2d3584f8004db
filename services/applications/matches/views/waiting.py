"""Count the matches that wait for somebody to clear or to answer them.

One of the modules from which the first page collects what waits (`first_page.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.overview.views.participation import match_views
from services.applications.waiting import counted
from shared.contracts.lifecycle.state_sets import MATCH_AWAITED
from shared.i18n import ngettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader, Waiting


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the matches that wait for the reader."""
    views = await match_views(session, reader.principal, MATCH_AWAITED, named=False)
    count = sum(view.waits for view in views)
    name = ngettext("match is waiting for you", "matches are waiting for you", count)
    return counted(count, name, "/applications/matches?state=waits")
