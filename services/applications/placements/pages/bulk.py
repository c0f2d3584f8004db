"""The pages on which a coordinator decides on several placements."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.bulk import still_open
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.placements.actions import bulk
from services.applications.placements.forms import EndorseAllForm, ReturnAllForm
from services.applications.placements.views.names import names_of
from services.applications.placements.views.placement import Placement, rows
from shared.contracts.codes import Section
from shared.i18n import N_, gettext, ngettext
from shared.web.decisions import BulkAct, BulkDecision, BulkWords, Item, Items, Result, Ticked, add_bulk_decision

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
ACTS = {
    "endorse": BulkAct(
        EndorseAllForm,
        N_("Endorse"),
        N_("Endorse selected placements"),
        lambda count: ngettext("Endorse this placement?", "Endorse these placements?", count),
    ),
    "return": BulkAct(
        ReturnAllForm,
        N_("Return for information"),
        N_("Return selected for information"),
        lambda count: ngettext(
            "Return this placement for information?", "Return these placements for information?", count
        ),
    ),
}
_HAPPENS = {
    "endorse": N_("It is endorsed, and its host can publish it."),
    "return": N_("It goes back to its host with your question."),
}
_DONE = {"endorse": N_("Endorsed"), "return": N_("Returned with your question")}


def _item(placement: Placement, text: str, names: Mapping[UUID, str] = MappingProxyType({})) -> Item:
    """Return a placement; `names` are of its conflicts, by id."""
    facts = tuple((row.key, row.value or "") for row in rows(placement.entry, names))
    return Item(placement.id, placement.reference, placement.title, tag("offer", placement.state), text, (), facts)


async def _preview(ticked: Ticked[Any]) -> Items:
    async with ticked.bus.read() as session:
        found = await bulk.bulk_items(session, ticked.principal, ticked.ids)
        names = await names_of(session, [item.placement.entry for item in found])
    return Items(
        [_item(item.placement, gettext(_HAPPENS[ticked.act]), names) for item in found if item.obstacle is None],
        [_item(item.placement, item.obstacle, names) for item in found if item.obstacle is not None],
    )


async def _decide(ticked: Ticked[Any]) -> Result:
    data = ticked.form.data
    remarks = {Section(data["section"]): data["remark"]} if ticked.act == "return" else None
    outcome = await bulk.decide_all(ticked.bus, ticked.principal, ticked.ids, remarks, ticked.read)
    return Result(
        [placement.id for placement in outcome.done], [placement.id for placement, _ in outcome.left], outcome.changed
    )


async def _outcome(ticked: Ticked[Any], done_ids: Sequence[UUID], left_ids: Sequence[UUID]) -> Items:
    async with ticked.bus.read() as session:
        done_items = await bulk.bulk_items(session, ticked.principal, done_ids)
        left_items = await bulk.bulk_items(session, ticked.principal, left_ids)
    return Items(
        [_item(item.placement, gettext(_DONE[ticked.act])) for item in done_items],
        [_item(item.placement, item.obstacle or still_open()) for item in left_items],
    )


add_bulk_decision(
    router,
    Decider,
    BulkDecision(
        path="/decide",
        done_path="/decided",
        query="offer",
        record="offer_id",
        home="/applications/offers/",
        acts=ACTS,
        words=BulkWords(
            none=lambda: gettext("Select at least one placement"),
            several=lambda count: ngettext("%(num)d placement", "%(num)d placements", count) % {"num": count},
            button=lambda count, act: (
                ngettext("%(act)s: %(num)d placement", "%(act)s: %(num)d placements", count)
                % {"num": count, "act": act}
            ),
            done=lambda count: (
                ngettext("Decision saved for %(num)d placement", "Decision saved for %(num)d placements", count)
                % {"num": count}
            ),
        ),
        back=lambda _act, _query: "/applications/offers?state=waits",
        preview=_preview,
        decide=_decide,
        outcome=_outcome,
    ),
)
