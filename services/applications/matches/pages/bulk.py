"""The pages on which a coordinator clears several matches: preview, confirmation and result."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.bulk import MOST, BulkRow
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.matches.actions import clearance
from services.applications.matches.views.names import applicant_name
from services.applications.overview.views.participation import MatchView, match_view
from services.applications.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Side
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/matches", include_in_schema=False)
Matches = Annotated[list[UUID], Query(max_length=MOST)]


def _bulk_row(view: MatchView, text: str) -> BulkRow:
    place = view.host.name if view.host else ""
    reference = view.case.application.reference or ""
    return BulkRow(
        view.match.id,
        reference,
        applicant_name(view),
        tag("match", view.match.shown_state),
        text,
        (place,) if place else (),
    )


async def _views(bus: Bus, principal: Principal, ids: list[UUID]) -> list[MatchView]:
    """Return the selected matches by reference. Raises `Refused` (404) where the principal has no part in one."""
    async with bus.read() as session:
        found = [await match_view(session, principal, match_id) for match_id in sorted(set(ids))]
    return sorted(found, key=lambda view: view.case.application.reference or "")


def _consequence(view: MatchView) -> str:
    if view.turn.side is Side.HOME:
        return gettext("The coordinator of the host country sees the name, rank and unit, to vet the guest.")
    return gettext("The other side sees the name and the service e-mail, and the place is offered.")


def _obstacle(view: MatchView) -> str:
    """Return why the reader cannot clear it now."""
    if view.turn.capacity is not None:
        return view.turn.capacity.sentence
    return gettext("Nobody is asked to clear it now.")


@router.get("/clear")
async def ask(request: Request, principal: Decider, bus: BusDep, match: Matches = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Show every selected match: who sees what once it is cleared, or why it cannot be cleared."""
    views = await _views(bus, principal, match)
    return render(
        request,
        "matches/clear.html",
        200 if match else 422,
        matches=match,
        able=[_bulk_row(view, _consequence(view)) for view in views if view.turn.mine],
        unable=[_bulk_row(view, _obstacle(view)) for view in views if not view.turn.mine],
    )


@router.post("/clear")
async def clear(principal: Decider, bus: BusDep, match: Matches = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Clear those that can be cleared in one transaction; the next page shows which were, and why the others not."""
    outcome = await clearance.clear_all(bus, principal, match)
    query = {
        "done": [cleared_match.id for cleared_match in outcome.done],
        "left": [other_match.id for other_match, _ in outcome.left],
    }
    return see_other("/applications/matches/cleared?" + urlencode(query, doseq=True))


@router.get("/cleared")
async def cleared(
    request: Request,
    principal: Decider,
    bus: BusDep,
    done: Matches = [],  # noqa: B006 - FastAPI copies it
    left: Matches = [],  # noqa: B006 - as above
) -> Response:
    """Show which matches were cleared, and which not, with the reason."""
    cleared_views, other_views = await _views(bus, principal, done), await _views(bus, principal, left)
    no_longer_open = gettext("Somebody else has decided on it already, or it is not asked for any more.")
    return render(
        request,
        "matches/cleared.html",
        title=ngettext("%(num)d match is cleared", "%(num)d matches are cleared", len(cleared_views))
        % {"num": len(cleared_views)},
        able=[_bulk_row(view, gettext("Cleared")) for view in cleared_views],
        unable=[
            _bulk_row(view, view.turn.capacity.sentence if view.turn.capacity else no_longer_open)
            for view in other_views
        ],
    )
