"""Propose changes of the register and decide on them; the programme's own changes take effect at once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ValidationError

from services.applications.bulk import refused_as_changed
from services.applications.own_cases.model import Concerned
from services.applications.own_cases.views import CaseToDecide
from services.applications.own_cases.views import check as check_own_case
from services.applications.refusals import lawful, not_found
from services.applications.register.actions.changes import (
    Target,
    apply_change,
    changes_nothing,
    check_change,
    load_target,
    note_end_of_proposal,
    rebase,
)
from services.applications.register.model.proposals import (
    OrganisationChange,
    PersonChange,
    RefusedBecause,
    check_pending,
    concerned_by,
    differences,
    kind_of,
)
from services.applications.register.store import entries
from services.applications.register.store import proposals as store
from services.applications.register.store.history import note
from services.applications.register.views.history import field_changes
from services.applications.register.views.proposals import (
    AppraisedProposal,
    ApprovedProposals,
    ComparedProposal,
    LeftProposal,
    Proposal,
    Submission,
    proposal_view,
    visible,
)
from services.applications.register.views.scope import decides, scope_of
from shared.bus.db.records import Changes
from shared.contracts.codes import ProposalKind, ProposalState, Role
from shared.contracts.registry import ProposalChanged
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.web.items import not_done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model.proposals import Change
    from shared.bus import Bus, Tx
    from shared.bus.db.records import ReadVersions
    from shared.identity import Principal

MOST_AT_ONCE = 50
_DECIDING = (Role.PROGRAMME_COORDINATOR,)


async def submit(bus: Bus, principal: Principal, change: Change, *, note_: str = "", new: bool = False) -> Submission:
    """Make a change as the programme, or propose it as a country or an agency.

    The same change by the same person again is answered as the first time, and changes nothing.

    With `new` the entry must not exist yet. Raises `Refused` (404; 403 where a programme coordinator's change is an
    own case; 409 if a proposal about it waits; 422 by field).
    """
    async with bus.transaction(principal.subject) as tx:
        await entries.lock_people(tx.session)
        target = await load_target(tx.session, change)
        if new and target.exists:
            sentence = gettext(
                "Another person in the register already signs in with this name. Check it, or use another name."
            )
            raise Refused(sentence, 422, {"subject": sentence})
        if target.exists and not scope_of(principal).covers(target.country, target.organisation_id):
            raise not_found()
        if decides(principal):
            case = CaseToDecide(Concerned(concerned_by(change)))
            await check_own_case(tx.session, principal.subject, case, _DECIDING)
            if changes_nothing(change, target):
                return Submission(id=target.entry_id, proposal=None)
        await check_change(tx.session, principal, change, target)
        if decides(principal):
            return Submission(id=await apply_change(tx, change, target), proposal=None)
        return Submission(id=None, proposal=proposal_view(await _propose(tx, change, target, note_)))


async def _propose(tx: Tx, change: Change, target: Target, note_: str) -> store.Proposal:
    key = target.key or str(new_id())
    waiting = await store.waiting_about(tx.session, key)
    said = note_.strip()[:1000]
    if waiting is not None and (waiting.proposed_by, waiting.note) == (tx.actor, said) and waiting.change == change:
        return waiting
    if waiting is not None:
        raise Refused(
            gettext(
                "A proposal about %(name)s is already waiting. Withdraw that proposal first, or wait for the decision."
            )
            % {"name": waiting.name},
            code=ProblemCode.DUPLICATE,
        )
    if isinstance(change, OrganisationChange) and change.entry.id is None:
        change = OrganisationChange(entry=change.entry.model_copy(update={"id": UUID(key)}))
    country, organisation_id = target.country, target.organisation_id
    proposal = store.Proposal(
        id=new_id(),
        kind=kind_of(change, known=target.exists),
        about=key,
        name=target.name,
        country=country,
        organisation_id=organisation_id,
        change_json=change.model_dump(mode="json"),
        before=target.current,
        base_version=target.version,
        note=said,
        proposed_by=tx.actor,
        proposed_at=clock.now(),
    )
    tx.session.add(proposal)
    note(
        tx.session,
        actor=tx.actor,
        kind="proposal",
        key=proposal.id,
        action="proposed",
        country=country,
        before={},
        after={"kind": proposal.kind, "about": proposal.name, "change": proposal.change_json},
    )
    await _record_state(tx, proposal)
    await tx.changed("register")
    return proposal


async def _record_state(tx: Tx, proposal: store.Proposal) -> None:
    """Record the event about a proposal's state; its contents stay in the portal."""
    proposer = await entries.person(tx.session, proposal.proposed_by)
    event = ProposalChanged(
        kind=ProposalKind(proposal.kind),
        state=proposal.stands,
        country=proposal.country,
        organisation_id=proposal.organisation_id,
        proposer_id=None if proposer is None else proposer.id,
    )
    await tx.record(event, proposal.id)


async def compare(bus: Bus, principal: Principal, proposal_id: UUID) -> ComparedProposal:
    """Compare a proposal with the current entry. Raises `Refused` (404)."""
    async with bus.read() as session:
        proposal = visible(principal, await store.proposal(session, proposal_id))
        return _comparison(proposal, await _target_of(session, proposal))


async def appraise(bus: Bus, principal: Principal, ids: Sequence[UUID]) -> list[AppraisedProposal]:
    """Compare several proposals with the entries, oldest first, and say which cannot be approved as they are."""
    async with bus.read() as session:
        found = await store.by_ids(session, list(ids)[:MOST_AT_ONCE])
        return [await _appraisal(session, principal, visible(principal, proposal)) for proposal in found]


async def _appraisal(session: AsyncSession, principal: Principal, proposal: store.Proposal) -> AppraisedProposal:
    obstacle = ""
    try:
        await _approvable(session, principal, proposal, None, lock=False)
    except Refused as refused:
        obstacle = _sentence(refused)
    return AppraisedProposal(_comparison(proposal, await _target_of(session, proposal)), obstacle)


async def _target_of(session: AsyncSession, proposal: store.Proposal) -> Target:
    """Return the entry that a proposal is about; what the proposal says of it where that cannot be read or is gone."""
    if proposal.change is not None:
        with suppress(Refused):
            return await load_target(session, proposal.change, lock=False)
    return Target(proposal.about, proposal.name, proposal.base_version, proposal.country, proposal.organisation_id)


def _sentence(refused: Refused) -> str:
    return " ".join(refused.fields.values()) or refused.detail


def _comparison(proposal: store.Proposal, target: Target) -> ComparedProposal:
    pending, change = proposal.stands is ProposalState.WAITS, proposal.change
    if pending and change is not None:
        with suppress(ValidationError):
            change = rebase(change, proposal.before, target.current)
    after: dict[str, Any] = {}
    if isinstance(change, OrganisationChange | PersonChange):
        after = change.entry.model_dump(mode="json")
    base = target.current if pending else proposal.before
    stale = pending and proposal.base_version != target.version
    return ComparedProposal(
        **dict(proposal_view(proposal)),
        entry_version=target.version,
        entry_id=target.entry_id,
        changes=field_changes(differences(base, after) if after else {}),
        meanwhile=field_changes(differences(proposal.before, target.current) if stale else {}),
    )


async def approve(
    bus: Bus,
    principal: Principal,
    proposal_id: UUID,
    *,
    version: int | None = None,
    read: ReadVersions | None = None,
) -> Proposal:
    """Approve a proposal. `version` is the entry's as the decider saw it; by default the proposer's.

    With `read`, it must be as the decider read it. Raises `Refused` (404; 409 if it is decided or the entry
    was changed since; 422 if it cannot be made now).
    """
    async with bus.transaction(principal.subject) as tx:
        await entries.lock_people(tx.session)
        proposal = await store.proposal(tx.session, proposal_id, lock=True)
        if proposal is None:
            raise not_found()
        if _approved_by(proposal, principal):
            return proposal_view(proposal)
        if read is not None and (await read.changes(tx.session, [proposal_id])).has(proposal_id):
            with lawful():
                check_pending(proposal.stands)
            raise refused_as_changed()
        return await _approve(tx, principal, proposal, version)


async def _approve(tx: Tx, principal: Principal, proposal: store.Proposal, version: int | None) -> Proposal:
    change, target = await _approvable(tx.session, principal, proposal, version, lock=True)
    await apply_change(tx, change, target, proposal.id)
    return await _settle(tx, proposal, ProposalState.APPROVED)


async def _approvable(
    session: AsyncSession, principal: Principal, proposal: store.Proposal, version: int | None, *, lock: bool
) -> tuple[Change, Target]:
    """Return the change to make and its entry. Raises `Refused` (403, 404, 409, 422) if it cannot be approved."""
    with lawful():
        check_pending(proposal.stands)
    change = proposal.change
    if change is None:
        raise _not_readable()
    await check_own_case(session, principal.subject, CaseToDecide(proposal.concerned), _DECIDING)
    target = await load_target(session, change, lock=lock)
    if target.exists and not proposal.base_version:
        raise Refused(
            gettext("%(name)s was entered after this was proposed. Refuse the proposal, or change the entry.")
            % {"name": proposal.name},
            code=ProblemCode.EDIT_CONFLICT,
        )
    if target.version != (proposal.base_version if version is None else version):
        raise Refused(
            gettext("%(name)s was changed after this was proposed. Check what changed, then decide.")
            % {"name": proposal.name},
            code=ProblemCode.EDIT_CONFLICT,
        )
    try:
        change = rebase(change, proposal.before, target.current)
    except ValidationError as error:
        raise _not_readable() from error
    await check_change(session, principal, change, target)
    return change, target


def _not_readable() -> Refused:
    return Refused(gettext("This cannot be entered as it is. Refuse it and say what is missing."), 422)


async def _settle(
    tx: Tx, proposal: store.Proposal, state: ProposalState, reason: str | None = None, text: str = ""
) -> Proposal:
    proposal.state, proposal.settled_by, proposal.settled_at = state, tx.actor, clock.now()
    proposal.reason, proposal.text = reason, text.strip()[:1000]
    tx.session.add(proposal)
    await _record_state(tx, proposal)
    await tx.changed("register")
    return proposal_view(proposal)


async def approve_several(
    bus: Bus, principal: Principal, ids: Sequence[UUID], read: ReadVersions | None = None
) -> ApprovedProposals:
    """Approve those that can be and are as the principal `read` them, 50 at the most; return them and the others.

    Each is approved in a transaction of its own. Raises `Outdated` (428) before the first if one names no version.
    """
    done: list[Proposal] = []
    left: list[tuple[store.Proposal, Refused]] = []
    async with bus.read() as session:
        proposals = await store.by_ids(session, list(ids)[:MOST_AT_ONCE])
        changes = Changes() if read is None else await read.changes(session)
        for proposal in proposals:
            if not _approved_by(proposal, principal):
                changes.has(proposal.id)
    for proposal in proposals:
        try:
            done.append(await approve(bus, principal, proposal.id, read=read))
        except Refused as refused:
            left.append((proposal, refused))
    if read is not None and left:
        async with bus.read() as session:
            changes = await read.changes(session, {proposal.id for proposal, _ in left})
    return ApprovedProposals(
        approved=tuple(done),
        left=tuple(
            LeftProposal(**dict(not_done(proposal.id, _sentence(refused), refused.code, changes)), name=proposal.name)
            for proposal, refused in left
        ),
    )


def _approved_by(proposal: store.Proposal, principal: Principal) -> bool:
    return proposal.stands is ProposalState.APPROVED and proposal.settled_by == principal.subject


async def refuse(bus: Bus, principal: Principal, proposal_id: UUID, reason: RefusedBecause, text: str = "") -> Proposal:
    """Refuse a proposal; the proposer reads why. Raises `Refused` (404, 409; 422 if `other` has no text)."""
    if reason is RefusedBecause.OTHER and not text.strip():
        sentence = gettext("Give a short reason, so that the proposer can act on it.")
        raise Refused(sentence, 422, {"text": sentence})
    async with bus.transaction(principal.subject) as tx:
        proposal = await store.proposal(tx.session, proposal_id, lock=True)
        if proposal is None:
            raise not_found()
        if proposal.stands is ProposalState.REFUSED and proposal.settled_by == principal.subject:
            return proposal_view(proposal)
        with lawful():
            check_pending(proposal.stands)
        await note_end_of_proposal(tx, proposal.id, "refused", proposal.country, {"reason": reason.value})
        return await _settle(tx, proposal, ProposalState.REFUSED, reason, text)


async def take_back(bus: Bus, principal: Principal, proposal_id: UUID) -> Proposal:
    """Withdraw one's own proposal. Raises `Refused` (404 for somebody else's, 409)."""
    async with bus.transaction(principal.subject) as tx:
        proposal = await store.proposal(tx.session, proposal_id, lock=True)
        if proposal is None or proposal.proposed_by != principal.subject:
            raise not_found()
        if proposal.stands is ProposalState.TAKEN_BACK:
            return proposal_view(proposal)
        with lawful():
            check_pending(proposal.stands)
        await note_end_of_proposal(tx, proposal.id, "taken_back", proposal.country, {})
        return await _settle(tx, proposal, ProposalState.TAKEN_BACK)
