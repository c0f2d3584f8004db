"""The list beside a match: the page of the reader's matches from which it was opened."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.beside import Beside, Row, keep
from services.applications.matches.views.names import applicant_name, match_path
from services.applications.overview.views.participation import WAITS, match_list
from shared.i18n import gettext
from shared.identity import Principal
from shared.web import states
from shared.web.query import state_of

HERE = "/applications/matches"


async def _keep(
    request: Request,
    beside: Literal["1"] | None = None,
    state: Annotated[str, state_of("match", WAITS)] = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> None:
    keep(request, matches_beside(state, page) if beside else None)


KEEPS_MATCHES = Depends(_keep)
"""The dependency of a page of a match that may be opened beside the list of matches."""


def matches_beside(state: str, page: int) -> Beside:
    """Return a page of the matches; after an action the next one that waits for the reader is opened."""

    async def rows(session: AsyncSession, principal: Principal, page: int) -> Sequence[Row]:
        found = await match_list(session, principal, state, page)
        return [
            Row(
                view.match.id,
                match_path(view.match.id),
                applicant_name(view),
                view.case.application.reference or "",
                states.state("match", view.match.shown_state),
                found.steps[view.match.id].due,
                follows=view.waits,
            )
            for view in found.views
        ]

    filters = {"state": state} if state else {}
    address = HERE + (f"?state={state}" if state else "")
    none = gettext("No match is in this state.")
    return Beside(rows, address, {**filters, "beside": "1"}, page, gettext("Matches in the list"), none)
