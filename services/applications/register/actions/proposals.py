"""Who proposes a change of the register, and who decides? One function a transition; the programme enters directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ValidationError

from services.applications.refusals import lawful, not_found
from services.applications.register.actions.changes import About, about, apply, check, note_withdrawal, rebased
from services.applications.register.model.proposals import (
    OrganisationChange,
    PersonChange,
    RefusedBecause,
    differences,
    kind_of,
    settle,
)
from services.applications.register.store import entries
from services.applications.register.store import proposals as store
from services.applications.register.store.history import note
from services.applications.register.views.scope import decides, scope_of
from shared.contracts.codes import ProposalKind, ProposalState
from shared.contracts.registry import ProposalChanged
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.applications.register.model.proposals import Change
    from shared.bus import Bus, Tx
    from shared.identity import Principal

MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a change: made at once (`id` is the entry's), or proposed."""

    id: UUID | None
    proposal: store.Proposal | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A proposal beside the entry as it is now: what approving changes, and what has changed since it was proposed."""

    proposal: store.Proposal
    version: int
    changes: dict[str, tuple[Any, Any]]
    meanwhile: dict[str, tuple[Any, Any]]
    change: Change
    person_id: UUID | None
    organisation_id: UUID | None

    @property
    def stale(self) -> bool:
        """Whether the entry was changed since the proposal."""
        return self.proposal.base_version != self.version


async def submit(
    bus: Bus, principal: Principal, change: Change, *, version: int | None = None, note_: str = "", new: bool = False
) -> Submitted:
    """Make a change as the programme, or propose it as a country or an agency.

    `version` is the entry's as its writer saw it; `new` says that there must be no such entry yet. Raises `Refused`
    (404; 409 where it was changed since, or a proposal about it waits; 422 by field).
    """
    async with bus.transaction(principal.subject) as tx:
        await entries.alone(tx.session)
        of = await about(tx, change)
        if new and of.known:
            sentence = gettext(
                "Somebody in the register signs in with this name already. Check it, or use another one."
            )
            raise Refused(sentence, 422, {"subject": sentence})
        if of.known and not scope_of(principal).covers(of.country, of.organisation_id):
            raise not_found()
        if version is not None and version != of.version:
            raise Refused(gettext("Somebody else changed it since you opened it. Look at it as it is now."), 409)
        await check(tx, principal, change, of)
        if decides(principal):
            return Submitted(await apply(tx, change, of), None)
        return Submitted(None, await _propose(tx, change, of, note_))


async def _propose(tx: Tx, change: Change, of: About, note_: str) -> store.Proposal:
    key = of.key or str(new_id())
    if (waiting := await store.waiting_about(tx.session, key)) is not None:
        raise Refused(
            gettext("A proposal about %(name)s waits already. Take that one back first, or wait until it is decided.")
            % {"name": waiting.name},
            409,
        )
    if isinstance(change, OrganisationChange) and change.entry.id is None:
        change = OrganisationChange(entry=change.entry.model_copy(update={"id": UUID(key)}))
    country, organisation_id = of.country, of.organisation_id
    made = store.Proposal(
        id=new_id(),
        kind=kind_of(change, known=of.known),
        about=key,
        name=of.name,
        country=country,
        organisation_id=organisation_id,
        change_json=change.model_dump(mode="json"),
        before=of.now,
        base_version=of.version,
        note=note_.strip()[:1000],
        proposed_by=tx.actor,
        proposed_at=clock.now(),
    )
    tx.session.add(made)
    note(
        tx.session,
        actor=tx.actor,
        kind="proposal",
        key=made.id,
        action="proposed",
        country=country,
        before={},
        after={"kind": made.kind, "about": made.name, "change": made.change_json},
    )
    await _tell(tx, made)
    await tx.changed("register")
    return made


async def _tell(tx: Tx, proposal: store.Proposal) -> None:
    """Say where a proposal stands; what it says stays here."""
    proposer = await entries.person(tx.session, proposal.proposed_by)
    event = ProposalChanged(
        kind=ProposalKind(proposal.kind),
        state=proposal.stands,
        country=proposal.country,
        organisation_id=proposal.organisation_id,
        proposer_id=None if proposer is None else proposer.id,
    )
    await tx.record(event, proposal.id)


async def seen(bus: Bus, principal: Principal, proposal_id: UUID) -> store.Proposal:
    """A proposal that is somebody's to see. Raises `Refused` (404)."""
    async with bus.read() as session:
        found = await store.proposal(session, proposal_id)
    return _theirs(principal, found)


def _theirs(principal: Principal, found: store.Proposal | None) -> store.Proposal:
    mine = found is not None and found.proposed_by == principal.subject
    if found is None or not (mine or scope_of(principal).covers(found.country, found.organisation_id)):
        raise not_found()
    return found


async def compared(bus: Bus, principal: Principal, proposal_id: UUID) -> Compared:
    """A proposal beside the entry as it is now. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        proposal = _theirs(principal, await store.proposal(tx.session, proposal_id))
        of = await about(tx, proposal.change)
        return _compared(proposal, of)


def _compared(proposal: store.Proposal, of: About) -> Compared:
    waits = proposal.stands is ProposalState.WAITS
    try:
        change = rebased(proposal.change, proposal.before, of.now) if waits else proposal.change
    except ValidationError:
        change = proposal.change
    after: dict[str, Any] = {}
    if isinstance(change, OrganisationChange | PersonChange):
        after = change.entry.model_dump(mode="json")
    base = of.now if waits else proposal.before
    return Compared(
        proposal=proposal,
        version=of.version,
        changes=differences(base, after) if after else {},
        meanwhile=differences(proposal.before, of.now) if waits and proposal.base_version != of.version else {},
        change=change,
        person_id=None if of.person is None else of.person.id,
        organisation_id=None if of.organisation is None else of.organisation.id,
    )


async def approve(bus: Bus, principal: Principal, proposal_id: UUID, *, version: int | None = None) -> store.Proposal:
    """Make what was proposed. `version` is the entry's as the decider saw it; without it, the proposer's counts.

    Raises `Refused` (404; 409 where it is settled or the entry was changed since; 422 where it cannot be made now).
    """
    async with bus.transaction(principal.subject) as tx:
        await entries.alone(tx.session)
        proposal = await store.proposal(tx.session, proposal_id, lock=True)
        if proposal is None:
            raise not_found()
        if proposal.stands is ProposalState.APPROVED and proposal.settled_by == principal.subject:
            return proposal
        return await _approve(tx, principal, proposal, version)


async def _approve(tx: Tx, principal: Principal, proposal: store.Proposal, version: int | None) -> store.Proposal:
    with lawful():
        settle(proposal.stands)
    of = await about(tx, proposal.change)
    if of.known and not proposal.base_version:
        raise Refused(
            gettext("%(name)s was entered since this was proposed. Refuse it, or change the entry.")
            % {"name": proposal.name},
            409,
        )
    if of.version != (proposal.base_version if version is None else version):
        raise Refused(
            gettext("%(name)s was changed since this was proposed. Look at what changed, then decide.")
            % {"name": proposal.name},
            409,
        )
    try:
        change = rebased(proposal.change, proposal.before, of.now)
    except ValidationError as error:
        raise Refused(
            gettext("This cannot be entered as it is. Refuse it with a word on what is missing."), 422
        ) from error
    await check(tx, principal, change, of)
    await apply(tx, change, of, proposal.id)
    return await _settle(tx, proposal, ProposalState.APPROVED)


async def _settle(
    tx: Tx, proposal: store.Proposal, state: ProposalState, reason: str | None = None, text: str = ""
) -> store.Proposal:
    proposal.state, proposal.settled_by, proposal.settled_at = state, tx.actor, clock.now()
    proposal.reason, proposal.text = reason, text.strip()[:1000]
    tx.session.add(proposal)
    await _tell(tx, proposal)
    await tx.changed("register")
    return proposal


async def approve_several(
    bus: Bus, principal: Principal, ids: Sequence[UUID]
) -> tuple[list[store.Proposal], list[tuple[store.Proposal, str]]]:
    """Approve those that can be; give them, and those that were left with the reason. At most 50 at once."""
    done: list[store.Proposal] = []
    left: list[tuple[store.Proposal, str]] = []
    async with bus.read() as session:
        found = await store.by_ids(session, list(ids)[:MOST_AT_ONCE])
    for one in found:
        try:
            done.append(await approve(bus, principal, one.id))
        except Refused as refused:
            left.append((one, " ".join([*refused.fields.values()]) or refused.detail))
    return done, left


async def refuse(
    bus: Bus, principal: Principal, proposal_id: UUID, reason: RefusedBecause, text: str = ""
) -> store.Proposal:
    """Do not approve it; the proposer reads why. Raises `Refused` (404, 409; 422 where `other` has no words)."""
    if reason is RefusedBecause.OTHER and not text.strip():
        sentence = gettext("Say in a few words why, so that the proposer can do something about it.")
        raise Refused(sentence, 422, {"text": sentence})
    async with bus.transaction(principal.subject) as tx:
        proposal = await store.proposal(tx.session, proposal_id, lock=True)
        if proposal is None:
            raise not_found()
        if proposal.stands is ProposalState.REFUSED and proposal.settled_by == principal.subject:
            return proposal
        with lawful():
            settle(proposal.stands)
        await note_withdrawal(tx, proposal.id, "refused", proposal.country, {"reason": reason.value})
        return await _settle(tx, proposal, ProposalState.REFUSED, reason, text)


async def take_back(bus: Bus, principal: Principal, proposal_id: UUID) -> store.Proposal:
    """The proposer does not want it any more. Raises `Refused` (404 for somebody else's, 409)."""
    async with bus.transaction(principal.subject) as tx:
        proposal = await store.proposal(tx.session, proposal_id, lock=True)
        if proposal is None or proposal.proposed_by != principal.subject:
            raise not_found()
        if proposal.stands is ProposalState.TAKEN_BACK:
            return proposal
        with lawful():
            settle(proposal.stands)
        await note_withdrawal(tx, proposal.id, "taken_back", proposal.country, {})
        return await _settle(tx, proposal, ProposalState.TAKEN_BACK)
