"""List, show and decide proposals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.forms import refuse, version_of
from services.applications.guards import Coordinator, Decider
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals as actions
from services.applications.register.forms import RefuseForm
from services.applications.register.model.proposals import Leave, RefusedBecause, Transfer, kind_name, kinds
from services.applications.register.store import entries
from services.applications.register.store import proposals as store
from services.applications.register.views import words
from services.applications.register.views.scope import decides, scope_of
from services.applications.register.views.words import NOTHING
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import ProposalState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.ids import read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix=f"{REGISTER}/proposals", include_in_schema=False)
AT = f"{REGISTER}/proposals"


@router.get("")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    state: str = "",
    kind: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the proposals that the reader sees; waiting ones first, oldest on top."""
    scope = scope_of(principal)
    async with bus.read() as session:
        listed, total = await store.proposals(
            session, scope, principal.subject, state=state or None, kind=kind or None, page=page
        )
        counts = await store.counts(session, scope, principal.subject)
    waits = counts.get("waits", 0)
    return list_page(
        request,
        title=gettext("Proposals"),
        action=AT,
        intro=gettext("What countries and agencies propose for the register. Nothing changes before it is approved."),
        buttons=[(gettext("Approve several"), f"{AT}/several")] if decides(principal) and waits > 1 else [],
        counts=[
            {
                "count": counts[entry_state.code],
                "name": entry_state.word,
                "href": f"{AT}?state={entry_state.code}",
                "tone": entry_state.tone,
            }
            for entry_state in states.states("proposal")
            if counts.get(entry_state.code)
        ],
        fields=[
            {
                "name": "state",
                "label": gettext("State"),
                "options": [(state_option.code, state_option.word) for state_option in states.states("proposal")],
                "value": state,
            },
            {"name": "kind", "label": gettext("What changes"), "options": kinds(), "value": kind},
        ],
        columns=[
            gettext("Who or what"),
            gettext("What changes"),
            gettext("Country"),
            gettext("Proposed"),
            gettext("State"),
            gettext("Decided"),
        ],
        rows=[_row(entry_state) for entry_state in listed],
        page=page,
        total=total,
        empty_why=gettext("Nothing was proposed yet, or nothing fits the filters."),
        legend="proposal",
    )


def _row(proposal: store.Proposal) -> list[Any]:
    return [
        {"text": proposal.name, "href": f"{AT}/{proposal.id}"},
        kind_name(proposal.kind),
        labels.country(proposal.country) or None,
        f"{dates.day(proposal.proposed_at, short=True)} ({dates.relative(proposal.proposed_at, clock.today())})",
        tag("proposal", proposal.state),
        None if proposal.settled_at is None else dates.day(proposal.settled_at, short=True),
    ]


@router.get("/several")
async def ask_several(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Show the waiting proposals with what each changes, to select some."""
    return await _several_page(request, principal, bus)


async def _several_page(
    request: Request, principal: Principal, bus: Bus, status: int = 200, problem: str = ""
) -> Response:
    async with bus.read() as session:
        waiting, total = await store.proposals(session, scope_of(principal), principal.subject, state="waits")
    items = []
    for proposal in waiting:
        comparison = await actions.compare(bus, principal, proposal.id)
        async with bus.read() as session:
            names = await words.organisation_names(session, [comparison.changes, comparison.proposal.change_json])
        items.append(
            {
                "one": proposal,
                "kind": kind_name(proposal.kind),
                "stale": comparison.stale,
                "rows": _change_rows(comparison, names),
            }
        )
    return render(request, "register/several.html", status, shown=items, total=total, problem=problem)


@router.post("/several")
async def approve_several(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Approve the selected proposals as far as possible; show the others with the reason."""
    sent = (await request.form()).getlist("proposal")
    ids = [proposal_id for text in sent if isinstance(text, str) and (proposal_id := read_id(text)) is not None]
    if not ids:
        return await _several_page(request, principal, bus, 422, gettext("Choose at least one proposal."))
    done, left = await actions.approve_several(bus, principal, ids)
    return render(request, "register/several_done.html", done=done, left=left)


def _change_rows(comparison: actions.Comparison, names: dict[str, str]) -> list[list[str]]:
    """What a proposal changes, as rows: field, now, then."""
    match comparison.change:
        case Leave(last_day=last_day, successor=successor):
            rows = [[gettext("Last day with access"), NOTHING, dates.day(last_day)]]
            return rows + ([[gettext("Takes over"), NOTHING, successor]] if successor else [])
        case Transfer(organisation_id=target, day=day):
            return [
                [gettext("Organisation"), NOTHING, names.get(str(target), gettext("another organisation"))],
                [gettext("From"), NOTHING, dates.day(day)],
            ]
    return words.difference_rows(comparison.changes, names)


@router.get("/{proposal_id}")
async def show(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show one proposal: its state, what it changes, and what has changed since."""
    return await _page(request, principal, bus, proposal_id)


async def _page(
    request: Request, principal: Principal, bus: Bus, proposal_id: UUID, status: int = 200, problem: str = ""
) -> Response:
    comparison = await actions.compare(bus, principal, proposal_id)
    proposal, scope = comparison.proposal, scope_of(principal)
    async with bus.read() as session:
        names = await words.organisation_names(
            session, [comparison.changes, comparison.meanwhile, proposal.change_json]
        )
        people = await entries.people_by_subject(session, [proposal.proposed_by, proposal.settled_by or ""])
        rows = _change_rows(comparison, names)
        if isinstance(comparison.change, Leave) and comparison.change.successor:
            successor = await entries.person(session, comparison.change.successor)
            rows[-1][2] = successor.name if successor else ""
    proposer = people.get(proposal.proposed_by)
    reason = labels.label(RefusedBecause(proposal.reason)) if proposal.reason else None
    return render(
        request,
        "register/proposal.html",
        status,
        one=proposal,
        kind=kind_name(proposal.kind),
        compared=comparison,
        rows=rows,
        new=not proposal.base_version,
        meanwhile=words.difference_rows(comparison.meanwhile, names),
        where=Standing(state("proposal", proposal.state), proposal.settled_at or proposal.proposed_at, reason=reason),
        proposer=proposer.name
        if proposer and scope.covers(proposer.country, proposer.organisation_id)
        else gettext("another coordinator"),
        entry_href=_entry_href(comparison),
        may_decide=decides(principal) and proposal.stands is ProposalState.WAITS,
        mine=proposal.proposed_by == principal.subject and proposal.stands is ProposalState.WAITS,
        problem=problem,
        done=request.query_params.get("done"),
    )


def _entry_href(comparison: actions.Comparison) -> str | None:
    if comparison.person_id is not None:
        return f"{REGISTER}/people/{comparison.person_id}"
    if comparison.organisation_id is not None:
        return f"{REGISTER}/organisations/{comparison.organisation_id}"
    return None


@router.post("/{proposal_id}/approve")
async def approve(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Approve a proposal as it was shown; if the entry changed meanwhile, show that first."""
    try:
        await actions.approve(bus, principal, proposal_id, version=await version_of(request))
    except Refused as refused:
        if refused.status_code not in {409, 422}:
            raise
        sentence = " ".join(refused.fields.values()) or refused.detail
        return await _page(request, principal, bus, proposal_id, refused.status_code, sentence)
    return see_other(f"{AT}/{proposal_id}?done=approved")


@router.get("/{proposal_id}/refuse")
async def ask_refuse(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Ask for the reason of a refusal."""
    return _refuse_page(request, await actions.visible_proposal(bus, principal, proposal_id), RefuseForm())


def _refuse_page(request: Request, proposal: store.Proposal, form: RefuseForm, status: int = 200) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Refuse the proposal"),
        caption=proposal.name,
        back=f"{AT}/{proposal.id}",
        button=gettext("Refuse it"),
        text=gettext("The register stays as it is. The proposer reads why, and can propose it anew."),
        warning=True,
    )


@router.post("/{proposal_id}/refuse")
async def refuse_it(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Refuse a proposal."""
    form = await RefuseForm.read(request)
    proposal = await actions.visible_proposal(bus, principal, proposal_id)
    if not form.validate():
        return _refuse_page(request, proposal, form, 422)
    try:
        await actions.refuse(bus, principal, proposal_id, RefusedBecause(form.reason.data), form.text.data or "")
    except Refused as refused:
        refuse(form, refused)
        return _refuse_page(request, proposal, form, refused.status_code)
    return see_other(f"{AT}/{proposal_id}?done=refused")


@router.post("/{proposal_id}/take-back")
async def take_back(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Take back one's own proposal."""
    try:
        await actions.take_back(bus, principal, proposal_id)
    except Refused as refused:
        if refused.status_code != 409:
            raise
        return await _page(request, principal, bus, proposal_id, 409, refused.detail)
    return see_other(f"{AT}/{proposal_id}?done=taken_back")
