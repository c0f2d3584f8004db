"""The pages on which a coordinator clears several matches."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.bulk import still_open
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.matches.actions import clearance
from services.applications.matches.forms import ClearAllForm
from services.applications.matches.model.clearance import MEANING
from services.applications.matches.views.names import applicant_name
from services.applications.overview.views.participation import MatchView, match_views_by_id
from services.applications.transitions import state_word
from shared.contracts.codes import Side
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.decisions import BulkAct, BulkDecision, BulkWords, Item, Items, Result, Ticked, add_bulk_decision

router = APIRouter(prefix="/applications/matches", include_in_schema=False)
ACTS = {
    "clear": BulkAct(
        ClearAllForm,
        N_("Clear"),
        N_("Clear selected matches"),
        lambda count: ngettext("Clear this match?", "Clear these matches?", count),
        meaning=MEANING,
    )
}


async def _views(ticked: Ticked[Any], ids: Sequence[UUID]) -> list[MatchView]:
    """Return the ticked matches by reference. Raises `Refused` (404) where the reader has no part in one."""
    async with ticked.bus.read() as session:
        found = await match_views_by_id(session, ticked.principal, ids)
    return sorted(found, key=lambda view: view.case.application.reference or "")


def _item(view: MatchView, text: str) -> Item:
    host = view.host.name if view.host else ""
    return Item(
        view.match.id,
        view.case.application.reference or "",
        applicant_name(view),
        tag("match", view.match.shown_state),
        text,
        (host,) if host else (),
        (
            (gettext("Place"), view.offer.title if view.offer else ""),
            (gettext("Due"), dates.moment(view.match.due)),
        ),
    )


def _consequence(view: MatchView) -> str:
    if view.turn.side is Side.HOME:
        return gettext("The coordinator of the host country sees the name, rank and unit, to vet the guest.")
    return gettext("The other side sees the name and the service email, and the place is offered.")


def _obstacle(view: MatchView) -> str:
    """Return why the reader cannot clear it now."""
    if view.turn.capacity is not None:
        return view.turn.capacity.sentence
    text = gettext("It is now “%(state)s”, so nobody needs to clear it.")
    return text % {"state": state_word("match", view.match.shown_state)}


async def _preview(ticked: Ticked[Any]) -> Items:
    views = await _views(ticked, ticked.ids)
    return Items(
        [_item(view, _consequence(view)) for view in views if view.turn.mine],
        [_item(view, _obstacle(view)) for view in views if not view.turn.mine],
    )


async def _decide(ticked: Ticked[Any]) -> Result:
    outcome = await clearance.clear_all(ticked.bus, ticked.principal, ticked.ids, ticked.read)
    return Result([match.id for match in outcome.done], [match.id for match, _ in outcome.left], outcome.changed)


async def _outcome(ticked: Ticked[Any], done_ids: Sequence[UUID], left_ids: Sequence[UUID]) -> Items:
    return Items(
        [_item(view, gettext("Cleared")) for view in await _views(ticked, done_ids)],
        [_item(view, still_open() if view.turn.mine else _obstacle(view)) for view in await _views(ticked, left_ids)],
    )


add_bulk_decision(
    router,
    Decider,
    BulkDecision(
        path="/clear",
        done_path="/cleared",
        query="match",
        record="match_id",
        home="/applications/matches/",
        acts=ACTS,
        words=BulkWords(
            none=lambda: gettext("Select at least one match"),
            several=lambda count: ngettext("%(num)d match", "%(num)d matches", count) % {"num": count},
            button=lambda count, _act: ngettext("Clear %(num)d match", "Clear %(num)d matches", count) % {"num": count},
            done=lambda count: (
                ngettext("%(num)d match is cleared", "%(num)d matches are cleared", count) % {"num": count}
            ),
        ),
        back=lambda _act, _query: "/applications/matches?state=waits",
        preview=_preview,
        decide=_decide,
        outcome=_outcome,
    ),
)
