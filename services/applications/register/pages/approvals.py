"""The pages on which the programme approves several proposals."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter

from services.applications.bulk import still_open
from services.applications.display import tag
from services.applications.guards import Coordinator
from services.applications.parameters import REGISTER
from services.applications.register.actions import proposals as actions
from services.applications.register.forms import ApproveForm
from services.applications.register.model.proposals import kind_name
from services.applications.register.views import proposals as views
from services.applications.register.views.proposals import Proposal, ProposalRows
from services.applications.register.views.words import NOTHING
from shared.contracts import labels
from shared.i18n import N_, gettext, ngettext
from shared.web.decisions import BulkAct, BulkDecision, BulkWords, Item, Items, Result, Ticked, add_bulk_decision

router = APIRouter(prefix=f"{REGISTER}/proposals", include_in_schema=False)
AT = f"{REGISTER}/proposals"
SEVERAL = f"{AT}/several"
ACTS = {
    "approve": BulkAct(
        ApproveForm,
        N_("Approve"),
        N_("Approve selected proposals"),
        lambda count: ngettext("Approve this proposal?", "Approve these proposals?", count),
    )
}


def _item(proposal: Proposal, text: str, notes: Sequence[str] = ()) -> Item:
    kind, country = kind_name(proposal.kind), labels.country(proposal.country)
    return Item(
        proposal.id,
        proposal.name,
        f"{kind}, {country}" if country else kind,
        tag("proposal", proposal.state),
        text,
        tuple(notes),
        ((gettext("Note"), proposal.note),),
    )


def _changes(rows: ProposalRows) -> list[str]:
    """Return what approving a proposal changes, a line each."""
    return [
        f"{name}: {after}" if before == NOTHING else f"{name}: {before} → {after}" for name, before, after in rows.rows
    ] or [gettext("It no longer changes anything. The entry already includes all of it.")]


async def _preview(ticked: Ticked[ApproveForm]) -> Items:
    appraised = await actions.appraise(ticked.bus, ticked.principal, ticked.ids)
    async with ticked.bus.read() as session:
        able = await views.in_words(session, [item.proposal for item in appraised if not item.obstacle])
    changes = [(compared.proposal, _changes(compared)) for compared in able]
    return Items(
        [_item(proposal, first, notes) for proposal, (first, *notes) in changes],
        [_item(item.proposal, item.obstacle) for item in appraised if item.obstacle],
    )


async def _decide(ticked: Ticked[ApproveForm]) -> Result:
    result = await actions.approve_several(ticked.bus, ticked.principal, ticked.ids, ticked.read)
    changed = [left.id for left in result.left if left.version is not None]
    return Result([proposal.id for proposal in result.approved], [left.id for left in result.left], changed)


async def _outcome(ticked: Ticked[ApproveForm], done_ids: Sequence[UUID], left_ids: Sequence[UUID]) -> Items:
    approved = await actions.appraise(ticked.bus, ticked.principal, done_ids)
    others = await actions.appraise(ticked.bus, ticked.principal, left_ids)
    return Items(
        [_item(item.proposal, gettext("Approved")) for item in approved],
        [_item(item.proposal, item.obstacle or still_open()) for item in others],
    )


add_bulk_decision(
    router,
    Coordinator,
    BulkDecision(
        path="/several",
        done_path="/approved",
        query="proposal",
        record="proposal_id",
        home=f"{AT}/",
        acts=ACTS,
        words=BulkWords(
            none=lambda: gettext("Choose at least one proposal."),
            several=lambda count: ngettext("%(num)d proposal", "%(num)d proposals", count) % {"num": count},
            button=lambda count, act: (
                ngettext("%(act)s: %(num)d proposal", "%(act)s: %(num)d proposals", count) % {"num": count, "act": act}
            ),
            done=lambda count: (
                ngettext("%(num)d proposal is approved", "%(num)d proposals are approved", count) % {"num": count}
            ),
            heads=lambda: (gettext("Who or what"), gettext("What changes")),
        ),
        back=lambda _act, _query: AT,
        preview=_preview,
        decide=_decide,
        outcome=_outcome,
    ),
)
